# For the scripts that build Go programs for tests once, and keep them. A script says what is built:
#
#   programs()        rows: a program, the package that it is built from, and "kubernetes" where version_flags are needed
#   version_flags()   -X flags
#   extras=(NAME...)  what lies beside the programs: folders that copy_NAME makes in $work, and moves to $folder
#
# and then calls `provide`, in the folder of its go.mod. They are kept in ${XDG_CACHE_HOME:-~/.cache}/fairgate/KIND/KEY; KEY
# changes with go.mod, go.sum and the recipe. What a folder named by KUBEBUILDER_ASSETS has is taken from there instead.
. "$(dirname "${BASH_SOURCE[0]}")/go.bash"
extras=()

say() {
    echo "$kind: $*" >&2
}

# Reads what `go build -v` writes: a line a package on a terminal, else one in a while; errors whole.
progress() { # program
    awk -v kind="$kind" -v program="$1" -v terminal="$([ -t 2 ] && echo 1)" '
        /^[a-z0-9][^ ]*$/ {
            count++
            if (terminal)
                printf "\r\033[K%s: building %s, %d packages so far: %s", kind, program, count, $0
            else if (count % 200 == 0)
                printf "%s: building %s, %d packages so far\n", kind, program, count
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

# Nothing half built ever has its final name: the work folder is beside, and goes at the end.
build_missing() {
    local program package mark extra

    work=$(mktemp -d "$folder/.work.XXXXXX")
    export GOTMPDIR=$work
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    while read -r program package mark; do
        [ -x "$folder/$program" ] || build "$program" "$package" "$mark"
    done < <(programs)
    for extra in "${extras[@]}"; do
        [ -d "$folder/$extra" ] || "copy_$extra"
    done
}

complete() {
    local program extra

    while read -r program _; do
        [ -x "$folder/$program" ] || return 1
    done < <(programs)
    for extra in "${extras[@]}"; do
        [ -d "$folder/$extra" ] || return 1
    done
}

# What the assets have is linked to, in a folder for just these assets.
link_assets() {
    local program extra

    while read -r program _; do
        [ ! -x "$KUBEBUILDER_ASSETS/$program" ] || ln -sfn "$KUBEBUILDER_ASSETS/$program" "$folder/$program"
    done < <(programs)
    for extra in "${extras[@]}"; do
        [ ! -d "$KUBEBUILDER_ASSETS/$extra" ] || [ -e "$folder/$extra" ] ||
            ln -sfn "$KUBEBUILDER_ASSETS/$extra" "$folder/$extra"
    done
}

# Builds what is missing; the folder that holds everything goes to stdout.
provide() { # kind what recipe
    local assets=${KUBEBUILDER_ASSETS:-} key

    kind=$1
    key=$(cat go.mod go.sum <(echo "$3 $assets") | sha256sum | cut -c1-16)
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/fairgate/$kind/$key
    mkdir -p "$folder"
    [ -z "$assets" ] || link_assets
    if ! complete; then
        exec 9>"$folder/.lock"
        flock -n 9 || { say "another build is under way in $folder; waiting for it"; flock -w 3600 9; }
        rm -rf "$folder"/.work.*
        if ! complete; then
            if ! check_go "building $2"; then
                say "or name a folder that has the programs: KUBEBUILDER_ASSETS"
                exit 2
            fi
            build_missing
            say "$2: in $folder"
        fi
    fi
    echo "$folder"
}
