#include "http/series.h"

static uint64_t hash(const struct series *series)
{
    uint64_t first = bytes_hash(series->first), second = bytes_hash(series->second);

    return first ^ (second << 1 | second >> 63) ^ series->kind * 0x9e3779b97f4a7c15u;
}

static bool is_same(const struct series *a, const struct series *b)
{
    return a->kind == b->kind && bytes_equal(a->first, b->first) &&
           bytes_equal(a->second, b->second);
}

/* Where a series is, or would be. */
static struct series **find(const struct series_table *table, const struct series *series)
{
    size_t at = hash(series) & (table->slot_count - 1);

    while (table->slots[at] && !is_same(table->slots[at], series))
        at = (at + 1) & (table->slot_count - 1);
    return &table->slots[at];
}

static void make_room(struct series_table *table)
{
    struct series_table old = *table;

    if (table->count * 2 < table->slot_count)
        return;
    table->slot_count = old.slot_count ? old.slot_count * 2 : 64;
    table->slots = arena_alloc(&table->arena, table->slot_count * sizeof(struct series *));
    for (size_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i])
            *find(table, old.slots[i]) = old.slots[i];
    }
}

void series_count(struct series_table *table, const struct series *series)
{
    const struct series other = {BYTES("other"), BYTES("other"), series->kind, series->count};
    struct series **slot;

    make_room(table);
    slot = find(table, series);
    if (!*slot && table->count >= table->max) {
        series = &other;
        slot = find(table, series);
    }
    if (!*slot) {
        *slot = arena_alloc(&table->arena, sizeof(**slot));
        (*slot)->first = arena_copy_bytes(&table->arena, series->first);
        (*slot)->second = arena_copy_bytes(&table->arena, series->second);
        (*slot)->kind = series->kind;
        table->count++;
    }
    (*slot)->count += series->count;
}

void series_count_all(struct series_table *table, const struct series_table *from)
{
    for (size_t i = 0; i < from->slot_count; i++) {
        if (from->slots[i])
            series_count(table, from->slots[i]);
    }
}

static int compare(const void *a, const void *b)
{
    const struct series *x = *(struct series *const *)a, *y = *(struct series *const *)b;
    int order = bytes_compare(x->first, y->first);

    if (!order)
        order = bytes_compare(x->second, y->second);
    return order ? order : (int)x->kind - (int)y->kind;
}

struct series **series_sort(const struct series_table *table, struct arena *arena)
{
    struct series **sorted = arena_alloc(arena, table->count * sizeof(struct series *));
    size_t count = 0;

    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i])
            sorted[count++] = table->slots[i];
    }
    qsort(sorted, count, sizeof(struct series *), compare);
    return sorted;
}

void series_release(struct series_table *table)
{
    arena_release(&table->arena);
    *table = (struct series_table){.max = table->max};
}
