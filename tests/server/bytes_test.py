#!/usr/bin/env python3
"""The server answers byte for byte what `eval -o json --phase P` prints: every recorded review and
some damaged ones, in both phases, with two states: a busy cluster's, and that of the cluster where the
reviews were recorded. As dry runs, so that the state stays what it was."""

import glob
import json
import os
import re
import subprocess

from serving import FAIRGATE, ROOT, Server, main, read_response, run, scratch, test

POLICIES = os.path.join(ROOT, "policies/research-cluster")
STATES = ("tests/state/busy.yaml", "tests/reviews/cluster-state.list.json")
PHASES = ("mutate", "validate")

# The six families, and the rules of the sample set by which each denies.
FAMILIES = {
    "caps": r"tenant/[^/]+/(gpus\..*|resources)",
    "sharing": r"tenant/[^/]+/sharing\..*",
    "priority": r"tenant/[^/]+/priority\..*|ladder/.*",
    "labels": r"gpu-baseline/owner-labels|namespace-baseline/owner|cluster/tenantLabel",
    "images": r"images/.*",
    "fabric": r"tenant/[^/]+/fabric\..*",
}


def recorded():
    """{name: text} of all recorded reviews, as dry runs; their bytes are otherwise as they came."""
    reviews = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/reviews/[0-9]*.json"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        copy, count = re.subn(r'("dryRun"\s*:\s*)false', r"\1true", text)
        assert count == 1 or json.loads(text)["request"].get("dryRun"), path
        reviews[os.path.basename(path)] = copy.encode()
    assert len(reviews) == 124, len(reviews)
    return reviews


def nested(levels):
    return b'{"a":' * levels + b"1" + b"}" * levels


def damaged(whole):
    """Copies of a review that has a uid and can't be judged, or says odd things."""
    metadata = b'"metadata":{'
    assert whole.count(b'"requests":{"cpu":"32"') == 1
    at = whole.index(b'"object":')
    return {
        "cut after the uid": whole[:whole.index(b'"uid":') + 60],
        "cut in the object": whole[:at + 200],
        "cut at the end": whole.rstrip()[:-1],
        "a key twice": whole.replace(metadata, metadata + b'"name":"x",', 1),
        "no UTF-8": whole.replace(b'"trainer"', b'"tr\xff\xfeiner"', 1),
        "a NUL in a label": whole.replace(b'"team":"nlp"', b'"te\\u0000am":"n\\u0000lp"', 1),
        "half a surrogate": whole.replace(b'"team":"nlp"', b'"team":"\\ud800"', 1),
        "300 levels": whole.replace(metadata, metadata + b'"x":' + nested(300) + b",", 1),
        "1e999 CPUs": whole.replace(b'"requests":{"cpu":"32"', b'"requests":{"cpu":"1e999"', 1),
        "minus one GPU": whole.replace(b'"nvidia.com/gpu":"4"', b'"nvidia.com/gpu":"-1"'),
        "a list for labels": whole.replace(b'"labels":{', b'"labels":[{', 1),
        "spaces around it": b" \n" + whole + b"\n \n",
    }


def corpus():
    reviews = recorded()
    name = "0016-validate-CREATE-pods-research-train-0.json"
    reviews.update(damaged(reviews[name]))
    return reviews


def evaluated(reviews, phase, state):
    """What eval prints for each, in one call."""
    folder = os.path.join(scratch(), phase)
    os.makedirs(folder, exist_ok=True)
    paths = []
    for at, body in enumerate(reviews.values()):
        paths.append(os.path.join(folder, f"{at}.json"))
        with open(paths[-1], "wb") as file:
            file.write(body)
    done = subprocess.run([FAIRGATE, "eval", "--policies", POLICIES, "--state", state, "-o", "json",
                           "--phase", phase, *paths], cwd=ROOT, capture_output=True, check=False,
                          timeout=1200)
    assert done.returncode in (0, 1) and not done.stderr, (done.returncode, done.stderr.decode())
    lines = done.stdout.splitlines(keepends=True)
    assert len(lines) == len(reviews) and lines[-1].endswith(b"\n"), len(lines)
    return [line[:-1] for line in lines]


