#!/usr/bin/env python3
"""Calls for a TenantUsage to an API server that does well, and to many that don't."""

import contextlib
import json
import os
import subprocess
import time

from fake_api import AT_ONCE, BUILD, FakeApi
from serving import PATIENCE, certificates, in_threads, main, test

PATH = "/apis/fairgate.dev/v1alpha1/tenantusages"
RULE = ('a ClusterRole must allow {apiGroups: ["fairgate.dev"], resources: ["tenantusages"], verbs: '
        '["get", "list", "watch", "create", "update"]} (kubectl apply -f charts/fairgate/access/fairgate.yaml): '
        'the API server answers 403: ')
UNKNOWN_KIND = ("there is no such resource (kubectl apply -f "
                "charts/fairgate/api/tenantusages.yaml): the API server answers 404: ")


def usage(name="research", uid="u-1", version="7"):
    return {"apiVersion": "fairgate.dev/v1alpha1", "kind": "TenantUsage",
            "metadata": {"name": name, "uid": uid, "resourceVersion": version}, "spec": {}}


def answers(obj, code=200):
    return lambda call: call.body(obj if isinstance(obj, (str, bytes)) else json.dumps(obj), code)


def fails(code, message, reason="", headers=()):
    return lambda call: call.fail(code, message, reason, headers)


def hangs(call):
    call.idle(3600)
    call.cut()


class Calls:
    """usage_calls; `with` it, and it must end without a word of a sanitizer."""

    def __init__(self, api):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/server/usage_calls"), api.kubeconfig()],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().rstrip("\n")

    def get(self, name="research", milliseconds=20000):
        return self.ask("get", name, milliseconds)

    def write(self, verb, body, milliseconds=20000):
        return self.ask(verb, "research", milliseconds, json.dumps(body))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        with contextlib.closing(self.process.stdout):
            self.process.stdin.close()
            self.process.wait(PATIENCE)
        assert self.process.returncode == 0, self.process.returncode


def outcome(step, verb="put", milliseconds=20000):
    """What a call says that is answered so."""
    with FakeApi(step) as api, Calls(api) as calls:
        return calls.get(milliseconds=milliseconds) if verb == "get" else \
            calls.write(verb, usage(), milliseconds)


def for_each(rows, function):
    certificates()
    in_threads(len(rows), lambda at: function(*rows[at]))


@test
def an_object_is_read_made_and_replaced():
    with FakeApi(answers(usage()), answers(usage(version="8"), 201), answers(usage(version="9")),
                 answers(usage(version="9"))) as api, Calls(api) as calls:
        assert calls.get() == "done u-1 7"
        assert calls.write("post", {"a": 1}) == "done u-1 8"
        assert calls.write("put", {"a": "é" * 2_000_000}) == "done u-1 9"
        assert calls.get() == "done u-1 9"
        assert [query["path"] for query in api.queries()] == [
            PATH + "/research", PATH, PATH + "/research", PATH + "/research"]
        assert all(list(query) == ["path"] for query in api.queries()), api.queries()
        assert [(method, json.loads(content)) for method, _, content in api.writes] == [
            ("POST", {"a": 1}), ("PUT", {"a": "é" * 2_000_000})]
        assert api.connections == 1
        for at, (_, headers) in enumerate(api.requests):
            assert headers["Authorization"] == "Bearer secret", headers
            assert headers.get("Content-Type") == ("application/json" if at in (1, 2) else None), headers
            assert "Expect" not in headers, headers


@test
def a_name_is_escaped():
    with FakeApi(answers(usage("a/../b?c=d#"))) as api, Calls(api) as calls:
        assert calls.get("a/../b?c=d#") == "done u-1 7"
        assert api.queries() == [{"path": PATH + "/a%2F..%2Fb%3Fc%3Dd%23"}], api.queries()


@test
def what_came_of_it_is_told_apart():
    changed = "the object has been modified; please apply your changes to the latest version and try again"
    none = 'tenantusages.fairgate.dev "research" not found'
    for_each([
        (fails(409, changed, "Conflict"), "put", "conflict 0 the API server answers 409: " + changed),
        (fails(409, "already exists", "AlreadyExists"), "post",
         "conflict 0 the API server answers 409: already exists"),
        (fails(404, none, "NotFound"), "get", "missing 0 the API server answers 404: " + none),
        (fails(404, none, "NotFound"), "put", "missing 0 the API server answers 404: " + none),
        (fails(403, "no", "Forbidden"), "post", f"refused 0 {RULE}no"),
        (fails(422, "spec: invalid", "Invalid"), "put",
         "refused 0 the API server answers 422: spec: invalid"),
        (fails(405, "terminating", "MethodNotAllowed"), "post",
         "refused 0 the API server answers 405: terminating"),
        (fails(413, "limit is 3145728", "RequestEntityTooLarge"), "put",
         "too-large 0 the API server answers 413: limit is 3145728"),
        (fails(429, "busy", "TooManyRequests", [("Retry-After", "3")]), "put",
         "unknown 3000 the API server answers 429: busy"),
        (fails(401, "Unauthorized", "Unauthorized"), "put",
         "unknown 0 the API server answers 401: Unauthorized"),
        (fails(500, "etcdserver: request timed out"), "put",
         "unknown 0 the API server answers 500: etcdserver: request timed out"),
        (fails(504, "timeout", "Timeout"), "put", "unknown 0 the API server answers 504: timeout"),
    ], lambda step, verb, wanted: _equal(outcome(step, verb), wanted))


