#!/usr/bin/env python3
"""What a denial says to programs: which rule each cause names, and the path of what is wrong. And what
/validate alone says of pods that /mutate never saw."""

import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

GOOD = {"name": "main", "image": "registry.example.com/a", "resources": {"limits": {"memory": "1Gi"}}}
EVIL = {"name": "evil", "image": "evil.example.com/a", "resources": {"limits": {"memory": "1Gi"}}}


def thing(api, kind, spec, namespace="apps", **metadata):
    metadata = {"name": "x", "namespace": namespace, **metadata}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def pod(spec, namespace="apps", labels=None, **metadata):
    labels = {"team": "vision"} if labels is None else labels
    return thing("v1", "Pod", spec, namespace, labels=labels, **metadata)


def template(*containers, labels=None, **spec):
    labels = {"team": "vision"} if labels is None else labels
    return {"metadata": {"labels": labels}, "spec": {"containers": list(containers), **spec}}


IMAGE = "base/images"
BAD = template(GOOD, EVIL)  # the second container's image
FINE = template(GOOD)

# name, object, [(rule, field)]
FIELDS = [
    ("the image of a container", pod({"containers": [GOOD, EVIL]}), [(IMAGE, "spec.containers[1].image")]),
    ("the image of an init container", pod({"initContainers": [EVIL], "containers": [GOOD]}),
     [(IMAGE, "spec.initContainers[0].image")]),
    ("the image of an ephemeral container", pod({"containers": [GOOD], "ephemeralContainers": [EVIL]}),
     [(IMAGE, "spec.ephemeralContainers[0].image")]),
    ("the image of a volume",
     pod({"containers": [GOOD], "volumes": [{"name": "a"}, {"name": "b", "image": {"reference": "evil/b"}}]}),
     [(IMAGE, "spec.volumes[1].image.reference")]),
    ("a label that is missing", pod({"containers": [GOOD]}, labels={}), [("base/team", "metadata.labels.team")]),
    ("a label that is wrong", pod({"containers": [GOOD]}, labels={"team": "A"}),
     [("base/team", "metadata.labels.team")]),
    ("a limit that is missing", pod({"containers": [GOOD, {"name": "b", "image": "registry.example.com/b"}]}),
     [("base/limits", "spec.containers[1].resources.limits")]),
    ("a scheduler", pod({"schedulerName": "other", "containers": [GOOD]}), [("base/scheduler", "spec.schedulerName")]),
    ("several, each with its own",
     pod({"initContainers": [EVIL], "schedulerName": "other", "containers": [GOOD]}, labels={}),
     [("base/team", "metadata.labels.team"), (IMAGE, "spec.initContainers[0].image"),
      ("base/scheduler", "spec.schedulerName")]),
    ("a Deployment", thing("apps/v1", "Deployment", {"template": BAD}),
     [(IMAGE, "spec.template.spec.containers[1].image")]),
    ("a label of a Deployment's template", thing("apps/v1", "Deployment", {"template": template(GOOD, labels={})}),
     [("base/team", "spec.template.metadata.labels.team")]),
    ("the scheduler of a StatefulSet",
     thing("apps/v1", "StatefulSet", {"template": template(GOOD, schedulerName="other")}),
     [("base/scheduler", "spec.template.spec.schedulerName")]),
    ("a DaemonSet", thing("apps/v1", "DaemonSet", {"template": BAD}),
     [(IMAGE, "spec.template.spec.containers[1].image")]),
    ("a Job", thing("batch/v1", "Job", {"template": BAD}), [(IMAGE, "spec.template.spec.containers[1].image")]),
    ("a CronJob", thing("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": BAD}}}),
     [(IMAGE, "spec.jobTemplate.spec.template.spec.containers[1].image")]),
    ("a JobSet", thing("jobset.x-k8s.io/v1alpha2", "JobSet",
                       {"replicatedJobs": [{"name": "a", "template": {"spec": {"template": FINE}}},
                                           {"name": "b", "template": {"spec": {"template": BAD}}}]}),
     [(IMAGE, "spec.replicatedJobs[1].template.spec.template.spec.containers[1].image")]),
    ("a LeaderWorkerSet", thing("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet",
                                {"leaderWorkerTemplate": {"leaderTemplate": BAD, "workerTemplate": BAD}}),
     [(IMAGE, "spec.leaderWorkerTemplate.leaderTemplate.spec.containers[1].image"),
      (IMAGE, "spec.leaderWorkerTemplate.workerTemplate.spec.containers[1].image")]),
    ("a PyTorchJob", thing("kubeflow.org/v1", "PyTorchJob",
                           {"pytorchReplicaSpecs": {"Master": {"template": FINE}, "Worker": {"template": BAD}}}),
     [(IMAGE, "spec.pytorchReplicaSpecs.Worker.template.spec.containers[1].image")]),
    ("a RayCluster", thing("ray.io/v1", "RayCluster",
                           {"headGroupSpec": {"template": BAD},
                            "workerGroupSpecs": [{"template": FINE}, {"template": BAD}]}),
     [(IMAGE, "spec.headGroupSpec.template.spec.containers[1].image"),
      (IMAGE, "spec.workerGroupSpecs[1].template.spec.containers[1].image")]),
]

