# For the scripts beside it: how a check reports, and what it looks at.
# shellcheck shell=bash
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

# report NAME COMPLAINTS: a line `ok NAME`, or `not ok NAME` and the complaints.
report() {
    if [ -z "$2" ]; then
        echo "ok $1"
    else
        echo "not ok $1"
        echo "$2"
    fi
}

# The C files, or with an argument those with that ending: c_files h
c_files() {
    find webhook tests -name "*.${1:-[ch]}" | sort
}
