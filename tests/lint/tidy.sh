#!/bin/bash
# Every C file passes clang-tidy. What passed once isn't looked at again until it, a header of it or
# .clang-tidy changes. FLAGS: how the compiler is called (from the Makefile).
. "$(dirname "$0")/report.bash"

CACHE=build/lint/tidy
export CACHE
mkdir -p "$CACHE"

# All that the answer depends on: the configuration, the file with its comments (NOLINT), and what it includes.
key() {
    # shellcheck disable=SC2086 # FLAGS is many words
    { clang-tidy-14 --version; cat .clang-tidy "$1"; echo "$FLAGS"; clang-14 $FLAGS -E "$1" 2>&1; } | sha256sum
}

tidy() {
    local mark complaints
    mark=$CACHE/$(key "$1" | cut -c1-64)

    if [ ! -e "$mark" ]; then
        # shellcheck disable=SC2086
        if complaints=$(clang-tidy-14 --quiet "$1" -- $FLAGS 2>&1); then
            touch "$mark"
        else
            report "$1: clang-tidy" "$(grep -E '(error|warning): |\(threshold' <<<"$complaints" | head -40)"
            return
        fi
    fi
    report "$1: clang-tidy" ""
}

# The bound on what the analyzer tries for a function keeps a cold run short; it finds no less here.
FLAGS="$FLAGS -Xclang -analyzer-config -Xclang max-nodes=50000"
FLAGS="$FLAGS -Itests -include webhook/base/banned.h -Wno-everything -Werror=implicit-function-declaration"
export FLAGS
export -f key tidy report
# Each answer is one write, so that answers don't mix.
c_files c | xargs -P "$(nproc)" -I{} bash -c 'answer=$(tidy {}); printf "%s\n" "$answer"'
