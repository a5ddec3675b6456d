#include "tenancy/tenancy.h"

#include <stdlib.h>

/* One namespace pattern of one tenant, in a hash table by its literal beginning: an exact name
 * under itself, a glob under what stands before its first wildcard. A look-up tries the name's own
 * beginnings, of those lengths that occur: names have at most 63 characters. */
struct namespace_entry {
    const struct namespace_entry *next;
    const struct glob *glob;
    const struct tenant *tenant;
};

enum { MAX_NAMESPACE_BYTES = 63 };

struct namespace_index {
    const struct namespace_entry **buckets;
    size_t bucket_count; /* a power of two */
    bool has_length[MAX_NAMESPACE_BYTES + 1];
    struct {
        const struct tenant **slots;
        size_t slot_count;
    } by_name;
};

static int compare_tenants(const void *a, const void *b)
{
    const struct tenant *left = *(const struct tenant *const *)a;
    const struct tenant *right = *(const struct tenant *const *)b;

    return strcmp(left->name, right->name);
}

static size_t power_of_two(size_t least)
{
    size_t size = 8;

    while (size < least)
        size *= 2;
    return size;
}

static void index_pattern(struct namespace_index *index, const struct glob *glob,
                          const struct tenant *tenant, struct arena *arena)
{
    struct namespace_entry *entry = arena_alloc(arena, sizeof(*entry));
    size_t bucket;

    if (glob->literal > MAX_NAMESPACE_BYTES)
        return;
    index->has_length[glob->literal] = true;
    bucket = bytes_hash((struct bytes){glob->text, glob->literal}) & (index->bucket_count - 1);
    *entry = (struct namespace_entry){index->buckets[bucket], glob, tenant};
    index->buckets[bucket] = entry;
}

static void index_names(struct namespace_index *index, const struct tenancy *tenancy,
                        struct arena *arena)
{
    index->by_name.slot_count = power_of_two(tenancy->tenant_count * 2);
    index->by_name.slots =
        arena_alloc(arena, index->by_name.slot_count * sizeof(*index->by_name.slots));
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        size_t slot = bytes_hash(bytes_from(tenancy->tenants[i]->name));

        while (index->by_name.slots[slot & (index->by_name.slot_count - 1)])
            slot++;
        index->by_name.slots[slot & (index->by_name.slot_count - 1)] = tenancy->tenants[i];
    }
}

static bool has_glob(const struct globs *globs, const struct glob *glob)
{
    for (size_t i = 0; i < globs->count; i++) {
        if (strcmp(globs->items[i].text, glob->text) == 0)
            return true;
    }
    return false;
}

static void collect_capped(const struct resource_caps *caps, struct arena *arena,
                           struct globs *capped)
{
    for (size_t i = 0; i < caps->count; i++) {
        if (!has_glob(capped, &caps->items[i].name))
            *ARENA_APPEND(arena, capped->items, capped->count) = caps->items[i].name;
    }
}

void tenancy_init(struct tenancy *tenancy, struct tenant **tenants, size_t count,
                  struct arena *arena)
{
    struct namespace_index *index = arena_alloc(arena, sizeof(*index));
    size_t pattern_count = 0;

    if (count)
        qsort(tenants, count, sizeof(*tenants), compare_tenants);
    for (size_t i = 0; i < count; i++) {
        tenants[i]->index = i;
        pattern_count += tenants[i]->namespaces.count;
    }
    tenancy->tenants = (const struct tenant **)tenants;
    tenancy->tenant_count = count;
    index->bucket_count = power_of_two(pattern_count * 2);
    index->buckets = arena_alloc(arena, index->bucket_count * sizeof(*index->buckets));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tenants[i]->namespaces.count; j++)
            index_pattern(index, &tenants[i]->namespaces.items[j], tenants[i], arena);
        collect_capped(&tenants[i]->resources, arena, &tenancy->capped);
    }
    index_names(index, tenancy, arena);
    tenancy->index = index;
}

bool tenancy_counts_alike(const struct tenancy *a, const struct tenancy *b)
{
    for (size_t i = 0; i < a->capped.count; i++) {
        if (!has_glob(&b->capped, &a->capped.items[i]))
            return false;
    }
    return a->capped.count == b->capped.count &&
           accelerators_are_alike(&a->cluster.accelerators, &b->cluster.accelerators);
}

const struct tenant *tenancy_find_tenant(const struct tenancy *tenancy, struct bytes name)
{
    const struct namespace_index *index = tenancy->index;
    size_t mask = index->by_name.slot_count - 1;

    for (size_t slot = bytes_hash(name);; slot++) {
        const struct tenant *tenant = index->by_name.slots[slot & mask];

        if (!tenant || bytes_is(name, tenant->name))
            return tenant;
    }
}

