#!/usr/bin/env python3
"""The watch on an API server that does well, and on many that don't."""

import base64
import json
import os
import shutil
import socket
import ssl
import tempfile
import time

from fake_api import AT_ONCE, FakeApi, Watch, pod, status
from serving import certificates, in_threads, main, scratch, test, write


# ---- steps of the API server

def lists(*items, version=10, more=None):
    return lambda call: call.list(list(items), version, more)


def fails(code, message, reason="", headers=()):
    return lambda call: call.fail(code, message, reason, headers)


def sends(text):
    """A watch's body, and its end."""
    def step(call):
        call.begin()
        call.write(text)
        call.end()
    return step


def event_line(kind, obj):
    return json.dumps({"type": kind, "object": obj}) + "\n"


def healthy(call):
    """Lists and watches where nothing happens."""
    if "watch" in call.query:
        call.quiet_watch()
    else:
        call.list([], 99)


def hangs(call):
    call.idle(3600)
    call.cut()


def hangs_in_watch(call):
    call.begin()
    hangs(call)


def for_each(rows, function):
    """Each with a watch of its own, all at once."""
    certificates()
    in_threads(len(rows), lambda at: function(rows[at]))


# ---- as it should be

@test
def a_list_and_its_events_come_in_order():
    def events(call):
        call.begin()
        call.event("ADDED", pod("c", 11))
        call.event("MODIFIED", pod("a", 12))
        call.event("DELETED", pod("b", 13))
        call.bookmark(20)
        call.idle()
        call.end()

    with FakeApi(lists(pod("a", 3), pod("b", 7)), events, healthy) as api, \
            Watch(api.kubeconfig()) as watch:
        watch.expect("list", "item team-a/a 3", "item team-a/b 7", "listed 10",
                     "ADDED team-a/c 11", "MODIFIED team-a/a 12", "DELETED team-a/b 13",
                     "BOOKMARK  20")
        state = watch.wait_for(lambda state: state["watches"] == 2)
        assert state["synced"] == 1 and state["lists"] == 1 and state["events"] == 4, state
        assert state["failures"] == 0 and state["problem"] == "", state
        first, second, third = api.wait_for_queries(3)
        assert first == {"path": "/api/v1/pods", "limit": "500"}, first
        assert 3 <= int(second.pop("timeoutSeconds")) <= 4, second
        assert second == {"path": "/api/v1/pods", "watch": "1", "allowWatchBookmarks": "true",
                          "resourceVersion": "10"}, second
        assert third["resourceVersion"] == "20", third
        headers = api.requests[0][1]
        assert headers["Authorization"] == "Bearer secret", headers
        assert headers["Accept"] == "application/json", headers
        assert watch.messages() == [("info", "listed")], watch.log


@test
def pages_are_asked_for_until_there_are_no_more():
    token = "eyJ2IjoibWV0YS5rOHMu&=+/ ?"
    with FakeApi(lists(pod("a", 1), version=10, more=token),
                 lists(version=11, more="2"), lists(pod("b", 2), version=12), healthy) as api, \
            Watch(api.kubeconfig(), ("scheduling.k8s.io", "v1", "priorityclasses")) as watch:
        watch.expect("list", "item team-a/a 1", "item team-a/b 2", "listed 10")
        queries = api.wait_for_queries(4)
        path = "/apis/scheduling.k8s.io/v1/priorityclasses"
        assert queries[0] == {"path": path, "limit": "500"}, queries
        assert queries[1] == {"path": path, "limit": "500", "continue": token}, queries
        assert queries[2]["continue"] == "2", queries
        assert queries[3]["resourceVersion"] == "10", queries


@test
def requests_share_one_connection():
    with FakeApi(lists(more="1"), lists(), healthy) as api, Watch(api.kubeconfig()) as watch:
        watch.expect("list", "listed 10")
        watch.wait_for(lambda state: state["watches"] >= 3)
        assert api.connections == 1, api.connections


