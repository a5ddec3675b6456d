#!/usr/bin/env python3
"""renew.py SECONDS: pods are created without a pause while policy set and certificate change every second."""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

from api import Api, pod

CREATORS = 40  # more than the API server keeps connections for: some are always new
PATH = "/api/v1/namespaces/renewing/pods?dryRun=All"
CERTS, SET = os.environ["FAIRGATE_CERTS"], os.environ["FAIRGATE_POLICIES"]
HERE = os.path.dirname(os.path.abspath(__file__))
END = time.monotonic() + int(sys.argv[1])
counts = {"judged": 0, "failed": 0, "misjudged": 0}
lock = threading.Lock()


def is_right(api, gpus):
    """Whether it was judged right; None where it was not judged."""
    status, answer = api.call("POST", PATH, pod("train", gpus))
    if status == 201:
        return gpus <= 4
    if status == 403 and "gpus.perPod" in answer["message"]:
        return gpus > 4
    print(status, answer.get("message"), flush=True)
    return None


def create():
    """Turn by turn one that may be and one that may not."""
    api, gpus = Api(), 4
    while time.monotonic() < END:
        try:
            right = is_right(api, gpus)
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(repr(error), flush=True)
            right, api = None, Api()
        gpus = 9 - gpus
        with lock:
            counts["judged"] += 1
            counts["failed"] += right is None
            counts["misjudged"] += right is False


def renew(turn):
    """The certificate by the same authority, the set one or the other."""
    new = os.path.join(CERTS, "new")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                    "-days", "7", "-subj", f"/CN=renewed-{turn}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                    "-CA", os.path.join(CERTS, "ca.crt"), "-CAkey", os.path.join(CERTS, "ca.key"),
                    "-keyout", new + ".key", "-out", new + ".crt"], check=True, stderr=subprocess.DEVNULL)
    source = os.path.join(HERE, ("policies", "other")[turn % 2], "set.yaml")
    shutil.copy(source, os.path.join(SET, ".set.yaml"))
    os.replace(os.path.join(SET, ".set.yaml"), os.path.join(SET, "set.yaml"))
    for kind in ("key", "crt"):
        os.replace(f"{new}.{kind}", os.path.join(CERTS, f"server.{kind}"))
    os.kill(int(os.environ["FAIRGATE_PID"]), signal.SIGHUP)


def taken_over():
    """How many sets and certificates, as the metrics have it."""
    with urllib.request.urlopen(f"http://{os.environ['FAIRGATE_ADMIN']}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    return [sum(int(line.split()[-1]) for line in lines if line.startswith(f"fairgate_{what}_reloads_total")
                and 'result="ok"' in line) for what in ("policy", "certificate")]


def main():
    before = taken_over()
    threads = [threading.Thread(target=create, daemon=True) for _ in range(CREATORS)]
    for thread in threads:
        thread.start()
    turn = 0
    while time.monotonic() < END:
        turn += 1
        renew(turn)
        time.sleep(1)
    for thread in threads:
        thread.join()
    sets, certificates = (after - was for after, was in zip(taken_over(), before))
    assert turn - 1 <= sets and turn - 1 <= certificates, f"{turn} renewals, {sets} and {certificates} taken over"
    print(f"{counts['judged']} pods judged, {counts['failed']} failed, {counts['misjudged']} misjudged; "
          f"{sets} sets and {certificates} certificates taken over")


main()
