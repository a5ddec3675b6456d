#!/usr/bin/env python3
"""Writes what the bench needs into a folder: prepare.py DIR

requests.lua     the requests of the mix, made of recorded reviews
state.json       a cluster of 10,000 pods, as kubectl prints it
large/           the sample policy set with 1,000 tenants and 200 more rules, 40 of which look at
                 every pod, the others at those of ten tenants each
large-state.json 10,000 pods over those tenants"""

import copy
import glob
import json
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PODS, TENANTS, RULES = 10000, 1000, 200
SAMPLE_TENANTS = 4
MARK = "@@@@@@@@@@@@"  # as long as the number that replaces it
IN_USE = 4             # GPUs of research, which may have 24


def recorded(number):
    path, = glob.glob(os.path.join(ROOT, f"tests/reviews/{number}-*.json"))
    with open(path, encoding="utf-8") as file:
        return json.load(file)


# ---- requests

def raw(path, body):
    text = json.dumps(body, separators=(",", ":"))
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text.encode())}\r\n\r\n{text}")


def training_pod(namespace, resource):
    """The recorded training pod as it comes to /validate after /mutate of the sample set."""
    pod = copy.deepcopy(recorded("0014")["request"]["object"])
    pod["metadata"].update(name=f"train-{MARK}", namespace=namespace,
                           uid=f"00000000-0000-4000-8000-{MARK}")
    spec = pod["spec"]
    spec.update(priorityClassName="p2-batch", priority=200000)
    spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [
            {"key": "example.com/fabric-domain", "operator": "In", "values": ["a"]}]}]}}}
    for container in spec["containers"]:
        for kind in container["resources"].values():
            count = kind.pop("nvidia.com/gpu", None)
            if count:
                kind[resource] = "1"
            kind["memory"] = "8Gi"
            if "cpu" in kind:
                kind["cpu"] = "2"
    return pod


def create(namespace, resource):
    body = recorded("0014")
    body["request"].update(uid=f"00000000-0000-4000-9000-{MARK}", name=f"train-{MARK}",
                           namespace=namespace, object=training_pod(namespace, resource),
                           dryRun=False)
    return body


def delete(namespace, resource):
    body = recorded("0080")
    body["request"].update(uid=f"00000000-0000-4000-a000-{MARK}", name=f"train-{MARK}",
                           namespace=namespace, oldObject=training_pod(namespace, resource),
                           dryRun=False)
    return body


def plain(number):
    """The recorded plain pod, from a registry that the sample set allows."""
    body = recorded(number)
    for container in body["request"]["object"]["spec"]["containers"]:
        container["image"] = "registry.example.com/web/nginx:1.25"
    return body


def quoted(text):
    """A Lua string. Lua reads a carriage return in a long one as a newline."""
    return "(([===[\n" + text.replace("\r", "\x01") + ']===]):gsub("\\1", "\\r"))'


def write_requests(path):
    places = [("research-whole", "nvidia.com/gpu"), ("research-mig", "nvidia.com/mig-1g.10gb")]
    rest = [("/validate", recorded("0062")), ("/mutate", plain("0055")),
            ("/validate", recorded("0072")), ("/validate", plain("0056")),
            ("/mutate", recorded("0061")), ("/mutate", plain("0055")),
            ("/mutate", recorded("0071")), ("/validate", plain("0056"))]

    def pieces(body):
        return "{" + ",".join(quoted(part) for part in raw("/validate", body).split(MARK)) + "}"

    with open(path, "w", encoding="utf-8") as file:
        file.write("return {\ncreates={" + ",".join(pieces(create(*one)) for one in places))
        file.write("},\ndeletes={" + ",".join(pieces(delete(*one)) for one in places))
        file.write("},\nrest={" + ",".join(quoted(raw(*one)) for one in rest) + "}}\n")


# ---- clusters

def namespace_object(name, labels=None):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name,
                                                  **(labels or {})}}}


def running_pod(template, at, place):
    namespace, gpus = place
    resources = {"cpu": "100m", "memory": "64Mi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    for old, new in (("@NAME@", f"pod-{at:05d}"), ("@NAMESPACE@", namespace),
                     ("@UID@", f"11111111-0000-4000-8000-{at:012x}"),
                     ("@NODE@", f"node-{at % 500:03d}"), ('"@RESOURCES@"', json.dumps(resources))):
        template = template.replace(old, new)
    return template