GPU = {"name": "main", "image": "a", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
OWNER = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u1", "controller": True}
INSIDE = {"key": "example.com/fabric", "operator": "In", "values": ["a"]}
ELSEWHERE = {"key": "zone", "operator": "Exists"}
JOIN = {"labelSelector": {"matchLabels": {"fairgate.dev/workload": "u1"}}, "topologyKey": "example.com/fabric"}


def terms(*terms_):
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": list(t)} for t in terms_]}}}


def job_pod(*pod_terms, label="u1"):
    """A pod of a Job, confined to its tenant's domain, with these pod affinity terms."""
    labels = {"fairgate.dev/workload": label} if label else {}
    affinity = {**terms([INSIDE]), "podAffinity": {REQUIRED: list(pod_terms)}}
    return pod({"containers": [GPU], "affinity": affinity}, "research", labels, ownerReferences=[OWNER])


DOMAINS = "tenant/research/fabric.domains"
SPAN = "tenant/research/fabric.span"

# name, pod, rules that /validate alone finds broken
VALIDATED = [
    ("confined to the domain", pod({"containers": [GPU], "affinity": terms([INSIDE])}, "research"), []),
    ("confined by a node selector", pod({"containers": [GPU], "nodeSelector": {"example.com/fabric": "a"}}, "research"),
     []),
    ("not confined at all", pod({"containers": [GPU]}, "research"), [DOMAINS]),
    ("one term of two not confined", pod({"containers": [GPU], "affinity": terms([INSIDE], [ELSEWHERE])}, "research"),
     [DOMAINS]),
    ("confined to more than the domain",
     pod({"containers": [GPU], "affinity": terms([{**INSIDE, "values": ["a", "b"]}])}, "research"), [DOMAINS]),
    ("all domains but one", pod({"containers": [GPU],
                                 "affinity": terms([{**INSIDE, "operator": "NotIn", "values": ["b"]}])}, "research"),
     [DOMAINS]),
    ("preferring the domain only",
     pod({"containers": [GPU], "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
         {"weight": 100, "preference": {"matchExpressions": [INSIDE]}}]}}}, "research"), [DOMAINS]),
    ("not confined, without GPUs", pod({"containers": [GOOD]}, "research"), []),
    ("joined to its workload", job_pod(JOIN), []),
    ("joined to its workload beside another term",
     job_pod({"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "zone"}, JOIN), []),
    ("not joined", job_pod(), [SPAN]),
    ("without the label", job_pod(JOIN, label=None), [SPAN]),
    ("with another workload's label", job_pod(JOIN, label="u2"), [SPAN]),
    ("joined over another topology", job_pod({**JOIN, "topologyKey": "kubernetes.io/hostname"}), [SPAN]),
    ("joined to another workload",
     job_pod({**JOIN, "labelSelector": {"matchLabels": {"fairgate.dev/workload": "u2"}}}), [SPAN]),
    # With more asked of the others a pod may find none of them, and begin anew in another domain.
    ("joined to a part of its workload",
     job_pod({**JOIN, "labelSelector": {"matchLabels": {"fairgate.dev/workload": "u1", "rank": "7"}}}), [SPAN]),
    ("joined to a part of its workload by an expression",
     job_pod({**JOIN, "labelSelector": {**JOIN["labelSelector"],
                                        "matchExpressions": [{"key": "rank", "operator": "Exists"}]}}), [SPAN]),
    ("joined to a part of its workload by keys", job_pod({**JOIN, "matchLabelKeys": ["rank"]}), [SPAN]),
    ("joined to nothing of its workload by keys",
     job_pod({**JOIN, "mismatchLabelKeys": ["fairgate.dev/workload"]}), [SPAN]),
    ("joined in other namespaces", job_pod({**JOIN, "namespaces": ["elsewhere"]}), [SPAN]),
]


def evaluate(obj, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(obj, file)
        file.flush()
        call = [os.environ["FAIRGATE"], "eval", "--policies", f"{HERE}/set", "--state", f"{HERE}/state/nodes.yaml",
                "--time", "2026-01-01T00:00:00Z", "-o", "json", *options, file.name]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["response"], done.stderr


def report(name, expected, got):
    print(f"{'ok' if got == expected else 'not ok'} {name}")
    if got != expected:
        print(f"    expected {expected}\n    got      {got}")


def main():
    for name, obj, expected in FIELDS:
        response, _ = evaluate(obj)
        causes = response.get("status", {}).get("details", {}).get("causes", [])
        report(f"field: {name}", expected, [(cause["reason"], cause["field"]) for cause in causes])
    for name, obj, expected in VALIDATED:
        response, _ = evaluate(obj, "--phase", "validate")
        causes = response.get("status", {}).get("details", {}).get("causes", [])
        report(f"validated: {name}", expected, sorted({cause["reason"] for cause in causes}))


if __name__ == "__main__":
    main()
