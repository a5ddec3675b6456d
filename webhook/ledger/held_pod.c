#include "ledger/held_pod.h"

#include "base/buf.h"
#include "base/memory.h"
#include "engine/claims.h"
#include "engine/facts.h"
#include "engine/workload.h"
#include "kube/quantity.h"

enum { MAX_NUMBER_BYTES = 32 };

void ask_keep_numbers(const struct ask *ask, struct arena *arena, struct ask *out)
{
    struct ask kept = {.requests = ask->requests,
                       .products = ask->products,
                       .claimed = ask->claimed};

    for (size_t i = 0; i < ask->annotation_count; i++) {
        struct annotation annotation = ask->annotations[i];
        struct amount number;

        if (!quantity_parse(annotation.value, &number, NULL))
            continue;
        if (annotation.value.len > MAX_NUMBER_BYTES)
            annotation.value = bytes_from(quantity_write_decimal(number, arena));
        *ARENA_APPEND(arena, kept.annotations, kept.annotation_count) = annotation;
    }
    *out = kept;
}

struct bytes held_pod_path(const struct held_pod *held, struct arena *arena)
{
    return claims_name(held->namespace, held->name, arena);
}

/* Any texts of any length. */
static struct bytes owner_of(const struct pod *pod, struct arena *arena)
{
    if (pod->owner_name.len == 0)
        return (struct bytes){0};
    return bytes_from(text_quote(arena, claims_name(pod->owner_kind, pod->owner_name, arena)));
}

void held_pod_init(struct held_pod *held, const struct pod *pod, struct bytes namespace,
                   struct bytes identity, struct arena *arena)
{
    struct ask ask;

    ask_from_pod(pod, arena, &ask);
    *held = (struct held_pod){.uid = pod->uid,
                              .has_uid = pod->uid.len > 0,
                              .namespace = namespace,
                              .name = pod->name,
                              .node = pod->node_name,
                              .workload = workload_of(pod, arena),
                              .owner = owner_of(pod, arena),
                              .priority_class = facts_class_of(pod)};
    ask_keep_numbers(&ask, arena, &held->ask);
    if (!held->has_uid)
        held->uid = claims_name(namespace, pod->name.len ? pod->name : identity, arena);
}

void held_claim_init(struct held_pod *held, const struct pod *metadata, struct bytes namespace,
                     const struct ask *ask, struct arena *arena)
{
    *held = (struct held_pod){.is_claim = true,
                              .uid = metadata->uid,
                              .has_uid = metadata->uid.len > 0,
                              .namespace = namespace,
                              .name = metadata->name,
                              .ask = *ask};
    if (!held->has_uid)
        held->uid = claims_name(BYTES("resourceclaims"),
                                claims_name(namespace, metadata->name, arena), arena);
}

static struct amount *find_request(struct ask *ask, struct bytes name)
{
    for (size_t i = 0; i < ask->requests.count; i++) {
        if (bytes_equal(ask->requests.items[i].name, name))
            return &ask->requests.items[i].amount;
    }
    return NULL;
}

static void merge_requests(const struct ask *from, struct arena *arena, struct ask *into)
{
    for (size_t i = 0; i < from->requests.count; i++) {
        const struct resource_amount *item = &from->requests.items[i];
        struct amount *amount = find_request(into, item->name);

        if (amount)
            *amount = amount_max(*amount, item->amount);
        else
            *ARENA_APPEND(arena, into->requests.items, into->requests.count) = *item;
    }
}

static bool is_larger(struct bytes value, struct bytes than)
{
    struct amount a, b;

    return quantity_parse(value, &a, NULL) && quantity_parse(than, &b, NULL) &&
           amount_compare(a, b) > 0;
}

static void merge_annotation(const struct annotation *from, struct arena *arena, struct ask *into)
{
    for (size_t i = 0; i < into->annotation_count; i++) {
        if (!bytes_equal(into->annotations[i].name, from->name))
            continue;
        if (is_larger(from->value, into->annotations[i].value))
            into->annotations[i].value = from->value;
        return;
    }
    *ARENA_APPEND(arena, into->annotations, into->annotation_count) = *from;
}

