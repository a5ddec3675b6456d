#!/usr/bin/env python3
"""The audit log's file: whatever becomes of it, answers don't wait, and no line is lost uncounted."""

import contextlib
import fcntl
import glob
import json
import os
import resource
import shutil
import signal
import struct
import tempfile
import termios
import threading
import time

from serving import PATIENCE, Server, in_threads, main, pod, review, run, scratch, test

DROPPED = "fairgate_audit_log_failures_total"
QUEUED = "fairgate_audit_log_queued_lines"
BEGINS = "the audit log can't be written; what can't be held back is dropped"
QUEUE = 16 * 1024 * 1024  # bytes that it holds back
PIPE = 64 * 1024  # that a pipe takes


def fresh():
    return os.path.join(tempfile.mkdtemp(dir=scratch()), "audit.log")


def fifo():
    path = fresh()
    os.mkfifo(path)
    return path


def lines_of(*paths):
    """What the files hold in turn; every line must be JSON."""
    lines = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    return lines


def names(lines):
    return [line["name"] for line in lines if "missing" not in line]


def missing(lines):
    return sum(line.get("missing", 0) for line in lines)


def figure(server, name):
    return int(server.metrics()[name])


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def waiting_in(pipe):
    """Bytes that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def settled(server):
    wait_until(lambda: figure(server, QUEUED) == 0)


def ask(server, count, prefix="p", user="alice"):
    """So many decisions by one connection, one after the other."""
    with contextlib.closing(server.http()) as connection:
        for number in range(count):
            body = review(pod(f"{prefix}-{number}"))
            body["request"]["userInfo"]["username"] = user
            assert server.validate(body, connection)["allowed"]


def numbered(count, prefix="p"):
    return [f"{prefix}-{number}" for number in range(count)]


def limit(server, size):
    """No file of the server's may grow beyond: what a full disk is."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextlib.contextmanager
def read_by(path):
    """What a thread reads from a FIFO until its writer is gone; in a list, afterwards."""
    parts = []

    def read():
        with open(path, "rb") as file:
            parts.extend(json.loads(line) for line in file)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield parts
    thread.join(60)
    assert not thread.is_alive()


@test
def what_a_full_disk_can_not_take_waits():
    path = fresh()
    with Server("--audit-log", path) as server:
        ask(server, 3, "before")
        settled(server)
        size = os.path.getsize(path)
        limit(server, size + 100)  # not even a line
        ask(server, 50, "full")
        assert server.wait_for_log(BEGINS)["problem"] == "File too large"
        wait_until(lambda: os.path.getsize(path) == size + 100)
        limit(server, resource.RLIM_INFINITY)
        told = server.wait_for_log("the audit log is written again")
        assert (told["file"], told["dropped"]) == (path, "0"), told
        settled(server)
        assert figure(server, DROPPED) == 0
    assert names(lines_of(path)) == numbered(3, "before") + numbered(50, "full")


@test
def a_file_opened_anew_begins_with_the_line_that_the_full_one_has_a_part_of():
    path = fresh()
    with Server("--audit-log", path) as server:
        ask(server, 1, "before")
        settled(server)
        size = os.path.getsize(path)
        limit(server, size + 100)
        ask(server, 2, "full")
        server.wait_for_log(BEGINS)
        wait_until(lambda: os.path.getsize(path) == size + 100)
        os.rename(path, path + ".old")
        server.signal(signal.SIGUSR1)
        assert server.wait_for_log("audit log opened anew")["file"] == path
        limit(server, resource.RLIM_INFINITY)
        settled(server)
    with open(path + ".old", "rb") as file:
        first, rest = file.read().split(b"\n")
    assert json.loads(first)["name"] == "before-0" and 0 < len(rest) <= 100, (first, rest)
    assert names(lines_of(path)) == numbered(2, "full")


@test
def a_line_that_somebody_left_torn_gets_its_end():
    path = fresh()
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"time":"2026')
    with Server("--audit-log", path) as server:
        ask(server, 2)
    with open(path, encoding="utf-8") as file:
        torn, *rest = file.read().splitlines()
    assert torn == '{"time":"2026' and [json.loads(line)["name"] for line in rest] == numbered(2)


@test
def a_disk_that_stays_full_is_told_and_counted():
    with Server("--audit-log", "/dev/full") as server:
        ask(server, 20)
        told = server.wait_for_log(BEGINS)
        assert (told["file"], told["problem"]) == ("/dev/full", "No space left on device"), told
        assert figure(server, QUEUED) == 20
        server.stop()
        told = server.wait_for_log("the audit log ends")
        assert told["dropped"] == "20", told
        assert sum(BEGINS in line for line in server.lines if line) == 1, server.errors()


def ask_much(server, count, prefix="p"):
    """The same with lines of 14 KB."""
    with contextlib.closing(server.http()) as connection:
        for number in range(count):
            body = review(pod(f"{prefix}-{number}", namespace="\1" * 1024))
            body["request"]["userInfo"]["username"] = "\1" * 1024
            assert server.validate(body, connection)["allowed"]


