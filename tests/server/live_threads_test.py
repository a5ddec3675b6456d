#!/usr/bin/env python3
"""The live view: a server that watches an API server, whose objects the test changes."""

import json
import os
import signal
import time

from fake_api import FakeApi
from fake_cluster import (KINDS, Cluster, claim, denial, is_ready, namespace, ready, serve, template, wait_until,
                          with_claims)
from serving import CLUSTER, TENANT, main, pod, policies, review, test, write


@test
def it_is_ready_once_all_is_listed():
    cluster = Cluster(namespace("team-a"))
    cluster.deaf.add("pods")
    with FakeApi(cluster.step) as api, serve(api) as server:
        wait_until(lambda: server.ask("/readyz")[2] == "not ready\npods: not listed yet\n")
        assert server.ask("/readyz")[0] == 503
        assert "isn't there yet" in denial(server, pod("a", 1))
        assert denial(server, pod("plain")) == ""


@test
def a_missing_right_is_named():
    cluster = Cluster(namespace("team-a"))
    cluster.refused.add("pods")
    with FakeApi(cluster.step) as api, serve(api) as server:
        text = wait_until(lambda: "forbidden" in server.ask("/readyz")[2] and server.ask("/readyz")[2])
        assert "pods: not listed yet: " in text and "list" in text, text
        cluster.refused.clear()
        ready(server)


@test
def what_exists_counts_and_what_ends_gives_back():
    cluster = Cluster(namespace("team-a"), pod("old", 3))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        assert "would hold 6 of 5 GPUs (3 in use, this pod asks for 3)" in denial(server, pod("a", 3))
        second = pod("b", 2)
        assert denial(server, second) == ""
        assert "(3 in use, 2 reserved, not yet seen, this pod asks for 1)" in denial(server, pod("c", 1))
        cluster.put(second)
        wait_until(lambda: "(5 in use, this pod" in denial(server, pod("c", 1)))
        server.validate(review(second, "DELETE"))
        assert "(5 in use, this pod" in denial(server, pod("c", 1))
        cluster.remove(second)
        wait_until(lambda: denial(server, pod("c", 1)) == "")


@test
def nothing_is_reserved_before_the_last_phase():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        assert server.validate(review(pod("a", 5)), path="/mutate")["allowed"]
        assert denial(server, pod("b", 5)) == ""


@test
def an_event_is_visible_soon():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--max-staleness", "1h").__enter__()) as server:
        for at in range(5):
            cluster.put(pod(f"p-{at}", 1))  # which another list, or watch, would show in minutes
            wait_until(lambda n=at: f"({n + 1} in use" in denial(server, pod("x", 9)))


@test
def a_reservation_whose_pod_never_came_is_given_up():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "5s").__enter__()) as server:
        started = time.monotonic()
        assert denial(server, pod("lost", 5)) == ""
        assert "5 reserved, not yet seen" in denial(server, pod("a", 1))
        wait_until(lambda: server.metrics()["fairgate_reservations_expired_total"] == "1")
        assert time.monotonic() - started > 5
        assert denial(server, pod("a", 1)) == ""


@test
def nothing_but_a_consistent_read_gives_a_reservation_up():
    cluster = Cluster(namespace("team-a"))
    lost = pod("lost", 5)
    answers = [lambda call: call.body("<h1>404 page not found</h1>", 404),
               lambda call: call.fail(404, "the server could not find the requested resource"),
               lambda call: call.body('{"kind":"Status","status":"Success"}'),
               *(lambda call: call.fail(500, 'etcd says that pods "lost" not found'),) * 1000]
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "1s").__enter__()) as server:
        def reads():
            return [query for query in api.queries() if query["path"].endswith("/pods/lost")]
        cluster.unread = list(answers)
        assert denial(server, lost) == ""
        wait_until(lambda: len(reads()) > 4)
        assert "5 reserved, not yet seen" in denial(server, pod("a", 1))
        assert server.metrics()["fairgate_reservations_expired_total"] == "0"
        cluster.put(pod("lost"))  # of the same name, and another
        cluster.unread.clear()
        wait_until(lambda: denial(server, pod("a", 5)) == "")
        assert server.metrics()["fairgate_reservations_expired_total"] == "1"
        assert all(list(query) == ["path"] for query in reads()), reads()


