/* bytes: a stretch of text that somebody else owns; it may hold any byte, NUL included. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
    const char *data; /* not NUL-terminated; may be NULL when len is 0 */
    size_t len;
};

#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})

/* For printf's "%.*s", where the text is known to be clean (see text_quote in base/buf.h). */
#define BYTES_ARG(text) (int)(text).len, (text).data

static inline struct bytes bytes_from(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool bytes_is(struct bytes a, const char *literal)
{
    return bytes_equal(a, bytes_from(literal));
}

static inline bool bytes_has_prefix(struct bytes text, struct bytes prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.data, prefix.data, prefix.len) == 0);
}

static inline bool bytes_has_suffix(struct bytes text, struct bytes suffix)
{
    return text.len >= suffix.len && (suffix.len == 0 || memcmp(text.data + text.len - suffix.len,
                                                                suffix.data, suffix.len) == 0);
}

/* The text from `from` (at most len) on. */
static inline struct bytes bytes_tail(struct bytes text, size_t from)
{
    return (struct bytes){from ? text.data + from : text.data, text.len - from};
}

/* Order by bytes, a prefix before what it begins: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/* A hash for tables in memory (FNV-1a, 64 bit); never for anything that must resist an attacker. */
unsigned long long bytes_hash(struct bytes text);
