#!/bin/bash
# copy.sh FROM TO FILTER: a Secret of the release's namespace as another one, its data changed by jq.
kubectl get secret -n fairgate "$1" -o json |
    jq --arg name "$2" "{apiVersion, kind, metadata: {name: \$name, namespace: .metadata.namespace}, data: (.data | $3)}"
