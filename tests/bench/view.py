#!/usr/bin/env python3
"""The live view of a large cluster: memory, the first list, and how soon an event counts.

An API server of Python's shows PODS (100,000) pods in NAMESPACES (5,000) namespaces and NODES
(1,000) nodes; one pod in five asks for GPUs, no two workloads of four pods for the same, and every
tenant caps GPUs, cpu and memory, so that all pods count. Measured: what fairgate takes to list the pods beside a plain client that reads the same
pages, and beside kubectl where KUBECTL names one (minutes); resident memory; memory and time of a second list
(410 Gone); how long after an event of the watch a decision knows of it, with and without RATE
(1,000) other events a second; the processor time of both. Ends with one line of JSON."""

import contextlib
import copy
import http.client
import json
import multiprocessing
import os
import queue
import random
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/server"))
from fake_api import FakeApi  # pylint: disable=wrong-import-position
from fake_cluster import USAGES, usage  # pylint: disable=wrong-import-position
from serving import Server, pod, review, scratch, write  # pylint: disable=wrong-import-position

PODS = int(os.environ.get("PODS", "100000"))
NAMESPACES = int(os.environ.get("NAMESPACES", "5000"))
NODES = int(os.environ.get("NODES", "1000"))
EVENTS = int(os.environ.get("EVENTS", "1000"))
RATE = int(os.environ.get("RATE", "1000"))
KUBECTL = os.environ.get("KUBECTL")
TENANTS, PAGE = 50, 500
TARGETS = {"steadyMiB": 64, "peakMiB": 128, "secondPeakMiB": 128, "listOfPlain": 2, "delay": 100,
           "delayBusy": 100}

CLUSTER = """\
apiVersion: fairgate.dev/v1alpha1
kind: Cluster
metadata: {name: bench}
spec: {admins: {users: [admin]}}
"""
TENANT = """\
---
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: %s}
spec:
  gpus: {guaranteed: %d}
  resources: {cpu: 10M, memory: 4Ei}
"""


def policies():
    tenants = [TENANT % (f"team-{i}", 10 ** 9) for i in range(TENANTS)] + [TENANT % ("probe", 1)]
    return os.path.dirname(write(os.path.join(scratch(), "policies/all.yaml"),
                                 CLUSTER + "".join(tenants)))


# ---- what the API server shows

def recorded(name, member):
    with open(os.path.join(ROOT, "tests/reviews", name), encoding="utf-8") as file:
        return json.load(file)["request"][member]


def running(template):
    """A recorded pod as it is listed once it runs; @... is replaced for each pod."""
    template = copy.deepcopy(template)
    now = "2026-11-21T08:00:00Z"
    containers = template["spec"]["containers"]
    template["metadata"].update(name="@NAME", namespace="@NAMESPACE", uid="@UID",
                                resourceVersion="@VERSION", generateName="@OWNER-")
    template["metadata"].setdefault("labels", {})["app.kubernetes.io/instance"] = "@OWNER"
    template["metadata"]["ownerReferences"] = [{
        "apiVersion": "batch/v1", "kind": "Job", "name": "@OWNER", "uid": "@OWNERUID",
        "controller": True, "blockOwnerDeletion": True}]
    for container in containers:
        requests = container["resources"].setdefault("requests", {})
        requests.update(cpu="@CPU", memory=requests.get("memory", "512Mi"))
    template["spec"]["nodeName"] = "@NODE"
    template["status"] = {
        "phase": "Running", "hostIP": "10.0.0.1", "podIP": "10.128.0.1", "qosClass": "Burstable",
        "podIPs": [{"ip": "10.128.0.1"}], "startTime": now,
        "conditions": [{"type": kind, "status": "True", "lastProbeTime": None,
                        "lastTransitionTime": now} for kind in
                       ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady",
                        "PodScheduled")],
        "containerStatuses": [{
            "name": container["name"], "image": container["image"], "ready": True,
            "started": True, "restartCount": 0, "lastState": {},
            "imageID": f"{container['image']}@sha256:{'0123456789abcdef' * 4}",
            "containerID": "containerd://" + "fedcba9876543210" * 4,
            "state": {"running": {"startedAt": now}}} for container in containers]}
    return json.dumps(template, separators=(",", ":"))


