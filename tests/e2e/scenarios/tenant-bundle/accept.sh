#!/bin/bash
# accept.sh POLICIES TENANT...: each tenant's bundle, written to a folder; what the API server would do with it, once its
# namespaces are there. kubectl kustomize gives the very objects that `fairgate bundle` prints.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
policies=$1
labels=(--label owner=ml --label term=2036-spring) # what the sample set requires
shift

for tenant; do
    "$FAIRGATE" bundle --policies "$policies" "${labels[@]}" --out "$work/$tenant" "$tenant"
    kubectl apply --server-side -f "$work/$tenant/namespaces.yaml" > /dev/null
    echo "$tenant: $(kubectl kustomize "$work/$tenant" | grep -c '^kind:') objects"
    kubectl apply --server-side --dry-run=server -k "$work/$tenant" 2>&1 |
        grep -v 'last-applied-configuration' | sed 's/^/  /'
    "$FAIRGATE" bundle --policies "$policies" "${labels[@]}" -o json "$tenant" | jq -cS '.items[]' | sort > "$work/printed"
    kubectl kustomize "$work/$tenant" | python3 -c 'import json, sys, yaml
for each in yaml.safe_load_all(sys.stdin): print(json.dumps(each))' | jq -cS . | sort | cmp - "$work/printed"
done
