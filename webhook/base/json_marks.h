/* json_marks: marks in a text what is not plain in a JSON string: a quote, a backslash, a control
 * character, and all outside ASCII. For json.c only.
 *
 * Marks are made for the whole text beforehand. To look for the end of each string where it starts
 * would be one long chain of steps, each of which waits for the one before. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { MARKED_AT_ONCE = 64 }; /* bytes, one bit each, the first byte's the lowest */

/* `text` has count * MARKED_AT_ONCE bytes, `marks` room for `count` words. */
void json_mark(const char *text, size_t count, uint64_t *marks);
