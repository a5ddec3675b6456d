#!/bin/bash
# Serves the sample policy set and sends reviews as the API server would: first to /mutate, then, with
# the patch applied, to /validate. Prints what each asks for and what its author is told, all of it
# from the answers. An answer other than the one announced here fails the demo.
# shellcheck disable=SC2154 # what server.bash sets
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/demo/server.bash

WIDTH=100
if [ -t 1 ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
else
    bold='' dim='' green='' red='' yellow='' plain=''
fi

# Long lines are folded between words; what follows a fold is indented.
show() { # colour
    local line indent

    while IFS= read -r line; do
        indent=${line%%[! ]*}
        fold -s -w $((WIDTH - ${#indent} - 6)) <<<"${line#"$indent"}" | sed -e "s/ *$//" \
            -e "s/^/$indent/" -e "2,\$s/^/    /" -e "s/.*/  $1&$plain/"
    done
}

title() { # what is shown
    step=$((step + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$step" "$1" "$plain"
}

# The request in one line: who, what, and what it asks for.
request() { # review, command
    jq -r '
        .request as $r
        | ($r.object.spec.template.spec // $r.object.spec.jobTemplate.spec.template.spec //
           $r.object.spec // {}) as $spec
        | [$spec.containers[]?.resources.limits // {} | to_entries[]
           | select(.key | startswith("nvidia.com/")) | "\(.value) \(.key)"] as $asks
        | "\($r.userInfo.username): \($r.operation) \($r.resource.resource) "
          + ([$r.namespace, $r.name // "\($r.object.metadata.generateName)*"]
             | map(select(. != null)) | if .[0] == .[1] then .[:1] else . end | join("/"))
          + ($asks | map(", " + .) | join(""))
          + ($spec.priorityClassName | if . then ", class \(.)" else "" end)
          + ($r.object.value | if . then ", value \(.)" else "" end)' "$1" | show "$dim"
    [ -z "$2" ] || show "" <<<"\$ $2"
}

# Sends $work/mutate.json and $work/validate.json; leaves the answers beside them.
send() {
    local phase

    call /mutate "$work/mutate.json" >"$work/mutated.json" || fail "/mutate doesn't answer"
    jq --slurpfile answers "$work/mutated.json" '$answers[0] as $answer
        | '"$(cat tests/demo/apply.jq)" "$work/validate.json" >"$work/patched.json" ||
        fail "the patch doesn't apply"
    call /validate "$work/patched.json" >"$work/answer.json" || fail "/validate doesn't answer"
    for phase in mutate:mutated validate:answer; do
        jq -e --slurpfile review "$work/${phase%:*}.json" \
            '.response.uid == $review[0].request.uid' "$work/${phase#*:}.json" >/dev/null ||
            fail "an answer to another review"
    done
    jq -e .response.allowed "$work/mutated.json" >/dev/null || fail "/mutate denies"
}

manifest() { # file, filter
    review "$1" | jq "$2" >"$work/mutate.json" || fail "$1: no manifest"
    cp "$work/mutate.json" "$work/validate.json"
    send
}

# The reviews of /mutate and of /validate, as an API server sent them; the filter, if there is one,
# changes both.
recorded() { # number of the one, of the other, filter
    jq "${3:-.}" tests/reviews/"$1"-mutate-*.json >"$work/mutate.json" &&
        jq "${3:-.}" tests/reviews/"$2"-validate-*.json >"$work/validate.json" ||
        fail "no recorded reviews $1 and $2"
    send
}

# What was announced must be what was answered: the verdict, and the rules that deny.
expect() { # allowed or denied, rules
    jq -e --arg verdict "$1" --arg rules "${*:2}" '.response |
        if $verdict == "allowed" then .allowed == true
        else .allowed == false and .status.code == 403 and (.status.message | length) > 0 and
            ([.status.details.causes[].reason] | unique) == ($rules | split(" ") | sort)
        end' "$work/answer.json" >/dev/null && return
    jq .response "$work/answer.json" >&2
    fail "step $step: expected: $1 ${*:2}"
}

warnings() {
    jq -r '.response.warnings[]? | "Warning: \(.)"' "$work/answer.json" | show "$yellow"
}

# What kubectl prints of it.
told() { # what was done, of which file
    local success=$1 file=${2:-}

    warnings
    jq -r --arg success "$success" --arg file "$file" '.response |
        if .allowed then $success
        else "Error from server (\(.status.reason)): "
            + (if $file == "" then "" else "error when creating \"\($file)\": " end)
            + "admission webhook \"validate.fairgate.dev\" denied the request: " + .status.message
        end' "$work/answer.json" |
        show "$(jq -e .response.allowed "$work/answer.json" >/dev/null && echo "$green" || echo "$red")"
}

# What a controller writes as an event.
event() { # controller
    jq -r --arg from "$1" '.response | "Warning  FailedCreate  \($from)  Error creating: "
        + "admission webhook \"validate.fairgate.dev\" denied the request: " + .status.message' \
        "$work/answer.json" | show "$red"
}

patch() {
    show "$dim" <<<"patch of /mutate:"
    jq -r '
        def spaced: # with blanks, so that it can be folded
            if type == "object" then
                "{" + (to_entries | map("\(.key | tojson): \(.value | spaced)") | join(", ")) + "}"
            elif type == "array" then "[" + (map(spaced) | join(", ")) + "]"
            else tojson end;
        .response.patch | @base64d | fromjson[]
        | "  \(.op) \(.path)" + if has("value") then " = \(.value | spaced)" else "" end' \
        "$work/mutated.json" | show "$green"
}

create() { # title, manifest, verdict, rules
    title "$1"
    manifest "tests/demo/$2" .
    request "$work/mutate.json" "kubectl create -f $2"
    expect "${@:3}"
}

step=0
start
echo "fairgate serves policies/research-cluster at https://$address, in the cluster of $state."

create "Allowed: a pod without a GPU" report.yaml allowed
told "pod/report created"

title "Allowed, and changed: class, fabric domain, cost centre, no GPU for the side-car"
manifest tests/demo/sweep.yaml '.request.dryRun = true'
request "$work/mutate.json" "kubectl create --dry-run=server -f sweep.yaml"
expect allowed
jq -e '.response.patch | @base64d | fromjson | length > 0' "$work/mutated.json" >/dev/null ||
    fail "step $step: expected: a patch"
patch
told "pod/sweep-0-t4d8n created (server dry run)"

title "Allowed, with a warning: a recorded Deployment that doesn't say what its GPUs are for"
recorded 0031 0032
request "$work/mutate.json" "kubectl create -f serve.yaml"
expect allowed
jq -e '.response.warnings | length > 0' "$work/answer.json" >/dev/null ||
    fail "step $step: expected: a warning"
told "deployment.apps/serve created"

create "Denied: more GPUs than the tenant has (family 1, caps)" train.yaml \
    denied tenant/research/gpus.guaranteed
told "pod/train-0 created" train.yaml

create "Denied: a MIG slice beside whole GPUs (family 2, sharing)" notebook.yaml \
    denied tenant/research/sharing.exclusive
told "pod/notebook created" notebook.yaml

create "Denied: a class of another tenant (family 3, priority)" urgent.yaml \
    denied tenant/research/priority.allowed
told "pod/urgent created" urgent.yaml

title "Denied: a recorded PriorityClass above the whole ladder, even by an admin (family 3)"
recorded 0089 0090
request "$work/mutate.json" "kubectl create -f sneaky.yaml"
expect denied ladder/tiers/value
told "priorityclass.scheduling.k8s.io/sneaky created" sneaky.yaml

title "Denied: a recorded CronJob whose pods would have no owner (family 4, labels), and no limit"
recorded 0048 0049
request "$work/mutate.json" "kubectl create -f nightly.yaml"
expect denied gpu-baseline/limits gpu-baseline/owner-labels
told "cronjob.batch/nightly created" nightly.yaml

title "Denied: a namespace that a tenant gives another tenant (family 4)"
recorded 0083 0084 \
    '.request.userInfo = {username: "bob", groups: ["tenants", "system:authenticated"]}'
request "$work/mutate.json" "kubectl label namespace sandbox fairgate.dev/tenant=research"
expect denied cluster/tenantLabel
told "namespace/sandbox labeled"

title "Denied: a DaemonSet's recorded pod, image from elsewhere (family 5); its controller is told"
recorded 0073 0074
request "$work/mutate.json" ""
expect denied images/sources
event daemonset-controller

create "Denied: a pod that would leave its tenant's fabric domain (family 6)" elsewhere.yaml \
    denied tenant/research/fabric.domains
told "pod/elsewhere created" elsewhere.yaml

printf '\n%d requests, each answered as announced.\n' "$step"
