#!/usr/bin/env python3
"""Exceptions begin and end by themselves: the server reads nothing anew for it."""

import json
import os
import time

from serving import Server, main, pod, policies, review, scratch, test, write

SECONDS = 120  # to wait for what comes in three


EXCEPTION = """apiVersion: fairgate.dev/v1alpha1
kind: Exception
metadata: {name: %s}
spec: {tenants: [team-a], %s}
---
"""
IMAGES = """apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: base}
spec: {rules: [{id: images, images: {allow: ["registry.example.com/**"]}}]}
"""


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def wait_for(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


@test
def an_exception_begins_and_ends_without_a_reload():
    folder = policies(guaranteed=1)
    log = os.path.join(scratch(), "exceptions.log")
    soon = instant(3)
    write(os.path.join(folder, "exceptions.yaml"),
          EXCEPTION % ("begins", f"grant: {{gpus: 2}}, from: '{soon}', until: '2199-01-01T00:00:00Z'")
          + EXCEPTION % ("ends", f"rules: [base/images], until: '{soon}'") + IMAGES)
    foreign = pod("foreign")
    foreign["spec"]["containers"][0]["image"] = "docker.io/library/app:1"
    with Server("--audit-log", log, folder=folder) as server:
        digest = server.validate(review(foreign, dry_run=True))["auditAnnotations"]["policy-set"]
        wait_for(lambda: not server.validate(review(foreign, dry_run=True))["allowed"])
        wait_for(lambda: server.validate(review(pod("large", 3), dry_run=True))["allowed"])
        answer = server.validate(review(pod("large", 3), dry_run=True))
        assert answer["auditAnnotations"] == {"tenant": "team-a", "exceptions": "begins",
                                              "policy-set": digest}, answer
        assert answer["warnings"] == ['exception "begins" applies'], answer
        assert not server.validate(review(pod("larger", 4), dry_run=True))["allowed"]
        metrics = server.metrics()
        assert metrics['fairgate_policy_reloads_total{result="ok"}'] == "0", metrics
        assert float(metrics['fairgate_tenant_gpus_guaranteed{tenant="team-a"}']) == 3, metrics
        assert metrics['fairgate_exceptions_in_force{tenant="team-a"}'] == "1", metrics
        assert metrics['fairgate_exception_end_timestamp_seconds{exception="begins"}'] == "7226582400", metrics
        assert 'fairgate_exception_end_timestamp_seconds{exception="ends"}' not in metrics, metrics
    with open(log, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert lines[-2]["exceptions"] == ["begins"] and lines[-2]["allowed"], lines[-2]
    assert "exceptions" not in lines[-1] and not lines[-1]["allowed"], lines[-1]


if __name__ == "__main__":
    main()
