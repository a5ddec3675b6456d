#!/usr/bin/env python3
"""`fairgate test -o junit` is what CI systems read: elements and attributes as in the schema that
Jenkins, GitLab and others share (junit-10.xsd), and figures that agree with the cases."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

# Of each element: the children that it may have, the attributes it must have, and those it may.
SCHEMA = {
    "testsuites": ({"testsuite"}, set(), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": ({"properties", "testcase", "system-out", "system-err"},
                  {"name", "tests", "failures", "errors"},
                  {"time", "skipped", "timestamp", "hostname", "id", "package", "file", "url", "version"}),
    "testcase": ({"skipped", "error", "failure", "system-out", "system-err"},
                 {"name"}, {"classname", "time", "group"}),
    "failure": (set(), set(), {"type", "message"}),
}

POLICY = """\
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: base}
spec: {rules: [{id: team, labels: {required: {team: "[a-z]+"}}}]}
"""

CASE = """\
    - name: %s
      request: {object: {apiVersion: v1, kind: Pod, metadata: {name: p, labels: {team: %s}}, spec: {containers: [{name: c, image: i}]}}}
      expect: {allowed: true}
"""

TEST = """\
apiVersion: fairgate.dev/v1alpha1
kind: PolicyTest
metadata: {name: %s}
spec:
  cases:
%s"""


def report(name, complaint=""):
    print(f"{'not ok' if complaint else 'ok'} {name}")
    for line in complaint.splitlines():
        print(line)


def faults(element):
    """What the schema doesn't allow, in the element and below."""
    if element.tag not in SCHEMA:
        return [f"<{element.tag}> is unknown"]
    children, required, optional = SCHEMA[element.tag]
    found = [f"<{element.tag}> lacks {name}" for name in required - set(element.keys())]
    found += [f"<{element.tag}> has {name}" for name in set(element.keys()) - required - optional]
    found += [f"<{child.tag}> in <{element.tag}>" for child in element if child.tag not in children]
    return found + [fault for child in element for fault in faults(child)]


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "set.yaml", POLICY)
        # XML has characters that must be written otherwise, and others that it can't have at all.
        write(folder, "a.test.yaml", TEST % ("first", CASE % ('"a <b> & \\"c\\" \\u0001 ]]>"', "blue")
                                            + CASE % ("fails", '"7<8&9"')))
        write(folder, "b.test.yaml", TEST % ("second", CASE % ("passes", "red")))
        call = subprocess.run([os.environ["FAIRGATE"], "test", "-o", "junit", folder],
                              capture_output=True, check=False)
    report("a_failed_case_ends_with_1", "" if call.returncode == 1 else f"exit {call.returncode}")
    root = ET.fromstring(call.stdout)
    report("the_root_is_testsuites", "" if root.tag == "testsuites" else root.tag)
    report("elements_and_attributes_are_those_of_the_schema", "\n".join(faults(root)))
    figures = [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors"),
                len(suite.findall("testcase")), len(suite.findall("testcase/failure")))
               for suite in root]
    expected = [("first", "2", "1", "0", 2, 1), ("second", "1", "0", "0", 1, 0)]
    report("each_suite_counts_its_cases", "" if figures == expected else str(figures))
    total = (root.get("tests"), root.get("failures"), root.get("errors"))
    report("the_whole_counts_all", "" if total == ("3", "1", "0") else str(total))
    text = root.find(".//failure").text or ""
    report("a_failure_says_where_its_case_is", "" if text.startswith("a.test.yaml:9\n") else text)
    report("a_failure_tells_what_came_of_it", "" if "7<8&9" in text else text)


if __name__ == "__main__":
    sys.exit(main())
