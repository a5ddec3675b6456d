/* json_reader: what json.c and json_string.c share while they read. For them only.
 *
 * A step of reading takes the spot where it starts and gives the spot where it ends. A spot is
 * handed on by value, so that it stays in registers; everything else is in struct reader. */
#pragma once

#include "base/json_item.h"
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
    /* A copy of the text, in which strings are decoded in place. Behind it stand PLAIN_STEP NULs,
     * at which every step stops, so that none has to ask where the end is. */
    char *text, *end;
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

#ifdef __SSE2__
#include <emmintrin.h>

typedef unsigned plain_mask;
enum { PLAIN_STEP = 16 };

/* Finds what is not plain among PLAIN_STEP bytes. Two swaps neighbours in the table of characters,
 * and so takes the quote below the space; as signed numbers, bytes from 0x80 on are below, too. */
static ALWAYS_INLINE plain_mask plain_find(const char *at)
{
    __m128i chunk = _mm_loadu_si128((const __m128i *)at);
    __m128i backslash = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
    __m128i above = _mm_cmpgt_epi8(_mm_xor_si128(chunk, _mm_set1_epi8(2)), _mm_set1_epi8(' '));

    return (plain_mask)_mm_movemask_epi8(_mm_andnot_si128(backslash, above)) ^ 0xffff;
}

static ALWAYS_INLINE unsigned plain_first(plain_mask found)
{
    return (unsigned)__builtin_ctz(found);
}

#else
#include <endian.h>

typedef uint64_t plain_mask;
enum { PLAIN_STEP = 8 };

static ALWAYS_INLINE plain_mask plain_find(const char *at)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t chunk, found;

    memcpy(&chunk, at, sizeof(chunk));
    chunk = le64toh(chunk);
    /* Exact up to the lowest byte found, which is the one that counts. */
    found = ((chunk ^ ones * '"') - ones) | ((chunk ^ ones * '\\') - ones);
    found = ((found | (chunk - ones * ' ')) & ~chunk) | chunk;
    return found & tops;
}

static ALWAYS_INLINE unsigned plain_first(plain_mask found)
{
    return (unsigned)__builtin_ctzll(found) / 8;
}
#endif
