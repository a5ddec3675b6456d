#!/usr/bin/env python3
"""A real Prometheus scrapes a serving fairgate: every query of the dashboard returns data, and every rule can be evaluated."""

import contextlib
import http.server
import json
import math
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from busy import ALERTS, VARIABLES, busy, dashboard, eventually, filled, queries, rules, send
from serving import main, scratch, test, write

CONFIG = """\
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs:
  - {job_name: fairgate, static_configs: [{targets: ["%s:%d"]}]}
  - {job_name: another, static_configs: [{targets: ["%s:%d"]}]}
  - {job_name: kube-state-metrics, metrics_path: /cronjobs, static_configs: [{targets: ["%s:%d"]}]}
"""
# What each program exports.
ANOTHER = "process_resident_memory_bytes 1\nprocess_cpu_seconds_total 1\nprocess_start_time_seconds 1\n"
# What kube-state-metrics does, by the names of its docs/metrics/workload/cronjob-metrics.md.
CRONJOBS = """\
kube_cronjob_created{namespace="fairgate",cronjob="fairgate-certificates"} 1700000000
kube_cronjob_status_last_successful_time{namespace="fairgate",cronjob="fairgate-certificates"} %d
"""
SELECTOR = re.compile(r"\b((?:fairgate|process|kube)_\w+)(\{[^}]*\})?")
OURS = " and on (instance, job) fairgate_build_info"
RECORDED = re.compile(r"\b\w+:\w+:\w+")


class Another(http.server.BaseHTTPRequestHandler):
    """A program that has nothing to do with fairgate, and kube-state-metrics: both are scraped by the same Prometheus."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write((CRONJOBS % time.time() if self.path == "/cronjobs" else ANOTHER).encode())

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class Prometheus:
    def __init__(self, server, other):
        self.folder = tempfile.mkdtemp(prefix="prometheus-", dir=scratch())
        config = write(os.path.join(self.folder, "prometheus.yaml"), CONFIG % (ALERTS, *server, *other, *other))
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file", config, "--storage.tsdb.path", os.path.join(self.folder, "data"),
                 "--web.listen-address=127.0.0.1:0", "--log.format=json"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self.address = None

    def __enter__(self):
        try:
            self.address = eventually(self.listens, "an address to listen at")
            eventually(self.is_ready, "a ready Prometheus")
            eventually(lambda: len(self.numbers("up == 1")) == 3, "a scrape of each")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def listens(self):
        """Where, once it does, by its log."""
        with open(self.log, encoding="utf-8") as file:
            text = file.read()
        assert self.process.poll() is None, text
        found = re.search(r'"address":"(127\.0\.0\.1:[1-9]\d*)"', text)
        return found and found[1]

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=120):
                return True
        except urllib.error.HTTPError:
            return False

    def call(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=120) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def rules(self):
        return [rule for group in self.call("rules")["groups"] for rule in group["rules"]]

    def active(self):
        """The alerts that fire, or will if it goes on for as long as they say."""
        return {rule["name"] for rule in self.rules() if rule.get("state") in ("pending", "firing")}

    def numbers(self, query):
        """What it returns now; with a subquery as of the end of this minute, since its steps are full minutes."""
        now = time.time()
        at = math.ceil(now / 60) * 60 if ":1m]" in query else now
        found = self.call("query", query=query, time=at)["result"]
        assert query.startswith("up") or "another" not in {sample["metric"].get("job") for sample in found}, found
        values = [float(sample["value"][1]) for sample in found]
        return [value for value in values if math.isfinite(value)]


@contextlib.contextmanager
def another():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Another) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def scraped():
    """A server that is sent reviews as long as this lasts, and its Prometheus."""
    over = threading.Event()

    def go_on():
        count = 0
        while not over.wait(0.1):
            count += 1
            send(server, f"large-{count}", 9, "research", "solid")
            send(server, f"small-{count}", 1, "crowd", "solid")

    with busy() as server, another() as target, Prometheus(server.admin, target) as prometheus:
        sender = threading.Thread(target=go_on)
        sender.start()
        try:
            yield server, prometheus
        finally:
            over.set()
            sender.join()


def exported(server):
    """The names of a scrape's samples."""
    return set(re.findall(r"^(\w+)[{ ]", server.ask("/metrics")[2], re.M))


