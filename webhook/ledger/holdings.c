#include "ledger/holdings.h"

#include "base/memory.h"

/* Made with the first pod of a namespace, gone with the last. */
struct namespace_holdings {
    struct table_link link;
    TAILQ_ENTRY(namespace_holdings) in_all;
    struct bytes name;
    const struct tenant *tenant; /* NULL: nobody's, or exempt */
    struct holding_list all;
    struct holding_list in_mode[MODE_COUNT]; /* where sharing.exclusive is namespace */
};

/* Made with the first accelerated pod of a workload, gone with the last. */
struct workload_holdings {
    struct table_link link;
    struct bytes namespace, name;
    struct holding_list all;
};

void holdings_init(struct holdings *holdings, const struct view *view)
{
    *holdings = (struct holdings){.view = view, .next_gone = INT64_MAX};
    table_init(&holdings->by_uid);
    table_init(&holdings->by_name);
    table_init(&holdings->namespaces);
    table_init(&holdings->workloads);
    TAILQ_INIT(&holdings->all_namespaces);
    TAILQ_INIT(&holdings->all);
    TAILQ_INIT(&holdings->leaving);
}

/* ---- totals */

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

bool cap_sum(const struct resource_cap *cap, const struct resource_amounts *requests,
             struct amount *out)
{
    struct amount sum = {0};

    for (size_t i = 0; i < requests->count; i++) {
        if (glob_matches(&cap->name, requests->items[i].name) &&
            !amount_add(sum, requests->items[i].amount, &sum))
            return false;
    }
    *out = sum;
    return true;
}

/* Add or subtract everything that a pod holds. */
static void change_totals(struct holdings *holdings, const struct holding *holding,
                          void (*change)(struct total *total, struct amount amount))
{
    const struct resource_caps *caps = &holding->tenant->resources;
    struct tenant_holdings *held = &holdings->tenants[holding->tenant->index];
    struct amount amount;

    change(&held->gpus, holding->gpus);
    held->gpus.is_beyond |= holding->is_beyond;
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        change(&held->by_mode[mode], holding->by_mode[mode]);
        held->by_mode[mode].is_beyond |= holding->is_beyond;
    }
    for (size_t i = 0; i < caps->count; i++) {
        if (cap_sum(&caps->items[i], &holding->pod.ask.requests, &amount))
            change(&held->resources[i], amount);
        else
            held->resources[i].is_beyond = true;
    }
}

static bool has_total_beyond(const struct tenant_holdings *held, const struct tenant *tenant)
{
    bool is_beyond = held->gpus.is_beyond;

    for (int mode = 0; mode < MODE_COUNT; mode++)
        is_beyond |= held->by_mode[mode].is_beyond;
    for (size_t i = 0; i < tenant->resources.count; i++)
        is_beyond |= held->resources[i].is_beyond;
    return is_beyond;
}

static void sum_again(struct holdings *holdings, const struct tenant *tenant)
{
    struct tenant_holdings *held = &holdings->tenants[tenant->index];

    held->gpus = (struct total){0};
    for (int mode = 0; mode < MODE_COUNT; mode++)
        held->by_mode[mode] = (struct total){0};
    for (size_t i = 0; i < tenant->resources.count; i++)
        held->resources[i] = (struct total){0};
    for (const struct holding *each = TAILQ_FIRST(&holdings->all); each;
         each = TAILQ_NEXT(each, in_all)) {
        if (each->tenant == tenant)
            change_totals(holdings, each, total_add);
    }
}

/* ---- what a pod weighs */

static bool holds_mode(const struct holding *holding, int mode)
{
    return holding->is_beyond || !amount_is_zero(holding->by_mode[mode]);
}

/* The lists of the scope in which the tenant may use one mode at a time; NULL: in none. */
static struct holding_list *find_scope(const struct holdings *holdings, const struct tenant *tenant,
                                       struct namespace_holdings *namespace)
{
    if (tenant->sharing.exclusive == SCOPE_TENANT)
        return holdings->tenants[tenant->index].in_mode;
    return tenant->sharing.exclusive == SCOPE_NAMESPACE && namespace ? namespace->in_mode : NULL;
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

/* The names are the caller's, who keeps them as long as the memory that is given. */
static struct bytes copy_behind(char **room, struct bytes text)
{
    struct bytes copy = {*room, text.len};

    if (text.len)
        memcpy(*room, text.data, text.len);
    *room += text.len;
    return copy;
}

static struct workload_holdings *new_workload(struct holdings *holdings, struct bytes namespace,
                                              struct bytes name)
{
    struct workload_holdings *workload = memory_alloc(sizeof(*workload) + namespace.len + name.len);
    char *room = (char *)(workload + 1);

