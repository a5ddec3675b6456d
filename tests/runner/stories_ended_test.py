#!/usr/bin/env python3
"""`make e2e` that is interrupted, or that can't build its control plane, says so and leaves nothing that runs. What it
would build with or start is a script here that never ends."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from serving import ROOT, main, scratch, test, write

SECONDS = 120  # the longest that anything may take
# They note their process ids.
ENDLESS = """#!/bin/bash
echo "$$" >>"$STARTED"
exec sleep 1000
"""
WITH_CHILD = ENDLESS.replace("exec sleep", """"$(dirname "$0")/endless"; sleep""")
GO = """#!/bin/bash
case $1 in
env) echo go1.26.0 ;;
list) echo v1.36.1 ;;
*) . "$(dirname "$0")/parent" ;;
esac
"""
OLD_GO = "#!/bin/bash\necho go1.19.8\n"
PROGRAMS = "etcd", "kubectl", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "kwok"


def script(path, text):
    write(path, text)
    os.chmod(path, 0o755)
    return path


class Run:
    """tests/e2e/run with nothing built, and programs of ours before those of PATH."""

    def __init__(self, name, environment=None, **programs):
        self.folder = os.path.join(scratch(), name)
        self.started = write(os.path.join(self.folder, "started"), "")
        for program, text in programs.items():
            script(os.path.join(self.folder, "bin", program), text)
        os.makedirs(os.path.join(self.folder, "tmp"))
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "tests/e2e/run"), "--case", "plain"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**os.environ, "XDG_CACHE_HOME": os.path.join(self.folder, "cache"), "STARTED": self.started,
                 "TMPDIR": os.path.join(self.folder, "tmp"), "KUBEBUILDER_ASSETS": "",
                 "PATH": f"{self.folder}/bin:{os.environ['PATH']}", **(environment or {})})

    def pids(self):
        with open(self.started, encoding="ascii") as file:
            return [int(line) for line in file.read().split()]

    def wait_for(self, what, condition):
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {SECONDS} s"
            time.sleep(0.05)

    def end(self):
        """(exit status, what it said), once it has ended and nothing that it started runs."""
        said = self.process.communicate(timeout=SECONDS)[0]
        self.wait_for("the end of what it started", lambda: not any(map(runs, self.pids())))
        assert not os.listdir(os.path.join(self.folder, "tmp")), "files are left behind"
        return self.process.returncode, said

    def interrupted(self, number, processes):
        self.wait_for("what it starts", lambda: len(self.pids()) == processes)
        self.process.send_signal(number)
        return self.end()

    def half_built(self):
        return [name for _, folders, _ in os.walk(os.path.join(self.folder, "cache"))
                for name in folders if name.startswith(".work")]


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(") ", 1)[1][0] not in "ZX"
    except FileNotFoundError:
        return False


@test
def a_build_that_is_interrupted_ends():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = Run(f"build-{number}", go=GO, parent=WITH_CHILD, endless=ENDLESS)
        status, said = run.interrupted(number, 2)
        assert status == 1 and f"interrupted: ended by {number.name}\n" in said, (status, said)
        assert said.endswith("0 passed, 1 failed\n") and not run.half_built(), (said, run.half_built())


@test
def a_control_plane_that_is_interrupted_ends():
    assets = os.path.join(scratch(), "assets")
    for name in PROGRAMS:
        script(os.path.join(assets, name), ENDLESS)
    os.makedirs(os.path.join(assets, "stages"))
    status, said = Run("plane", {"KUBEBUILDER_ASSETS": assets}).interrupted(signal.SIGINT, 1)
    assert status == 1 and "interrupted: ended by SIGINT\n" in said, (status, said)


@test
def a_go_that_is_too_old_is_named():
    status, said = Run("old", go=OLD_GO).end()
    assert status == 1 and "Go 1.19.8 is too old: 1.21 or later" in said, (status, said)
    assert "not ok the control plane\n    its programs were not built\n" in said, said
    assert said.endswith("0 passed, 1 failed\n"), said


@test
def no_go_is_told():
    folder = os.path.join(scratch(), "tools")
    for name in ("bash", "env", "python3", "sha256sum", "cut", "mkdir", "cat", "flock", "rm", "dirname", "mktemp"):
        found = subprocess.run(["bash", "-c", f"type -P {name}"], capture_output=True, text=True, check=True).stdout
        os.makedirs(folder, exist_ok=True)
        os.symlink(found.strip(), os.path.join(folder, name))
    status, said = Run("none", {"PATH": folder}).end()
    assert status == 1 and "no 'go' in PATH: building the control plane needs Go 1.21 or later" in said, (status, said)


main()
