#!/usr/bin/env python3
"""64 creators against four tenants' caps; a watch of its own adds up what the API server holds.

create.py PREFIX [SECONDS]: the namespaces are PREFIX-north and so on. Where an API server comes and goes, SECONDS is how
long what is lost on the way may stay reserved; no call that fails for want of it counts as failed then."""

import http.client
import queue
import random
import sys
import threading
import time

from api import Api, pod

CREATORS, PODS = 64, 2000
CAPS = {"north": 301, "east": 40, "south": 7, "west": 90}
GUARANTEED = 50  # of west, for what is not of the burst class
TENANTS = {f"{sys.argv[1]}-{name}": name.split("-")[0] for name in ("north", "north-too", "east", "south", "west")}
PATIENCE = int(sys.argv[2]) if len(sys.argv) > 2 else 0
SEED = random.randrange(10**6)
failures = []


class Holdings(threading.Thread):
    """What each tenant holds, event after event."""

    def __init__(self):
        super().__init__(daemon=True)
        self.pods = {}
        self.over = []

    def run(self):
        """A watch that breaks is begun anew, with all that is there."""
        while True:
            try:
                self.follow(Api().watch("/api/v1/pods?resourceVersion=0"))
            except (OSError, ValueError, AssertionError, http.client.HTTPException) as error:
                if not PATIENCE:
                    failures.append(repr(error))
            time.sleep(0.2)

    def follow(self, events):
        for event in events:
            found = event["object"]["metadata"]
            if found.get("namespace") not in TENANTS:
                continue
            if event["type"] == "DELETED":
                self.pods.pop(found["uid"], None)
            else:
                self.pods[found["uid"]] = event["object"]
            self.compare(event["object"])

    def compare(self, last):
        tenant = TENANTS[last["metadata"]["namespace"]]
        if self.held(tenant) > CAPS[tenant]:
            self.over.append(f"{tenant} held {self.held(tenant)} of {CAPS[tenant]}")

    def held(self, tenant, priority_class=None):
        return sum(int(each["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"])
                   for each in list(self.pods.values()) if TENANTS[each["metadata"]["namespace"]] == tenant
                   and priority_class in (None, each["spec"]["priorityClassName"]))


def is_warming_up(message):
    """What an API server that has just started says of itself, and of classes that it has not listed yet."""
    return "not yet ready" in message or "no PriorityClass with name" in message


def ask(api, namespace, gpus, priority_class):
    """Whether it was let in. Only caps may refuse."""
    status, answer = api.call("POST", f"/api/v1/namespaces/{namespace}/pods",
                              pod("train", gpus, priorityClassName=priority_class))
    if PATIENCE and (status >= 500 or is_warming_up(answer.get("message", ""))):
        raise OSError(answer.get("message"))
    if status != 201 and not (status == 403 and "exceeded quota" in answer["message"]):
        failures.append(f"{status}: {answer.get('message')}")
    return status == 201


def persistently(*pod_wanted):
    """Asks, on a connection of its own, and again where the API server is away."""
    while True:
        try:
            return ask(Api(), *pod_wanted)
        except (OSError, ValueError, http.client.HTTPException) as error:
            if not PATIENCE:
                failures.append(repr(error))
                return False
            time.sleep(0.2)


def create(wanted):
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
            if not persistently(namespace, 1, priority_class):
                break
        else:
            failures.append(f"{tenant} is never full")


def is_full(holdings, seconds):
    """Waits for the watch to show it."""
    deadline = time.monotonic() + seconds
    while any(holdings.held(tenant) < cap for tenant, cap in CAPS.items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def main():
    chance = random.Random(SEED)
    wanted = queue.Queue()
    for _ in range(PODS):
        namespace = chance.choice(list(TENANTS))
        classes = ["p0-training", "p2-batch"] if TENANTS[namespace] == "west" else ["p0-training"]
        wanted.put((namespace, chance.choice([1, 1, 2, 3, 4, 8]), chance.choice(classes)))
    holdings = Holdings()
    holdings.start()
    threads = [threading.Thread(target=create, args=(wanted,), daemon=True) for _ in range(CREATORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fill()
    deadline = time.monotonic() + PATIENCE
    while not is_full(holdings, 5) and time.monotonic() < deadline:
        fill()
    print(f"{PODS} pods asked for, {len(failures)} calls failed")
    for line in failures[:5] + holdings.over[:5]:
        print(f"{line} (seed {SEED})")
    for tenant, cap in CAPS.items():
        line = f"{tenant} {holdings.held(tenant)} of {cap}"
        if tenant == "west":
            held = holdings.held(tenant, "p0-training")
            line += f", of these {held} in p0-training"
            if held > GUARANTEED:
                line = f"beyond the guarantee of {GUARANTEED}: " + line
        print(line)
    if failures or holdings.over:
        sys.exit(1)


main()
