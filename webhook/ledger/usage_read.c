#include "ledger/usage_read.h"

#include "base/buf.h"
#include "kube/quantity.h"
#include "ledger/holders.h"

/* A decision's look at the holdings. */
struct look {
    const struct holdings *holdings;
    const struct facts *facts;
    const struct holding *own;
    const struct holding **left_out; /* see usage_read.h */
    size_t left_out_count;
};

static bool is_claim(const struct facts *facts)
{
    return facts->evaluation & EVALUATE_CLAIM;
}

static bool is_created(const struct facts *facts)
{
    return (facts->evaluation == EVALUATE_POD_CREATE || is_claim(facts)) && facts->pod.name.len;
}

/* A name that another object holds doesn't stand in the way of its own replacement. */
static bool is_replaced(const struct look *look, const struct holding *holding)
{
    const struct facts *facts = look->facts;

    return is_created(facts) && holding->is_claim == is_claim(facts) &&
           bytes_equal(holding->namespace->name, facts->namespace) &&
           bytes_equal(holding_name(holding), facts->pod.name);
}

static bool is_left_out(const struct look *look, const struct holding *holding)
{
    return holding == look->own || is_replaced(look, holding);
}

static void take_off(struct amount *sum, struct amount amount)
{
    if (amount_compare(*sum, amount_of(INT64_MAX)) == 0 || !amount_subtract(*sum, amount, sum))
        *sum = amount_of(INT64_MAX);
}

static void take_off_holding(const struct look *look, const struct holding *holding,
                             struct usage *usage)
{
    const struct tenant *tenant = look->facts->tenant;

    if (holding->tenant != tenant) /* counted for another one, so there is nothing to take off */
        return;
    if (holding->weight)
        take_off(&usage->gpus, holding->weight->gpus);
    if (holding->weight && !holding->is_seen)
        take_off(&usage->reserved, holding->weight->gpus);
    for (size_t i = 0; i < tenant->resources.count; i++) {
        struct amount amount = {0};

        if (!resource_cap_sum(&tenant->resources.items[i], &holding->ask->ask, &amount))
            continue;
        take_off(&usage->resources[i], amount);
        if (!holding->is_seen)
            take_off(&usage->resources_reserved[i], amount);
    }
}

/* Its own, and others of its name. */
static void list_left_out(struct look *look)
{
    const struct facts *facts = look->facts;
    const struct holding_name name = {is_claim(facts), facts->namespace, facts->pod.name};
    const struct holding *each;

    if (look->own)
        *ARENA_APPEND(facts->arena, look->left_out, look->left_out_count) = look->own;
    if (!is_created(facts))
        return;
    for (each = holdings_first_named(look->holdings, &name); each;
         each = holdings_next_named(each)) {
        if (each != look->own)
            *ARENA_APPEND(facts->arena, look->left_out, look->left_out_count) = each;
    }
}

static void read_totals(const struct look *look, struct usage *usage)
{
    const struct tenant *tenant = look->facts->tenant;
    const struct tenant_holdings *held = &look->holdings->tenants[tenant->index];

    usage->gpus = total_amount(&held->all.gpus);
    usage->reserved = total_amount(&held->unseen.gpus);
    for (size_t i = 0; i < tenant->resources.count; i++) {
        usage->resources[i] = total_amount(&held->all.resources[i]);
        usage->resources_reserved[i] = total_amount(&held->unseen.resources[i]);
    }
    for (size_t i = 0; i < look->left_out_count; i++)
        take_off_holding(look, look->left_out[i], usage);
}

/* For messages; namespaces have at most 63 bytes, names 253. */
static const char *name_holding(const struct holding *holding, struct arena *arena)
{
    const struct held_pod pod = holding_pod(holding);

    return text_clean(arena, held_pod_path(&pod, arena), 63 + 1 + 253);
}

/* The earliest one: the same for the same history. */
static void read_holders(const struct look *look, struct usage *usage)
{
    const struct facts *facts = look->facts;

    for (int mode = 0; mode < MODE_COUNT; mode++) {
        const struct holding_list *list =
            holdings_in_mode(look->holdings, facts->tenant, facts->namespace, (enum mode)mode);
        const struct holding *each = list ? TAILQ_FIRST(list) : NULL;

        while (each && is_left_out(look, each))
            each = TAILQ_NEXT(each, weight->in_mode[mode]);
        usage->holder[mode] =
            each ? arena_printf(facts->arena, "%s %s", each->is_claim ? "resourceclaim" : "pod",
                                name_holding(each, facts->arena))
                 : NULL;
    }
}

enum { HOLDERS_TOLD = 3 };

static const char *write_holder(const struct tally *holder, const struct resource_cap *cap,
                                struct arena *arena)
{
    struct amount sum = tally_amount(holder);
    const char *namespace = text_quote(arena, holder->namespace);
    const char *name = text_quote(arena, holder->name);
    const char *amount =
        cap ? quantity_write(sum, bytes_from(cap->name.text), arena) : amount_write(sum, arena);

    if (!holder->is_single)
        return arena_printf(arena, "%s in %s %s", name, namespace, amount);
    return arena_printf(arena, "%s %s/%s %s", holder->is_claim ? "resourceclaim" : "pod", namespace,
                        name, amount);
}

