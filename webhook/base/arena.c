#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CHUNK = 32 * 1024, LARGEST_KEPT_CHUNK = 1024 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    alignas(max_align_t) char data[];
};

struct arena_release {
    struct arena_release *next;
    void (*release)(void *what);
    void *what;
};

static size_t align_up(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static void die_out_of_memory(size_t size)
{
    fprintf(stderr, "fairgate: out of memory: %zu bytes wanted\n", size);
    abort();
}

static void add_chunk(struct arena *arena, size_t wanted)
{
    size_t size = arena->chunk ? arena->chunk->size * 2 : FIRST_CHUNK;
    struct arena_chunk *chunk;

    if (size > 64 * LARGEST_KEPT_CHUNK)
        size = 64 * LARGEST_KEPT_CHUNK;
    if (size < wanted)
        size = wanted;
    chunk = wanted > SIZE_MAX / 2 ? NULL : malloc(sizeof(*chunk) + size);
    if (!chunk)
        die_out_of_memory(wanted);
    chunk->next = arena->chunk;
    chunk->size = size;
    chunk->used = 0;
    arena->chunk = chunk;
}

void *arena_alloc_raw(struct arena *arena, size_t size)
{
    size_t room = align_up(size ? size : 1);
    void *memory;

    if (size > SIZE_MAX / 2)
        die_out_of_memory(size);
    if (!arena->chunk || arena->chunk->size - arena->chunk->used < room)
        add_chunk(arena, room);
    memory = arena->chunk->data + arena->chunk->used;
    arena->chunk->used += room;
    arena->used += room;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(arena_alloc_raw(arena, size), 0, size);
}

void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
{
    struct arena_chunk *chunk = arena->chunk;
    size_t old_room = align_up(old_size ? old_size : 1);
    size_t new_room = align_up(new_size ? new_size : 1);
    void *memory;

    if (old && new_size <= old_room)
        return old;
    if (old && (char *)old + old_room == chunk->data + chunk->used &&
        new_room - old_room <= chunk->size - chunk->used) {
        chunk->used += new_room - old_room;
        arena->used += new_room - old_room;
        return old;
    }
    memory = arena_alloc_raw(arena, new_size);
    if (old && old_size)
        memcpy(memory, old, old_size);
    return memory;
}

char *arena_copy(struct arena *arena, struct bytes text)
{
    char *copy = arena_alloc_raw(arena, text.len + 1);

    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct bytes arena_copy_bytes(struct arena *arena, struct bytes text)
{
    return (struct bytes){arena_copy(arena, text), text.len};
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = arena_alloc_raw(arena, (size_t)(len < 0 ? 0 : len) + 1);
    text[0] = '\0';
    if (len > 0)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void arena_on_release(struct arena *arena, void (*release)(void *what), void *what)
{
    struct arena_release *entry = arena_alloc(arena, sizeof(*entry));

    *entry = (struct arena_release){arena->releases, release, what};
    arena->releases = entry;
}

static void call_releases(struct arena *arena)
{
    for (struct arena_release *entry = arena->releases; entry; entry = entry->next)
        entry->release(entry->what);
    arena->releases = NULL;
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = NULL, *next;

    call_releases(arena);
    for (struct arena_chunk *chunk = arena->chunk; chunk; chunk = next) {
        next = chunk->next;
        if (!kept && chunk->size <= LARGEST_KEPT_CHUNK)
            kept = chunk;
        else
            free(chunk);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    arena->chunk = kept;
    arena->used = 0;
}

void arena_release(struct arena *arena)
{
    struct arena_chunk *next;

    call_releases(arena);
    for (struct arena_chunk *chunk = arena->chunk; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}

void *arena_append(struct arena *arena, void **items, size_t *count, size_t item_size)
{
    size_t used = *count;
    bool is_full = used == 0 || (used >= 4 && (used & (used - 1)) == 0);
    char *item;

    /* Room grows 4, 8, 16, ...: full exactly when the count is 0 or a power of two from 4 on. */
    if (is_full)
        *items = arena_grow(arena, *items, used * item_size, (used ? used * 2 : 4) * item_size);
    item = (char *)*items + used * item_size;
    memset(item, 0, item_size);
    *count = used + 1;
    return item;
}