def pod_template():
    """The largest of the recorded cluster's pods, running, with one container."""
    with open(os.path.join(ROOT, "tests/reviews/cluster-state.list.json"), encoding="utf-8") as file:
        items = json.load(file)["items"]
    pod = max((item for item in items if item["kind"] == "Pod"),
              key=lambda item: len(json.dumps(item)))
    pod["metadata"].update(name="@NAME@", namespace="@NAMESPACE@", uid="@UID@")
    pod["spec"].update(nodeName="@NODE@", initContainers=[])
    pod["spec"]["containers"][0]["resources"] = {"requests": "@RESOURCES@", "limits": "@RESOURCES@"}
    pod["status"]["phase"] = "Running"
    return json.dumps(pod, indent=4)  # as kubectl does


def write_state(path, place):
    """`place(i)` gives the namespace of pod i and its GPUs."""
    template, names = pod_template(), {"research", "research-whole", "research-mig"}
    pods = []
    for at in range(PODS):
        names.add(place(at)[0])
        pods.append(running_pod(template, at, place(at)))
    nodes = [{"apiVersion": "v1", "kind": "Node", "metadata": {
        "name": f"node-{at:03d}", "labels": {"example.com/fabric-domain": "ab"[at % 2]}}}
             for at in range(500)]
    others = [json.dumps(one, indent=4)
              for one in [namespace_object(name) for name in sorted(names)] + nodes]
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"apiVersion": "v1", "kind": "List", "items": [\n')
        file.write(",\n".join(others + pods) + "]}\n")


def sample_place(at):
    """Three tenants, one of them with GPUs in use, and a hundred other namespaces."""
    if at < IN_USE:
        return "research", 1
    return (["research", "serving", "sandbox"] + [f"team-{i}" for i in range(100)])[at % 103], 0


def large_place(at):
    """Each tenant has ten pods, one of them with a GPU."""
    tenant = at % (TENANTS - SAMPLE_TENANTS)
    return f"tenant-{tenant:04d}-prod", 1 if at < TENANTS - SAMPLE_TENANTS else 0


# ---- the large policy set

def tenant(at):
    return {"apiVersion": "fairgate.dev/v1alpha1", "kind": "Tenant",
            "metadata": {"name": f"tenant-{at:04d}"},
            "spec": {"owner": {"team": f"Team {at}", "contact": f"#team-{at}",
                               "costCenter": f"CC-{at:04d}"},
                     "namespaces": [f"tenant-{at:04d}", f"tenant-{at:04d}-*"],
                     "gpus": {"guaranteed": 16, "burst": 24, "perPod": 8},
                     "sharing": {"modes": ["whole", "mig"]},
                     "priority": {"allowed": ["p0-training", "p2-batch"], "default": "p2-batch",
                                  "burst": ["p2-batch"]}}}


def policy(at, is_everywhere):
    """Five rules, for every pod or for the pods of ten tenants."""
    match = {} if is_everywhere else {"tenants": [f"tenant-{i:04d}"
                                                  for i in range(at * 10, at * 10 + 10)]}
    return {"apiVersion": "fairgate.dev/v1alpha1", "kind": "Policy",
            "metadata": {"name": f"bench-{at:02d}"},
            "spec": {"match": {"kinds": ["Pod"], **match}, "rules": [
                {"id": "label", "labels": {"forbidden": [f"forbidden-{at}"]}},
                {"id": "annotation", "annotations": {"forbidden": [f"forbidden-{at}.example.com/x"]}},
                {"id": "source", "images": {"deny": [f"registry-{at}.example.org/**"]}},
                {"id": "limit", "resources": {"max": {"memory": f"{600 + at}Gi"}}},
                {"id": "tag", "images": {"tags": {"deny": [f"forbidden-{at}", f"*-never{at}"]}}}]}}


def write_large_set(folder):
    shutil.copytree(os.path.join(ROOT, "policies/research-cluster"), folder,
                    ignore=shutil.ignore_patterns("*.test.yaml"))
    documents = [tenant(at) for at in range(TENANTS - SAMPLE_TENANTS)]
    documents += [policy(at, is_everywhere=at < 8) for at in range(RULES // 5)]
    with open(os.path.join(folder, "large.yaml"), "w", encoding="utf-8") as file:
        for document in documents:  # JSON is YAML
            file.write("---\n" + json.dumps(document, indent=2) + "\n")


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    write_requests(os.path.join(folder, "requests.lua"))
    write_state(os.path.join(folder, "state.json"), sample_place)
    write_state(os.path.join(folder, "large-state.json"), large_place)
    write_large_set(os.path.join(folder, "large"))


main()
