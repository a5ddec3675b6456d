/* The table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/strings.h"
#include "cli/complete.h"
#include "cli/man_page.h"

static const struct command_row commands[] = {
    {"serve", "answer the API server's admission calls", cmd_serve},
    {"check", "is a policy set sound? every mistake with its place", cmd_check},
    {"eval", "what would happen to these manifests or reviews?", cmd_eval},
    {"test", "run the test cases beside a policy set", cmd_test},
    {"matrix", "who may evict whom", cmd_matrix},
    {"diff", "what a change of policy means, and for whom", cmd_diff},
    {"accelerators", "what counts as a GPU, and how much of one", cmd_accelerators},
    {"explain", "the policy language: kinds, fields, checks", cmd_explain},
    {"schema", "the policy language as JSON Schema, for editors", cmd_schema},
    {"completion", "what makes bash or zsh complete calls of this program", cmd_completion},
    {"version", "this program's version and its libraries'", cmd_version},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static int print_help(FILE *file, int status)
{
    fprintf(file, "Usage: fairgate COMMAND [OPTION]...\n\n" PROGRAM_PURPOSE "\n\n"
                  "Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(file, "\n'fairgate COMMAND --help' or 'fairgate help COMMAND' tells more.\n\n"
                  "Exit codes: " PROGRAM_EXITS "\n");
    return status;
}

static int complain_unknown(const char *name)
{
    const char *names[COMMAND_COUNT], *nearest;
    struct arena arena = {0};

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    nearest = strings_nearest(names, COMMAND_COUNT, bytes_from(name));
    fprintf(stderr, "fairgate: unknown command \"%s\"%s%s%s\n",
            text_quote(&arena, bytes_from(name)), nearest ? "; did you mean " : "; see --help",
            nearest ? nearest : "", nearest ? "?" : "");
    arena_release(&arena);
    return EXIT_UNUSABLE;
}

static const struct command_row *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

static int run(const char *name, int argc, char **argv)
{
    const struct command_row *command = find_command(name);

    if (!command)
        return complain_unknown(name);
    if (argc == 2 && !strcmp(argv[1], MAN_PAGE_OPTION))
        man_page_print_head(command->name, command->summary);
    return command->run(argc, argv);
}

static int print_man_page(void)
{
    man_page_print_head(NULL, "share out a Kubernetes cluster's accelerators by policy");
    man_page_print_index(commands, COMMAND_COUNT);
    return EXIT_YES;
}

/* argv: `--complete`, the words behind the program's name. */
static int complete(int argc, char **argv)
{
    const struct command_row *command = find_command(argv[1]);
    char option[] = COMPLETE_OPTION;

    if (argc == 2 || (argc == 3 && !strcmp(argv[1], "help"))) {
        complete_name(commands, COMMAND_COUNT, argv[argc - 1]);
        return EXIT_YES;
    }
    if (!command)
        return EXIT_YES;
    argv[0] = argv[1];
    argv[1] = option;
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    char asks[] = "--help", *help[] = {argc > 2 ? argv[2] : NULL, asks, NULL};

    if (!name)
        return print_help(stderr, EXIT_UNUSABLE);
    if (!strcmp(name, "--version"))
        return run("version", 1, argv + 1);
    if (!strcmp(name, MAN_PAGE_OPTION))
        return print_man_page();
    if (!strcmp(name, COMPLETE_OPTION) && argc > 2)
        return complete(argc - 1, argv + 1);
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || (!strcmp(name, "help") && argc == 2))
        return print_help(stdout, EXIT_YES);
    if (!strcmp(name, "help"))
        return run(argv[2], 2, help);
    return run(name, argc - 1, argv + 1);
}
