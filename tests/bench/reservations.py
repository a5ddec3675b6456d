#!/usr/bin/env python3
"""Reservations a second of one tenant: REPLICAS (3) fairgates before one real API server, each asked by a wrk of its own to
validate creates of other pods over CONNECTIONS (32) connections, until each has let COUNT (1500) in. No pod is created, so
that the API server does nothing but what fairgate asks of it, and all that was let in stays in the object. Everything runs
on the same processors. Tells reservations and writes a second, requests a write, and how long a call took."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests/bench")
sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from control_plane import ControlPlane, Failed, programs, wait_until
from webhook import Webhook

REPLICAS = int(os.environ.get("REPLICAS", "3"))
CONNECTIONS = os.environ.get("CONNECTIONS", "32")
COUNT = int(os.environ.get("COUNT", "1500"))
NAMESPACE = "research-bench"
SET = """\
apiVersion: fairgate.dev/v1alpha1
kind: Cluster
metadata: {name: bench}
spec: {}
---
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: research}
spec: {namespaces: [research-*], gpus: {guaranteed: 10000000}}
"""


def review():
    """As the API server sends it for a pod of a Job."""
    limits = {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": "1"}
    pod = {"apiVersion": "v1", "kind": "Pod",
           "metadata": {"name": "THE-NAME", "namespace": NAMESPACE, "labels": {"app": "train"},
                        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "train", "uid": "j", "controller": True}]},
           "spec": {"containers": [{"name": "main", "image": "registry.example.com/ml/train:1.0",
                                    "resources": {"limits": limits, "requests": limits}}]}}
    kind, resource = ({"group": "", "version": "v1", **more} for more in ({"kind": "Pod"}, {"resource": "pods"}))
    text = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "a-review", "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
        "namespace": NAMESPACE, "operation": "CREATE", "userInfo": {"username": "alice"}, "dryRun": False, "object": pod}})
    return text.replace('"metadata": {"name"', '"metadata": {"uid": "0b1e55ed-THE-UID", "name"', 1)


def counts(replica):
    with urllib.request.urlopen(f"http://{replica.admin}/metrics", timeout=10) as page:
        text = page.read().decode()
    found = dict(re.findall(r'^fairgate_usage_writes_total\{result="(\w+)"\} (\d+)', text, re.M))
    found.update(re.findall(r"^fairgate_usage_write_requests_(sum|count) (\d+)", text, re.M))
    return {name: int(value) for name, value in found.items()}


def start(plane):
    folder = os.path.join(plane.work, "set")
    os.mkdir(folder)
    with open(os.path.join(folder, "set.yaml"), "w", encoding="utf-8") as file:
        file.write(SET)
    replicas = [Webhook(plane, f"fairgate-{number}") for number in range(REPLICAS)]
    for replica in replicas:
        replica.use(folder)
        replica.server, replica.options = plane.server, ["--request-timeout", "20s"]
        replica.start()
    wait_until("what the tenant holds known", lambda: not plane.kubectl(
        "get", "tenantusages", "-o", "jsonpath={.items[*].spec.unknown}")[1], 60)
    return replicas


def ask(replica, number, body):
    return subprocess.Popen(["wrk", "-t1", f"-c{CONNECTIONS}", "-d120s", "--timeout", "12s", "-s", f"{HERE}/reservations.lua",
                             f"https://{replica.listen}"], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "BODY": body, "PREFIX": f"{number}-", "COUNT": str(COUNT)})


def finish(wrk):
    """What it tells in the end; it ends only when it is interrupted."""
    for line in wrk.stdout:
        if line.startswith("denied"):
            print(line, end="", flush=True)
        if line == "answered\n":
            wrk.send_signal(signal.SIGINT)
            break
    found = re.search(r"^\{.*\}$", wrk.stdout.read(), re.M)
    wrk.wait()
    if not found:
        raise Failed("wrk failed")
    return json.loads(found.group())


def measure(plane, replicas):
    body = plane.write("review.json", review())
    before, began = [counts(replica) for replica in replicas], time.monotonic()
    results = [finish(wrk) for wrk in [ask(replica, number, body) for number, replica in enumerate(replicas)]]
    took = time.monotonic() - began
    gained = [{name: now[name] - was[name] for name in now} for now, was in zip(map(counts, replicas), before)]
    total = {name: sum(each[name] for each in gained) for name in gained[0]}
    size = len(plane.kubectl("get", "tu", "research", "-o", "json")[1])
    print(f"{total['sum'] / took:.0f} reservations a second, {total['done'] / took:.0f} writes a second, "
          f"{total['sum'] / max(1, total['count']):.1f} requests a write, {total['conflict']} conflicts, {total['unknown']} "
          f"of unknown outcome, {size} bytes in the end")
    for number, (one, result) in enumerate(zip(gained, results)):
        print(f"replica {number}: {one['sum']} requests in {one['done']} writes, {one['conflict']} conflicts; a call takes "
              f"{result['p50'] / 1000:.1f} ms (p50), {result['p99'] / 1000:.1f} ms (p99), {result['max'] / 1000:.0f} ms at most; "
              f"{result['errors']} failed")


def run(plane):
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.wait_for_service_accounts([NAMESPACE])
    for process in [each for each in plane.processes if each.name not in ("etcd", "kube-apiserver")]:
        process.stop()
        plane.processes.remove(process)
    replicas = start(plane)
    try:
        measure(plane, replicas)
    finally:
        for replica in replicas:
            replica.kill()


def main():
    folder = tempfile.mkdtemp(prefix="fairgate-bench-")
    try:
        with ControlPlane(programs(), folder) as plane:
            run(plane)
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
