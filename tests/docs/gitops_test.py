#!/usr/bin/env python3
"""docs/gitops.md: its Applications may bring what fairgate bundle makes, and those for tenants' own objects no more than that."""

import fnmatch
import os
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BLOCK = re.compile(r"to `(?P<path>[\w./-]+)`:\n\n```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def applications(objects):
    """(project, repository, destination) of each, those that the ApplicationSet makes included."""
    for each in objects:
        spec = each["spec"]["template"]["spec"] if each["kind"] == "ApplicationSet" else each["spec"]
        if each["kind"].startswith("Application"):
            yield spec["project"], spec["source"]["repoURL"], spec["destination"]


def bundled(folder, *arguments):
    """What fairgate bundle makes of the page's set."""
    done = subprocess.run([os.environ["FAIRGATE"], "bundle", "--policies", os.path.join(folder, "policies"), *arguments],
                          check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(done.stdout))


def cluster_scoped(objects):
    return {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in objects if "namespace" not in each["metadata"]}


def find_problems(files, folder):
    argo = [each for path in files if path.startswith("argocd/") for each in yaml.safe_load_all(files[path])]
    projects = {each["metadata"]["name"]: each["spec"] for each in argo if each["kind"] == "AppProject"}
    admins = [user for each in yaml.safe_load_all(files["policies/cluster.yaml"]) if each["kind"] == "Cluster"
              for user in each["spec"]["admins"]["users"]]
    allowed = {name: {(row["group"], row["kind"]) for row in spec.get("clusterResourceWhitelist", [])}
               for name, spec in projects.items()}
    accounts = {name: {"system:serviceaccount:" + row["defaultServiceAccount"] for row in spec["destinationServiceAccounts"]}
                for name, spec in projects.items()}
    for project, repository, destination in applications(argo):
        spec = projects.get(project)
        if not spec or repository not in spec["sourceRepos"] or not any(
                fnmatch.fnmatch(destination.get("namespace", ""), row["namespace"]) for row in spec["destinations"]):
            yield f"an Application of {repository} to {destination} in the project {project}, which does not let it"
        elif not accounts[project] <= set(admins):
            yield f"{accounts[project]} apply what only {admins} may"
    if allowed["platform"] != cluster_scoped(bundled(folder)):
        yield f"the project platform lets in {allowed['platform']}"
    if allowed["tenants"] != cluster_scoped(bundled(folder, "--label", "owner=ml", "--without-classes", "research")):
        yield f"the project tenants lets in {allowed['tenants']}"
    if allowed["research"] or accounts["research"] != {"system:serviceaccount:research:deployer"}:
        yield f"what the tenant deploys may be {allowed['research']}, as {accounts['research']}"


def main():
    with open(os.path.join(ROOT, "docs/gitops.md"), encoding="utf-8") as file:
        files = {block["path"]: block["text"] for block in BLOCK.finditer(file.read())}
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
                file.write(text)
        problems = list(find_problems(files, folder))
    print(f"{'not ok' if problems else 'ok'} projects let in what is made, and nothing of tenants as an admin", *problems, sep="\n")
    sys.exit(bool(problems))


main()
