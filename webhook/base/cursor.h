/* cursor: walks a text by characters and knows line and column, so that every place in a message
 * is counted the same way.
 *
 * Lines end with LF, CRLF or CR; both count from 1. A byte order mark at the beginning is no
 * character. A byte that is no valid UTF-8 counts as one character. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct cursor {
    struct bytes text;
    size_t at;    /* byte offset; text.len at the end */
    size_t index; /* how many characters came before */
    uint32_t line, column;
};

/* At the first character. */
void cursor_init(struct cursor *cursor, struct bytes text);

/* One character on; false at the end. */
bool cursor_step(struct cursor *cursor);

/* Each moves on, or from the beginning where the place is behind; at the end of the text if there
 * is no such place. Going through places in order costs one walk over the text. */
void cursor_to_index(struct cursor *cursor, size_t index);
void cursor_to_offset(struct cursor *cursor, size_t offset);
/* False where the text has no such line. A column past the line's end gives the line's end. */
bool cursor_to_place(struct cursor *cursor, uint32_t line, uint32_t column);

/* At the line break that ends the line, or at the end of the text? */
bool cursor_is_at_line_end(const struct cursor *cursor);
