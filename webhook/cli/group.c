#include "cli/group.h"

#include <string.h>

#include "base/buf.h"
#include "base/strings.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/man_page.h"

const struct command_row *group_find(const struct group *group, const char *name)
{
    for (size_t i = 0; i < group->count; i++) {
        if (!strcmp(group->rows[i].name, name))
            return &group->rows[i];
    }
    return NULL;
}

int group_complain_unknown(const struct group *group, const char *name)
{
    struct strings names = {0};
    struct arena arena = {0};
    const char *nearest;

    for (size_t i = 0; i < group->count; i++)
        strings_add(&names, &arena, group->rows[i].name);
    nearest = strings_nearest(names.items, names.count, bytes_from(name));
    fprintf(stderr, "%s: unknown command \"%s\"%s%s%s\n", group->name,
            text_quote(&arena, bytes_from(name)), nearest ? "; did you mean " : "; see --help",
            nearest ? nearest : "", nearest ? "?" : "");
    arena_release(&arena);
    return EXIT_UNUSABLE;
}

int group_print_help(const struct group *group, FILE *file, int status)
{
    const char *last_word = strchr(group->name, ' ');

    fprintf(file, "Usage: %s COMMAND [OPTION]...\n\n%s\n\nCommands:\n", group->name,
            group->purpose);
    for (size_t i = 0; i < group->count; i++)
        fprintf(file, "  %-12s %s\n", group->rows[i].name, group->rows[i].summary);
    fprintf(file,
            "\n'%s COMMAND --help' or 'fairgate help%s COMMAND' tells more.\n\n"
            "Exit codes: " PROGRAM_EXITS "\n",
            group->name, last_word ? last_word : "");
    return status;
}

int group_call(const struct group *group, const struct command_row *row, int argc, char **argv)
{
    struct arena arena = {0};

    if (argc == 2 && !strcmp(argv[1], MAN_PAGE_OPTION))
        man_page_print_head(arena_printf(&arena, "%s %s", group->name, row->name), row->summary);
    arena_release(&arena);
    return row->run(argc, argv);
}

/* argv: the group's name, `--complete`, the words behind it. */
static int complete(const struct group *group, int argc, char **argv)
{
    const struct command_row *row = argc > 3 ? group_find(group, argv[2]) : NULL;

    if (argc == 3)
        complete_name(group->rows, group->count, argv[2]);
    if (!row)
        return EXIT_YES;
    argv[2] = argv[1];
    return row->run(argc - 1, argv + 1);
}

int group_run(const struct group *group, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct command_row *row;

    if (!name)
        return group_print_help(group, stderr, EXIT_UNUSABLE);
    if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        return group_print_help(group, stdout, EXIT_YES);
    if (!strcmp(name, MAN_PAGE_OPTION)) {
        man_page_print_index(group);
        return EXIT_YES;
    }
    if (!strcmp(name, COMPLETE_OPTION) && argc > 2)
        return complete(group, argc, argv);
    row = group_find(group, name);
    if (!row)
        return group_complain_unknown(group, name);
    return group_call(group, row, argc - 1, argv + 1);
}
