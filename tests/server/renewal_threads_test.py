#!/usr/bin/env python3
"""Signals: reload of policies and certificates, and the end, all while requests are answered."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from serving import (FAIRGATE, PATIENCE, Server, certificates, main, parsed, pod, read_response,
                     request_bytes, review, scratch, spoil_key, test, weak, write, CLUSTER, TENANT)

LABELS = """\
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: labels}
spec: {rules: [{id: owner, labels: {required: {owner: ".+"}}}]}
"""

RELOADS = 'fairgate_policy_reloads_total{result="%s"}'
CURRENT = "fairgate_policy_last_reload_successful"
NOT_RELOADED = "policy set not reloaded, the old one goes on"


def digest(server):
    return [name for name in server.metrics() if name.startswith("fairgate_policy_set_info")]


class Traffic:
    """Clients that ask again and again; `stop` gives what went wrong."""

    def __init__(self, server, clients=4):
        self.server, self.errors, self.count = server, [], 0
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        try:
            with contextlib.closing(self.server.http()) as connection:
                while not self._is_over.is_set():
                    one = review(pod("p", 1, uid="the-same"))
                    answer = self.server.validate(one, connection)
                    assert answer["allowed"] is True, answer
                    self.count += 1
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def stop(self):
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        assert not self.errors, self.errors
        assert self.count > 0


@test
def sighup_puts_a_changed_set_in_force():
    with Server() as server:
        before = digest(server)
        assert server.validate(review(pod("a", 6), dry_run=True))["allowed"] is False
        write(f"{server.folder}/tenant.yaml", TENANT % 6)
        server.signal(signal.SIGHUP)
        server.wait_for_log("policy set reloaded")
        assert server.validate(review(pod("a", 6), dry_run=True))["allowed"] is True
        assert digest(server) != before and len(digest(server)) == 1
        assert server.metrics()[RELOADS % "ok"] == "1"


@test
def a_bad_set_changes_nothing_and_is_told():
    with Server() as server:
        before = digest(server)
        write(f"{server.folder}/tenant.yaml", TENANT.replace("guaranteed", "guarantied") % 6)
        server.signal(signal.SIGHUP)
        line = server.wait_for_log("policy set not reloaded, the old one goes on")
        assert line["error"] == "1 mistake", line
        told = [parsed(line) for line in server.lines if line and "tenant.yaml:6:10" in line]
        assert told and told[0]["level"] == "error" and "guaranteed" in told[0]["problem"], told
        assert server.validate(review(pod("a", 6), dry_run=True))["allowed"] is False
        assert server.validate(review(pod("a", 5), dry_run=True))["allowed"] is True
        assert digest(server) == before
        metrics = server.metrics()
        assert (metrics[RELOADS % "failed"], metrics[RELOADS % "ok"]) == ("1", "0")
        assert server.ask("/readyz")[0] == 200
        shutil.rmtree(server.folder)
        server.signal(signal.SIGHUP)
        line = server.wait_for_log("policy set not reloaded, the old one goes on")
        assert server.folder in line["error"], line
        assert server.validate(review(pod("a", 5), dry_run=True))["allowed"] is True


@test
def reloads_go_on_under_load_without_a_failed_request():
    with Server("--threads", "4") as server:
        traffic = Traffic(server, 8)
        for i in range(30):
            write(f"{server.folder}/tenant.yaml", TENANT % (5 + i % 2))
            server.signal(signal.SIGHUP)
            server.wait_for_log("policy set reloaded")
            server.metrics()
        traffic.stop()


def replace(path, text):
    """As editors do: there is never less than the whole file."""
    os.replace(write(f"{os.path.dirname(path)}/.new", text), path)


def holds(server, gpus):
    """Whether that many, and not one more, are let in."""
    return [server.validate(review(pod("a", asked), dry_run=True))["allowed"]
            for asked in (gpus, gpus + 1)] == [True, False]


@test
def a_changed_folder_is_put_in_force_without_a_signal():
    with Server() as server:
        assert holds(server, 5)
        replace(f"{server.folder}/tenant.yaml", TENANT % 6)
        server.wait_for_log("policy set reloaded")
        assert holds(server, 6)
        with open(f"{server.folder}/tenant.yaml", "w", encoding="utf-8") as file:  # in place
            file.write(TENANT % 7)
        server.wait_for_log("policy set reloaded")
        assert holds(server, 7)
        write(f"{server.folder}/more/deep/labels.yaml", LABELS)
        server.wait_for_log("policy set reloaded")
        assert server.validate(review(pod("a")))["allowed"] is False
        shutil.rmtree(f"{server.folder}/more")
        server.wait_for_log("policy set reloaded")
        assert server.validate(review(pod("a")))["allowed"] is True
        metrics = server.metrics()
        assert (metrics[RELOADS % "ok"], metrics[RELOADS % "failed"]) == ("4", "0")


class ConfigMap:
    """A folder as the kubelet fills it: the files lead through ..data to a folder that has its time
    for a name; ..data is replaced by a rename."""

    def __init__(self, name):
        self.folder, self.version = os.path.join(scratch(), name), 0

    def set(self, files):
        old, self.version = self.version, self.version + 1
        for name, text in files.items():
            write(f"{self.folder}/..{self.version}/{name}", text)
        os.symlink(f"..{self.version}", f"{self.folder}/..data_tmp")
        os.rename(f"{self.folder}/..data_tmp", f"{self.folder}/..data")
        for name in files:
            if not os.path.lexists(f"{self.folder}/{name}"):
                os.symlink(f"..data/{name}", f"{self.folder}/{name}")
        if old:
            shutil.rmtree(f"{self.folder}/..{old}")


@test
def a_config_map_is_followed():
    volume = ConfigMap("volume")
    volume.set({"cluster.yaml": CLUSTER, "tenant.yaml": TENANT % 5})
    with Server(folder=volume.folder) as server:
        assert holds(server, 5)
        for gpus in (6, 7):
            volume.set({"cluster.yaml": CLUSTER, "tenant.yaml": TENANT % gpus})
            server.wait_for_log("policy set reloaded")
            assert holds(server, gpus)
        assert server.metrics()[RELOADS % "ok"] == "2"


@test
def a_bad_set_is_told_once_until_it_is_another():
    own = os.path.join(scratch(), "clock")
    shutil.copytree(certificates(), own)
    with Server(certs=own) as server:
        assert server.metrics()[CURRENT] == "1"
        replace(f"{server.folder}/tenant.yaml", TENANT.replace("guaranteed", "guarantied") % 6)
        assert server.wait_for_log(NOT_RELOADED)["error"] == "1 mistake"
        for _ in range(3):  # each takes looks, at the set as well
            shutil.copy(f"{certificates()}/server.crt", own)
            server.wait_for_log("certificate reloaded")
        metrics = server.metrics()
        assert (metrics[RELOADS % "failed"], metrics[CURRENT]) == ("1", "0")
        assert server.errors().count("tenant.yaml:6:10") == 1, server.errors()
        assert server.ask("/readyz")[0] == 200 and holds(server, 5)
        replace(f"{server.folder}/tenant.yaml", TENANT.replace("gpus:", "gpu:") % 6)
        server.wait_for_log(NOT_RELOADED)
        assert "tenant.yaml:6:3" in server.errors(), server.errors()
        replace(f"{server.folder}/tenant.yaml", TENANT % 6)
        server.wait_for_log("policy set reloaded")
        metrics = server.metrics()
        assert (metrics[RELOADS % "failed"], metrics[CURRENT]) == ("2", "1")
        assert holds(server, 6)


@test
def a_folder_that_goes_or_is_emptied_leaves_the_set_in_force():
    with Server() as server:
        os.rename(server.folder, server.folder + ".away")
        line = server.wait_for_log(NOT_RELOADED)
        assert server.folder in line["error"], line
        assert holds(server, 5) and server.metrics()[CURRENT] == "0"
        os.rename(server.folder + ".away", server.folder)  # the very same files
        server.wait_for_log("policy set reloaded")
        assert holds(server, 5) and server.metrics()[CURRENT] == "1"
        os.rename(server.folder, server.folder + ".away")
        os.mkdir(server.folder)
        line = server.wait_for_log(NOT_RELOADED)
        while "no policy" not in line["error"]:  # for a moment the folder wasn't there
            line = server.wait_for_log(NOT_RELOADED)
        assert holds(server, 5)
        os.rmdir(server.folder)
        write(f"{server.folder}/all.yaml", CLUSTER + "---\n" + TENANT % 6)
        server.wait_for_log("policy set reloaded")
        assert holds(server, 6)


def serial(server):
    """Of the certificate that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with server.connect(context) as connection:
        shown = connection.getpeercert(True)
    said = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial"], input=shown,
                          capture_output=True, check=True)
    return said.stdout


