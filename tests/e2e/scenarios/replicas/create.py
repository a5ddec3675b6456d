#!/usr/bin/env python3
"""create.py PLACE PODS: 64 creators ask for more than four tenants may have, until so many pods were let in, or a tenant has
more than its cap. The namespaces are north-PLACE and so on.

For a pod that finds no room some others end: they are deleted, or finish. Pods grow and shrink, Jobs run, namespaces go with
all that is in them. What there is at every instant tells a watch of etcd."""

import collections
import contextlib
import os
import random
import sys
import threading
import time

from api import LOST, Api, pod
from held import WEIGHTS, Held, tenants

CREATORS = 64
PLACE, PODS = sys.argv[1], int(sys.argv[2])
ENOUGH = 95  # per cent of a cap that must be in use on the average
TENANTS = tenants()
KNOWN = {  # what a call may get while things come and go
    "exceeded quota": "no room", "rule: cluster/state": "usage not known", "failed calling webhook": "no answer of fairgate",
    "not yet ready": "API server starts", "no PriorityClass": "API server starts", "being terminated": "gone",
    "not found": "gone", "did not complete": "out of time", "has been modified": "conflict"}


class Load:
    def __init__(self):
        self.held = Held(TENANTS)
        self.counts = collections.Counter()
        self.unexpected = []
        self.passing = []  # namespaces that go some time
        self.is_over = threading.Event()
        self.lock = threading.Lock()

    def call(self, api, method, path, body=None):
        """"done", or why not."""
        try:
            status, answer = api.call(method, path, body)
        except LOST:
            with contextlib.suppress(OSError):
                api.again()
            return self.count("connection lost")
        if status < 300:
            return "done"
        message = answer.get("message", "")
        why = next((why for part, why in KNOWN.items() if part in message), "unexpected")
        if why == "unexpected":
            self.unexpected.append(f"{status}: {message}")
        return self.count(why)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1
            if self.counts["let in"] >= PODS or self.held.over or self.held.broken:
                self.is_over.set()
        return what

    # ---- creators

    def create_all(self, number):
        api, chance = Api(), random.Random(f"{os.environ['SEED']} {number}")
        while not self.is_over.is_set():
            tenant = chance.choices(TENANTS, [3, 2, 1, 2])[0]
            if tenant.name == "west" and chance.random() < 0.2:
                self.resize_one(api, chance, tenant)
            else:
                self.create_one(api, chance, tenant)

    def create_one(self, api, chance, tenant):
        """Again and again where there is no room, or no answer, until it is let in."""
        namespace = f"{tenant.name}-{PLACE}"
        if tenant.name == "north" and self.passing and chance.random() < 0.1:
            namespace = chance.choice(self.passing)
        wanted = random_pod(tenant, chance)
        amount, awaited, pause = tenant.amount(wanted), 0, 0.03
        while (done := self.call(api, "POST", f"/api/v1/namespaces/{namespace}/pods", wanted)) != "done":
            if done in ("gone", "unexpected") or done == "no room" and tenant.may_not_burst(wanted) or self.is_over.is_set():
                break
            has_ended = False
            if done == "no room":
                tenant.contend()
                with self.held.lock:
                    tenant.awaited += amount - awaited
                awaited = amount
                has_ended = self.make_room(api, chance, tenant)
            if not has_ended:
                pause = min(2 * pause, 0.5)
                time.sleep(chance.uniform(0, pause))
        with self.held.lock:
            tenant.awaited -= awaited
        if done == "done":
            self.count("let in")

    def make_room(self, api, chance, tenant):
        """Whether some pod had to be ended, so that there is as much as is waited for."""
        has_ended = False
        while path := self.next_to_end(chance, tenant):
            if chance.random() < 0.1:
                self.call(api, "PATCH", f"{path}/status", {"status": {"phase": "Succeeded"}})
            has_ended = self.call(api, "DELETE", path) == "done"
            if not has_ended:
                tenant.leaving.discard(path)
                break
            self.count("deleted")
        return has_ended

    def next_to_end(self, chance, tenant):
        with self.held.lock:
            paths = list(tenant.pods.keys() - tenant.leaving)
            if tenant.room() >= tenant.awaited or not paths:
                return None
            path = chance.choice(paths)
            tenant.leaving.add(path)
            return path

    def resize_one(self, api, chance, tenant):
        paths = list(tenant.pods)
        if paths:
            cpus = {"cpu": str(chance.randint(1, 8))}
            if self.call(api, "PATCH", f"{chance.choice(paths)}/resize", {"spec": {"containers": [
                    {"name": "main", "resources": {"requests": cpus, "limits": cpus}}]}}) == "done":
                self.count("resized")

    # ---- what else goes on

    def pass_namespaces(self):
        """Three at a time, the oldest goes."""
        api, number = Api(), 0
        while not self.is_over.wait(4):
            number += 1
            name = f"north-{PLACE}-{number}"
            if self.call(api, "POST", "/api/v1/namespaces", {"metadata": {"name": name}}) == "done":
                self.passing.append(name)
            if len(self.passing) > 3 and self.call(api, "DELETE", f"/api/v1/namespaces/{self.passing.pop(0)}") == "done":
                self.count("namespaces gone")

    def run_jobs(self):
        """Their pods are on a node, and complete."""
        api, job = Api(), pod("job", 1, nodeName="a-1", restartPolicy="Never", priorityClassName="p0-training")
        job = {"metadata": {"generateName": "job-"}, "spec": {"parallelism": 3, "completions": 9, "ttlSecondsAfterFinished": 0,
                                                              "template": {"spec": job["spec"]}}}
        while not self.is_over.wait(2):
            if self.call(api, "POST", f"/apis/batch/v1/namespaces/north-{PLACE}/jobs", job) == "done":
                self.count("Jobs")


def random_pod(tenant, chance):
    priority_class, resource = "p0-training", "nvidia.com/gpu"
    if tenant.name == "south":
        resource = chance.choice(list(WEIGHTS))
    if tenant.name == "east" and chance.random() < 0.9:
        priority_class = "p2-batch"
    return pod("train", chance.choice([1, 1, 1, 2, 2, 3, 4, 8]), "cpu" if tenant.name == "west" else resource,
               priorityClassName=priority_class)


def report(load, seconds):
    counts, held = load.counts, load.held
    counts["finished"] = held.finished
    print(f"{counts.pop('let in')} pods let in, {counts['deleted'] / seconds:.0f} a second deleted for others:",
          ", ".join(f"{times} {what}" for what, times in sorted(counts.items())))
    for line in [held.broken, *load.unexpected[:5]]:
        if line:
            print(line)
    if held.over:
        print("more than a cap allows:", held.over[0])
        return
    print(f"at none of {held.instants} instants more than a cap allows")
    means = {tenant.name: 100 * tenant.mean() for tenant in TENANTS}
    print("enough" if min(means.values()) >= ENOUGH else "too little", "used on the average once there was no room:",
          ", ".join(f"{name} {mean:.1f} %" for name, mean in means.items()))


def main():
    load, started = Load(), time.monotonic()
    threads = [threading.Thread(target=load.create_all, args=(number,), daemon=True) for number in range(CREATORS)]
    threads += [threading.Thread(target=each, daemon=True) for each in (load.pass_namespaces, load.run_jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report(load, time.monotonic() - started)


main()