class Cluster:
    """Lists as bytes, made once, and watches that are told what to send."""

    def __init__(self):
        self.templates = (
            running(recorded("0062-validate-UPDATE-pods-research-train-0.json", "oldObject")),
            running(recorded("0042-validate-CREATE-pods-serving-store-0.json", "object")))
        self.queues = {kind: queue.Queue() for kind in ("pods", "namespaces", "nodes")}
        self.version = PODS + 10
        self.random = random.Random(1)
        names = [f"{i:05}" for i in range(NAMESPACES)]
        namespaces = [self.namespace(f"project-{name}", f"team-{i % TENANTS}")
                      for i, name in enumerate(names)] + [self.namespace("probe", "probe")]
        nodes = [json.dumps({"metadata": {"name": self.node_name(i), "resourceVersion": "1", "labels": {
            "kubernetes.io/hostname": self.node_name(i), "kubernetes.io/arch": "amd64",
            **{f"feature.node.kubernetes.io/cpu-{j}": "true" for j in range(40)}}}})
            for i in range(NODES)]
        self.pages = {"/api/v1/pods": self.cut([self.pod(i) for i in range(PODS)]),
                      "/api/v1/namespaces": self.cut(namespaces),
                      "/api/v1/nodes": self.cut(nodes),
                      "/apis/scheduling.k8s.io/v1/priorityclasses": self.cut([]),
                      USAGES: self.cut([self.usage(f"team-{i}") for i in range(TENANTS)] + [self.usage("probe")])}

    @staticmethod
    def node_name(number):
        return f"gpu-node-{number % NODES:05}.example.internal"

    @staticmethod
    def namespace(name, tenant, version=1):
        return json.dumps({"metadata": {"name": name, "resourceVersion": str(version), "labels": {
            "kubernetes.io/metadata.name": name, "fairgate.dev/tenant": tenant,
            "pod-security.kubernetes.io/enforce": "restricted"}}, "status": {"phase": "Active"}})

    @staticmethod
    def usage(name):
        known = usage(name)
        known["metadata"]["resourceVersion"] = "1"
        return json.dumps(known)

    def pod(self, number, version=None, node=None):
        owner = f"training-run-{number // 4:05}"
        texts = {"CPU": f"{1000 + number // 4}m", "NAMESPACE": f"project-{number % NAMESPACES:05}",
                 "NODE": self.node_name(node or number),
                 "NAME": f"{owner}-{number % 4}-{number:05x}", "OWNER": owner,
                 "UID": f"6f1c2a9e-0000-4000-8000-{number:012x}",
                 "OWNERUID": f"6f1c2a9e-0000-4000-9000-{number // 4:012x}",
                 "VERSION": str(version or number + 1)}
        return re.sub("@([A-Z]+)", lambda found: texts[found.group(1)],
                      self.templates[number // 4 % 5 != 0])

    @staticmethod
    def cut(items):
        pages = []
        for at in range(0, len(items) or 1, PAGE):
            more = {"continue": str(at // PAGE + 1)} if at + PAGE < len(items) else {}
            head = json.dumps({"kind": "List", "apiVersion": "v1",
                               "metadata": {"resourceVersion": str(PODS + 1), **more}})
            pages.append((head[:-1] + ',"items":[' + ",".join(items[at:at + PAGE]) + "]}").encode())
        return pages

    DISCOVERY = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
            {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod",
             "verbs": ["get", "list", "watch"], "shortNames": ["po"]}]}}

    def step(self, call):
        path = call.query["path"]
        if path in self.DISCOVERY:
            call.body(json.dumps(self.DISCOVERY[path]))
        elif call.command == "PUT":
            self.put(call)
        elif path not in self.pages:
            call.fail(404, "not found", "NotFound")
        elif "watch" in call.query:
            self.watch(call, path.rsplit("/", 1)[1])
        else:
            call.body(self.pages[path][int(call.query.get("continue", "0"))])

    @staticmethod
    def put(call):
        """Of a TenantUsage, which has one writer."""
        written = json.loads(call.content)
        written["metadata"]["resourceVersion"] = str(int(written["metadata"]["resourceVersion"]) + 1)
        call.body(json.dumps(written))

    def watch(self, call, kind):
        """What is in the queue; None: the watch has expired."""
        mine = self.queues.get(kind) or queue.Queue()
        until = time.monotonic() + float(call.query["timeoutSeconds"])
        call.begin()
        while time.monotonic() < until and not call.server.fake.over.is_set():
            with contextlib.suppress(queue.Empty):
                text = mine.get(timeout=0.2)
                if text is None:
                    call.event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})
                    break
                call.write(text)
        call.end()

    def send(self, kind, event, text):
        self.queues[kind].put(f'{{"type":"{event}","object":{text}}}\n')

    def send_others(self, count):
        """Pods that were moved to other nodes: each event changes what is kept."""
        self.version += 1
        self.queues["pods"].put("".join(
            f'{{"type":"MODIFIED","object":'
            f'{self.pod(self.random.randrange(PODS), self.version, self.random.randrange(NODES))}}}\n'
            for _ in range(count)))


