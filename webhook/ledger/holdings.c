#include "ledger/holdings.h"

#include "base/memory.h"
#include "ledger/weights.h"

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

struct namespace_holdings *holdings_find_namespace(const struct holdings *holdings,
                                                   struct bytes name)
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
    struct value labels = view_labels(holdings->view, VIEW_NAMESPACES, namespace->name);
    bool is_counted = tenancy && !cluster_is_exempt(&tenancy->cluster, namespace->name);

    namespace->tenant =
        is_counted ? tenancy_belonging(tenancy, namespace->name, labels).tenant : NULL;
}

static struct namespace_holdings *new_namespace(struct holdings *holdings, struct bytes name)
{
    struct namespace_holdings *namespace = memory_alloc(sizeof(*namespace) + name.len);
    char *room = (char *)(namespace + 1);

    namespace->name = memory_place(&room, name);
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
    struct namespace_holdings *namespace = holdings_find_namespace(holdings, name);
    const struct tenant *before = namespace ? namespace->tenant : NULL;

    if (!namespace)
        return;
    find_tenant(holdings, namespace);
    if (namespace->tenant == before)
        return;
    for (struct holding *each = TAILQ_FIRST(&namespace->all); each;
         each = TAILQ_NEXT(each, in_namespace)) {
        weights_subtract(holdings, each);
        weights_add(holdings, each);
    }
}

struct holding *holdings_find(const struct holdings *holdings, struct bytes namespace,
                              struct bytes uid)
{
    uint64_t hash = table_hash(&holdings->by_uid, namespace, uid);

    for (struct table_link *link = table_first(&holdings->by_uid, hash); link;
         link = table_next(link)) {
        struct holding *holding = TABLE_THING(link, struct holding, by_uid);

        if (bytes_equal(holding->pod.namespace, namespace) && bytes_equal(holding->pod.uid, uid))
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
    struct holding *found = uid.len ? holdings_find(holdings, namespace, uid) : NULL, *each;

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
              table_hash(&holdings->by_uid, pod->namespace, pod->uid));
    table_add(&holdings->by_name, &holding->by_name,
              table_hash(&holdings->by_name, pod->namespace, pod->name));
    holding->namespace = holdings_find_namespace(holdings, pod->namespace);
    if (!holding->namespace)
        holding->namespace = new_namespace(holdings, pod->namespace);
    TAILQ_INSERT_TAIL(&holding->namespace->all, holding, in_namespace);
    note_leaving(holdings, holding);
    weights_add(holdings, holding);
}

void holdings_remove(struct holdings *holdings, struct holding *holding)
{
    TAILQ_REMOVE(&holdings->all, holding, in_all);
    weights_subtract(holdings, holding);
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
    struct holding *old = holdings_find(holdings, pod->namespace, pod->uid);
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

void holdings_adopt(struct holdings *holdings, const struct tenancy *tenancy,
                    const struct view *view)
{
    struct namespace_holdings *namespace;
    struct holding *each;

    for (each = TAILQ_FIRST(&holdings->all); each; each = TAILQ_NEXT(each, in_all)) {
        weights_unlink(holdings, each);
        forget_leaving(holdings, each);
        each->tenant = NULL;
    }
    weights_init(holdings, tenancy);
    holdings->view = view;
    holdings->next_gone = INT64_MAX;
    for (namespace = TAILQ_FIRST(&holdings->all_namespaces); namespace;
         namespace = TAILQ_NEXT(namespace, in_all))
        find_tenant(holdings, namespace);
    for (each = TAILQ_FIRST(&holdings->all); each; each = TAILQ_NEXT(each, in_all)) {
        note_leaving(holdings, each);
        weights_add(holdings, each);
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
