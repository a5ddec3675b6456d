#!/usr/bin/env python3
"""Reviews made to keep the server busy are answered soon, and leave no memory behind: each of them
has as much as it may of something that is compared, added up, patched or told of. What one takes
that grows with the square of its length takes minutes here."""

import json
import os

from serving import ROOT, Server, main, test

POLICIES = os.path.join(ROOT, "policies/research-cluster")
STATE = os.path.join(ROOT, "policies/research-cluster/tests/state/cluster.yaml")
# The template `largest` of the namespace research.
TEMPLATES = os.path.join(ROOT, "tests/cases/claims/state/largest.yaml")
# Of a processor. With sanitizers the slowest takes less than a tenth of that, and all a third of this.
SECONDS = 5
MEGABYTES = 1000

DOMAIN, PRODUCT = "example.com/fabric-domain", "nvidia.com/gpu.product"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
GPU = {"limits": {"nvidia.com/gpu": "1", "memory": "1Gi"}}


def review(obj, old=None, groups=("system:authenticated",), sub_resource=""):
    group, _, version = obj["apiVersion"].rpartition("/")
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "5a3f8b52-0000-4000-8000-000000000000",
        "kind": {"group": group, "version": version, "kind": obj["kind"]},
        "resource": {"group": group, "version": version, "resource": obj["kind"].lower() + "s"},
        "subResource": sub_resource, "name": "worst", "namespace": "research",
        "operation": "UPDATE" if old else "CREATE",
        "userInfo": {"username": "alice", "groups": list(groups)},
        "object": obj, "oldObject": old, "dryRun": True}}


def pod(metadata=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "worst", "namespace": "research", "labels": {"team": "a"},
                         "annotations": {"purpose": "x"}, **(metadata or {})},
            "spec": {"containers": [container(0, resources=GPU)], **spec}}


def container(at, **more):
    return {"name": f"c{at}", "image": f"registry.example.com/ml/app:{at}", **more}


def job_set(template, count):
    template = {"metadata": {key: template["metadata"][key] for key in ("labels", "annotations")},
                "spec": template["spec"]}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet",
            "metadata": {"name": "worst", "namespace": "research"},
            "spec": {"replicatedJobs": [{"name": f"r{i}", "template": {"spec": {
                "template": template}}} for i in range(count)]}}


def node_terms(*terms):
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}


def within(key, count, operator="In"):
    return {"key": key, "operator": operator, "values": [f"v{i}" for i in range(count)]}


def pinned():
    return node_terms({"matchExpressions": [within(PRODUCT, 1000)]})


def resources(count):
    return {"limits": {**{f"a/{i:03d}": "1" for i in range(count)}, "nvidia.com/gpu": "1"}}


def sidecars():
    return [container(i, restartPolicy="Always", resources=resources(250)) for i in range(1023)]


def labels(count):
    return {f"k{i:04d}": "" for i in range(count)}


def compared():
    return node_terms({"matchExpressions": [within(DOMAIN, 500), within(DOMAIN, 500, "NotIn")]})


def bad_images(count):
    return [{"image": "x"} for _ in range(count)]


def doors(count):
    """A container with as many ways to a GPU of each kind."""
    return container(0) | {
        "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "x"} for _ in range(count)],
        "envFrom": [{"secretRef": {"name": "x"}} for _ in range(count)],
        "volumeMounts": [{"mountPath": "/a/.." * 3 + "/var/run/nvidia-container-devices/0"}
                         for _ in range(count)],
        "securityContext": {"capabilities": {"add": ["SYS_ADMIN"] * count}}}


def claims(count):
    return [{"name": f"c{i}", "resourceClaimTemplateName": "largest"} for i in range(count)]


def workload_terms():
    return [{"labelSelector": {"matchLabels": {"fairgate.dev/workload": "x"}},
             "topologyKey": DOMAIN} for _ in range(1024)]


def with_text(text, mark="@@"):
    """A review whose pod has `text` in place of a string."""
    return json.dumps(review(pod({"x": mark}))).replace(f'"{mark}"', text)


