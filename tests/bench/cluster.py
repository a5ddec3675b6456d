#!/usr/bin/env python3
"""Pods created a second through a real API server: without a webhook, with one in Go that only says yes (yes.go), and with
fairgate, which judges by the sample policy set and a live view. Both phases are asked each time, over HTTP/1.1.

wrk creates PODS_A_RUN (3000) over 16 connections, everything on the same processors; ROUNDS (9) of each in turn, of which the
median counts; in between all pods go. Once with pods that ask for no GPU, once with pods that do, in a tenant with
caps that are never reached, so that fairgate reserves each; once with such that it has to fill in as well: the API server
applies its patch, and asks again since that brings another priority. Controllers and scheduler don't run. Processor time is
told of each webhook by call, and of all processes (API server, etcd, webhook, wrk) by create, which what else runs on the
machine changes little. Ends with one line of JSON."""

import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import signal
import ssl
import statistics
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
from control_plane import ControlPlane, Failed, Process, programs, wait_until
from webhook import Webhook

PODS = int(os.environ.get("PODS_A_RUN", "3000"))
ROUNDS = int(os.environ.get("ROUNDS", "9"))
CONNECTIONS = 16
TARGET = 1.1  # what is to be reached, of the webhook that only says yes
NAMESPACE = "research-bench"
PATH = f"/api/v1/namespaces/{NAMESPACE}/pods"
CHANGES = {"guaranteed: 16": "guaranteed: 10000000", "burst: 24": "burst: 10000000",
           "  resources:\n    cpu: 512\n    memory: 4Ti\n": ""}


def pod(gpus, labels=None, **spec):
    """One that the sample set lets in; nothing schedules it."""
    limits = {"cpu": "2", "memory": "8Gi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"generateName": "train-", "annotations": {"purpose": "training"},
                         "labels": {"app": "train", "team": "vision", **(labels or {})}},
            "spec": {**spec, "terminationGracePeriodSeconds": 0,
                     "containers": [{"name": "main", "image": "registry.example.com/ml/train:1.0",
                                     "command": ["python", "train.py"], "resources": {"limits": limits},
                                     "env": [{"name": "EPOCHS", "value": "10"}, {"name": "NCCL_DEBUG", "value": "INFO"}],
                                     "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                     "volumes": [{"name": "data", "emptyDir": {}}]}}


IN_DOMAIN = {"key": "example.com/fabric-domain", "operator": "In", "values": ["a"]}
KINDS = {
    "without GPUs": pod(0),
    "GPUs, complete": pod(
        1, {"cost-center": "CC-4711"}, priorityClassName="p2-batch",
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [IN_DOMAIN]}]}}}),
    "GPUs, patched": pod(1),
}


class Yes(Webhook):
    """The one in Go."""

    def __init__(self, plane):
        super().__init__(plane)
        self.program = os.path.join(plane.work, "yes")
        subprocess.run(["go", "build", "-o", self.program, os.path.join(HERE, "yes.go")], check=True, cwd=plane.work)

    def start(self, name="yes"):
        self.process = Process(name, [self.program, f"{self.plane.certs}/server.crt", f"{self.plane.certs}/server.key"],
                               os.path.join(self.plane.logs, f"{name}.log"))
        self.listen = wait_until(name, lambda: self.process.must_run() and self.process.written().strip(), 20)

    def stop(self):
        self.process.stop()
        self.process = None

    def decisions(self):
        context = ssl.create_default_context(cafile=f"{self.plane.certs}/ca.crt")
        with urllib.request.urlopen(f"https://{self.listen}/calls", context=context, timeout=10) as page:
            return {"both": int(page.read())}

    def is_asked(self):
        """As the other one tells: two calls more are two phases."""
        before = self.decisions()["both"]
        self.probe()
        return range(self.decisions()["both"] - before)


def calls(webhook):
    return sum(webhook.decisions().values()) if webhook else 0


