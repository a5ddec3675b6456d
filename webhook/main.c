/* The table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "cli/complete.h"
#include "cli/man_page.h"

static const struct command_row commands[] = {
    {"serve", "answer the API server's admission calls", cmd_serve},
    {"check", "is a policy set sound? every mistake with its place", cmd_check},
    {"eval", "what would happen to these manifests or reviews?", cmd_eval},
    {"test", "run the test cases beside a policy set", cmd_test},
    {"matrix", "who may evict whom", cmd_matrix},
    {"diff", "what a change of policy means, and for whom", cmd_diff},
    {"audit", "which objects that exist break the rules", cmd_audit},
    {"bundle", "what a tenant needs in the cluster, as a Kustomize base", cmd_bundle},
    {"accelerators", "what counts as a GPU, and how much of one", cmd_accelerators},
    {"certs", "certificates: issue, check, rotate", cmd_certs},
    {"explain", "the policy language: kinds, fields, checks", cmd_explain},
    {"schema", "the policy language as JSON Schema, for editors", cmd_schema},
    {"completion", "what makes bash or zsh complete calls of this program", cmd_completion},
    {"version", "this program's version and its libraries'", cmd_version},
};

static const struct group program = {"fairgate", PROGRAM_PURPOSE, commands,
                                     sizeof(commands) / sizeof(*commands)};

static int run(const char *name, int argc, char **argv)
{
    const struct command_row *command = group_find(&program, name);

    return command ? group_call(&program, command, argc, argv)
                   : group_complain_unknown(&program, name);
}

static int print_man_page(void)
{
    man_page_print_head(program.name, "share out a Kubernetes cluster's accelerators by policy");
    man_page_print_index(&program);
    return EXIT_YES;
}

/* argv: `--complete`, the words behind the program's name. */
static int complete(int argc, char **argv)
{
    const struct command_row *command = group_find(&program, argv[1]);
    char option[] = COMPLETE_OPTION;

    if (argc == 2 || (argc == 3 && !strcmp(argv[1], "help"))) {
        complete_name(program.rows, program.count, argv[argc - 1]);
        return EXIT_YES;
    }
    if (!command)
        return EXIT_YES;
    argv[0] = argv[1];
    argv[1] = option;
    return command->run(argc, argv);
}

static int call(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    char asks[] = "--help";

    if (!name)
        return group_print_help(&program, stderr, EXIT_UNUSABLE);
    if (!strcmp(name, "--version"))
        return run("version", 1, argv + 1);
    if (!strcmp(name, MAN_PAGE_OPTION))
        return print_man_page();
    if (!strcmp(name, COMPLETE_OPTION) && argc > 2)
        return complete(argc - 1, argv + 1);
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || (!strcmp(name, "help") && argc == 2))
        return group_print_help(&program, stdout, EXIT_YES);
    if (!strcmp(name, "help")) {
        /* `help certs issue` is `certs issue --help`. */
        memmove(argv, argv + 2, (size_t)(argc - 2) * sizeof(*argv));
        argv[argc - 2] = asks;
        return run(argv[0], argc - 1, argv);
    }
    return run(name, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int status = call(argc, argv);

    /* Half a report must not pass for a whole one. */
    if (!ferror(stdout) && fflush(stdout) == 0)
        return status;
    fputs("fairgate: the output could not be written whole\n", stderr);
    return EXIT_UNUSABLE;
}
