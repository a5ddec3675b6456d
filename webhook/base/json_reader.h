/* json_reader: what json.c and json_string.c share while they read. For them only.
 *
 * A step of reading takes the spot where it starts and gives the spot where it ends. A spot is
 * handed on by value, so that it stays in registers; everything else is in struct reader. */
#pragma once

#include "base/json_item.h"
#include "base/json_marks.h"
#include "base/json_table.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

struct spot {
    char *at;                  /* NULL: the grammar is broken, and reading is over */
    struct document_item *top; /* behind the last item */
};

struct reader {
    /* A copy of the text, in which strings are decoded in place. Behind it stands a NUL at least,
     * at which every step stops, so that none has to ask where the end is. */
    char *text, *end;
    /* A bit for each of its bytes: set for what is not plain in a string, which is a quote, a
     * backslash, a control character, and all outside ASCII. */
    const uint64_t *marks;
    struct document_item *items, *items_end;

    /* The innermost open container. While it is open, its `end` counts what is in it, and its
     * `span` leads back to the container around it. Item 0 when none is open. */
    struct document_item *container;

    /* One word per level from 0 on, the innermost open one at `seen`: a bit for each hash of a
     * name. A bit not seen before proves a name new. */
    uint64_t *seen, *seen_first, *seen_last;
    size_t max_depth;

    /* Below max_depth: one bit per level, set for an object. */
    uint64_t *dropped;
    size_t dropped_depth, dropped_capacity;

    struct item_table table; /* for objects with many members */
    struct arena *arena;
    struct document *out;
};

/* Note that the grammar is broken at `spot`. */
struct spot reader_broken(struct reader *reader, struct spot spot);

/* Note another fault. */
void reader_note(struct reader *reader, enum document_fault fault, size_t at);

/* Make room for more items, all of it being used; gives the new top. */
struct document_item *reader_grow(struct reader *reader);

/* A string that is not just plain ASCII, or a broken one. `spot` is behind the plain characters it
 * begins with. Pushes it with `info`, but nothing if that is 0. What was read before `spot` must
 * not be read again. */
struct spot reader_hard_string(struct reader *reader, struct spot spot, const char *start,
                               uint32_t info);

static ALWAYS_INLINE struct document_item *reader_push(struct reader *reader,
                                                       struct document_item *top, const char *start,
                                                       const char *end, uint32_t info)
{
    if (UNLIKELY(top == reader->items_end))
        top = reader_grow(reader);
    top->start = (uint32_t)(start - reader->text);
    top->end = (uint32_t)(end - reader->text);
    top->info = info;
    top->span = 1;
    return top + 1;
}

/* The first byte from `at` on that is not plain. */
static ALWAYS_INLINE char *plain_end(const struct reader *reader, char *at)
{
    size_t offset = (size_t)(at - reader->text), block = offset / 64;
    uint64_t marks = reader->marks[block] >> offset % 64;

    if (LIKELY(marks))
        return at + __builtin_ctzll(marks);
    do
        marks = reader->marks[++block];
    while (!marks);
    return reader->text + block * 64 + (unsigned)__builtin_ctzll(marks);
}
