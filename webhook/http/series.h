/* series: counters told apart by two names and a small number, as many as a maximum allows. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

struct series {
    struct bytes first, second;
    unsigned kind;
    uint64_t count;
};

/* A zeroed one with `max` set is empty. Not safe for use by two threads at once. */
struct series_table {
    struct arena arena; /* holds everything */
    struct series **slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count, max;
};

/* Count series->count more. What would pass the maximum is counted under the name "other". */
void series_count(struct series_table *table, const struct series *series);

/* Everything that `from` has, too. */
void series_count_all(struct series_table *table, const struct series_table *from);

/* In the order of their names. The array lives in `arena`. */
struct series **series_sort(const struct series_table *table, struct arena *arena);

void series_release(struct series_table *table);
