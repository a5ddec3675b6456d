#!/usr/bin/env python3
"""With a cluster, what can't be used at the start is waited for: the ConfigMap and the Secrets are others' to mend."""

import os
import shutil
import signal
import socket
import tempfile

from fake_api import FakeApi
from fake_cluster import Cluster, namespace, ready, serve, wait_until
from serving import TENANT, certificates, main, pod, policies, review, scratch, test, write

MISTAKE = TENANT.replace("guaranteed", "guarantied")
TOLD = "tenant.yaml:6:10: "


def cluster():
    return FakeApi(Cluster(namespace("team-a")).step)


def broken():
    folder = policies()
    write(f"{folder}/tenant.yaml", MISTAKE % 1)
    return folder


def some_certificates(*names):
    folder = tempfile.mkdtemp(dir=scratch())
    for name in names:
        shutil.copy(f"{certificates()}/{name}", folder)
    return folder


def reasons(server):
    """Of a server that is alive, and not ready."""
    status, _, text = server.ask("/readyz")
    first, *others = text.splitlines()
    assert status == 503 and first == "not ready", (status, text)
    assert server.ask("/healthz")[0] == 200
    assert server.metrics()["fairgate_ready"] == "0"
    return others


def is_judging(server):
    server.wait_until_serving()
    ready(server)
    return server.validate(review(pod("plain")))["allowed"]


@test
def a_policy_set_with_mistakes_is_waited_for():
    with cluster() as api, serve(api, folder=broken(), waits=True) as server:
        line, = reasons(server)
        assert line.startswith(f"policy set: {TOLD}") and "guaranteed" in line, line
        assert any(TOLD.strip(": ") in line and '"level":"error"' in line for line in server.lines), server.lines
        write(f"{server.folder}/tenant.yaml", MISTAKE.replace("metadata", "  metadata") % 1)
        wait_until(lambda: "tenant.yaml:3:" in reasons(server)[0])
        write(f"{server.folder}/tenant.yaml", TENANT % 1)
        assert is_judging(server)
        assert server.metrics()["fairgate_ready"] == "1"


@test
def a_folder_that_is_not_there_is_waited_for():
    folder = os.path.join(tempfile.mkdtemp(dir=scratch()), "later")
    with cluster() as api, serve(api, folder=folder, waits=True) as server:
        assert reasons(server) == [f"policy set: {folder}: No such file or directory"]
        os.rename(policies(), folder)
        assert is_judging(server)


@test
def a_key_that_is_missing_is_waited_for():
    certs = some_certificates("ca.crt", "server.crt")
    with cluster() as api, serve(api, certs=certs, waits=True) as server:
        assert reasons(server) == [f"certificate: {certs}/server.key: No such file or directory"]
        shutil.copy(f"{certificates('others')}/server.key", certs)
        wait_until(lambda: "isn't the key of the certificate" in reasons(server)[0])
        shutil.copy(f"{certificates()}/server.key", certs)
        assert is_judging(server)


@test
def all_that_is_wrong_is_told():
    certs, secret = some_certificates("server.key", "ca.crt"), os.path.join(scratch(), "missing-secret")
    with cluster() as api, serve(api, "--path-secret-file", secret, folder=broken(), certs=certs, waits=True) as server:
        certificate, path, policy = reasons(server)
        assert certificate == f"certificate: {certs}/server.crt: No such file or directory", certificate
        assert path == f"path secret: {secret}: No such file or directory", path
        assert policy.startswith(f"policy set: {TOLD}"), policy
        write(f"{server.folder}/tenant.yaml", TENANT % 1)
        wait_until(lambda: reasons(server) == [certificate, path])
        shutil.copy(f"{certificates()}/server.crt", certs)
        wait_until(lambda: reasons(server) == [path])
        write(secret, "0123456789abcdef")
        server.wait_until_serving()
        ready(server)
        assert server.validate(review(pod("plain")), path="/validate/0123456789abcdef")["allowed"]


@test
def what_is_read_is_renewed_thereafter():
    with cluster() as api, serve(api, folder=broken(), waits=True) as server:
        write(f"{server.folder}/tenant.yaml", TENANT % 1)
        assert is_judging(server)
        write(f"{server.folder}/tenant.yaml", MISTAKE % 1)
        server.wait_for_log("policy set not reloaded, the old one goes on")
        assert server.ask("/readyz")[0] == 200
        write(f"{server.folder}/tenant.yaml", TENANT % 2)
        server.wait_for_log("policy set reloaded")


@test
def it_ends_when_told_while_it_waits():
    with cluster() as api, serve(api, folder=broken(), waits=True) as server:
        server.signal(signal.SIGHUP)
        server.signal(signal.SIGUSR1)
        reasons(server)
        server.stop()


@test
def nobody_is_taken_meanwhile():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = free.getsockname()
    with cluster() as api, serve(api, listen=f"{place[0]}:{place[1]}", folder=broken(), waits=True):
        try:
            socket.create_connection(place, 10).close()
        except ConnectionRefusedError:
            return
        raise AssertionError("a connection was taken")


if __name__ == "__main__":
    main()