    workload->namespace = copy_behind(&room, namespace);
    workload->name = copy_behind(&room, name);
    TAILQ_INIT(&workload->all);
    table_add(&holdings->workloads, &workload->link,
              table_hash(&holdings->workloads, namespace, name));
    return workload;
}

static void join_workload(struct holdings *holdings, struct holding *holding)
{
    const struct held_pod *pod = &holding->pod;

    if (!holding->is_accelerated || pod->workload.len == 0)
        return;
    holding->workload = find_workload(holdings, pod->namespace, pod->workload);
    if (!holding->workload)
        holding->workload = new_workload(holdings, pod->namespace, pod->workload);
    TAILQ_INSERT_TAIL(&holding->workload->all, holding, in_workload);
}

static void leave_workload(struct holdings *holdings, struct holding *holding)
{
    struct workload_holdings *workload = holding->workload;

    if (!workload)
        return;
    holding->workload = NULL;
    TAILQ_REMOVE(&workload->all, holding, in_workload);
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
    holding->is_beyond = !demand_weigh(&holding->pod.ask, &holdings->tenancy->cluster,
                                       &holdings->scratch, &demand, &ignored);
    holding->is_accelerated = demand.is_accelerated || holding->is_beyond;
    holding->gpus = demand.gpus;
    memcpy(holding->by_mode, demand.by_mode, sizeof(demand.by_mode));
    arena_reset(&holdings->scratch);
}

static void weigh(struct holdings *holdings, struct holding *holding)
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
    holdings->tenants[tenant->index].pods++;
    scope = find_scope(holdings, tenant, holding->namespace);
    for (int mode = 0; scope && mode < MODE_COUNT; mode++) {
        if (holds_mode(holding, mode))
            TAILQ_INSERT_TAIL(&scope[mode], holding, in_mode[mode]);
    }
}

/* Out of all lists that weighing put it into. */
static void unlink_weighed(struct holdings *holdings, struct holding *holding)
{
    struct holding_list *scope =
        holding->tenant ? find_scope(holdings, holding->tenant, holding->namespace) : NULL;

    leave_workload(holdings, holding);
    for (int mode = 0; scope && mode < MODE_COUNT; mode++) {
        if (holds_mode(holding, mode))
            TAILQ_REMOVE(&scope[mode], holding, in_mode[mode]);
    }
}

static void unweigh(struct holdings *holdings, struct holding *holding)
{
    const struct tenant *tenant = holding->tenant;
    struct tenant_holdings *held;

    unlink_weighed(holdings, holding);
    holding->tenant = NULL;
    if (!tenant)
        return;
    held = &holdings->tenants[tenant->index];
    held->pods--;
    holding->tenant = tenant;
    change_totals(holdings, holding, total_subtract);
    holding->tenant = NULL;
    if (has_total_beyond(held, tenant))
        sum_again(holdings, tenant);
}

/* ---- namespaces */

static struct namespace_holdings *find_namespace(const struct holdings *holdings, struct bytes name)
{
    uint64_t hash = table_hash(&holdings->namespaces, name, BYTES(""));

    for (struct table_link *link = table_first(&holdings->namespaces, hash); link;
         link = table_next(link)) {
        struct namespace_holdings *namespace = TABLE_THING(link, struct namespace_holdings, link);

        if (bytes_equal(namespace->name, name))
            return namespace;
    }
    return NULL;
}

static void find_tenant(const struct holdings *holdings, struct namespace_holdings *namespace)
{
    const struct tenancy *tenancy = holdings->tenancy;
    const struct view_object *known = view_find(holdings->view, VIEW_NAMESPACES, namespace->name);
    struct value labels = known ? known->labels : (struct value){0};

    namespace->tenant = NULL;
    if (tenancy && !cluster_is_exempt(&tenancy->cluster, namespace->name))
    namespace->tenant = tenancy_belonging(tenancy, namespace->name, labels).tenant;
}

static struct namespace_holdings *new_namespace(struct holdings *holdings, struct bytes name)
{
    struct namespace_holdings *namespace = memory_alloc(sizeof(*namespace) + name.len);
    char *room = (char *)(namespace + 1);

