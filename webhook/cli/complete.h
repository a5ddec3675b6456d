/* complete: what may stand next on a command line, for the shells' completion.
 *
 * `fairgate --complete WORD...` is what they call: the words behind the program's name, the last
 * one as far as it is written. Each candidate is a line, with a tab and a description where there
 * is one; `:files` and `:directories` leave the choice to the shell. */
#pragma once

#include "cli/commands.h"
#include "cli/options.h"

#define COMPLETE_OPTION "--complete"

/* The words behind the command's name. */
void complete_command(const struct command *command, int count, char **words);

/* The name of a command. */
void complete_name(const struct command_row *rows, size_t count, const char *word);
