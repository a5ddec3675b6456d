#include "policy/changes.h"

#include "base/instant.h"
#include "policy/policy.h"

/* Two sets being compared. */
struct comparison {
    const struct policy_set *old, *new;
    struct arena *arena;
    struct changes *out;
};

/* An object of a kind, in both sets. */
struct object {
    const char *kind, *name;
    const struct schema *schema;
    const void *old, *new; /* structs of the schema */
};

static struct change *add(const struct comparison *comparison, const struct change *change)
{
    struct change *added =
        ARENA_APPEND(comparison->arena, comparison->out->items, comparison->out->count);

    *added = *change;
    return added;
}

static struct change begin(const struct object *object, const char *field,
                           const struct diff_side *old, const struct diff_side *new)
{
    bool is_gone = !new->text || !new->node;

    return (struct change){.kind = object->kind,
                           .name = object->name,
                           .field = field,
                           .place = is_gone && old->node ? old->node : new->node,
                           .is_old_place = is_gone && old->node};
}

/* ---- accelerators: what a row weighs beside what held without it */

static struct accelerator_weight weigh(const struct policy_set *set,
                                       const struct accelerator_row *row, struct arena *arena)
{
    const struct accelerator_name name = {.key = row->key,
                                          .text = bytes_from(row->name.text),
                                          .number = amount_of(1)};
    struct accelerator_weight weight;
    struct strings products = {0};

    if (row->has_product)
        strings_add(&products, arena, row->product.text);
    accelerators_weigh(&set->tenancy.cluster.accelerators, &name, &products, &weight);
    return weight;
}

static bool is_value(const struct accelerator_weight *weight)
{
    return (weight->row && weight->row->is_value) || (weight->builtin && weight->builtin->is_value);
}

static const char *weight_text(const struct accelerator_weight *weight, struct arena *arena)
{
    if (!weight->is_known)
        return "no accelerator";
    return arena_printf(arena, "%s, %s",
                        is_value(weight) ? "value" : amount_write(weight->gpus, arena),
                        mode_names[weight->mode]);
}

static enum direction compare_weights(const struct accelerator_weight *old,
                                      const struct accelerator_weight *new)
{
    int order = amount_compare(new->gpus, old->gpus);

    if (old->is_known != new->is_known)
        return new->is_known ? STRICTER : LOOSER;
    if (is_value(old) || is_value(new) || order == 0)
        return DIFFERENT;
    return order > 0 ? STRICTER : LOOSER;
}

static void add_row(const struct comparison *comparison, const struct object *object,
                    const struct schema_change *found)
{
    const struct accelerator_row *row = found->new.entry ? found->new.entry : found->old.entry;
    struct accelerator_weight old = weigh(comparison->old, row, comparison->arena);
    struct accelerator_weight new = weigh(comparison->new, row, comparison->arena);
    struct change change = begin(object, found->path, &found->old, &found->new);

    change.old = weight_text(&old, comparison->arena);
    change.new = weight_text(&new, comparison->arena);
    change.direction = compare_weights(&old, &new);
    /* A row that says what held without it. Of a glob, only its own text was asked for. */
    if (row->name.is_exact && !row->has_per && !strcmp(change.old, change.new))
        return;
    add(comparison, &change);
}

/* ---- fields of an object that both sets have */

static const char *rule_text(const struct policy_rule *rule, struct arena *arena)
{
    static const char *const words[] = {"deny", "warn", "audit"};

    return arena_printf(arena, "%s, %s", words[rule->rule.enforcement], rule->check->name);
}

static const char *tier_text(const struct tier *tier, struct arena *arena)
{
    return arena_printf(arena, "%lld, %s", (long long)tier->value,
                        preemption_policy_names[tier->policy]);
}

/* What an entry with fields is called, beside its identity. */
static const char *entry_text(const struct schema_change *found, const struct diff_side *side,
                              struct arena *arena)
{
    if (!side->text || !side->entry)
        return side->text;
    if (!strcmp(found->table, "rules"))
        return rule_text(side->entry, arena);
    if (!strcmp(found->table, "tiers"))
        return tier_text(side->entry, arena);
    return schema_diff_text(side->node, arena);
}

/* How much of an entry's path is its list's: `match.labels.matchExpressions[{key: a}]`. */
static size_t list_length(const struct schema_change *change)
{
    size_t len = strlen(change->path), depth = 0;

    if (!change->old.entry && !change->new.entry)
        return len;
    do {
        len--;
        depth += change->path[len] == ']';
        depth -= change->path[len] == '[';
    } while (depth && len);
    return len;
}

