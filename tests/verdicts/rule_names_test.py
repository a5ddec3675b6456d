#!/usr/bin/env python3
"""The rules' names that the sources give are those that exceptions may name (webhook/tenancy/rule_name.c), and those
that docs/policy-language.md lists: one that is forgotten there could be lifted by nobody, one that is none by everybody."""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUPS = ("tenant", "ladder", "cluster")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def given(group):
    """The strings where a call has the name's last part, and whole names of which only the middle is filled in."""
    names = set()
    for path in glob.glob("webhook/**/*.c", root_dir=ROOT, recursive=True):
        text = re.sub(r"\s+", " ", read(path))
        for what in re.findall(rf"rule_of_{group}\(findings, &?facts, ([^,;)]+)", text):
            names.update(re.findall(r'"([^"]+)"', what))
        names.update(re.findall(rf'findings_set_rule\([^;]*?"{group}/(?:%s/)?([\w.]+)"', text))
    return names


def listed(group):
    fields = "fields" if group == "tenant" else "names"
    table = re.search(rf"rule_{group}_{fields}\[\] = {{(.*?)}};", read("webhook/tenancy/rule_name.c"), re.S)
    return set(re.findall(r'"([^"]+)"', table[1]))


def documented(group):
    section = read("docs/policy-language.md").split("\n## Names of rules\n")[1].split("\n## ")[0]
    row = next(line for line in section.splitlines() if line.startswith(f"| `{group}/"))
    text = re.sub(r"\([^)]*\)", "", row.split("|")[2])
    return set(re.findall(r"`([\w.]+)`", text))


def main():
    failed = False
    for group in GROUPS:
        names = given(group)
        problems = [f"{name} is not in {where}" for where, others in
                    (("webhook/tenancy/rule_name.c", listed(group)), ("docs/policy-language.md", documented(group)))
                    for name in sorted(names - others)]
        problems += [f"{name} is a rule's name in {where}, but nothing gives it" for where, others in
                     (("webhook/tenancy/rule_name.c", listed(group)), ("docs/policy-language.md", documented(group)))
                     for name in sorted(others - names)]
        if len(names) < 5:
            problems.append(f"only {len(names)} names were found in the sources")
        print("not ok" if problems else "ok", f"the names of rules of a {group} are the same everywhere")
        for line in problems:
            print("    " + line)
        failed |= bool(problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