static const struct tenant *find_by_pattern(const struct namespace_index *index, struct bytes name)
{
    size_t longest = name.len < MAX_NAMESPACE_BYTES ? name.len : MAX_NAMESPACE_BYTES;

    for (size_t len = longest + 1; len-- > 0;) {
        const struct namespace_entry *entry;

        if (!index->has_length[len])
            continue;
        entry =
            index->buckets[bytes_hash((struct bytes){name.data, len}) & (index->bucket_count - 1)];
        for (; entry; entry = entry->next) {
            if (entry->glob->literal == len && glob_matches(entry->glob, name))
                return entry->tenant;
        }
    }
    return NULL;
}

struct belonging tenancy_belonging(const struct tenancy *tenancy, struct bytes namespace,
                                   struct value labels)
{
    struct value label = value_member(labels, tenancy->cluster.tenant_label);
    struct belonging belonging = {0};

    if (value_type(label) == VALUE_STRING) {
        belonging.is_labelled = true;
        belonging.label = value_text(label);
        belonging.tenant = tenancy_find_tenant(tenancy, belonging.label);
        return belonging;
    }
    belonging.tenant = find_by_pattern(tenancy->index, namespace);
    return belonging;
}

static bool is_text(const struct node *node)
{
    return node && node->kind == NODE_STRING && node->text.len > 0;
}

/* A class that the tenant names must be in the ladder. */
static void check_class(const struct tenancy *tenancy, const struct node *node,
                        struct problems *problems)
{
    if (!is_text(node) || ladder_may_have(&tenancy->ladder, node->text))
        return;
    problems_add(problems, node, "the ladder has no class \"%s\"%s",
                 text_quote(problems->arena, node->text),
                 ladder_suggest(&tenancy->ladder, node->text, problems->arena));
}

/* Of a list that names a class that the ladder lacks, that may be what was mistyped. */
static bool is_allowed_known(const struct tenancy *tenancy, const struct tenant *tenant)
{
    const struct strings *allowed = &tenant->priority.allowed;
    bool is_known = allowed->count > 0;

    for (size_t i = 0; i < allowed->count; i++)
        is_known &= ladder_find(&tenancy->ladder, bytes_from(allowed->items[i])) != NULL;
    return is_known;
}

/* One that its pods are to have must also be one that they may have. */
static void check_used_class(const struct tenancy *tenancy, const struct tenant *tenant,
                             const struct node *node, struct problems *problems)
{
    check_class(tenancy, node, problems);
    if (is_text(node) && is_allowed_known(tenancy, tenant) &&
        !strings_has(&tenant->priority.allowed, node->text))
        problems_add(problems, node, "class \"%s\" is not under priority.allowed",
                     text_quote(problems->arena, node->text));
}

/* The list under a member, where it is one; else an empty one. */
static const struct node *find_list(const struct node *map, const char *name)
{
    static const struct node none = {.kind = NODE_LIST};
    const struct node *list = node_find(map, name);

    return list && list->kind == NODE_LIST ? list : &none;
}

/* Told once for what names them, at the first of them: they all lack the same thing. */
static void refuse_classes(const struct node *const *named, size_t count, struct problems *problems)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_text(named[i]))
            continue;
        problems_add(problems, named[i], "class \"%s\": the set has no PriorityLadder",
                     text_quote(problems->arena, named[i]->text));
        return;
    }
}

static void check_classes(const struct tenancy *tenancy, const struct tenant *tenant,
                          struct problems *problems)
{
    const struct node *chosen = node_find(tenant->priority.node, "default");
    const struct node *allowed = find_list(tenant->priority.node, "allowed");
    const struct node *burst = find_list(tenant->priority.node, "burst");

    if (!tenancy->ladder.node) {
        const struct node *named[] = {allowed->children, chosen, burst->children};

        refuse_classes(named, sizeof(named) / sizeof(named[0]), problems);
        return;
    }
    check_used_class(tenancy, tenant, chosen, problems);
    for (size_t i = 0; i < allowed->count; i++)
        check_class(tenancy, &allowed->children[i], problems);
    for (size_t i = 0; i < burst->count; i++)
        check_used_class(tenancy, tenant, &burst->children[i], problems);
}

