#include "ledger/shared_ask.h"

#include "base/memory.h"
#include "base/siphash.h"
#include "ledger/held_pod.h"

/* Nearly all that tells two apart is in it. Amounts are in lowest terms. */
uint64_t ask_hash(const struct table *table, const struct ask *ask)
{
    struct siphash hash = siphash_start(table->secret);

    for (size_t i = 0; i < ask->requests.count; i++) {
        const struct resource_amount *item = &ask->requests.items[i];

        siphash_add(&hash, item->name);
        siphash_add(&hash, (struct bytes){(const char *)&item->amount, sizeof(item->amount)});
    }
    for (size_t i = 0; i < ask->annotation_count; i++) {
        siphash_add(&hash, ask->annotations[i].name);
        siphash_add(&hash, ask->annotations[i].value);
    }
    for (size_t i = 0; i < ask->products.count; i++)
        siphash_add(&hash, bytes_from(ask->products.items[i]));
    for (size_t i = 0; ask->claimed && i < ask->claimed->refs.count; i++) {
        siphash_add(&hash, ask->claimed->refs.items[i].claim);
        siphash_add(&hash, ask->claimed->refs.items[i].template);
    }
    return siphash_finish(&hash);
}

static struct shared_ask *find(const struct table *table, uint64_t hash, const struct ask *ask)
{
    for (struct table_link *link = table_first(table, hash); link; link = table_next(link)) {
        struct shared_ask *shared = TABLE_THING(link, struct shared_ask, link);

        if (ask_equal(&shared->ask, ask))
            return shared;
    }
    return NULL;
}

struct shared_ask *shared_ask_hold(struct table *table, const struct ask *ask)
{
    uint64_t hash = ask_hash(table, ask);
    struct shared_ask *shared = find(table, hash, ask);

    if (!shared) {
        char *rest;

        shared = memory_alloc(sizeof(*shared) + ask_room(ask));
        rest = (char *)(shared + 1);
        ask_copy(ask, &rest, &shared->ask);
        table_add(table, &shared->link, hash);
    }
    shared->holders++;
    return shared;
}

void shared_ask_drop(struct table *table, struct shared_ask *shared)
{
    if (--shared->holders)
        return;
    table_remove(table, &shared->link);
    free(shared);
}
