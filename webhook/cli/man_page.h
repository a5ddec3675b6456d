/* man_page: what a command's table says, as a manual page in the man(7) macros. */
#pragma once

#include "cli/group.h"
#include "cli/options.h"

/* The option of every command that prints its page. */
#define MAN_PAGE_OPTION "--help=man"

/* A page's head, with what only the table of commands knows. `name` is the whole call: "fairgate",
 * "fairgate check". */
void man_page_print_head(const char *name, const char *summary);

/* What stands behind the head in a command's page, and in a group's. */
void man_page_print(const struct command *command);
void man_page_print_index(const struct group *group);