/* Did another entry of the same list go where this one came, or come where it went? */
static bool is_exchanged(const struct schema_changes *all, const struct schema_change *change)
{
    size_t len = list_length(change);

    for (size_t i = 0; i < all->count; i++) {
        const struct schema_change *other = &all->items[i];

        if (other->is_entry && list_length(other) == len &&
            !strncmp(other->path, change->path, len) && !other->new.text != !change->new.text)
            return true;
    }
    return false;
}

static void add_field(const struct comparison *comparison, const struct object *object,
                      const struct schema_changes *all, const struct schema_change *found)
{
    const struct meaning *meaning = meaning_find(object->kind, found->table, comparison->arena);
    const char *unset = meaning->unset ? meaning->unset : "none";
    struct change change = begin(object, found->path, &found->old, &found->new);

    if (found->is_entry && !strcmp(object->kind, "Cluster") &&
        !strcmp(found->table, "accelerators")) {
        add_row(comparison, object, found);
        return;
    }
    if (!meaning_judge(meaning, found, &change.direction))
        return;
    if (meaning->are_patterns && found->is_entry && is_exchanged(all, found))
        change.direction = DIFFERENT;
    change.old = entry_text(found, &found->old, comparison->arena);
    change.new = entry_text(found, &found->new, comparison->arena);
    if (found->is_entry) {
        change.what = change.new ? CHANGE_ADDED : CHANGE_REMOVED;
        change.is_object = found->old.entry || found->new.entry;
    } else {
        change.old = change.old ? change.old : unset;
        change.new = change.new ? change.new : unset;
    }
    add(comparison, &change);
}

static void compare_fields(const struct comparison *comparison, const struct object *object)
{
    struct schema_changes found;

    schema_diff(object->schema, object->old, object->new, comparison->arena, &found);
    for (size_t i = 0; i < found.count; i++)
        add_field(comparison, object, &found, &found.items[i]);
}

/* An object that only one of the sets has; `text` is what it holds. */
static void add_whole(const struct comparison *comparison, const struct object *object,
                      const char *text, enum direction direction)
{
    bool is_added = object->new != NULL;
    const struct node *node = *(const struct node *const *)(is_added ? object->new : object->old);

    add(comparison, &(struct change){.kind = object->kind,
                                     .name = object->name,
                                     .what = is_added ? CHANGE_ADDED : CHANGE_REMOVED,
                                     .old = is_added ? NULL : text,
                                     .new = is_added ? text : NULL,
                                     .is_object = true,
                                     .direction = direction,
                                     .place = node,
                                     .is_old_place = !is_added});
}

/* ---- the ladder */

static void add_eviction(const struct comparison *comparison, const struct object *object,
                         const struct tier *above, const struct tier *below)
{
    const struct ladder *before = &comparison->old->tenancy.ladder;
    const struct tier *old_above = ladder_find(before, bytes_from(above->class_name));
    const struct tier *old_below = ladder_find(before, bytes_from(below->class_name));

    if (!old_above || !old_below ||
        tier_preempts(old_above, old_below) == tier_preempts(above, below))
        return;
    add(comparison, &(struct change){.kind = object->kind,
                                     .name = object->name,
                                     .field = arena_printf(comparison->arena, "%s evicts %s",
                                                           above->class_name, below->class_name),
                                     .old = tier_preempts(old_above, old_below) ? "yes" : "no",
                                     .new = tier_preempts(above, below) ? "yes" : "no",
                                     .direction = DIFFERENT,
                                     .place = above->node});
}

static const char *list_classes(const struct ladder *ladder, struct arena *arena)
{
    const struct tier *tiers = ladder->tiers.items;
    struct strings names = {0};

    for (size_t i = 0; i < ladder->tiers.count; i++)
        strings_add(&names, arena, tiers[i].class_name);
    return strings_join(&names, names.count, arena);
}