/* None pinned counts as the largest there is, so it swallows whatever the other one pins. */
static void merge_products(const struct strings *from, struct arena *arena, struct strings *into)
{
    if (into->count == 0)
        return;
    if (from->count == 0)
        *into = (struct strings){0};
    for (size_t i = 0; i < from->count; i++)
        strings_add_new(into, arena, from->items[i]);
}

/* What is asked for by claims never changes while the pod is there, so the newer look at it holds.
 * Where that saw less, what the older one saw is still asked for; what was made of templates is
 * told by the newer one. */
static const struct claimed *merge_claimed(const struct claimed *a, const struct claimed *b,
                                           struct arena *arena)
{
    struct claimed *merged;

    if (!a || !b || a->is_incomplete || !b->is_incomplete)
        return b;
    merged = arena_alloc(arena, sizeof(*merged));
    *merged = (struct claimed){.refs = b->refs, .devices = a->devices, .is_beyond = a->is_beyond};
    return merged;
}

void ask_merge(const struct ask *a, const struct ask *b, struct arena *arena, struct ask *out)
{
    struct ask merged = {.claimed = merge_claimed(a->claimed, b->claimed, arena)};

    for (size_t i = 0; i < a->products.count; i++)
        strings_add(&merged.products, arena, a->products.items[i]);
    merge_requests(a, arena, &merged);
    merge_requests(b, arena, &merged);
    for (size_t i = 0; i < a->annotation_count; i++)
        merge_annotation(&a->annotations[i], arena, &merged);
    for (size_t i = 0; i < b->annotation_count; i++)
        merge_annotation(&b->annotations[i], arena, &merged);
    merge_products(&b->products, arena, &merged.products);
    *out = merged;
}

void held_pod_merge(const struct held_pod *held, const struct held_pod *next, struct arena *arena,
                    struct held_pod *out)
{
    struct held_pod merged = *next;

    if (merged.node.len == 0)
        merged.node = held->node;
    if (merged.workload.len == 0)
        merged.workload = held->workload;
    if (merged.owner.len == 0)
        merged.owner = held->owner;
    if (merged.priority_class.len == 0)
        merged.priority_class = held->priority_class;
    if (merged.gone_at == 0)
        merged.gone_at = held->gone_at;
    ask_merge(&held->ask, &next->ask, arena, &merged.ask);
    *out = merged;
}

void held_pod_look_up(const struct held_pod *held, const struct held_pod *before,
                      const struct view *view, struct arena *arena, struct held_pod *out)
{
    *out = *held;
    claims_resolve_held(&out->ask, held->namespace, view, arena);
    if (before)
        out->ask.claimed = merge_claimed(before->ask.claimed, out->ask.claimed, arena);
}

static bool claimed_are_equal(const struct claimed *a, const struct claimed *b)
{
    if (!a || !b)
        return a == b;
    return a->is_incomplete == b->is_incomplete && a->is_beyond == b->is_beyond &&
           claim_refs_equal(&a->refs, &b->refs) && device_asks_equal(&a->devices, &b->devices);
}

bool ask_equal(const struct ask *a, const struct ask *b)
{
    if (a->requests.count != b->requests.count || a->annotation_count != b->annotation_count ||
        a->products.count != b->products.count || !claimed_are_equal(a->claimed, b->claimed))
        return false;
    for (size_t i = 0; i < a->requests.count; i++) {
        if (!bytes_equal(a->requests.items[i].name, b->requests.items[i].name) ||
            amount_compare(a->requests.items[i].amount, b->requests.items[i].amount) != 0)
            return false;
    }
    for (size_t i = 0; i < a->annotation_count; i++) {
        if (!bytes_equal(a->annotations[i].name, b->annotations[i].name) ||
            !bytes_equal(a->annotations[i].value, b->annotations[i].value))
            return false;
    }
    for (size_t i = 0; i < a->products.count; i++) {
        if (strcmp(a->products.items[i], b->products.items[i]) != 0)
            return false;
    }
    return true;
}

