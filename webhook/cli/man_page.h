/* man_page: what a command's table says, as a manual page in the man(7) macros. */
#pragma once

#include "cli/commands.h"
#include "cli/options.h"

/* The option of every command that prints its page. */
#define MAN_PAGE_OPTION "--help=man"

/* A page's head, with what only the table of commands knows. `command` is NULL for the program's
 * own page. */
void man_page_print_head(const char *command, const char *summary);

/* What stands behind the head in a command's page, and in the program's. */
void man_page_print(const struct command *command);
void man_page_print_index(const struct command_row *rows, size_t count);
