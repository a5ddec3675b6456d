#!/bin/bash
# The programs of a control plane for tests, built once from the Go modules that go.mod pins.
#
#   build.sh             build what is missing; the folder that holds everything goes to stdout
#
# They are kept in ${XDG_CACHE_HOME:-~/.cache}/fairgate/e2e/KEY; KEY changes with go.mod, go.sum and
# how this script builds. What a folder named by KUBEBUILDER_ASSETS has is taken from there instead.
# kwok's stages, which say how its nodes and pods behave, lie beside the programs in stages/.
# shellcheck disable=SC2034,SC2154 # extras, work and folder are provide.bash's
set -euo pipefail
cd "$(dirname "$0")"
. ./provide.bash

# A program, the package that it is built from, and the mark that its version leaves there.
programs() {
    cat <<'ROWS'
etcd                     go.etcd.io/etcd/server/v3                   -
kubectl                  k8s.io/kubernetes/cmd/kubectl               kubernetes
kube-scheduler           k8s.io/kubernetes/cmd/kube-scheduler        kubernetes
kube-controller-manager  k8s.io/kubernetes/cmd/kube-controller-manager  kubernetes
kube-apiserver           k8s.io/kubernetes/cmd/kube-apiserver        kubernetes
kwok                     sigs.k8s.io/kwok/cmd/kwok                   -
ROWS
}

# The -X flags without which Kubernetes' clients complain about the server's version.
version_flags() {
    local version major minor package

    version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
    IFS=. read -r major minor _ <<<"${version#v}"
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        printf -- "-X %s.gitVersion=$version -X %s.gitMajor=$major -X %s.gitMinor=$minor " \
            "$package" "$package" "$package"
    done
}

copy_stages() {
    local module stage

    go mod download sigs.k8s.io/kwok >&2
    module=$(go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)
    mkdir "$work/stages"
    for stage in pod/fast node/fast node/heartbeat-with-lease; do
        cp --no-preserve=mode "$module/kustomize/stage/$stage"/*.yaml "$work/stages"
    done
    rm -f "$work/stages/kustomization.yaml"
    mv "$work/stages" "$folder/stages"
}

extras=(stages)
provide e2e "the control plane" "$(declare -f programs version_flags build copy_stages)"
