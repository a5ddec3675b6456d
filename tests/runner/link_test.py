#!/usr/bin/env python3
"""The ways that stories disturb do what they are told: what watches show comes late, answers to writes are lost after the
write was done, connections go to those that are named."""

import http.client
import http.server
import os
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from link import Asked, Link
from serving import certificates, main, test

USAGE = "/apis/fairgate.dev/v1alpha1/tenantusages/research"
LOST = OSError, http.client.HTTPException


class Server(http.server.ThreadingHTTPServer):
    """Answers everything with its own name, and notes what was asked."""

    daemon_threads = True

    def __init__(self, name="server", certs=None):
        self.name, self.asked = name, []
        super().__init__(("127.0.0.1", 0), Handler)
        if certs:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(f"{certs}/server.crt", f"{certs}/server.key")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.name)))
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Way:
    """A link in front of a server with TLS, and a connection through it. `with` it."""

    def __enter__(self):
        certs = certificates()
        self.server = Server(certs=certs)
        self.link = Link(self.server.server_port, certs=certs)
        self.connection = http.client.HTTPSConnection(
            self.link.address, context=ssl.create_default_context(cafile=f"{certs}/ca.crt"), timeout=120)
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.link.stop()
        self.server.shutdown()

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body)
        return self.connection.getresponse().read().decode()


@test
def what_was_asked_is_read_from_the_bytes_however_they_come():
    sent = (b"PUT /a HTTP/1.1\r\nHost: x\r\ncontent-length: 7\r\n\r\nGET /no"
            b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
            b"POST /c HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n\r\n")
    for step in range(1, len(sent)):
        asked, lines = Asked(), []
        for at in range(0, len(sent), step):
            asked.take(sent[at:at + step])
            if asked.line not in lines[-1:]:
                lines.append(asked.line)
        assert lines[-1] == b"POST /c HTTP/1.1", (step, lines)
        assert set(lines) <= {b"", b"PUT /a HTTP/1.1", b"GET /b HTTP/1.1", b"POST /c HTTP/1.1"}, (step, lines)


@test
def what_watches_show_comes_late_and_nothing_else():
    with Way() as way:
        way.link.tell("delays", 1000)
        started = time.monotonic()
        assert way.ask("GET", "/api/v1/pods?watch=1&resourceVersion=7") == "server"
        assert time.monotonic() - started >= 1
        way.link.tell("delays", 10 ** 6)
        assert way.ask("GET", "/api/v1/pods?limit=7") == "server"


@test
def answers_to_writes_are_lost_after_the_write_was_done():
    with Way() as way:
        way.link.tell("loses", 2)
        assert way.ask("GET", USAGE) == "server"
        for method in ("PUT", "POST"):
            try:
                way.ask(method, USAGE, "12345")
            except LOST:
                way.connection.close()
            else:
                raise AssertionError("there was an answer")
        assert way.ask("PUT", USAGE, "67890") == "server"
        assert way.server.asked == [("GET", USAGE, b""), ("PUT", USAGE, b"12345"), ("POST", USAGE, b"12345"),
                                    ("PUT", USAGE, b"67890")], way.server.asked
        way.link.tell("loses", 0)
        assert way.link.lost == 2, way.link.lost


@test
def each_connection_goes_to_one_of_those_that_are_named():
    servers = [Server(name) for name in ("one", "two", "three")]
    link = Link(*(each.server_port for each in servers))

    def reached():
        connection = http.client.HTTPConnection(link.address, timeout=120)
        connection.request("GET", "/")
        return connection.getresponse().read().decode()

    try:
        assert {reached() for _ in range(200)} == {"one", "two", "three"}
        link.tell("to", servers[1].server_port)
        assert {reached() for _ in range(20)} == {"two"}
    finally:
        link.stop()
        for each in servers:
            each.shutdown()


main()