def served(reviews, phase, state):
    with Server("--state", os.path.join(ROOT, state), folder=POLICIES, has_state=False) as server:
        connection = server.http()
        bodies = []
        for name, review in reviews.items():
            status, headers, body = server.post("/" + phase, review, connection)
            assert status == 200, (name, status, body)
            assert headers["Content-Type"] == "application/json", name
            bodies.append(body)
        connection.close()
        return bodies


def differences(reviews, phase, state):
    pairs = zip(reviews, served(reviews, phase, state), evaluated(reviews, phase, state))
    return [f"{name}\n  server: {got!r}\n  eval:   {wanted!r}"
            for name, got, wanted in pairs if got != wanted]


def agrees(phase, state):
    found = differences(corpus(), phase, state)
    assert not found, f"{len(found)} differ:\n" + "\n".join(found[:5])


@test
def mutate_answers_as_eval_prints_in_a_busy_cluster():
    agrees("mutate", STATES[0])


@test
def validate_answers_as_eval_prints_in_a_busy_cluster():
    agrees("validate", STATES[0])


@test
def mutate_answers_as_eval_prints_in_the_recorded_cluster():
    agrees("mutate", STATES[1])


@test
def validate_answers_as_eval_prints_in_the_recorded_cluster():
    agrees("validate", STATES[1])


@test
def what_stands_behind_a_review_is_a_denial_to_its_uid():
    """eval takes it for the next object."""
    whole = recorded()["0014-validate-CREATE-pods-research-train-0.json"].rstrip()
    answers = served({"alone": whole, "followed": whole + b"{}"}, "validate", STATES[1])
    rules = [json.loads(answer)["response"]["auditAnnotations"]["rules"] for answer in answers]
    assert "cluster/request" not in rules[0] and rules[1] == "cluster/request", rules
    assert json.loads(answers[1])["response"]["uid"] == json.loads(whole)["request"]["uid"], answers[1]


@test
def what_the_server_refuses_eval_can_not_judge():
    most = 32 * 1024 * 1024
    whole = recorded()["0016-validate-CREATE-pods-research-train-0.json"].rstrip()
    path = os.path.join(scratch(), "large.json")
    for size, status, code in ((most, 200, 1), (most + 1, 413, 2)):
        body = whole + b" " * (size - len(whole))
        with open(path, "wb") as file:
            file.write(body)
        result, out, err = run("eval", "--policies", POLICIES, path)
        assert result == code, (size, result, out, err)
        assert code != 1 or "cluster/limits" in out, out
        assert code != 2 or (out == "" and "more than 33554432 bytes" in err), (out, err)
        with Server(folder=POLICIES) as server, server.connect() as connection:
            connection.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\n"
                               b"Content-Length: %d\r\n\r\n" % size)
            if status == 200:
                connection.sendall(body)
            assert read_response(connection.makefile("rb"))[0] == status, size


@test
def each_of_the_six_families_denies_a_recorded_review_over_tls():
    reviews = recorded()
    reviews = {name: body for name, body in reviews.items() if "-validate-" in name}
    causes = {}
    for name, body in zip(reviews, served(reviews, "validate", STATES[0])):
        response = json.loads(body)["response"]
        assert response["uid"] == json.loads(reviews[name])["request"]["uid"], name
        if not response["allowed"]:
            assert response["status"]["code"] == 403, name
            rules = response["auditAnnotations"]["rules"].split(", ")
            for cause in response["status"]["details"]["causes"]:
                assert cause["reason"] in rules, (name, cause, rules)
                causes.setdefault(cause["reason"], name)
    for family, pattern in FAMILIES.items():
        assert any(re.fullmatch(pattern, rule) for rule in causes), (family, causes)


@test
def without_a_state_what_depends_on_it_is_denied():
    review = recorded()["0016-validate-CREATE-pods-research-train-0.json"]
    with Server(folder=POLICIES, has_state=False) as server:
        response = server.validate(review)
    assert not response["allowed"], response
    assert "cluster/state" in response["auditAnnotations"]["rules"], response


if __name__ == "__main__":
    main()
