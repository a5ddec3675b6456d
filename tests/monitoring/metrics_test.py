#!/usr/bin/env python3
"""What promtool, Prometheus' own checker of conventions, says of the metrics of a busy server."""

import os
import re
import subprocess
import time

from busy import SECRET, busy, classed, eventually, ready, untouched
from fake_api import FakeApi
from fake_cluster import Cluster, namespace, serve, wait_until
from serving import Server, main, review, scratch, test


def promtool(text):
    """What it complains of."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr


@test
def promtool_finds_nothing_to_complain_of():
    with busy() as server:
        status, headers, text = server.ask("/metrics")
        assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers
    assert promtool(text) == "", promtool(text)


@test
def nor_of_those_of_a_server_without_a_cluster_or_view_or_policy_set():
    with Server() as server:
        texts = [server.ask("/metrics")[2]]
    with untouched() as (server, _):
        texts.append(server.ask("/metrics")[2])
    with FakeApi(Cluster().step) as api, serve(api, folder=os.path.join(scratch(), "nothing"), waits=True) as server:
        texts.append(server.ask("/metrics")[2])
    without_cluster, with_one, waiting = (len(re.findall("^# TYPE ", text, re.M)) for text in texts)
    assert 4 < waiting < without_cluster < with_one, (waiting, without_cluster, with_one)
    for text in texts:
        assert promtool(text) == "", promtool(text)


@test
def nothing_that_a_request_or_an_object_says_is_in_them():
    with untouched() as (server, cluster):
        cluster.refused.clear()
        ready(server)
        before = server.metrics()
        for number in range(20):
            foreign(server, cluster, f"foreign-{number}")
        wait_until(lambda: server.metrics()['fairgate_tenant_ladder_gpus{tenant="research",class=""}'] == "20")
        after = server.metrics()
    assert not any("foreign" in name for name in after), after
    told = {name for name in set(after) - set(before) if not name.startswith("fairgate_tenant_ladder_gpus{")}
    assert told and all(name.startswith("fairgate_rule_violations_total{") for name in told), told
    assert {re.search('tenant="(.*?)"', name)[1] for name in told} == {"", "research"} and len(told) < 10, told


def foreign(server, cluster, name):
    """Everything about it is called so."""
    there = classed(name, 1, "research", name)
    there["metadata"]["labels"] = there["metadata"]["annotations"] = {f"{name}/{name}": name}
    there["spec"]["schedulerName"] = there["spec"]["nodeName"] = name
    cluster.put(there)
    cluster.put(namespace(name, **{"fairgate.dev/tenant": name}))
    for space, path in ((name, "validate"), ("research", "validate"), ("research", "mutate")):
        one = review(classed(name, 1, space, name))
        one["request"]["userInfo"] = {"username": name, "groups": [name], "uid": name, "extra": {name: [name]}}
        one["request"]["object"]["spec"]["containers"][0].update(name=name, image=name)
        server.validate(one, path=f"/{path}/{SECRET}")
    one["request"].update(operation=name.upper(), kind={"group": name, "version": name, "kind": name},
                          resource={"group": name, "version": name, "resource": name}, subResource=name)
    server.validate(one, path=f"/validate/{SECRET}")
    server.post(f"/{name}/{name}", one)
    server.request(name.upper(), f"/validate/{SECRET}", one)


@test
def every_metric_of_a_busy_server_has_a_sample():
    with busy() as server:
        text = server.ask("/metrics")[2]
    for name in re.findall(r"^# TYPE (\w+) ", text, re.M):
        assert re.search(rf"^{name}(_bucket|_sum|_count)?[{{ ]", text, re.M), f"{name} has no sample"


@test
def gpus_are_counted_for_as_long_as_they_are_held():
    """Research holds four, 2 seen and 2 reserved; of the seconds in between only so much is known. Clocks count in
    milliseconds."""
    with busy() as server:
        first = look(server)
        last = eventually(lambda: later_than(first, look(server)), "a second more")
    counted = last[1] - first[1]
    assert 4 * (last[0] - first[2] - 0.002) <= counted <= 4 * (last[2] - first[0] + 0.002), (first, last)


def look(server):
    """(when it was asked, GPU-seconds, when it had answered)"""
    asked = time.monotonic()
    value = float(server.metrics()['fairgate_tenant_gpu_seconds_total{tenant="research",mode="whole"}'])
    return asked, value, time.monotonic()


def later_than(first, other):
    return other[0] > first[2] + 1 and other


@test
def promtool_finds_a_name_against_the_conventions():
    assert "_total" in promtool("# HELP fairgate_things Things.\n# TYPE fairgate_things counter\nfairgate_things 1\n")


if __name__ == "__main__":
    main()
