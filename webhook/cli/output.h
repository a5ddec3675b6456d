/* output: what commands print, in the forms that `-o text|json|yaml` asks for. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "base/problems.h"
#include "base/strings.h"
#include "cli/options.h"

/* `-o`; `*format` is the default, and one of these words afterwards. */
struct option_row output_option(const char **format);

/* The same where there is a table that may be wanted in Markdown, too. */
struct option_row output_table_option(const char **format);

/* As problems_write has them. */
void output_problems(const struct problems *problems, FILE *file);

/* Tell on stderr the mistakes of a set that can't be used, and how many there are. Returns 2. */
int output_mistakes(const struct command *command, const char *directory,
                    const struct problems *problems);

/* As a JSON list. The caller owns it. */
json_t *output_list(const struct strings *strings);

/* Print on stdout as YAML where `format` is that, else as one line of JSON. Frees `root`. */
void output_print_take(json_t *root, const char *format, struct arena *arena);
