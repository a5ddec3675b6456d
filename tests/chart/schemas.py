#!/usr/bin/env python3
"""schemas.py FOLDER OPENAPI CRDS: what kubeconform needs, a file of JSON Schema a kind and version: from the API server's own
OpenAPI (v3), and from definitions of custom resources. No field is allowed that they don't name."""

import glob
import json
import os
import sys

import yaml


def close(schema):
    """In all of it, an object that names its fields has no others."""
    if not isinstance(schema, dict):
        return
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
    if schema.get("nullable") and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    for each in (*schema.get("properties", {}).values(), *schema.get("allOf", ()), *schema.get("oneOf", ()),
                 *schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        close(each)


def write(folder, group, version, kind, schema):
    """Of a kind without a group kubeconform takes the version for one."""
    with open(os.path.join(folder, f"{kind.lower()}-{group or version}-{version}.json"), "w", encoding="utf-8") as file:
        json.dump(schema, file)


def from_openapi(folder, path):
    with open(path, encoding="utf-8") as file:
        schemas = json.load(file).get("components", {}).get("schemas", {})
    for schema in schemas.values():
        close(schema)
    for name, schema in schemas.items():
        kinds = schema.get("x-kubernetes-group-version-kind", ())
        if len(kinds) == 1:
            write(folder, *(kinds[0][key] for key in ("group", "version", "kind")),
                  {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})


def from_definition(folder, path):
    with open(path, encoding="utf-8") as file:
        spec = yaml.safe_load(file)["spec"]
    for version in spec["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        close(schema)
        schema["properties"]["metadata"] = {"type": "object"}  # the API server's own
        write(folder, spec["group"], version["name"], spec["names"]["kind"], schema)


def main(folder, openapi, definitions):
    for path in glob.glob(os.path.join(openapi, "*.json")):
        from_openapi(folder, path)
    for path in glob.glob(os.path.join(definitions, "*.yaml")):
        from_definition(folder, path)


main(*sys.argv[1:])
