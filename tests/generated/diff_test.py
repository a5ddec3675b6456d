#!/usr/bin/env python3
"""fairgate diff of the sets that other tests use: a set differs from itself in nothing, and what is stricter one
way is looser the other way."""

import glob
import json
import os
import subprocess

FAIRGATE = os.environ["FAIRGATE"]
OPPOSITE = {"stricter": "looser", "looser": "stricter", "different": "different",
            "added": "removed", "removed": "added", "changed": "changed"}


def diff(old, new):
    """The exit code, and what differs; None where a set has mistakes."""
    done = subprocess.run([FAIRGATE, "diff", "-o", "json", old, new], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode, json.loads(done.stdout)["changes"] if done.stdout else None


def told(changes):
    return sorted(str((c["kind"], c["field"], c["change"], c["old"], c["new"], c["direction"])) for c in changes
                  if c["field"] and c["field"] != "metadata.name")


def mirrored(changes):
    return [{**c, "change": OPPOSITE[c["change"]], "old": c["new"], "new": c["old"],
             "direction": OPPOSITE[c["direction"]]} for c in changes]


def report(name, is_fine, details=()):
    print(f"{'ok' if is_fine else 'not ok'} {name}")
    for line in () if is_fine else details:
        print(f"  {line}")


def main():
    sets = [*sorted(glob.glob("policies/*/")), *sorted(glob.glob("tests/cases/*/"))]
    alone = {path: diff(path, path) for path in sets}
    sets = [path for path in sets if alone[path][0] != 2]
    report("most sets can be compared", len(sets) > 20)
    for path in sets:
        report(f"{path} differs from itself in nothing", alone[path] == (0, []), [str(alone[path])])
    for old, new in zip(sets, sets[1:]):
        code, there = diff(old, new)
        back_code, back = diff(new, old)
        one, other = told(mirrored(there or [])), told(back or [])
        report(f"{old} to {new} is the opposite of the way back",
               code == back_code == (1 if there else 0) and one == other,
               [f"only there: {x}" for x in one if x not in other] +
               [f"only back: {x}" for x in other if x not in one])


main()
