"""For the scripts of stories that make more requests than kubectl can: the API server as the step's user sees it."""

import http.client
import json
import os
import ssl
import urllib.parse


class Api:
    """One connection; each thread has its own."""

    def __init__(self):
        with open(os.environ["KUBECONFIG"], encoding="utf-8") as file:
            config = json.load(file)
        cluster = config["clusters"][0]["cluster"]
        server = urllib.parse.urlsplit(cluster["server"])
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}",
                        "Content-Type": "application/json"}
        self.connection = http.client.HTTPSConnection(server.hostname, server.port, context=context, timeout=60)

    def call(self, method, path, body=None):
        """(HTTP status, what came back)"""
        self.connection.request(method, path, json.dumps(body) if body else None, self.headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())

    def watch(self, path):
        """Events from now on, for as long as the server sends some."""
        separator = "&" if "?" in path else "?"
        self.connection.request("GET", f"{path}{separator}watch=1", None, self.headers)
        response = self.connection.getresponse()
        assert response.status == 200, (response.status, response.read())
        for line in response:
            yield json.loads(line)


def pod(name, gpus, **spec):
    """A pod that no scheduler looks at, unless `spec` names one."""
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": f"{name}-"}, "spec": {
        "schedulerName": "nobody", "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "registry.example.com/ml/train:1.0",
                        "resources": {"limits": limits}}], **spec}}
