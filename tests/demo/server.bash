# For the scripts of this folder: a server on a free loopback port, with throw-away certificates, the
# sample policy set and the state of tests/state/busy.yaml. Whatever it started is gone at the end.

fairgate=${FAIRGATE:-build/fairgate}
state=tests/state/busy.yaml
work=
server=
address=

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# A server that doesn't end by itself within five seconds is ended.
stop() {
    trap '' INT TERM HUP
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null
        for ((i = 0; i < 50; i++)); do
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    [ -z "$work" ] || rm -rf "$work"
}

# Sets $work, a folder that goes with us, and $address, where the server listens.
start() {
    trap stop EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    [ -x "$fairgate" ] || fail "$fairgate isn't built; run make"
    work=$(mktemp -d) || exit 1
    certs/make-dev-certs.sh "$work/certs" || exit 1
    "$fairgate" serve --policies policies/research-cluster --state "$state" --drain-grace 0s \
        --tls-cert "$work/certs/server.crt" --tls-key "$work/certs/server.key" \
        --listen 127.0.0.1:0 --admin 127.0.0.1:0 >"$work/out" 2>"$work/log" &
    server=$!
    for ((i = 0; i < 2400; i++)); do
        address=$(jq -r 'select(.message == "serving") | .listen' "$work/log" 2>/dev/null)
        [ -z "$address" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    cat "$work/log" >&2
    fail "the server doesn't serve"
}

# call PATH FILE: sends a review, prints the answer.
call() {
    curl -sS --fail-with-body --max-time 60 --cacert "$work/certs/ca.crt" \
        -H 'Content-Type: application/json' --data-binary "@$2" "https://$address$1"
}

# review MANIFEST: the review of a create by alice, a user of tenant research, after the API server
# has filled in what it fills in.
review() {
    python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)' "$1" |
        jq --arg uid "$(cat /proc/sys/kernel/random/uuid)" -f tests/demo/review.jq
}
