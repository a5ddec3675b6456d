/* arena: memory that is released all at once.
 *
 * Allocation never fails: what comes from outside is bounded before it gets here, and when memory
 * is out all the same the process ends with a message. Not safe for use by two threads at once. */
#pragma once

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

struct arena_chunk;
struct arena_release;

/* A zeroed arena is an empty one. */
struct arena {
    struct arena_chunk *chunk;
    struct arena_release *releases;
    size_t used; /* bytes handed out since the last reset */
};

/* Zeroed memory, aligned for any type. `size` may be 0. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* Memory whose content is undefined; for large buffers that are about to be filled. */
void *arena_alloc_raw(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* Make an allocation of `old_size` bytes `new_size` large: in place where it was the last one, else
 * a copy. What is added is undefined. `old` may be NULL when `old_size` is 0. */
void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size);

/* A NUL-terminated copy. */
char *arena_copy(struct arena *arena, struct bytes text);
struct bytes arena_copy_bytes(struct arena *arena, struct bytes text);

/* printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Call `release(what)` when the arena is reset or released; last registered, first called. */
void arena_on_release(struct arena *arena, void (*release)(void *what), void *what);

/* Forget everything, but keep one chunk (at most 1 MiB) for the next use. */
void arena_reset(struct arena *arena);

/* Forget everything and give all memory back. */
void arena_release(struct arena *arena);

/* Append room for one item to an array that lives in an arena; returns the new item, zeroed.
 *     struct x *item = ARENA_APPEND(arena, list->items, list->count);      */
#define ARENA_APPEND(arena, items, count)                                                          \
    ((__typeof__(items))arena_append((arena), (void **)&(items), &(count), sizeof(*(items))))

void *arena_append(struct arena *arena, void **items, size_t *count, size_t item_size);
