#!/usr/bin/env python3
"""The JSON Schema that `fairgate schema` prints: it takes every sound set, and what it refuses the
loader refuses, in the broken sets of tests/golden and in mutations of a sound one: every field of
the loader's tables with values of each kind, with an unknown key beside it, and without it."""

import copy
import glob
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

import jsonschema

import core_yaml
import plant_test

ROOT, BUILD, FAIRGATE = plant_test.ROOT, plant_test.BUILD, plant_test.FAIRGATE

MANIFEST = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
TEST = plant_test.document("PolicyTest", "planted", {
    "time": "2026-11-21T09:00:00Z",
    "state": ["state.yaml"],
    "cases": [
        {"name": "one",
         "request": {"operation": "UPDATE", "object": MANIFEST, "oldObject": MANIFEST,
                     "namespace": "alpha", "user": "alice", "groups": ["staff"],
                     "subresource": "resize", "dryRun": True},
         "expect": {"allowed": True, "rules": ["planted/one"], "message": "text",
                    "warnings": ["text"], "object": {"spec": {"a": 1}},
                    "patch": [{"op": "add", "path": "/spec/a", "value": 1}]}},
        {"name": "two", "request": {"review": "review.json"}, "expect": {"allowed": False}},
    ],
})
SET = dict(plant_test.SET, PolicyTest=TEST)
VALUES = [None, "", "text", "value", "1/4", "4Gi", 0, 12, -1, 1.5, 2**70, True, "true", [], {},
          ["text"], ["text", "text"], [12], [None], [""], [{}], {"x": "y"}, {"x": 1}, {"x": ""},
          {"a b": "y"}, "a b", "A", "two\nlines"]
REMOVED, UNKNOWN = object(), object()


def report(name, problem=""):
    print(f"not ok {name}\n{problem}" if problem else f"ok {name}", flush=True)
    return not problem


