"""For the scripts of stories that make more requests than kubectl can: the API server as the step's user sees it."""

import http.client
import json
import os
import re
import ssl
import threading
import time
import urllib.parse
import urllib.request

LOST = OSError, ValueError, http.client.HTTPException  # what a call raises that got no answer


class Api:
    """One connection; each thread has its own."""

    def __init__(self):
        self.again()

    def again(self):
        """On another connection."""
        with open(os.environ["KUBECONFIG"], encoding="utf-8") as file:
            config = json.load(file)
        cluster = config["clusters"][0]["cluster"]
        server = urllib.parse.urlsplit(cluster["server"])
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.connection = http.client.HTTPSConnection(server.hostname, server.port, context=context, timeout=60)

    def call(self, method, path, body=None):
        """(HTTP status, what came back)"""
        kind = "application/strategic-merge-patch+json" if method == "PATCH" else "application/json"
        self.connection.request(method, path, json.dumps(body) if body else None, {**self.headers, "Content-Type": kind})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())

    def watch(self, path, version):
        """Events from there on, for as long as the server sends some."""
        self.connection.request("GET", f"{path}?watch=1&resourceVersion={version}", None, self.headers)
        self.connection.sock.settimeout(None)  # nothing may come for long
        response = self.connection.getresponse()
        if response.status != 200:
            raise OSError(response.read())
        for line in response:
            yield json.loads(line)


class Pods(threading.Thread):
    """The pods that the API server holds in some namespaces, event after event, as a watch of its own shows them."""

    def __init__(self, namespaces):
        super().__init__(daemon=True)
        self.namespaces = set(namespaces)
        self.pods = {}      # by uid
        self.problems = []  # why a watch ended
        self.listed = threading.Event()
        self.start()
        if not self.listed.wait(120):
            raise OSError(f"no list of pods: {self.problems}")

    def run(self):
        """A watch that ends is begun anew, with all that is there."""
        while True:
            try:
                self.follow(Api())
            except LOST as error:
                self.problems.append(repr(error))
            time.sleep(0.2)

    def follow(self, api):
        status, listed = api.call("GET", "/api/v1/pods")
        if status != 200:
            raise OSError(listed)
        self.pods = {each["metadata"]["uid"]: each for each in listed["items"] if self.is_ours(each)}
        for each in list(self.pods.values()):
            self.changed(each)
        self.listed.set()
        for event in api.watch("/api/v1/pods", listed["metadata"]["resourceVersion"]):
            if event["type"] == "ERROR":
                raise OSError(event["object"])
            if self.is_ours(event["object"]):
                self.take(event["type"], event["object"])

    def is_ours(self, found):
        return found["metadata"]["namespace"] in self.namespaces

    def take(self, kind, found):
        if kind == "DELETED":
            self.pods.pop(found["metadata"]["uid"], None)
        else:
            self.pods[found["metadata"]["uid"]] = found
        self.changed(found)

    def changed(self, found):
        """Called when this pod came, changed or went."""


def counted(admin=None):
    """{tenant: (GPUs that fairgate counts, of these reserved)}, by its metrics."""
    with urllib.request.urlopen(f"http://{admin or os.environ['FAIRGATE_ADMIN']}/metrics", timeout=60) as page:
        text = page.read().decode()
    reserved = dict(re.findall(r'^fairgate_tenant_gpus_reserved{tenant="(.+)"} ([0-9.]+)$', text, re.M))
    held = dict.fromkeys(reserved, 0.0)
    for tenant, gpus in re.findall(r'^fairgate_tenant_gpus{tenant="(.+)",mode=".+"} ([0-9.]+)$', text, re.M):
        held[tenant] += float(gpus)
    return {tenant: (held[tenant], float(reserved[tenant])) for tenant in held}


def pod(name, gpus, resource="nvidia.com/gpu", **spec):
    """A pod that no scheduler looks at, unless `spec` names one."""
    limits = {resource: str(gpus)} if gpus else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": f"{name}-"}, "spec": {
        "schedulerName": "nobody", "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "registry.example.com/ml/train:1.0",
                        "resources": {"limits": limits}}], **spec}}
