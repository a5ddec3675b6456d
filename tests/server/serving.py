"""What the tests of the server share: a policy set, reviews, and a server that is always stopped."""

import contextlib
import functools
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAIRGATE = os.environ.get("FAIRGATE", os.path.join(ROOT, "build/fairgate"))
CAP = 5  # GPUs of the tenant
PATIENCE = 120  # seconds for what must come, on a busy machine too

CLUSTER = """\
apiVersion: fairgate.dev/v1alpha1
kind: Cluster
metadata: {name: test}
spec:
  admins: {users: [admin], groups: ["system:masters"]}
"""
TENANT = """\
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: team-a}
spec:
  namespaces: [team-a]
  gpus: {guaranteed: %s}
"""
STATE = {"apiVersion": "v1", "kind": "List", "items": [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}]}


@functools.lru_cache(maxsize=None)
def scratch():
    """A folder that goes when the tests end."""
    path = tempfile.mkdtemp(prefix="fairgate-test-")
    _SCRATCHES.append(path)
    return path


_SCRATCHES = []
_TESTS = []


@functools.lru_cache(maxsize=None)
def certificates(name="certs"):
    folder = os.path.join(scratch(), name)
    subprocess.run([os.path.join(ROOT, "certs/make-dev-certs.sh"), folder], check=True,
                   stdout=subprocess.DEVNULL)
    return folder


def spoil_key(path):
    """The private half of a P-256 key becomes another one's: the certificate is still that of its public half, which verifies nothing
    that it signs."""
    with open(path, encoding="utf-8") as file:
        key = bytearray(ssl.PEM_cert_to_DER_cert(file.read().replace("PRIVATE KEY", "CERTIFICATE")))
    mark = bytes.fromhex("0201010420")  # version 1, and a text of 32 bytes: the private half
    key[key.index(mark) + len(mark) + 31] ^= 1
    write(path, ssl.DER_cert_to_PEM_cert(bytes(key)).replace("CERTIFICATE", "PRIVATE KEY"))


def weak(folder):
    """A pair that fits, and that OpenSSL uses for nothing."""
    os.makedirs(folder)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-noenc", "-subj", "/CN=weak",
                    "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"], check=True, capture_output=True)
    return folder


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def policies(guaranteed=CAP):
    folder = tempfile.mkdtemp(prefix="policies-", dir=scratch())
    write(os.path.join(folder, "cluster.yaml"), CLUSTER)
    write(os.path.join(folder, "tenant.yaml"), TENANT % guaranteed)
    return folder


def state():
    return write(os.path.join(scratch(), "state.json"), json.dumps(STATE))


# ---- reviews

def pod(name, gpus=0, namespace="team-a", uid=None):
    resources = {"limits": {"nvidia.com/gpu": str(gpus)}, "requests": {"nvidia.com/gpu": str(gpus)}}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "uid": uid or str(uuid.uuid4())},
            "spec": {"containers": [{"name": "main", "image": "registry.example.com/app:1",
                                     "resources": resources if gpus else {}}]}}


def review(obj, operation="CREATE", dry_run=False):
    meta = obj["metadata"]
    group, _, version = obj["apiVersion"].rpartition("/")
    kind = {"group": group, "version": version, "kind": obj["kind"]}
    resource = {"group": group, "version": version, "resource": obj["kind"].lower() + "s"}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": str(uuid.uuid4()),
        "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
        "name": meta["name"], "namespace": meta["namespace"], "operation": operation,
        "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
        "object": None if operation == "DELETE" else obj,
        "oldObject": obj if operation == "DELETE" else None,
        "dryRun": dry_run, "options": None}}


# ---- the server