@test
def a_right_to_read_one_object_is_missed_before_it_is_needed():
    cluster = Cluster(namespace("team-a"))
    words = [f'get {resource}: a ClusterRole must allow {{apiGroups: [""], resources: '
             f'["{resource}"], verbs: ["get", "list", "watch"]}} (kubectl apply -f charts/fairgate/access/fairgate.yaml): '
             f'the API server answers 403: '
             f'{resource} "x" is forbidden' for resource in ("namespaces", "pods")]
    def refuses(call):
        resource = "pods" if "/pods/" in call.query["path"] else "namespaces"
        call.fail(403, f'{resource} "x" is forbidden', "Forbidden")
    cluster.unread = [refuses] * 1000
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        wanted = "ok\n" + "".join(f"{word.split()[1][:-1]}: {word}\n" for word in words)
        wait_until(lambda: server.ask("/readyz")[2] == wanted)
        cluster.unread.clear()
        wait_until(lambda: server.ask("/readyz")[2] == "ok\n")
        # It may be told before or after "serving".
        told = [json.loads(line) for line in server.lines if "a permission is missing" in line]
        assert sorted(line["problem"] for line in told) == words, server.lines


@test
def one_reservation_that_can_not_be_looked_up_holds_no_other_up():
    cluster = Cluster(namespace("team-a"))
    first, second = pod("first", 2), pod("second", 3)
    def hides_first(call):
        if call.query["path"].endswith("/first"):
            call.body("{}")
        else:
            call.fail(404, 'pods "second" not found', "NotFound")
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "1s").__enter__()) as server:
        cluster.unread = [hides_first] * 1000
        assert denial(server, first) == "" and denial(server, second) == ""
        wait_until(lambda: server.metrics()["fairgate_reservations_expired_total"] == "1")
        assert "(0 in use, 2 reserved, not yet seen" in denial(server, pod("a", 9))


@test
def the_view_stays_fresh_while_many_reservations_are_looked_up():
    cluster = Cluster(namespace("team-a"))
    def takes_long(call):
        time.sleep(2)
        call.fail(404, f'pods "{call.query["path"].rsplit("/", 1)[1]}" not found', "NotFound")
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "1s", "--max-staleness", "8s").__enter__()) as server:
        cluster.unread = [takes_long] * 5
        assert [denial(server, pod(f"p-{at}", 1)) for at in range(5)] == [""] * 5
        def all_are_given_up():
            assert "s old" not in denial(server, pod("a", 6))
            return server.metrics()["fairgate_reservations_expired_total"] == "5"
        wait_until(all_are_given_up)


@test
def the_view_stays_fresh_while_look_ups_hang():
    cluster = Cluster(namespace("team-a"))
    def hangs(call):
        call.idle(3600)
        call.cut()
    cluster.unread = [hangs] * 1000
    with FakeApi(cluster.step) as api, ready(serve(api, "--max-staleness", "6s").__enter__()) as server:
        def are_given_up():
            assert "s old" not in denial(server, pod("a", 6))
            return len(cluster.unread) < 999
        wait_until(are_given_up)  # the first one after 10 s


def scaling(server, gpus_before, gpus):
    """The first line of what a Deployment's update gets that changes how many there are, and what each asks for."""
    def deployment(replicas, asked):
        template = pod("", asked)
        template["metadata"] = {"labels": {"app": "d"}}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "team-a"},
                "spec": {"replicas": replicas, "template": template}}

    update = review(deployment(2, gpus), "UPDATE")
    update["request"]["oldObject"] = deployment(1, gpus_before)
    response = server.validate(update)
    return "" if response["allowed"] else response["status"]["message"].splitlines()[0]


@test
def an_old_view_is_not_relied_on():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--max-staleness", "8s").__enter__()) as server:
        assert denial(server, pod("a", 1)) == ""
        cluster.deaf.add("pods")
        wait_until(lambda: "out of contact for" in server.ask("/readyz")[2])
        assert is_ready(server)
        message = denial(server, pod("b", 1))
        assert "the view of pods is " in message and message.endswith("s old"), message
        assert denial(server, pod("plain")) == ""
        assert float(server.metrics()['fairgate_view_age_seconds{watch="pods"}']) > 8
        assert "what it holds is not known" in scaling(server, 1, 2)
        assert scaling(server, 1, 1) == ""


