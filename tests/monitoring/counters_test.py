#!/usr/bin/env python3
"""Counters that rules and the dashboard look at are there before they count: of a series whose first sample is a 1, rate() and
increase() see no increase."""

import os
import re
import subprocess

import yaml

from busy import ALERTS, alerts, busy, filled, queries, ready, rules, send, untouched
from serving import Server, TENANT, main, policies, pod, review, scratch, test, write

WINDOW = re.compile(r"\b(?:rate|increase)\((\w+)(\{[^}]*\})?\[")
MATCHER = re.compile(r'(\w+)(=~|=)"([^"]*)"')
INSTANCE = 'instance="a:8080", job="fairgate"'
TENANTS = {"research", "vision", "crowd"}
VERDICTS = {("mutate", "allowed"), ("mutate", "mutated"), ("mutate", "denied"), ("validate", "allowed"), ("validate", "denied")}


def labels_of(series):
    return dict(re.findall(r'(\w+)="([^"]*)"', series))


def selected(series, name, matchers):
    labels = labels_of(series)
    return series.split("{")[0] == name and all(
        re.fullmatch(value if how == "=~" else re.escape(value), labels.get(label, "")) for label, how, value in MATCHER.findall(matchers))


def windows():
    """(metric, matchers) of all that is asked for increases."""
    asked = [rule["expr"] for rule in rules()] + [filled(query) for _, query in queries()]
    return {found for query in asked for found in WINDOW.findall(query)}


def scraped(before, after):
    """What Prometheus has when it scraped the one three times, and then the other. (promtool takes no +Inf.)"""
    series = []
    for name in sorted(name for name in set(before) | set(after) if "+Inf" not in (before.get(name), after.get(name))):
        values = f"{before[name]}x2" if name in before else "_x3"
        whole = name.replace("}", f", {INSTANCE}}}") if "{" in name else f"{name}{{{INSTANCE}}}"
        series.append({"series": whole, "values": f"{values} {after[name]}x20" if name in after else values})
    return series


def promtool(series, **tests):
    case = {"rule_files": [ALERTS], "evaluation_interval": "1m", "tests": [{"interval": "1m", "input_series": series, **tests}]}
    done = subprocess.run(["promtool", "test", "rules", write(os.path.join(scratch(), "rules.test.yaml"), yaml.safe_dump(case))],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@test
def what_rules_and_dashboard_ask_for_increases_is_there_before_anything_happens():
    asked = windows()
    assert len(asked) > 15, asked
    with untouched() as (server, _):
        told = server.metrics()
    for name, matchers in asked:
        found = [series for series in told if selected(series, name, matchers)]
        assert found, (name, matchers)
        assert name.endswith("_bucket") or "seconds" in name or {told[series] for series in found} == {"0"}, found


@test
def decisions_of_each_tenant_begin_at_0():
    with untouched() as (server, _):
        told = server.metrics()
    for tenant in TENANTS | {""}:
        found = {(labels_of(series)["phase"], labels_of(series)["verdict"]): value for series, value in told.items()
                 if selected(series, "fairgate_decisions_total", f'tenant="{tenant}"')}
        assert found == dict.fromkeys(VERDICTS, "0"), (tenant, found)


@test
def so_do_those_of_a_tenant_that_is_new():
    folder = policies()
    with Server(folder=folder) as server:
        name = 'fairgate_decisions_total{phase="validate",verdict="denied",tenant="%s"}'
        assert server.metrics()[name % "team-a"] == "0" and name % "team-b" not in server.metrics()
        server.validate(review(pod("p", 6)))
        write(os.path.join(folder, "tenant.yaml"), (TENANT % 1).replace("team-a", "team-b"))
        server.wait_for_log("policy set reloaded")
        told = server.metrics()
        assert (told[name % "team-a"], told[name % "team-b"]) == ("1", "0"), told


@test
def the_first_denial_for_want_of_knowledge_is_an_alert():
    with untouched() as (server, _):
        before = server.metrics()
        assert not send(server, "early", 1, "vision", "solid")
        after = server.metrics()
    rule = alerts()["FairgateCanNotDecide"]
    text = rule["annotations"]["description"].replace("{{ $labels.rule }}", "cluster/state")
    notes = {**rule["annotations"], "description": text.replace("{{ $value | humanize }}", "1")}
    fires = {"exp_labels": {"severity": "warning", "rule": "cluster/state"}, "exp_annotations": notes}
    promtool(scraped(before, before), alert_rule_test=[{"eval_time": "6m", "alertname": "FairgateCanNotDecide"}])
    promtool(scraped(before, after),
             alert_rule_test=[{"eval_time": "6m", "alertname": "FairgateCanNotDecide", "exp_alerts": [fires]}])


@test
def the_dashboard_shows_the_first_denial_by_a_rule():
    """And once. Of rules there are too many to begin them all at 0."""
    shown = {title: query.replace("$__rate_interval", "5m").replace("$tenant", "research")
             for title, query in queries() if title in ("Denials by rule", "Rules that were broken")}
    labels = {"Denials by rule": '{rule="tenant/research/gpus.burst"}',
              "Rules that were broken": '{rule="tenant/research/gpus.burst", enforcement="deny"}'}
    with untouched() as (server, cluster):
        cluster.refused.clear()
        ready(server)
        before = server.metrics()
        assert not send(server, "too-large", 9, "research", "spare")
        after = server.metrics()
    for title, query in shown.items():
        def seen(series, at, value):
            promtool(series, promql_expr_test=[
                {"expr": f'{query} > 0', "eval_time": at, "exp_samples": [{"labels": labels[title], "value": value}] if value else []}])

        seen(scraped(before, before), "5m", 0)
        seen(scraped(before, after), "5m", 1)
        seen(scraped(before, after), "7m", 1)
        seen(scraped(before, after), "12m", 0)
        seen(scraped({}, after), "4m", 0)  # Prometheus came later


if __name__ == "__main__":
    main()