class Server:
    """`fairgate serve` on free loopback ports; `with` it. `within` is a command that runs it. One that `waits` for its files is not
    waited for."""

    def __init__(self, *arguments, folder=None, has_state=True, certs=None, within=(), waits=False,  # pylint: disable=too-many-arguments
                 listen="127.0.0.1:0"):
        certs = certs or certificates()
        self.certs = certs
        self.folder = folder or policies()
        command = [FAIRGATE, "serve", "--policies", self.folder,
                   "--tls-cert", os.path.join(certs, "server.crt"),
                   "--tls-key", os.path.join(certs, "server.key"),
                   "--listen", listen, "--admin", "127.0.0.1:0"]
        if has_state:
            command += ["--state", state()]
        if "--drain-grace" not in arguments:
            command += ["--drain-grace", "0s"]
        self.process = subprocess.Popen([*within, *command, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []  # of stderr
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.address = self.admin = None
        try:
            if waits:
                self.admin = address(self.wait_for_log("not ready until these files can be used")["admin"])
            else:
                self.wait_until_serving()
        except BaseException:
            self._end()
            raise

    def wait_until_serving(self):
        line = self.wait_for_log("serving")
        self.address = address(line["listen"])
        self.admin = address(line["admin"])

    def _read(self):
        for line in self.process.stderr:
            with self._changed:
                self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self.lines.append(None)
            self._changed.notify_all()

    def wait_for_log(self, message, seconds=PATIENCE):
        """The next line with that message that no call has seen yet."""
        seen = getattr(self, "_seen", 0)
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for at in range(seen, len(self.lines)):
                    if self.lines[at] is None:
                        raise AssertionError("the server ended:\n" + self.errors())
                    line = parsed(self.lines[at])
                    if line.get("message") == message:
                        self._seen = at + 1
                        return line
                if not self._changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"no log line \"{message}\":\n" + self.errors())

    def errors(self):
        return "\n".join(line for line in self.lines if line is not None)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ends it as Kubernetes does; what it wrote must be log lines, and its exit code 0."""
        if self.process.returncode is None:
            self.signal(signal.SIGTERM)
            self.wait()
        return self

    def wait(self):
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"still there after {PATIENCE} s:\n" + self.errors()) from late
        self._reader.join(PATIENCE)
        for line in self.lines:
            assert line is None or parsed(line), "not a log line: " + self.errors()
        assert self.process.returncode == 0, f"exit {self.process.returncode}:\n" + self.errors()

    def _end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.stop()
        finally:
            self._end()
            self.process.stdout.close()

    # ---- talking to it

    def context(self, client=None):
        context = ssl.create_default_context(cafile=os.path.join(self.certs, "ca.crt"))
        if client:
            context.load_cert_chain(os.path.join(client, "client.crt"),
                                    os.path.join(client, "client.key"))
        return context

    def connect(self, context=None, timeout=PATIENCE):
        """A TLS socket."""
        plain = socket.create_connection(self.address, timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise

    def http(self, context=None, timeout=PATIENCE):
        """A keep-alive connection."""
        return http.client.HTTPSConnection("localhost", self.address[1], timeout=timeout,
                                           context=context or self.context())

    def post(self, path, body, connection=None):
        """(status, headers, body) of one request."""
        return self.request("POST", path, body, connection)

    def request(self, method, path, body=None, connection=None):
        mine = connection or self.http()
        try:
            if isinstance(body, dict):
                body = json.dumps(body).encode()
            mine.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = mine.getresponse()
            return response.status, response.headers, response.read()
        finally:
            if not connection:
                mine.close()

    def validate(self, body, connection=None, path="/validate"):
        """The response of a review that must be answered."""
        status, headers, answer = self.post(path, body, connection)
        assert status == 200, (status, answer)
        assert headers["Content-Type"] == "application/json", headers["Content-Type"]
        answer = json.loads(answer)
        assert answer["kind"] == "AdmissionReview", answer
        if isinstance(body, dict):
            assert answer["response"]["uid"] == body["request"]["uid"], answer
        return answer["response"]

    def ask(self, path, method="GET"):
        """(status, headers, text) of the admin listener."""
        connection = http.client.HTTPConnection(*self.admin, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()

    def metrics(self):
        """{'name{labels}': value}"""
        status, _, text = self.ask("/metrics")
        assert status == 200, status
        return dict(re.match(r"(\S+?(?:\{.*\})?) (\S+)$", line).groups()
                    for line in text.splitlines() if not line.startswith("#"))


def address(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def parsed(line):
    """A log line as a dict; {} where it is none."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def request_bytes(path, body, more=b""):
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    return (b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s"
            b"Content-Length: %d\r\n\r\n" % (path.encode(), more, len(body))) + body


def read_response(file):
    """(status, headers, body) from a socket's file; None where it ended before."""
    line = file.readline()
    if not line:
        return None
    headers = http.client.parse_headers(file)
    return int(line.split()[1]), headers, file.read(int(headers.get("Content-Length", 0)))


def run(*arguments, **options):
    """A call that ends by itself: (exit code, stdout, stderr)."""
    done = subprocess.run([FAIRGATE, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=PATIENCE, check=False, text=True, **options)
    return done.returncode, done.stdout, done.stderr


def in_threads(count, function):
    """function(i) in so many threads at once; their results in order, or the first one's error."""
    results, errors = [None] * count, []

    def one(at):
        try:
            results[at] = function(at)
        except BaseException as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=one, args=(at,), daemon=True) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


# ---- tests

def test(function):
    _TESTS.append(function)
    return function


def with_folder(function):
    """A test that is given an empty folder of its own."""
    @functools.wraps(function)
    def in_folder():
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            function(folder)

    return test(in_folder)


def expect(what, got, wanted):
    assert got == wanted, f"{what}: expected {wanted!r}, got {got!r}"


def main():
    """Runs what @test marks; argv narrows by name."""
    failed = 0
    try:
        for function in _TESTS:
            if len(sys.argv) > 1 and not any(word in function.__name__ for word in sys.argv[1:]):
                continue
            try:
                function()
                print(f"ok {function.__name__}", flush=True)
            except BaseException:  # pylint: disable=broad-except
                failed += 1
                print(f"not ok {function.__name__}\n{traceback.format_exc()}", flush=True)
    finally:
        for path in _SCRATCHES:
            shutil.rmtree(path, ignore_errors=True)
    sys.exit(1 if failed else 0)
