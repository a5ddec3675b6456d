#!/usr/bin/env python3
"""The admin listener and the audit log: what operators see of the decisions."""

import glob
import json
import os
import re
import time

import jsonschema

from serving import (Server, in_threads, main, pod, policies, review, scratch, test, write)

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (-?[0-9.e+]+|\+Inf|NaN)$')
LABELS = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text):
    """{name: {'type', 'samples': {(suffix, labels): value}}}, strict about the format."""
    assert text.endswith("\n")
    families, name = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in families, f"{name} comes twice"
            families[name] = {"type": None, "samples": {}}
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2] == name and families[name]["type"] is None, line
            families[name]["type"] = line.split(" ")[3]
        else:
            sample = SAMPLE.match(line)
            assert sample, f"no sample: {line}"
            whole, _, labels, value = sample.groups()
            assert whole.startswith(name), f"{whole} stands under {name}"
            suffix = whole[len(name):]
            assert suffix in (("_bucket", "_sum", "_count")
                              if families[name]["type"] == "histogram" else ("",)), line
            pairs = LABELS.findall(labels or "")
            assert ",".join(f'{key}="{text}"' for key, text in pairs) == (labels or ""), line
            at = (suffix, tuple(pairs))
            assert at not in families[name]["samples"], f"twice: {line}"
            families[name]["samples"][at] = float(value)
    return families


def check_histogram(family):
    for phase in ("mutate", "validate"):
        values = [value for (suffix, labels), value in family["samples"].items()
                  if suffix == "_bucket" and dict(labels)["phase"] == phase]
        assert values == sorted(values) and len(values) > 10, values
        count = family["samples"][("_count", (("phase", phase),))]
        assert values[-1] == count, (values, count)


@test
def health_and_readiness():
    with Server() as server:
        for path in ("/healthz", "/readyz"):
            assert server.ask(path)[::2] == (200, "ok\n")
        assert server.ask("/healthz", "HEAD")[::2] == (200, "")
        assert server.ask("/")[0] == 404
        status, headers, _ = server.ask("/healthz", "POST")
        assert status == 405 and headers["Allow"] == "GET, HEAD"


@test
def metrics_count_decisions_rules_and_time():
    with Server() as server:
        server.validate(review(pod("a", 2)))
        server.validate(review(pod("b", 4)))  # one too many
        server.validate(review(pod("c")), path="/mutate")
        server.validate(review(pod("d", 1, namespace="nobodys")))
        status, headers, text = server.ask("/metrics")
        assert status == 200
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = parse(text)
        decisions = families["fairgate_decisions_total"]
        assert decisions["type"] == "counter"
        counted = {tuple(dict(labels).values()): value
                   for (_, labels), value in decisions["samples"].items()}
        assert counted[("validate", "allowed", "team-a")] == 1, counted
        assert counted[("validate", "denied", "team-a")] == 1, counted
        assert counted[("validate", "denied", "")] == 1, counted
        assert sum(counted.values()) == 4, counted
        rules = {tuple(dict(labels).values()): value for (_, labels), value
                 in families["fairgate_rule_violations_total"]["samples"].items()}
        assert rules[("tenant/team-a/gpus.guaranteed", "team-a", "deny")] == 1, rules
        check_histogram(families["fairgate_decision_duration_seconds"])
        modes = families["fairgate_tenant_gpus"]["samples"]
        assert modes[("", (("tenant", "team-a"), ("mode", "whole")))] == 2, modes
        assert modes[("", (("tenant", "team-a"), ("mode", "mig")))] == 0, modes
        assert families["fairgate_tenant_gpus_reserved"]["samples"][("", (("tenant", "team-a"),))] == 0
        expiry = families["fairgate_certificate_expiry_timestamp_seconds"]["samples"][("", ())]
        assert time.time() < expiry < time.time() + 8 * 24 * 3600
        loaded = families["fairgate_policy_set_loaded_timestamp_seconds"]["samples"][("", ())]
        assert time.time() - 600 < loaded <= time.time()
        started = families["process_start_time_seconds"]["samples"][("", ())]
        assert loaded <= started <= time.time()
        resident = families["process_resident_memory_bytes"]["samples"][("", ())]
        assert resident > 1e6


