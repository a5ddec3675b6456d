#!/bin/bash
# bind.sh POD NODE: what a scheduler does at last.
kubectl create --raw "/api/v1/namespaces/binding/pods/$1/binding" -f - <<JSON
{"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "$1"}, "target": {"kind": "Node", "name": "$2"}}
JSON
