/* help: what a command's table says, for a terminal. */
#pragma once

#include "cli/commands.h"
#include "cli/options.h"

void help_print(const struct command *command);

/* Words, wrapped; every line but the first starts with `indent` blanks. */
void help_print_wrapped(const char *text, size_t indent);