@test
def the_manual_names_what_operators_read():
    path = os.path.join(scratch(), "named.log")
    told = set()
    for page in ("operations", "audit-log"):
        with open(f"docs/{page}.md", encoding="utf-8") as file:
            told |= set(re.findall(r"`([A-Za-z_]+)`", file.read()))
    secret = write(os.path.join(scratch(), "secret"), "0123456789abcdef")
    with Server("--audit-log", path, "--path-secret-file", secret) as server:
        server.validate(review(pod("a", 1)), path="/validate/0123456789abcdef")
        families = parse(server.ask("/metrics")[2])
        assert families and not set(families) - told, set(families) - told
        known = set(families)
    with open(path, encoding="utf-8") as file:
        members = set(json.loads(file.readline()))
    assert not members - told, members - told
    of_clusters = {"fairgate_view_age_seconds", "fairgate_reservations", "fairgate_reservations_expired_total"}
    stale = {name for name in told if name.startswith("fairgate_") and not name.startswith("fairgate_usage")}
    stale -= known | of_clusters
    assert not stale, stale


@test
def names_of_the_policy_set_can_not_break_the_format():
    with Server() as server:
        for name in ('x"y', "x\\y", "x\ny", "\u00e9", "x" * 300):
            server.validate(review(pod("p", 9, namespace=name)))
        parse(server.ask("/metrics")[2])


@test
def metrics_are_told_while_decisions_are_made():
    with Server("--threads", "4") as server:
        def client(number):
            connection = server.http()
            for i in range(100):
                if number < 2:
                    parse(server.ask("/metrics")[2])
                else:
                    server.validate(review(pod(f"p-{number}-{i}", i % 3)), connection)
            connection.close()

        in_threads(8, client)
        total = sum(float(value) for name, value in server.metrics().items()
                    if name.startswith("fairgate_decisions_total"))
        assert total == 600, total


