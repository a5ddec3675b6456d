#!/usr/bin/env python3
"""`fairgate audit`, of a cluster whose API server is faked: what one namespace has that can't be read keeps nobody from hearing of
the others, and what is refused, lost or gone there keeps no other one from its report."""

import functools
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from fake_api import FakeApi, status
from serving import expect, main, run, scratch, test, write

REPORTS = "/apis/wgpolicyk8s.io/v1alpha2"
POLICIES = """\
apiVersion: fairgate.dev/v1alpha1
kind: Cluster
metadata: {name: test}
spec: {admins: {users: [admin]}}
---
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: images}
spec:
  rules: [{id: sources, images: {allow: ["registry.example.com/**"]}}]
"""
PAGE = 100


def pod(namespace):
    return {"metadata": {"name": "open", "namespace": namespace, "uid": namespace},
            "spec": {"containers": [{"name": "main", "image": "docker.io/library/busybox"}]}}


class Cluster(FakeApi):
    """Pods that break a rule in some namespaces, and the reports that are written."""

    def __init__(self, *namespaces):
        super().__init__(self.step)
        self.namespaces = namespaces
        self.objects = {}  # what else there is, by the path of its list
        self.reports = {}  # by namespace
        self.answers = {}  # by method and namespace: what it gets instead; None: the connection ends
        self.applied = 0

    def step(self, call):
        path = call.query["path"]
        if call.command == "GET":
            self.list(call, path)
            return
        answer = self.write(call, path.removeprefix(REPORTS).split("/")[2])
        if answer is None:
            call.cut()
        else:
            code, body = answer
            call.body(json.dumps(body), code)

    def write(self, call, namespace):
        if (call.command, namespace) in self.answers:
            return self.answers[call.command, namespace]
        if call.command == "PATCH":
            self.applied += 1
            self.reports[namespace] = json.loads(call.content)
            return 200, self.reports[namespace]
        if self.reports.pop(namespace, None) is None:
            return refusal(404, "NotFound", 'policyreports.wgpolicyk8s.io "fairgate" not found')
        return 200, {"kind": "Status", "status": "Success"}

    def list(self, call, path):
        items, query = [], call.query
        at = int(query.get("continue", 0))
        if path == "/api/v1/namespaces":
            items = [{"metadata": {"name": name}} for name in self.namespaces]
        elif path == "/api/v1/pods":
            items = [pod(name) for name in self.namespaces]
        elif path == REPORTS + "/policyreports":
            assert query["labelSelector"] == "app.kubernetes.io/managed-by=fairgate", query
            assert query["fieldSelector"] == "metadata.name=fairgate", query
            items = [{"metadata": {"name": "fairgate", "namespace": name}} for name in self.stale_list(at)]
        items = items + self.objects.get(path, [])
        rest = str(at + PAGE) if len(items) > at + PAGE else None
        call.list(items[at:at + PAGE], 7, rest)

    def stale_list(self, at):
        """What the first page began with, whatever goes meanwhile."""
        if at == 0:
            self.listed = sorted(self.reports)
        return self.listed


def audit(cluster, *arguments):
    """Exit status, results, and stderr."""
    path = write(os.path.join(scratch(), "audited/set.yaml"), POLICIES)
    code, out, err = run("audit", "--policies", os.path.dirname(path), "--kubeconfig", cluster.kubeconfig(), "-o", "json", *arguments)
    assert out, err
    return code, json.loads(out)["results"], err


def publish(cluster):
    """Exit status and stderr."""
    code, results, err = audit(cluster, "--write")
    expect("what is printed", [one["namespace"] for one in results], sorted(cluster.namespaces))
    return code, err


def refusal(code, reason, message):
    return code, status(code, message, reason)


def with_cluster(*namespaces):
    def wrap(function):
        @functools.wraps(function)
        def in_cluster():
            with Cluster(*namespaces) as cluster:
                function(cluster)

        return test(in_cluster)

    return wrap


