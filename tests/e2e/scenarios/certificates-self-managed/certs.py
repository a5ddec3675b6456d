#!/usr/bin/env python3
"""certs.py rotate [OPTION]...: one run, as the step's user. certs.py mount: what a kubelet does, the Secret becomes files. certs.py
renew: a new certificate, then a new CA, while pods are created without a pause."""

import base64
import json
import os
import ssl
import subprocess
import sys
import urllib.parse

from control_plane import wait_until
from load import Load

CERTS = os.environ["FAIRGATE_CERTS"]
USERS = os.path.dirname(os.environ["KUBECONFIG"])
SETTLE = "10s"  # the API server and fairgate know what is new within one


def rotate(kubeconfig, *options):
    """What a run prints."""
    return subprocess.run([os.environ["FAIRGATE"], "certs", "rotate", "--kubeconfig", kubeconfig, "--namespace", "certified-system",
                           "--ip", "127.0.0.1", "--settle", SETTLE, *options],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def admin_gets(*what):
    kubeconfig = os.path.join(USERS, "admin.json")
    run = subprocess.run(["kubectl", "--kubeconfig", kubeconfig, "get", *what, "-o", "json"], capture_output=True, check=True)
    return json.loads(run.stdout)


def mount():
    """Key and certificate one after the other: in between fairgate goes on with the old pair."""
    data = admin_gets("secret", "fairgate-tls", "-n", "certified-system")["data"]
    pair = {kind: base64.b64decode(data[f"tls.{kind}"]) for kind in ("key", "crt")}
    for kind, text in pair.items():
        path = os.path.join(CERTS, f"server.{kind}")
        with open(path + ".new", "wb") as file:
            file.write(text)
        os.replace(path + ".new", path)
    url = admin_gets("validatingwebhookconfiguration", "fairgate")["webhooks"][0]["clientConfig"]["url"]
    address = urllib.parse.urlsplit(url)
    wait_until("the certificate served", lambda: ssl.get_server_certificate(
        (address.hostname, address.port)).split() == pair["crt"].decode().split())


def renew():
    carol, names = os.path.join(USERS, "carol.json"), ("--dns", "fairgate.example.com")

    def when_due(beginning):
        return wait_until(beginning, lambda: rotate(carol, *names).startswith(beginning), pause=0.5)

    with Load("certified") as load:
        when_due("new certificate, ")
        mount()
        begun = rotate(carol, "--new-ca", *names)
        assert begun.startswith("new CA "), begun
        when_due("new certificate, ")
        mount()
        when_due("trusted from now on: ")
        when_due("nothing to do: ")
    print(load)


def main():
    if sys.argv[1] == "rotate":
        print(rotate(os.environ["KUBECONFIG"], *sys.argv[2:]), end="")
    else:
        {"mount": mount, "renew": renew}[sys.argv[1]]()


main()
