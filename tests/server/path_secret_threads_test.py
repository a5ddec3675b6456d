#!/usr/bin/env python3
"""--path-secret-file: reviews are taken by who knows the path alone, and nothing tells it."""

import contextlib
import json
import os
import signal
import tempfile
import threading

from serving import TENANT, Server, certificates, in_threads, main, pod, policies, review, run, scratch, test, write

FIRST, SECOND, THIRD = "first-0123456789abcdef", "Second_0123456789abcdef", "third-0123456789abcdef"
RELOADED = "path secret reloaded, the one before goes on beside it"
NOT_RELOADED = "path secret not reloaded, the old one goes on"
CURRENT = "fairgate_path_secret_last_reload_successful"


def secret_file(text):
    path = os.path.join(tempfile.mkdtemp(dir=scratch()), "secret")
    put(path, text)
    return path


def put(path, text):
    """As the kubelet does: the file is another at once."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def replaced(server, path, text):
    put(path, text + "\n")
    assert server.wait_for_log(RELOADED)["file"] == path


def status(server, path, connection=None):
    return server.post(path, review(pod("a")), connection)[0]


def taken(server, *secrets):
    return [status(server, f"/{root}/{secret}") == 200 for secret in secrets for root in ("mutate", "validate")]


@test
def reviews_are_taken_with_the_secret_only():
    with Server("--path-secret-file", secret_file(FIRST)) as server:
        answer = server.validate(review(pod("a", 1)), path=f"/validate/{FIRST}?timeout=10s")
        assert answer["allowed"] and "patch" not in answer, answer
        assert server.request("GET", f"/mutate/{FIRST}")[0] == 405
        wrong = ["/", "/mutate", "/validate", "/mutate/", f"/{FIRST}", f"/other/{FIRST}", f"/mutate/{SECOND}",
                 f"/mutate/{FIRST[:-1]}", f"/mutate/{FIRST[:-1]}0", f"/mutate/{FIRST}0", f"/mutate/{FIRST}/",
                 f"/mutate/{FIRST}%00", f"/mutate/{FIRST.upper()}", f"/mutate{FIRST}", f"/mutate/x/{FIRST}",
                 "/mutate/" + "%00" * 256, "/mutate/" + "x" * 256, "/mutate/" + "x" * 5000]
        answers = {path: server.post(path, review(pod("a")))[::2] for path in wrong}
        assert set(answers.values()) == {(404, b"no such path\n")}, answers
        assert server.request("GET", f"/mutate/{SECOND}")[0] == 404
        assert server.metrics()['fairgate_requests_refused_total{reason="path"}'] == str(len(wrong) + 1)


@test
def the_one_before_is_taken_until_there_is_another():
    path = secret_file(FIRST + "\n")
    with Server("--path-secret-file", path) as server:
        assert taken(server, FIRST, SECOND) == [True, True, False, False]
        replaced(server, path, SECOND)
        assert taken(server, FIRST, SECOND, THIRD) == [True, True, True, True, False, False]
        replaced(server, path, SECOND)  # is no other
        assert taken(server, FIRST, SECOND) == [True] * 4
        replaced(server, path, THIRD)
        assert taken(server, FIRST, SECOND, THIRD) == [False, False, True, True, True, True]


@test
def no_call_fails_while_it_changes():
    path = secret_file(FIRST)
    with Server("--path-secret-file", path, "--threads", "3") as server:
        is_over = threading.Event()

        def client(number):
            if number == 0:
                replaced(server, path, SECOND)
                is_over.set()
                return []
            with contextlib.closing(server.http()) as connection:
                found = [status(server, f"/mutate/{FIRST}", connection)]
                while not is_over.is_set():
                    found.append(status(server, f"/mutate/{FIRST}", connection))
                return found + [status(server, f"/validate/{SECOND}", connection)]

        found = in_threads(5, client)
        assert set(sum(found, [])) == {200}, found


@test
def a_file_that_can_not_be_used_changes_nothing():
    path = secret_file(FIRST)
    with Server("--path-secret-file", path) as server:
        put(path, "hush-short\n")
        told = server.wait_for_log(NOT_RELOADED)["error"]
        assert told == f"{path}: expected one line of 16 to 256 letters, digits, - and _", told
        assert taken(server, FIRST) == [True, True] and server.metrics()[CURRENT] == "0"
        put(path, SECOND)
        server.signal(signal.SIGHUP)
        server.wait_for_log(RELOADED)
        assert taken(server, FIRST, SECOND) == [True] * 4 and server.metrics()[CURRENT] == "1"
        assert "hush" not in server.errors()


@test
def a_pipe_in_its_place_keeps_nothing_else_from_being_read():
    path = secret_file(FIRST)
    folder = policies()
    with Server("--path-secret-file", path, folder=folder) as server:
        os.mkfifo(path + ".new")
        os.rename(path + ".new", path)
        told = server.wait_for_log(NOT_RELOADED)["error"]
        assert told == f"{path}: expected one line of 16 to 256 letters, digits, - and _", told
        write(os.path.join(folder, "tenant.yaml"), TENANT % 7)
        server.wait_for_log("policy set reloaded")
        assert taken(server, FIRST) == [True, True]


@test
def nothing_tells_it():
    path = secret_file(FIRST)
    log = os.path.join(os.path.dirname(path), "audit.log")
    with Server("--path-secret-file", path, "--audit-log", log) as server:
        assert taken(server, FIRST, SECOND) == [True, True, False, False]
        _, headers, body = server.post(f"/mutate/{FIRST}", b"{}")
        told = [str(headers), body.decode(), server.ask("/metrics")[2], server.ask("/readyz")[2]]
        _, headers, body = server.post(f"/mutate/{FIRST}x", b"{}")
        told += [str(headers), body.decode()]
        replaced(server, path, SECOND)
        assert taken(server, FIRST, SECOND) == [True] * 4
    told.append(server.errors())
    with open(log, encoding="utf-8") as file:
        told.append(file.read())
    assert len(told[-1].splitlines()) == 6 and all(json.loads(line) for line in told[-1].splitlines())
    for text in told:
        assert FIRST not in text and SECOND not in text, text


@test
def a_file_that_is_wrong_is_told_before_anything_listens():
    certs = certificates()
    for text in ("", "\n", "x" * 15, "x" * 257, "x" * 5000, "a secret with blanks", "hush/with/slashes-etc",
                 FIRST + "\n\n", FIRST + "\r\n", FIRST + "\n" + SECOND, "hush%2fmore0123456789", "hushé0123456789abcd"):
        path = secret_file(text)
        code, out, err = run("serve", "--policies", policies(), "--tls-cert", f"{certs}/server.crt",
                             "--tls-key", f"{certs}/server.key", "--path-secret-file", path)
        assert (code, out) == (2, "") and err.count("\n") == 1, (text, code, out, err)
        assert err.startswith(f"fairgate serve: --path-secret-file: {path}: "), err
        assert not text.strip() or text[:4] not in err.replace(path, ""), err
    for text in ("x" * 16, "-_" * 128, "x" * 256 + "\n"):
        with Server("--path-secret-file", secret_file(text)) as server:
            assert taken(server, text.strip()) == [True, True]


@test
def a_pipe_that_nobody_writes_to_is_told_and_not_waited_for():
    certs = certificates()
    pipe = secret_file("") + ".pipe"
    os.mkfifo(pipe)
    for option in ("--path-secret-file", "--tls-cert", "--tls-key", "--client-ca"):
        files = {"--tls-cert": f"{certs}/server.crt", "--tls-key": f"{certs}/server.key", option: pipe}
        code, out, err = run("serve", "--policies", policies(), *(part for pair in files.items() for part in pair))
        assert (code, out) == (2, "") and f"{pipe}: expected" in err and err.count("\n") == 1, (code, out, err)


if __name__ == "__main__":
    main()
