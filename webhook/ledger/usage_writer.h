/* usage_writer: a TenantUsage's fields as JSON, with the commas between them. */
#pragma once

#include "base/amount.h"
#include "base/buf.h"

/* Characters that a line of objects can't hold as they are; no name that Kubernetes takes has any.
 * The last one has no text. */
extern const struct usage_escape {
    char c;
    const char *text;
} usage_escapes[];

/* Before an element of an array. */
void usage_write_comma(struct buf *out);

/* Before a member's value. */
void usage_write_name(struct buf *out, struct bytes name);

/* A text; the buf is_full where it is longer than a text may be. */
void usage_write_string(struct buf *out, struct bytes text);

/* A member, or none where the text is empty, or false. */
void usage_write_text(struct buf *out, const char *name, struct bytes text);
void usage_write_true(struct buf *out, const char *name, bool is_true);

/* As a text: `name` may be any. */
void usage_write_amount(struct buf *out, struct bytes name, struct amount amount,
                        struct arena *scratch);
