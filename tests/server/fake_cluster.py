"""An API server with a few objects, which a test changes, and a server that watches it."""

import collections
import hashlib
import json
import struct
import threading
import time
import uuid

from fake_api import status
from serving import PATIENCE, Server, review

USAGES = "/apis/fairgate.dev/v1alpha1/tenantusages"
KINDS = {"/api/v1/pods": "pods", "/api/v1/namespaces": "namespaces", "/api/v1/nodes": "nodes",
         "/api/v1/resourcequotas": "resourcequotas",
         "/apis/scheduling.k8s.io/v1/priorityclasses": "priorityclasses",
         "/apis/resource.k8s.io/v1/deviceclasses": "deviceclasses",
         "/apis/resource.k8s.io/v1/resourceclaims": "resourceclaims",
         "/apis/resource.k8s.io/v1/resourceclaimtemplates": "resourceclaimtemplates",
         USAGES: "tenantusages"}


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def claim(name, gpus, kind="ResourceClaim"):
    spec = {"devices": {"requests": [{"name": "r", "exactly": {
        "deviceClassName": "gpu.nvidia.com", "allocationMode": "ExactCount", "count": gpus}}]}}
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind,
            "metadata": {"name": name, "namespace": "team-a", "uid": str(uuid.uuid4())},
            "spec": {"spec": spec} if kind == "ResourceClaimTemplate" else spec}


def template(name, gpus):
    return claim(name, gpus, "ResourceClaimTemplate")


def with_claims(obj, **names):
    """Each by `template` or `claim`."""
    keys = {"template": "resourceClaimTemplateName", "claim": "resourceClaimName"}
    obj["spec"]["resourceClaims"] = [{"name": key, keys[key]: name} for key, name in names.items()]
    return obj


def digest(name, uid, spec):
    """That of a TenantUsage: of its name, of its uid (none while something is unknown), and of all its spec has."""
    total = hashlib.sha256()

    def add(text):
        total.update(struct.pack("<Q", len(text.encode())) + text.encode())

    def add_value(value):
        if isinstance(value, dict):
            add(f"object {len(value)}")
            for member in sorted(value):
                add(member)
                add_value(value[member])
        elif isinstance(value, list):
            add(f"array {len(value)}")
            for item in value:
                add_value(item)
        elif isinstance(value, str):
            add("string")
            add(value)
        else:
            add(json.dumps(value))

    add(name)
    add(uid)
    add_value(spec)
    return "sha256:" + total.hexdigest()


def usage(name, **more):
    """The object of a tenant for which nothing is reserved, and of whom all is known."""
    uid = "uid-of-" + name
    spec = {"last": 0, "floors": {"pods": "0", "resourceclaims": "0"}, "series": "5e61e5", "reservations": [], **more}
    return {"apiVersion": "fairgate.dev/v1alpha1", "kind": "TenantUsage", "metadata": {"name": name, "uid": uid},
            "spec": {**spec, "digest": digest(name, uid, spec)}}


