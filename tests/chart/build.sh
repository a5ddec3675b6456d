#!/bin/bash
# What the chart is checked with, built once: helm and kubeconform from the Go modules that go.mod pins, and beside them in
# openapi/ what the API server that ../e2e builds says of its API, in crds/ the definitions of others' APIs.
#
#   build.sh             build what is missing; the folder that holds everything goes to stdout
# shellcheck disable=SC2034,SC2154 # extras, work and folder are provide.bash's
set -euo pipefail
cd "$(dirname "$0")"
. ../e2e/provide.bash

programs() {
    cat <<'ROWS'
helm                     helm.sh/helm/v3/cmd/helm                        kubernetes
kubeconform              github.com/yannh/kubeconform/cmd/kubeconform    -
ROWS
}

# A module, its checksum, and the definitions of APIs in it.
definitions() {
    cat <<'ROWS'
github.com/cert-manager/cert-manager@v1.21.2 h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68= deploy/crds/cert-manager.io_certificates.yaml deploy/crds/cert-manager.io_issuers.yaml
github.com/prometheus-operator/prometheus-operator@v0.85.0 h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s= example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml
ROWS
}

kubernetes() { # the format of `go list -m`
    (cd ../e2e && go mod download k8s.io/kubernetes >&2 && go list -m -f "$1" k8s.io/kubernetes)
}

# The version of Kubernetes that helm takes where it is told of none.
version_flags() {
    local version major minor

    version=$(kubernetes '{{.Version}}')
    IFS=. read -r major minor _ <<<"${version#v}"
    printf -- "-X helm.sh/helm/v3/pkg/chartutil.k8sVersion%s=%s " Major "$major" Minor "$minor"
}

copy_crds() {
    local module sum paths path told

    mkdir "$work/crds"
    while read -r module sum paths; do
        told=$(cd / && GOFLAGS=-mod=mod GONOSUMDB='*' go mod download -json "$module")
        grep -qF "\"Sum\": \"$sum\"" <<<"$told" || { say "$module is not what it was: $told"; exit 1; }
        for path in $paths; do
            cp --no-preserve=mode "$(sed -n 's/^\t"Dir": "\(.*\)".*/\1/p' <<<"$told")/$path" "$work/crds"
        done
    done < <(definitions)
    mv "$work/crds" "$folder/crds"
}

copy_openapi() {
    cp -r --no-preserve=mode "$(kubernetes '{{.Dir}}')/api/openapi-spec/v3" "$work/openapi"
    mv "$work/openapi" "$folder/openapi"
}

extras=(crds openapi)
provide chart "what the chart is checked with" \
    "$(declare -f programs definitions version_flags build copy_crds copy_openapi; grep k8s.io/kubernetes ../e2e/go.mod)"
