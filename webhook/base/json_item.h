/* json_item: how a document lies in memory. For json.c, which writes it, and json_value.c and
 * field.c, which read it; nobody else includes this.
 *
 * Items stand in the order of the text. Item 0 is the document itself, item 1 its value. An array
 * is followed by its elements, an object by pairs of a name and a value. */
#pragma once

#include "base/json.h"

struct document_item {
    uint32_t start, end; /* its own bytes in the text, quotes and brackets included */
    uint32_t info;       /* enum value_type, flags, and from bit 5 on the count of elements */
    uint32_t span; /* array, object: 1 and the items in it; ITEM_ESCAPED: the decoded length */
};

enum {
    ITEM_TYPE = 7,
    ITEM_ESCAPED = 1 << 3, /* a string that is written longer than what it means */
    ITEM_NAME = 1 << 4,    /* the name of the member whose value is the next item */
    ITEM_COUNT_SHIFT = 5,
};

/* A count that does not fit is stored as this one. */
#define ITEM_COUNT_MAX ((UINT32_C(1) << (32 - ITEM_COUNT_SHIFT)) - 1)

static inline enum value_type item_type(const struct document_item *item)
{
    return (enum value_type)(item->info & ITEM_TYPE);
}

/* What follows the item and everything in it. */
static inline const struct document_item *item_after(const struct document_item *item)
{
    return item + (item_type(item) >= VALUE_ARRAY ? item->span : 1);
}

/* The decoded text of a string or a name. `decoded` is the document's. */
static inline struct bytes item_text(const struct document_item *item, const char *decoded)
{
    bool is_escaped = item->info & ITEM_ESCAPED;

    return (struct bytes){decoded + item->start + 1,
                          is_escaped ? item->span : item->end - item->start - 2};
}

/* How many elements a closed container has; where that was too many to store, some number above. */
static inline size_t item_count_at_most(const struct document_item *item)
{
    uint32_t count = item->info >> ITEM_COUNT_SHIFT;

    return count < ITEM_COUNT_MAX ? count : item->span;
}
