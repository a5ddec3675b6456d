#!/usr/bin/env python3
"""Runs what a page of docs/ shows, from its first line to its last, in an empty folder.

A block after a sentence that ends in "to `FILE`:" is written to that file. Of a block of `console`, each line that begins with
"$ " is run, and must print what stands below it, where `...` stands for any text. Ports 8443 and 8080 are others here;
$FAIRGATE_SOURCE is the repository. What is marked as `yaml` must be such."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ["docs/tutorial.md", "docs/migrating.md", "docs/operations.md", "docs/install.md", "docs/gitops.md", "docs/certificates.md"]
BLOCK = re.compile(r"^(?P<before>[^\n]*)\n\n```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"to `([^`]+)`:$")
PORTS = ("8443", "8080")
SECONDS = 120


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Shell:
    """One bash for the whole page, so that folders and jobs last."""

    def __init__(self, folder):
        program = os.path.dirname(os.path.abspath(os.environ["FAIRGATE"]))
        environment = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}", "FAIRGATE_SOURCE": ROOT}
        self.process = subprocess.Popen(["bash"], cwd=folder, env=environment, text=True, start_new_session=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        """What it prints."""
        self.process.stdin.write(f"{command}\necho; echo end-of-command\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == "end-of-command\n":
                return "".join(lines)[:-1]
            lines.append(line)
        return "".join(lines) + "the shell ended"

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def steps(page):
    """(command, what it must print), or (None, (file, text))."""
    for block in BLOCK.finditer(page):
        if block["kind"] == "yaml":
            list(yaml.safe_load_all(block["text"]))
        if block["kind"] == "console":
            for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                yield tuple(part.split("\n", 1))
        elif named := FILE.search(block["before"]):
            yield None, (named[1], block["text"])


def matches(expected, got):
    pattern = ".*".join(map(re.escape, expected.strip().split("...")))
    return re.fullmatch(pattern, got.strip(), re.DOTALL)


def play(page, folder):
    """What went wrong, if anything."""
    ports = free_ports(len(PORTS))
    for port, other in zip(PORTS, ports):
        page = page.replace(port, other)
    shell = Shell(folder)
    signal.signal(signal.SIGALRM, lambda *_: shell.end())
    try:
        for command, expected in steps(page):
            if not command:
                path = os.path.join(folder, expected[0])
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(expected[1])
                continue
            signal.alarm(SECONDS)
            got = shell.run(command)
            if not matches(expected, got):
                return f"$ {command}\nexpected:\n{expected}\ngot:\n{got}"
        return None
    finally:
        signal.alarm(0)
        if shell.process.poll() is None:
            shell.end()


def main():
    failed = False
    for name in PAGES:
        with open(os.path.join(ROOT, name), encoding="utf-8") as file, tempfile.TemporaryDirectory() as folder:
            problem = play(file.read(), folder)
        print(f"{'not ok' if problem else 'ok'} {name}", *filter(None, [problem]), sep="\n")
        failed |= bool(problem)
    sys.exit(failed)


main()
