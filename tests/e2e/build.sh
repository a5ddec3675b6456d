#!/bin/bash
# The programs of a control plane for tests, built once from the Go modules that go.mod pins.
#
#   build.sh             build what is missing; the folder that holds everything goes to stdout
#
# They are kept in ${XDG_CACHE_HOME:-~/.cache}/fairgate/e2e/KEY; KEY changes with go.mod, go.sum and
# how this script builds. What a folder named by KUBEBUILDER_ASSETS has is taken from there instead.
# kwok's stages, which say how its nodes and pods behave, lie beside the programs in stages/.
set -euo pipefail
cd "$(dirname "$0")"
. ./go.bash

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

say() {
    echo "e2e: $*" >&2
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

# Reads what `go build -v` writes: a line a package on a terminal, else one in a while; errors whole.
progress() { # program
    awk -v program="$1" -v terminal="$([ -t 2 ] && echo 1)" '
        /^[a-z0-9][^ ]*$/ {
            count++
            if (terminal)
                printf "\r\033[Ke2e: building %s, %d packages so far: %s", program, count, $0
            else if (count % 200 == 0)
                printf "e2e: building %s, %d packages so far\n", program, count
            fflush()
            next
        }
        { print; fflush() }
        END { if (terminal) printf "\r\033[K" }
    ' >&2
}

build() { # program package mark
    local flags="-s -w" seconds=$SECONDS

    [ "$3" = kubernetes ] && flags+=" $(version_flags)"
    say "building $1"
    CGO_ENABLED=0 nice go build -v -mod=readonly -trimpath -ldflags "$flags" -o "$work/$1" "$2" 2>&1 |
        progress "$1"
    mv "$work/$1" "$folder/$1"
    say "built $1 in $((SECONDS - seconds)) s"
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

# Nothing half built ever has its final name: the work folder is beside, and goes at the end.
build_missing() {
    local program package mark

    work=$(mktemp -d "$folder/.work.XXXXXX")
    export GOTMPDIR=$work
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    while read -r program package mark; do
        [ -x "$folder/$program" ] || build "$program" "$package" "$mark"
    done < <(programs)
    [ -d "$folder/stages" ] || copy_stages
}

complete() {
    local program

    while read -r program _; do
        [ -x "$folder/$program" ] || return 1
    done < <(programs)
    [ -d "$folder/stages" ]
}

# What the assets have is linked to, in a folder for just these assets.
link_assets() {
    local program

    while read -r program _; do
        [ ! -x "$KUBEBUILDER_ASSETS/$program" ] || ln -sfn "$KUBEBUILDER_ASSETS/$program" "$folder/$program"
    done < <(programs)
    [ ! -d "$KUBEBUILDER_ASSETS/stages" ] || [ -e "$folder/stages" ] ||
        ln -sfn "$KUBEBUILDER_ASSETS/stages" "$folder/stages"
}

assets=${KUBEBUILDER_ASSETS:-}
recipe=$(declare -f programs version_flags build copy_stages)
key=$(cat go.mod go.sum <(echo "$recipe $assets") | sha256sum | cut -c1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/fairgate/e2e/$key
mkdir -p "$folder"
[ -z "$assets" ] || link_assets
if ! complete; then
    exec 9>"$folder/.lock"
    flock -n 9 || { say "another build is under way in $folder; waiting for it"; flock -w 3600 9; }
    rm -rf "$folder"/.work.*
    if ! complete; then
        if ! check_go "building the control plane"; then
            say "or name a folder that has the programs: KUBEBUILDER_ASSETS"
            exit 2
        fi
        build_missing
        say "the control plane is in $folder"
    fi
fi
echo "$folder"