@test
def sighup_takes_a_new_certificate_and_keeps_the_old_one_for_a_bad_pair():
    own = os.path.join(scratch(), "own")
    shutil.copytree(certificates(), own)
    with Server(certs=own) as server:
        first = serial(server)
        old = server.http()
        server.validate(review(pod("p")), old)
        others = certificates("others")
        shutil.copy(f"{others}/server.crt", own)  # not yet its key
        server.signal(signal.SIGHUP)
        line = server.wait_for_log("certificate not reloaded, the old one goes on")
        assert "server.key" in line["error"], line
        assert serial(server) == first
        shutil.copy(f"{others}/server.key", own)
        server.signal(signal.SIGHUP)
        server.wait_for_log("certificate reloaded")
        assert serial(server) != first
        server.validate(review(pod("p")), old)  # a connection from before goes on
        old.close()
        results = 'fairgate_certificate_reloads_total{result="%s"}'
        metrics = server.metrics()
        assert (metrics[results % "ok"], metrics[results % "failed"]) == ("1", "1")


@test
def certificates_are_taken_without_a_signal_and_a_key_that_never_comes_is_told_once():
    own = os.path.join(scratch(), "watched")
    shutil.copytree(certificates(), own)
    results = 'fairgate_certificate_reloads_total{result="%s"}'
    current = "fairgate_certificate_last_reload_successful"
    with Server(certs=own) as server:
        first = serial(server)
        for kind in ("key", "crt"):
            shutil.copy(f"{certificates('one')}/server.{kind}", own)
        server.wait_for_log("certificate reloaded")
        second = serial(server)
        assert second != first
        shutil.copy(f"{certificates('two')}/server.crt", own)
        line = server.wait_for_log("certificate not reloaded, the old one goes on")
        assert "server.key" in line["error"], line
        metrics = server.metrics()
        assert (metrics[results % "failed"], metrics[current]) == ("1", "0"), metrics
        assert serial(server) == second
        for gpus in (6, 7, 8):  # each takes looks, at the certificate as well
            replace(f"{server.folder}/tenant.yaml", TENANT % gpus)
            server.wait_for_log("policy set reloaded")
        shutil.copy(f"{certificates('two')}/server.key", own)
        server.wait_for_log("certificate reloaded")
        assert serial(server) not in (first, second)
        metrics = server.metrics()
        assert metrics[results % "failed"] == metrics[current] == "1", metrics


