"""A serving fairgate whose metrics have something of everything: what the tests of monitoring look at."""

import contextlib
import json
import os
import sys
import time

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
# pylint: disable=wrong-import-position
from fake_api import FakeApi
from fake_cluster import Cluster, namespace, ready, serve, usage
from serving import CLUSTER, ROOT, pod, review, scratch, write

MONITORING = os.path.join(ROOT, "charts/fairgate/monitoring")
ALERTS = os.path.join(MONITORING, "alerts.yaml")
SECONDS = 120  # until something must be there
# What Grafana puts in: the tenants that were chosen, the time range, four times the scrape interval.
VARIABLES = {"$tenant": "research|vision", "$__range": "1m", "$__rate_interval": "10s"}
SECRET = "0123456789abcdef"  # that the paths of reviews end with

POLICIES = CLUSTER + """\
---
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: research}
spec:
  namespaces: [research]
  gpus: {guaranteed: 4, burst: 6}
  priority: {allowed: [solid, spare], burst: [spare]}
---
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: vision}
spec:
  namespaces: [vision]
  gpus: {guaranteed: 8}
  priority: {allowed: [solid]}
---
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: crowd}
spec:
  namespaces: [crowd]
  gpus: {guaranteed: 100000}
---
apiVersion: fairgate.dev/v1alpha1
kind: PriorityLadder
metadata: {name: tiers}
spec:
  tiers:
    - {name: solid, class: solid, value: 2000, preempts: [spare]}
    - {name: spare, class: spare, value: 1000, preemptionPolicy: Never, preempts: []}
---
apiVersion: fairgate.dev/v1alpha1
kind: Exception
metadata: {name: deadline}
spec: {tenants: [vision], grant: {gpus: 2}, until: '2199-01-01T00:00:00Z', reason: a deadline}
"""


def rules():
    """All of the alerts' file, the recording ones included."""
    with open(ALERTS, encoding="utf-8") as file:
        return [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def dashboard():
    with open(os.path.join(MONITORING, "dashboard.json"), encoding="utf-8") as file:
        return json.load(file)


def queries():
    """(title of the panel, query) of all."""
    return [(panel["title"], target["expr"]) for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def filled(query):
    """With what Grafana puts in."""
    for name, value in sorted(VARIABLES.items(), reverse=True):
        query = query.replace(name, value)
    return query


def classed(name, gpus, space, priority):
    obj = pod(name, gpus, namespace=space)
    obj["spec"]["priorityClassName"] = priority
    return obj


@contextlib.contextmanager
def untouched():
    """A server that was asked nothing yet, and its cluster, of which it can't see the pods."""
    folder = os.path.join(scratch(), "monitored")
    write(os.path.join(folder, "set.yaml"), POLICIES)
    cluster = Cluster(namespace("research"), namespace("vision"), namespace("crowd"), classed("seen", 2, "research", "solid"),
                      usages=(usage("research"), usage("vision"), usage("crowd")))
    cluster.refused.add("pods")
    secret = write(os.path.join(scratch(), "secret"), SECRET)
    with FakeApi(cluster.step) as api, \
            serve(api, "--audit-log", os.path.join(scratch(), "audit.log"), "--path-secret-file", secret, "--request-timeout", "1h", folder=folder) as server:
        yield server, cluster


@contextlib.contextmanager
def busy():
    """Two tenants that hold GPUs of two classes, one of whom has been refused some; a live view that came late; an
    exception; a request that is no review."""
    with untouched() as (server, cluster):
        assert not send(server, "early", 1, "vision", "solid")
        cluster.refused.clear()
        ready(server)
        allowed = [send(server, *each) for each in (
            ("spare", 2, "research", "spare"), ("large", 4, "vision", "solid"), ("too-large", 4, "research", "solid"))]
        assert allowed == [True, True, False], allowed
        assert asked(server, "mutate", "mutated", 1, "vision", "solid")
        server.post(f"/validate/{SECRET}", "{}")
        yield server


def send(server, *each):
    """Is it let in?"""
    return asked(server, "validate", *each)


def asked(server, phase, *each):
    return server.validate(review(classed(*each)), path=f"/{phase}/{SECRET}")["allowed"]


def eventually(what, name):
    deadline = time.monotonic() + SECONDS
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < deadline, f"{name} never came"
        time.sleep(0.1)
