# What the shells' completion offers, as bash's script gets it from the program.

setup() {
    source <("$FAIRGATE" completion bash)
    cd "$BATS_TEST_DIRNAME/../.." || exit 1
}

# offers WORD...: the candidates for the last word, sorted, on one line
offers() {
    COMP_WORDS=("$FAIRGATE" "$@")
    COMP_CWORD=$#
    _fairgate
    printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
}

@test "commands that begin so" {
    [ "$(offers ev)" = eval ]
    [ "$(offers help sc)" = schema ]
}

@test "every command that --help lists, and no other" {
    listed=$("$FAIRGATE" --help | sed -n 's/^  \([a-z]\+\) .*/\1/p' | sort | xargs)
    [ -n "$listed" ]
    [ "$(offers "")" = "$listed" ]
}

# commands: each as it is called, those below others with a hyphen: certs-issue
commands() {
    offers "" | xargs -n 1 | grep -vx certs
    printf 'certs-%s\n' $(offers certs "")
}

@test "every option that --help lists" {
    for command in $(commands); do
        command=${command/-/ }
        listed=$("$FAIRGATE" $command --help | sed -n 's/^  \(-[a-z], \)\?\(--[a-z-]\+\).*/\2/p' | sort | xargs)
        [ -n "$listed" ]
        [ "$(offers $command --)" = "$listed" ]
    done
}

@test "what stands below a command" {
    listed=$("$FAIRGATE" certs --help | sed -n 's/^  \([a-z]\+\) .*/\1/p' | sort | xargs)
    [ -n "$listed" ]
    [ "$(offers certs "")" = "$listed" ]
    [ "$(offers certs is)" = issue ]
}

@test "the values of an option that has a choice, in each way to write it" {
    [ "$(offers check -o "")" = "json text yaml" ]
    [ "$(offers check --output j)" = json ]
    [ "$(offers check --output = y)" = yaml ]
    [ "$(offers check --output =)" = "json text yaml" ]
    [ "$(offers check --output=j)" = --output=json ]
}

@test "folders where a folder is wanted, files where files are" {
    [ "$(offers check pol)" = policies ]
    [ "$(offers check READ)" = "" ]
    [ "$(offers eval --policies pol)" = policies ]
    [ "$(offers eval --policies policies READ)" = README.md ]
    [ "$(offers eval --state READ)" = README.md ]
}

@test "nothing for a value that is free, or a command that there isn't" {
    [ "$(offers eval --as "")" = "" ]
    [ "$(offers nothing --)" = "" ]
}

@test "kinds for explain, then their fields, a level at a time" {
    [ "$(offers explain Te)" = Tenant ]
    [ "$(offers explain Tenant.gp)" = Tenant.gpus ]
    [ "$(offers explain Tenant.gpus.)" = "Tenant.gpus.burst Tenant.gpus.guaranteed Tenant.gpus.perPod" ]
    [ "$(offers completion "")" = "bash zsh" ]
}
