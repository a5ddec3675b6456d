#include "kube/amount_sum.h"

#include "base/buf.h"
#include "base/siphash.h"

enum { FEW = 16 }; /* so many are compared one after the other */

/* The slot that leads to the name, or the free one where it would go. */
static uint32_t *find_slot(const struct amount_sum *sum, struct bytes name)
{
    for (size_t at = siphash_text(name);; at++) {
        uint32_t *slot = &sum->slots[at & (sum->slot_count - 1)];

        if (*slot == 0 || bytes_equal(sum->amounts.items[*slot - 1].name, name))
            return slot;
    }
}

struct amount *amount_sum_find(const struct amount_sum *sum, struct bytes name)
{
    uint32_t found = 0;

    if (sum->amounts.count > FEW) {
        found = *find_slot(sum, name);
        return found ? &sum->amounts.items[found - 1].amount : NULL;
    }
    while (found < sum->amounts.count && !bytes_equal(sum->amounts.items[found].name, name))
        found++;
    return found < sum->amounts.count ? &sum->amounts.items[found].amount : NULL;
}

/* At most half of the slots are taken. */
static void make_slots(struct amount_sum *sum)
{
    sum->slot_count = 4 * sum->amounts.count;
    while (sum->slot_count & (sum->slot_count - 1))
        sum->slot_count += sum->slot_count & -sum->slot_count;
    sum->slots = arena_alloc(sum->arena, sum->slot_count * sizeof(*sum->slots));
    for (size_t i = 0; i < sum->amounts.count; i++)
        *find_slot(sum, sum->amounts.items[i].name) = (uint32_t)i + 1;
}

struct amount *amount_sum_slot(struct amount_sum *sum, struct bytes name)
{
    struct amount *found = amount_sum_find(sum, name);
    struct resource_amount *item;

    if (found)
        return found;
    item = ARENA_APPEND(sum->arena, sum->amounts.items, sum->amounts.count);
    item->name = name;
    if (sum->amounts.count > FEW && sum->amounts.count * 2 > sum->slot_count)
        make_slots(sum);
    else if (sum->amounts.count > FEW)
        *find_slot(sum, name) = (uint32_t)sum->amounts.count;
    return &item->amount;
}

bool amount_sum_add(struct amount_sum *sum, const struct resource_amount *item, struct error *err)
{
    struct amount *amount = amount_sum_slot(sum, item->name);

    if (amount_add(*amount, item->amount, amount))
        return true;
    return error_set_limit(err, "the sum of %s does not fit 64 bits",
                           text_quote(sum->arena, item->name));
}

bool amount_sum_add_all(struct amount_sum *sum, const struct resource_amounts *from,
                        struct error *err)
{
    for (size_t i = 0; i < from->count; i++) {
        if (!amount_sum_add(sum, &from->items[i], err))
            return false;
    }
    return true;
}

void amount_sum_raise(struct amount_sum *sum, struct bytes name, struct amount amount)
{
    struct amount *kept = amount_sum_slot(sum, name);

    *kept = amount_max(*kept, amount);
}
