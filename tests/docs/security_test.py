#!/usr/bin/env python3
"""The cases that docs/security.md names for the ways to a GPU are there, in tests/cases/side-doors."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def main():
    table = read("docs/security.md").split("| way | shut by | case |\n|---|---|---|\n")[1].split("\n\n")[0]
    named = [case for row in table.splitlines()
             for case in re.findall(r"`(\w+): ([^`]+)`", row.rsplit(" | ", 1)[1])]
    missing = [f"{file}.test.yaml has no case \"{name}\"" for file, name in named
               if f"    - name: {name}\n" not in read(f"tests/cases/side-doors/{file}.test.yaml")]

    if len(named) < 30:
        missing.append(f"only {len(named)} cases are named")
    print("not ok" if missing else "ok", "the cases that the documentation names are there")
    for line in missing:
        print("    " + line)
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