static const char *tell_holders(const void *context, const struct resource_cap *cap)
{
    const struct look *look = context;
    struct arena *arena = look->facts->arena;
    const struct holders_query query = {look->holdings, look->facts->tenant, cap, look->left_out,
                                        look->left_out_count};
    struct tally largest[HOLDERS_TOLD];
    struct strings told = {0};
    size_t count = holders_find(&query, HOLDERS_TOLD, largest);

    for (size_t i = 0; i < count; i++)
        strings_add(&told, arena, write_holder(&largest[i], cap, arena));
    return count ? strings_join(&told, HOLDERS_TOLD, arena) : NULL;
}

static bool is_alike(const struct device_ask *a, const struct device_ask *b)
{
    return bytes_equal(a->resource, b->resource) && a->is_alternative == b->is_alternative &&
           a->is_all == b->is_all && a->is_admin == b->is_admin &&
           (a->is_all || amount_compare(a->count, b->count) == 0);
}

/* Are all that are asked for among what is held, one after another? */
static bool has_devices(const struct device_asks *held, const struct device_asks *asked)
{
    for (size_t start = 0; start + asked->count <= held->count; start++) {
        size_t same = 0;

        while (same < asked->count && is_alike(&held->items[start + same], &asked->items[same]))
            same++;
        if (same == asked->count)
            return true;
    }
    return false;
}

static bool waits_for(const struct holding *holding, struct bytes template)
{
    const struct claimed *claimed = holding->ask->ask.claimed;

    for (size_t i = 0; claimed && i < claimed->refs.count; i++) {
        const struct claim_ref *ref = &claimed->refs.items[i];

        if (ref->claim.len == 0 && bytes_equal(ref->template, template))
            return true;
    }
    return false;
}

static const char *find_waiting(const struct look *look)
{
    const struct facts *facts = look->facts;
    const struct claim_use *each =
        holdings_first_use(look->holdings, facts->namespace, facts->pod.name);

    while (each &&
           !(waits_for(each->holding, facts->pod.name) &&
             !has_devices(&each->holding->ask->ask.claimed->devices, &facts->ask.claimed->devices)))
        each = TAILQ_NEXT(each, in_claim);
    return each ? name_holding(each->holding, facts->arena) : NULL;
}

static int compare_placed(const void *a, const void *b)
{
    const struct holding *left = *(const struct holding *const *)a;
    const struct holding *right = *(const struct holding *const *)b;
    int order = bytes_compare(holding_name(left), holding_name(right));

    return order ? order : bytes_compare(holding_uid(left), holding_uid(right));
}

static void read_placements(const struct look *look, struct bytes workload, struct usage *usage)
{
    const struct facts *facts = look->facts;
    const struct holding_list *list =
        holdings_in_workload(look->holdings, facts->namespace, workload);
    const struct holding **placed = NULL;
    size_t count = 0;

    for (const struct holding *each = list ? TAILQ_FIRST(list) : NULL; each;
         each = TAILQ_NEXT(each, weight->in_workload)) {
        if (each->node_len && !is_left_out(look, each))
            *ARENA_APPEND(facts->arena, placed, count) = each;
    }
    if (count == 0)
        return;
    qsort(placed, count, sizeof(struct holding *), compare_placed);
    usage->placements = arena_alloc(facts->arena, count * sizeof(*usage->placements));
    usage->placement_count = count;
    for (size_t i = 0; i < count; i++)
        usage->placements[i] =
            (struct placement){name_holding(placed[i], facts->arena),
                               arena_copy_bytes(facts->arena, holding_pod(placed[i]).node)};
}

static void init_amounts(const struct facts *facts, struct usage *usage)
{
    size_t size = facts->tenant->resources.count * sizeof(struct amount);

    usage->resources = arena_alloc(facts->arena, size);
    usage->resources_reserved = arena_alloc(facts->arena, size);
}

void usage_read(const struct holdings *holdings, const struct facts *facts,
                const struct holding *own, struct usage *out)
{
    struct look *look = arena_alloc(facts->arena, sizeof(*look));
    bool is_binding = facts->evaluation == EVALUATE_BINDING;
    struct bytes workload = facts->workload;

    *look = (struct look){holdings, facts, own, NULL, 0};
    list_left_out(look);
    *out = (struct usage){.is_known = true,
                          .tell_holders = tell_holders,
                          .holders = look,
                          .is_bound_pod_accelerated = is_binding && own && own->weight};
    init_amounts(facts, out);
    read_totals(look, out);
    read_holders(look, out);
    if (facts->evaluation & EVALUATE_CLAIM_TEMPLATE)
        out->waiting = find_waiting(look);
    if (is_binding && own)
        workload = holding_pod(own).workload;
    if (facts->tenant->fabric.span == SPAN_ONE && workload.len)
        read_placements(look, workload, out);
}

void usage_init_unknown(const struct facts *facts, const struct usage_problem *problem,
                        struct usage *out)
{
    *out = (struct usage){.problem = *problem};
    init_amounts(facts, out);
}