@test
def every_query_of_the_dashboard_returns_data():
    asked = queries()
    assert len(asked) > 40, len(asked)
    with scraped() as (_, prometheus):
        for title, query in asked:
            eventually(lambda query=query: prometheus.numbers(filled(query)), f"{title}: {query}: data")


@test
def every_rule_can_be_evaluated_and_none_fires_on_a_healthy_server():
    with scraped() as (_, prometheus):
        def evaluated():
            found = prometheus.rules()
            return len(found) == len(rules()) and all(rule["health"] != "unknown" for rule in found) and found

        for rule in eventually(evaluated, "an evaluation of each rule"):
            assert rule["health"] == "ok" and "lastError" not in rule, rule
            if rule["type"] == "recording":
                eventually(lambda rule=rule: prometheus.numbers(rule["name"]), rule["name"])
            else:
                assert rule["state"] != "firing", rule


@test
def alerts_are_on_their_way_once_something_is_wrong():
    """The certificate of the tests has a week left; the policy set breaks; the server goes."""
    with busy() as server, another() as target, Prometheus(server.admin, target) as prometheus:
        eventually(lambda: "FairgateCertificateEndsSoon" in prometheus.active(), "an alert of the certificate")
        eventually(lambda: not prometheus.active() & {"FairgateCertificateEnds", "FairgatePolicyReloadFailed", "FairgateDown"},
                   "nothing else, once the server was scraped")
        write(os.path.join(server.folder, "set.yaml"), "kind: Nothing\n")
        eventually(lambda: "FairgatePolicyReloadFailed" in prometheus.active(), "an alert of the policy set")
        server.stop()
        eventually(lambda: "FairgateDown" in prometheus.active(), "an alert of the server")


@test
def what_the_rules_select_is_exported():
    """Each metric with the labels that its alert asks for, whatever its value."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    with scraped() as (_, prometheus):
        for rule in rules():
            assert set(RECORDED.findall(rule["expr"])) <= recorded, rule
            selectors = SELECTOR.findall(RECORDED.sub("", rule["expr"]))
            assert selectors or RECORDED.search(rule["expr"]), rule
            for name, matchers in selectors:
                ours = "" if name.startswith("kube_") else OURS
                eventually(lambda one=name + matchers + ours: prometheus.numbers(one), f"{rule}: {name}{matchers}")


@test
def the_dashboard_and_the_rules_know_every_metric_they_name():
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    with busy() as server:
        names = exported(server)
    for query in [query for _, query in queries()] + [rule["expr"] for rule in rules()]:
        assert set(RECORDED.findall(query)) <= recorded, query
        unknown = {name for name, _ in SELECTOR.findall(RECORDED.sub("", query)) if not name.startswith("kube_")} - names
        assert not unknown, (query, unknown)


@test
def each_reload_that_may_fail_has_an_alert_and_a_line_in_the_dashboard():
    with busy() as server:
        told = {name for name in exported(server) if name.endswith("_last_reload_successful")}
    assert len(told) == 3, told
    assert told == {name for name in told if any(rule["expr"] == f"{name} == 0" for rule in rules())}
    assert told == told & {query for title, query in queries() if title == "Reloads"}


@test
def the_dashboard_is_one_that_grafana_takes():
    board = dashboard()
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    assert variables["tenant"]["query"]["query"] == "label_values(fairgate_tenant_gpus, tenant)"
    assert [panel["title"] for panel in board["panels"] if panel.get("repeat") == "tenant"] == ["Tenant $tenant"]
    panels = board["panels"]
    assert {panel["type"] for panel in panels} <= {"row", "stat", "timeseries", "bargauge", "table"}  # not graph, singlestat, table-old
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"] and panel["targets"], panel["title"]
            for target in panel["targets"]:
                assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
                assert set(re.findall(r"\$\w+", target["expr"])) <= set(VARIABLES), target["expr"]


if __name__ == "__main__":
    main()
