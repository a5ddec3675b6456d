#!/bin/bash
# Includes point the right way: each folder under webhook/ sees only what stands before it, and each
# library is included only where it belongs.
. "$(dirname "$0")/report.bash"

# A layer, and the layers that its files may include beside their own.
declare -A sees=(
    [base]=""
    [kube]="base"
    [tenancy]="base kube"
    [engine]="base kube tenancy"
    [checks]="base kube tenancy engine"
    [policy]="base kube tenancy engine checks"
    [decide]="base kube tenancy engine checks policy"
    [certs]="base"
    [ledger]="base kube tenancy engine"
    [answer]="base kube tenancy engine checks policy decide ledger"
    [cluster]="base kube tenancy engine ledger"
    [http]="base kube tenancy engine checks policy decide answer ledger cluster"
    [cli]="base kube tenancy engine checks policy decide answer ledger cluster certs http"
    [main]="base cli"
)

# A library's header, and where it may be included.
libraries=(
    'yaml\.h           webhook/base/(node|yaml_.*)\.[ch]'
    'pcre2\.h          webhook/base/pattern\.c'
    'h2o(/.*)?\.h      webhook/http/.*'
    'openssl/.*        webhook/(http/tls\.c|http/path_secret\.c|base/digest\.c|certs/.*\.c)'
    'jansson\.h        webhook/cli/.*'
    'curl/.*           webhook/cluster/.*'
    'sys/socket\.h     webhook/(http|cluster)/.*'
    'cmocka\.h         none'
)

# The layer of a path below webhook/: its folder, or the name of a file at the top.
layer() {
    case $1 in
    */*) echo "${1%%/*}" ;;
    *) echo "${1%.*}" ;;
    esac
}

arrow() { # file included
    local from to
    from=$(layer "${1#webhook/}")
    to=$(layer "$2")

    if [ ! -e "webhook/$2" ]; then
        echo "$1: \"$2\" isn't a file below webhook/"
    elif [ -z "${sees[$from]+known}" ]; then
        echo "$1: $from is no layer that tests/lint/layers.sh knows"
    elif [ "$from" != "$to" ] && [[ " ${sees[$from]} " != *" $to "* ]]; then
        echo "$1: $from must not include $to (\"$2\")"
    fi
}

library() { # file included
    local row header places

    for row in "${libraries[@]}"; do
        read -r header places <<<"$row"
        [[ $2 =~ ^$header$ ]] || continue
        [[ $1 =~ ^$places$ ]] || echo "$1: <$2> belongs in $places"
    done
}

# The first include of a.c is a.h, where there is one: so the header is known to be complete.
own_header_first() { # file first
    local header=${1%.c}.h

    [ "$1" != "$header" ] && [ -e "$header" ] && [ "$2" != "${header#webhook/}" ] &&
        echo "$1: its own header isn't the first include"
}

complaints() { # file
    local name first=""

    while read -r name; do
        [ -z "$first" ] && own_header_first "$1" "${name:1}"
        first=$name
        case $name in
        '"'*) arrow "$1" "${name:1}" ;;
        *) library "$1" "${name:1}" ;;
        esac
    done < <(sed -nE 's/^ *# *include *(["<][^">]*)[">].*/\1/p' "$1")
    [[ $1 == *.c ]] || grep -q '^#pragma once$' "$1" || echo "$1: no '#pragma once'"
}

for file in $(find webhook -name '*.[ch]' | sort); do
    report "$file: layers" "$(complaints "$file")"
done