static void compare_ladders(const struct comparison *comparison)
{
    const struct ladder *old = &comparison->old->tenancy.ladder;
    const struct ladder *new = &comparison->new->tenancy.ladder;
    const struct tier *tiers = new->tiers.items;
    const struct object object = {"PriorityLadder", new->node ? new->name : old->name,
                                  &ladder_schema, old->node ? old : NULL, new->node ? new : NULL};

    if (!old->node && !new->node)
        return;
    if (!old->node || !new->node) {
        add_whole(comparison, &object, list_classes(new->node ? new : old, comparison->arena),
                  new->node ? STRICTER : LOOSER);
        return;
    }
    if (strcmp(old->name, new->name) != 0)
        add(comparison, &(struct change){.kind = object.kind,
                                         .name = object.name,
                                         .field = "metadata.name",
                                         .old = old->name,
                                         .new = new->name,
                                         .direction = DIFFERENT,
                                         .place = new->node});
    compare_fields(comparison, &object);
    for (size_t i = 0; i < new->tiers.count; i++) {
        for (size_t j = 0; j < new->tiers.count; j++)
            add_eviction(comparison, &object, &tiers[i], &tiers[j]);
    }
}

/* ---- tenants */

/* Classes that are left out are those of the ladder; written out beside a list. */
static struct tenant with_classes(const struct tenant *tenant, const struct tenant *other,
                                  const struct policy_set *set, struct arena *arena)
{
    const struct ladder *ladder = &set->tenancy.ladder;
    const struct tier *tiers = ladder->tiers.items;
    struct tenant whole = *tenant;

    for (size_t i = 0; i < ladder->tiers.count && !tenant->priority.allowed.count &&
                       other->priority.allowed.count;
         i++)
        strings_add(&whole.priority.allowed, arena, tiers[i].class_name);
    return whole;
}

static bool shares_namespaces(const struct tenant *tenant, const struct tenancy *tenancy)
{
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        if (globs_overlap(&tenant->namespaces, &tenancy->tenants[i]->namespaces))
            return true;
    }
    return false;
}

/* A tenant that came or went: without it its namespaces are nobody's, where no other has them. */
static void add_tenant(const struct comparison *comparison, const struct object *object)
{
    const struct tenant *tenant = object->new ? object->new : object->old;
    const struct tenancy *without =
        object->new ? &comparison->old->tenancy : &comparison->new->tenancy;
    bool is_denied = without->cluster.untenanted == UNTENANTED_DENY;
    bool is_shared = shares_namespaces(tenant, without);
    struct arena *arena = comparison->arena;
    const char *caps = !tenant->gpus.node
                           ? "no GPU cap"
                           : arena_printf(arena, "guaranteed %s, burst %s",
                                          amount_write(tenant->gpus.guaranteed, arena),
                                          amount_write(tenant->gpus.burst, arena));
    const char *else_text = is_shared   ? "of another tenant"
                            : is_denied ? "denied accelerators"
                                        : "without caps";

    add_whole(comparison, object,
              arena_printf(arena, "%s; its namespaces %s %s", caps,
                           object->new ? "were" : "are then", else_text),
              is_shared                            ? DIFFERENT
              : is_denied == (object->new == NULL) ? STRICTER
                                                   : LOOSER);
}

static void compare_tenant(const struct comparison *comparison, const struct object *tenant)
{
    struct object object = *tenant;
    struct tenant old, new;

    if (!tenant->old || !tenant->new) {
        add_tenant(comparison, tenant);
        return;
    }
    old = with_classes(tenant->old, tenant->new, comparison->old, comparison->arena);
    new = with_classes(tenant->new, tenant->old, comparison->new, comparison->arena);
    object.old = &old;
    object.new = &new;
    compare_fields(comparison, &object);
}

/* ---- policies */

static const char *list_rules(const struct policy *policy, struct arena *arena)
{
    const struct policy_rule *rules = policy->rules.items;
    struct strings texts = {0};

    for (size_t i = 0; i < policy->rules.count; i++)
        strings_add(&texts, arena,
                    arena_printf(arena, "%s (%s)", rules[i].id, rule_text(&rules[i], arena)));
    if (policy->mutations.count)
        strings_add(&texts, arena, arena_printf(arena, "%zu of mutate", policy->mutations.count));
    return strings_join(&texts, texts.count, arena);
}

static void compare_policy(const struct comparison *comparison, const struct object *policy)
{
    const struct policy *one = policy->new ? policy->new : policy->old;

    if (policy->old && policy->new)
        compare_fields(comparison, policy);
    else
        add_whole(comparison, policy, list_rules(one, comparison->arena),
                  one->rules.count == 0 ? DIFFERENT
                  : policy->new         ? STRICTER
                                        : LOOSER);
}

