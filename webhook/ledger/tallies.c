#include "ledger/tallies.h"

#include <assert.h>

#include "base/memory.h"
#include "ledger/holdings.h"

struct amount tally_amount(const struct tally *tally)
{
    return tally->is_beyond ? amount_of(INT64_MAX) : tally->sum;
}

int tally_compare(const struct tally *a, const struct tally *b)
{
    int order = amount_compare(tally_amount(b), tally_amount(a));

    if (!order)
        order = bytes_compare(a->namespace, b->namespace);
    if (!order)
        order = bytes_compare(a->name, b->name);
    return order ? order : (int)a->is_claim - (int)b->is_claim;
}

/* ---- the heap */

static void put(struct tally_heap *heap, uint32_t place, struct tally *tally)
{
    heap->items[place] = tally;
    tally->place = place;
}

static void move_up(struct tally_heap *heap, struct tally *tally)
{
    uint32_t place = tally->place;

    for (; place > 0; place = (place - 1) / 2) {
        struct tally *parent = heap->items[(place - 1) / 2];

        if (tally_compare(parent, tally) <= 0)
            break;
        put(heap, place, parent);
    }
    put(heap, place, tally);
}

static void move_down(struct tally_heap *heap, struct tally *tally)
{
    uint32_t place = tally->place;

    for (uint32_t child = 2 * place + 1; child < heap->count; child = 2 * place + 1) {
        if (child + 1 < heap->count &&
            tally_compare(heap->items[child + 1], heap->items[child]) < 0)
            child++;
        if (tally_compare(tally, heap->items[child]) <= 0)
            break;
        put(heap, place, heap->items[child]);
        place = child;
    }
    put(heap, place, tally);
}

static void heap_add(struct tally_heap *heap, struct tally *tally)
{
    if (heap->count == heap->capacity) {
        struct tally **items = heap->items;

        heap->capacity = heap->capacity ? 2 * heap->capacity : 8;
        heap->items = memory_alloc(heap->capacity * sizeof(struct tally *));
        if (items)
            memcpy(heap->items, items, heap->count * sizeof(struct tally *));
        free(items);
    }
    tally->heap = heap;
    tally->place = heap->count;
    heap->items[heap->count++] = tally;
    move_up(heap, tally);
}

static void heap_remove(struct tally_heap *heap, const struct tally *tally)
{
    struct tally *last = heap->items[--heap->count];

    if (last != tally) {
        put(heap, tally->place, last);
        move_up(heap, last);
        move_down(heap, last);
    }
    if (heap->count == 0) {
        free(heap->items);
        *heap = (struct tally_heap){0};
    }
}

size_t tallies_find(const struct tally_heap *heap, size_t most, const struct tally **out)
{
    size_t front[TALLIES_MOST + 1] = {0}, fronts = heap->count > 0, count = 0;

    assert(most <= TALLIES_MOST);
    while (count < most && fronts > 0) {
        size_t first = 0, place;

        for (size_t i = 1; i < fronts; i++) {
            if (tally_compare(heap->items[front[i]], heap->items[front[first]]) < 0)
                first = i;
        }
        place = front[first];
        out[count++] = heap->items[place];
        front[first] = front[--fronts];
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < heap->count; child++)
            front[fronts++] = child;
    }
    return count;
}

/* ---- tallies */

/* Many tenants have the same classes. */
static uint64_t hash_of(const struct holdings *holdings, const struct tally *key)
{
    return table_hash(&holdings->tallies, key->namespace, key->name) +
           (uint64_t)(uintptr_t)key->heap * 0x9e3779b97f4a7c15;
}

static struct tally *find(const struct holdings *holdings, const struct tally *key)
{
    for (struct table_link *link = table_first(&holdings->tallies, hash_of(holdings, key)); link;
         link = table_next(link)) {
        struct tally *tally = TABLE_THING(link, struct tally, link);

        if (tally->heap == key->heap && bytes_equal(tally->namespace, key->namespace) &&
            bytes_equal(tally->name, key->name))
            return tally;
    }
    return NULL;
}

const struct tally *tallies_find_class(const struct holdings *holdings,
                                       const struct tally_heap *heap, struct bytes class_name)
{
    const struct tally key = {.heap = (struct tally_heap *)heap, .name = class_name};

    return find(holdings, &key);
}

static struct tally *new_tally(struct holdings *holdings, const struct tally *key)
{
    size_t texts = key->is_single ? 0 : key->namespace.len + key->name.len;
    struct tally *tally = memory_alloc(sizeof(*tally) + texts);
    char *room = (char *)(tally + 1);

    *tally = *key;
    if (!tally->is_single) {
        tally->namespace = memory_place(&room, key->namespace);
        tally->name = memory_place(&room, key->name);
        table_add(&holdings->tallies, &tally->link, hash_of(holdings, key));
    }
    heap_add(key->heap, tally);
    return tally;
}

static struct tally *join(struct holdings *holdings, const struct tally *key,
                          const struct weight *weight)
{
    struct tally *tally = key->is_single ? NULL : find(holdings, key);

    if (!tally)
        tally = new_tally(holdings, key);
    tally->count++;
    tally->is_beyond |= weight->is_beyond || !amount_add(tally->sum, weight->gpus, &tally->sum);
    move_up(tally->heap, tally);
    return tally;
}

static void leave(struct holdings *holdings, struct tally *tally, const struct weight *weight)
{
    if (--tally->count == 0) {
        heap_remove(tally->heap, tally);
        if (!tally->is_single)
            table_remove(&holdings->tallies, &tally->link);
        free(tally);
        return;
    }
    if (!tally->is_beyond)
        tally->is_beyond = !amount_subtract(tally->sum, weight->gpus, &tally->sum);
    move_up(tally->heap, tally);
    move_down(tally->heap, tally);
}

void tallies_add(struct holdings *holdings, struct holding *holding)
{
    const struct held_pod pod = holding_pod(holding);
    struct tally_heap *heaps = holdings->tenants[holding->tenant->index].tallies;
    bool is_single = pod.owner.len == 0;
    const struct tally keys[] = {
        [TALLY_HOLDERS] = {.heap = &heaps[TALLY_HOLDERS],
                           .is_single = is_single,
                           .is_claim = pod.is_claim,
                           .namespace = pod.namespace,
                           .name = is_single ? pod.name : pod.owner},
        [TALLY_CLASSES] = {.heap = &heaps[TALLY_CLASSES], .name = pod.priority_class},
        [TALLY_NAMESPACES] = {.heap = &heaps[TALLY_NAMESPACES], .namespace = pod.namespace},
    };

    for (int kind = 0; holding->weight && kind < TALLY_KINDS; kind++)
        holding->weight->tallies[kind] = join(holdings, &keys[kind], holding->weight);
}

void tallies_remove(struct holdings *holdings, struct holding *holding)
{
    struct weight *weight = holding->weight;

    for (int kind = 0; weight && kind < TALLY_KINDS && weight->tallies[kind]; kind++) {
        leave(holdings, weight->tallies[kind], weight);
        weight->tallies[kind] = NULL;
    }
}
