"""fairgate in front of a control plane: its process, and its registration with the API server."""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import urllib.error
import urllib.request

from control_plane import HERE, ROOT, Failed, Process, free_ports, wait_until
from link import Link

FAIRGATE = os.environ.get("FAIRGATE", os.path.join(ROOT, "build/fairgate"))
PROBE = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": {
    "containers": [{"name": "main", "image": "registry.example.com/probe:1"}]}})


class Webhook:
    """One fairgate after another, each on the port of the one before unless it takes over from it."""

    def __init__(self, plane, name="fairgate", link=None):
        self.plane, self.name = plane, name
        self.program = FAIRGATE
        self.listen = f"127.0.0.1:{free_ports(1)[0]}"
        self.policies = os.path.join(plane.work, "policies")
        self.certs = os.path.join(plane.work, "fairgate-certs")
        self.options = []  # of `fairgate serve`, beside those that it always has
        self.process, self.admin = None, None
        self.link = link or Link(plane.server_port)
        self.server = f"https://{self.link.address}"  # what it watches

    # ---- the process

    def port(self):
        return int(self.listen.rsplit(":", 1)[1])

    def use(self, folder):
        """Makes a copy of that folder the policy set; the certificate is the API server's again."""
        shutil.rmtree(self.policies, ignore_errors=True)
        shutil.copytree(folder, self.policies)
        shutil.copytree(self.plane.certs, self.certs, dirs_exist_ok=True)

    @staticmethod
    def is_ready(admin):
        try:
            with urllib.request.urlopen(f"http://{admin}/readyz", timeout=10):
                return True
        except OSError:  # it is not, or not yet, or has ended
            return False

    def begin(self, name):
        """Its process, under that name."""
        return Process(name, [
            self.program, "serve", "--policies", self.policies,
            "--tls-cert", os.path.join(self.certs, "server.crt"),
            "--tls-key", os.path.join(self.certs, "server.key"),
            "--listen", self.listen, "--admin", "127.0.0.1:0",
            "--audit-log", os.path.join(self.plane.logs, f"{self.name}-audit.log"),
            "--kubeconfig", self.plane.kubeconfig("fairgate", folder="own", server=self.server), *self.options],
            os.path.join(self.plane.logs, f"{name}.log"))

    def start(self, name=None):
        self.process = self.begin(name or self.name)
        self.admin = self.wait_for_log("serving")["admin"]
        wait_until("fairgate ready", lambda: self.is_ready(self.admin))

    def start_unready(self, is_expected):
        """What it says why it isn't ready, once that is as expected; it goes on trying."""
        self.process = self.begin(self.name)
        self.admin = wait_until("fairgate's admin address", self.find_admin)
        try:
            wait_until("fairgate not ready as expected", lambda: is_expected(self.unreadiness()))
        except Failed as failure:
            raise Failed(f"{failure}; it says:\n{self.unreadiness()}") from None

    def find_admin(self):
        found = re.findall(r'"admin":"([^"]+)"', self.process.written())
        return found[0] if found else self.process.must_run() and None

    def unreadiness(self):
        try:
            with urllib.request.urlopen(f"http://{self.admin}/readyz", timeout=10):
                return "ready"
        except urllib.error.HTTPError as answer:
            return answer.read().decode().rstrip()

    def environment(self):
        """For the scripts of stories."""
        if self.process is None:
            return {}
        return {"FAIRGATE_ADMIN": self.admin, "FAIRGATE_PID": str(self.process.process.pid),
                "FAIRGATE_CERTS": self.certs, "FAIRGATE_POLICIES": self.policies,
                "FAIRGATE_LOG": self.process.log, "ROOT": ROOT}

    def wait_for_log(self, message, times=1):
        """The line of its log with that message, the first one or a later one."""
        def find():
            lines = [json.loads(line) for line in self.process.written().splitlines(True)
                     if line.startswith("{") and line.endswith("\n")]
            lines = [line for line in lines if line.get("message") == message]
            return lines[times - 1] if len(lines) >= times else self.process.must_run() and None
        return wait_until(f'fairgate\'s log: "{message}"', find)

    def reload(self, folder):
        """Another policy set for the process that runs."""
        done = self.process.written().count('"policy set reloaded"')
        self.use(folder)
        self.process.process.send_signal(signal.SIGHUP)
        self.wait_for_log("policy set reloaded", done + 1)

    def replace(self):
        """As a Deployment is rolled out: another one is there and ready, the old one is told to end, and the API
        server hears of the change some time later. The old one ends when the last connection is gone."""
        old, admin = self.process, self.admin
        self.listen = f"127.0.0.1:{free_ports(1)[0]}"
        self.start("fairgate-new")
        old.ask_to_end()
        wait_until("the old fairgate not ready", lambda: not self.is_ready(admin))
        self.register()
        wait_until("the end of the old fairgate", lambda: old.process.poll() is not None, 300)
        if old.process.returncode != 0:
            raise Failed(f"the old fairgate ended with {old.process.returncode}")

    def stop(self):
        """The first signal makes it drain; the second ends it, since the API server keeps connections."""
        if self.process is None:
            return
        process = self.process
        if process.process.poll() is None:
            process.ask_to_end()
            self.wait_for_log("draining")
        self.process, self.admin = None, None
        status = process.stop(120)
        if status not in (0, 1):
            tail = "\n".join(process.written().splitlines()[-30:])
            raise Failed(f"fairgate ended with {status}:\n{tail}")

    def kill(self):
        """At the end, whatever state it is in."""
        self.link.stop()
        if self.process is not None:
            self.process.stop(0)
            self.process = None

    # ---- the registration

    def decisions(self):
        """How many answers each phase has given."""
        with contextlib.closing(urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=60)) as page:
            text = page.read().decode()
        counts = {"mutate": 0, "validate": 0}
        for phase, count in re.findall(r'^fairgate_decisions_total\{.*?phase="(\w+)".*?\} (\d+)', text, re.M):
            counts[phase] += int(count)
        return counts

    def is_asked(self):
        """By which phases the API server asks about a pod: none, or some of mutate and validate."""
        before = self.decisions()
        self.probe()
        after = self.decisions()
        return {phase for phase in after if after[phase] > before[phase]}

    def probe(self):
        """Whether a pod that nobody objects to could be created."""
        return self.plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=PROBE, check=False)[0] == 0

    def addresses(self):
        """Whom the API server asks, by the names of their configurations."""
        return {"fairgate": self.listen}

    def register(self):
        with open(os.path.join(self.plane.certs, "ca.crt"), "rb") as file:
            authority = base64.b64encode(file.read()).decode()
        with open(os.path.join(HERE, "webhooks.yaml"), encoding="utf-8") as file:
            text = file.read().replace("${CA}", authority)
        text = "\n---\n".join(text.replace("${NAME}", name).replace("${ADDRESS}", address)
                              for name, address in self.addresses().items())
        self.plane.kubectl("apply", "-f", self.plane.write("webhooks.yaml", text))
        wait_until("webhooks in force", lambda: len(self.is_asked()) == 2)

    def withdraw(self):
        """Nothing is asked any more, whether fairgate is there or not."""
        self.plane.kubectl("delete", "--ignore-not-found", *(
            f"{phase}webhookconfiguration/{name}" for phase in ("mutating", "validating") for name in self.addresses()))
        is_there = self.process is not None and self.process.process.poll() is None
        wait_until("webhooks withdrawn", lambda: not self.is_asked() if is_there else self.probe())
