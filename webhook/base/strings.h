/* strings: a list of texts. The texts belong to whoever made them, mostly an arena. */
#pragma once

#include "base/arena.h"

struct strings {
    const char **items;
    size_t count;
};

void strings_add(struct strings *strings, struct arena *arena, const char *text);
/* The same unless it is there already. Returns whether it was new. */
bool strings_add_new(struct strings *strings, struct arena *arena, const char *text);
bool strings_has(const struct strings *strings, struct bytes text);

/* In the order of their bytes. */
void strings_sort(struct strings *strings);

/* "a, b and 3 more": at most `most` of them; "a, b, c" where all are shown. "" for none. Lives in
 * `arena`. */
const char *strings_join(const struct strings *strings, size_t most, struct arena *arena);

/* The candidate nearest to `text` (edit distance, a swap of neighbours is one mistake, letter case
 * ignored), or NULL where none is near enough to be meant: at most one mistake for each three
 * characters of the longer one. Of equally near ones the first. Texts over 64 bytes are near
 * nothing. */
const char *strings_nearest(const char *const *candidates, size_t count, struct bytes text);