@test
def lines_that_are_missing_are_counted_where_they_are():
    path = fifo()
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # has it open, and reads nothing
    count = QUEUE // 14000 + 200
    with Server("--audit-log", path) as server:
        ask_much(server, count)
        assert server.wait_for_log(BEGINS)["problem"] == "nobody reads it, or more slowly than it grows"
        dropped = figure(server, DROPPED)
        assert dropped > 0 and 0 < count - dropped - figure(server, QUEUED) < 10  # that are in the pipe
        with read_by(path) as lines:
            settled(server)
            assert server.wait_for_log("the audit log is written again")["dropped"] == str(dropped)
            ask(server, 5, "after")
            server.stop()
        os.close(reader)
    at = next(at for at, line in enumerate(lines) if "missing" in line)
    assert set(lines[at]) == {"time", "missing"} and lines[at]["missing"] == dropped, lines[at]
    assert names(lines[:at]) == numbered(count - dropped)
    assert names(lines[at + 1:]) == numbered(5, "after") and missing(lines[at + 1:]) == 0


@test
def a_pipe_that_nobody_reads_holds_up_no_end():
    path = fifo()
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with Server("--audit-log", path) as server:
        ask_much(server, 20)  # a pipe holds 64 KiB
        left = figure(server, QUEUED)
        server.stop()
        assert 0 < left <= 20 and server.wait_for_log("the audit log ends")["dropped"] == str(left)
    os.close(reader)


@test
def a_fifo_may_get_its_reader_later():
    path = fifo()
    with Server("--audit-log", path) as server:
        ask(server, 5)
        assert server.wait_for_log(BEGINS)["problem"] == "nobody reads from it"
        with read_by(path) as lines:
            assert server.wait_for_log("the audit log is written again")["dropped"] == "0"
            settled(server)
            server.stop()
    assert names(lines) == numbered(5) and missing(lines) == 0


@test
def standard_output_that_nobody_reads_delays_nothing():
    with Server("--audit-log", "-") as server:
        ask_much(server, 100)
        left = figure(server, QUEUED)
        assert left > 0
        lines = [json.loads(server.process.stdout.readline()) for _ in range(100)]
        assert names(lines) == numbered(100) and missing(lines) == 0
        settled(server)


@test
def standard_output_is_not_opened_anew():
    large = pod("large")
    large["metadata"]["annotations"] = {"note": "x" * 2 * PIPE}
    with Server("--audit-log", "-", "--audit-log-reviews") as server:
        assert server.validate(review(large))["allowed"]
        wait_until(lambda: waiting_in(server.process.stdout) == PIPE)
        server.signal(signal.SIGHUP)
        server.wait_for_log("policy set reloaded")
        ask(server, 1, "after")
        lines = [json.loads(server.process.stdout.readline()) for _ in range(2)]
        assert names(lines) == ["large", "after-0"], lines
        assert not any("audit log opened anew" in line for line in server.lines if line), server.errors()


def moved(path):
    """Numbers of the files that were moved away."""
    return sorted(int(name.rsplit(".", 1)[1]) for name in glob.glob(path + ".*"))


def by_connection(lines):
    result = {}
    for name in names(lines):
        result.setdefault(name.rsplit("-", 1)[0], []).append(name)
    return result


@test
def moving_it_away_under_load_loses_nothing_and_keeps_the_order():
    path = fresh()
    with Server("--audit-log", path, "--threads", "3") as server:
        is_over = threading.Event()

        def move():
            count = 0
            while not is_over.is_set():
                os.rename(path, f"{path}.{count}")
                server.signal(signal.SIGUSR1)
                server.wait_for_log("audit log opened anew")
                count += 1
            return count

        def client(number):
            if number == 0:
                return move()
            ask(server, 100, f"c{number}")
            if number == 1:
                wait_until(lambda: len(moved(path)) > 1)
                is_over.set()
            return 0

        moves = in_threads(7, client)[0]
        assert moves > 1, moves
        assert figure(server, DROPPED) == 0
    found = by_connection(lines_of(*(f"{path}.{at}" for at in moved(path)), path))
    assert found == {f"c{at}": numbered(100, f"c{at}") for at in range(1, 7)}, found


@test
def a_file_that_grows_too_large_is_rotated_under_load():
    path = fresh()
    with Server("--audit-log", path, "--audit-log-max-size", "64Ki", "--audit-log-keep", "900",
                "--threads", "3") as server:
        in_threads(6, lambda at: ask(server, 200, f"c{at}"))
        settled(server)
        assert figure(server, DROPPED) == 0
    files = moved(path)
    assert files == list(range(1, len(files) + 1)) and len(files) > 3, files
    old = [f"{path}.{at}" for at in reversed(files)]
    sizes = [os.path.getsize(name) for name in old]
    assert all(60000 < size <= 65536 for size in sizes) and os.path.getsize(path) <= 65536, sizes
    found = by_connection(lines_of(*old, path))
    assert found == {f"c{at}": numbered(200, f"c{at}") for at in range(6)}, found


