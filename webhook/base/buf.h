/* buf: text that grows in an arena, up to a maximum stated when it is made.
 *
 * Past the maximum nothing more is added and `is_full` is set; whoever reads the text checks it. */
#pragma once

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *data; /* always NUL-terminated once something was added */
    size_t len, capacity, max;
    bool is_full;
};

void buf_init(struct buf *buf, struct arena *arena, size_t max);
void buf_add(struct buf *buf, struct bytes text);
void buf_add_char(struct buf *buf, char c);
void buf_add_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* A JSON string with its quotes. Escapes what JSON must have escaped and nothing else; invalid
 * UTF-8 becomes U+FFFD, so that the output is always valid JSON. */
void buf_add_json(struct buf *buf, struct bytes text);

struct bytes buf_bytes(const struct buf *buf);

/* Text from outside, fit for a message that people read on one line: control characters, and those
 * that end a line or turn its direction, as \uXXXX, invalid UTF-8 as U+FFFD, cut after `max` bytes
 * with "..." (at a whole character). No quotes added. Lives in `arena`. */
const char *text_clean(struct arena *arena, struct bytes text, size_t max);

/* text_clean with a maximum that suits names (253 bytes). */
const char *text_quote(struct arena *arena, struct bytes text);

/* Length in bytes of the valid UTF-8 character that starts at text.data[at]; 0 if none does. */
size_t text_character(struct bytes text, size_t at);

/* Would the character, of as many bytes as text_character says, move or hide what stands around it
 * on a terminal? True of what is no character, and of U+FFFE and U+FFFF, which never are one. */
bool text_is_control(const char *c, size_t len);
