#include "ledger/weights.h"

#include "base/memory.h"

/* Made with the first accelerated pod of a workload, gone with the last. */
struct workload_holdings {
    struct table_link link;
    struct bytes namespace, name;
    struct holding_list all;
};

struct amount total_amount(const struct total *total)
{
    return total->is_beyond ? amount_of(INT64_MAX) : total->sum;
}

static void total_add(struct total *total, struct amount amount)
{
    if (!total->is_beyond && !amount_add(total->sum, amount, &total->sum))
        total->is_beyond = true;
}

/* What is left may have a denominator that doesn't fit, where the sum's did. */
static void total_subtract(struct total *total, struct amount amount)
{
    if (!total->is_beyond && !amount_subtract(total->sum, amount, &total->sum))
        total->is_beyond = true;
}

typedef void change_fn(struct total *total, struct amount amount);

static void change_some(struct totals *totals, const struct holding *holding, change_fn *change)
{
    const struct resource_caps *caps = &holding->tenant->resources;
    const struct weight *weight = holding->weight;
    struct amount amount;

    if (weight) {
        change(&totals->gpus, weight->gpus);
        totals->gpus.is_beyond |= weight->is_beyond;
    }
    for (int mode = 0; weight && mode < MODE_COUNT; mode++) {
        change(&totals->by_mode[mode], weight->by_mode[mode]);
        totals->by_mode[mode].is_beyond |= weight->is_beyond;
    }
    for (size_t i = 0; i < caps->count; i++) {
        if (resource_cap_sum(&caps->items[i], &holding->ask->ask, &amount))
            change(&totals->resources[i], amount);
        else
            totals->resources[i].is_beyond = true;
    }
}

/* Add or subtract everything that a pod holds. */
static void change_totals(struct holdings *holdings, const struct holding *holding,
                          change_fn *change)
{
    struct tenant_holdings *held = &holdings->tenants[holding->tenant->index];

    held->changes++;
    change_some(&held->all, holding, change);
    if (!holding->is_seen)
        change_some(&held->unseen, holding, change);
}

/* What is unseen is part of all, and so is not beyond where all isn't. */
static bool has_total_beyond(const struct tenant_holdings *held, const struct tenant *tenant)
{
    bool is_beyond = held->all.gpus.is_beyond;

    for (int mode = 0; mode < MODE_COUNT; mode++)
        is_beyond |= held->all.by_mode[mode].is_beyond;
    for (size_t i = 0; i < tenant->resources.count; i++)
        is_beyond |= held->all.resources[i].is_beyond;
    return is_beyond;
}

static void clear_totals(struct totals *totals, const struct tenant *tenant)
{
    struct total *resources = totals->resources;

    if (tenant->resources.count)
        memset(resources, 0, tenant->resources.count * sizeof(*resources));
    *totals = (struct totals){.resources = resources};
}

static void sum_again(struct holdings *holdings, const struct tenant *tenant)
{
    struct tenant_holdings *held = &holdings->tenants[tenant->index];

    clear_totals(&held->all, tenant);
    clear_totals(&held->unseen, tenant);
    for (const struct holding *each = TAILQ_FIRST(&holdings->all); each;
         each = TAILQ_NEXT(each, in_all)) {
        if (each->tenant == tenant)
            change_totals(holdings, each, total_add);
    }
}

static bool holds_mode(const struct holding *holding, int mode)
{
    const struct weight *weight = holding->weight;

    return weight && (weight->is_beyond || !amount_is_zero(weight->by_mode[mode]));
}

/* The lists of the scope in which the tenant (which may be NULL) may use one mode at a time; NULL:
 * there is none. */
static struct holding_list *find_scope(const struct holdings *holdings, const struct tenant *tenant,
                                       struct namespace_holdings *namespace)
{
    if (tenant && tenant->sharing.exclusive == SCOPE_TENANT)
        return holdings->tenants[tenant->index].in_mode;
    return tenant && tenant->sharing.exclusive == SCOPE_NAMESPACE && namespace ? namespace->in_mode
                                                                               : NULL;
}

static struct workload_holdings *find_workload(const struct holdings *holdings,
                                               struct bytes namespace, struct bytes name)
{
    uint64_t hash = table_hash(&holdings->workloads, namespace, name);

    for (struct table_link *link = table_first(&holdings->workloads, hash); link;
         link = table_next(link)) {
        struct workload_holdings *workload = TABLE_THING(link, struct workload_holdings, link);

        if (bytes_equal(workload->namespace, namespace) && bytes_equal(workload->name, name))
            return workload;
    }
    return NULL;
}

static struct workload_holdings *new_workload(struct holdings *holdings, struct bytes namespace,
                                              struct bytes name)
{
    struct workload_holdings *workload = memory_alloc(sizeof(*workload) + namespace.len + name.len);
    char *room = (char *)(workload + 1);

    workload->namespace = memory_place(&room, namespace);
    workload->name = memory_place(&room, name);
    TAILQ_INIT(&workload->all);
    table_add(&holdings->workloads, &workload->link,
              table_hash(&holdings->workloads, namespace, name));
    return workload;
}