def issued(folder, *arguments):
    """Where a certificate of our own stands, as a server of the tests wants it called."""
    subprocess.run([FAIRGATE, "certs", "issue", "--dir", folder, *arguments], check=True, stdout=subprocess.DEVNULL)
    for kind in ("crt", "key"):
        os.symlink(f"tls.{kind}", os.path.join(folder, f"server.{kind}"))
    return folder


def copy_pair(source, target):
    for kind in ("key", "crt"):
        shutil.copy(f"{source}/server.{kind}", target)


@test
def a_key_whose_private_half_is_another_ones_does_not_replace_one_that_fits():
    own = os.path.join(scratch(), "fits")
    shutil.copytree(certificates(), own)
    spoilt = issued(os.path.join(scratch(), "spoilt"))
    spoil_key(f"{spoilt}/tls.key")
    with Server(certs=own) as server:
        first = serial(server)
        copy_pair(spoilt, own)
        server.signal(signal.SIGHUP)
        line = server.wait_for_log("certificate not reloaded, the old one goes on")
        assert "server.key: isn't the key of the certificate in" in line["error"], line
        assert serial(server) == first


@test
def a_pair_that_is_not_valid_now_does_not_replace_one_that_is():
    own = os.path.join(scratch(), "valid")
    shutil.copytree(certificates(), own)
    ended = issued(os.path.join(scratch(), "ended"), "--time", "2020-01-01T00:00:00Z")
    to_come = issued(os.path.join(scratch(), "to-come"), "--time", "2999-01-01T00:00:00Z")
    with Server(certs=own) as server:
        first = serial(server)
        for folder in (ended, to_come):
            copy_pair(folder, own)
            server.signal(signal.SIGHUP)
            line = server.wait_for_log("certificate not reloaded, the old one goes on")
            assert "server.crt: not valid at this time, and the one in force is" in line["error"], line
            assert serial(server) == first
        copy_pair(certificates("others"), own)
        server.wait_for_log("certificate reloaded")
        assert serial(server) != first
    with Server(certs=ended) as server:  # nothing better is there, and another one of that kind may be
        first = serial(server)
        for kind in ("key", "crt"):
            os.remove(f"{ended}/server.{kind}")
            shutil.copy(f"{to_come}/server.{kind}", ended)
        server.signal(signal.SIGHUP)
        server.wait_for_log("certificate reloaded")
        assert serial(server) != first


