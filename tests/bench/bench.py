#!/usr/bin/env python3
"""Requests a second of fairgate beside those of a bare h2o server that reads the same bodies.

Each server has one thread on one core, wrk the other core; 25 connections over TLS, HTTP/1.1,
kept alive. The mix: creates that ask for GPUs and reserve them, with fresh uids; as many DELETEs
that release; and as many of the rest, large updates and plain pods. SECONDS (6) a run, ROUNDS (3)
of each in turn, of which the median counts. Ends with one line of JSON."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests/bench")
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build/release"))
SECONDS = int(os.environ.get("SECONDS_A_RUN", "6"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CONNECTIONS = 25
TARGETS = 0.75, 1.5  # what is to be reached: of the bare server; of the sample set's time


class Server:
    """One that runs on the first core."""

    def __init__(self, command, ready):
        self.started = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", "0", *command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = []
        self.number = 0  # of the pod that was created last
        for line in self.process.stdout:
            self.said.append(line)
            found = re.search(ready, line)
            if found:
                self.ready = time.monotonic() - self.started
                self.port, self.admin = found.group("port"), found.groupdict().get("admin")
                break
        else:
            self.stop()
            sys.exit("bench: the server did not start:\n" + "".join(self.said))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        """Seconds of processor used so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """MiB resident."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024

    def decisions(self):
        """{verdict: count} of /validate."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics") as answer:
            text = answer.read().decode()
        counts = {}
        for verdict, value in re.findall(
                r'fairgate_decisions_total\{phase="validate",verdict="(\w+)",[^}]*\} (\d+)', text):
            counts[verdict] = counts.get(verdict, 0) + int(value)
        return counts


def bare(certs):
    return Server([os.path.join(BUILD, "tests/bench/bare_server"), f"{certs}/server.crt",
                   f"{certs}/server.key"], r"^(?P<port>\d+)$")


def fairgate(certs, policies, state):
    return Server([os.path.join(BUILD, "fairgate"), "serve", "--policies", policies,
                   "--tls-cert", f"{certs}/server.crt", "--tls-key", f"{certs}/server.key",
                   "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--threads", "1",
                   "--state", state],
                  r'"serving","listen":"127.0.0.1:(?P<port>\d+)","admin":"127.0.0.1:(?P<admin>\d+)"')


def load(server, seconds, requests):
    """One run of wrk."""
    before, started = server.cpu(), time.monotonic()
    done = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s",
         "-s", f"{HERE}/mix.lua", f"https://127.0.0.1:{server.port}"],
        env={**os.environ, "REQUESTS": requests, "START": str(server.number)}, capture_output=True, text=True, check=False)
    passed, used = time.monotonic() - started, server.cpu() - before
    found = re.search(r"^\{.*\}$", done.stdout, re.MULTILINE)
    if not found:
        sys.exit("bench: wrk failed:\n" + done.stdout + done.stderr)
    result = json.loads(found.group())
    server.number = result["number"]
    if result["errors"]:
        sys.exit(f"bench: {result['errors']} calls failed")
    return {"requestsPerSecond": result["calls"] / (result["microseconds"] / 1e6),
            "cpuMicroseconds": used * 1e6 / result["calls"], "p50": result["p50"],
            "p99": result["p99"], "busy": used / passed}


def measure(servers, requests):
    """{name: medians}; in turns, so that what the machine does meanwhile hits all alike."""
    runs = {name: [] for name in servers}
    for server in servers.values():
        load(server, 1, requests)
    for _ in range(ROUNDS):
        for name, server in servers.items():
            runs[name].append(load(server, SECONDS, requests))
    return {name: {key: statistics.median(run[key] for run in list_of) for key in list_of[0]}
            for name, list_of in runs.items()}


def check_decisions(name, server):
    """The mix must do what it is for: nearly everything is let in."""
    counts = server.decisions()
    share = counts.get("allowed", 0) / sum(counts.values())
    if share < 0.99:
        sys.exit(f"bench: {name}: only {share:.1%} of the reviews were allowed: {counts}")
    return share


def report(results):
    print(f"\n{'':18}{'requests/s':>11}{'CPU us/call':>13}{'p50 us':>9}{'p99 us':>9}{'core busy':>11}"
          f"{'RSS MiB':>9}{'ready s':>9}")
    for name, one in results.items():
        print(f"{name:18}{one['requestsPerSecond']:11.0f}{one['cpuMicroseconds']:13.1f}"
              f"{one['p50']:9.0f}{one['p99']:9.0f}{one['busy']:11.0%}{one['memory']:9.0f}"
              f"{one['ready']:9.2f}")


def ratios(results):
    plain, sample, large = results["bare h2o"], results["fairgate"], results["fairgate, large"]
    return {"requestsOfBare": round(sample["requestsPerSecond"] / plain["requestsPerSecond"], 3),
            "cpuOfBare": round(plain["cpuMicroseconds"] / sample["cpuMicroseconds"], 3),
            "largeRequests": round(sample["requestsPerSecond"] / large["requestsPerSecond"], 3),
            "largeCpu": round(large["cpuMicroseconds"] / sample["cpuMicroseconds"], 3)}


def tell_ratios(found):
    print(f"\nfairgate of bare h2o: {found['requestsOfBare']:.2f} by requests/s, "
          f"{found['cpuOfBare']:.2f} by CPU a call (to be reached: {TARGETS[0]})")
    print(f"large set against sample set: {found['largeRequests']:.2f} times by requests/s, "
          f"{found['largeCpu']:.2f} times by CPU a call (at most: {TARGETS[1]})")


def run(folder):
    certs, requests = f"{folder}/certs", f"{folder}/requests.lua"
    print("preparing certificates, requests and clusters of 10,000 pods", flush=True)
    subprocess.run([os.path.join(ROOT, "certs/make-dev-certs.sh"), certs], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, f"{HERE}/prepare.py", folder], check=True)
    with contextlib.ExitStack() as stack:
        servers = {"bare h2o": bare(certs),
                   "fairgate": fairgate(certs, os.path.join(ROOT, "policies/research-cluster"),
                                        f"{folder}/state.json"),
                   "fairgate, large": fairgate(certs, f"{folder}/large",
                                               f"{folder}/large-state.json")}
        for server in servers.values():
            stack.callback(server.stop)
        print(f"{ROUNDS} rounds of {SECONDS} s each, {CONNECTIONS} connections", flush=True)
        results = measure(servers, requests)
        for name, server in servers.items():
            results[name].update(memory=server.memory(), ready=server.ready)
            if server.admin:
                results[name]["allowed"] = check_decisions(name, server)
    report(results)
    found = ratios(results)
    tell_ratios(found)
    print(json.dumps({"results": {name: {key: round(value, 3) for key, value in one.items()}
                                  for name, one in results.items()}, "ratios": found}))


def main():
    folder = tempfile.mkdtemp(prefix="fairgate-bench-")
    try:
        run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