    namespace->name = copy_behind(&room, name);
    TAILQ_INIT(&namespace->all);
    for (int mode = 0; mode < MODE_COUNT; mode++)
        TAILQ_INIT(&namespace->in_mode[mode]);
    TAILQ_INSERT_TAIL(&holdings->all_namespaces, namespace, in_all);
    table_add(&holdings->namespaces, &namespace->link,
              table_hash(&holdings->namespaces, name, BYTES("")));
    find_tenant(holdings, namespace);
    return namespace;
}

static void leave_namespace(struct holdings *holdings, struct holding *holding)
{
    struct namespace_holdings *namespace = holding->namespace;

    TAILQ_REMOVE(&namespace->all, holding, in_namespace);
    if (!TAILQ_EMPTY(&namespace->all))
        return;
    TAILQ_REMOVE(&holdings->all_namespaces, namespace, in_all);
    table_remove(&holdings->namespaces, &namespace->link);
    free(namespace);
}

void holdings_move(struct holdings *holdings, struct bytes name)
{
    struct namespace_holdings *namespace = find_namespace(holdings, name);
    const struct tenant *before = namespace ? namespace->tenant : NULL;

    if (!namespace)
        return;
    find_tenant(holdings, namespace);
    if (namespace->tenant == before)
        return;
    for (struct holding *each = TAILQ_FIRST(&namespace->all); each;
         each = TAILQ_NEXT(each, in_namespace)) {
        unweigh(holdings, each);
        weigh(holdings, each);
    }
}

/* ---- pods */

struct holding *holdings_find(const struct holdings *holdings, struct bytes uid)
{
    uint64_t hash = table_hash(&holdings->by_uid, uid, BYTES(""));

    for (struct table_link *link = table_first(&holdings->by_uid, hash); link;
         link = table_next(link)) {
        struct holding *holding = TABLE_THING(link, struct holding, by_uid);

        if (bytes_equal(holding->pod.uid, uid))
            return holding;
    }
    return NULL;
}

static struct holding *find_name(struct table_link *link, struct bytes namespace, struct bytes name)
{
    for (; link; link = table_next(link)) {
        struct holding *holding = TABLE_THING(link, struct holding, by_name);

        if (bytes_equal(holding->pod.namespace, namespace) && bytes_equal(holding->pod.name, name))
            return holding;
    }
    return NULL;
}

struct holding *holdings_first_named(const struct holdings *holdings, struct bytes namespace,
                                     struct bytes name)
{
    uint64_t hash = table_hash(&holdings->by_name, namespace, name);

    return find_name(table_first(&holdings->by_name, hash), namespace, name);
}

struct holding *holdings_next_named(const struct holding *holding)
{
    return find_name(table_next(&holding->by_name), holding->pod.namespace, holding->pod.name);
}

struct holding *holdings_find_named(const struct holdings *holdings, struct bytes uid,
                                    struct bytes namespace, struct bytes name)
{
    struct holding *found = uid.len ? holdings_find(holdings, uid) : NULL, *each;

    if (found || name.len == 0)
        return found;
    for (each = holdings_first_named(holdings, namespace, name); each;
         each = holdings_next_named(each)) {
        if (uid.len && each->pod.has_uid)
            continue;
        if (!found || each->number > found->number)
            found = each;
    }
    return found;
}

static void note_leaving(struct holdings *holdings, struct holding *holding)
{
    const struct held_pod *pod = &holding->pod;

    if (pod->gone_at == 0 || pod->node.len == 0 || holdings->view->tables[VIEW_NODES].count == 0 ||
        view_find(holdings->view, VIEW_NODES, pod->node))
        return;
    holding->is_leaving = true;
    TAILQ_INSERT_TAIL(&holdings->leaving, holding, in_leaving);
    if (pod->gone_at < holdings->next_gone)
        holdings->next_gone = pod->gone_at;
}

static void forget_leaving(struct holdings *holdings, struct holding *holding)
{
    if (holding->is_leaving)
        TAILQ_REMOVE(&holdings->leaving, holding, in_leaving);
    holding->is_leaving = false;
}

static void insert(struct holdings *holdings, struct holding *holding)
{
    const struct held_pod *pod = &holding->pod;

    TAILQ_INSERT_TAIL(&holdings->all, holding, in_all);
    table_add(&holdings->by_uid, &holding->by_uid,
              table_hash(&holdings->by_uid, pod->uid, BYTES("")));
    table_add(&holdings->by_name, &holding->by_name,
              table_hash(&holdings->by_name, pod->namespace, pod->name));
    holding->namespace = find_namespace(holdings, pod->namespace);
    if (!holding->namespace)
        holding->namespace = new_namespace(holdings, pod->namespace);
    TAILQ_INSERT_TAIL(&holding->namespace->all, holding, in_namespace);
    note_leaving(holdings, holding);
    weigh(holdings, holding);
}

