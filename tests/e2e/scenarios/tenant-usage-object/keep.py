#!/usr/bin/env python3
"""Makes and replaces the object of written.json, and says how what came back differs."""

import copy
import json

from api import Api

PATH = "/apis/fairgate.dev/v1alpha1/tenantusages"
api = Api()


def differences(sent, got):
    return [part for part in ("spec", "status") if sent[part] != got.get(part)] or "as it was written"


with open("written.json", encoding="utf-8") as file:
    written = json.load(file)
own = f"{PATH}/{written['metadata']['name']}"

status, made = api.call("POST", PATH, written)
print("made:", status, differences(written, made))
print("made once more:", api.call("POST", PATH, written)[0])

again = copy.deepcopy(written)
again["spec"]["last"] += 1
again["metadata"].update({"resourceVersion": made["metadata"]["resourceVersion"], "managedFields": [{}]})
status, replaced = api.call("PUT", own, again)
print("replaced:", status, differences(again, replaced))
print("managed by:", replaced["metadata"].get("managedFields", "nobody"))
print("replaced as of before:", api.call("PUT", own, again)[0])
again["metadata"].update({"resourceVersion": replaced["metadata"]["resourceVersion"], "uid": "another"})
print("replaced as another:", api.call("PUT", own, again)[0])
del again["metadata"]["uid"], again["spec"]["digest"]
print("without a digest:", api.call("PUT", own, again)[0])
print("read:", differences(replaced, api.call("GET", own)[1]))