static void join_workload(struct holdings *holdings, struct holding *holding)
{
    const struct held_pod pod = holding_pod(holding);
    struct weight *weight = holding->weight;

    if (!weight || pod.workload.len == 0)
        return;
    weight->workload = find_workload(holdings, pod.namespace, pod.workload);
    if (!weight->workload)
        weight->workload = new_workload(holdings, pod.namespace, pod.workload);
    TAILQ_INSERT_TAIL(&weight->workload->all, holding, weight->in_workload);
}

static void leave_workload(struct holdings *holdings, struct holding *holding)
{
    struct workload_holdings *workload = holding->weight ? holding->weight->workload : NULL;

    if (!workload)
        return;
    TAILQ_REMOVE(&workload->all, holding, weight->in_workload);
    if (!TAILQ_EMPTY(&workload->all))
        return;
    table_remove(&holdings->workloads, &workload->link);
    free(workload);
}

static void measure(struct holdings *holdings, struct holding *holding)
{
    struct demand demand;
    struct error ignored;
    /* Of what was kept nothing fails to be a number, so it can only be too large. */
    bool is_beyond = !demand_weigh(&holding->ask->ask, &holdings->tenancy->cluster,
                                   &holdings->scratch, &demand, &ignored);

    if (is_beyond || demand.is_accelerated) {
        holding->weight = memory_alloc(sizeof(*holding->weight));
        holding->weight->is_beyond = is_beyond;
        holding->weight->gpus = demand.gpus;
        memcpy(holding->weight->by_mode, demand.by_mode, sizeof(demand.by_mode));
    }
    arena_reset(&holdings->scratch);
}

static void forget(struct holding *holding)
{
    free(holding->weight);
    holding->weight = NULL;
}

void weights_add(struct holdings *holdings, struct holding *holding)
{
    const struct tenant *tenant = holding->namespace->tenant;
    struct holding_list *scope;

    if (!holdings->tenancy)
        return;
    measure(holdings, holding);
    join_workload(holdings, holding);
    holding->tenant = tenant;
    if (!tenant)
        return;
    change_totals(holdings, holding, total_add);
    tallies_add(holdings, holding);
    holdings->tenants[tenant->index].pods += !holding->is_claim;
    scope = find_scope(holdings, tenant, holding->namespace);
    for (int mode = 0; scope && mode < MODE_COUNT; mode++) {
        if (holds_mode(holding, mode))
            TAILQ_INSERT_TAIL(&scope[mode], holding, weight->in_mode[mode]);
    }
}

static void unlink_holding(struct holdings *holdings, struct holding *holding)
{
    struct holding_list *scope = find_scope(holdings, holding->tenant, holding->namespace);

    leave_workload(holdings, holding);
    tallies_remove(holdings, holding);
    for (int mode = 0; scope && mode < MODE_COUNT; mode++) {
        if (holds_mode(holding, mode))
            TAILQ_REMOVE(&scope[mode], holding, weight->in_mode[mode]);
    }
}

static void subtract(struct holdings *holdings, struct holding *holding)
{
    const struct tenant *tenant = holding->tenant;
    struct tenant_holdings *held = &holdings->tenants[tenant->index];

    held->pods -= !holding->is_claim;
    change_totals(holdings, holding, total_subtract);
    holding->tenant = NULL;
    if (has_total_beyond(held, tenant))
        sum_again(holdings, tenant);
}

void weights_unlink(struct holdings *holdings, struct holding *holding)
{
    unlink_holding(holdings, holding);
    forget(holding);
}

void weights_subtract(struct holdings *holdings, struct holding *holding)
{
    unlink_holding(holdings, holding);
    if (holding->tenant)
        subtract(holdings, holding);
    forget(holding);
}

void weights_init(struct holdings *holdings, const struct tenancy *tenancy)
{
    struct arena *arena = &holdings->tenants_arena;

    arena_reset(arena);
    holdings->tenancy = tenancy;
    holdings->tenants = NULL;
    if (!tenancy)
        return;
    holdings->tenants = arena_alloc(arena, tenancy->tenant_count * sizeof(*holdings->tenants));
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        struct tenant_holdings *held = &holdings->tenants[i];

        size_t size = tenancy->tenants[i]->resources.count * sizeof(struct total);

        held->all.resources = arena_alloc(arena, size);
        held->unseen.resources = arena_alloc(arena, size);
        for (int mode = 0; mode < MODE_COUNT; mode++)
            TAILQ_INIT(&held->in_mode[mode]);
    }
}

const struct holding_list *holdings_in_mode(const struct holdings *holdings,
                                            const struct tenant *tenant, struct bytes namespace,
                                            enum mode mode)
{
    const struct holding_list *scope =
        find_scope(holdings, tenant, holdings_find_namespace(holdings, namespace));

    return scope ? &scope[mode] : NULL;
}

const struct holding_list *holdings_in_workload(const struct holdings *holdings,
                                                struct bytes namespace, struct bytes workload)
{
    const struct workload_holdings *found = find_workload(holdings, namespace, workload);

    return found ? &found->all : NULL;
}
