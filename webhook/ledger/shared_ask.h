/* shared_ask: what pods ask for, kept once for all that ask for the same. Most pods come by the
 * dozen. */
#pragma once

#include "base/table.h"
#include "tenancy/demand.h"

struct shared_ask {
    struct table_link link;
    size_t holders;
    struct ask ask; /* refers to nothing but what is behind it */
};

/* With the secret of `table`: of equal asks equal. */
uint64_t ask_hash(const struct table *table, const struct ask *ask);

/* The one of `table` that is equal to `ask`, made where there is none; held once more. */
struct shared_ask *shared_ask_hold(struct table *table, const struct ask *ask);

/* The last one who lets go of it frees it. */
void shared_ask_drop(struct table *table, struct shared_ask *shared);