@with_cluster("a", "b")
def those_of_before_go_however_many_pages_they_fill(cluster):
    cluster.reports = {f"was-{number}": {} for number in range(3 * PAGE + 1)}
    expect("end", publish(cluster), (0, f"reports: 2 written, {3 * PAGE + 1} removed\n"))
    expect("reports", sorted(cluster.reports), ["a", "b"])
    report = cluster.reports["a"]
    expect("summary", report["summary"], {"pass": 0, "fail": 1, "warn": 0, "error": 0, "skip": 0})
    expect("resource", report["results"][0]["resources"][0],
           {"apiVersion": "v1", "kind": "Pod", "name": "open", "namespace": "a", "uid": "a"})
    expect("again", publish(cluster), (0, "reports: 2 written, 0 removed\n"))


@with_cluster("a", "b", "c", "d")
def namespaces_that_go_are_passed_over(cluster):
    cluster.reports = {"old": {}, "older": {}}
    cluster.answers = {
        ("PATCH", "a"): refusal(403, "Forbidden", 'policyreports.wgpolicyk8s.io "fairgate" is forbidden: unable to create new content in '
                                                  "namespace a because it is being terminated"),
        ("PATCH", "c"): refusal(404, "NotFound", 'namespaces "c" not found'),
        ("DELETE", "old"): refusal(404, "NotFound", 'policyreports.wgpolicyk8s.io "fairgate" not found')}
    expect("end", publish(cluster), (0, "reports: 2 written, 1 removed\n"))
    expect("reports", sorted(cluster.reports), ["b", "d", "old"])


QUOTA = 'policyreports.wgpolicyk8s.io "fairgate" is forbidden: exceeded quota: none, requested: count/policyreports=1'


@with_cluster("a", "b", "c")
def what_one_namespace_is_refused_the_others_get(cluster):
    cluster.reports = {"old": {}, "older": {}}
    cluster.answers = {("PATCH", "a"): refusal(403, "Forbidden", QUOTA)}
    expect("end", publish(cluster), (2, "fairgate audit: --write: namespace a: policyreports: the API server answers 403: " + QUOTA + "\n"))
    expect("reports", sorted(cluster.reports), ["b", "c"])
    cluster.reports = {"old": {}, "older": {}}
    denial = 'admission webhook "keep.example.com" denied the request: reports stay'
    cluster.answers["DELETE", "old"] = refusal(400, "BadRequest", denial)
    expect("end", publish(cluster), (2, "fairgate audit: --write: 2 calls failed, the first of them: namespace a: policyreports: the API "
                                      "server answers 403: " + QUOTA + "\n"))
    expect("reports", sorted(cluster.reports), ["b", "c", "old"])


@with_cluster("a", "b")
def the_permission_that_lacks_is_named(cluster):
    cluster.answers = {("PATCH", "a"): refusal(403, "Forbidden", 'policyreports.wgpolicyk8s.io "fairgate" is forbidden: User "u" cannot '
                                                                 'create resource "policyreports"')}
    status, err = publish(cluster)
    assert status == 2 and ('a ClusterRole must allow {apiGroups: ["wgpolicyk8s.io"], resources: ["policyreports"], '
                            'verbs: ["create", "patch"]}: ') in err, err
    cluster.answers = {("DELETE", "old"): refusal(403, "Forbidden", 'policyreports.wgpolicyk8s.io "fairgate" is forbidden: User "u" '
                                                                    'cannot delete resource "policyreports"')}
    cluster.reports = {"old": {}}
    status, err = publish(cluster)
    assert status == 2 and 'namespace old: policyreports: a ClusterRole must allow' in err and 'verbs: ["delete"]' in err, err


@with_cluster("a", "b")
def an_answer_that_is_lost_ends_it_and_the_next_run_mends_it(cluster):
    cluster.reports = {"old": {}}
    for call, written in ((("PATCH", "a"), 0), (("DELETE", "old"), 2)):
        cluster.answers, cluster.applied = {call: None}, 0
        status, err = publish(cluster)
        assert status == 2 and err.startswith("fairgate audit: --write: policyreports: ") and err.count("\n") == 1, err
        expect("written", cluster.applied, written)
    cluster.answers = {}
    expect("end", publish(cluster), (0, "reports: 2 written, 1 removed\n"))
    expect("reports", sorted(cluster.reports), ["a", "b"])


