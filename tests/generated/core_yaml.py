"""YAML as the 1.2 core schema reads it: `yes`, `on` and 2026-11-20 are text. Keys are text, as in JSON."""

import re

import yaml


class CoreLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}
    yaml_constructors = dict(yaml.SafeLoader.yaml_constructors)

    def construct_mapping(self, node, deep=False):
        return {key.value if isinstance(key, yaml.ScalarNode) else str(key):
                self.construct_object(value, deep=deep) for key, value in node.value}


def _integer(loader, node):
    text = node.value
    base = {"0x": 16, "0o": 8}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


def _float(loader, node):
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


for tag, pattern, firsts in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
                  r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+0123456789."))):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"),
                                     firsts)
CoreLoader.add_constructor("tag:yaml.org,2002:int", _integer)
CoreLoader.add_constructor("tag:yaml.org,2002:float", _float)


def documents(text):
    """The documents of a text; those before a fault where it is no YAML."""
    found = []
    try:
        for document in yaml.load_all(text, CoreLoader):
            found.append(document)
    except (yaml.YAMLError, RecursionError, ValueError):
        pass
    return found