class Cluster:
    """What exists, and every change of it; lists and watches are told from here. A usage of None: there is none."""

    def __init__(self, *objects, usages=(usage("team-a"),)):
        self.changed = threading.Condition(threading.RLock())
        self.version = 0
        self.objects = {kind: collections.OrderedDict() for kind in KINDS.values()}
        self.events = {kind: [] for kind in KINDS.values()}
        self.deaf = set()    # kinds whose calls hang
        self.silent = set()  # those of them whose watch has noticed it
        self.refused = set() # those that are forbidden
        self.unknown = set() # and those that there are not
        self.unread = []     # steps that answer the next GETs of single objects
        self.troubles = []   # functions of a call and of what it would do, for the next calls for one TenantUsage
        for obj in (*objects, *usages):
            self.put(obj)

    def put(self, obj, kind=None):
        kind = kind or obj["kind"].lower() + "s"
        key = (obj["metadata"].get("namespace"), obj["metadata"]["name"])
        with self.changed:
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            event = "MODIFIED" if key in self.objects[kind] else "ADDED"
            self.objects[kind][key] = obj
            self.events[kind].append((self.version, event, obj))
            self.changed.notify_all()

    def remove(self, obj):
        kind = obj["kind"].lower() + "s"
        with self.changed:
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            self.objects[kind].pop((obj["metadata"].get("namespace"), obj["metadata"]["name"]))
            self.events[kind].append((self.version, "DELETED", obj))
            self.changed.notify_all()

    def silence(self, *kinds):
        """Their watches tell nothing any more."""
        self.deaf.update(kinds)
        wait_until(lambda: self.silent.issuperset(kinds))

    def step(self, call):
        path = call.query["path"]
        kind = KINDS.get(path)
        if path.startswith(USAGES) and (kind is None or call.command != "GET"):
            self.step_usage(call, path[len(USAGES) + 1:])
        elif kind is None:
            self.get(call, path.split("/"))
        elif kind in self.refused:
            call.fail(403, f'{kind} is forbidden: User "me" cannot list resource "{kind}"', "Forbidden")
        elif kind in self.unknown:
            call.body("404 page not found\n", 404)
        elif "watch" in call.query:
            self.watch(call, kind)
        elif kind in self.deaf:
            call.idle(3600)
            call.cut()
        else:
            with self.changed:
                items, version = list(self.objects[kind].values()), self.version
            call.list(items, version)

    def step_usage(self, call, name):
        """A call for one TenantUsage, in which anything may go wrong."""
        def act():
            return self.write_usage(call) if call.command != "GET" else self.read_usage(name)

        if "tenantusages" in self.deaf:
            call.idle(3600)
            call.cut()
        elif self.troubles:
            self.troubles.pop(0)(call, act)
        else:
            code, body = act()
            call.body(json.dumps(body), code)

    def read_usage(self, name):
        with self.changed:
            obj = self.objects["tenantusages"].get((None, name))
        return (200, obj) if obj else self.no_usage(name)

    @staticmethod
    def no_usage(name):
        return 404, status(404, f'tenantusages.fairgate.dev "{name}" not found', "NotFound")

    def write_usage(self, call):
        """As the API server does it; code and body of the answer."""
        obj = json.loads(call.content)
        meta = obj["metadata"]
        name = meta["name"]
        with self.changed:
            old = self.objects["tenantusages"].get((None, name))
            if call.command == "POST":
                if old:
                    return 409, status(409, f'tenantusages.fairgate.dev "{name}" already exists', "AlreadyExists")
                meta["uid"] = str(uuid.uuid4())
            elif not old:
                return self.no_usage(name)
            elif (meta["uid"], meta["resourceVersion"]) != (old["metadata"]["uid"], old["metadata"]["resourceVersion"]):
                return 409, status(409, "the object has been modified", "Conflict")
            meta.pop("managedFields", None)
            self.put(obj)
            return (201 if call.command == "POST" else 200), obj

    def edit_usage(self, name, **spec):
        """By somebody else."""
        with self.changed:
            obj = json.loads(json.dumps(self.objects["tenantusages"][(None, name)]))
            obj["spec"].update(spec)
            self.put(obj)

    def usage(self, name):
        with self.changed:
            return self.objects["tenantusages"].get((None, name))

    def get(self, call, path):
        """.../namespaces/NAME or .../namespaces/NAME/RESOURCE/NAME"""
        if self.unread and path[1] == "api":
            self.unread.pop(0)(call)
            return
        at = path.index("namespaces") + 1
        kind, key = "namespaces", (None, path[at])
        if len(path) > at + 1:
            kind, key = path[at + 1], (path[at], path[at + 2])
        with self.changed:
            obj = self.objects[kind].get(key)
        if obj is None:
            group = ".resource.k8s.io" if path[1] == "apis" else ""
            call.fail(404, f'{kind}{group} "{key[1]}" not found', "NotFound")
        else:
            call.body(json.dumps(obj))

    def watch(self, call, kind):
        if kind not in self.deaf:
            call.begin()
        seen = int(call.query["resourceVersion"])
        until = time.monotonic() + float(call.query["timeoutSeconds"])
        while time.monotonic() < until and not call.server.fake.over.is_set() and kind not in self.deaf:
            with self.changed:
                news = [event for event in self.events[kind] if event[0] > seen]
                if not news:
                    self.changed.wait(0.05)
            for seen, event, obj in news:
                call.event(event, obj)
        if kind in self.deaf:
            self.silent.add(kind)
            call.idle(3600)
            call.cut()
        else:
            call.end()


def serve(api, *arguments, **options):
    return Server("--kubeconfig", api.kubeconfig(), *arguments, has_state=False, **options)


def wait_until(what):
    deadline = time.monotonic() + PATIENCE
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < deadline, "never came"
        time.sleep(0.02)


def is_ready(server):
    return server.ask("/readyz")[0] == 200


def ready(server):
    wait_until(lambda: is_ready(server))
    return server


def denial(server, obj):
    """The first line of its denial; "" where it is let in."""
    response = server.validate(review(obj))
    return "" if response["allowed"] else response["status"]["message"].splitlines()[0]
