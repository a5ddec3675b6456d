#!/usr/bin/env python3
"""What is let in is written first: a server before an API server that loses answers, refuses, hangs, or talks
nonsense."""

import json
import os
import re
import signal
import threading
import time

from fake_api import FakeApi
from fake_cluster import (USAGES, Cluster, denial, namespace, ready, serve, usage, wait_until)
from serving import (PATIENCE, TENANT, in_threads, main, pod, policies, read_response, request_bytes, review, test, write)

MANY = 1000
QUOTA = """\
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: quota}
spec: {rules: [{id: there, namespaceHas: [ResourceQuota]}]}
"""


def answer(call, act):
    code, body = act()
    call.body(json.dumps(body), code)


def lost(call, act):
    """It is done, and the answer does not come."""
    act()
    call.cut()


def cut(call, _act):
    call.cut()


def hangs(call, _act):
    call.idle(3600)
    call.cut()


def fails(code, message, reason="", headers=()):
    return lambda call, _act: call.fail(code, message, reason, headers)


def says(text, code=200):
    return lambda call, _act: call.body(text, code)


def for_writes(step):
    """Reads go well."""
    return lambda call, act: (answer if call.command == "GET" else step)(call, act)


def waiting(server, obj, timeout="2s"):
    """The first line of its denial; "" where it is let in. The API server waits so long."""
    response = server.validate(review(obj), path="/validate?timeout=" + timeout)
    return "" if response["allowed"] else response["status"]["message"].splitlines()[0]


def rules(server, obj, timeout="1s"):
    response = server.validate(review(obj), path="/validate?timeout=" + timeout)
    return response["auditAnnotations"]["rules"]


def reserved(cluster):
    """The numbers, uids and names in the object."""
    return [line.split(" ")[:3] for group in cluster.usage("team-a")["spec"]["reservations"]
            for line in group["objects"].splitlines()]


def writes(server, result):
    return int(server.metrics()[f'fairgate_usage_writes_total{{result="{result}"}}'])


@test
def what_is_let_in_is_in_the_object_before_it_is_answered():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        one = pod("a", 2)
        assert denial(server, one) == ""
        assert reserved(cluster) == [["1", one["metadata"]["uid"], "a"]], reserved(cluster)
        method, path, content = api.writes[-1]
        assert (method, path) == ("PUT", USAGES + "/team-a"), path
        assert json.loads(content)["metadata"]["resourceVersion"], content
        assert "would hold 6 of 5" in denial(server, pod("b", 4))
        assert denial(server, pod("plain")) == "" and denial(server, one) == ""
        assert len(api.writes) == 1, api.writes


@test
def a_lost_answer_is_found_out():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        for step in (lost, for_writes(cut), fails(500, "etcdserver: request timed out"), fails(504, "timeout"),
                     fails(429, "busy"), says("{"), says("{}"), says('{"kind":"Status"}'), says("", 204), says("<html>", 502),
                     fails(409, "changed", "Conflict"), says(json.dumps(usage("other")))):
            one = pod("a", 1)
            cluster.troubles = [step]
            assert waiting(server, one, "10s") == "", step
            mine = [line for line in reserved(cluster) if line[1] == one["metadata"]["uid"]]
            assert len(mine) == 1, (step, mine)
            cluster.put(one)
            wait_until(lambda: "(1 in use, this pod" in denial(server, pod("x", 9)))
            cluster.remove(one)
            wait_until(lambda: "(0 in use, this pod" in denial(server, pod("x", 9)))


@test
def what_can_not_be_written_is_denied_in_time():
    rows = ((for_writes(fails(500, "etcd is away")), "could not be written in time: the API server answers 500: etcd is away"),
            (for_writes(fails(409, "changed", "Conflict")),
             "could not be written in time: the API server answers 409: changed"),
            (fails(503, "no", headers=[("Retry-After", "1")]), "could not be written in time: the API server answers 503: no"),
            (cut, "could not be written in time: no answer from "),
            (hangs, "could not be written in time: no answer from "),
            (says("nonsense"), "could not be written in time: what the API server answers"))
    for step, words in rows:
        cluster = Cluster(namespace("team-a"))
        with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
            cluster.troubles = [step] * MANY
            started = time.monotonic()
            message = waiting(server, pod("a", 1), "3s")
            assert 'TenantUsage "team-a" ' + words in message, message
            assert 1.5 < time.monotonic() - started < 9, message  # 10 s is what it takes untold
            assert denial(server, pod("plain")) == ""
            assert len(api.writes) < 100, len(api.writes)
            cluster.troubles.clear()
            assert denial(server, pod("b", 5)) == ""


