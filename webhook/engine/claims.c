#include "engine/claims.h"

#include "base/memory.h"

struct bytes claims_name(struct bytes namespace, struct bytes name, struct arena *arena)
{
    size_t len = namespace.len + 1 + name.len;
    char *text = arena_alloc(arena, len), *rest = text;

    memory_place(&rest, namespace);
    memory_place(&rest, BYTES("/"));
    memory_place(&rest, name);
    return (struct bytes){text, len};
}

/* What was made from a template is what the pod has; until it is there the template tells. */
static const struct view_object *find_claim(const struct view *view, struct bytes namespace,
                                            const struct claim_ref *ref, struct arena *arena)
{
    const struct view_object *found = NULL;

    if (ref->claim.len)
        found = view_find(view, VIEW_CLAIMS, claims_name(namespace, ref->claim, arena));
    if (!found && ref->template.len)
        found = view_find(view, VIEW_CLAIM_TEMPLATES, claims_name(namespace, ref->template, arena));
    return found;
}

/* One ask that is looked up. */
struct search {
    const struct ask *ask;
    const struct view *view;
    struct arena *arena;
    struct claimed found;
};

static struct device_ask *add_device(struct search *search, const struct device_ask *device)
{
    const struct view_object *class =
        view_find(search->view, VIEW_DEVICE_CLASSES, device_class(device));
    struct device_ask *added =
        ARENA_APPEND(search->arena, search->found.devices.items, search->found.devices.count);

    *added = *device;
    added->request = (struct bytes){0};
    added->extended = class ? class->extended_resource : (struct bytes){0};
    return added;
}

static bool has_room(struct search *search)
{
    search->found.is_beyond |= search->found.devices.count >= POD_MAX_DEVICE_ASKS;
    return !search->found.is_beyond;
}

/* What was made for one pod counts for nobody once that is gone, and another that names it may be
 * there still: it counts with each of them. */
static void add_claim(struct search *search, const struct claim_ref *ref,
                      const struct view_object *claim)
{
    for (size_t i = 0; i < claim->devices.count && has_room(search); i++)
        add_device(search, &claim->devices.items[i])->origin =
            ref->template.len || claim->is_made ? DEVICE_CLAIMED : DEVICE_SHARED;
}

static void add_refs(struct search *search, const struct claim_refs *refs, struct bytes namespace)
{
    search->found.refs = *refs;
    for (size_t i = 0; i < refs->count; i++) {
        const struct view_object *claim =
            find_claim(search->view, namespace, &refs->items[i], search->arena);

        if (claim)
            add_claim(search, &refs->items[i], claim);
        else
            search->found.is_incomplete = true;
    }
}

/* The API server lets the class that was made last have a name that several give themselves: that
 * isn't looked at, and the largest counts. */
static void add_requested(void *context, const struct view_object *class)
{
    struct search *search = context;
    const struct resource_amounts *requests = &search->ask->requests;

    for (size_t i = 0; i < requests->count && class->extended_resource.len; i++) {
        struct bytes name = requests->items[i].name;
        struct device_ask *added;

        if (!bytes_equal(name, class->extended_resource) &&
            !bytes_equal(name, class->class_resource))
            continue;
        added =
            ARENA_APPEND(search->arena, search->found.devices.items, search->found.devices.count);
        *added = (struct device_ask){.resource = class->class_resource,
                                     .extended = class->extended_resource,
                                     .count = requests->items[i].amount,
                                     .origin = DEVICE_REQUESTED};
    }
}

static void add_own(struct search *search, const struct device_asks *devices)
{
    for (size_t i = 0; i < devices->count; i++) {
        if (devices->items[i].origin != DEVICE_REQUESTED)
            add_device(search, &devices->items[i]);
    }
}

/* NULL: nothing is asked for in that way. */
static struct claimed *look_up(const struct ask *ask, struct bytes namespace,
                               const struct view *view, struct arena *arena)
{
    const struct claimed *before = ask->claimed;
    struct search search = {.ask = ask, .view = view, .arena = arena};
    struct claimed *found;

    if (before && before->refs.count)
        add_refs(&search, &before->refs, namespace);
    else if (before)
        add_own(&search, &before->devices);
    view_each(view, VIEW_DEVICE_CLASSES, add_requested, &search);
    if (search.found.refs.count + search.found.devices.count == 0)
        return NULL;
    found = arena_alloc(arena, sizeof(*found));
    *found = search.found;
    return found;
}

void claims_resolve(struct ask *ask, struct bytes namespace, const struct view *view,
                    struct arena *arena)
{
    ask->claimed = look_up(ask, namespace, view, arena);
}

void claims_resolve_held(struct ask *ask, struct bytes namespace, const struct view *view,
                         struct arena *arena)
{
    struct claimed *found = look_up(ask, namespace, view, arena);

    for (size_t i = 0; found && i < found->devices.count; i++) {
        if (found->devices.items[i].is_all)
            found->devices.items[i].count = amount_of(CLAIM_MAX_DEVICES);
    }
    ask->claimed = found;
}

const struct view_object *claims_find_named(const struct claim_refs *refs, struct bytes entry,
                                            struct bytes namespace, const struct view *view,
                                            struct arena *arena)
{
    for (size_t i = 0; i < refs->count; i++) {
        if (bytes_equal(refs->items[i].name, entry))
            return find_claim(view, namespace, &refs->items[i], arena);
    }
    return NULL;
}

const struct claim_ref *claims_find_missing(const struct ask *ask, struct bytes namespace,
                                            const struct view *view, struct arena *arena)
{
    const struct claim_refs refs = ask->claimed ? ask->claimed->refs : (struct claim_refs){0};

    for (size_t i = 0; i < refs.count; i++) {
        if (!find_claim(view, namespace, &refs.items[i], arena))
            return &refs.items[i];
    }
    return NULL;
}