/* ---- exceptions and reservations */

static void compare_exception(const struct comparison *comparison, const struct object *object)
{
    const struct exception *exception = object->new ? object->new : object->old;
    struct arena *arena = comparison->arena;
    struct strings parts = {0};

    if (object->old && object->new) {
        compare_fields(comparison, object);
        return;
    }
    for (size_t i = 0; i < exception->tenants.count; i++)
        strings_add(&parts, arena, exception->tenants.items[i].text);
    if (exception->grant.node)
        strings_add(&parts, arena,
                    arena_printf(arena, "%s GPUs", amount_write(exception->grant.gpus, arena)));
    for (size_t i = 0; i < exception->rules.count; i++)
        strings_add(&parts, arena, arena_printf(arena, "without %s", exception->rules.items[i]));
    strings_add(&parts, arena,
                arena_printf(arena, "until %s", instant_write(exception->window.until, arena)));
    add_whole(comparison, object, strings_join(&parts, parts.count, arena),
              object->new ? LOOSER : STRICTER);
}

static void compare_reservation(const struct comparison *comparison, const struct object *object)
{
    const struct reservation_spec *reservation = object->new ? object->new : object->old;
    struct arena *arena = comparison->arena;

    if (object->old && object->new)
        compare_fields(comparison, object);
    else
        add_whole(comparison, object,
                  arena_printf(arena, "%s, %s GPUs, from %s until %s", reservation->tenant_name,
                               amount_write(reservation->gpus, arena),
                               instant_write(reservation->window.from, arena),
                               instant_write(reservation->window.until, arena)),
                  object->new ? LOOSER : STRICTER);
}

/* ---- kinds of which a set has many */

/* INVARIANT: how the structs of these kinds begin. */
struct named {
    const struct node *node;
    const char *name;
};

/* All objects of a kind that a set has, ordered by name. */
struct list {
    const struct named *const *items;
    size_t count;
};

#define LIST(objects, object_count)                                                                \
    (struct list)                                                                                  \
    {                                                                                              \
        (const struct named *const *)(objects), object_count                                       \
    }

/* `object` says what kind; its name and sides are filled in. */
static void compare_lists(const struct comparison *comparison, struct object object,
                          struct list old, struct list new,
                          void (*compare)(const struct comparison *, const struct object *))
{
    size_t i = 0, j = 0;

    while (i < old.count || j < new.count) {
        int order = i == old.count   ? 1
                    : j == new.count ? -1
                                     : strcmp(old.items[i]->name, new.items[j]->name);

        object.name = order >= 0 ? new.items[j]->name : old.items[i]->name;
        object.old = order <= 0 ? old.items[i++] : NULL;
        object.new = order >= 0 ? new.items[j++] : NULL;
        compare(comparison, &object);
    }
}

void changes_find(const struct policy_set *old, const struct policy_set *new, struct arena *arena,
                  struct changes *out)
{
    const struct comparison comparison = {old, new, arena, out};
    const struct grants *old_grants = &old->tenancy.grants, *new_grants = &new->tenancy.grants;
    const struct cluster *cluster = &new->tenancy.cluster;
    const struct object object = {"Cluster", cluster->name ? cluster->name : "", &cluster_schema,
                                  &old->tenancy.cluster, cluster};

    *out = (struct changes){0};
    compare_fields(&comparison, &object);
    compare_ladders(&comparison);
    compare_lists(&comparison, (struct object){.kind = "Tenant", .schema = &tenant_schema},
                  LIST(old->tenancy.tenants, old->tenancy.tenant_count),
                  LIST(new->tenancy.tenants, new->tenancy.tenant_count), compare_tenant);
    compare_lists(&comparison,
                  (struct object){.kind = "Policy", .schema = policy_schema_new(arena)},
                  LIST(old->policies, old->policy_count), LIST(new->policies, new->policy_count),
                  compare_policy);
    compare_lists(&comparison, (struct object){.kind = "Exception", .schema = &exception_schema},
                  LIST(old_grants->exceptions, old_grants->exception_count),
                  LIST(new_grants->exceptions, new_grants->exception_count), compare_exception);
    compare_lists(&comparison,
                  (struct object){.kind = "Reservation", .schema = &reservation_schema},
                  LIST(old_grants->reservations, old_grants->reservation_count),
                  LIST(new_grants->reservations, new_grants->reservation_count),
                  compare_reservation);
}
