"""fairgate as its chart installs it: a release of helm's in the real API server. The Deployment's pods are simulated as all
others; for as many as a story asks for a process runs just as the pod's template says, but for the addresses at which it
listens, and the Service's address, of loopback, leads to them."""

import json
import os
import subprocess
import time

import yaml

from container import Container
from control_plane import ROOT, Failed, end_with_us, free_ports, wait_until
from link import Link
from replicas import Replicas
from webhook import FAIRGATE, Webhook

CHART = os.path.join(ROOT, "charts/fairgate")
NAMESPACE = "fairgate"


class Pod(Webhook):
    """One of the Deployment's."""

    def begin(self, name):
        template = json.loads(self.plane.kubectl("get", "deployment", "-n", NAMESPACE, "fairgate", "-o", "json")[1])["spec"]["template"]
        self.container = Container(self.plane, name, NAMESPACE, template, self.program, self.on_loopback)
        return self.container.start()

    def on_loopback(self, words):
        """Where a pod has an address of its own."""
        places = {"--listen=:8443": f"--listen={self.listen}", "--admin=:8080": "--admin=127.0.0.1:0"}
        if not set(places) <= set(words):
            raise Failed(f"the Deployment says other addresses: {words}")
        return [places.get(word, word) for word in words]

    def stop(self):
        if self.process is not None:
            self.container.volumes.stop()
        super().stop()


class Release(Replicas):
    """Installed with a story's values."""

    def __init__(self, plane, values, count):
        Webhook.__init__(self, plane)
        self.replicas = [Pod(plane, f"pod-{number}") for number in range(1, count + 1)]
        self.each_asked, self.fronts = False, []
        self.values = values  # None: the story installs it
        built = subprocess.run([os.path.join(ROOT, "tests/chart/build.sh")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               check=False, preexec_fn=end_with_us)
        if built.returncode:
            raise Failed("helm was not built")
        self.programs = built.stdout.decode().strip()
        link = os.path.join(plane.folder("bin"), "helm")
        if not os.path.lexists(link):
            os.symlink(os.path.join(self.programs, "helm"), link)
        plane.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", seconds=120)  # that of the story before may still be going

    def helm(self, *arguments):
        done = subprocess.run(["helm", *arguments], env=self.plane.environment(self.plane.kubeconfig("admin", folder="own")),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        if done.returncode:
            raise Failed(f"helm {' '.join(arguments)}:\n{done.stdout.decode()}")
        return done.stdout.decode()

    def environment(self):
        return {**super().environment(), "CHART": CHART, "CHART_CRDS": os.path.join(self.programs, "crds")}

    # ---- as Replicas

    def use(self, folder):
        """The policy set is the release's."""

    def start(self, name=None):
        if not self.fronts:
            self.install()
        for replica in self.replicas:
            replica.start()
        self.direct()

    def start_unready(self, is_expected):
        self.replicas[0].start_unready(is_expected)

    def install(self):
        if self.values is not None:
            self.install_release()
        self.run_jobs()
        address = self.plane.kubectl("get", "service", "-n", NAMESPACE, "fairgate", "-o", "jsonpath={.spec.clusterIP}")[1]
        self.fronts = [Link(address=f"{address}:443")]

    def install_release(self):
        """What fairgate finds in every other story is given over to the release."""
        with open(self.values, encoding="utf-8") as file:
            certificates = yaml.safe_load(file).get("certificates", {})
        more = ()
        self.plane.kubectl("create", "namespace", NAMESPACE)
        self.plane.kubectl("label", "namespace", NAMESPACE, *(f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")))
        if certificates.get("method") == "existing":
            more = "--set-file", f"certificates.existing.caBundle={self.make_certificate(certificates['existing']['secretName'])}"
        self.helm("install", "fairgate", CHART, "-n", NAMESPACE, "--take-ownership", "-f", self.values, *more)

    def make_certificate(self, secret):
        """The Secret that is there already; whom to trust."""
        folder = os.path.join(self.plane.folder("issued"), f"{secret}-{time.monotonic_ns()}")
        subprocess.run([FAIRGATE, "certs", "issue", "--dir", folder], check=True, stdout=subprocess.DEVNULL)
        self.plane.kubectl("create", "secret", "tls", "-n", NAMESPACE, secret,
                           f"--cert={folder}/tls.crt", f"--key={folder}/tls.key")
        return os.path.join(folder, "ca.crt")

    def run_jobs(self):
        """What the pods of Jobs do, which are simulated."""
        for job in json.loads(self.plane.kubectl("get", "jobs", "-n", NAMESPACE, "-o", "json")[1])["items"]:
            Container(self.plane, job["metadata"]["name"], NAMESPACE, job["spec"]["template"], FAIRGATE).run()

    def change_authority(self, settle):
        """All steps to a new CA, each as the CronJob's pod takes it."""
        template = json.loads(self.plane.kubectl("get", "cronjob", "-n", NAMESPACE, "fairgate-certificates", "-o", "json")[1])[
            "spec"]["jobTemplate"]["spec"]["template"]
        told = []

        def take(*options):
            told.append(Container(self.plane, f"certificates-{len(told)}", NAMESPACE, template, FAIRGATE,
                                  lambda words: [*words, "--settle", settle, *options]).run())
            return "next:" not in told[-1]

        take("--new-ca")
        wait_until("the new CA alone", take, 300, 1)
        return "".join(told)

    def run_tests(self):
        """What `helm test` runs."""
        for hook in yaml.safe_load_all(self.helm("get", "hooks", "fairgate", "-n", NAMESPACE)):
            for number, container in enumerate(hook["spec"]["containers"]):
                Container(self.plane, f"test-{container['name']}", NAMESPACE, hook, FAIRGATE, number=number).run()

    def register(self):
        wait_until("webhooks in force", lambda: len(self.is_asked()) == 2)
        self.run_tests()

    def withdraw(self):
        if self.plane.kubectl("get", "secret", "-n", NAMESPACE, "-l", "owner=helm", "-o", "name", check=False)[1]:
            self.helm("uninstall", "fairgate", "-n", NAMESPACE)
        for kind in ("mutating", "validating"):
            self.plane.kubectl("delete", "--ignore-not-found", f"{kind}webhookconfiguration/fairgate")
        self.plane.apply_access()
        wait_until("webhooks withdrawn", self.probe)
