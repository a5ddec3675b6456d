#!/usr/bin/env python3
"""settle.py PLACE: once nobody makes trouble any more, each tenant can have all that it may, to the last GPU; fairgate counts
what there is, on each replica, and nothing is left reserved.

What was let in and never came counts until it can't come any more, so this may take as long."""

import itertools
import os
import sys
import time

from api import LOST, Api, counted, pod
from held import Held, tenants

PLACE, PATIENCE = sys.argv[1], 600
RESOURCES = {"north": ["nvidia.com/gpu"], "east": ["nvidia.com/gpu"], "west": ["cpu"],
             "south": ["nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb"]}
api = Api()


def persistently(method, path, body=None):
    """Again where it takes the API server longer than it may."""
    while True:
        try:
            status, answer = api.call(method, path, body)
        except LOST:
            api.again()
            continue
        if status < 500:
            return status, answer


def fill(tenant):
    """One after another, the smallest last."""
    for resource, amount in itertools.product(RESOURCES[tenant.name], (8, 1)):
        made = pod("fill", amount, resource, priorityClassName="p2-batch" if tenant.name == "east" else "p0-training")
        while persistently("POST", f"/api/v1/namespaces/{tenant.name}-{PLACE}/pods", made)[0] == 201:
            pass


def is_full(tenant):
    return tenant.room() < min(tenant.weights.values())


def left_over(held):
    """What is not as it must be."""
    with held.lock:
        found = [f"{tenant} held" for tenant in held.tenants.values() if not is_full(tenant)]
    for admin in os.environ["FAIRGATE_ADMINS"].split():
        for name, (gpus, reserved) in counted(admin).items():
            tenant = held.tenants[name]
            if "cpu" not in tenant.weights and (abs(gpus - tenant.held / tenant.unit) > 0.001 or reserved):
                found.append(f"{tenant} held, counted {gpus}, of these reserved {reserved}")
    for usage in persistently("GET", "/apis/fairgate.dev/v1alpha1/tenantusages")[1]["items"]:
        if usage["spec"].get("reservations"):
            found.append(f"{usage['metadata']['name']}: reserved {usage['spec']['reservations']}")
    return found


def main():
    persistently("DELETE", f"/apis/batch/v1/namespaces/north-{PLACE}/jobs", {"propagationPolicy": "Background"})
    held, deadline, problems = Held(tenants()), time.monotonic() + PATIENCE, ["nothing was looked at"]
    while problems and time.monotonic() < deadline:
        for tenant in held.tenants.values():
            fill(tenant)
        until = time.monotonic() + 10  # for what was let in last
        while (problems := left_over(held)) and time.monotonic() < until:
            time.sleep(0.5)
    for line in (*problems[:5], *held.over[:5]):
        print(line)
    print(", ".join(f"{tenant} held" for tenant in held.tenants.values()) + ", nothing is reserved" * (not problems))


main()
