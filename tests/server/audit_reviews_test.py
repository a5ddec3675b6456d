#!/usr/bin/env python3
"""--audit-log-reviews: lines can be judged again, and hold nothing secret."""

import contextlib
import glob
import json
import os
import re
import subprocess
import tempfile

from serving import FAIRGATE, ROOT, Server, certificates, main, pod, policies, review, run, scratch, state, test

POLICIES = os.path.join(ROOT, "policies/research-cluster")
STATE = os.path.join(ROOT, "tests/reviews/cluster-state.list.json")
HUSH = "hush-3f9a"


def fresh(name):
    return os.path.join(tempfile.mkdtemp(dir=scratch()), name)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def logged(*requests, phase="validate", folder=None):
    """The lines of these reviews."""
    path = fresh("audit.log")
    with Server("--audit-log", path, "--audit-log-reviews", folder=folder) as server:
        for one in requests:
            server.validate(one, path="/" + phase)
    return lines_of(path)


def containers(spec):
    return [container for name in ("initContainers", "containers", "ephemeralContainers")
            for container in spec.get(name, [])]


def with_secrets():
    """A pod with a secret in each place that is known to have some."""
    probe = {"httpGet": {"port": 80, "httpHeaders": [{"name": "Authorization", "value": HUSH}]}}
    container = {"name": "main", "image": "registry.example.com/app:1", "command": ["sh", "-c", HUSH], "args": [HUSH],
                 "env": [{"name": "TOKEN", "value": HUSH}, {"name": "NVIDIA_VISIBLE_DEVICES", "value": "none"},
                         {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                 "lifecycle": {"preStop": {"exec": {"command": [HUSH]}}},
                 "livenessProbe": probe, "readinessProbe": probe, "startupProbe": probe}
    one = pod("a", 1)
    one["metadata"].update(
        labels={"app": "a"},
        managedFields=[{"manager": HUSH}],
        annotations={"kubectl.kubernetes.io/last-applied-configuration": HUSH, "kapp.k14s.io/original": HUSH,
                     "kapp.k14s.io/original-diff-md5": HUSH, "objectset.rio.cattle.io/applied": HUSH,
                     "banzaicloud.com/last-applied": HUSH, "kopf.zalando.org/last-handled-configuration": HUSH, "example.com/api-Token": HUSH, "example.com/client-SECRET-1": HUSH, "example.com/password": HUSH,
                     "example.com/plain": "stays"})
    one["spec"].update(
        initContainers=[{**container, "name": "init"}], containers=[container],
        ephemeralContainers=[{**container, "name": "debug"}],
        volumes=[{"name": "c", "csi": {"driver": "d", "volumeAttributes": {"key": HUSH}}},
                 {"name": "f", "flexVolume": {"driver": "d", "options": {"password": HUSH}}}])
    return one


@test
def nothing_that_may_be_secret_is_in_a_line():
    for kind, operation in (("Pod", "CREATE"), ("Pod", "UPDATE"), ("Pod", "DELETE")):
        body = review(with_secrets(), operation)
        if operation == "UPDATE":
            body["request"]["oldObject"] = with_secrets()
        body["request"]["userInfo"]["extra"] = {"credential": [HUSH]}
        line, = logged(body)
        assert line["review"]["request"]["uid"] == body["request"]["uid"], line
        assert HUSH not in json.dumps(line), (kind, operation, re.findall(f".{{80}}{HUSH}", json.dumps(line)))


@test
def what_is_left_is_as_it_was():
    body = review(with_secrets())
    line, = logged(body)
    kept, sent = line["review"], json.loads(json.dumps(body))
    assert list(kept) == list(sent) and kept["apiVersion"] == "admission.k8s.io/v1"
    meta, spec = sent["request"]["object"]["metadata"], sent["request"]["object"]["spec"]
    del meta["managedFields"]
    meta["annotations"] = {"example.com/plain": "stays"}
    for container in containers(spec):
        container["env"][0]["value"] = ""
        for name in ("command", "args", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            del container[name]
    del spec["volumes"][0]["csi"]["volumeAttributes"]
    del spec["volumes"][1]["flexVolume"]["options"]
    assert kept == sent, kept


@test
def other_objects_lose_their_data_and_what_runs_in_them():
    job = {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {"name": "j", "namespace": "team-a"},
           "spec": {"runtimeEnvYAML": HUSH, "runtimeEnv": HUSH, "serveConfigV2": HUSH, "entrypoint": HUSH, "dbPassword": HUSH,
                    "customParams": {"environment": [{"name": "A", "value": HUSH}]},
                    "rayClusterSpec": {"gcsFaultToleranceOptions": {"redisPassword": {"value": HUSH}}, "headGroupSpec": {
                        "rayStartParams": {"redis-password": HUSH}, "env": {"A": HUSH}, "template": {"spec": {"containers": [
                            {"name": "a", "image": "i", "args": [HUSH], "env": [{"name": "A", "value": HUSH}]}]}}}}}}
    body = review(job)
    body["request"]["resource"]["resource"] = body["request"]["requestResource"]["resource"] = "rayjobs"
    line, = logged(body)
    assert "review" in line and HUSH not in json.dumps(line), line
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a", "namespace": "team-a"},
                 "data": {"a": HUSH}, "stringData": {"a": HUSH}, "binaryData": {"a": HUSH}}
    body = review(namespace, "UPDATE")
    body["request"]["oldObject"] = namespace
    line, = logged(body)
    assert "review" in line and HUSH not in json.dumps(line), line


@test
def what_no_rule_is_about_and_what_is_too_large_is_left_out():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team-a"}, "spec": HUSH}
    large = pod("large")
    large["metadata"]["annotations"] = {"example.com/a": HUSH + "x" * 200000}
    unreadable = b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","uidd":7,"uidd":"%s"}}'
    for body, why in ((review(secret), "no rule is about it"), (review(large), "it is larger than 192 KiB"),
                      (unreadable % HUSH.encode(), "it can't be read")):
        line, = logged(body)
        assert line["reviewOmitted"] == why and "review" not in line, line
        assert HUSH not in json.dumps(line), line


@test
def characters_that_move_or_turn_text_are_written_as_json_may_write_them():
    odd = "\u2028\x9b\u202e\ufeff\x7f\u00e9\U0001f600\"\\"
    body = review(pod("odd"))
    body["request"]["object"]["metadata"]["annotations"] = {"example.com/" + odd: odd}
    path = fresh("odd.log")
    with Server("--audit-log", path, "--audit-log-reviews") as server:
        server.validate(json.dumps(body, ensure_ascii=False).encode())
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert json.loads(text)["review"] == body, text
    assert not set(text) & set("\u2028\x9b\u202e\ufeff\x7f") and set("\u00e9\U0001f600") <= set(text), text
    assert text.count("\n") == len(text.splitlines()) == 1, text


@test
def without_the_option_there_is_no_review():
    path = fresh("audit.log")
    with Server("--audit-log", path) as server:
        server.validate(review(pod("a")))
    line, = lines_of(path)
    assert "review" not in line and "reviewOmitted" not in line


def judged(phase, reviews):
    """What eval says of each."""
    path = fresh("reviews.json")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in reviews)
    code, out, err = run("eval", "--policies", POLICIES, "--state", STATE, "--phase", phase, "-o", "json", path)
    assert code in (0, 1), err
    return out.splitlines()


@test
def recorded_reviews_are_judged_alike_from_the_log():
    for phase in ("mutate", "validate"):
        sent, path = {}, fresh("audit.log")
        with Server("--audit-log", path, "--audit-log-reviews", "--state", STATE, has_state=False, folder=POLICIES) as server, \
                contextlib.closing(server.http()) as connection:
            for name in sorted(glob.glob(os.path.join(ROOT, f"tests/reviews/*-{phase}-*.json"))):
                with open(name, encoding="utf-8") as file:
                    one = json.load(file)
                sent[one["request"]["uid"]] = one
                server.validate(one, connection)
        kept = [line["review"] for line in lines_of(path) if "review" in line]
        assert len(kept) > 20, len(kept)
        before = judged(phase, [sent[one["request"]["uid"]] for one in kept])
        after = judged(phase, kept)
        assert len(before) == len(kept) and before == after, [pair for pair in zip(before, after) if pair[0] != pair[1]]
        verdicts = {json.loads(line)["response"]["allowed"] for line in before}
        assert phase == "mutate" or verdicts == {True, False}, verdicts


@test
def the_manuals_command_judges_them():
    with open(os.path.join(ROOT, "docs/audit-log.md"), encoding="utf-8") as file:
        command, = re.findall("^jq .*fairgate eval .*$", file.read(), re.MULTILINE)
    folder = os.path.dirname(fresh("audit.log"))
    with Server("--audit-log", os.path.join(folder, "audit.log"), "--audit-log-reviews") as server:
        for one in (review(pod("a", 1)), review(pod("b", 9)), review(pod("n", 9, namespace="nobodys"), "DELETE")):
            server.validate(one)
        server.validate(review(pod("m", 1)), path="/mutate")
        os.symlink(server.folder, os.path.join(folder, "policies"))
    os.symlink(state(), os.path.join(folder, "cluster.yaml"))
    os.symlink(os.path.abspath(FAIRGATE), os.path.join(folder, "fairgate"))
    done = subprocess.run(command, shell=True, cwd=folder, env={**os.environ, "PATH": folder + ":" + os.environ["PATH"]},
                          capture_output=True, text=True, check=False, timeout=60)
    told = [line for line in done.stdout.splitlines() if line.startswith("stdin: ")]
    assert done.returncode == 1 and len(told) == 3, (done.stdout, done.stderr)
    assert [line.rsplit(" ", 1)[1] for line in told] == ["allowed", "denied", "allowed"], told


@test
def an_option_that_would_do_nothing_is_a_mistake():
    for options, told in (("--audit-log-reviews", "--audit-log-reviews is for an --audit-log, which is missing"),
                          ("--audit-log-max-size 1Mi", "--audit-log-max-size is for an --audit-log, which is missing"),
                          ("--audit-log-keep 5", "--audit-log-keep is for an --audit-log-max-size, which is missing"),
                          ("--audit-log /nonexistent/x --audit-log-keep 5", "--audit-log-keep is for an --audit-log-max-size, which is missing"),
                          ("--audit-log - --audit-log-max-size 1Mi", "--audit-log-max-size is for a file, and not for standard output")):
        certs = certificates()
        code, _, err = run("serve", "--policies", policies(), "--tls-cert", f"{certs}/server.crt",
                           "--tls-key", f"{certs}/server.key", *options.split(), "--listen", "127.0.0.1:none")
        assert code == 2 and err == f"fairgate serve: {told}\n", err


if __name__ == "__main__":
    main()
