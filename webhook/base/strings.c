#include "base/strings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { LONGEST_COMPARED = 64, LONGEST_JOINED = 1024 * 1024 };

void strings_add(struct strings *strings, struct arena *arena, const char *text)
{
    *ARENA_APPEND(arena, strings->items, strings->count) = text;
}

bool strings_has(const struct strings *strings, struct bytes text)
{
    for (size_t i = 0; i < strings->count; i++) {
        if (bytes_is(text, strings->items[i]))
            return true;
    }
    return false;
}

bool strings_add_new(struct strings *strings, struct arena *arena, const char *text)
{
    bool is_new = !strings_has(strings, bytes_from(text));

    if (is_new)
        strings_add(strings, arena, text);
    return is_new;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void strings_sort(struct strings *strings)
{
    if (strings->count)
        qsort(strings->items, strings->count, sizeof(*strings->items), compare_texts);
}

const char *strings_join(const struct strings *strings, size_t most, struct arena *arena)
{
    size_t shown = strings->count < most ? strings->count : most;
    struct buf buf;

    if (strings->count == 0)
        return "";
    buf_init(&buf, arena, LONGEST_JOINED);
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            buf_add(&buf, BYTES(", "));
        buf_add_text(&buf, strings->items[i]);
    }
    if (shown < strings->count)
        buf_printf(&buf, "%s%zu more", shown ? " and " : "", strings->count - shown);
    return buf_bytes(&buf).data;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be changed, left out, put in or swapped with their neighbour to get from
 * one text to the other (optimal string alignment). Both at most LONGEST_COMPARED long. */
static size_t edit_distance(struct bytes a, struct bytes b)
{
    size_t rows[3][LONGEST_COMPARED + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *oldest = before;

        before = last;
        last = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);

            row[j] = smaller(smaller(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return row[b.len];
}

const char *strings_nearest(const char *const *candidates, size_t count, struct bytes text)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;

    if (text.len > LONGEST_COMPARED)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct bytes candidate = bytes_from(candidates[i]);
        size_t longer = candidate.len > text.len ? candidate.len : text.len;
        size_t distance;

        if (candidate.len > LONGEST_COMPARED)
            continue;
        distance = edit_distance(text, candidate);
        if (distance <= longer / 3 && distance < least) {
            nearest = candidates[i];
            least = distance;
        }
    }
    return nearest;
}
