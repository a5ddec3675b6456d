#include "ledger/holders.h"

#include <assert.h>

static int compare(const void *a, const void *b)
{
    return tally_compare(a, b);
}

/* Sorted, without those that hold nothing. */
static size_t choose(struct tally *found, size_t count, size_t most, struct tally *out)
{
    size_t chosen = 0;

    if (count > 1)
        qsort(found, count, sizeof(*found), compare);
    for (size_t i = 0; i < count && chosen < most; i++) {
        if (!amount_is_zero(tally_amount(&found[i])))
            out[chosen++] = found[i];
    }
    return chosen;
}

static bool is_left_out(const struct holders_query *query, const struct holding *holding)
{
    for (size_t i = 0; i < query->left_out_count; i++) {
        if (query->left_out[i] == holding)
            return true;
    }
    return false;
}

/* ---- GPUs */

static void take_off(const struct holders_query *query, const struct tally *tally,
                     struct tally *copy)
{
    for (size_t i = 0; i < query->left_out_count; i++) {
        const struct weight *weight = query->left_out[i]->weight;

        if (!weight || weight->tallies[TALLY_HOLDERS] != tally)
            continue;
        copy->count--;
        if (!copy->is_beyond && !amount_subtract(copy->sum, weight->gpus, &copy->sum))
            copy->is_beyond = true;
        copy->is_beyond &= copy->count > 0;
    }
}

/* Each that is left out can only make a smaller one of what is among the largest. */
static size_t find_gpus(const struct holders_query *query, size_t most, struct tally *out)
{
    const struct tally_heap *heap =
        &query->holdings->tenants[query->tenant->index].tallies[TALLY_HOLDERS];
    size_t wanted = most + query->left_out_count;
    const struct tally *largest[TALLIES_MOST];
    struct tally copies[TALLIES_MOST];
    size_t count = tallies_find(heap, wanted < TALLIES_MOST ? wanted : TALLIES_MOST, largest);

    for (size_t i = 0; i < count; i++) {
        copies[i] = *largest[i];
        take_off(query, largest[i], &copies[i]);
    }
    return choose(copies, count, most, out);
}

/* ---- other resources */

static struct tally tally_of(const struct holders_query *query, const struct holding *holding)
{
    const struct held_pod pod = holding_pod(holding);
    struct tally tally = {.is_single = pod.owner.len == 0,
                          .is_claim = pod.is_claim,
                          .namespace = pod.namespace,
                          .name = pod.owner.len ? pod.owner : pod.name};

    tally.is_beyond = !resource_cap_sum(query->resource, &pod.ask, &tally.sum);
    return tally;
}

static int compare_names(const void *a, const void *b)
{
    const struct tally *left = a, *right = b;
    int order = bytes_compare(left->namespace, right->namespace);

    if (!order)
        order = (int)left->is_single - (int)right->is_single;
    return order ? order : bytes_compare(left->name, right->name);
}

/* Those of one controller, which stand side by side, become one. */
static size_t add_up(struct tally *tallies, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct tally *last = kept ? &tallies[kept - 1] : NULL;

        if (last && !last->is_single && compare_names(last, &tallies[i]) == 0)
            last->is_beyond |=
                tallies[i].is_beyond || !amount_add(last->sum, tallies[i].sum, &last->sum);
        else
            tallies[kept++] = tallies[i];
    }
    return kept;
}

struct found {
    struct arena arena;
    struct tally *items;
    size_t count;
};

static void add_namespace(const struct holders_query *query,
                          const struct namespace_holdings *namespace, struct found *found)
{
    const struct holding *each;

    for (each = TAILQ_FIRST(&namespace->all); each && found->count <= HOLDERS_PODS;
         each = TAILQ_NEXT(each, in_namespace)) {
        if (each->tenant == query->tenant && !is_left_out(query, each))
            *ARENA_APPEND(&found->arena, found->items, found->count) = tally_of(query, each);
    }
}

static size_t find_resource(const struct holders_query *query, size_t most, struct tally *out)
{
    const struct namespace_holdings *each;
    struct found found = {0};
    size_t count = 0;

    if (query->holdings->tenants[query->tenant->index].pods > HOLDERS_PODS)
        return 0;
    for (each = TAILQ_FIRST(&query->holdings->all_namespaces); each;
         each = TAILQ_NEXT(each, in_all)) {
        if (each->tenant == query->tenant)
            add_namespace(query, each, &found);
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof(*found.items), compare_names);
    if (found.count <= HOLDERS_PODS)
        count = choose(found.items, add_up(found.items, found.count), most, out);
    arena_release(&found.arena);
    return count;
}

size_t holders_find(const struct holders_query *query, size_t most, struct tally *out)
{
    assert(most <= HOLDERS_MOST);
    return query->resource ? find_resource(query, most, out) : find_gpus(query, most, out);
}
