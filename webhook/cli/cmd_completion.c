/* completion: what makes a shell complete calls of this program. Both scripts ask the program
 * itself (complete.h), so that they know every option and choice there is. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/options.h"

static const char bash[] = //
    "# bash completion of fairgate\n"
    "_fairgate()\n"
    "{\n"
    "    local line word=${COMP_WORDS[COMP_CWORD]}\n"
    "\n"
    "    COMPREPLY=()\n"
    "    [ \"$word\" != = ] || word=\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :files | :directories)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(\n"
    "                if [ \"$line\" = :files ]; then\n"
    "                    compgen -f -- \"$word\"\n"
    "                else\n"
    "                    compgen -d -- \"$word\"\n"
    "                fi)\n"
    "            ;;\n"
    "        *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" --complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _fairgate fairgate\n";

static const char zsh[] = //
    "#compdef fairgate\n"
    "compdef _fairgate fairgate\n"
    "\n"
    "_fairgate()\n"
    "{\n"
    "    local line name\n"
    "    local -a found\n"
    "\n"
    "    for line in \"${(@f)$(\"${words[1]}\" --complete \"${(@)words[2,CURRENT]}\" "
    "2>/dev/null)}\"; do\n"
    "        case $line in\n"
    "        :files) _files ;;\n"
    "        :directories) _files -/ ;;\n"
    "        *$'\\t'*)\n"
    "            name=${line%%$'\\t'*}\n"
    "            found+=(\"${name//:/\\\\:}:${line#*$'\\t'}\")\n"
    "            ;;\n"
    "        ?*) found+=(\"${line//:/\\\\:}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#found == 0 )) || _describe -t fairgate fairgate found\n"
    "}\n"
    "\n"
    "if [ \"$funcstack[1]\" = _fairgate ]; then\n"
    "    _fairgate \"$@\"\n"
    "fi\n";

static const struct {
    const char *name, *script;
} shells[] = {{"bash", bash}, {"zsh", zsh}};

static const char *const shell_names[] = {"bash", "zsh", NULL};

int cmd_completion(int argc, char **argv)
{
    const struct command command = {
        .name = "completion",
        .operands = "bash|zsh",
        .operands_min = 1,
        .operands_max = 1,
        .operand_words = shell_names,
        .purpose = "Prints a script that makes the shell complete fairgate's commands, options and "
                   "their values, and the names that explain takes.",
        .examples = "source <(fairgate completion bash)\n"
                    "fairgate completion zsh > \"${fpath[1]}/_fairgate\"\n",
        .exits = "0  printed\n2  there is no script for that shell\n",
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments)) {
        const char *name = arguments.operands.items[0];

        arguments.status = EXIT_UNUSABLE;
        for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
            if (strcmp(shells[i].name, name) != 0)
                continue;
            fputs(shells[i].script, stdout);
            arguments.status = EXIT_YES;
        }
        if (arguments.status)
            options_complain(&command, "expected bash or zsh, got \"%s\"",
                             text_quote(&arena, bytes_from(name)));
    }
    arena_release(&arena);
    return arguments.status;
}
