/* problems: many located mistakes, reported together. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct node;
struct source;

struct problem {
    const struct source *source;
    uint32_t line, column; /* from 1; 0: the file as a whole */
    bool is_warning;
    const char *text;
};

struct problems {
    struct arena *arena; /* set by the owner */
    struct problem *items;
    size_t count;
    size_t error_count;
};

/* A mistake at a node. Text without final stop; quotes what was written. */
void problems_add(struct problems *problems, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
void problems_warn(struct problems *problems, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
void problems_add_at(struct problems *problems, const struct source *source, uint32_t line,
                     uint32_t column, const char *format, ...) PRINTF_LIKE(5, 6);

/* By file name, line, column, then in the order they were added; the same text at the same place
 * once. */
void problems_sort(struct problems *problems);

/* Each as
 *     tenants/research.yaml:9:17: expected an amount, got "16x"
 *         guaranteed: 16x
 *                     ^
 * (a warning has "warning: " after the position; one of the file as a whole is `FILE: text` alone).
 * The line is shown without its indentation, but indented by four, with its tabs as one blank each
 * and its control characters as '?', cut around the caret to 100 characters; wide and combining
 * characters are no concern. A blank line isn't shown. Takes one walk over each source where the
 * problems are sorted. */
void problems_write(const struct problems *problems, struct buf *buf);
