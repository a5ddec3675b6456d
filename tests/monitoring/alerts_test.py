#!/usr/bin/env python3
"""The alerts: each has its cases, which promtool runs, and its runbook page, whose commands are tried."""

import glob
import os
import re
import subprocess

import yaml

from busy import ALERTS, alerts, busy
from serving import ROOT, main, test

CASES = os.path.join(ROOT, "tests/monitoring/alerts.test.yaml")
PAGES = os.path.join(ROOT, "docs/runbook")
HEADINGS = ["What it means for tenants", "How to see it", "Causes", "What to do"]
ADMIN = "127.0.0.1:8080"  # in the pages


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def pages():
    return {os.path.basename(path)[:-len(".md")]: path for path in glob.glob(os.path.join(PAGES, "*.md"))}


@test
def the_rules_are_well_formed():
    promtool("check", "rules", ALERTS)


@test
def the_alerts_fire_when_they_must_and_only_then():
    promtool("test", "rules", CASES)


@test
def each_alert_is_seen_to_fire_and_seen_not_to():
    with open(CASES, encoding="utf-8") as file:
        cases = [case for group in yaml.safe_load(file)["tests"] for case in group.get("alert_rule_test", [])]
    fires = {case["alertname"] for case in cases if case.get("exp_alerts")}
    is_quiet = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    assert fires == is_quiet == set(alerts()), (fires ^ set(alerts()), is_quiet ^ set(alerts()))


@test
def each_alert_says_how_bad_it_is_and_what_to_read():
    for name, rule in alerts().items():
        notes = rule["annotations"]
        assert re.fullmatch("Fairgate[A-Za-z]+", name), name
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), name
        assert set(notes) == {"summary", "description", "runbook_url"}, name
        assert notes["runbook_url"] == f"docs/runbook/{name}.md", name
        assert notes["summary"][-1] != "." and notes["description"][-1] == ".", name


@test
def each_alert_has_a_page_and_each_page_an_alert():
    assert set(pages()) == set(alerts()), set(pages()) ^ set(alerts())


@test
def the_manual_has_each_alert_once():
    with open(os.path.join(ROOT, "docs/operations.md"), encoding="utf-8") as file:
        table = re.findall(r"\[(\w+)\]\(runbook/(\w+)\.md\)", file.read())
    assert all(name == page for name, page in table) and len(table) == len(set(table)), table
    assert {name for name, _ in table} == set(alerts()), {name for name, _ in table} ^ set(alerts())


@test
def the_pages_say_the_same_things_in_the_same_order():
    for name, path in pages().items():
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert text.startswith(f"# {name}\n"), path
        assert re.findall("^## (.*)$", text, re.M) == HEADINGS, path
        for link in re.findall(r"\]\(([^)]+\.md)\)", text):
            assert os.path.exists(os.path.join(PAGES, link)), f"{path}: {link}"


@test
def the_pages_say_which_pod_they_mean():
    """An alert names an address; of a Deployment's pods `kubectl logs` takes any one."""
    for path in pages().values():
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert all(" --all-pods" in command for command in re.findall("logs deployment/[^`|\n]*", text)), path
        assert not re.search(r"\bPOD\b", text) or "`kubectl -n fairgate get pods -o wide`" in text, path


@test
def what_the_pages_ask_a_server_it_answers():
    """The commands for the API server are for its reader alone."""
    tried = 0
    with busy() as server:
        for path in pages().values():
            with open(path, encoding="utf-8") as file:
                commands = re.findall("^curl .*", file.read(), re.M)
            for command in commands:
                done = subprocess.run(["bash", "-o", "pipefail", "-c",
                                       command.replace(ADMIN, "%s:%d" % server.admin)],
                                      capture_output=True, text=True, timeout=120, check=False)
                assert done.returncode == 0 and done.stdout, f"{path}: {command}: {done}"
                tried += 1
    assert tried >= len(pages()), tried


@test
def what_the_pages_look_for_in_the_log_the_program_writes():
    sources = glob.glob(os.path.join(ROOT, "webhook/*/*.c"))
    written = "".join(open(path, encoding="utf-8").read() for path in sources)
    looked_for = {}
    for path in pages().values():
        with open(path, encoding="utf-8") as file:
            looked_for.update((words, path) for _, words in re.findall(r"""logs [^|`]*\| grep (['"])(.+?)\1""", file.read()))
    assert len(looked_for) >= 5, looked_for
    for words, path in looked_for.items():
        assert re.search(r'log_(info|warning|error)\("' + (re.escape(words[1:]) if words[0] == '"' else "[^\n]*" + re.escape(words)), written), (path, words)


if __name__ == "__main__":
    main()
