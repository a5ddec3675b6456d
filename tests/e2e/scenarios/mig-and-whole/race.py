#!/usr/bin/env python3
"""race.py NAMESPACE: round after round many creators ask at once, half of them for whole GPUs and half for MIG slices. A
watch looks for pods of both modes; each round ends when its pods have gone."""

import random
import sys
import threading
import time

from api import LOST, Api, Pods, counted, pod

CREATORS, ROUNDS, SECONDS = 32, 20, 120
RESOURCES = {"whole": "nvidia.com/gpu", "mig": "nvidia.com/mig-1g.10gb"}
PATH = f"/api/v1/namespaces/{sys.argv[1]}/pods"
failures = []


class Modes(Pods):
    def __init__(self):
        self.mixed = 0
        super().__init__(sys.argv[1:2])

    def changed(self, found):
        self.mixed += len(self.there()) > 1

    def there(self):
        return {each["metadata"]["labels"]["mode"] for each in list(self.pods.values())}


def create(api, barrier, mode):
    """All at the same moment. Only the mode and the cap may refuse."""
    wanted = pod(mode, 1, RESOURCES[mode])
    wanted["metadata"].update(labels={"team": "vision", "mode": mode}, annotations={"purpose": "training"})
    wanted["spec"]["containers"][0]["resources"]["limits"]["memory"] = "8Gi"
    barrier.wait()
    try:
        status, answer = api.call("POST", PATH, wanted)
    except LOST as error:
        failures.append(repr(error))
        return
    if status != 201 and not (status == 403 and ("sharing.exclusive" in answer["message"]
                                                 or "exceeded quota" in answer["message"])):
        failures.append(f"{status}: {answer.get('message')}")


def wait_until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {SECONDS} s; {failures}")
        time.sleep(0.05)


def race(apis):
    modes, barrier = ["whole", "mig"] * (CREATORS // 2), threading.Barrier(CREATORS)
    random.shuffle(modes)
    threads = [threading.Thread(target=create, args=(api, barrier, mode), daemon=True)
               for api, mode in zip(apis, modes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def forget(api, watch):
    """What the round let in goes, for the watch and for fairgate."""
    status, answer = api.call("DELETE", PATH)
    assert status == 200, answer
    wait_until(lambda: not watch.pods and counted()["research"][0] <= others)


def main():
    watch, apis, won = Modes(), [Api() for _ in range(CREATORS)], {mode: 0 for mode in RESOURCES}
    wait_until(lambda: not watch.pods)
    for turn in range(ROUNDS):
        if turn:
            forget(apis[0], watch)
        race(apis)
        wait_until(watch.there)
        for mode in watch.there():
            won[mode] += 1
    failures.extend(watch.problems)
    print(f"{ROUNDS} rounds of {CREATORS} creators: {len(failures)} calls failed, {watch.mixed} times both modes at once")
    print("".join(line + "\n" for line in failures[:5]) + ", ".join(f"{mode} won {won[mode]}" for mode in won))
    if not all(won.values()):
        sys.exit("one mode never won")


others = counted()["research"][0]  # in other namespaces of the tenant
main()