def api_server(pipe):
    """The process of the API server; it does as it is told."""
    cluster, others = Cluster(), threading.Event()

    def keep_sending():
        due = time.monotonic()
        while others.is_set():
            cluster.send_others(RATE // 100)
            due += 0.01
            time.sleep(max(0, due - time.monotonic()))

    with FakeApi(cluster.step) as api:
        pipe.send((api.kubeconfig(), api.certs, api.port, len(cluster.templates[0]),
                   sum(len(page) for page in cluster.pages["/api/v1/pods"])))
        for order, *rest in iter(pipe.recv, ("end",)):
            if order == "others":
                others.set()
                threading.Thread(target=keep_sending, daemon=True).start()
            elif order == "quiet":
                others.clear()
            elif order == "expire":
                cluster.queues["pods"].put(None)
            else:
                cluster.send(order, *rest)


# ---- measuring

def proc(server, name):
    with open(f"/proc/{server.process.pid}/{name}", encoding="ascii") as file:
        return file.read()


def memory(server, field="VmRSS"):
    """MiB."""
    return int(re.search(rf"{field}:\s+(\d+)", proc(server, "status")).group(1)) / 1024


def cpu(server):
    """Seconds of processor used so far."""
    fields = proc(server, "stat").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share_of_core(server, seconds):
    before, started = cpu(server), time.monotonic()
    time.sleep(seconds)
    return (cpu(server) - before) / (time.monotonic() - started)


def plain_list(certs, port):
    """Seconds that a client takes that reads every page and looks at no pod."""
    context = ssl.create_default_context(cafile=os.path.join(certs, "ca.crt"))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    started, more = time.monotonic(), b""
    while more is not None:
        connection.request("GET", f"/api/v1/pods?limit={PAGE}"
                           + (f"&continue={more.decode()}" if more else ""))
        body = connection.getresponse().read()
        found = re.search(rb'"continue": "(\d+)"', body[:500])
        more = found.group(1) if found else None
    connection.close()
    return time.monotonic() - started


def kubectl_list(kubeconfig):
    """Seconds of `kubectl get pods -A`."""
    started = time.monotonic()
    subprocess.run([KUBECTL, "--kubeconfig", kubeconfig, "get", "pods", "-A"], check=True,
                   stdout=subprocess.DEVNULL, env={"HOME": scratch()})
    return time.monotonic() - started


def wait_for_list(server):
    while True:
        line = server.wait_for_log("listed", 300)
        if line["resource"] == "pods":
            return int(line["milliseconds"]) / 1000


class Probe:
    """Waits until a decision knows what was sent."""

    def __init__(self, server, pipe):
        self.server, self.pipe = server, pipe
        self.connection = server.http()
        self.version = 10 ** 9
        self.body = json.dumps(review(pod("probe", 1, "probe"), dry_run=True)).encode()

    def is_allowed(self):
        return self.server.validate(self.body, self.connection)["allowed"]

    def until(self, wanted, *order):
        """Milliseconds from the event to the first decision that knows it."""
        assert self.is_allowed() != wanted
        started = time.monotonic()
        self.pipe.send(order)
        while self.is_allowed() != wanted:
            assert time.monotonic() < started + 30, order
        return (time.monotonic() - started) * 1000

    def holder(self):
        self.version += 1
        held = pod("holder", 1, "probe", "6f1c2a9e-0000-4000-8000-ffffffffffff")
        held["metadata"]["resourceVersion"] = str(self.version)
        return json.dumps(held)

    def namespace(self, tenant):
        self.version += 1
        return Cluster.namespace("probe", tenant, self.version)

    def delays(self, count):
        """Of a pod that comes and goes, and of a namespace that changes its tenant to one with
        room and back."""
        found = []
        for _ in range(count // 4):
            found.append(self.until(False, "pods", "ADDED", self.holder()))
            found.append(self.until(True, "namespaces", "MODIFIED", self.namespace("team-1")))
            found.append(self.until(False, "namespaces", "MODIFIED", self.namespace("probe")))
            found.append(self.until(True, "pods", "DELETED", self.holder()))
        quantiles = statistics.quantiles(found, n=100)
        return {"p50": quantiles[49], "p99": quantiles[98], "most": max(found)}


def measure(server, pipe, kubeconfig, found):
    """All but the first list."""
    time.sleep(3)
    found["steadyMiB"] = memory(server)
    found["idleCore"] = share_of_core(server, 5)
    probe = Probe(server, pipe)
    found["delay"] = probe.delays(EVENTS)
    pipe.send(("others",))
    time.sleep(1)
    found["busyCore"] = share_of_core(server, 5)
    found["delayBusy"] = probe.delays(EVENTS)
    pipe.send(("quiet",))
    time.sleep(1)
    found["afterEventsMiB"] = memory(server)
    write(f"/proc/{server.process.pid}/clear_refs", "5")  # the peak begins anew
    pipe.send(("expire",))
    found["secondListSeconds"] = wait_for_list(server)
    found["secondPeakMiB"] = memory(server, "VmHWM")
    time.sleep(3)
    found["afterSecondMiB"] = memory(server)
    if KUBECTL:
        found["kubectlSeconds"] = kubectl_list(kubeconfig)
        found["listOfKubectl"] = found["listSeconds"] / found["kubectlSeconds"]


def report(found, size, total):
    print(f"{PODS} pods of {size} bytes where they ask for GPUs, {total / 2**20:.0f} MiB as listed; "
          f"{NAMESPACES} namespaces, {NODES} nodes")
    for name, value in found.items():
        target = f"   (to be reached: {TARGETS[name]})" if name in TARGETS else ""
        text = json.dumps({key: round(one, 2) for key, one in value.items()}) \
            if isinstance(value, dict) else f"{value:.2f}"
        print(f"  {name:20}{text}{target}")
    print(json.dumps(found))


def main():
    pipe, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=api_server, args=(theirs,), daemon=True)
    found = {}
    child.start()
    try:
        kubeconfig, certs, port, size, total = pipe.recv()
        plain = [plain_list(certs, port) for _ in range(3)]
        found["plainListSeconds"] = statistics.median(plain)
        with Server("--kubeconfig", kubeconfig, folder=policies(), has_state=False,
                    certs=certs) as server:
            found["listSeconds"] = wait_for_list(server)
            found["listCpuSeconds"] = cpu(server)
            found["listOfPlain"] = found["listSeconds"] / found["plainListSeconds"]
            found["peakMiB"] = memory(server, "VmHWM")
            measure(server, pipe, kubeconfig, found)
        report(found, size, total)
    finally:
        pipe.send(("end",))
        child.join(10)
        shutil.rmtree(scratch(), ignore_errors=True)


main()