@test
def a_namespace_that_is_not_in_view_is_asked_for():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        cluster.silence("namespaces")
        cluster.put(namespace("new", **{"fairgate.dev/tenant": "team-a"}))
        assert denial(server, pod("a", 5, "new")) == ""
        assert "5 reserved" in denial(server, pod("b", 1))
        before = len([query for query in api.queries() if query["path"].endswith("/new")])
        assert before == 1
        assert "is in no tenant" not in denial(server, pod("c", 1, "new"))
        assert len([query for query in api.queries() if query["path"].endswith("/new")]) == 1


LABELLED = """\
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: of-team-a}
spec:
  match: {tenants: [team-a]}
  rules:
    - {id: labels, labels: {required: {team: ".+"}}}
    - {id: hint, enforce: warn, annotations: {required: {purpose: ".+"}}}
"""


def open_policies():
    """Nobody's pods are let in, and a rule is for a tenant."""
    folder = policies()
    write(os.path.join(folder, "cluster.yaml"), CLUSTER + "  untenanted: allow\n")
    write(os.path.join(folder, "labelled.yaml"), LABELLED)
    return folder


def is_unknown(text, name):
    return text.startswith("pod " + name) and "is not in view: whose pods it holds is not known" in text


@test
def of_an_old_view_it_is_known_whose_the_namespaces_were():
    cluster = Cluster(namespace("team-a"), namespace("theirs", **{"fairgate.dev/tenant": "team-a"}),
                      namespace("nobodys"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--max-staleness", "2s", folder=open_policies()).__enter__()) as server:
        cluster.deaf.update(KINDS.values())
        wait_until(lambda: server.ask("/readyz")[2].count("out of contact for") >= 4)
        labelled = pod("a", 1, "theirs")
        labelled["metadata"]["labels"] = {"team": "x"}
        assert "what it holds is not known" in denial(server, labelled)
        assert "team" in denial(server, pod("b", 0, "theirs"))
        assert denial(server, pod("c", 1, "nobodys")) == ""
        assert is_unknown(denial(server, pod("d", 1, "new")), "new/d")
        assert is_unknown(denial(server, pod("e", 0, "new")), "new/e")
        cluster.deaf.clear()
        cluster.put(namespace("new"))
        wait_until(lambda: denial(server, pod("d", 1, "new")) == "")


@test
def a_namespace_that_can_not_be_asked_for_could_be_anybodys():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, folder=open_policies()).__enter__()) as server:
        cluster.unread = [lambda call: call.fail(500, "etcd is away")] * 1000
        assert is_unknown(denial(server, pod("a", 1, "new")), "new/a")
        assert is_unknown(denial(server, pod("b", 0, "new")), "new/b")
        update = review(pod("c", 0, "new"))
        update["request"].update(operation="UPDATE", oldObject=update["request"]["object"])
        assert server.validate(update)["allowed"]
        cluster.put(namespace("new"))
        wait_until(lambda: denial(server, pod("a", 1, "new")) == "")
        assert denial(server, pod("b", 0, "new")) == ""


@test
def claims_count_as_pods_do():
    cluster = Cluster(namespace("team-a"), template("two", 2))
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--request-timeout", "5s").__enter__()) as server:
        assert "would hold 6 of 5 GPUs (0 in use, this claim asks for 6)" in denial(server, claim("a", 6))
        shared = claim("shared", 2)
        assert denial(server, shared) == ""
        assert "(0 in use, 2 reserved, not yet seen, this pod asks for 4)" in denial(server, pod("x", 4))
        cluster.put(shared)
        wait_until(lambda: "(2 in use, this pod" in denial(server, pod("x", 4)))
        first = with_claims(pod("a"), template="two", claim="shared")
        assert denial(server, first) == ""
        cluster.put(first)
        wait_until(lambda: "(4 in use, this pod asks for 2)" in denial(server, with_claims(pod("x"), template="two")))
        cluster.remove(shared)
        wait_until(lambda: "(2 in use, this pod" in denial(server, pod("x", 4)))
        assert denial(server, claim("lost", 3)) == ""
        wait_until(lambda: denial(server, pod("y", 3)) == "")
        assert server.metrics()["fairgate_reservations_expired_total"] == "1"


