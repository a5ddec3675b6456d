#!/usr/bin/env python3
"""Words that settings have are explained once: the table of side doors in the documentation is the
loader's own, row by row."""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build/address"))


def table_of_loader():
    out = subprocess.run([os.path.join(BUILD, "tests/generated/fields")], check=True,
                         capture_output=True, text=True).stdout
    fields = [json.loads(line) for line in out.splitlines()]
    deny = [f for f in fields if f["path"] == "spec.rules[].sideDoors.deny"][0]
    return list(zip(deny["words"], deny["meanings"]))


def table_of_documentation():
    with open(os.path.join(ROOT, "docs/policy-language.md"), encoding="utf-8") as file:
        text = file.read()
    table = text.split("| side door | the pod |\n|---|---|\n")[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M)


def main():
    loader, documentation = table_of_loader(), table_of_documentation()
    is_same = loader == documentation and len(loader) == 14
    print(("ok" if is_same else "not ok"), "the documented side doors are the loader's")
    for ours, theirs in zip(loader, documentation):
        if ours != theirs:
            print(f"    loader: {ours}\n    documentation: {theirs}")
    sys.exit(not is_same)


if __name__ == "__main__":
    main()
