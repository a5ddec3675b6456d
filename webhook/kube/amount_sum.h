/* amount_sum: amounts by resource name that are being added up. Finds a name in constant time,
 * however many there are and however they were chosen: each container of a pod may bring hundreds.
 *
 * A zeroed one with an arena is empty. */
#pragma once

#include "kube/pod.h"

struct amount_sum {
    struct arena *arena;
    struct resource_amounts amounts; /* in order of first appearance */
    uint32_t *slots;                 /* places in `amounts` by hash, plus 1; 0 is free */
    size_t slot_count;
};

/* NULL where it isn't there. Valid until the next name is added. */
struct amount *amount_sum_find(const struct amount_sum *sum, struct bytes name);

/* Made with 0 where it isn't there. Likewise. */
struct amount *amount_sum_slot(struct amount_sum *sum, struct bytes name);

/* Add to a name's amount; false when the sum doesn't fit. */
bool amount_sum_add(struct amount_sum *sum, const struct resource_amount *item,
                    struct error *err) MUST_CHECK;
bool amount_sum_add_all(struct amount_sum *sum, const struct resource_amounts *from,
                        struct error *err) MUST_CHECK;

/* The larger of its amount and this one. */
void amount_sum_raise(struct amount_sum *sum, struct bytes name, struct amount amount);