@test
def as_many_files_are_kept_as_it_says():
    path = fresh()
    with Server("--audit-log", path, "--audit-log-max-size", "65536", "--audit-log-keep", "2") as server:
        ask_much(server, 20)  # four go into a file
    assert moved(path) == [1, 2]
    assert names(lines_of(path + ".2", path + ".1", path)) == numbered(20)[8:]


@test
def a_file_that_can_not_be_rotated_goes_on():
    path = fresh()
    os.makedirs(path + ".1/full")
    with Server("--audit-log", path, "--audit-log-max-size", "64Ki", "--audit-log-keep", "1") as server:
        ask_much(server, 7)
        told = server.wait_for_log("audit log not rotated, the old file goes on")["error"]
        assert told == f"{path}: can't be renamed to {path}.1: Is a directory", told
        settled(server)
        os.rename(path + ".1", path + "-away")
        ask_much(server, 5, "q")  # it is tried again when the file has twice the size
        server.wait_for_log("the audit log is rotated again")
        settled(server)
        assert server.errors().count("not rotated") == 1
    lines = lines_of(path + ".1", path)
    assert moved(path) == [1] and names(lines) == numbered(7) + numbered(5, "q"), names(lines)


@test
def a_line_that_is_larger_than_a_file_may_be_gets_one_of_its_own():
    path = fresh()
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps({"name": "x" * 70000}) + "\n")
    with Server("--audit-log", path, "--audit-log-max-size", "64Ki") as server:
        ask(server, 3)
    assert names(lines_of(path)) == numbered(3) and len(lines_of(path + ".1")) == 1


@test
def sizes_are_read_strictly():
    for value, word in (("1Ki", "expected 65536 to 1099511627776 bytes"), ("64ki", "expected a size such as"),
                        ("-1", "expected a size"), ("", "expected a size"), ("1.5Mi", "expected a size"),
                        ("99999999999999Gi", "expected a size"), ("2048Gi", "expected 65536 to")):
        code, out, err = run("serve", "--policies", "p", "--tls-cert", "c", "--tls-key", "k", "--audit-log", "l",
                             "--audit-log-max-size", value)
        assert (code, out) == (2, "") and word in err and err.count("\n") == 1, err


@test
def a_file_that_can_not_be_opened_anew_goes_on():
    path = fresh()
    with Server("--audit-log", path) as server:
        ask(server, 1, "before")
        os.rename(os.path.dirname(path), os.path.dirname(path) + ".away")
        server.signal(signal.SIGUSR1)
        told = server.wait_for_log("audit log not opened anew, the old file goes on")
        assert told["error"] == f"{path}: No such file or directory", told
        ask(server, 1, "after")
    away = os.path.join(os.path.dirname(path) + ".away", "audit.log")
    assert names(lines_of(away)) == ["before-0", "after-0"]


@test
def a_file_that_was_removed_is_made_anew():
    path = fresh()
    with Server("--audit-log", path) as server:
        ask(server, 2, "before")
        settled(server)
        os.unlink(path)
        ask(server, 2, "after")
        assert server.wait_for_log("audit log opened anew")["file"] == path
        settled(server)
    assert names(lines_of(path)) == numbered(2, "after")


@test
def what_comes_while_the_file_has_no_folder_waits():
    path = fresh()
    folder = os.path.dirname(path)
    with Server("--audit-log", path) as server:
        ask(server, 1, "before")
        settled(server)
        shutil.rmtree(folder)
        ask(server, 30, "without")
        assert server.wait_for_log(BEGINS)["problem"] == f"{path}: No such file or directory"
        assert figure(server, QUEUED) == 30
        os.mkdir(folder)
        assert server.wait_for_log("the audit log is written again")["dropped"] == "0"
        settled(server)
    assert names(lines_of(path)) == numbered(30, "without")


@test
def a_removed_file_takes_no_part_of_a_line_with_it():
    path = fresh()
    with Server("--audit-log", path) as server:
        ask(server, 1, "before")
        settled(server)
        limit(server, os.path.getsize(path) + 100)
        ask(server, 2, "full")
        server.wait_for_log(BEGINS)
        os.unlink(path)
        limit(server, resource.RLIM_INFINITY)
        server.wait_for_log("audit log opened anew")
        settled(server)
    assert names(lines_of(path)) == numbered(2, "full")


@test
def the_signal_ends_no_server_without_an_audit_log():
    with Server() as server:
        server.signal(signal.SIGUSR1)
        ask(server, 1)


@test
def what_is_decided_while_it_drains_is_in_the_file():
    path = fresh()
    with Server("--audit-log", path, "--drain-grace", "1s") as server, \
            contextlib.closing(server.http()) as connection:
        server.validate(review(pod("a")), connection)
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        server.validate(review(pod("b")), connection)
        server.wait()
    assert names(lines_of(path)) == ["a", "b"]


if __name__ == "__main__":
    main()
