#!/usr/bin/env python3
"""refuse.py NAMESPACE: another webhook, which the API server asks together with fairgate. It refuses what has the label
`refused`; when a pod was that was no dry run, it goes."""

import base64
import http.server
import json
import os
import ssl
import sys
import threading

from api import Api

CERTS = os.environ["FAIRGATE_CERTS"]
PATH = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
refused = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        answer = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
            "uid": request["uid"], "allowed": False, "status": {"message": "not while I am here"}}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if not request["dryRun"]:
            refused.set()

    def log_message(self, *_):
        pass


def configuration(port):
    with open(os.path.join(CERTS, "ca.crt"), "rb") as file:
        authority = base64.b64encode(file.read()).decode()
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "other"}, "webhooks": [{
                "name": "other.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Fail", "objectSelector": {"matchLabels": {"refused": "yes"}},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": sys.argv[1]}},
                "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": authority},
                "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
                           "resources": ["pods"]}]}]}


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(CERTS, "server.crt"), os.path.join(CERTS, "server.key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    status, answer = Api().call("POST", PATH, configuration(server.server_port))
    assert status == 201, answer
    refused.wait()
    status, answer = Api().call("DELETE", f"{PATH}/other")
    assert status == 200, answer
    print("refused one")


main()
