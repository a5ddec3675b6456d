#!/usr/bin/env python3
"""`fairgate test --watch` runs again when a file changes that the run read, and ends on a signal."""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time

SECONDS = 120  # of patience

POLICY = """\
apiVersion: fairgate.dev/v1alpha1
kind: Policy
metadata: {name: base}
spec: {rules: [{id: team, labels: {required: {team: "%s"}}}]}
"""

TEST = """\
apiVersion: fairgate.dev/v1alpha1
kind: PolicyTest
metadata: {name: base}
spec:
  cases:
    - name: a pod of a team
      request: {object: ../objects/pod.json}
      expect: {allowed: true}
"""

POD = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"team":"%s"}},"spec":{}}'


def report(name, complaint=""):
    print(f"{'not ok' if complaint else 'ok'} {name}")
    for line in complaint.splitlines():
        print(line)


def write(path, text):
    """As editors and kubelets do: the new file takes the old one's place."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


class Watch:
    """A running `fairgate test --watch`, and the lines that it printed."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [os.environ["FAIRGATE"], "test", "--watch", folder], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def expect(self, name, wanted):
        """Passes once a line has `wanted` in it."""
        until = time.monotonic() + SECONDS
        seen = []
        while time.monotonic() < until:
            try:
                seen.append(self.lines.get(timeout=until - time.monotonic()))
            except queue.Empty:
                break
            if wanted in seen[-1]:
                report(name)
                return
        report(name, f"no line with {wanted!r} in:\n" + "\n".join(seen))

    def end(self, name, number, wanted):
        self.process.send_signal(number)
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        report(name, "" if status == wanted else f"exit {status}")


def play(top):
    folder, objects = os.path.join(top, "policy"), os.path.join(top, "objects")
    policy, pod = os.path.join(folder, "set.yaml"), os.path.join(objects, "pod.json")
    os.mkdir(folder)
    os.mkdir(objects)
    write(policy, POLICY % "[a-z]+")
    write(pod, POD % "blue")
    write(os.path.join(folder, "set.test.yaml"), TEST)
    watch = Watch(folder)
    watch.expect("it_begins_with_a_run", "1 passed, 0 failed")
    watch.expect("it_says_that_it_waits", "waiting for a file to change")
    write(policy, POLICY % "[0-9]+")
    watch.expect("a_changed_policy_is_tried", "0 passed, 1 failed")
    watch.expect("it_waits_again", "waiting for a file to change")
    write(pod, POD % "77")
    watch.expect("a_changed_manifest_elsewhere_is_tried", "1 passed, 0 failed")
    watch.expect("it_waits_after_that_too", "waiting for a file to change")
    write(policy, POLICY % "[0-9")
    watch.expect("a_mistake_is_told", "has 1 mistake")
    watch.expect("a_mistake_does_not_end_it", "waiting for a file to change")
    write(policy, POLICY % "[0-9]+")
    watch.expect("a_mended_policy_is_tried", "1 passed, 0 failed")
    watch.expect("it_waits_at_last", "waiting for a file to change")
    watch.end("an_interrupt_ends_it_with_the_last_runs_exit_code", signal.SIGINT, 0)
    write(pod, POD % "blue")
    watch = Watch(folder)
    watch.expect("a_failed_run_waits_too", "waiting for a file to change")
    watch.end("sigterm_ends_it_with_the_last_runs_exit_code", signal.SIGTERM, 1)
    gone = Watch(os.path.join(top, "gone"))
    gone.end("a_folder_that_is_not_there_is_not_waited_for", 0, 2)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        play(directory)
    sys.exit(0)
