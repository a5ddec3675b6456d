"""What each tenant holds at every instant, by etcd's own order of events, and whether that is ever more than its cap.

kube-apiserver has to store JSON for this (--storage-media-type)."""

import base64
import http.client
import json
import os
import threading
import time
import urllib.parse

PODS = "/registry/pods/"
WEIGHTS = {"nvidia.com/gpu": 28, "nvidia.com/mig-1g.10gb": 4, "nvidia.com/gpu.shared": 7}  # in 28ths of a GPU
CPUS = {"cpu": 1}


class Tenant:
    def __init__(self, name, weights, cap, guaranteed=None):
        """`guaranteed`: the cap of what may not burst."""
        self.name, self.weights, self.cap, self.guaranteed = name, weights, cap, guaranteed or cap
        self.unit = weights.get("nvidia.com/gpu", 1)
        self.pods = {}          # by path in the API: (amount, whether it may burst)
        self.held = self.burst = 0  # burst: of it, what may
        self.leaving = set()    # paths of pods that somebody ends
        self.awaited = 0        # what those want who were denied
        self.contended = None   # since when somebody was denied for want of room
        self.area = self.last = 0

    def amount(self, pod):
        limits = pod["spec"]["containers"][0]["resources"]["limits"]
        return sum(int(amount) * self.weights.get(name, 0) for name, amount in limits.items())

    def may_not_burst(self, pod):
        return self.guaranteed < self.cap and pod["spec"]["priorityClassName"] != "p2-batch"

    def change(self, path, pod):
        """That pod is as this now; None: gone, or it has ended."""
        self.account()
        amount, bursts = self.pods.pop(path, (0, False))
        self.held -= amount
        self.burst -= amount * bursts
        if pod is None:
            self.leaving.discard(path)
            return
        amount, bursts = self.pods[path] = self.amount(pod), not self.may_not_burst(pod)
        self.held += amount
        self.burst += amount * bursts

    def is_over(self):
        return self.held > self.cap * self.unit or self.held - self.burst > self.guaranteed * self.unit

    def room(self):
        """What is not held, or held by pods that somebody ends."""
        return self.cap * self.unit - self.held + sum(self.pods.get(path, (0,))[0] for path in list(self.leaving))

    # ---- how much is used, once not all have room

    def contend(self):
        self.contended = self.contended or time.monotonic()

    def account(self):
        now = time.monotonic()
        if self.contended:
            self.area += self.held * (now - max(self.last, self.contended))
        self.last = now

    def mean(self):
        """Of the cap."""
        self.account()
        return self.area / (self.last - self.contended) / self.unit / self.cap if self.contended else 0

    def __str__(self):
        text = f"{self.name} {self.held / self.unit:g} of {self.cap}"
        return text if self.guaranteed == self.cap else f"{text}, {(self.held - self.burst) / self.unit:g} of {self.guaranteed}"


def tenants():
    """Those of policies/set.yaml."""
    return [Tenant("north", WEIGHTS, 2400), Tenant("east", WEIGHTS, 1600, 1200), Tenant("south", WEIGHTS, 300),
            Tenant("west", CPUS, 2000)]


def call(path, body):
    """An answer of etcd's, open."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(os.environ["ETCD"]).netloc)
    connection.request("POST", path, json.dumps(body))
    answer = connection.getresponse()
    if answer.status != 200:
        raise OSError(answer.read())
    return answer


def coded(text):
    return base64.b64encode(text.encode()).decode()


RANGE = {"key": coded(PODS), "range_end": coded(PODS[:-1] + chr(ord("/") + 1))}


class Held(threading.Thread):
    """The tenants whose namespaces are called TENANT-..."""

    def __init__(self, of):
        super().__init__(daemon=True)
        self.tenants = {tenant.name: tenant for tenant in of}
        self.lock = threading.Lock()
        self.over = []  # each instant at which a tenant held too much
        self.instants = self.finished = 0
        self.broken = None  # why it sees no more
        listed = json.load(call("/v3/kv/range", RANGE))
        for each in listed.get("kvs", []):
            self.take(each, False)
        self.next = int(listed["header"]["revision"]) + 1
        self.start()

    def run(self):
        try:
            for line in call("/v3/watch", {"create_request": {**RANGE, "start_revision": self.next}}):
                for event in json.loads(line)["result"].get("events", []):
                    self.take(event["kv"], event.get("type") == "DELETE")
            self.broken = "etcd's watch ended"
        except Exception as error:  # pylint: disable=broad-except
            self.broken = repr(error)

    def take(self, entry, is_gone):
        namespace, name = base64.b64decode(entry["key"]).decode()[len(PODS):].split("/")
        tenant = self.tenants.get(namespace.split("-")[0])
        if not tenant:
            return
        pod = None if is_gone else json.loads(base64.b64decode(entry["value"]))
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        if pod and pod["status"]["phase"] in ("Succeeded", "Failed"):
            self.finished += path in tenant.pods
            pod = None
        with self.lock:
            tenant.change(path, pod)
            self.instants += 1
            if tenant.is_over():
                self.over.append(f"{tenant}, revision {entry['mod_revision']}")
