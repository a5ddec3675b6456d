/* The table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/strings.h"
#include "cli/commands.h"

static const struct {
    const char *name, *summary;
    command_fn *run;
} commands[] = {
    {"serve", "answer the API server's admission calls", cmd_serve},
    {"check", "is a policy set sound? every mistake with its place", cmd_check},
    {"eval", "what would happen to these manifests or reviews?", cmd_eval},
    {"test", "run the test cases beside a policy set", cmd_test},
    {"matrix", "who may evict whom", cmd_matrix},
    {"accelerators", "what counts as a GPU, and how much of one", cmd_accelerators},
    {"explain", "the policy language: kinds, fields, checks", cmd_explain},
    {"schema", "the policy language as JSON Schema, for editors", cmd_schema},
    {"version", "this program's version and its libraries'", cmd_version},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static int print_help(FILE *file, int status)
{
    fprintf(file, "Usage: fairgate COMMAND [OPTION]...\n\n"
                  "A Kubernetes admission webhook that shares out a cluster's accelerators.\n\n"
                  "Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(file, "\n'fairgate COMMAND --help' or 'fairgate help COMMAND' tells more.\n\n"
                  "Exit codes: 0 yes; 1 no (denied, failed, unsound); 2 could not be carried out "
                  "as given.\n");
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

static int run(const char *name, int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!strcmp(commands[i].name, name))
            return commands[i].run(argc, argv);
    }
    return complain_unknown(name);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    char asks[] = "--help", *help[] = {argc > 2 ? argv[2] : NULL, asks, NULL};

    if (!name)
        return print_help(stderr, EXIT_UNUSABLE);
    if (!strcmp(name, "--version"))
        return run("version", 1, argv + 1);
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || (!strcmp(name, "help") && argc == 2))
        return print_help(stdout, EXIT_YES);
    if (!strcmp(name, "help"))
        return run(argv[2], 2, help);
    return run(name, argc - 1, argv + 1);
}