bool held_pod_equal(const struct held_pod *a, const struct held_pod *b)
{
    return a->is_claim == b->is_claim && bytes_equal(a->uid, b->uid) && a->has_uid == b->has_uid &&
           bytes_equal(a->namespace, b->namespace) && bytes_equal(a->name, b->name) &&
           bytes_equal(a->node, b->node) && bytes_equal(a->workload, b->workload) &&
           bytes_equal(a->owner, b->owner) && bytes_equal(a->priority_class, b->priority_class) &&
           a->gone_at == b->gone_at && ask_equal(&a->ask, &b->ask);
}

size_t ask_room(const struct ask *ask)
{
    size_t size = ask->requests.count * sizeof(*ask->requests.items) +
                  ask->annotation_count * sizeof(*ask->annotations) +
                  ask->products.count * sizeof(*ask->products.items);

    if (ask->claimed)
        size += sizeof(*ask->claimed) + claim_refs_room(&ask->claimed->refs) +
                device_asks_room(&ask->claimed->devices);
    for (size_t i = 0; i < ask->requests.count; i++)
        size += ask->requests.items[i].name.len;
    for (size_t i = 0; i < ask->annotation_count; i++)
        size += ask->annotations[i].name.len + ask->annotations[i].value.len;
    for (size_t i = 0; i < ask->products.count; i++)
        size += strlen(ask->products.items[i]) + 1;
    return size;
}

size_t held_pod_room(const struct held_pod *held)
{
    return ask_room(&held->ask) + held->uid.len + held->namespace.len + held->name.len +
           held->node.len + held->workload.len + held->owner.len + held->priority_class.len;
}

static void *place(char **room, const void *from, size_t size)
{
    return (void *)memory_place(room, (struct bytes){from, size}).data;
}

static void place_text(char **room, struct bytes *text)
{
    *text = memory_place(room, *text);
}

static const struct claimed *place_claimed(char **room, const struct claimed *claimed)
{
    struct claimed *copy;

    if (!claimed)
        return NULL;
    copy = place(room, claimed, sizeof(*claimed));
    claim_refs_copy(&claimed->refs, room, &copy->refs);
    device_asks_copy(&claimed->devices, room, &copy->devices);
    return copy;
}

void ask_copy(const struct ask *from, char **room, struct ask *ask)
{
    *ask = *from;
    /* What must be aligned comes first. */
    ask->requests.items =
        place(room, ask->requests.items, ask->requests.count * sizeof(*ask->requests.items));
    ask->annotations =
        place(room, ask->annotations, ask->annotation_count * sizeof(*ask->annotations));
    ask->products.items =
        place(room, ask->products.items, ask->products.count * sizeof(*ask->products.items));
    ask->claimed = place_claimed(room, ask->claimed);
    for (size_t i = 0; i < ask->requests.count; i++)
        place_text(room, &ask->requests.items[i].name);
    for (size_t i = 0; i < ask->annotation_count; i++) {
        place_text(room, &ask->annotations[i].name);
        place_text(room, &ask->annotations[i].value);
    }
    for (size_t i = 0; i < ask->products.count; i++)
        ask->products.items[i] =
            place(room, ask->products.items[i], strlen(ask->products.items[i]) + 1);
}

void held_pod_copy(const struct held_pod *held, void *room, struct held_pod *out)
{
    char *rest = room;

    *out = *held;
    ask_copy(&held->ask, &rest, &out->ask);
    place_text(&rest, &out->uid);
    place_text(&rest, &out->namespace);
    place_text(&rest, &out->name);
    place_text(&rest, &out->node);
    place_text(&rest, &out->workload);
    place_text(&rest, &out->owner);
    place_text(&rest, &out->priority_class);
}
