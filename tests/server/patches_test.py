#!/usr/bin/env python3
"""Every patch is one that a library applies, strictly; the result is what fairgate itself goes on
with; a second look at it changes nothing; and it is denied only for what the author must mend.

Tried on the recorded reviews, on every pod that stands anywhere in the sample set and in the cases,
and on generated ones."""

import glob
import json
import os
import re
import subprocess

import base64
import jsonpatch
import yaml

import pods
from serving import FAIRGATE, ROOT, main, scratch, test, write

MUTATED = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build/address")),
                       "tests/server/mutated")
SAMPLE = os.path.join(ROOT, "policies/research-cluster")
BUSY = os.path.join(ROOT, "tests/state/busy.yaml")

# What /mutate mends: the finding, and the operations that mend it.
MENDED = (
    (r"could land outside the fabric domains", r"/spec/affinity"),
    (r"could land in another fabric domain than its workload", r"/spec/affinity"),
    (r"has the label fairgate\.dev/workload=", r"/metadata/labels/fairgate\.dev~1workload"),
    (r'names the scheduler "default-scheduler"', r"/spec/schedulerName"),
    (r"has no priority class|has the priority class \"standard\"", r"/spec/priorityClassName"),
    (r"has the preemption policy|has the priority ", r"/spec/(priority|preemptionPolicy)$"),
)

# All that /mutate can set, in keys and values that need care.
RICH = """\
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: rich}
spec:
  mutate:
    - id: everything
      set:
        schedulerName: kai-scheduler
        runtimeClassName: gvisor
        labels: {"a.b/c": "{namespace}", "x.example.com/team": "{tenant.costCenter}-x", d: ""}
        annotations: {"a~0/b": 'quote " and \\\\ and é', "~": "{tenant.contact}"}
        tolerations:
          - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
          - {key: "other/key~x", operator: Equal, value: v, effect: NoExecute, tolerationSeconds: 60}
          - {key: third, operator: Exists}
        nodeSelector: {"a.b/c": "2", pool: gpu}
        hideUnrequestedGpus: true
"""

GLOBAL_DEFAULT = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                  "metadata": {"name": "standard"}, "value": 0, "globalDefault": True}


# ---- asking

def build_review(number, pod):
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    resource = {"group": "", "version": "v1", "resource": "pods"}
    metadata = pod.get("metadata") or {}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": f"00000000-0000-4000-8000-{number:012d}", "kind": kind, "resource": resource,
        "name": metadata.get("name", ""), "namespace": metadata.get("namespace", "default"),
        "operation": "CREATE", "userInfo": {"username": "alice", "groups": ["tenants"]},
        "object": pod, "oldObject": None, "dryRun": True, "options": None}}


class Judge:
    """A policy set and states; reviews are judged all in one call."""

    def __init__(self, policies, states):
        self.policies, self.states = policies, states
        self.options = [word for state in states for word in ("--state", state)]

    def responses(self, reviews, phase):
        folder = os.path.join(scratch(), "reviews")
        os.makedirs(folder, exist_ok=True)
        answers = []
        for start in range(0, len(reviews), 500):
            paths = [write(os.path.join(folder, f"{at}.json"), json.dumps(review))
                     for at, review in enumerate(reviews[start:start + 500])]
            done = subprocess.run(
                [FAIRGATE, "eval", "--policies", self.policies, *self.options, "-o", "json",
                 "--phase", phase, *paths], capture_output=True, text=True, check=False, timeout=1200)
            assert done.returncode in (0, 1), done.stderr
            answers += [json.loads(line)["response"] for line in done.stdout.splitlines()]
        assert len(answers) == len(reviews)
        return answers

    def mutated(self, reviews):
        """What fairgate itself makes of each object."""
        text = "".join(json.dumps(review) + "\n" for review in reviews)
        done = subprocess.run([MUTATED, self.policies, *self.states], input=text, text=True,
                              capture_output=True, check=False, timeout=1200)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) if line else None for line in done.stdout.splitlines()]