def processor_time(process):
    """Seconds used so far."""
    with open(f"/proc/{process.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_times(plane, webhook):
    """Of the webhook, and of all: of the control plane, too, and of each wrk."""
    own = processor_time(webhook.process) if webhook else 0
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own, own + sum(map(processor_time, plane.processes)) + children.ru_utime + children.ru_stime


def policies(plane):
    """The sample set, with GPU caps that nothing reaches; nothing else is capped, so that a pod without GPUs need not be reserved."""
    folder = os.path.join(plane.work, "sample")
    shutil.copytree(os.path.join(ROOT, "policies/research-cluster"), folder)
    path = os.path.join(folder, "tenants/research.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for was, becomes in CHANGES.items():
        assert text.count(was) == 1, was
        text = text.replace(was, becomes)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return folder


def prepare(plane):
    """A quiet control plane with a namespace."""
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.wait_for_service_accounts([NAMESPACE])
    for process in [each for each in plane.processes if each.name not in ("etcd", "kube-apiserver")]:
        process.stop()
        plane.processes.remove(process)


def delete_all(plane):
    """Returns when no pod is left. They have no grace period, so that each call takes as long as it needs."""
    context = ssl.create_default_context(cafile=f"{plane.certs}/ca.crt")
    connection = http.client.HTTPSConnection("127.0.0.1", plane.server_port, context=context, timeout=120)
    headers = {"Authorization": f"Bearer {plane.tokens['admin']}"}

    def call(method, path):
        connection.request(method, path, None, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise Failed(f"{method} {path}: {text.decode()}")
        return json.loads(text)

    while call("GET", f"{PATH}?limit=1")["items"]:
        call("DELETE", PATH)


def create_pods(plane, body):
    """What wrk tells in the end. It ends by itself only after a time, or when it is interrupted."""
    with subprocess.Popen(
            ["wrk", "-t1", f"-c{CONNECTIONS}", "-d120s", "--timeout", "10s", "-s", f"{HERE}/creates.lua", plane.server],
            env={**os.environ, "BODY": body, "PODS": str(PODS), "POD_PATH": PATH, "TOKEN": plane.tokens["admin"]},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as wrk:
        for line in wrk.stdout:
            if line == "created\n":
                wrk.send_signal(signal.SIGINT)
                break
        return wrk.stdout.read()


def load(plane, webhook, body):
    """One run of wrk."""
    with contextlib.ExitStack() as stack:
        if webhook:
            webhook.start()
            stack.callback(webhook.stop)
            webhook.register()
            stack.callback(webhook.withdraw)
        asked, before = calls(webhook), processor_times(plane, webhook)
        done = create_pods(plane, body)
        own, of_all = (now - was for now, was in zip(processor_times(plane, webhook), before))
        asked = calls(webhook) - asked
    found = re.search(r"^\{.*\}$", done, re.MULTILINE)
    if not found:
        raise Failed("wrk failed:\n" + done)
    result = json.loads(found.group())
    if result["errors"] or webhook and asked < 2 * result["calls"]:
        raise Failed(f"{result['errors']} of {result['calls']} calls failed, {asked} reviews")
    return {"createsPerSecond": result["calls"] / (result["microseconds"] / 1e6),
            "cpuMicroseconds": own * 1e6 / asked if asked else 0,
            "cpuMicrosecondsOfAll": of_all * 1e6 / result["calls"], "reviews": asked / result["calls"], "p50": result["p50"], "p99": result["p99"]}


def measure(plane, webhooks):
    """{kind: {webhook: its runs}}; in turns, so that what the machine does meanwhile hits all alike. Each round begins with
    another one: every run leaves etcd more to keep, which the next ones pay for."""
    runs = {kind: {name: [] for name in webhooks} for kind in KINDS}
    for turn in range(ROUNDS):
        first = turn % len(webhooks)
        order = [*webhooks.items()][first:] + [*webhooks.items()][:first]
        for kind, body in KINDS.items():
            path = plane.write("body.json", json.dumps(body))
            for name, webhook in order:
                runs[kind][name].append(load(plane, webhook, path))
                delete_all(plane)
            print(f"round {turn + 1}, {kind}: " + ", ".join(
                f"{name} {runs[kind][name][-1]['createsPerSecond']:.0f}" for name, _ in order), flush=True)
    return runs


def report(runs):
    """{kind: {webhook: medians}}, and how fairgate stands to the other one."""
    medians = {kind: {name: {key: round(statistics.median(run[key] for run in list_of), 2) for key in list_of[0]}
                      for name, list_of in by_name.items()} for kind, by_name in runs.items()}
    print(f"\n{'':16}{'':12}{'creates/s':>11}{'reviews each':>14}{'CPU us/call':>13}{'of all/create':>15}{'p50 us':>9}{'p99 us':>9}")
    for kind, by_name in medians.items():
        for name, one in by_name.items():
            print(f"{kind:16}{name:12}{one['createsPerSecond']:11.0f}{one['reviews']:14.1f}{one['cpuMicroseconds']:13.1f}"
                  f"{one['cpuMicrosecondsOfAll']:15.0f}{one['p50']:9.0f}{one['p99']:9.0f}")
    ratios = {kind: round(statistics.median(
        ours["createsPerSecond"] / theirs["createsPerSecond"]
        for ours, theirs in zip(by_name["fairgate"], by_name["yes in Go"])), 3) for kind, by_name in runs.items()}
    for kind, ratio in ratios.items():
        print(f"fairgate of yes in Go, {kind}: {ratio:.2f} (to be reached: {TARGET})")
    print(json.dumps({"results": medians, "ratios": ratios}))


def let_it_know(plane, fairgate):
    """Until it is known of each tenant what was let in before; from then on its TenantUsage says so."""
    fairgate.options = ["--request-timeout", "2s"]
    fairgate.start()
    wait_until("what tenants hold known", lambda: not plane.kubectl(
        "get", "tenantusages", "-o", "jsonpath={.items[*].spec.unknown}")[1], 30)
    fairgate.stop()
    fairgate.options = []


def run(plane):
    prepare(plane)
    webhooks = {"none": None, "yes in Go": Yes(plane), "fairgate": Webhook(plane)}
    with contextlib.ExitStack() as stack:
        for webhook in webhooks.values():
            if webhook:
                stack.callback(webhook.kill)
        webhooks["fairgate"].use(policies(plane))
        webhooks["fairgate"].server = plane.server
        let_it_know(plane, webhooks["fairgate"])
        print(f"{ROUNDS} rounds of {PODS} pods each, {CONNECTIONS} connections", flush=True)
        report(measure(plane, webhooks))


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
