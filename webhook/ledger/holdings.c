#include "ledger/holdings.h"

#include "base/memory.h"
#include "ledger/claim_uses.h"
#include "ledger/weights.h"

void holdings_init(struct holdings *holdings, const struct view *view)
{
    *holdings = (struct holdings){.view = view, .next_gone = INT64_MAX};
    table_init(&holdings->by_uid);
    table_init(&holdings->by_name);
    table_init(&holdings->namespaces);
    table_init(&holdings->workloads);
    table_init(&holdings->asks);
    table_init(&holdings->claims);
    table_init(&holdings->tallies);
    TAILQ_INIT(&holdings->all_namespaces);
    TAILQ_INIT(&holdings->all);
    TAILQ_INIT(&holdings->leaving);
    TAILQ_INIT(&holdings->reservations);
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

static void join_namespace(struct holdings *holdings, struct holding *holding, struct bytes name)
{
    holding->namespace = holdings_find_namespace(holdings, name);
    if (!holding->namespace)
        holding->namespace = new_namespace(holdings, name);
    TAILQ_INSERT_TAIL(&holding->namespace->all, holding, in_namespace);
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

static void move(struct holdings *holdings, struct namespace_holdings *namespace)
{
    const struct tenant *before = namespace->tenant;

    find_tenant(holdings, namespace);
    if (namespace->tenant == before)
        return;
    for (struct holding *each = TAILQ_FIRST(&namespace->all); each;
         each = TAILQ_NEXT(each, in_namespace)) {
        if (each->is_over)
            continue;
        weights_subtract(holdings, each);
        weights_add(holdings, each);
    }
}

void holdings_move(struct holdings *holdings, struct bytes name)
{
    struct namespace_holdings *namespace = holdings_find_namespace(holdings, name);

    if (namespace)
        move(holdings, namespace);
}

void holdings_move_all(struct holdings *holdings)
{
    struct namespace_holdings *each;

    for (each = TAILQ_FIRST(&holdings->all_namespaces); each; each = TAILQ_NEXT(each, in_all))
        move(holdings, each);
}

struct bytes holding_uid(const struct holding *holding)
{
    return (struct bytes){holding->texts, holding->uid_len};
}

struct bytes holding_name(const struct holding *holding)
{
    return (struct bytes){holding->texts + holding->uid_len, holding->name_len};
}

struct held_pod holding_pod(const struct holding *holding)
{
    struct held_pod pod = {.is_claim = holding->is_claim,
                           .uid = holding_uid(holding),
                           .has_uid = holding->has_uid,
                           .namespace = holding->namespace->name,
                           .name = holding_name(holding),
                           .ask = holding->ask->ask,
                           .gone_at = holding->gone_at};

    pod.node = (struct bytes){pod.name.data + pod.name.len, holding->node_len};
    pod.workload = (struct bytes){pod.node.data + pod.node.len, holding->workload_len};
    pod.owner = (struct bytes){pod.workload.data + pod.workload.len, holding->owner_len};
    pod.priority_class = (struct bytes){pod.owner.data + pod.owner.len, holding->class_len};
    return pod;
}

struct holding *holdings_find(const struct holdings *holdings, struct bytes namespace,
                              struct bytes uid)
{
    uint64_t hash = table_hash(&holdings->by_uid, namespace, uid);

    for (struct table_link *link = table_first(&holdings->by_uid, hash); link;
         link = table_next(link)) {
        struct holding *holding = TABLE_THING(link, struct holding, by_uid);

        if (bytes_equal(holding_uid(holding), uid) &&
            bytes_equal(holding->namespace->name, namespace))
            return holding;
    }
    return NULL;
}

static struct holding *find_name(struct table_link *link, const struct holding_name *name)
{
    for (; link; link = table_next(link)) {
        struct holding *holding = TABLE_THING(link, struct holding, by_name);

        if (holding->is_claim == name->is_claim && bytes_equal(holding_name(holding), name->name) &&
            bytes_equal(holding->namespace->name, name->namespace))
            return holding;
    }
    return NULL;
}

struct holding *holdings_first_named(const struct holdings *holdings,
                                     const struct holding_name *name)
{
    uint64_t hash = table_hash(&holdings->by_name, name->namespace, name->name);

    return find_name(table_first(&holdings->by_name, hash), name);
}

struct holding *holdings_next_named(const struct holding *holding)
{
    const struct holding_name name = {holding->is_claim, holding->namespace->name,
                                      holding_name(holding)};

    return find_name(table_next(&holding->by_name), &name);
}

struct holding *holdings_find_named(const struct holdings *holdings, struct bytes uid,
                                    const struct holding_name *name)
{
    struct holding *found = uid.len ? holdings_find(holdings, name->namespace, uid) : NULL, *each;

    if (found || name->name.len == 0)
        return found;
    for (each = holdings_first_named(holdings, name); each; each = holdings_next_named(each)) {
        if (uid.len && each->has_uid)
            continue;
        if (!found || each->number > found->number)
            found = each;
    }
    return found;
}

/* State files that show no node don't say that there is none. */
static bool lacks_node(const struct holdings *holdings, const struct holding *holding)
{
    return (holdings->has_nodes || view_count(holdings->view, VIEW_NODES) > 0) &&
           !view_find(holdings->view, VIEW_NODES, holding_pod(holding).node);
}

static void note_leaving(struct holdings *holdings, struct holding *holding)
{
    if (holding->gone_at == 0 || holding->node_len == 0)
        return;
    holding->is_leaving = true;
    TAILQ_INSERT_TAIL(&holdings->leaving, holding, in_leaving);
    if (holding->gone_at < holdings->next_gone && lacks_node(holdings, holding))
        holdings->next_gone = holding->gone_at;
}

static void forget_leaving(struct holdings *holdings, struct holding *holding)
{
    if (holding->is_leaving)
        TAILQ_REMOVE(&holdings->leaving, holding, in_leaving);
    holding->is_leaving = false;
}

/* Into all but its namespace. */
static void insert(struct holdings *holdings, struct holding *holding)
{
    struct bytes namespace = holding->namespace->name;

    TAILQ_INSERT_TAIL(&holdings->all, holding, in_all);
    table_add(&holdings->by_uid, &holding->by_uid,
              table_hash(&holdings->by_uid, namespace, holding_uid(holding)));
    table_add(&holdings->by_name, &holding->by_name,
              table_hash(&holdings->by_name, namespace, holding_name(holding)));
    claim_uses_add(holdings, holding);
    note_leaving(holdings, holding);
    weights_add(holdings, holding);
}

static void note_shown(struct reservation_set *set, bool is_claim, uint64_t version)
{
    uint64_t *floor = is_claim ? &set->settled.claims : &set->settled.pods;

    if (version > *floor)
        *floor = version;
}

void holdings_note_shown(struct reservation_set *set, const struct holding *holding)
{
    note_shown(set, holding->is_claim, holding->version);
}

/* `version`: of the object by which it left; 0: by none. */
static void leave_set(struct reservation *reservation, uint64_t version)
{
    TAILQ_REMOVE(&reservation->set->all, reservation, in_set);
    reservation->set->has_lost = true;
    note_shown(reservation->set, reservation->pod.is_claim, version);
}

static void drop_reservation(struct holdings *holdings, struct holding *holding, uint64_t version)
{
    struct reservation *reservation = holding->reservation;

    if (!reservation)
        return;
    leave_set(reservation, version);
    TAILQ_REMOVE(&holdings->reservations, reservation, in_all);
    reservation_let_go(reservation);
    holding->reservation = NULL;
}

static void free_holding(struct holdings *holdings, struct holding *holding)
{
    TAILQ_REMOVE(&holdings->all, holding, in_all);
    weights_subtract(holdings, holding);
    forget_leaving(holdings, holding);
    table_remove(&holdings->by_uid, &holding->by_uid);
    table_remove(&holdings->by_name, &holding->by_name);
    claim_uses_remove(holdings, holding);
    leave_namespace(holdings, holding);
    shared_ask_drop(&holdings->asks, holding->ask);
    free(holding);
}

void holdings_remove(struct holdings *holdings, struct holding *holding)
{
    drop_reservation(holdings, holding, 0);
    free_holding(holdings, holding);
}

static void place_text(char **room, struct bytes text, uint32_t *len)
{
    *len = (uint32_t)text.len;
    memory_place(room, text);
}

/* One that is in its namespace, and nowhere else yet. */
static struct holding *new_holding(struct holdings *holdings, const struct held_pod *pod)
{
    size_t len = pod->uid.len + pod->name.len + pod->node.len + pod->workload.len + pod->owner.len +
                 pod->priority_class.len;
    struct holding *holding = memory_alloc(sizeof(*holding) + len);
    char *rest = holding->texts;

    place_text(&rest, pod->uid, &holding->uid_len);
    place_text(&rest, pod->name, &holding->name_len);
    place_text(&rest, pod->node, &holding->node_len);
    place_text(&rest, pod->workload, &holding->workload_len);
    place_text(&rest, pod->owner, &holding->owner_len);
    place_text(&rest, pod->priority_class, &holding->class_len);
    holding->is_claim = pod->is_claim;
    holding->has_uid = pod->has_uid;
    holding->gone_at = pod->gone_at;
    holding->ask = shared_ask_hold(&holdings->asks, &pod->ask);
    join_namespace(holdings, holding, pod->namespace);
    return holding;
}

/* Put `pod`, which may refer to `old`, in the place of `old`, which may be NULL, with all that is
 * known of it beside. */
static struct holding *replace(struct holdings *holdings, struct holding *old,
                               const struct held_pod *pod, bool is_seen)
{
    struct holding *holding = new_holding(holdings, pod);

    holding->is_seen = is_seen;
    if (old) {
        holding->number = old->number;
        holding->version = old->version;
        holding->list = old->list;
        holding->reservation = old->reservation;
        if (holding->reservation)
            holding->reservation->holding = holding;
        free_holding(holdings, old);
    } else {
        holding->number = holdings->next_number++;
    }
    insert(holdings, holding);
    return holding;
}

/* Record the larger amount of each of what was there, if anything was, and `pod`. */
static struct holding *add(struct holdings *holdings, struct holding *old,
                           const struct held_pod *pod, bool is_seen)
{
    struct arena arena = {0};
    struct held_pod before, merged;
    struct holding *holding;

    held_pod_look_up(pod, NULL, holdings->view, &arena, &merged);
    if (old) {
        before = holding_pod(old);
        held_pod_merge(&before, &merged, &arena, &merged);
    }
    holding = replace(holdings, old, &merged, is_seen);
    arena_release(&arena);
    return holding;
}

void holdings_put(struct holdings *holdings, const struct held_pod *pod)
{
    add(holdings, holdings_find(holdings, pod->namespace, pod->uid), pod, true);
}

/* What is reserved from now on, `pod` added to what was. */
static struct reservation *add_reservation(struct holding *old, const struct held_pod *pod,
                                           bool is_growth)
{
    struct reservation *before = old ? old->reservation : NULL, *reservation;
    struct held_pod merged = *pod, known;
    struct arena arena = {0};

    if (before)
        held_pod_merge(&before->pod, pod, &arena, &merged);
    reservation = reservation_new(&merged);
    reservation->is_growth = is_growth || (old && old->is_seen) || (before && before->is_growth);
    if (before) {
        reservation->seen = before->seen;
        before->seen = NULL;
    } else if (old && old->is_seen) {
        known = holding_pod(old);
        reservation_note_seen(reservation, &known);
    }
    arena_release(&arena);
    return reservation;
}

struct reservation *holdings_reserve(struct holdings *holdings, struct reservation_set *set,
                                     const struct held_pod *pod, bool is_growth, int64_t now)
{
    struct holding *holding = holdings_find(holdings, pod->namespace, pod->uid);
    struct reservation *reservation = add_reservation(holding, pod, is_growth);

    holding = add(holdings, holding, pod, holding && holding->is_seen);
    drop_reservation(holdings, holding, 0);
    reservation->order = ++holdings->last_order;
    reservation->made_at = now;
    reservation->holding = holding;
    reservation->set = set;
    holding->reservation = reservation;
    TAILQ_INSERT_TAIL(&holdings->reservations, reservation, in_all);
    TAILQ_INSERT_TAIL(&set->all, reservation, in_set);
    return reservation;
}

/* What counts from now on is what the view shows. */
static void count_seen(struct holdings *holdings, struct holding *holding, uint64_t version)
{
    struct held_pod *seen = holding->reservation->seen;

    holding->reservation->seen = NULL;
    drop_reservation(holdings, holding, version);
    replace(holdings, holding, seen, true);
    free(seen);
}

void holdings_unreserve(struct holdings *holdings, struct reservation *reservation)
{
    if (reservation->seen)
        count_seen(holdings, reservation->holding, 0);
    else
        holdings_remove(holdings, reservation->holding);
}

static bool is_settled(const struct reservation *reservation, uint64_t version)
{
    return reservation->settled_by && version >= reservation->settled_by;
}

struct holding *holdings_see(struct holdings *holdings, const struct held_pod *pod,
                             uint64_t version)
{
    struct holding *holding = holdings_find(holdings, pod->namespace, pod->uid);
    struct reservation *reservation = holding ? holding->reservation : NULL;
    struct held_pod known = {0}, counted;
    struct arena arena = {0};

    if (holding)
        known = holding_pod(holding);
    held_pod_look_up(pod, holding ? &known : NULL, holdings->view, &arena, &counted);
    if (reservation && (!reservation->is_growth || is_settled(reservation, version))) {
        drop_reservation(holdings, holding, version);
    } else if (reservation) {
        reservation_note_seen(reservation, &counted);
        held_pod_merge(&reservation->pod, &counted, &arena, &counted);
    }
    if (!holding || !holding->is_seen || !held_pod_equal(&known, &counted))
        holding = replace(holdings, holding, &counted, true);
    holding->version = version;
    arena_release(&arena);
    return holding;
}

void holdings_settle_growth(struct holdings *holdings, struct holding *holding, uint64_t version)
{
    struct reservation *reservation = holding->reservation;

    reservation->settled_by = version;
    if (reservation->seen && is_settled(reservation, holding->version))
        count_seen(holdings, holding, holding->version);
}

static void look_up(struct holdings *holdings, struct holding *holding)
{
    struct held_pod known = holding_pod(holding), found;
    struct arena arena = {0};

    held_pod_look_up(&known, &known, holdings->view, &arena, &found);
    if (!held_pod_equal(&known, &found))
        replace(holdings, holding, &found, holding->is_seen);
    arena_release(&arena);
}

void holdings_look_up(struct holdings *holdings)
{
    struct holding *each, *next;

    for (each = TAILQ_FIRST(&holdings->all); each; each = next) {
        next = TAILQ_NEXT(each, in_all);
        look_up(holdings, each);
    }
}

void holdings_look_up_claim(struct holdings *holdings, struct bytes path)
{
    size_t slash = (size_t)((const char *)memchr(path.data, '/', path.len) - path.data);
    struct bytes namespace = {path.data, slash}, name = bytes_tail(path, slash + 1);
    const struct claim_use *each, *next;

    for (each = holdings_first_use(holdings, namespace, name); each; each = next) {
        next = TAILQ_NEXT(each, in_claim);
        look_up(holdings, each->holding);
    }
}

void holdings_set_node(struct holdings *holdings, struct holding *holding, struct bytes node)
{
    struct held_pod pod = holding_pod(holding);

    if (bytes_equal(pod.node, node))
        return;
    pod.node = node;
    replace(holdings, holding, &pod, holding->is_seen);
}

void holdings_list_nodes(struct holdings *holdings)
{
    holdings->has_nodes = true;
    holdings_note_nodes(holdings);
}

void holdings_note_nodes(struct holdings *holdings)
{
    holdings->next_gone = 0;
}

static void set_over(struct holdings *holdings, struct holding *holding, bool is_over)
{
    if (holding->is_over == is_over)
        return;
    holding->is_over = is_over;
    if (is_over)
        weights_subtract(holdings, holding);
    else
        weights_add(holdings, holding);
}

void holdings_drop_gone(struct holdings *holdings, int64_t now)
{
    struct holding *each;

    if (now < holdings->next_gone)
        return;
    holdings->next_gone = INT64_MAX;
    for (each = TAILQ_FIRST(&holdings->leaving); each; each = TAILQ_NEXT(each, in_leaving)) {
        bool lacks = lacks_node(holdings, each);

        set_over(holdings, each, lacks && each->gone_at <= now);
        if (lacks && !each->is_over && each->gone_at < holdings->next_gone)
            holdings->next_gone = each->gone_at;
    }
}

void holdings_adopt(struct holdings *holdings, const struct tenancy *tenancy,
                    const struct view *view)
{
    struct namespace_holdings *namespace;
    struct holding *each;

    for (each = TAILQ_FIRST(&holdings->all); each; each = TAILQ_NEXT(each, in_all)) {
        weights_unlink(holdings, each);
        each->is_over = false;
        each->tenant = NULL;
    }
    weights_init(holdings, tenancy);
    holdings->view = view;
    holdings_note_nodes(holdings);
    for (namespace = TAILQ_FIRST(&holdings->all_namespaces); namespace;
         namespace = TAILQ_NEXT(namespace, in_all))
        find_tenant(holdings, namespace);
    for (each = TAILQ_FIRST(&holdings->all); each; each = TAILQ_NEXT(each, in_all))
        weights_add(holdings, each);
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
    table_release(&holdings->asks);
    table_release(&holdings->claims);
    table_release(&holdings->tallies);
    arena_release(&holdings->tenants_arena);
    arena_release(&holdings->scratch);
}
