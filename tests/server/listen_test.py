#!/usr/bin/env python3
"""An address without a host is all that there are, IPv6 and IPv4, also where the node has no IPv6."""

import os
import sys

from serving import ROOT, Server, main, pod, review, test

WITHOUT_IPV6 = [sys.executable, os.path.join(ROOT, "tests/server/without_ipv6.py")]


def is_served(server, host):
    server.address = host, server.address[1]
    with server.connect() as connection:
        connection.sendall(b"GET /validate HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 405 "), host


@test
def both_families_are_served():
    with Server(listen=":0") as server:
        has_ipv6 = os.path.exists("/proc/net/if_inet6")
        assert server.address[0] == ("::" if has_ipv6 else "0.0.0.0"), server.address
        for host in ("127.0.0.1", "::1") if has_ipv6 else ("127.0.0.1",):
            is_served(server, host)


@test
def a_node_without_ipv6_serves_ipv4():
    with Server(listen=":0", within=WITHOUT_IPV6) as server:
        assert server.address[0] == "0.0.0.0", server.address
        is_served(server, "127.0.0.1")


@test
def a_host_is_that_one_alone():
    with Server(listen="127.0.0.1:0") as server:
        assert server.address[0] == "127.0.0.1", server.address
        assert server.validate(review(pod("plain")))["allowed"]


if __name__ == "__main__":
    main()
