#!/usr/bin/env python3
"""Mistakes planted into a sound policy set, one at a time: for every field that the loader's tables
have, a mistyped key, values of wrong types, the key twice, no value, and an empty one. `check` must
report that one mistake, at its place, in the right words, and exit with 1.

The fields come from the program's own tables (tests/generated/fields.c). The set below holds each of
them once; a field that it lacks fails the test."""

import collections
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build/address"))
FAIRGATE = os.environ.get("FAIRGATE", os.path.join(BUILD, "fairgate"))


def document(kind, name, spec):
    return {"apiVersion": "fairgate.dev/v1alpha1", "kind": kind,
            "metadata": {"name": name, "labels": {"a": "b"}, "annotations": {"c": "d"}},
            "spec": spec}


# A sound set that holds every field.
SET = {
    "Cluster": document("Cluster", "planted", {
        "tenantLabel": "example.com/tenant",
        "untenanted": "warn",
        "admins": {"users": ["root"], "groups": ["system:masters"]},
        "exempt": {"namespaces": ["kube-system"]},
        "accelerators": [
            {"resource": "example.com/gpu", "mode": "whole", "gpus": "1/2", "product": "H100*"},
            {"deviceClass": "gpu.example.com", "mode": "mig", "gpus": 1},
            {"annotation": "example.com/memory", "mode": "shared", "gpus": "value", "per": "80Gi"},
        ],
        "fabric": {"nodeLabel": "example.com/domain", "domains": ["a", "b"], "atBind": "warn"},
        "capacity": {"gpus": 64},
        "help": "https://example.com/gpu/{rule}",
    }),
    "PriorityLadder": document("PriorityLadder", "planted", {
        "tiers": [
            {"name": "High", "class": "high", "value": 2000,
             "preemptionPolicy": "PreemptLowerPriority", "preempts": ["low"]},
            {"name": "Low", "class": "low", "value": 1000, "preemptionPolicy": "Never",
             "preempts": []},
        ],
        "required": True,
    }),
    "Tenant": document("Tenant", "planted", {
        "owner": {"team": "Alpha", "contact": "alpha@example.com", "costCenter": "CC-1"},
        "namespaces": ["alpha", "alpha-*"],
        "gpus": {"guaranteed": 8, "burst": "16", "perPod": "1/2"},
        "resources": {"cpu": 64, "memory": "1Ti"},
        "sharing": {"modes": ["whole", "mig"], "exclusive": "pod"},
        "priority": {"allowed": ["high", "low"], "default": "low", "burst": ["low"]},
        "fabric": {"domains": ["a"], "span": "one"},
    }),
    "Policy": document("Policy", "planted", {
        "enforce": "deny",
        "match": {
            "kinds": ["Pod"],
            "operations": ["CREATE", "UPDATE"],
            "tenants": ["planted"],
            "namespaces": ["alpha*"],
            "labels": {"matchLabels": {"tier": "gpu"},
                       "matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]},
            "accelerators": "required",
            "exclude": {"users": ["system:node:*"], "groups": ["admins"], "namespaces": ["alpha-x"]},
        },
        "rules": [
            {"id": "one", "message": "mend it", "enforce": "warn",
             "labels": {"required": {"team": "[a-z]+"}, "forbidden": ["debug"]}},
            {"id": "two", "annotations": {"required": {"purpose": ".+"}, "forbidden": ["debug"]}},
            {"id": "three", "images": {"allow": ["example.com/**"], "deny": ["**/internal"],
                                       "tags": {"deny": ["latest"]}, "digest": "required"}},
            {"id": "four", "resources": {"requireLimits": ["memory"], "requireRequests": ["cpu"],
                                         "max": {"memory": "256Gi"}, "containers": "main"}},
            {"id": "five", "scheduler": {"allow": ["kai-scheduler"]}},
            {"id": "seven", "namespaceHas": ["NetworkPolicy"]},
            {"id": "doors", "sideDoors": {"deny": "all", "except": ["monitoring"]}},
        ],
        "mutate": [{"id": "six", "set": {
            "schedulerName": "kai-scheduler", "runtimeClassName": "nvidia", "labels": {"e": "f"},
            "annotations": {"g": "h"},
            "tolerations": [
                {"key": "nvidia.com/gpu", "operator": "Equal", "value": "yes", "effect": "NoExecute",
                 "tolerationSeconds": 60}],
            "nodeSelector": {"pool": "gpu"}, "hideUnrequestedGpus": True}}],
    }),
    "Exception": document("Exception", "planted", {
        "tenants": ["planted"],
        "grant": {"gpus": "1/2"},
        "rules": ["planted/one", "tenant/planted"],
        "pods": {"matchLabels": {"tier": "gpu"},
                 "matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]},
        "from": "2199-11-20T00:00:00Z", "until": "2199-11-27T00:00:00+01:00",
        "reason": "camera-ready", "approvedBy": "council@example.com", "ticket": "GPU-1",
    }),
    "Reservation": document("Reservation", "planted", {
        "tenant": "planted", "gpus": 8, "from": "2199-12-01T00:00:00Z",
        "until": "2199-12-05T00:00:00Z", "priority": ["low"],
    }),
}

# What is no value of a type, and where the mistake stands: the columns from the value's first.
TEXT, NUMBER, TRUTH, LIST, MAP = '"text"', "12", "true", '["text"]', '{"x": "y"}'
WRONG = {
    "string": [NUMBER, TRUTH, LIST, MAP, "1.5"],
    "bool": [TEXT, NUMBER, LIST, MAP, '"true"'],
    "integer": [TEXT, TRUTH, LIST, MAP, "1.5", '"12"', "99999999999999999999"],
    "amount": [TEXT, TRUTH, LIST, MAP, "-1", "1e3"],
    "enum": [TEXT, NUMBER, TRUTH, LIST, MAP],
    "strings": [TEXT, NUMBER, TRUTH, MAP],
    "enums": [TEXT, NUMBER, TRUTH, MAP],
    "globs": [TEXT, NUMBER, TRUTH, MAP],
    "map": [TEXT, NUMBER, TRUTH, LIST],
    "regexes": [TEXT, NUMBER, TRUTH, LIST],
    "object": [TEXT, NUMBER, TRUTH, LIST],
    "objects": [TEXT, NUMBER, TRUTH, MAP],
    "instant": [TEXT, NUMBER, TRUTH, LIST, MAP, '"2026-11-31T00:00:00Z"'],
    "custom": [TRUTH, LIST],
}
WRONG_ENTRY = {
    "strings": ["[12]", "[[1]]"], "enums": ['["text"]', "[12]"], "globs": ["[12]", "[{}]"],
    "objects": ["[12]", '["text"]'],
}
EMPTY_TOLD = {"enum": '; got ""'}
EMPTY = {"string": '""', "amount": '""', "instant": '""', "enum": '""', "strings": "[]", "enums": "[]",
         "globs": "[]", "map": "{}", "regexes": "{}", "object": "{}", "objects": "[]"}


# ---- the set as text

Place = collections.namedtuple("Place", "key start end column value")  # lines from 0


class Text:
    """A document as YAML, a member a line, and where each member stands."""

    def __init__(self, value):
        self.lines, self.places = [], {}
        self._write_map(value, "", 0, "")

    def _write_map(self, value, path, indent, first):
        for key, member in value.items():
            start = len(self.lines)
            prefix = first or " " * indent
            first = ""
            self._write_member(prefix + key + ":", member, f"{path}{key}", indent)
            self.places[f"{path}{key}"] = Place(key, start, len(self.lines), indent + 1, member)

    def _write_member(self, head, member, path, indent):
        is_map = isinstance(member, dict) and path.split(".")[-1] in PARENTS
        is_list = isinstance(member, list) and member and isinstance(member[0], dict)
        if is_map:
            self.lines.append(head)
            self._write_map(member, path + ".", indent + 2, "")
        elif is_list:
            self.lines.append(head)
            for at, entry in enumerate(member):
                self._write_map(entry, f"{path}[{at}].", indent + 4, " " * (indent + 2) + "- ")
        else:
            self.lines.append(f"{head} {json.dumps(member)}")

    def find(self, path):
        """The first member that the path of a field stands for."""
        for at, place in self.places.items():
            if re.sub(r"\[\d+\]", "[]", at) == path:
                return place
        return None

    def with_lines(self, place, lines):
        text = self.lines[:place.start] + lines + self.lines[place.end:]
        return "\n".join(text) + "\n"

    def with_value(self, place, value):
        head = self.lines[place.start][:place.column - 1 + len(place.key)]
        return self.with_lines(place, [f"{head}:{value and ' ' + value}"])

    def with_key(self, place, key):
        line = self.lines[place.start]
        head, tail = line[:place.column - 1], line[place.column - 1 + len(place.key):]
        return self.with_lines(place, [head + key + tail] + self.lines[place.start + 1:place.end])

    def with_twice(self, place):
        again = " " * (place.column - 1) + f"{place.key}: {json.dumps(place.value)}"
        return self.with_lines(place, self.lines[place.start:place.end] + [again])


# ---- mistakes

class Mistake:
    """What is planted, and what `check` must say: words, at a line and column. `words` None: it may
    be empty."""

    def __init__(self, name, kind, text, line, column, words):
        self.name, self.kind, self.text = name, kind, text
        self.line, self.column, self.words = line + 1, column, words


def mistype(key, others):
    """The key with a letter too many: near to nothing else."""
    for at in range(1, len(key) + 1):
        typo = key[:at] + key[at - 1] + key[at:]
        if typo not in others:
            return typo
    raise AssertionError(key)


def plant(field, text, siblings):
    kind, path, kind_of_value = field["kind"], field["path"], field["type"]
    place = text.find(path)
    value_column = place.column + len(place.key) + 2
    name = f"{kind}.{path}"

    def mistake(what, planted, words, line=place.start, column=place.column):
        return Mistake(f"{name}: {what}", kind, planted, line, column, words)

    typo = mistype(place.key, siblings)
    yield mistake("mistyped", text.with_key(place, typo),
                  f'unknown field "{typo}"; did you mean "{place.key}"?')
    yield mistake("twice", text.with_twice(place), f'duplicate key "{place.key}"', place.end)
    for value in ("", "null", "~"):
        yield mistake(f"no value {value}", text.with_value(place, value),
                      f'"{place.key}" has no value')
    for value in WRONG[kind_of_value]:
        yield mistake(f"wrong {value}", text.with_value(place, value), "expected",
                      column=value_column)
    for value in WRONG_ENTRY.get(kind_of_value, ()):
        yield mistake(f"wrong {value}", text.with_value(place, value), "expected",
                      column=value_column + 1)
    if kind_of_value in EMPTY:
        value = EMPTY[kind_of_value]
        required = [one for one in siblings.children(path) if one["required"]]
        if not required:
            words = None if field["may_be_empty"] else EMPTY_TOLD.get(
                kind_of_value, f'"{place.key}" must not be empty')
            yield mistake(f"empty {value}", text.with_value(place, value), words,
                          column=value_column)


class Siblings:
    """The keys that may stand beside a field's."""

    def __init__(self, fields, field):
        self.fields, self.kind = fields, field["kind"]
        self.parent = parent_of(field["path"])
        self.keys = {key_of(one["path"]) for one in fields
                     if one["kind"] == self.kind and parent_of(one["path"]) == self.parent}

    def __contains__(self, key):
        return key in self.keys

    def children(self, path):
        return [one for one in self.fields
                if one["kind"] == self.kind and parent_of(one["path"]) == path]


def parent_of(path):
    return path.rpartition(".")[0]


def key_of(path):
    return path.rpartition(".")[2]


def plant_broken(kind, text):
    """What is no YAML: none of the file's documents can be read, and none is missed elsewhere."""
    count = len(text.lines)
    whole = "\n".join(text.lines) + "\n"
    yield Mistake(f"{kind}: a list that isn't closed", kind, whole + "more: [\n", count, 7, "")
    yield Mistake(f"{kind}: a tab", kind, "\t" + whole, 0, 1, "")
    yield Mistake(f"{kind}: an unknown alias", kind, whole + "more: *x\n", count, 7, "anchor")
    yield Mistake(f"{kind}: a list for a document", kind, "- x\n", 0, 1, "expected an object")


# ---- checking

def check(folder):
    """The exit code, and what is reported: (file, line, column, words)."""
    done = subprocess.run([FAIRGATE, "check", folder], capture_output=True, text=True, check=False,
                          timeout=120)
    output = done.stdout + done.stderr
    rows = re.findall(r"^(\S+\.yaml):(\d+):(\d+): (.*)$", output, re.M)
    mistakes = [(file, int(line), int(column), words) for file, line, column, words in rows
                if not words.startswith("warning")]
    return done.returncode, mistakes, output


def write_set(folder, texts):
    os.makedirs(folder, exist_ok=True)
    for kind, text in texts.items():
        with open(os.path.join(folder, kind.lower() + ".yaml"), "w", encoding="utf-8") as file:
            file.write(text)


def complaint(mistake, folder):
    """What is wrong with what `check` says; empty: nothing."""
    code, found, output = check(folder)
    if mistake.words is None:
        return output if "must not be empty" in output or code not in (0, 1) else ""
    wanted = (mistake.kind.lower() + ".yaml", mistake.line, mistake.column)
    if code != 1 or len(found) != 1:
        return f"expected one mistake at {wanted} and exit 1; exit {code}\n{output}"
    if found[0][:3] != wanted or mistake.words not in found[0][3]:
        return f"expected at {wanted}: {mistake.words}\n{output}"
    return ""


def try_all(mistakes, texts, scratch):
    """[(mistake, complaint)], with as many at once as there are processors."""
    def try_one(numbered):
        number, mistake = numbered
        folder = os.path.join(scratch, str(number))
        write_set(folder, dict(texts, **{mistake.kind: mistake.text}))
        try:
            return mistake, complaint(mistake, folder)
        finally:
            shutil.rmtree(folder)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(try_one, enumerate(mistakes)))


def report(name, problem):
    print(f"not ok {name}\n{problem}" if problem else f"ok {name}", flush=True)
    return not problem


def read_fields():
    done = subprocess.run([os.path.join(BUILD, "tests/generated/fields")], capture_output=True,
                          text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def kinds_told(scratch):
    """The kinds that the program says there are."""
    write_set(scratch, {"unknown": "apiVersion: fairgate.dev/v1alpha1\nkind: Qqq\n"
                                   "metadata: {name: x}\nspec: {}\n"})
    listed = re.search(r"expected one of ([\w, ]+); got", check(scratch)[2])
    return set(listed[1].split(", "))


def run(scratch):
    texts = {kind: Text(value) for kind, value in SET.items()}
    sound = {kind: "\n".join(text.lines) + "\n" for kind, text in texts.items()}
    write_set(os.path.join(scratch, "sound"), sound)
    code, found, output = check(os.path.join(scratch, "sound"))
    is_good = report("the set without a mistake", "" if code == 0 and not found else output)
    kinds = kinds_told(os.path.join(scratch, "kinds"))
    is_good &= report("every kind is planted", "" if kinds == set(SET) else f"{kinds} {set(SET)}")
    mistakes = []
    for field in FIELDS:
        name = f"{field['kind']}.{field['path']}"
        is_there = texts[field["kind"]].find(field["path"]) is not None
        is_good &= report(f"{name} is in the set",
                          "" if is_there else "no example of it: add one to SET")
        if is_there:
            mistakes += plant(field, texts[field["kind"]], Siblings(FIELDS, field))
    for kind, text in texts.items():
        mistakes += plant_broken(kind, text)
    for mistake, problem in try_all(mistakes, sound, scratch):
        is_good &= report(mistake.name, problem)
    return is_good


FIELDS = read_fields()
PARENTS = {key_of(field["path"]) for field in FIELDS if field["type"] == "object"} | {"spec"}

if __name__ == "__main__":
    folder_of_all = tempfile.mkdtemp(prefix="fairgate-plant-")
    try:
        sys.exit(0 if run(folder_of_all) else 1)
    finally:
        shutil.rmtree(folder_of_all)
