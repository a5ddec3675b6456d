/* holders: who holds the most of what a tenant holds. */
#pragma once

#include "ledger/holdings.h"

enum {
    HOLDERS_MOST = 16,
    /* Only of GPUs the sums are kept. Of more pods than these they aren't added up for another
     * resource, since all other decisions wait meanwhile. */
    HOLDERS_PODS = 1000,
};

struct holders_query {
    const struct holdings *holdings;
    const struct tenant *tenant;
    const struct resource_cap *resource;   /* NULL: GPUs */
    const struct holding *const *left_out; /* these don't count */
    size_t left_out_count;
};

/* The `most` (at most HOLDERS_MOST) that hold the most and more than nothing, as they are told; how
 * many there are. What they are called refers to the holdings. */
size_t holders_find(const struct holders_query *query, size_t most, struct tally *out);