@test
def a_quiet_watch_stays_fresh():
    with FakeApi(lists(), healthy) as api, Watch(api.kubeconfig()) as watch:
        watch.expect("list", "listed 10")

        def has_gone_on(state):
            assert state["age"] < 8000 and state["problem"] == "", state  # what isn't fresh comes to 12 s
            return state["watches"] >= 4

        state = watch.wait_for(has_gone_on)
        assert state["lists"] == 1 and state["failures"] == 0, state


@test
def objects_are_read_whatever_the_pieces_they_come_in():
    long = pod("long", 12, spec={"text": "\\\"}{" * 50000, "more": ["]", "\u00e9\n"]})

    def dribbles(call):
        text = json.dumps({"kind": "PodList", "metadata": {"resourceVersion": "10"},
                           "items": [pod("a", 3, spec={"items": [{"x": "}\\\\"}]}), pod("b", 4)]},
                          indent=1).encode()
        call.begin()
        for at in range(0, len(text), 3):
            call.write(text[at:at + 3])
        call.end()

    def events(call):
        text = event_line("ADDED", long) + "\r\n\n" + event_line("ADDED", pod("c", 13))
        call.begin()
        for at in range(0, len(text), 7919):
            call.write(text[at:at + 7919])
        call.idle()
        call.end()

    with FakeApi(dribbles, events, healthy) as api, Watch(api.kubeconfig()) as watch:
        watch.expect("list", "item team-a/a 3", "item team-a/b 4", "listed 10",
                     "ADDED team-a/long 12", "ADDED team-a/c 13")


@test
def a_resource_that_the_api_server_does_not_have_is_an_empty_list_where_that_may_be():
    gone = fails(404, "the server could not find the requested resource", "NotFound")
    with FakeApi(gone, gone, lists(pod("a", 3)), healthy) as api:
        with Watch(api.kubeconfig(), ("resource.k8s.io", "v1", "resourceclaims"), optional=True) as watch:
            watch.expect("list", "listed ")
            state = watch.wait_for(lambda state: state["absent"] == 1)
            assert state["synced"] == 1 and not state["problem"], state
            watch.wait_for_lines("listed 10")
            assert watch.lines[-2] == "item team-a/a 3", watch.lines
            state = watch.wait_for(lambda state: state["absent"] == 0)
            assert state["failures"] == 0, state
            assert api.times[1] - api.times[0] > 2.9, api.times
    with FakeApi(gone) as api, Watch(api.kubeconfig()) as watch:
        state = watch.wait_for(lambda state: "404" in state["problem"])
        assert state["synced"] == 0, state


# ---- what ends a watch