class Loader:
    """The loader, asked for one folder after the other."""

    def __init__(self):
        self.program = subprocess.Popen([os.path.join(BUILD, "tests/generated/loads")], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def refuses(self, folder):
        self.program.stdin.write(folder + "\n")
        self.program.stdin.flush()
        return self.program.stdout.readline().strip() != "0"

    def end(self):
        self.program.stdin.close()
        return self.program.wait(120)


def run(*arguments):
    return subprocess.run([FAIRGATE, *arguments], capture_output=True, text=True, check=True,
                          timeout=120).stdout


# ---- sets in files

def yaml_files(folder):
    return sorted(path for kind in ("yaml", "yml")
                  for path in glob.glob(f"{glob.escape(folder)}/**/*.{kind}", recursive=True)
                  if os.path.isfile(path) and os.path.getsize(path) < 1024 * 1024)


def complaints(validator, path):
    """What the schema refuses in a file, but for documents that say nothing."""
    with open(path, encoding="utf-8", errors="replace") as file:
        documents = core_yaml.documents(file.read())
    return [f"{os.path.relpath(path, ROOT)}: {error.json_path}: {error.message[:200]}"
            for document in documents if document is not None
            for error in validator.iter_errors(document)]


def sound_sets_validate(validator):
    is_good, count = True, 0
    for folder in ["policies", *sorted(glob.glob("tests/cases/*", root_dir=ROOT))]:
        found = []
        for path in yaml_files(os.path.join(ROOT, folder)):
            found += complaints(validator, path)
            count += 1
        is_good &= report(f"{folder} validates", "\n".join(found))
    return is_good & report("there are sound sets", "" if count > 50 else f"only {count} files")


def broken_sets_are_refused(validator, loader):
    is_good, refused = True, 0
    for path in sorted(glob.glob("tests/golden/*/cmd", root_dir=ROOT)):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            words = shlex.split(file.read(), comments=True)
        name = os.path.dirname(path)
        folder = os.path.join(ROOT, name, words[-1])
        if words[0] != "check" or not os.path.isdir(folder):
            continue
        found = [line for path in yaml_files(folder) for line in complaints(validator, path)]
        refused += bool(found)
        if found:
            is_good &= report(f"{name} is refused by both",
                              "" if loader.refuses(folder) else "\n".join(found))
    return is_good & report("the schema refuses broken sets", "" if refused > 20 else f"{refused}")


# ---- mutations of a sound set

def fields_of(kind):
    """(path, field) of every field of a kind, from the program."""
    def walk(fields, prefix):
        for field in fields:
            path = (*prefix, field["name"])
            yield path, field
            yield from walk(field.get("fields", ()), path)

    root = json.loads(run("explain", "--recursive", "-o", "json", kind))
    yield from walk(root["fields"], ("spec",))
    for name in ("apiVersion", "kind", "metadata", "spec"):
        yield (name,), {"name": name, "type": "string", "required": True}


def parents(document, path):
    """The maps in the document that hold the field."""
    found = [document]
    for name in path[:-1]:
        found = [child for parent in found if isinstance(parent, dict) and name in parent
                 for child in (parent[name] if isinstance(parent[name], list) else [parent[name]])]
    return [parent for parent in found if isinstance(parent, dict) and path[-1] in parent]


def mutations(kind, path):
    """(what, document): the field with other values, without it, and with an unknown key beside."""
    for value in [*VALUES, REMOVED, UNKNOWN]:
        document = copy.deepcopy(SET[kind])
        parent = parents(document, path)[0]
        if value is REMOVED:
            del parent[path[-1]]
            yield "removed", document
        elif value is UNKNOWN:
            parent["qqq"] = 1
            yield "unknown", document
        elif json.dumps(parent[path[-1]]) != json.dumps(value):
            parent[path[-1]] = value
            yield json.dumps(value), document


def write(folder, kind, document):
    ending = ".test.yaml" if kind == "PolicyTest" else ".yaml"
    with open(os.path.join(folder, kind.lower() + ending), "w", encoding="utf-8") as file:
        json.dump(document, file)


def try_field(kind, path, scratch, validator, loader):
    """What is wrong; how many mutations the schema and the loader refuse."""
    wrong, by_schema, by_loader = [], 0, 0
    for what, document in mutations(kind, path):
        is_invalid = not validator.is_valid(document)
        write(scratch, kind, document)
        is_refused = loader.refuses(scratch)
        by_schema += is_invalid
        by_loader += is_refused
        if is_invalid and not is_refused:
            wrong.append(f"{what}: the schema refuses it, the loader takes it: "
                         f"{next(validator.iter_errors(document)).message[:300]}")
        if what in ("unknown", "null") and not is_invalid:
            wrong.append(f"{what}: the schema takes it")
    write(scratch, kind, SET[kind])
    return wrong, by_schema, by_loader


def mutations_are_refused(validator, loader, scratch):
    is_good, by_schema, by_loader = True, 0, 0
    for kind, document in SET.items():
        write(scratch, kind, document)
    is_good &= report("the set is sound", "it isn't" if loader.refuses(scratch) else "")
    kinds = [row["name"] for row in json.loads(run("explain", "-o", "json"))["kinds"]]
    is_good &= report("every kind is there", "" if kinds == sorted(SET, key=kinds.index) else f"{kinds}")
    for kind in kinds:
        for path, _ in fields_of(kind):
            name = f"{kind}.{'.'.join(path)}"
            if not parents(SET[kind], path):
                is_good &= report(name, "the set has no example of it: add one")
                continue
            wrong, schema, loads = try_field(kind, path, scratch, validator, loader)
            is_good &= report(name, "\n".join(wrong))
            by_schema += schema
            by_loader += loads
    share = 100 * by_schema // by_loader
    return is_good & report(f"of {by_loader} mutations that the loader refuses the schema refuses {by_schema}",
                            "" if share >= 90 else "too few")


def examples_hold(schema):
    """Defaults are values of their fields; of a word, the first that is listed."""
    validator_of = jsonschema.Draft202012Validator
    wrong = []

    def walk(name, node):
        for key, field in node.get("properties", {}).items():
            rest = {word: value for word, value in field.items() if word not in ("minItems", "minLength")}
            if "default" in field and not validator_of(rest).is_valid(field["default"]):
                wrong.append(f"{name}.{key}: {field['default']}")
            if "default" in field and "enum" in field and field["default"] != field["enum"][0]:
                wrong.append(f"{name}.{key}: {field['default']} isn't the first")

    for name, definition in schema["$defs"].items():
        walk(name, definition)
    return report("defaults are values of their fields", "\n".join(wrong))


def main(scratch):
    schema = json.loads(run("schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    loader = Loader()
    is_good = examples_hold(schema)
    is_good &= sound_sets_validate(validator)
    is_good &= broken_sets_are_refused(validator, loader)
    is_good &= mutations_are_refused(validator, loader, scratch)
    return is_good & report("the loader ends well", "" if loader.end() == 0 else "it doesn't")


if __name__ == "__main__":
    folder_of_all = tempfile.mkdtemp(prefix="fairgate-schema-")
    try:
        sys.exit(0 if main(folder_of_all) else 1)
    finally:
        shutil.rmtree(folder_of_all)
