#!/usr/bin/env python3
"""Pods are created without a pause until there is a ConfigMap `over`."""

import time

from api import Api
from load import Load

api = Api()
with Load("renewed") as load:
    while api.call("GET", "/api/v1/namespaces/renewed/configmaps/over")[0] == 404:
        time.sleep(0.5)
print(load)
