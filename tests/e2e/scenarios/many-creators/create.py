#!/usr/bin/env python3
"""64 creators against four tenants' caps, who now and then delete what there is; a watch of its own adds up what the API
server holds.

create.py PREFIX [SECONDS]: the namespaces are PREFIX-north and so on. Where an API server comes and goes, SECONDS is how
long what is lost on the way may stay reserved; no call that fails for want of it counts as failed then."""

import queue
import random
import sys
import threading
import time

from api import LOST, Api, Pods, counted, pod

CREATORS, PODS, DELETIONS = 64, 2000, 500
CAPS = {"north": 301, "east": 40, "south": 7, "west": 90}
GUARANTEED = 50  # of west, for what is not of the burst class
TENANTS = {f"{sys.argv[1]}-{name}": name.split("-")[0] for name in ("north", "north-too", "east", "south", "west")}
PATIENCE = int(sys.argv[2]) if len(sys.argv) > 2 else 0
SEED = random.randrange(10**6)
chance = random.Random(SEED)
failures = []


class Holdings(Pods):
    """What each tenant holds."""

    def __init__(self):
        self.over = []
        super().__init__(TENANTS)

    def changed(self, found):
        tenant = TENANTS[found["metadata"]["namespace"]]
        if self.held(tenant) > CAPS[tenant]:
            self.over.append(f"{tenant} held {self.held(tenant)} of {CAPS[tenant]}")

    def held(self, tenant, priority_class=None):
        return sum(int(each["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"])
                   for each in list(self.pods.values()) if TENANTS[each["metadata"]["namespace"]] == tenant
                   and priority_class in (None, each["spec"]["priorityClassName"]))


def is_warming_up(message):
    """What an API server that has just started says of itself, and of classes that it has not listed yet."""
    return "not yet ready" in message or "no PriorityClass with name" in message


def call(method, path, body=None):
    """On a connection of its own."""
    status, answer = Api().call(method, path, body)
    if PATIENCE and (status >= 500 or is_warming_up(answer.get("message", ""))):
        raise OSError(answer.get("message"))
    return status, answer


def create(namespace, gpus, priority_class):
    """Whether it was let in. Only caps may refuse."""
    status, answer = call("POST", f"/api/v1/namespaces/{namespace}/pods",
                          pod("train", gpus, priorityClassName=priority_class))
    if status != 201 and not (status == 403 and "exceeded quota" in answer["message"]):
        failures.append(f"{status}: {answer.get('message')}")
    return status == 201


def delete_any(holdings):
    """A pod that is there, or was a moment ago."""
    found = [each["metadata"] for each in list(holdings.pods.values())]
    if found:
        one = random.choice(found)
        status, answer = call("DELETE", f"/api/v1/namespaces/{one['namespace']}/pods/{one['name']}")
        if status not in (200, 404):
            failures.append(f"{status}: {answer.get('message')}")


def persistently(function, *arguments):
    """Again where the API server is away."""
    while True:
        try:
            return function(*arguments)
        except LOST as error:
            if not PATIENCE:
                failures.append(repr(error))
                return False
            time.sleep(0.2)


def work(wanted):
    while True:
        try:
            persistently(*wanted.get_nowait())
        except queue.Empty:
            return


def fill():
    """One GPU after another, until there is no place left."""
    for namespace, tenant in TENANTS.items():
        priority_class = "p2-batch" if tenant == "west" else "p0-training"
        for _ in range(CAPS[tenant] + 1):
            if not persistently(create, namespace, 1, priority_class):
                break
        else:
            failures.append(f"{tenant} is never full")


def is_full(holdings):
    """Waits for the watch to show it, and for fairgate to count the same."""
    deadline = time.monotonic() + 5
    while any(holdings.held(tenant) < cap or counted()[tenant] != (cap, 0) for tenant, cap in CAPS.items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def all_work(holdings):
    work_list = [(delete_any, holdings)] * DELETIONS
    for _ in range(PODS):
        namespace = chance.choice(list(TENANTS))
        classes = ["p0-training", "p2-batch"] if TENANTS[namespace] == "west" else ["p0-training"]
        work_list.append((create, namespace, chance.choice([1, 1, 2, 3, 4, 8]), chance.choice(classes)))
    chance.shuffle(work_list)
    wanted = queue.Queue()
    for each in work_list:
        wanted.put(each)
    return wanted


def report(holdings):
    print(f"{PODS} pods asked for, {DELETIONS} times one deleted, {len(failures)} calls failed")
    for line in failures[:5] + holdings.over[:5]:
        print(f"{line} (seed {SEED})")
    for tenant, cap in CAPS.items():
        line = f"{tenant} {holdings.held(tenant)} of {cap}, fairgate counts {counted()[tenant][0]:g}"
        if tenant == "west":
            held = holdings.held(tenant, "p0-training")
            line += f", of these {held} in p0-training"
            if held > GUARANTEED:
                line = f"beyond the guarantee of {GUARANTEED}: " + line
        print(line)


def main():
    holdings = Holdings()
    wanted = all_work(holdings)
    threads = [threading.Thread(target=work, args=(wanted,), daemon=True) for _ in range(CREATORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fill()
    deadline = time.monotonic() + (PATIENCE or 120)  # a generated name that is taken leaves something reserved, too
    while not is_full(holdings) and time.monotonic() < deadline:
        fill()
    if not PATIENCE:
        failures.extend(holdings.problems)
    report(holdings)
    if failures or holdings.over:
        sys.exit(1)


main()