void holdings_remove(struct holdings *holdings, struct holding *holding)
{
    TAILQ_REMOVE(&holdings->all, holding, in_all);
    unweigh(holdings, holding);
    forget_leaving(holdings, holding);
    table_remove(&holdings->by_uid, &holding->by_uid);
    table_remove(&holdings->by_name, &holding->by_name);
    leave_namespace(holdings, holding);
    free(holding);
}

/* Put `pod`, which may refer to `old`, in the place of `old`, which may be NULL. */
static void replace(struct holdings *holdings, struct holding *old, const struct held_pod *pod)
{
    struct holding *holding = memory_alloc(sizeof(*holding) + held_pod_room(pod));

    held_pod_copy(pod, holding + 1, &holding->pod);
    holding->number = old ? old->number : holdings->next_number++;
    if (old)
        holdings_remove(holdings, old);
    insert(holdings, holding);
}

void holdings_put(struct holdings *holdings, const struct held_pod *pod)
{
    struct holding *old = holdings_find(holdings, pod->uid);
    struct arena arena = {0};
    struct held_pod merged;

    if (!old) {
        replace(holdings, NULL, pod);
        return;
    }
    held_pod_merge(&old->pod, pod, &arena, &merged);
    replace(holdings, old, &merged);
    arena_release(&arena);
}

void holdings_set_node(struct holdings *holdings, struct holding *holding, struct bytes node)
{
    struct held_pod pod = holding->pod;

    if (bytes_equal(pod.node, node))
        return;
    pod.node = node;
    replace(holdings, holding, &pod);
}

void holdings_drop_gone(struct holdings *holdings, int64_t now)
{
    struct holding *each, *next;

    if (now < holdings->next_gone)
        return;
    holdings->next_gone = INT64_MAX;
    for (each = TAILQ_FIRST(&holdings->leaving); each; each = next) {
        next = TAILQ_NEXT(each, in_leaving);
        if (each->pod.gone_at <= now)
            holdings_remove(holdings, each);
        else if (each->pod.gone_at < holdings->next_gone)
            holdings->next_gone = each->pod.gone_at;
    }
}

/* ---- everything */

static void init_tenants(struct holdings *holdings, const struct tenancy *tenancy)
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

        held->resources =
            arena_alloc(arena, tenancy->tenants[i]->resources.count * sizeof(*held->resources));
        for (int mode = 0; mode < MODE_COUNT; mode++)
            TAILQ_INIT(&held->in_mode[mode]);
    }
}

void holdings_adopt(struct holdings *holdings, const struct tenancy *tenancy,
                    const struct view *view)
{
    struct namespace_holdings *namespace;
    struct holding *each;

    for (each = TAILQ_FIRST(&holdings->all); each; each = TAILQ_NEXT(each, in_all)) {
        unlink_weighed(holdings, each);
        forget_leaving(holdings, each);
        each->tenant = NULL;
    }
    init_tenants(holdings, tenancy);
    holdings->view = view;
    holdings->next_gone = INT64_MAX;
    for (namespace = TAILQ_FIRST(&holdings->all_namespaces); namespace;
         namespace = TAILQ_NEXT(namespace, in_all))
        find_tenant(holdings, namespace);
    for (each = TAILQ_FIRST(&holdings->all); each; each = TAILQ_NEXT(each, in_all)) {
        note_leaving(holdings, each);
        weigh(holdings, each);
    }
}

void holdings_release(struct holdings *holdings)
{
    holdings_adopt(holdings, NULL, holdings->view);
    while (!TAILQ_EMPTY(&holdings->all))
        holdings_remove(holdings, TAILQ_FIRST(&holdings->all));
    table_release(&holdings->by_uid);
    table_release(&holdings->by_name);
    table_release(&holdings->namespaces);
    table_release(&holdings->workloads);
    arena_release(&holdings->tenants_arena);
    arena_release(&holdings->scratch);
}

const struct holding_list *holdings_in_mode(const struct holdings *holdings,
                                            const struct tenant *tenant, struct bytes namespace,
                                            enum mode mode)
{
    const struct holding_list *scope =
        find_scope(holdings, tenant, find_namespace(holdings, namespace));

    return scope ? &scope[mode] : NULL;
}

const struct holding_list *holdings_in_workload(const struct holdings *holdings,
                                                struct bytes namespace, struct bytes workload)
{
    const struct workload_holdings *found = find_workload(holdings, namespace, workload);

    return found ? &found->all : NULL;
}
