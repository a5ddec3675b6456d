#!/bin/bash
# The Debian packages that fairgate is built and tested with, and whether they are there.
#
#   deps.sh missing [FOR]   the packages that are missing, on one line; nothing if all are there
#   deps.sh install [FOR]   install them (`make deps` is the only caller)
#
# FOR: build, demo, test, lint, model, bench, e2e (and the oracle), image, or all (the default). Go is not among
# Debian 12's packages: tests/e2e/go.bash says so where it lacks.
set -u

# What it is for, the package, and a command that succeeds where it is there.
packages() {
    cat <<'ROWS'
build gcc                   command -v gcc
build libc6-dev             test -e /usr/include/stdio.h
build pkg-config            command -v pkg-config
build libh2o-evloop-dev     pkg-config --exists libh2o-evloop
build libssl-dev            pkg-config --exists openssl
build libjansson-dev        pkg-config --exists jansson
build libyaml-dev           pkg-config --exists yaml-0.1
build libpcre2-dev          pkg-config --exists libpcre2-8
build libcurl4-openssl-dev  pkg-config --exists libcurl
demo  openssl               command -v openssl
demo  curl                  command -v curl
demo  jq                    command -v jq
demo  python3               command -v python3
demo  python3-yaml          python3 -c 'import yaml'
test  libcmocka-dev         pkg-config --exists cmocka
test  bats                  command -v bats
test  python3-jsonpatch     python3 -c 'import jsonpatch'
test  python3-jsonschema    python3 -c 'from jsonschema import Draft202012Validator'
test  groff-base            command -v groff
test  zsh                   command -v zsh
test  prometheus            command -v prometheus && command -v promtool
lint  clang-14              command -v clang-14
lint  libclang-rt-14-dev    test -e "$(clang-14 -print-file-name=libclang_rt.fuzzer-$(uname -m).a)"
lint  clang-format-14       command -v clang-format-14
lint  clang-tidy-14         command -v clang-tidy-14
lint  shellcheck            command -v shellcheck
model spin                  command -v spin
bench wrk                   command -v wrk
image buildah               command -v buildah
image debootstrap           command -v debootstrap
e2e   ca-certificates       test -e /etc/ssl/certs/ca-certificates.crt
ROWS
}

# Each purpose needs what stands before it.
includes() {
    case $1 in
    build) echo build ;;
    demo) echo build demo ;;
    test) echo build demo test ;;
    lint) echo build demo test lint ;;
    model) echo build demo model ;;
    bench) echo build demo bench ;;
    e2e) echo build demo e2e ;;
    image) echo build demo image ;;
    all) echo build demo test lint model bench e2e image ;;
    *) echo "FOR=$1: expected build, demo, test, lint, model, bench, e2e, image or all" >&2; exit 2 ;;
    esac
}

missing() {
    local wanted purpose package probe list=()

    wanted=$(includes "$1") || exit 2
    while read -r purpose package probe; do
        [[ " $wanted " == *" $purpose "* ]] || continue
        (eval "$probe") >/dev/null 2>&1 </dev/null || list+=("$package")
    done < <(packages)
    echo "${list[*]}"
}

# Packages whose programs are wanted and whose services are not: those are kept from being started, now and
# at the next boot.
SERVICES=(prometheus)
POLICY=/usr/sbin/policy-rc.d # asked by maintainer scripts before they start anything; 101: don't

install_packages() { # of one line; as_root is the caller's
    local packages=$1 package made_policy=

    if [ ! -e "$POLICY" ]; then
        made_policy=yes
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$POLICY" >/dev/null
        "${as_root[@]}" chmod 755 "$POLICY" || exit 1
    fi
    # shellcheck disable=SC2086 # one word a package
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install $packages \
        </dev/null | sed -un 's/^Setting up \([^ ]*\).*/deps:   \1/p'
    [ -z "$made_policy" ] || "${as_root[@]}" rm -f "$POLICY"
    for package in "${SERVICES[@]}"; do
        [[ " $packages " != *" $package "* ]] || "${as_root[@]}" update-rc.d "$package" disable
    done
}

install() {
    local list as_root=()

    list=$(missing "$1") || exit 2
    if [ -z "$list" ]; then
        echo "deps: all packages are there"
        return
    fi
    if ! command -v apt-get >/dev/null; then
        echo "deps: missing: $list"
        echo "deps: these are Debian 12's names, and there is no apt-get here; please install what they hold"
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            { echo "deps: missing: $list; run 'make deps' as root, or install sudo"; exit 1; }
        as_root=(sudo)
    fi
    echo "deps: installing $list"
    echo "deps: reading the package lists"
    "${as_root[@]}" apt-get -qq update || exit 1
    install_packages "$list"
    list=$(missing "$1")
    [ -z "$list" ] || { echo "deps: still missing: $list"; exit 1; }
    echo "deps: done"
}

case ${1:-} in
missing | install) "$1" "${2:-all}" ;;
*) echo "usage: deps.sh missing|install [FOR]" >&2; exit 2 ;;
esac
