#!/usr/bin/env python3
"""Handshakes: versions, certificates of clients, and what isn't TLS at all."""

import os
import socket
import ssl
import subprocess
import time

from serving import PATIENCE, Server, certificates, main, pod, read_response, request_bytes, review, test


def handshake(server, option):
    """What openssl says of a handshake with only that version."""
    host, port = server.address
    done = subprocess.run(
        ["openssl", "s_client", option, "-connect", f"{host}:{port}", "-cipher",
         "DEFAULT@SECLEVEL=0", "-CAfile", os.path.join(server.certs, "ca.crt")],
        input="", capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@test
def tls_1_2_and_1_3_are_spoken_and_older_ones_are_not():
    with Server() as server:
        for option, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            said = handshake(server, option)
            assert f"New, {name}" in said, said
            assert "Verify return code: 0 (ok)" in said, said
        for option in ("-tls1_1", "-tls1"):
            assert "New, (NONE)" in handshake(server, option)


@test
def sessions_are_not_resumed_and_no_tickets_are_sent():
    with Server() as server:
        said = handshake(server, "-tls1_3")
        assert "New Session Ticket" not in said and "Post-Handshake" not in said, said
        assert "TLS session ticket:" not in handshake(server, "-tls1_2")


@test
def without_client_ca_anybody_may_call():
    with Server() as server:
        assert server.validate(review(pod("p")))["allowed"] is True


def is_refused(server, client):
    try:
        server.validate(review(pod("p")), server.http(server.context(client)))
        return False
    except OSError:
        return True


@test
def client_ca_demands_a_certificate_of_that_authority():
    certs, others = certificates(), certificates("others")
    with Server("--client-ca", os.path.join(certs, "ca.crt")) as server:
        assert is_refused(server, None), "no certificate"
        assert is_refused(server, others), "another authority's"
        answer = server.validate(review(pod("p")), server.http(server.context(certs)))
        assert answer["allowed"] is True


@test
def plain_http_on_the_tls_port_is_closed():
    with Server() as server:
        with socket.create_connection(server.address, 100) as plain:
            plain.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert b"HTTP/" not in plain.recv(1000)
        assert server.validate(review(pod("p")))["allowed"] is True


@test
def http_2_is_not_spoken():
    with Server() as server:
        context = server.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with server.connect(context) as connection:
            assert connection.selected_alpn_protocol() is None
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            answer = read_response(connection.makefile("rb"))
            assert answer is None or answer[0] == 400, answer


@test
def half_open_connections_are_closed_while_others_are_served():
    with Server("--idle-timeout", "5s", "--threads", "1") as server:
        silent = [socket.create_connection(server.address, 100) for _ in range(20)]
        half = socket.create_connection(server.address, 100)
        half.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        assert server.validate(review(pod("p")))["allowed"] is True
        for connection in silent + [half]:
            assert connection.recv(1) == b"", "it should be closed"
            connection.close()


@test
def a_thousand_connections_one_after_the_other_leave_nothing_behind():
    count = int(os.environ.get("CONNECTIONS", "200"))
    with Server("--threads", "2") as server:
        context = server.context()
        for _ in range(count):
            with server.connect(context) as connection:
                connection.sendall(request_bytes("/validate", review(pod("p"))))
                assert read_response(connection.makefile("rb"))[0] == 200
        deadline = time.monotonic() + PATIENCE
        while server.metrics()["fairgate_connections"] != "0" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.metrics()["fairgate_connections"] == "0"


@test
def connections_beyond_the_cap_wait_until_another_one_ends():
    # With 300 descriptors at most, 128 of which are kept for other things.
    with Server("--threads", "1", within=["prlimit", "--nofile=300:300"]) as server:
        context = server.context()
        held = [server.connect(context) for _ in range(172)]
        waiting = socket.create_connection(server.address, 100)
        waiting.settimeout(1)
        try:
            context.wrap_socket(waiting, server_hostname="localhost")
            raise AssertionError("a connection beyond the cap was served")
        except (socket.timeout, ssl.SSLError):
            waiting.close()
        held.pop().close()
        with server.connect(context) as connection:
            connection.sendall(request_bytes("/validate", review(pod("p"))))
            assert read_response(connection.makefile("rb"))[0] == 200
        held[0].sendall(request_bytes("/validate", review(pod("p"))))
        assert read_response(held[0].makefile("rb"))[0] == 200
        for connection in held:
            connection.close()


if __name__ == "__main__":
    assert ssl.HAS_TLSv1_3
    main()
