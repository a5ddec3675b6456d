/* output: what commands print, in the forms that `-o text|json|yaml` asks for. */
#pragma once

#include <jansson.h>

#include "cli/options.h"

/* `-o`; `*format` is the default, and one of these words afterwards. */
struct option_row output_option(const char **format);

/* Print on stdout as YAML where `format` is that, else as one line of JSON. Frees `root`. */
void output_print_take(json_t *root, const char *format, struct arena *arena);