static void check_reserved_classes(const struct tenancy *tenancy,
                                   const struct reservation_spec *reservation,
                                   struct problems *problems)
{
    const struct node *list = find_list(reservation->node, "priority");
    const struct tenant *tenant =
        reservation->tenant_name
            ? tenancy_find_tenant(tenancy, bytes_from(reservation->tenant_name))
            : NULL;

    if (!tenancy->ladder.node) {
        refuse_classes(&list->children, 1, problems);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (tenant)
            check_used_class(tenancy, tenant, &list->children[i], problems);
        else
            check_class(tenancy, &list->children[i], problems);
    }
}

static void check_domains(const struct tenancy *tenancy, const struct tenant *tenant,
                          struct problems *problems)
{
    const struct strings *known = &tenancy->cluster.fabric.domains;
    const struct node *list = node_find(tenant->fabric.node, "domains");

    for (size_t i = 0; known->count && list && list->kind == NODE_LIST && i < list->count; i++) {
        const struct node *item = &list->children[i];
        const char *nearest;

        if (item->kind != NODE_STRING || item->text.len == 0 || strings_has(known, item->text))
            continue;
        nearest = strings_nearest(known->items, known->count, item->text);
        problems_add(problems, item, "Cluster.fabric has no domain \"%s\"%s%s%s",
                     text_quote(problems->arena, item->text), nearest ? "; did you mean \"" : "",
                     nearest ? nearest : "", nearest ? "\"?" : "");
    }
}

/* The first pattern of an earlier tenant that can match a name which this one can match, too. */
static const struct glob *find_overlap(const struct tenancy *tenancy, const struct glob *glob,
                                       size_t before, const struct tenant **out)
{
    for (size_t i = 0; i < before; i++) {
        const struct globs *namespaces = &tenancy->tenants[i]->namespaces;

        *out = tenancy->tenants[i];
        for (size_t j = 0; j < namespaces->count; j++) {
            if (glob_overlaps(&namespaces->items[j], glob))
                return &namespaces->items[j];
        }
    }
    return NULL;
}

static void check_overlaps(const struct tenancy *tenancy, size_t at, struct problems *problems)
{
    const struct tenant *tenant = tenancy->tenants[at], *other;
    const struct node *list = node_find(tenant->node, "namespaces");

    /* Patterns are kept only where the whole list could be read. */
    for (size_t i = 0; i < tenant->namespaces.count; i++) {
        const struct glob *glob = &tenant->namespaces.items[i];
        const struct glob *same = find_overlap(tenancy, glob, at, &other);

        if (same)
            problems_add(
                problems, &list->children[i],
                "\"%s\" overlaps \"%s\" of tenant \"%s\": a namespace belongs to one tenant",
                glob->text, same->text, other->name);
    }
}

const char *tenancy_suggest(const struct tenancy *tenancy, struct bytes name, struct arena *arena)
{
    struct strings names = {0};
    const char *nearest;

    for (size_t i = 0; i < tenancy->tenant_count; i++)
        strings_add(&names, arena, tenancy->tenants[i]->name);
    nearest = strings_nearest(names.items, names.count, name);
    return nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "";
}

static bool matches_tenant(const struct tenancy *tenancy, const struct glob *glob)
{
    if (glob->is_exact)
        return tenancy_find_tenant(tenancy, bytes_from(glob->text));
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        if (glob_matches(glob, bytes_from(tenancy->tenants[i]->name)))
            return true;
    }
    return false;
}

void tenancy_check_patterns(const struct tenancy *tenancy, const struct globs *globs,
                            const struct node *list, struct problems *problems)
{
    for (size_t i = 0; i < globs->count && list->count == globs->count; i++) {
        const struct glob *glob = &globs->items[i];

        if (matches_tenant(tenancy, glob))
            continue;
        if (glob->is_exact)
            problems_add(problems, &list->children[i], "there is no tenant \"%s\"%s", glob->text,
                         tenancy_suggest(tenancy, bytes_from(glob->text), problems->arena));
        else
            problems_warn(problems, &list->children[i], "\"%s\" matches no tenant", glob->text);
    }
}

void tenancy_check(const struct tenancy *tenancy, bool is_ladder_known, struct problems *problems)
{
    bool can_check_classes = tenancy->ladder.node || is_ladder_known;

    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        const struct tenant *tenant = tenancy->tenants[i];

        if (can_check_classes)
            check_classes(tenancy, tenant, problems);
        check_domains(tenancy, tenant, problems);
        check_overlaps(tenancy, i, problems);
    }
    for (size_t i = 0; can_check_classes && i < tenancy->grants.reservation_count; i++)
        check_reserved_classes(tenancy, tenancy->grants.reservations[i], problems);
}
