#include "policy/doubts.h"

#include "policy/policy.h"

/* ---- one function for each doubt, and one line in a table below */

static void find_placeless_tenants(const struct policy_set *set, struct problems *problems)
{
    for (size_t i = 0; i < set->tenancy.tenant_count; i++) {
        const struct tenant *tenant = set->tenancy.tenants[i];

        if (tenant->namespaces.count == 0)
            problems_warn(problems, tenant->node,
                          "tenant \"%s\" has no namespaces: one joins it by the label %s alone",
                          tenant->name, set->tenancy.cluster.tenant_label);
    }
}

static void find_uncapped_tenants(const struct policy_set *set, struct problems *problems)
{
    for (size_t i = 0; i < set->tenancy.tenant_count; i++) {
        const struct tenant *tenant = set->tenancy.tenants[i];

        if (!node_find(tenant->node, "gpus"))
            problems_warn(problems, tenant->node, "tenant \"%s\" has no GPU cap", tenant->name);
    }
}

static bool denies(const struct policy *policy)
{
    const struct policy_rule *rules = policy->rules.items;

    for (size_t i = 0; i < policy->rules.count; i++) {
        if (rules[i].rule.enforcement == ENFORCE_DENY)
            return true;
    }
    return false;
}

/* The key of a label by which a pod's author decides whether the policy is about it: all but the
 * label that fairgate sets itself. NULL: none. */
static const char *find_writable_key(const struct selector *labels)
{
    const struct selector_expression *expressions = labels->match_expressions.items;

    for (size_t i = 0; i < labels->match_labels.count; i++) {
        if (strcmp(labels->match_labels.items[i].key, WORKLOAD_LABEL) != 0)
            return labels->match_labels.items[i].key;
    }
    for (size_t i = 0; i < labels->match_expressions.count; i++) {
        if (strcmp(expressions[i].key, WORKLOAD_LABEL) != 0)
            return expressions[i].key;
    }
    return NULL;
}

static void find_escapes_by_label(const struct policy_set *set, struct problems *problems)
{
    for (size_t i = 0; i < set->policy_count; i++) {
        const struct policy *policy = set->policies[i];
        const struct match *match = &policy->match;
        const char *key = match->labels.node ? find_writable_key(&match->labels) : NULL;

        if (key && match->kinds & MATCH_POD && denies(policy))
            problems_warn(
                problems, node_find_key(match->node, "labels"),
                "pods escape these rules by their label \"%s\", which their authors write", key);
    }
}

/* ---- who takes back what runs above a guarantee */

/* Classes of a tenant that run under its guarantee: those it may use but for its burst classes. */
static bool is_guaranteed_class(const struct tenant *tenant, const struct tier *tier)
{
    struct bytes name = bytes_from(tier->class_name);
    bool is_allowed =
        tenant->priority.allowed.count == 0 || strings_has(&tenant->priority.allowed, name);

    return is_allowed && !strings_has(&tenant->priority.burst, name);
}

static bool share_domains(const struct tenant *a, const struct tenant *b)
{
    const struct strings *domains = &a->fabric.domains;

    if (domains->count == 0 || b->fabric.domains.count == 0)
        return true;
    for (size_t i = 0; i < domains->count; i++) {
        if (strings_has(&b->fabric.domains, bytes_from(domains->items[i])))
            return true;
    }
    return false;
}

/* Has the tenant a guarantee of GPUs, but no class that could evict pods of the tier for them?
 * Where all its classes never evict anybody, it was meant to wait. */
static bool waits_for(const struct tenant *tenant, const struct ladder *ladder,
                      const struct tier *below)
{
    const struct tier *tiers = ladder->tiers.items;
    bool has_class = false;

    if (tenant->gpus.node && amount_is_zero(tenant->gpus.guaranteed))
        return false;
    for (size_t i = 0; i < ladder->tiers.count; i++) {
        if (!is_guaranteed_class(tenant, &tiers[i]))
            continue;
        if (tier_preempts(&tiers[i], below))
            return false;
        has_class |= tiers[i].policy != PREEMPT_NEVER;
    }
    return has_class;
}

/* The class among those that the tenant's pods may use above its guarantee; NULL: it isn't. */
static const struct node *find_burst(const struct tenant *tenant, const char *class_name)
{
    const struct node *list = node_find(tenant->priority.node, "burst");

    if (!tenant->gpus.node || amount_compare(tenant->gpus.burst, tenant->gpus.guaranteed) <= 0)
        return NULL;
    for (size_t i = 0; list && i < list->count; i++) {
        if (bytes_is(list->children[i].text, class_name))
            return &list->children[i];
    }
    return NULL;
}

struct waiting {
    const struct tenant **items;
    size_t count;
};

static void tell_unevictable(const struct tenant *tenant, const struct node *entry,
                             const struct waiting *waiting, struct problems *problems)
{
    struct strings names = {0};

    for (size_t i = 0; i < waiting->count; i++) {
        if (waiting->items[i] != tenant && share_domains(tenant, waiting->items[i]))
            strings_add(&names, problems->arena, waiting->items[i]->name);
    }
    if (names.count)
        problems_warn(
            problems, entry,
            "what runs in \"%s\" above the guarantee stays while others wait for theirs: no "
            "guaranteed class of %s evicts it",
            text_quote(problems->arena, entry->text), strings_join(&names, 3, problems->arena));
}

/* Tier by tier: in most sets nobody waits for any, and there may be thousands of tenants. */
static void find_unevictable_bursts(const struct policy_set *set, struct problems *problems)
{
    const struct tenancy *tenancy = &set->tenancy;
    const struct tier *tiers = tenancy->ladder.tiers.items;

    for (size_t i = 0; i < tenancy->ladder.tiers.count; i++) {
        struct waiting waiting = {0};

        for (size_t j = 0; j < tenancy->tenant_count; j++) {
            if (waits_for(tenancy->tenants[j], &tenancy->ladder, &tiers[i]))
                *ARENA_APPEND(problems->arena, waiting.items, waiting.count) = tenancy->tenants[j];
        }
        for (size_t j = 0; waiting.count && j < tenancy->tenant_count; j++) {
            const struct node *entry = find_burst(tenancy->tenants[j], tiers[i].class_name);

            if (entry)
                tell_unevictable(tenancy->tenants[j], entry, &waiting, problems);
        }
    }
}

/* ---- */

void doubts_find(const struct policy_set *set, struct problems *problems)
{
    static void (*const doubts[])(const struct policy_set *, struct problems *) = {
        find_uncapped_tenants,
        find_placeless_tenants,
        find_escapes_by_label,
        find_unevictable_bursts,
    };

    for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
        doubts[i](set, problems);
}