def patch_of(response):
    if "patch" not in response:
        return []
    assert response["patchType"] == "JSONPatch", response
    patch = json.loads(base64.b64decode(response["patch"], validate=True))
    assert patch, "an empty patch is none"
    return patch


def causes(response):
    if response["allowed"]:
        return []
    return sorted((cause["reason"], cause["message"])
                  for cause in response["status"]["details"]["causes"])


def is_filled(cause, patch):
    """A default fills in what a rule requires."""
    found = re.search(r'has no (label|annotation) "([^"]+)"', cause[1])
    path = found and f"/metadata/{found[1]}s/" + found[2].replace("~", "~0").replace("/", "~1")
    return found and any(operation["path"] == path for operation in patch)


def is_mended(cause, patch):
    return is_filled(cause, patch) or any(re.search(pattern, cause[1]) and
               any(re.match(path, operation["path"]) for operation in patch)
               for pattern, path in MENDED)


# What a pod holds, and of which cap, may be another amount then.
AMOUNTS = [
    ("/spec/priorityClassName", ("gpus.guaranteed", "gpus.burst")),  # a default class may have made it one that bursts
    ("/spec/nodeSelector/nvidia.com~1gpu.product", ("gpus.guaranteed", "gpus.burst", "gpus.perPod")),
]


def without_amounts(found, patch):
    caps = tuple(cap for path, each in AMOUNTS for cap in each if any(operation["path"] == path for operation in patch))
    return [cause for cause in found if not cause[0].endswith(caps)]


# ---- what must hold

def check_verdict(what, patch, before, after):
    """Denied is what was denied before, less what the patch mends."""
    assert not [one for one in causes(after) if is_mended(one, patch)], "not mended: " + what
    wanted = [one for one in causes(before) if not is_mended(one, patch)]
    assert without_amounts(causes(after), patch) == without_amounts(wanted, patch), \
        "another verdict: " + what


def check_mended(what, pod, after):
    """In the sample set there is nothing that /mutate may leave to the author of what it mends."""
    if "tenant" in after["auditAnnotations"] and "nodeName" not in pod["spec"]:
        everything = [{"path": path} for path in (
            "/spec/affinity", "/metadata/labels/fairgate.dev~1workload",
            "/metadata/labels/cost-center", "/spec/priorityClassName")]
        assert not [one for one in causes(after) if is_mended(one, everything)], "left: " + what


def apply_all(reviews, mutations, own):
    """The reviews with their patches applied by the library, which must be what fairgate has."""
    changed = []
    for review, mutation, mine in zip(reviews, mutations, own):
        pod, patch = review["request"]["object"], patch_of(mutation)
        result = jsonpatch.JsonPatch(patch).apply(pod)
        assert result == mine, f"{patch}\nfairgate: {mine}\nlibrary: {result}"
        changed.append(dict(review, request=dict(review["request"], object=result)))
    return changed


def check_all(judge, reviews, is_sample=True):
    """How many were changed."""
    mutations = judge.responses(reviews, "mutate")
    changed = apply_all(reviews, mutations, judge.mutated(reviews))
    rows = zip(reviews, mutations, judge.responses(reviews, "validate"),
               judge.responses(changed, "mutate"), judge.responses(changed, "validate"))
    for review, mutation, before, again, after in rows:
        pod, patch = review["request"]["object"], patch_of(mutation)
        what = "\n".join(map(json.dumps, (pod, patch, causes(before), causes(after))))
        assert mutation["allowed"] or set(one[0] for one in causes(mutation)) <= {
            "cluster/request", "cluster/limits"}, what
        assert not patch_of(again), f"a second patch: {patch_of(again)}\n{what}"
        if mutation["allowed"]:
            check_verdict(what, patch, before, after)
        if mutation["allowed"] and is_sample:
            check_mended(what, pod, after)
    return sum(bool(patch_of(mutation)) for mutation in mutations)


