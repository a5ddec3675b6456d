/* json_table: finds a doubled name in an object of many members, however they were chosen.
 *
 * A hash table with a keyed hash: whoever does not know the key can't write names that collide.
 * For json.c only. */
#pragma once

#include "base/json.h"

/* Scratch memory, used for one object after the other. A zeroed one with an arena is ready. */
struct item_table {
    struct arena *arena;
    uint64_t *slots;
    size_t capacity;
};

/* The first name in the closed object that an earlier member has, too; NULL where there is none.
 * `decoded` is the document's. */
const struct document_item *item_table_find_double(struct item_table *table,
                                                   const struct document_item *object,
                                                   const char *decoded);