@test
def a_pair_that_no_handshake_could_use_leaves_the_old_one_in_force():
    own = os.path.join(scratch(), "usable")
    shutil.copytree(certificates(), own)
    with Server(certs=own) as server:
        first = serial(server)
        copy_pair(weak(os.path.join(scratch(), "weak")), own)
        server.signal(signal.SIGHUP)
        line = server.wait_for_log("certificate not reloaded, the old one goes on")
        assert "server.crt: no handshake can use it (ee key too small)" in line["error"], line
        assert serial(server) == first


@test
def another_authority_of_clients_is_taken_without_a_signal():
    authority = os.path.join(scratch(), "clients.crt")
    shutil.copy(f"{certificates()}/ca.crt", authority)
    others = certificates("others")
    with Server("--client-ca", authority) as server:
        context = {name: server.context(client=name) for name in (certificates(), others)}

        def is_let_in(name):
            try:
                with server.connect(context[name]) as connection:
                    connection.sendall(request_bytes("/validate", review(pod("p"))))
                    return read_response(connection.makefile("rb")) is not None
            except (ssl.SSLError, ConnectionError):
                return False

        assert [is_let_in(certificates()), is_let_in(others)] == [True, False]
        shutil.copy(f"{others}/ca.crt", authority)
        server.wait_for_log("certificate reloaded")
        assert [is_let_in(certificates()), is_let_in(others)] == [False, True]


