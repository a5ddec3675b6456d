#!/usr/bin/env python3
"""Runs each kubectl command of the runbook's pages, with the names of what is there in the place of NAME, POD and TENANT."""

import glob
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../..")
COMMAND = re.compile(r"(?:^|`)(kubectl [^`\n]*)", re.M)
# Simulated nodes have no kubelet to ask for these, and there is no cert-manager.
NOT_HERE = re.compile(r" (port-forward|logs|top|describe certificates)\b")


def found():
    """{command: a page that has it}"""
    commands = {}
    for path in glob.glob(os.path.join(ROOT, "docs/runbook/*.md")):
        with open(path, encoding="utf-8") as file:
            commands.update(dict.fromkeys(COMMAND.findall(file.read()), os.path.basename(path)))
    return commands


def shell(command):
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=120,
                          check=False)


def here(command, pod):
    for name, value in (("-n fairgate", "-n runbook"), ("NAME", "runbook"),
                        ("TENANT", "runbook"), ("POD", pod)):
        command = command.replace(name, value)
    return command


def main():
    pod = shell("kubectl -n runbook get pods -l app=fairgate -o name").stdout.split()[0].removeprefix("pod/")
    tried = 0
    for command, page in sorted(found().items()):
        if NOT_HERE.search(command):
            continue
        done = shell(here(command, pod))
        tried += 1
        if done.returncode != 0:
            print(f"{page}: {command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
            sys.exit(1)
    print(f"{tried} commands work")


if __name__ == "__main__":
    main()
