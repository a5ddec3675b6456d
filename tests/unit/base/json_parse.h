/* json_parse: what the tests of the JSON reader share. */
#pragma once

#include "unit/arena.h"

/* From a copy of its own, so that the sanitizer sees a read past the end. */
struct document *parse_bytes(struct bytes text, unsigned max_depth);

/* The root of such a document. */
struct value parse(const char *text);

void assert_text(struct bytes actual, const char *expected);
