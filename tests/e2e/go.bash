# For the scripts that build Go programs: is there a Go that can?

# Says why not.
check_go() { # what for
    local version

    if ! command -v go >/dev/null; then
        echo "no 'go' in PATH: $1 needs Go 1.21 or later" >&2
        echo "Debian 12 has it as golang-go in bookworm-backports" >&2
        return 1
    fi
    version=$(go env GOVERSION 2>/dev/null || go version | cut -d' ' -f3)
    version=${version#go}
    if [ "$(printf '%s\n' 1.21 "$version" | sort -V | head -1)" != 1.21 ]; then
        echo "Go $version is too old: 1.21 or later fetches the toolchain that go.mod names" >&2
        return 1
    fi
}
