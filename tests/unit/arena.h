/* arena: what the tests of a program put things into; release_arena is their teardown. */
#pragma once

#include "base/json.h"
#include "unit/unit.h"

extern struct arena arena;

int release_arena(void **state);

/* The root of a text that must be sound. */
struct value parse_json(const char *text);

/* `count` times `text`, between `before` and `after`. */
struct bytes repeat_text(const char *before, const char *text, size_t count, const char *after);