@test
def the_audit_log_has_a_line_for_each_decision():
    path = os.path.join(scratch(), "audit.log")
    with Server("--audit-log", path) as server:
        allowed, denied = review(pod("a", 1)), review(pod("b\u00e9", 9), dry_run=True)
        server.validate(allowed)
        message = server.validate(denied)["status"]["message"]
        server.validate(review(pod("c"), "DELETE"))
        server.validate(review(pod("d")), path="/mutate")
        server.post("/validate", "{}")  # no review, no line
        server.validate(b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",'
                        b'"request":{"uid":"u","name":"\xff","operation":7}}')
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert [line["name"] for line in lines] == ["a", "b\u00e9", "c", "d", "\ufffd"], lines
    first = lines[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"]), first
    assert first["uid"] == allowed["request"]["uid"]
    assert first["user"] == "alice" and first["tenant"] == "team-a" and first["kind"] == "Pod"
    assert first["namespace"] == "team-a" and first["dryRun"] is False
    assert first["allowed"] is True and first["rules"] == [] and "message" not in first
    assert first["policySet"].startswith("sha256:") and first["microseconds"] >= 0
    second = lines[1]
    assert second["allowed"] is False and second["dryRun"] is True
    assert second["rules"] == ["tenant/team-a/gpus.guaranteed"], second
    assert second["message"] == message.splitlines()[0], second
    # Of what could not be read the log claims nothing.
    assert [line["operation"] for line in lines] == ["CREATE", "CREATE", "DELETE", "CREATE", ""]
    assert [line["phase"] for line in lines[:4]] == ["validate"] * 3 + ["mutate"]


CAPS = """\
apiVersion: fairgate.dev/v1alpha1
kind: PriorityLadder
metadata: {name: ladder}
spec:
  tiers:
  - {name: High, class: high, value: 2000, preempts: [low]}
  - {name: Low, class: low, value: 1000, preempts: []}
---
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: base}
spec: {enforce: warn, rules: [{id: owner, labels: {required: {owner: ".+"}}}]}
---
apiVersion: fairgate.dev/v1alpha1
kind: Tenant
metadata: {name: team-b}
spec:
  namespaces: [team-b]
  gpus: {guaranteed: 3, burst: 6}
  priority: {burst: [low]}
  resources: {cpu: 4, "example.com/*": 10}
"""


def asking(name, gpus, cpu=None, **spec):
    one = pod(name, gpus, namespace="team-b")
    if cpu:
        one["spec"]["containers"][0]["resources"].setdefault("requests", {})["cpu"] = cpu
    one["spec"].update(spec)
    return one


@test
def the_audit_log_tells_what_the_tenant_held_and_would_hold():
    folder = policies()
    write(os.path.join(folder, "caps.yaml"), CAPS)
    path = os.path.join(scratch(), "amounts.log")
    with Server("--audit-log", path, folder=folder) as server:
        high = {"priorityClassName": "high", "priority": 2000}
        server.validate(review(asking("a", 2, "1500m", **high)))
        server.validate(review(asking("b", 2, **high)))
        server.validate(review(asking("c", 2, priorityClassName="low", priority=1000)))
        server.validate(review(asking("plain", 0)))
        server.validate(review(asking("m", 2)), path="/mutate")
    with open(path, encoding="utf-8") as file:
        a, b, c, plain, mutate = (json.loads(line) for line in file)
    cpu = {"resource": "cpu", "before": "0", "asked": "1 1/2", "after": "1 1/2", "limit": "4"}
    gpus = {"resource": "gpus", "cap": "guaranteed", "before": "0", "asked": "2", "after": "2", "limit": "3"}
    assert a["allowed"] and a["amounts"] == [gpus, cpu], a
    assert a["rules"] == ["base/owner"] and a["enforcement"] == {"base/owner": "warn"}, a
    gpus.update(before="2", after="4")
    assert not b["allowed"] and b["amounts"] == [gpus], b
    assert b["enforcement"] == {"tenant/team-b/gpus.guaranteed": "deny", "base/owner": "warn"}, b
    gpus.update(cap="burst", limit="6")
    assert c["allowed"] and c["amounts"] == [gpus], c
    assert "amounts" not in plain and "amounts" not in mutate, (plain, mutate)
    names = ("group", "version", "kind", "resource", "user", "groups", "mutated")
    assert [a[name] for name in names] == ["", "v1", "Pod", "pods", "alice", ["system:authenticated"], False], a


@test
def lines_of_the_audit_log_are_as_their_schema_says():
    path = os.path.join(scratch(), "schema.log")
    with open("docs/audit-log.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    folder = policies()
    write(os.path.join(folder, "caps.yaml"), CAPS)
    with Server("--audit-log", path, "--audit-log-reviews", folder=folder) as server:
        for file in sorted(glob.glob("tests/reviews/*.json")):
            with open(file, "rb") as content:
                server.post("/mutate" if "-mutate-" in file else "/validate", content.read())
        for gpus in (1, 9):
            server.validate(review(asking("a", gpus, "1")))
        server.validate(b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":7}}')
        server.validate(review(pod("c"), "CONNECT"))
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) > 100
    for member in ("amounts", "review", "reviewOmitted"):
        assert any(member in line for line in lines), member
    for line in lines:
        validator.validate(line)
    one = lines[-3]
    assert not validator.is_valid({**one, "more": 1}) and not validator.is_valid({**one, "allowed": "yes"})
    assert not validator.is_valid({name: one[name] for name in one if name != "uid"})
    assert validator.is_valid({"time": one["time"], "missing": 1}) and not validator.is_valid({"time": one["time"]})


@test
def the_audit_log_names_subresources():
    path = os.path.join(scratch(), "subresources.log")
    resize = review(pod("a", 1), "UPDATE")
    resize["request"].update(subResource="resize", oldObject=resize["request"]["object"])
    with Server("--audit-log", path) as server:
        server.validate(resize)
    with open(path, encoding="utf-8") as file:
        line = json.loads(file.readline())
    assert line["subResource"] == "resize" and line["operation"] == "UPDATE", line


@test
def the_audit_log_may_be_standard_output():
    with Server("--audit-log", "-") as server:
        one = review(pod("a"))
        server.validate(one)
        line = json.loads(server.process.stdout.readline())
        assert line["uid"] == one["request"]["uid"], line


@test
def lines_of_many_threads_stay_whole():
    path = os.path.join(scratch(), "busy.log")
    with Server("--audit-log", path, "--threads", "4") as server:
        def client(number):
            connection = server.http()
            for i in range(50):
                server.validate(review(pod(f"p-{number}-{i}")), connection)
            connection.close()

        in_threads(16, client)
    with open(path, encoding="utf-8") as file:
        names = {json.loads(line)["name"] for line in file}
    assert len(names) == 16 * 50, len(names)


if __name__ == "__main__":
    main()
