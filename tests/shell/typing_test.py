#!/usr/bin/env python3
"""Completion in real shells: what is typed, with the tab key, into bash and zsh on a terminal."""

import os
import pty
import select
import signal
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAIRGATE = os.environ.get("FAIRGATE", os.path.join(ROOT, "build/address/fairgate"))
SECONDS = 120

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ["source <(fairgate completion bash)"]),
    "zsh": (["zsh", "-f", "-i"], ["autoload -U compinit && compinit -u -D",
                                  "source <(fairgate completion zsh)"]),
}
# What is typed, and what is then on the terminal: the command's own output, which tells what it was called with.
TYPED = {
    "a field": ("fairgate explain Tenant.gpus.guar\t\n", "FIELD: gpus.guaranteed <amount> -required-"),
    "a command and an option": ("fairgate vers\t --out\tjs\t\n", '"libraries":{'),
    "a folder": ("fairgate check --output json policies/sta\t\n", '{"sound":true'),
    "a value behind =": ("fairgate version --output=ya\t\n", "libraries:\r\n"),
}


class Terminal:
    def __init__(self, command):
        self.text = ""
        self.process, self.file = pty.fork()
        if self.process == 0:
            path = os.path.dirname(FAIRGATE) + ":" + os.environ["PATH"]
            os.chdir(ROOT)
            os.execvpe(command[0], command, {**os.environ, "PATH": path, "PS1": "ready> ", "TERM": "dumb",
                                             "HISTFILE": "", "COLUMNS": "200"})

    def type(self, text):
        self.text = ""
        os.write(self.file, text.encode())

    def shows(self, wanted):
        """Waits until the terminal shows it."""
        deadline = time.monotonic() + SECONDS
        while wanted not in self.text and time.monotonic() < deadline:
            if select.select([self.file], [], [], 1)[0]:
                try:
                    self.text += os.read(self.file, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return wanted in self.text

    def end(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.file)


def report(name, problem):
    print(f"not ok {name}\n{problem}" if problem else f"ok {name}", flush=True)
    return not problem


def try_shell(name):
    command, setup = SHELLS[name]
    terminal, is_good = Terminal(command), True
    try:
        for number, line in enumerate(setup):
            terminal.type(f"{line}; echo step-$((40 + {number}))\n")
            is_good &= report(f"{name}: {line}",
                              "" if terminal.shows(f"step-{40 + number}") else terminal.text)
        for what, (typed, wanted) in TYPED.items():
            terminal.type(typed)
            is_good &= report(f"{name} completes {what}", "" if terminal.shows(wanted) else terminal.text)
            if not is_good:
                break
    finally:
        terminal.end()
    return is_good


if __name__ == "__main__":
    sys.exit(0 if all([try_shell(name) for name in SHELLS]) else 1)
