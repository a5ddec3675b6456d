#!/usr/bin/env python3
"""What `fairgate bundle` makes of every tenant of every sample set is let in by fairgate under that set, and stays
within what a quota and a limit range may say; and what happens to folders that it writes to."""

import glob
import os
import re
import subprocess
import sys
import tempfile

import yaml

FAIRGATE = os.path.abspath(os.environ["FAIRGATE"])
SETS = sorted(path for path in glob.glob("policies/*/") + glob.glob("policies/cookbook/*/") if path != "policies/cookbook/")
LABELS = "--label", "owner=ml", "--label", "term=2036-spring"  # what policies for namespaces in these sets require
KINDS = {"Namespace", "RoleBinding", "NetworkPolicy", "ResourceQuota", "LimitRange"}
CLUSTER_WIDE = {"Namespace", "PriorityClass", "ClusterRole", "ClusterRoleBinding"}
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
failed = False


def run(*arguments):
    done = subprocess.run([FAIRGATE, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def report(name, problem):
    global failed
    failed |= bool(problem)
    print(f"{'not ok' if problem else 'ok'} {name}", *filter(None, [problem]), sep="\n")


def documents(policies):
    for path in glob.glob(policies + "**/*.yaml", recursive=True):
        if not path.endswith(".test.yaml"):
            with open(path, encoding="utf-8") as file:
                yield from filter(None, yaml.safe_load_all(file))


def contents(folder):
    return {name: open(os.path.join(folder, name), encoding="utf-8").read() for name in sorted(os.listdir(folder))}


def is_bounded(quota, tenant):
    """Only caps, none below what the tenant has."""
    caps = {f"requests.{name}": str(most) for name, most in tenant["spec"].get("resources", {}).items()}
    return all(name.startswith("count/") or caps.get(name) == most for name, most in quota["spec"]["hard"].items())


def find_problem(policies, tenant, folder):
    """What is wrong with the folder that was written for the tenant."""
    admins = next((each["spec"].get("admins", {}) for each in documents(policies) if each["kind"] == "Cluster"), {})
    status, told, complaint = run("eval", "--policies", policies, "--as", admins.get("users", ["nobody"])[0],
                                  "--as-group", admins.get("groups", ["system:masters"])[0], folder)
    if status:
        return told + complaint
    objects = [each for text in contents(folder).values() for each in yaml.safe_load_all(text)]
    spaces = {name for name in tenant["spec"].get("namespaces", []) if not set(name) & set("*?")}
    found = {(each["metadata"].get("namespace", each["metadata"]["name"]), each["kind"])
             for each in objects if each["kind"] in KINDS}
    if found != {(space, kind) for space in spaces for kind in KINDS}:
        return f"namespaces {sorted(spaces)} have {sorted(found)}"
    for each in objects:
        if each["kind"] == "ResourceQuota" and not is_bounded(each, tenant):
            return f"the quota of {tenant['metadata']['name']} says {each['spec']['hard']}"
        if each["kind"] in CLUSTER_WIDE and not SUBDOMAIN.fullmatch(each["metadata"]["name"]):
            return f"{each['metadata']['name']} is no name"
    return None


def write_each_tenant(folder):
    for policies in SETS:
        for tenant in [each for each in documents(policies) if each["kind"] == "Tenant"]:
            name = tenant["metadata"]["name"]
            out = os.path.join(folder, policies.replace("/", "-") + name)
            status, told, complaint = run("bundle", "--policies", policies, *LABELS, "--out", out, name)
            report(f"{policies}: {name}", told + complaint if status or told else find_problem(policies, tenant, out))


def write_again(folder):
    """The same bytes; nothing is lost where something is there already."""
    call = "bundle", "--policies", "policies/research-cluster", "--label", "owner=ml", "research", "--out"
    once, twice = os.path.join(folder, "once"), os.path.join(folder, "twice")
    run(*call, once)
    os.mkdir(twice)
    run(*call, twice)
    report("an empty folder is filled, with the same bytes", contents(once) != contents(twice) and contents(twice))
    with open(os.path.join(once, "notes.txt"), "w", encoding="utf-8") as file:
        file.write("mine")
    before = contents(once)
    status, _, complaint = run(*call, once, "--without-classes")
    report("a folder that isn't empty is left as it is", contents(once) != before or status != 2 or
           f"{once} isn't empty; with --force" not in complaint)
    status, _, complaint = run(*call, once, "--without-classes", "--force")
    after = contents(once)
    report("--force writes anew, and takes away what is over",
           complaint or status or set(before) - set(after) != {"priority-classes.yaml"} or "priority-classes" in after["kustomization.yaml"])
    mine = os.path.join(folder, "mine.yaml")
    os.rename(os.path.join(once, "quotas.yaml"), mine)
    os.symlink(mine, os.path.join(once, "quotas.yaml"))
    with open(mine, "w", encoding="utf-8") as file:
        file.write("mine")
    status, _, _ = run(*call, once, "--without-classes", "--force")
    with open(mine, encoding="utf-8") as file:
        report("a link is made a file, and what it leads to stays", status or contents(once) != after or file.read() != "mine")
    status, _, complaint = run(*call, mine)
    report("a file is no folder", status != 2 or f"{mine}: Not a directory" not in complaint)
    os.mkdir(os.path.join(twice, "notes"))
    os.unlink(os.path.join(twice, "quotas.yaml"))
    os.mkdir(os.path.join(twice, "quotas.yaml"))
    status, _, complaint = run(*call, twice, "--force")
    report("nothing is left behind where a file can't be written", status != 2 or "quotas.yaml: Is a directory" not in complaint or
           set(os.listdir(twice)) != set(before) - {"notes.txt"} | {"notes"})
    status, _, complaint = run(*call, os.path.join(folder, "none/deeper"))
    report("a folder in none is not made", status != 2 or "none/deeper: No such file or directory" not in complaint)


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_each_tenant(folder)
        write_again(folder)
    sys.exit(failed)


main()