@test
def certificates_are_reloaded_while_connections_come():
    own = os.path.join(scratch(), "busy")
    shutil.copytree(certificates(), own)
    with Server("--client-ca", os.path.join(own, "ca.crt"), "--threads", "4", certs=own) as server:
        context = server.context(own)
        is_over, errors = threading.Event(), []

        def connect():
            try:
                while not is_over.is_set():
                    with server.connect(context) as connection:
                        connection.sendall(request_bytes("/validate", review(pod("p"))))
                        assert read_response(connection.makefile("rb"))[0] == 200
            except BaseException as error:  # pylint: disable=broad-except
                errors.append(error)

        threads = [threading.Thread(target=connect, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            server.signal(signal.SIGHUP)
            server.wait_for_log("certificate reloaded")
        is_over.set()
        for thread in threads:
            thread.join()
        assert not errors, errors


@test
def sigterm_answers_what_is_under_way_and_exits_0():
    with Server("--threads", "2") as server:
        whole = request_bytes("/validate", review(pod("p")))
        idle = [server.connect() for _ in range(3)]
        begun = [server.connect() for _ in range(8)]
        for connection in begun:
            connection.sendall(whole[:len(whole) // 2])
        used = server.connect()
        used.sendall(whole)
        used_file = used.makefile("rb")
        assert read_response(used_file)[1]["Connection"] == "keep-alive"
        assert server.ask("/readyz")[0] == 200
        time.sleep(0.3)  # for the halves to arrive
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        status, _, text = server.ask("/readyz")
        assert (status, text) == (503, "draining\n"), (status, text)
        assert server.ask("/healthz")[0] == 200
        for connection in begun + idle:
            half = len(whole) // 2 if connection in begun else 0
            connection.sendall(whole[half:])
            status, headers, _ = read_response(connection.makefile("rb"))
            assert status == 200 and headers["Connection"] == "close", headers
            assert connection.recv(1) == b""
            connection.close()
        used.sendall(whole)
        status, headers, _ = read_response(used_file)
        assert status == 200 and headers["Connection"] == "close", headers
        used_file.close()
        used.close()
        server.wait()


def wait_until_refused(server):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionResetError):  # it came in the very moment
            try:
                socket.create_connection(server.address, PATIENCE).close()
            except ConnectionRefusedError:
                return
        time.sleep(0.02)
    raise AssertionError("connections are still taken")


@test
def new_connections_are_refused_after_sigterm_or_after_its_grace():
    with Server() as server:
        held = server.connect()
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        wait_until_refused(server)
        held.close()
        server.wait()
    with Server("--drain-grace", "10s") as server:
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        time.sleep(0.3)
        assert server.validate(review(pod("p")))["allowed"] is True
        server.wait()


@test
def what_comes_within_the_grace_is_answered_after_it():
    whole = request_bytes("/validate", review(pod("p")))
    with Server("--drain-grace", "10s", "--threads", "2") as server:
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        assert server.ask("/readyz")[0] == 503
        shaken, begun = server.connect(), server.connect()  # one has only said hello
        begun.sendall(whole[:len(whole) // 2])
        wait_until_refused(server)
        for connection, rest in ((shaken, whole), (begun, whole[len(whole) // 2:])):
            assert server.process.poll() is None
            connection.sendall(rest)
            status, headers, _ = read_response(connection.makefile("rb"))
            assert status == 200 and headers["Connection"] == "close", (status, headers)
            assert connection.recv(1) == b""
            connection.close()
        server.wait()


@test
def a_second_signal_ends_it_at_once():
    # Threads still serve when the process ends: what they use must not go before. Seen now and then.
    for _ in range(5):
        with Server() as server:
            held = server.connect()
            server.signal(signal.SIGINT)
            server.wait_for_log("draining")
            server.signal(signal.SIGINT)
            line = server.wait_for_log("ended with connections open")
            assert line["connections"] == "1", line
            assert server.process.wait(PATIENCE) == 1, server.errors()
            held.close()


@test
def sigterm_under_load_loses_no_request_that_was_sent():
    with Server("--threads", "4") as server:
        errors, counts, answered = [], [], threading.Semaphore(0)

        def client():
            """A connection's requests are answered until the server says that it is the last."""
            try:
                count = 0
                with server.connect() as connection, connection.makefile("rb") as file:
                    while True:
                        connection.sendall(request_bytes("/validate", review(pod("p"))))
                        status, headers, _ = read_response(file)
                        assert status == 200
                        count += 1
                        if count == 1:
                            answered.release()
                        if headers["Connection"] == "close":
                            break
                counts.append(count)
            except BaseException as error:  # pylint: disable=broad-except
                errors.append(error)

        threads = [threading.Thread(target=client, daemon=True) for _ in range(16)]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert answered.acquire(timeout=PATIENCE), errors
        server.signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert not errors, errors
        assert len(counts) == 16 and min(counts) > 0
        server.wait()


@test
def the_audit_log_is_opened_anew():
    path = os.path.join(scratch(), "rotated.log")
    with Server("--audit-log", path) as server:
        server.validate(review(pod("a")))
        os.rename(path, path + ".1")
        server.validate(review(pod("b")))
        server.signal(signal.SIGHUP)
        server.wait_for_log("audit log opened anew")
        server.validate(review(pod("c")))
    names = []
    for part in (path + ".1", path):
        with open(part, encoding="utf-8") as file:
            names.append([json.loads(line)["name"] for line in file])
    assert sum(names, []) == ["a", "b", "c"] and "c" in names[1], names


if __name__ == "__main__":
    main()
