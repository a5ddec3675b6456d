#!/usr/bin/env python3
"""renew.py SECONDS: pods are created without a pause while policy set and certificate change every second, so long at least."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request

from control_plane import wait_until
from load import Load

ENOUGH = 30  # sets and certificates that are taken over
DAYS = 7  # that the first certificate lasts
CERTS, SET = os.environ["FAIRGATE_CERTS"], os.environ["FAIRGATE_POLICIES"]
HERE = os.path.dirname(os.path.abspath(__file__))
END = time.monotonic() + int(sys.argv[1])


def renew_set(turn):
    """One or the other, as the kubelet does it for a ConfigMap: set.yaml leads through ..data to a folder, and ..data
    is replaced by a rename."""
    source, old = os.path.join(HERE, ("policies", "other")[turn % 2]), os.path.join(SET, f"..{turn - 1}")
    shutil.copytree(source, os.path.join(SET, f"..{turn}"))
    link(f"..{turn}", "..data")
    if turn == 1:
        link("..data/set.yaml", "set.yaml")
    shutil.rmtree(old, ignore_errors=True)


def link(target, name):
    os.symlink(target, os.path.join(SET, "..new"))
    os.rename(os.path.join(SET, "..new"), os.path.join(SET, name))


def renew_certificate(turn):
    """By the same authority, a day longer than the one before. Certificate and key change one after the other."""
    new = os.path.join(CERTS, "new")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                    "-days", str(DAYS + turn), "-subj", f"/CN=renewed-{turn}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                    "-CA", os.path.join(CERTS, "ca.crt"), "-CAkey", os.path.join(CERTS, "ca.key"),
                    "-keyout", new + ".key", "-out", new + ".crt"], check=True, stderr=subprocess.DEVNULL)
    for kind in ("key", "crt"):
        os.replace(f"{new}.{kind}", os.path.join(CERTS, f"server.{kind}"))


def metrics():
    with urllib.request.urlopen(f"http://{os.environ['FAIRGATE_ADMIN']}/metrics", timeout=60) as page:
        return dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines() if not line.startswith("#"))


def reloads(result):
    """How many sets and certificates came to that."""
    return [int(metrics()[f'fairgate_{what}_reloads_total{{result="{result}"}}']) for what in ("policy", "certificate")]


def is_in_force(turn):
    """Whether that turn's certificate is."""
    ends = int(metrics()["fairgate_certificate_expiry_timestamp_seconds"])
    return round((ends - time.time()) / 86400) == DAYS + turn


def main():
    turn = 0
    with Load("renewing") as load:
        while time.monotonic() < END or min(reloads("ok")) < ENOUGH or turn % 2 == 0:  # the last set is the other one
            turn += 1
            started = time.monotonic()
            renew_set(turn)
            renew_certificate(turn)
            time.sleep(max(0, started + 1 - time.monotonic()))
    wait_until("the last certificate in force", lambda: is_in_force(turn))
    sets, certificates = reloads("ok")
    assert reloads("failed") == [0, 0], reloads("failed")
    print(f"{load}; of {turn} changes {sets} sets and {certificates} certificates taken over")


main()