def recorded(pattern):
    reviews = []
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/reviews", pattern))):
        with open(path, encoding="utf-8") as file:
            reviews.append(json.load(file))
    return reviews


def pods_in(value):
    if isinstance(value, list):
        return [pod for one in value for pod in pods_in(one)]
    if not isinstance(value, dict):
        return []
    if value.get("kind") == "Pod" and isinstance(value.get("spec"), dict):
        # Round and round: YAML has dates, and objects that stand in two places.
        return [json.loads(json.dumps(value, default=str))]
    return [pod for one in value.values() for pod in pods_in(one)]


def pods_below(folder):
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "**/*"), recursive=True)):
        if path.endswith((".yaml", ".yml", ".json")):
            with open(path, encoding="utf-8") as file:
                found += pods_in(list(yaml.safe_load_all(file)))
    return found


def sample_set(more=""):
    """The sample set, and a policy beside it; a cluster where a class is the global default."""
    folder = os.path.join(scratch(), "rich" if more else "sample")
    for path in glob.glob(os.path.join(SAMPLE, "**/*.yaml"), recursive=True):
        if not path.endswith(".test.yaml") and "/tests/" not in path:
            with open(path, encoding="utf-8") as file:
                write(os.path.join(folder, os.path.relpath(path, SAMPLE)), file.read())
    if more:
        write(os.path.join(folder, "rich.yaml"), more)
    state = write(os.path.join(scratch(), "global.json"), json.dumps(GLOBAL_DEFAULT))
    return Judge(folder, [BUSY, state])


@test
def recorded_pods_once_patched_are_right():
    reviews = recorded("*-mutate-CREATE-pods-[rs]*.json")
    assert check_all(Judge(SAMPLE, [BUSY]), reviews) > 10


@test
def nothing_but_the_creation_of_pods_is_patched():
    reviews = [review for review in recorded("[0-9]*.json")
               if review["request"]["operation"] != "CREATE" or review["request"].get("subResource")
               or review["request"]["resource"]["resource"] != "pods"]
    assert len(reviews) > 50
    for response in Judge(SAMPLE, [BUSY]).responses(reviews, "mutate"):
        assert response["allowed"] and "patch" not in response, response


@test
def validate_never_patches():
    for response in Judge(SAMPLE, [BUSY]).responses(recorded("[0-9]*.json"), "validate"):
        assert "patch" not in response, response


@test
def pods_of_the_sample_set_once_patched_are_right():
    found = pods_below(SAMPLE)
    reviews = [build_review(at, pod) for at, pod in enumerate(found)]
    assert check_all(sample_set(), reviews) > 10


@test
def pods_of_the_cases_once_patched_are_right():
    count = 0
    for folder in sorted(glob.glob(os.path.join(ROOT, "tests/cases/*/"))):
        found = pods_below(folder)
        check = subprocess.run([FAIRGATE, "check", folder], capture_output=True, check=False)
        if not found or check.returncode:
            continue  # a set with mistakes has none to judge
        # What is no pod at all has cases of its own.
        reviews = [build_review(at, pod) for at, pod in enumerate(found)
                   if isinstance(pod.get("metadata"), dict)]
        count += check_all(Judge(folder, []), reviews, is_sample=False)
    assert count > 0


@test
def generated_pods_once_patched_are_right():
    generator = pods.Pods(20261121)
    reviews = [build_review(at, generator.pod(at)) for at in range(600)]
    assert check_all(sample_set(), reviews) > 200


@test
def generated_pods_under_a_policy_that_sets_everything():
    generator = pods.Pods(4711)
    reviews = [build_review(at, generator.pod(at)) for at in range(600)]
    assert check_all(sample_set(RICH), reviews) > 400


if __name__ == "__main__":
    main()