class Twice(dict):
    """JSON with a name that is there twice, and half of a surrogate pair."""

    def items(self):
        return [("a", 1), ("a", "\ud800")]


@test
def what_a_driver_takes_as_it_stands_keeps_nobody_from_seeing_claims():
    """The API server stores a claim's parameters byte by byte, of whatever namespace."""
    def odd(name, gpus):
        one = claim(name, gpus)
        one["spec"]["devices"]["config"] = [{"opaque": {"driver": "gpu.nvidia.com", "parameters": Twice(a=1)}}]
        return one

    cluster = Cluster(namespace("team-a"), odd("old", 1))
    with FakeApi(cluster.step) as api, serve(api) as server:
        ready(server)
        assert "(1 in use, this claim asks for 5)" in denial(server, claim("a", 5))
        cluster.put(odd("new", 2))
        wait_until(lambda: "(3 in use, this claim asks for 5)" in denial(server, claim("a", 5)))


@test
def a_claim_or_template_that_is_not_in_view_is_asked_for():
    cluster = Cluster(namespace("team-a"))
    with FakeApi(cluster.step) as api, ready(serve(api).__enter__()) as server:
        cluster.silence("resourceclaims", "resourceclaimtemplates")
        cluster.put(template("two", 2))
        cluster.put(claim("shared", 1))
        assert denial(server, with_claims(pod("a"), template="two", claim="shared")) == ""
        assert "2 reserved" in denial(server, pod("x", 4))
        assert "is not in view" in denial(server, with_claims(pod("b"), template="none"))
        paths = [query["path"] for query in api.queries() if "/namespaces/team-a/" in query["path"]]
        assert sorted(path.rpartition("/")[2] for path in paths) == ["none", "shared", "two"], paths


@test
def an_api_server_without_claims_has_none():
    cluster = Cluster(namespace("team-a"), pod("old", 3))
    cluster.unknown.update({"deviceclasses", "resourceclaims", "resourceclaimtemplates"})
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--max-staleness", "8s").__enter__()) as server:
        assert "(3 in use, this pod asks for 3)" in denial(server, pod("a", 3))
        assert "is not in view" in denial(server, with_claims(pod("b"), template="none"))
        # Asked again, and told once.
        wait_until(lambda: len([query for query in api.queries()
                                if query["path"].endswith("/resourceclaims")]) > 2)
        assert denial(server, pod("a", 1)) == ""
        told = [line for line in server.errors().splitlines() if "does not have the resource" in line]
        assert len(told) == 3, told
        cluster.unknown.clear()
        cluster.put(claim("late", 1))
        wait_until(lambda: "(4 in use" in denial(server, pod("c", 3)))


def fabric(folder, label, domain):
    write(os.path.join(folder, "cluster.yaml"), CLUSTER + "  fabric: {nodeLabel: example.com/%s}\n" % label)
    write(os.path.join(folder, "tenant.yaml"), TENANT % 8 + "  fabric: {domains: [%s]}\n" % domain)
    return folder


@test
def nodes_are_listed_anew_for_another_label():
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {
        "example.com/clique": "c1", "example.com/rack": "r9", "example.com/zone": "z1"}}}
    cluster = Cluster(namespace("team-a"), node)
    named = pod("a", 1)
    named["spec"]["nodeName"] = "n1"
    folder = fabric(policies(), "clique", "c1")
    with FakeApi(cluster.step) as api, \
            ready(serve(api, "--max-staleness", "8s", folder=folder).__enter__()) as server:
        assert denial(server, named) == ""
        cluster.deaf.add("nodes")
        fabric(folder, "rack", "r1")
        server.signal(signal.SIGHUP)
        server.wait_for_log("policy set reloaded")
        assert 'names the node "n1", which is not in view' in denial(server, named)
        cluster.deaf.clear()
        wait_until(lambda: 'in the fabric domain "r9"' in denial(server, named))
        fabric(folder, "rack", "r9")
        server.signal(signal.SIGHUP)
        wait_until(lambda: denial(server, named) == "")


@test
def it_ends_while_the_api_server_hangs():
    cluster = Cluster()
    cluster.deaf.update(KINDS.values())
    with FakeApi(cluster.step) as api, serve(api, "--max-staleness", "1h") as server:
        server.stop()  # what it waits for would take minutes


main()
