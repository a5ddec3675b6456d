#!/bin/bash
# How many objects of each rendering the API server would take; what it says of those that it would not.
rendered=$(mktemp)
trap 'rm -f "$rendered" "$rendered".*' EXIT
for values in "$CHART"/ci/*-values.yaml; do
    helm template fairgate "$CHART" -n fairgate -f "$values" > "$rendered" || exit
    kubectl apply --server-side --force-conflicts --dry-run=server -f "$rendered" > "$rendered.taken" 2> "$rendered.told" ||
        { cat "$rendered.told"; exit 1; }
    grep "would violate PodSecurity" "$rendered.told" && exit 1
    echo "$(basename "$values" -values.yaml): $(grep -c 'serverside-applied (server dry run)' "$rendered.taken") of $(grep -c '^kind:' "$rendered")"
done