REVIEWS = {
    "labels and annotations": lambda: review(pod({"labels": labels(4096),
                                                  "annotations": labels(4096)})),
    "annotations of pinned boards": lambda: review(pod({"annotations": labels(4096)},
                                                       affinity=pinned())),
    "sidecars of many resources": lambda: review(pod(initContainers=sidecars())),
    "sidecars of pinned boards": lambda: review(pod(initContainers=sidecars(), affinity=pinned())),
    "containers to be patched": lambda: review(pod(containers=[
        container(0, resources=GPU), *(container(i, args=["x" * 3000]) for i in range(1, 1024))])),
    "long images": lambda: review(pod(containers=[
        container(i) | {"image": "registry.example.com" + "/a" * 2000} for i in range(1024)])),
    "values of a domain": lambda: review(pod(affinity=compared())),
    "terms to be patched": lambda: review(pod(affinity=node_terms(
        *({"matchFields": [{}]} for _ in range(1024))))),
    "terms to be removed": lambda: review(pod(affinity={
        "podAffinity": {REQUIRED: workload_terms()}})),
    "ephemeral containers": lambda: review(
        pod(ephemeralContainers=[container(i) for i in range(1000)]), pod(),
        sub_resource="ephemeralcontainers"),
    "side doors": lambda: review(pod(containers=[doors(30000)])),
    "side doors as before": lambda: review(pod(ephemeralContainers=[doors(15000)]), pod(
        ephemeralContainers=[doors(15000)], hostname="x"), sub_resource="ephemeralcontainers"),
    "long paths": lambda: review(pod(volumes=[
        {"name": "v", "hostPath": {"path": "/a" * 3500}} for _ in range(1024)])),
    "owners": lambda: review(pod({"ownerReferences": [{"uid": str(i)} for i in range(100000)]})),
    "tolerations": lambda: review(pod(tolerations=[{"key": f"k{i}"} for i in range(200000)])),
    "groups": lambda: review(pod(), groups=[f"g{i}" for i in range(300000)]),
    "a long quantity": lambda: review(pod(containers=[
        container(0, resources={"limits": {"nvidia.com/gpu": "0." + "0" * 4000000 + "1"}})])),
    "members": lambda: review(pod({f"x{i:06d}": 1 for i in range(300000)})),
    "small objects of names that are alike": lambda: review(pod({"x": [
        {f"{'a' * 200}{i:02d}x": 0 for i in range(32)} for _ in range(500)]})),
    "escapes": lambda: with_text('"' + "\\u0041" * 600000 + '"'),
    "nesting": lambda: with_text("[" * 2000000 + "]" * 2000000),
    "nesting within the bound": lambda: with_text(
        "[" + ",".join(["[" * 240 + "]" * 240] * 8000) + "]"),
    "an update that reorders": lambda: review(
        pod({"annotations": {f"k{i:04d}": "v" * 400 for i in range(4096)}}),
        pod({"annotations": {f"k{i:04d}": "v" * 400 for i in reversed(range(4096))}})),
    "templates of many containers": lambda: review(job_set(pod(containers=[
        container(0, resources=GPU), *({"name": "c"} for _ in range(1000))]), 256)),
    "templates to be patched": lambda: review(job_set(pod(containers=[
        container(0, resources=GPU), *({"name": "c"} for _ in range(1000))]), 8)),
    "templates of bad images": lambda: review(job_set(pod(containers=bad_images(1024)), 8)),
    "templates of bad images as before": lambda: review(
        job_set(pod(containers=bad_images(1024)), 8),
        job_set(pod(containers=bad_images(1024), hostname="x"), 8)),
    "templates of terms": lambda: review(job_set(pod(affinity=node_terms(
        *({"matchFields": [{}]} for _ in range(300)))), 27)),
    "templates of values": lambda: review(job_set(pod(affinity=compared()), 8)),
    "templates of labels": lambda: review(job_set(pod({"labels": labels(4000)}), 64)),
    "templates of resources": lambda: review(job_set(pod(containers=[
        container(i, resources=resources(250)) for i in range(5)]), 128)),
    "templates of claims": lambda: review(job_set(pod(resourceClaims=claims(256)), 256)),
    "containers that use a claim": lambda: review(pod(resourceClaims=claims(1), containers=[
        container(0, resources={"claims": [{"name": "c0"}] * 400000})])),
}


def worked(server):
    """Seconds of a processor that it has taken so far, however busy the machine is."""
    with open(f"/proc/{server.process.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_memory(server):
    """Megabytes, of all times."""
    with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) // 1024


@test
def no_review_keeps_the_server_busy():
    with Server("--state", STATE, "--state", TEMPLATES, folder=POLICIES, has_state=False) as server:
        slow = []
        for name, make in REVIEWS.items():
            body = make()
            body = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
            for path in ("/validate", "/mutate"):
                before = worked(server)
                server.validate(body.encode(), path=path)
                passed = worked(server) - before
                if passed > SECONDS:
                    slow.append(f"{path} of {name}: {passed:.1f} s")
        assert not slow, slow
        assert most_memory(server) < MEGABYTES, most_memory(server)


main()
