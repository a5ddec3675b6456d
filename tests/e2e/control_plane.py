"""A control plane on free loopback ports: etcd, kube-apiserver, controller-manager, scheduler, and kwok,
whose nodes and kubelets are simulated. Everything started here is ended here, by process id."""

import contextlib
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

# user -> (groups, what Kubernetes' own RBAC lets it do). Tenants' rights come with their namespaces.
USERS = {
    "admin": ["system:masters"],  # also an admin of fairgate, by its default
    "operator": ["operators"],    # may do everything to Kubernetes, and is no admin of fairgate
    "alice": ["tenants"],
    "bob": ["tenants"],
    "carol": ["tenants"],
    "fairgate": ["fairgate"],     # what charts/fairgate/access gives
    "kwok": ["system:masters"],
    "system:kube-controller-manager": [],
    "system:kube-scheduler": [],
}


class Failed(Exception):
    """Something of the control plane, or of a step, is not as it must be; the text is for people."""


def wait_until(what, condition, seconds=120, pause=0.1):
    """What `condition` returns as soon as that is true. The bound is for what never comes, on a busy machine too."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(pause)


def free_ports(count):
    """Below the range that outgoing connections take theirs from."""
    ports = []
    for port in random.sample(range(20000, 30000), 10000):
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise Failed("no free ports on loopback")


def end_with_us():
    """In the child: it is killed if we die without having ended it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program that runs until it is stopped; what it writes goes to its log."""

    def __init__(self, name, command, log):
        self.name, self.log = name, log
        with open(log, "ab") as file:
            self.started_at = file.tell()
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True, preexec_fn=end_with_us)

    def written(self):
        """What this run of it wrote to its log."""
        with open(self.log, "rb") as file:
            file.seek(self.started_at)
            return file.read().decode("utf-8", "backslashreplace")

    def must_run(self):
        if self.process.poll() is not None:
            tail = "\n".join(self.written().splitlines()[-10:])
            raise Failed(f"{self.name} ended with {self.process.returncode}:\n{tail}")
        return True

    def ask_to_end(self):
        if self.process.poll() is None:
            self.process.terminate()

    def stop(self, seconds=10):
        """Its exit status; killed, it is negative. With 0 s it is killed."""
        if seconds:
            self.ask_to_end()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class ControlPlane:
    """`with` it: it runs inside. Its files are below `work`, its programs in `programs`."""

    def __init__(self, programs, work):
        self.programs, self.work = programs, work
        self.logs = self.folder("logs")
        self.certs = os.path.join(work, "certs")
        self.processes = []
        etcd, peer, server = free_ports(3)
        self.etcd, self.peer = (f"http://127.0.0.1:{port}" for port in (etcd, peer))
        self.server_port = server
        self.server = f"https://127.0.0.1:{server}"
        # Addresses of loopback, at which something can be that stands for a Service's pods.
        self.services = f"127.{random.randint(64, 250)}.{random.randint(0, 255)}.0/24"
        self.options = []  # of kube-apiserver, beside those that it always has
        self.tokens = {user: f"{random.SystemRandom().getrandbits(128):032x}" for user in USERS}

    # ---- files

    def folder(self, name):
        path = os.path.join(self.work, name)
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def write(self, name, content):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        return path

    def kubeconfig(self, user, namespace="default", folder="kubeconfigs", server=None):
        """Its path; written anew. `server` is another address of the API server."""
        return self.write(f"{folder}/{user}.json", json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "e2e",
            "clusters": [{"name": "e2e", "cluster": {
                "server": server or self.server,
                "certificate-authority": os.path.join(self.certs, "ca.crt")}}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": "e2e", "context": {
                "cluster": "e2e", "user": user, "namespace": namespace}}],
        }))

    # ---- programs

    def program(self, name):
        return os.path.join(self.programs, name)

    def environment(self, kubeconfig):
        """For kubectl and what calls it."""
        return {**os.environ, "PATH": f"{self.folder('bin')}:{os.environ['PATH']}",
                "KUBECONFIG": kubeconfig, "KUBECACHEDIR": os.path.join(self.work, "kubectl-cache"),
                **{f"HELM_{each}_HOME": os.path.join(self.work, f"helm/{each}") for each in ("CACHE", "CONFIG", "DATA")},
                "KUBECTL_KUBERC": "false", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def start_program(self, name, *arguments):
        process = Process(name, [self.program(name), *arguments], os.path.join(self.logs, name + ".log"))
        self.processes.append(process)
        return process

    def kubectl(self, *arguments, stdin=None, check=True, seconds=120):
        """As admin: (exit status, stdout); a failure raises unless it may be."""
        done = subprocess.run(
            [self.program("kubectl"), *arguments], env=self.environment(self.kubeconfig("admin", folder="own")),
            input=stdin.encode() if stdin else None, capture_output=True, timeout=seconds, check=False,
            stdin=None if stdin else subprocess.DEVNULL)
        if check and done.returncode:
            raise Failed(f"kubectl {' '.join(arguments)}: {done.stderr.decode().strip()}")
        return done.returncode, done.stdout.decode()

    # ---- start

    def start_etcd(self):
        process = self.start_program(
            "etcd", "--data-dir", self.folder("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
            "--listen-client-urls", self.etcd, "--advertise-client-urls", self.etcd,
            "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer,
            "--initial-cluster", f"default={self.peer}")
        wait_until("etcd", lambda: process.must_run() and self.listens(self.etcd))

    @staticmethod
    def listens(address):
        host, port = address.split("//")[1].split(":")
        with contextlib.closing(socket.socket()) as probe:
            return probe.connect_ex((host, int(port))) == 0

    def start_api_server(self):
        rows = "".join(f'{self.tokens[user]},{user},{user},"{",".join(groups)}"\n'
                       for user, groups in USERS.items())
        process = self.start_program(
            "kube-apiserver", "--etcd-servers", self.etcd,
            "--bind-address", "127.0.0.1", "--secure-port", str(self.server_port),
            "--tls-cert-file", os.path.join(self.certs, "server.crt"),
            "--tls-private-key-file", os.path.join(self.certs, "server.key"),
            "--token-auth-file", self.write("tokens.csv", rows), "--authorization-mode", "RBAC",
            "--allow-privileged", "--endpoint-reconciler-type", "none",
            "--service-cluster-ip-range", self.services,
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-signing-key-file", os.path.join(self.certs, "server.key"),
            "--service-account-key-file", os.path.join(self.certs, "server.crt"),
            "--feature-gates", "GenericWorkload=true",
            "--runtime-config", "scheduling.k8s.io/v1alpha2=true", *self.options)
        wait_until("kube-apiserver", lambda: process.must_run() and self.is_ready(), pause=0.3)

    def is_ready(self):
        return self.kubectl("get", "--raw", "/readyz", check=False)[0] == 0

    def start_controllers(self):
        kubeconfig = self.kubeconfig("system:kube-controller-manager")
        self.start_program(
            "kube-controller-manager", "--kubeconfig", kubeconfig, "--leader-elect=false",
            "--secure-port", "0", "--use-service-account-credentials",
            "--service-account-private-key-file", os.path.join(self.certs, "server.key"),
            "--kube-api-qps", "200", "--kube-api-burst", "400")
        config = self.write("scheduler.json", json.dumps({
            "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
            "leaderElection": {"leaderElect": False},
            "clientConnection": {"kubeconfig": self.kubeconfig("system:kube-scheduler"),
                                 "qps": 200, "burst": 400},
            "podMaxBackoffSeconds": 2}))
        self.start_program("kube-scheduler", "--config", config, "--secure-port", "0")
        stages = self.program("stages")
        self.start_program(
            "kwok", "--kubeconfig", self.kubeconfig("kwok"), "--manage-all-nodes", "--server-address", "",
            *(word for name in sorted(os.listdir(stages))
              for word in ("--config", os.path.join(stages, name))))

    def fill(self):
        """What every scenario finds there: what fairgate needs, and the cluster itself."""
        self.apply_access()
        self.kubectl("apply", "-f", os.path.join(HERE, "cluster"))
        wait_until("nodes that are ready", self.nodes_are_ready, pause=0.3)
        self.wait_for_service_accounts(["default"])

    def apply_access(self):
        """What fairgate needs of the API server."""
        chart = os.path.join(ROOT, "charts/fairgate")
        self.kubectl("apply", "-f", os.path.join(chart, "api"), "-f", os.path.join(chart, "access"))
        self.kubectl("wait", "--for=condition=Established", "--timeout=120s", "crd/tenantusages.fairgate.dev", seconds=130)

    def nodes_are_ready(self):
        for process in self.processes:
            process.must_run()
        nodes = json.loads(self.kubectl("get", "nodes", "-o", "json")[1])["items"]
        return nodes and not any(node["spec"].get("taints") for node in nodes)

    def wait_for_service_accounts(self, namespaces):
        """Without them no pod is admitted."""
        def are_there():
            accounts = self.kubectl("get", "serviceaccounts", "-A", "-o", "name", "--field-selector",
                                    "metadata.name=default", "-o",
                                    "jsonpath={.items[*].metadata.namespace}")[1].split()
            return set(namespaces) <= set(accounts)
        wait_until("default service accounts", are_there)

    def start(self):
        subprocess.run([os.path.join(ROOT, "certs/make-dev-certs.sh"), self.certs], check=True,
                       stdout=subprocess.DEVNULL)
        os.symlink(self.program("kubectl"), os.path.join(self.folder("bin"), "kubectl"))
        self.start_etcd()
        self.start_api_server()
        self.start_controllers()
        self.fill()

    # ---- end

    def api_server(self):
        return next((each for each in self.processes if each.name == "kube-apiserver"), None)

    def stop_api_server(self):
        """At once, with what is in flight. The rest goes on, and finds it when it is started again."""
        process = self.api_server()
        process.stop(0)
        self.processes.remove(process)

    def use(self, options):
        """kube-apiserver runs with these from now on."""
        if options != self.options:
            self.options = options
            self.stop_api_server()
            self.start_api_server()
            wait_until("resources of others", lambda: self.kubectl("get", "tenantusages", check=False)[0] == 0, pause=0.3)

    def stop(self):
        """The last one first, etcd alone after all that write to it."""
        for process in reversed(self.processes[1:]):
            process.ask_to_end()
        for process in reversed(self.processes):
            process.stop()
        self.processes = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


def programs():
    """The folder of the programs; builds what is missing, which is told on stderr."""
    with subprocess.Popen([os.path.join(HERE, "build.sh")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          start_new_session=True, preexec_fn=end_with_us) as build:
        try:
            folder = build.communicate()[0].decode().strip()
        except BaseException:  # it tidies up after itself, and all that it started ends with it
            os.killpg(build.pid, signal.SIGINT)
            raise
    if build.returncode:
        raise Failed("its programs were not built")
    return folder