@test
def what_is_refused_is_denied_at_once_and_told():
    rule = ('a ClusterRole must allow {apiGroups: ["fairgate.dev"], resources: ["tenantusages"], verbs: ["get", "list", '
            '"watch", "create", "update"]} (kubectl apply -f charts/fairgate/access/fairgate.yaml): '
            'the API server answers 403: no')
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        cluster.troubles = [fails(403, "no", "Forbidden")] * MANY
        response = server.validate(review(pod("a", 1)))
        assert f'TenantUsage "team-a" can\'t be written: {rule}' in response["status"]["message"], response
        assert response["auditAnnotations"]["rules"] == "cluster/state", response
        code, _, text = server.ask("/readyz")
        assert (code, text) == (200, f"ok\ntenantusages: {rule}\n"), text
        assert server.wait_for_log("a TenantUsage can't be written")["problem"] == rule
        cluster.troubles.clear()
        assert denial(server, pod("a", 1)) == ""
        wait_until(lambda: server.ask("/readyz")[2] == "ok\n")
        cluster.troubles = [fails(413, "limit is 3145728", "RequestEntityTooLarge")]
        assert rules(server, pod("b", 1)) == "cluster/limits"
        assert server.ask("/readyz")[2] == "ok\n"


@test
def without_its_api_or_permission_it_is_not_ready():
    cluster = Cluster(namespace("team-a"), usages=())
    cluster.unknown.add("tenantusages")
    with FakeApi(cluster.step) as api, serve(api) as server:
        wait_until(lambda: server.ask("/readyz")[2] == (
            "not ready\ntenantusages: not listed yet: list tenantusages.fairgate.dev: there is no such resource "
            "(kubectl apply -f charts/fairgate/api/tenantusages.yaml): the API server answers 404: "
            "404 page not found\n"))
        assert server.ask("/readyz")[0] == 503
        assert "the view of tenantusages isn't there yet" in denial(server, pod("a", 1))
        assert rules(server, pod("a", 1)) == "cluster/state"
        assert denial(server, pod("plain")) == ""
        cluster.refused.add("tenantusages")
        wait_until(lambda: server.ask("/readyz")[2].startswith(
            'not ready\ntenantusages: not listed yet: list tenantusages.fairgate.dev: a ClusterRole must allow {apiGroups: '
            '["fairgate.dev"], resources: ["tenantusages"], verbs: ["get", "list", "watch", "create", "update"]} '
            '(kubectl apply -f charts/fairgate/access/fairgate.yaml): '))
        cluster.refused.clear()
        cluster.unknown.clear()
        cluster.troubles = [fails(403, "no", "Forbidden")] * MANY
        wait_until(lambda: server.ask("/readyz")[2].startswith("not ready\ntenantusages: a ClusterRole must allow "))
        cluster.troubles.clear()
        ready(server)
        assert cluster.usage("team-a")["spec"]["unknown"]


@test
def an_object_that_is_missing_is_made_and_filled_when_all_is_known():
    cluster = Cluster(namespace("team-a"), pod("old", 3), usages=())
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "5s").__enter__()) as server:
        message = denial(server, pod("a", 1))
        assert 'TenantUsage "team-a" was made anew, and what was let in before will be known in ' in message, message
        wait_until(lambda: denial(server, pod("a", 2)) == "")
        lists = [query for query in api.queries() if query["path"] == "/api/v1/pods" and "watch" not in query]
        assert len(lists) == 2 and set(lists[1]) == {"path", "limit"}, lists
        assert cluster.usage("team-a")["spec"]["floors"]["pods"] == "2", cluster.usage("team-a")
        assert server.metrics()["fairgate_usages_made_total"] == "1"


@test
def an_object_that_somebody_edits_is_mended():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "5s").__enter__()) as server:
        one = pod("a", 3)
        assert denial(server, one) == ""
        cluster.edit_usage("team-a", reservations=[], last=0)
        wait_until(lambda: server.metrics()["fairgate_usages_mended_total"] == "1")
        line = server.wait_for_log("a TenantUsage was mended")
        assert line["tenant"] == "team-a" and "digest" in line["problem"], line
        message = denial(server, pod("b", 3))
        assert 'TenantUsage "team-a" was written to by somebody else (' in message and "digest" in message, message
        cluster.put(one)
        wait_until(lambda: "(3 in use, this pod asks for 3)" in denial(server, pod("b", 3)))


@test
def an_object_that_is_deleted_frees_nothing():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "5s").__enter__()) as server:
        one = pod("a", 3)
        assert denial(server, one) == ""
        cluster.remove(cluster.usage("team-a"))
        assert denial(server, pod("b", 3)) != ""
        cluster.put(one)
        wait_until(lambda: "(3 in use, this pod asks for 3)" in denial(server, pod("b", 3)))


@test
def a_list_that_fails_lets_nothing_in():
    cluster = Cluster(namespace("team-a"), usages=())
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "5s").__enter__()) as server:
        cluster.refused.add("pods")
        server.wait_for_log("what was let in before can't be found out")
        assert denial(server, pod("a", 1)) != ""
        cluster.refused.clear()
        wait_until(lambda: denial(server, pod("a", 5)) == "")


# ---- several replicas

