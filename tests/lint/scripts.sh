#!/bin/bash
# Shell scripts pass bash and shellcheck, Python scripts compile.
. "$(dirname "$0")/report.bash"

complaints() { # file
    case $(head -1 "$1") in
    '#!/bin/bash' | '#!/usr/bin/env bash' | '#!/bin/sh' | '# For the scripts'*)
        bash -n "$1" 2>&1
        shellcheck -S warning "$1" 2>&1
        ;;
    *python3*)
        python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$1" 2>&1
        ;;
    *) [[ $1 == *.sh || $1 == */run ]] && echo "$1: no interpreter in its first line" ;;
    esac
}

for file in $(find tests certs .ci -name '*.sh' -o -name '*.py' -o -name '*.bash' -o -name run | sort); do
    report "$file: script" "$(complaints "$file")"
done