def _equal(got, wanted):
    assert got == wanted, (got, wanted)


@test
def only_the_api_server_itself_says_that_there_is_no_such_object():
    other = 'pods "research" not found'
    for_each([
        (answers("404 page not found\n", 404), "refused 0 " + UNKNOWN_KIND + "404 page not found"),
        (fails(404, "the server could not find the requested resource", "NotFound"),
         "refused 0 " + UNKNOWN_KIND + "the server could not find the requested resource"),
        (fails(404, other, "NotFound"), "refused 0 " + UNKNOWN_KIND + other),
        (answers('tenantusages.fairgate.dev "research" not found', 404),
         "refused 0 " + UNKNOWN_KIND + 'tenantusages.fairgate.dev "research" not found'),
        (fails(500, 'tenantusages.fairgate.dev "research" not found', "NotFound"),
         'unknown 0 the API server answers 500: tenantusages.fairgate.dev "research" not found'),
    ], lambda step, wanted: [_equal(outcome(step, verb).replace("\\u000a", ""), wanted)
                             for verb in ("get", "put")])


@test
def an_answer_that_tells_nothing_is_no_success():
    def breaks_off(call):
        call.send_response(200)
        call.send_header("Content-Length", "1000")
        call.end_headers()
        call.wfile.write(json.dumps(usage()).encode())
        call.cut()

    def never_ends(call):
        call.begin()
        with contextlib.suppress(OSError):
            for _ in range(17):
                call.write("x" * 1024 * 1024)
        call.cut()

    is_not = "what the API server answers"
    for_each([
        (lambda call: call.cut(), "no answer from "),
        (breaks_off, "the answer breaks off: "),
        (never_ends, "the object has more than 16777216 bytes"),
        (answers(""), is_not), (answers("{"), is_not), (answers("[]"), is_not), (answers("{}"), is_not),
        (answers(json.dumps(usage()) + "x"), is_not),
        (answers('{"kind":"Status","status":"Success"}'), is_not),
        (answers(usage("other")), is_not + " is another object: other"),
        (answers(usage(uid="")), is_not + " is another object: research"),
        (answers(usage(version="")), is_not + ": metadata.resourceVersion: there is none"),
        (answers(usage(version="1 2")), is_not + ": metadata.resourceVersion: not what"),
        (answers("", 204), "the API server answers 204"),
        (answers(usage(), 202), "the API server answers 202"),
        (lambda call: call.body("", 307, [("Location", "https://127.0.0.1:1/")]),
         "the API server answers 307"),
    ], _tells_nothing)


def _tells_nothing(step, words):
    for verb in ("put", "get"):
        got = outcome(step, verb)
        assert got.startswith("unknown 0 " + words), (got, words)


@test
def a_call_ends_in_time():
    def drips(call):
        call.send_response(200)
        call.send_header("Content-Length", "1000")
        call.end_headers()
        with contextlib.suppress(OSError):
            while call.idle(0.05):
                call.wfile.write(b" ")

    def one(step):
        began = time.monotonic()
        assert outcome(step, milliseconds=300).startswith("unknown 0 "), step
        assert 0.3 <= time.monotonic() - began < AT_ONCE

    for_each([(hangs,), (drips,)], one)
    with FakeApi(hangs) as api, Calls(api) as calls:
        assert calls.get(milliseconds=0) == "unknown 0 no time is left to ask the API server"
        assert not api.requests, api.requests


@test
def a_call_goes_on_after_one_that_failed():
    with FakeApi(hangs, fails(409, "changed", "Conflict"), answers(usage())) as api, \
            Calls(api) as calls:
        assert calls.write("put", usage(), 300).startswith("unknown")
        assert calls.write("put", usage()).startswith("conflict")
        assert calls.get() == "done u-1 7"


@test
def what_is_sent_again_by_itself_is_a_conflict_where_the_first_was_taken():
    with FakeApi(answers(usage()), lambda call: call.cut(), fails(409, "changed", "Conflict")) as api, \
            Calls(api) as calls:
        assert calls.get() == "done u-1 7"
        assert calls.write("put", usage()).startswith("conflict")
        assert len(api.writes) == 2 and api.writes[0] == api.writes[1], api.writes


if __name__ == "__main__":
    main()