@test
def replicas_share_one_cap():
    cluster = Cluster(namespace("team-a"))
    folder = policies()
    write(os.path.join(folder, "tenant.yaml"), TENANT % 60)
    with FakeApi(cluster.step) as api:
        servers = [ready(serve(api, folder=folder).__enter__()) for _ in range(3)]
        verdicts = in_threads(24, lambda at: [
            denial(servers[at % 3], pod(f"p-{at}-{i}", 1)) for i in range(5)])
        allowed = sum(verdict == "" for mine in verdicts for verdict in mine)
        assert allowed == 60, allowed
        assert all(verdict == "" or "would hold 61 of 60" in verdict for mine in verdicts for verdict in mine), verdicts
        assert len(reserved(cluster)) == 60 and len({line[1] for line in reserved(cluster)}) == 60
        assert sum(writes(server, "conflict") for server in servers) > 0
        for server in servers:
            server.__exit__(None, None, None)


# ---- those who wait

def holding():
    """A step that waits, and what it waits for."""
    go = threading.Event()

    def held(call, act):
        go.wait(PATIENCE)
        answer(call, act)

    return held, go


def parked(server, count):
    wait_until(lambda: int(server.metrics()["fairgate_usage_requests_waiting"]) == count)


@test
def a_client_that_hangs_up_costs_nothing_but_its_share():
    cluster, (held, go) = Cluster(namespace("team-a")), holding()
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        cluster.troubles = [held]
        for at in range(3):
            with server.connect() as connection:
                connection.sendall(request_bytes("/validate?timeout=30s", review(pod(f"gone-{at}", 1))))
                parked(server, at + 1)
        go.set()
        parked(server, 0)
        assert len(reserved(cluster)) == 3
        assert "(0 in use, 3 reserved, not yet seen, this pod asks for 3)" in denial(server, pod("x", 3))
        assert server.metrics()['fairgate_decisions_total{phase="validate",verdict="allowed",tenant="team-a"}'] == "3"


@test
def those_who_wait_are_answered_when_it_is_told_to_end():
    cluster, (held, go) = Cluster(namespace("team-a")), holding()
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        cluster.troubles = [held]
        connections = [server.connect() for _ in range(4)]
        for at, connection in enumerate(connections):
            connection.sendall(request_bytes("/validate?timeout=30s", review(pod(f"p-{at}", 2))))
        parked(server, 4)
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        go.set()
        answers = []
        for connection in connections:
            with connection, connection.makefile("rb") as file:
                code, headers, body = read_response(file)
                assert code == 200 and headers["Connection"] == "close", headers
                answers.append(json.loads(body)["response"]["allowed"])
        assert sorted(answers) == [False, False, True, True], answers
        server.wait()


@test
def what_waits_is_judged_by_what_is_in_view_when_its_turn_comes():
    cluster, (held, go) = Cluster(namespace("team-a")), holding()
    cluster.deaf.add("resourcequotas")
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        cluster.troubles = [held]
        connections = [server.connect() for _ in range(2)]
        for at, connection in enumerate(connections):
            connection.sendall(request_bytes("/validate?timeout=30s", review(pod(f"p-{at}", 1))))
            parked(server, at + 1)
        write(f"{server.folder}/quota.yaml", QUOTA)
        server.wait_for_log("policy set reloaded")
        go.set()
        with connections[1] as connection, connection.makefile("rb") as file:
            message = json.loads(read_response(file)[2])["response"]["status"]["message"]
        assert 'is in the namespace "team-a", and whether that has a ResourceQuota is not known' in message, message


@test
def the_audit_log_tells_how_long_it_waited():
    cluster = Cluster(namespace("team-a"))
    log = os.path.join(policies(), "audit.log")

    def slow(call, act):
        time.sleep(2)
        answer(call, act)

    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--audit-log", log, "--audit-log-reviews").__enter__()) as server:
        cluster.troubles = [slow]
        assert denial(server, pod("a", 1)) == "" and denial(server, pod("plain")) == ""
        wait_until(lambda: server.metrics()["fairgate_audit_log_queued_lines"] == "0")
        with open(log, encoding="utf-8") as file:
            first, second = (json.loads(line) for line in file)
        assert first["name"] == "a" and first["microseconds"] < 2_000_000 <= first["waitedMicroseconds"], first
        assert second["name"] == "plain" and "waitedMicroseconds" not in second, second
        assert first["review"]["request"]["name"] == "a", first
        assert first["amounts"][0]["after"] == "1", first
        metrics = server.metrics()
        assert metrics['fairgate_reservation_wait_seconds_bucket{le="1"}'] == "0", metrics
        assert metrics["fairgate_reservation_wait_seconds_count"] == "1", metrics
        assert metrics['fairgate_usage_write_requests_bucket{le="1"}'] == "1", metrics


@test
def the_manual_names_what_metrics_tell_of_it():
    with open("docs/operations.md", encoding="utf-8") as file:
        told = set(re.findall(r"`(fairgate_usage\w*)`", file.read()))
    with FakeApi(Cluster(namespace("team-a")).step) as api, ready(serve(api).__enter__()) as server:
        known = {re.sub(r"_(bucket|sum|count)$", "", name.split("{")[0]) for name in server.metrics()}
        assert told == {name for name in known if name.startswith("fairgate_usage")}, told


main()