class Twice(dict):
    """JSON with a name that is there twice, and half of a surrogate pair."""

    def items(self):
        return [("a", 1), ("a", "\ud800")]


def told(results):
    return [(one["namespace"], one["kind"], one["name"], one["rule"]) for one in results]


@with_cluster("team")
def what_a_driver_takes_as_it_stands_keeps_nobody_from_hearing_of_the_others(cluster):
    """The API server stores a claim's parameters byte by byte, of whatever namespace. A new one would be refused."""
    spec = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}],
                        "config": [{"opaque": {"driver": "gpu.nvidia.com", "parameters": Twice(a=1)}}]}}
    metadata = {"name": "odd", "namespace": "lost"}
    cluster.objects = {"/apis/resource.k8s.io/v1/resourceclaims": [{"metadata": metadata, "spec": spec}],
                       "/apis/resource.k8s.io/v1/resourceclaimtemplates": [{"metadata": metadata, "spec": {"spec": spec}}]}
    code, results, err = audit(cluster)
    expect("end", (code, err), (1, ""))
    expect("results", told(results), [("lost", "ResourceClaim", "odd", "cluster/request"),
                                      ("lost", "ResourceClaimTemplate", "odd", "cluster/request"),
                                      ("team", "Pod", "open", "images/sources")])
    assert results[0]["message"].startswith('the review can\'t be read: duplicate key "a" at byte '), results[0]


@with_cluster("team")
def what_passes_a_bound_is_told_and_keeps_nobody_from_hearing_of_the_others(cluster):
    many, large = pod("lost"), pod("long")
    many["spec"]["containers"] *= 1025
    large["spec"]["containers"][0]["env"] = [{"name": "A", "value": "\1" * 1400000}]  # each of six bytes in JSON: more than 8 MiB
    cluster.objects = {"/api/v1/pods": [many, large],
                       "/api/v1/nodes": [{"metadata": {"name": "odd", "labels": {f"l{at}": "" for at in range(4097)}}}]}
    code, results, err = audit(cluster)
    expect("results", told(results), [("long", "Pod", "open", "cluster/limits"), ("lost", "Pod", "open", "cluster/limits"),
                                      ("team", "Pod", "open", "images/sources")])
    expect("end", (code, err), (1, "fairgate audit: 2 objects can't be read and don't count, the first of them: Node odd: "
                                     "the object has 4097 labels, more than 4096\n"))


@with_cluster("team")
def of_what_is_listed_only_what_is_judged_is_kept(cluster):
    """Without managedFields, which can be most of an object; and some API servers say of each item what it is."""
    owned, named = pod("long"), pod("named")
    owned["metadata"]["managedFields"] = [{"manager": "\1" * 1400000}]  # more than 8 MiB of JSON
    cluster.objects = {"/api/v1/pods": [owned, {"kind": "Pod", "apiVersion": "v1", **named}]}
    code, results, err = audit(cluster)
    expect("results", told(results), [(name, "Pod", "open", "images/sources") for name in ("long", "named", "team")])
    expect("end", (code, err), (1, ""))


@with_cluster("team")
def a_report_is_never_larger_than_the_api_server_takes(cluster):
    """1.5 MiB, as etcd has it."""
    pods = [pod("team") for _ in range(1000)]
    for number, one in enumerate(pods):
        one["metadata"]["name"] = f"{number:03}" + "x" * 250
        one["spec"]["containers"][0]["image"] = "docker.io/" + '"' * 2000
    cluster.objects = {"/api/v1/pods": pods}
    code, results, err = audit(cluster, "--write")
    expect("end", (code, err), (0, "reports: 1 written, 0 removed\n"))
    report = cluster.reports["team"]
    count, size = len(report["results"]), len(json.dumps(report, separators=(",", ":")))
    assert 995000 < size <= 1000000, size
    expect("results", len(results), 1001)
    expect("summary", report["summary"]["fail"], 1001)
    expect("left out", report["metadata"]["annotations"], {"fairgate.dev/left-out": str(1001 - count)})


if __name__ == "__main__":
    main()
