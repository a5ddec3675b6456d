/* group: commands by their names: those of the program, and those below one of them. */
#pragma once

#include <stdio.h>

#include "cli/commands.h"

struct group {
    const char *name;    /* the call so far: "fairgate", "fairgate certs" */
    const char *purpose; /* one paragraph */
    const struct command_row *rows;
    size_t count;
};

/* NULL where there is none of that name. */
const struct command_row *group_find(const struct group *group, const char *name);

/* Tell in one line on stderr that there is no such command. Returns 2. */
int group_complain_unknown(const struct group *group, const char *name);

/* Usage, purpose, the commands and their exit codes. Returns `status`. */
int group_print_help(const struct group *group, FILE *file, int status);

/* Call it; where its manual page is asked for, with the page's head before it. argv[0] is its
 * name. */
int group_call(const struct group *group, const struct command_row *row, int argc, char **argv);

/* A command that is nothing but a group: call what argv[1] names; help, manual page and completion
 * of the group itself are answered here. argv[0] is its name. */
int group_run(const struct group *group, int argc, char **argv);