@test
def a_watch_goes_on_where_it_was_cut():
    def cut_in_a_line(call):
        line = event_line("ADDED", pod("b", 12))
        call.begin()
        call.event("ADDED", pod("a", 11))
        call.write(line[:len(line) // 2])
        call.cut()

    def goes_on(call):
        call.begin()
        call.event("ADDED", pod("b", 12))
        call.idle()
        call.end()

    with FakeApi(lists(), cut_in_a_line, goes_on, healthy) as api, \
            Watch(api.kubeconfig()) as watch:
        watch.expect("list", "listed 10", "ADDED team-a/a 11", "ADDED team-a/b 12")
        assert api.queries()[2]["resourceVersion"] == "11", api.queries()
        state = watch.wait_for(lambda state: not state["problem"])
        assert state["lists"] == 1 and state["failures"] == 1, state


def gone_as_an_event(call):
    call.begin()
    call.event("ERROR", status(410, "too old resource version: 10 (20)", "Expired"))
    call.idle(1)
    call.end()


@test
def what_is_gone_is_listed_anew():
    gone = fails(410, "too old resource version: 10 (20)", "Expired")
    for step in (gone, gone_as_an_event):
        with FakeApi(lists(pod("a", 3)), step, lists(pod("b", 4), version=20),
                     sends(event_line("ADDED", pod("c", 21))), healthy) as api, \
                Watch(api.kubeconfig()) as watch:
            watch.expect("list", "item team-a/a 3", "listed 10", "list", "item team-a/b 4",
                         "listed 20", "ADDED team-a/c 21")
            assert api.queries()[3]["resourceVersion"] == "20", api.queries()


@test
def an_expired_page_begins_the_list_again():
    with FakeApi(lists(pod("a", 3), more="x"), fails(410, "the continue parameter is too old"),
                 lists(pod("a", 3), version=20), healthy) as api, \
            Watch(api.kubeconfig()) as watch:
        watch.expect("list", "item team-a/a 3", "list", "item team-a/a 3", "listed 20")
        assert "continue" not in api.queries()[2], api.queries()


@test
def an_error_event_of_another_kind_lets_the_watch_go_on():
    error = event_line("ERROR", status(500, "etcdserver: leader changed", "InternalError"))
    with FakeApi(lists(), sends(error), healthy) as api, Watch(api.kubeconfig()) as watch:
        watch.expect("list", "listed 10")
        watch.wait_for(lambda state: "etcdserver: leader changed" in state["problem"])
        assert api.wait_for_queries(3)[2]["resourceVersion"] == "10", api.queries()
        assert watch.wait_for(lambda state: not state["problem"])["lists"] == 1


@test
def what_can_not_be_read_is_listed_anew():
    good = event_line("ADDED", pod("a", 11))

    def one(line):
        with FakeApi(lists(), sends(good + line), lists(version=20), healthy) as api, \
                Watch(api.kubeconfig()) as watch:
            watch.expect("list", "listed 10", "ADDED team-a/a 11", "list", "listed 20")

    for_each(["nonsense\n", "[]\n", '{"type":"ADDED"}\n', '{"type":"ADDED","object":7}\n',
              event_line("CHANGED", pod("b", 12)), '{"type":"ADDED","object":{}}\n',
              good[:-3] + "\n", event_line("ADDED", pod("b", "1 2")),
              event_line("ADDED", pod("b", "1" * 200)), event_line("MODIFIED", {}),
              event_line("ADDED", pod("refused", 12)), "{" * 5000 + "\n"], one)


@test
def lists_that_can_not_be_read_are_asked_for_again():
    def one(text):
        with FakeApi(lambda call: call.body(text), lists(version=20), healthy) as api, \
                Watch(api.kubeconfig()) as watch:
            watch.wait_for_lines("listed 20")
            assert "listed 1" not in watch.lines and watch.lines.count("list") == 2, watch.lines
            problem = [line for line in watch.log if "has a problem" in line]
            assert len(problem) == 1 and "list pods: " in problem[0], watch.log

    for_each(["", "nonsense", "[]", "{}", '{"items":[]}', '{"items":[],"metadata":{}}',
              '{"metadata":{"resourceVersion":"1"},"items":[7]}',
              '{"metadata":{"resourceVersion":"1"},"items":[{}',
              '{"metadata":{"resourceVersion":"1"},"items":[{}]} more',
              '{"metadata":{"resourceVersion":"1"},"items":[],"items":[]}',
              '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"refused"}}]}',
              '{"metadata":{"resourceVersion":""},"items":null}'], one)


@test
def what_is_too_large_is_not_kept():
    def endless(call):
        call.begin()
        call.write('{"metadata":{"resourceVersion":"1"},"items":[{"a":"')
        for _ in range(17):
            call.write("x" * 1024 * 1024)
        call.idle(30)

    def endless_line(call):
        call.begin()
        for _ in range(17):
            call.write("x" * 1024 * 1024)
        call.idle(30)

    with FakeApi(endless, lists(), endless_line, healthy) as api, \
            Watch(api.kubeconfig(), seconds=10) as watch:
        watch.expect("list", "list", "listed 10", "list", "listed 99")
        text = "\n".join(watch.log)
        assert "items[0]: more than 16777216 bytes" in text, text
        assert "an event of the watch: more than 16777216 bytes" in text, text


# ---- failures

@test
def a_new_token_is_read_from_its_file_when_the_old_one_is_refused():
    token = write(os.path.join(scratch(), "token"), " first\n")
    seen = []

    def judges(call):
        seen.append(call.headers["Authorization"])
        if seen[-1] != "Bearer second":
            call.fail(401, "Unauthorized", "Unauthorized")
        else:
            healthy(call)

    with FakeApi(judges) as api, \
            Watch(api.kubeconfig(user={"tokenFile": token, "token": "no"})) as watch:
        watch.expect("list")
        assert "401: Unauthorized" in watch.wait_for_log("the watch has a problem")["problem"]
        write(token, "second")
        watch.wait_for_lines("listed 99")
        watch.wait_for_log("the watch goes on")
        assert set(seen) == {"Bearer first", "Bearer second"}, seen
        assert watch.messages() == [("warning", "the watch has a problem"), ("info", "listed"),
                                    ("info", "the watch goes on")], watch.log


@test
def a_missing_permission_is_named_with_the_rule_that_grants_it():
    message = ('resourceclaims.resource.k8s.io is forbidden: User "x" cannot list resource '
               '"resourceclaims" in API group "resource.k8s.io" at the cluster scope')
    refused = fails(403, message, "Forbidden")
    with FakeApi(refused, refused, refused, healthy) as api, \
            Watch(api.kubeconfig(), ("resource.k8s.io", "v1", "resourceclaims")) as watch:
        watch.expect("list")
        problem = watch.wait_for_log("the watch has a problem")["problem"]
        assert problem == (
            'list resourceclaims.resource.k8s.io: a ClusterRole must allow {apiGroups: '
            '["resource.k8s.io"], resources: ["resourceclaims"], verbs: ["get", "list", "watch"]} '
            '(kubectl apply -f charts/fairgate/access/fairgate.yaml): the API server answers 403: ' + message), problem
        watch.wait_for_lines("listed 99")
        watch.wait_for_log("the watch goes on")
        assert len(watch.log) == 3, watch.log


@test
def a_refused_watch_says_so_and_not_at_each_try():
    def allows_lists(call):
        if "watch" in call.query:
            call.fail(403, "cannot watch", "Forbidden")
        else:
            call.list([], 10)

    with FakeApi(allows_lists) as api, Watch(api.kubeconfig()) as watch:
        watch.wait_for_lines("listed 10", 2)
        state = watch.state()
        assert state["problem"].startswith("watch pods: a ClusterRole must allow"), state
        problems = [line for line in watch.log if "has a problem" in line]
        assert len(problems) == 1, watch.log
        assert not any("goes on" in line for line in watch.log), watch.log


@test
def retry_after_is_waited_for():
    busy = fails(429, "too many requests", "TooManyRequests", [("Retry-After", "2")])
    with FakeApi(busy, lists(), busy, healthy) as api, Watch(api.kubeconfig()) as watch:
        watch.expect("list", "list", "listed 10")
        api.wait_for_queries(4)
        assert 2 <= api.times[1] - api.times[0] < AT_ONCE, api.times
        assert 2 <= api.times[3] - api.times[2] < AT_ONCE, api.times
        assert api.queries()[3]["resourceVersion"] == "10", api.queries()
        assert "429: too many requests" in watch.log[0], watch.log


@test
def pauses_grow_while_failures_go_on():
    def pauses(step):
        with FakeApi(step) as api, Watch(api.kubeconfig()) as watch:
            api.wait_for_queries(5)
            waits = [later - earlier for earlier, later in zip(api.times, api.times[1:])]
            assert waits[0] >= 0.1 and waits[3] >= 0.8, waits
            problems = [line for line in watch.log if "has a problem" in line]
            assert len(problems) == 1, watch.log
            return waits

    def one(step):
        # On a busy machine the first pause may have taken longer than it was.
        assert any(pauses(step)[0] < 1 for _ in range(20))

    for_each([fails(500, "etcd is away"), lambda call: call.body("<html>", 502),
              lambda call: call.cut(), lambda call: call.body("", 204),
              lambda call: call.body("", 302, [("Location", "https://127.0.0.1:1/")])], one)


@test
def a_watch_that_ends_at_once_is_not_asked_for_in_circles():
    def one(text):
        def ends(call):
            if "watch" in call.query:
                call.begin()
                if text:
                    call.write(text)
                call.end()
            else:
                call.list([], 10)

        with FakeApi(ends) as api, Watch(api.kubeconfig()) as watch:
            watch.expect("list", "listed 10")
            api.wait_for_queries(5)
            time.sleep(max(0, api.times[0] + 3 - time.monotonic()))
            assert len([each for each in api.times if each < api.times[0] + 3]) < 20, api.queries()
            watch.wait_for(lambda state: state["problem"])

    for_each(["", event_line("MODIFIED", pod("a", 11)),
              event_line("ERROR", status(410, "too old", "Expired"))], one)


@test
def an_answer_that_never_comes_is_given_up():
    with FakeApi(hangs, lists(), hangs_in_watch, hangs, healthy) as api, \
            Watch(api.kubeconfig(), seconds=3) as watch:
        watch.expect("list", "list", "listed 10")
        api.wait_for_queries(5)
        state = watch.wait_for(lambda state: not state["problem"])
        assert state["failures"] == 3 and state["lists"] == 2, state
        assert api.queries()[4]["resourceVersion"] == "10", api.queries()


@test
def a_watch_of_which_nothing_but_the_head_comes_gets_old():
    with FakeApi(lists(), hangs_in_watch) as api, Watch(api.kubeconfig(), seconds=2) as watch:
        watch.expect("list", "listed 10")
        state = watch.wait_for(lambda state: state["age"] > 5000)
        assert state["lists"] == 1 and state["watches"] > 1 and state["problem"], state
        api.steps = [healthy]
        watch.wait_for(lambda state: state["age"] < 1500 and not state["problem"])
        assert api.queries()[-1]["timeoutSeconds"] in ("1", "2"), api.queries()


@test
def a_view_that_is_cut_off_gets_old_and_fresh_again():
    with FakeApi(lists(), healthy) as api:
        with Watch(api.kubeconfig(), seconds=2) as watch:
            watch.expect("list", "listed 10")
            watch.wait_for(lambda state: 0 <= state["age"] < 500)
            api.steps = [hangs]
            state = watch.wait_for(lambda state: state["age"] > 4000)
            assert "no answer from https://127.0.0.1:" in state["problem"], state
            api.steps = [healthy]
            state = watch.wait_for(lambda state: state["age"] < 1000 and not state["problem"])
            assert state["lists"] == 1, state


@test
def nobody_there_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with FakeApi(healthy) as api:
            port = free.getsockname()[1]
            with Watch(api.kubeconfig(server=f"https://127.0.0.1:{port}")) as watch:
                watch.expect("list")
                problem = watch.wait_for_log("the watch has a problem")["problem"]
                assert problem.startswith(f"list pods: no answer from https://127.0.0.1:{port}: "), \
                    problem


# ---- TLS

@test
def only_the_given_ca_and_the_right_name_are_trusted():
    other = certificates("others")
    with FakeApi(healthy) as api:
        for cluster, words in (
                ({"certificate_authority": os.path.join(other, "ca.crt")}, "certificate"),
                ({"tls_server_name": "elsewhere.example.com"}, "elsewhere.example.com"),
                ({"certificate_authority": None}, "certificate")):
            with Watch(api.kubeconfig(**cluster)) as watch:
                watch.expect("list")
                problem = watch.wait_for_log("the watch has a problem")["problem"]
                assert words in problem and "no answer from" in problem, problem
        assert not api.requests, api.requests
        for name in ("localhost", "fairgate.fairgate.svc"):
            seen = len(api.requests)
            with Watch(api.kubeconfig(tls_server_name=name)) as watch:
                watch.expect("list", "listed 99")
                assert api.requests[seen][1]["Host"] == f"127.0.0.1:{api.port}", api.requests


@test
def a_client_certificate_is_shown():
    certs = certificates()
    files = {"client-certificate": os.path.join(certs, "client.crt"),
             "client-key": os.path.join(certs, "client.key")}
    with FakeApi(healthy, client_ca=os.path.join(certs, "ca.crt")) as api:
        with Watch(api.kubeconfig()) as watch:
            watch.expect("list")
            watch.wait_for_log("the watch has a problem")
        with Watch(api.kubeconfig(user=files)) as watch:
            watch.expect("list", "listed 99")
            assert "Authorization" not in api.requests[0][1], api.requests


@test
def a_client_certificate_that_was_renewed_in_place_is_shown_when_the_old_one_is_refused():
    folder = tempfile.mkdtemp(prefix="client-", dir=scratch())
    both = os.path.join(folder, "authorities.crt")
    names = {}

    def put(certs):
        for kind in ("crt", "key"):
            shutil.copy(os.path.join(certs, "client." + kind), folder)

    for name, certs in (("old", certificates()), ("new", certificates("others"))):
        with open(os.path.join(certs, "client.crt"), encoding="ascii") as file:
            names[ssl.PEM_cert_to_DER_cert(file.read())] = name
        with open(os.path.join(certs, "ca.crt"), encoding="ascii") as source, \
                open(both, "a", encoding="ascii") as target:
            target.write(source.read())
    seen = []

    def judges(call):
        seen.append(names[call.connection.getpeercert(True)])
        if seen[-1] == "old":
            call.fail(401, "Unauthorized", "Unauthorized")
        else:
            healthy(call)

    put(certificates())
    with FakeApi(judges, client_ca=both) as api, \
            Watch(api.kubeconfig(user={"client-certificate": os.path.join(folder, "client.crt"),
                                       "client-key": os.path.join(folder, "client.key")})) as watch:
        watch.wait_for_log("the watch has a problem")
        put(certificates("others"))
        watch.wait_for_log("the watch goes on")
        assert seen.index("new") == seen.count("old") == api.connections - 1, (seen, api.connections)


@test
def data_in_the_kubeconfig_does_as_files_do():
    certs = certificates()

    def data(name):
        with open(os.path.join(certs, name), "rb") as file:
            return base64.b64encode(file.read()).decode()

    user = {"client-certificate-data": data("client.crt"), "client-key-data": data("client.key")}
    with FakeApi(healthy, client_ca=os.path.join(certs, "ca.crt")) as api, \
            Watch(api.kubeconfig(user=user, certificate_authority=None,
                                 certificate_authority_data=data("ca.crt"))) as watch:
        watch.expect("list", "listed 99")


@test
def in_a_pod_the_service_account_is_used():
    folder = tempfile.mkdtemp(prefix="account-", dir=scratch())
    write(os.path.join(folder, "token"), "of-the-pod\n")
    shutil.copy(os.path.join(certificates(), "ca.crt"), folder)
    with FakeApi(healthy) as api:
        environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1",
                       "KUBERNETES_SERVICE_PORT": str(api.port)}
        with Watch("in-cluster:" + folder, environment=environment) as watch:
            watch.expect("list", "listed 99")
            assert api.requests[0][1]["Authorization"] == "Bearer of-the-pod", api.requests


@test
def no_proxy_is_used():
    environment = {name: "http://127.0.0.1:1" for name in
                   ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
    with FakeApi(healthy) as api, Watch(api.kubeconfig(), environment=environment) as watch:
        watch.expect("list", "listed 99")


# ---- the end

@test
def a_watch_stops_while_the_api_server_hangs():
    def long_list(call):
        call.list([], 10, "more")

    for steps, has_tls in (([hangs], True), ([lists(), hangs], True), ([long_list], True),
                           ([lists(), hangs_in_watch], True), ([hangs], False),
                           ([fails(429, "busy", headers=[("Retry-After", "60")])], True)):
        with FakeApi(*steps, has_tls=has_tls) as api, \
                Watch(api.kubeconfig(), seconds=60) as watch:
            watch.expect("list")
            if has_tls:
                api.wait_for_queries(len(steps))
            time.sleep(0.1)
            took = watch.stop()
            assert took < AT_ONCE, (took, steps)


if __name__ == "__main__":
    main()
