"""An API server that does as a test says, and a watch on it whose sink prints what it gets."""

import contextlib
import http.server
import json
import os
import queue
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from serving import PATIENCE, ROOT, certificates, parsed, scratch, write

AT_ONCE = 30  # seconds: on a busy machine, and less than what hangs takes
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build/release"))


def pod(name, version, namespace="team-a", **more):
    return {"metadata": {"namespace": namespace, "name": name, "resourceVersion": str(version)},
            **more}


def status(code, message, reason=""):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code}


class Call(http.server.BaseHTTPRequestHandler):
    """One request; the test's steps answer by its methods."""

    protocol_version = "HTTP/1.1"
    wbufsize = 0

    def do_GET(self):  # pylint: disable=invalid-name
        url = urllib.parse.urlsplit(self.path)
        self.query = {name: values[0] for name, values in
                      urllib.parse.parse_qs(url.query, keep_blank_values=True).items()}
        self.query["path"] = url.path
        self.chunked = False
        self.content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.fake.answer(self)

    do_PUT = do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def body(self, text, code=200, headers=()):
        text = text if isinstance(text, bytes) else text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def list(self, items, version, more=None):
        metadata = {"resourceVersion": str(version)}
        if more:
            metadata["continue"] = more
        self.body(json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": metadata,
                              "items": items}))

    def fail(self, code, message, reason="", headers=()):
        self.body(json.dumps(status(code, message, reason)), code, headers)

    def begin(self):
        """A watch's head."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def write(self, text):
        text = text if isinstance(text, bytes) else text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

    def event(self, kind, obj):
        self.write(json.dumps({"type": kind, "object": obj}) + "\n")

    def bookmark(self, version):
        self.event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1",
                                "metadata": {"resourceVersion": str(version)}})

    def end(self):
        self.wfile.write(b"0\r\n\r\n")

    def cut(self):
        """The connection, without a farewell."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def idle(self, seconds=None):
        """Until so long is over, or the test is; as long as the client asked for if it isn't said.
        """
        if seconds is None:
            seconds = float(self.query.get("timeoutSeconds", 3600))
        return not self.server.fake.over.wait(seconds)

    def quiet_watch(self):
        """As a healthy API server does it when nothing happens."""
        self.begin()
        if self.idle():
            self.end()
        else:
            self.cut()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's thread.
        self.fake.connections += 1
        if not self.fake.has_tls:
            self.fake.over.wait(3600)
            return
        request.settimeout(PATIENCE)
        try:
            tls = self.fake.tls.wrap_socket(request, server_side=True)
        except OSError as error:
            self.fake.handshakes.append(str(error))
            return
        with tls:
            self.RequestHandlerClass(tls, client_address, self)

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (OSError, ssl.SSLError)):
            self.fake.errors.append(repr(error))


class FakeApi:
    """`steps` are functions of a Call, one a request; the last one serves all that follow."""

    def __init__(self, *steps, certs=None, client_ca=None, has_tls=True):
        self.steps = list(steps)
        self.certs = certs or certificates()
        self.requests, self.handshakes, self.errors = [], [], []
        self.times, self.writes = [], []  # writes: (method, path, what was sent)
        self.connections = 0
        self.over = threading.Event()
        self.has_tls = has_tls
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(self.certs, "server.crt"),
                                 os.path.join(self.certs, "server.key"))
        if client_ca:
            self.tls.load_verify_locations(client_ca)
            self.tls.verify_mode = ssl.CERT_REQUIRED
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Call)
        self._server.fake = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,),
                                        daemon=True)

    def answer(self, call):
        with self._lock:
            step = self.steps[min(len(self.requests), len(self.steps) - 1)]
            self.requests.append((call.query, dict(call.headers)))
            self.times.append(time.monotonic())
            if call.command != "GET":
                self.writes.append((call.command, call.query["path"], call.content))
        step(call)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        if kind is None:
            assert not self.errors, self.errors

    def queries(self):
        return [query for query, _ in self.requests]

    def wait_for_queries(self, count):
        deadline = time.monotonic() + PATIENCE
        while len(self.requests) < count:
            assert time.monotonic() < deadline, self.queries()
            time.sleep(0.02)
        return self.queries()

    def kubeconfig(self, user=None, **cluster):
        """The path of one; `cluster` adds to its cluster, None takes out."""
        content = {"server": f"https://127.0.0.1:{self.port}",
                   "certificate-authority": os.path.join(self.certs, "ca.crt")}
        content.update({name.replace("_", "-"): value for name, value in cluster.items()})
        content = {name: value for name, value in content.items() if value is not None}
        folder = tempfile.mkdtemp(prefix="kubeconfig-", dir=scratch())
        return write(os.path.join(folder, "config"), json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "it", "preferences": {},
            "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
            "clusters": [{"name": "here", "cluster": content}],
            "users": [{"name": "me", "user": user or {"token": "secret"}}]}))


class Watch:
    """watch_lines; `with` it, and it must stop in time and without a word of a sanitizer."""

    def __init__(self, kubeconfig, resource=("", "v1", "pods"), seconds=4, optional=False,
                 environment=None):
        command = [os.path.join(BUILD, "tests/server/watch_lines"), kubeconfig, *resource,
                   str(seconds), *(["optional"] if optional else [])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.lines, self.log = [], []
        self._queue = queue.Queue()
        self._threads = [threading.Thread(target=self._read, daemon=True),
                         threading.Thread(target=self._read_log, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _read(self):
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def line(self):
        """The next line."""
        try:
            line = self._queue.get(timeout=PATIENCE)
        except queue.Empty as late:
            raise AssertionError(f"no line after {self.lines}\n" + "\n".join(self.log)) from late
        assert line is not None, f"it ended after {self.lines}\n" + "\n".join(self.log)
        self.lines.append(line)
        return line

    def expect(self, *lines):
        for line in lines:
            got = self.line()
            assert got == line, f"expected {line!r} at the end of {self.lines}\n" + \
                "\n".join(self.log)

    def _order(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def state(self):
        """As a dict. Lines that the sink printed meanwhile are passed over."""
        self._order("state")
        line = self.line()
        while not line.startswith("state "):
            line = self.line()
        fields, problem = line[len("state "):].split(" problem=", 1)
        state = {name: int(value) for name, value in
                 (field.split("=") for field in fields.split())}
        return {**state, "problem": problem}

    def wait_for(self, question):
        """The first state that fits."""
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self.state()
            if question(state):
                return state
            assert time.monotonic() < deadline, f"{state}\n" + "\n".join(self.log)
            time.sleep(0.05)

    def wait_for_lines(self, wanted, count=1):
        """Until that line was there so often; others are passed over."""
        while self.lines.count(wanted) < count:
            self.line()

    def wait_for_log(self, message):
        """The first log line with that message, as a dict."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for line in list(self.log):
                if parsed(line).get("message") == message:
                    return parsed(line)
            assert time.monotonic() < deadline, "\n".join(self.log)
            time.sleep(0.02)

    def messages(self):
        return [(parsed(line).get("level"), parsed(line).get("message")) for line in self.log]

    def stop(self):
        """How many seconds that took."""
        self._order("stop")
        while True:
            line = self.line()
            if line.startswith("stopped "):
                break
        self._end()
        return int(line.split()[1]) / 1000

    def _end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        assert self.process.returncode == 0, "\n".join(self.log)
        for line in self.log:
            assert parsed(line), "not a log line: " + "\n".join(self.log)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None and self.process.poll() is None:
                took = self.stop()
                assert took < AT_ONCE, took
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
