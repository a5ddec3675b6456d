#include "ledger/claim_uses.h"

#include "base/memory.h"

/* Made with the first use of a name in a namespace, gone with the last. */
struct used_claim {
    struct table_link link;
    const struct namespace_holdings *namespace;
    struct bytes name;
    struct claim_use_list uses;
};

static struct used_claim *find(const struct holdings *holdings,
                               const struct namespace_holdings *namespace, struct bytes name)
{
    uint64_t hash = table_hash(&holdings->claims, namespace->name, name);

    for (struct table_link *link = table_first(&holdings->claims, hash); link;
         link = table_next(link)) {
        struct used_claim *claim = TABLE_THING(link, struct used_claim, link);

        if (claim->namespace == namespace && bytes_equal(claim->name, name))
            return claim;
    }
    return NULL;
}

static struct used_claim *new_claim(struct holdings *holdings,
                                    const struct namespace_holdings *namespace, struct bytes name)
{
    struct used_claim *claim = memory_alloc(sizeof(*claim) + name.len);
    char *room = (char *)(claim + 1);

    claim->namespace = namespace;
    claim->name = memory_place(&room, name);
    TAILQ_INIT(&claim->uses);
    table_add(&holdings->claims, &claim->link,
              table_hash(&holdings->claims, namespace->name, name));
    return claim;
}

static void add(struct holdings *holdings, struct holding *holding, struct bytes name)
{
    struct used_claim *claim = find(holdings, holding->namespace, name);
    struct claim_use *last = claim ? TAILQ_LAST(&claim->uses, claim_use_list) : NULL, *use;

    if (name.len == 0 || (last && last->holding == holding))
        return;
    use = memory_alloc(sizeof(*use));
    use->holding = holding;
    use->claim = claim ? claim : new_claim(holdings, holding->namespace, name);
    use->next = holding->uses;
    holding->uses = use;
    TAILQ_INSERT_TAIL(&use->claim->uses, use, in_claim);
}

void claim_uses_add(struct holdings *holdings, struct holding *holding)
{
    const struct claimed *claimed = holding->ask->ask.claimed;

    for (size_t i = 0; claimed && i < claimed->refs.count; i++) {
        add(holdings, holding, claimed->refs.items[i].claim);
        add(holdings, holding, claimed->refs.items[i].template);
    }
}

static void leave(struct holdings *holdings, struct used_claim *claim, struct claim_use *use)
{
    TAILQ_REMOVE(&claim->uses, use, in_claim);
    if (!TAILQ_EMPTY(&claim->uses))
        return;
    table_remove(&holdings->claims, &claim->link);
    free(claim);
}

void claim_uses_remove(struct holdings *holdings, struct holding *holding)
{
    for (struct claim_use *use; (use = holding->uses);) {
        holding->uses = use->next;
        leave(holdings, use->claim, use);
        free(use);
    }
}

const struct claim_use *holdings_first_use(const struct holdings *holdings, struct bytes namespace,
                                           struct bytes name)
{
    const struct namespace_holdings *found = holdings_find_namespace(holdings, namespace);
    const struct used_claim *claim = found ? find(holdings, found, name) : NULL;

    return claim ? TAILQ_FIRST(&claim->uses) : NULL;
}
