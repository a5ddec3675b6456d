#include "ledger/live.h"

#include <assert.h>

#include "base/buf.h"
#include "base/clock.h"
#include "kube/node_affinity.h"
#include "ledger/ledger_inner.h"
#include "ledger/object_read.h"

const char *const live_names[] = {
    [LIVE_NAMESPACES] = "namespaces",
    [LIVE_NODES] = "nodes",
    [LIVE_CLASSES] = "priorityclasses",
    [LIVE_DEVICE_CLASSES] = "deviceclasses",
    [LIVE_CLAIM_TEMPLATES] = "resourceclaimtemplates",
    [LIVE_CLAIMS] = "resourceclaims",
    [LIVE_NETWORK_POLICIES] = "networkpolicies",
    [LIVE_RESOURCE_QUOTAS] = "resourcequotas",
    [LIVE_LIMIT_RANGES] = "limitranges",
    [LIVE_PODS] = "pods",
};

void live_start(struct ledger *ledger, const struct live_times *times)
{
    ledger->is_live = true;
    ledger->times = *times;
}

int64_t live_age(const struct ledger *ledger, enum live_kind kind)
{
    int64_t contact = atomic_load(&ledger->watches[kind].contact);

    return contact ? clock_milliseconds() - contact : -1;
}

static bool is_in_contact(const struct ledger *ledger, enum live_kind kind, int64_t now)
{
    int64_t contact = atomic_load(&ledger->watches[kind].contact);

    return contact && now - contact <= ledger->times.max_age;
}

bool live_has_view(const struct ledger *ledger)
{
    int64_t now;

    if (!ledger->is_live)
        return true;
    now = clock_milliseconds();
    for (int kind = 0; kind < VIEW_ASKED; kind++) {
        if (!is_in_contact(ledger, (enum live_kind)kind, now))
            return false;
    }
    return true;
}

static bool is_for_rules(enum live_kind kind)
{
    return kind >= (enum live_kind)VIEW_ASKED && kind < (enum live_kind)VIEW_KINDS;
}

bool live_is_asked(const struct ledger *ledger, enum live_kind kind)
{
    return !is_for_rules(kind) || atomic_load(&ledger->watches[kind].is_asked);
}

unsigned live_lacking(const struct ledger *ledger)
{
    unsigned lacking = 0;

    for (int kind = VIEW_ASKED; ledger->is_live && kind < VIEW_KINDS; kind++) {
        if (live_is_asked(ledger, (enum live_kind)kind) &&
            !is_in_contact(ledger, (enum live_kind)kind, clock_milliseconds()))
            lacking |= 1U << kind;
    }
    return lacking;
}

const char *live_problem(const struct ledger *ledger, struct arena *arena)
{
    int64_t now = clock_milliseconds(), contact;

    for (int kind = 0; ledger->is_live && kind < LIVE_WATCHES; kind++) {
        if (is_for_rules((enum live_kind)kind) || is_in_contact(ledger, (enum live_kind)kind, now))
            continue;
        contact = atomic_load(&ledger->watches[kind].contact);
        if (!contact)
            return arena_printf(arena, "the view of %s isn't there yet", live_names[kind]);
        return arena_printf(arena, "the view of %s is %lld s old", live_names[kind],
                            (long long)(now - contact) / 1000);
    }
    return NULL;
}

void live_contact(struct ledger *ledger, enum live_kind kind, int64_t when)
{
    atomic_llong *contact = &ledger->watches[kind].contact;
    long long before = atomic_load(contact);

    /* What must be listed anew is so when that list has come to its end. */
    while (before && before < when && !atomic_compare_exchange_weak(contact, &before, when))
        continue;
}

static uint64_t version_of(struct value object)
{
    return object_version(value_text(value_path(object, "metadata.resourceVersion")));
}

static void raise(uint64_t *shown, uint64_t version, pthread_cond_t *progress)
{
    if (version <= *shown)
        return;
    *shown = version;
    pthread_cond_broadcast(progress);
}

void live_progress(struct ledger *ledger, enum live_kind kind, struct bytes resource_version)
{
    uint64_t version = object_version(resource_version);

    if (kind != LIVE_PODS && kind != LIVE_CLAIMS)
        return;
    pthread_mutex_lock(&ledger->lock);
    raise(kind == LIVE_PODS ? &ledger->shown.pods : &ledger->shown.claims, version,
          &ledger->progress);
    pthread_mutex_unlock(&ledger->lock);
}

/* ---- pods */

static bool is_accelerated(const struct tenancy *tenancy, const struct held_pod *pod)
{
    struct arena arena = {0};
    struct demand demand;
    struct error ignored;
    bool is_weighed = demand_weigh(&pod->ask, &tenancy->cluster, &arena, &demand, &ignored);

    arena_release(&arena);
    return !is_weighed || demand.is_accelerated;
}

static bool is_capped(const struct tenancy *tenancy, const struct held_pod *pod)
{
    for (size_t i = 0; i < pod->ask.requests.count; i++) {
        if (globs_match(&tenancy->capped, pod->ask.requests.items[i].name))
            return true;
    }
    return false;
}

/* Is one of its resources one that a device class may give itself tomorrow? */
static bool could_name_class(const struct ask *ask)
{
    for (size_t i = 0; i < ask->requests.count; i++) {
        struct bytes name = ask->requests.items[i].name;

        if (memchr(name.data, '/', name.len))
            return true;
    }
    return ask->claimed;
}

/* Could the pod count for anybody, by this tenancy, whatever namespace is whose? Most pods don't,
 * and are not kept. Of those that ask for no accelerators, nobody asks for the workload, the owner
 * and the class, nor for the node before they terminate. */
static bool matters(const struct ledger *ledger, struct held_pod *pod)
{
    const struct tenancy *tenancy = ledger->holdings.tenancy;

    if (!tenancy || is_accelerated(tenancy, pod))
        return true;
    pod->workload = pod->owner = pod->priority_class = BYTES("");
    if (pod->gone_at == 0)
        pod->node = BYTES("");
    return is_capped(tenancy, pod) || could_name_class(&pod->ask);
}

static enum live_kind kind_of(bool is_claim)
{
    return is_claim ? LIVE_CLAIMS : LIVE_PODS;
}

static void see_pod(struct ledger *ledger, struct held_pod *pod, bool counts, uint64_t version)
{
    struct holdings *holdings = &ledger->holdings;
    struct holding *holding = holdings_find(holdings, pod->namespace, pod->uid);

    if (counts && (pod->is_claim || matters(ledger, pod) || holding)) {
        holding = holdings_see(holdings, pod, version);
        holding->list = ledger->watches[kind_of(pod->is_claim)].list;
    } else if (holding) {
        holdings_remove(holdings, holding);
    }
}

static object_read_fn *reader_of(enum live_kind kind)
{
    return kind == LIVE_CLAIMS ? object_read_claim : object_read_pod;
}

static bool take_held(struct ledger *ledger, enum live_kind kind, struct value object, bool is_gone,
                      struct error *err)
{
    struct arena arena = {0};
    struct held_pod pod;
    bool counts = false;
    bool is_read = reader_of(kind)(object, &arena, &pod, &counts, err);

    if (is_read) {
        pthread_mutex_lock(&ledger->lock);
        see_pod(ledger, &pod, counts && !is_gone, version_of(object));
        pthread_mutex_unlock(&ledger->lock);
    }
    arena_release(&arena);
    return is_read;
}

static bool was_shown(const struct holding *holding)
{
    const struct reservation *reservation = holding->reservation;

    return holding->is_seen || (reservation && reservation->settled_by);
}

/* What an earlier list, watch or read showed, and this list did not, is gone. */
static void drop_unlisted(struct ledger *ledger, enum live_kind kind)
{
    struct holdings *holdings = &ledger->holdings;
    struct holding *each, *next;

    for (each = TAILQ_FIRST(&holdings->all); each; each = next) {
        next = TAILQ_NEXT(each, in_all);
        if (was_shown(each) && kind_of(each->is_claim) == kind &&
            each->list != ledger->watches[kind].list)
            holdings_remove(holdings, each);
    }
}

/* ---- the others */

static void end_view_list(struct ledger *ledger, enum view_kind kind)
{
    struct live_watch *watch = &ledger->watches[kind];

    ledger_change_kind(ledger, kind, watch->listing);
    if (kind == VIEW_NODES)
        holdings_list_nodes(&ledger->holdings);
    ledger_free_view(watch->listing);
    watch->listing = NULL;
}

/* Those that decisions read by a tenancy. */
static struct value cut_labels(struct value labels, const struct tenancy *tenancy,
                               struct arena *arena)
{
    struct document *document = arena_alloc(arena, sizeof(*document));
    struct buf text;

    buf_init(&text, arena, value_raw(labels).len + sizeof("{}"));
    buf_add_char(&text, '{');
    for (struct value v = value_first(labels); value_type(v); v = value_next(v)) {
        struct bytes name = value_name(v);

        if (!bytes_is(name, HOSTNAME_LABEL) && !bytes_is(name, tenancy->cluster.fabric.node_label))
            continue;
        if (text.len > 1)
            buf_add_char(&text, ',');
        buf_add_json(&text, name);
        buf_add_char(&text, ':');
        buf_add(&text, value_raw(v));
    }
    buf_add_char(&text, '}');
    assert(!text.is_full);
    document_parse(buf_bytes(&text), 1, arena, document);
    return document_root(document);
}

/* The caller holds the lock. */
static void cut_object(const struct ledger *ledger, enum view_kind kind, struct arena *arena,
                       struct view_object *object)
{
    if (kind == VIEW_NODES && ledger->holdings.tenancy)
        object->labels = cut_labels(object->labels, ledger->holdings.tenancy, arena);
}

static bool list_object(struct ledger *ledger, enum view_kind kind, struct value object,
                        struct error *err)
{
    struct arena arena = {0};
    struct view_object seen;
    bool is_read = object_read(object, kind, &arena, &seen, err);

    if (is_read) {
        pthread_mutex_lock(&ledger->lock);
        cut_object(ledger, kind, &arena, &seen);
        pthread_mutex_unlock(&ledger->lock);
        view_add(ledger->watches[kind].listing, kind, &seen);
    }
    arena_release(&arena);
    return is_read;
}

static bool take_object(struct ledger *ledger, enum view_kind kind, struct value object,
                        bool is_gone, struct error *err)
{
    struct arena arena = {0};
    struct view_object seen;
    bool is_read = object_read(object, kind, &arena, &seen, err);

    if (is_read) {
        pthread_mutex_lock(&ledger->lock);
        cut_object(ledger, kind, &arena, &seen);
        ledger_change_object(ledger, kind, &seen, is_gone);
        pthread_mutex_unlock(&ledger->lock);
    }
    arena_release(&arena);
    return is_read;
}

/* ---- lists and events */

void live_list_begin(struct ledger *ledger, enum live_kind kind)
{
    struct live_watch *watch = &ledger->watches[kind];

    pthread_mutex_lock(&ledger->lock);
    watch->list++;
    watch->is_listing = true;
    watch->began = clock_milliseconds();
    pthread_mutex_unlock(&ledger->lock);
    if (kind == LIVE_PODS)
        return;
    ledger_free_view(watch->listing);
    watch->listing = ledger_new_view();
}

bool live_list_item(struct ledger *ledger, enum live_kind kind, struct value object,
                    struct error *err)
{
    if (kind == LIVE_PODS)
        return take_held(ledger, kind, object, false, err);
    return list_object(ledger, (enum view_kind)kind, object, err) &&
           (kind != LIVE_CLAIMS || take_held(ledger, kind, object, false, err));
}

void live_list_end(struct ledger *ledger, enum live_kind kind)
{
    struct live_watch *watch = &ledger->watches[kind];

    pthread_mutex_lock(&ledger->lock);
    if (kind != LIVE_PODS)
        end_view_list(ledger, (enum view_kind)kind);
    if (kind == LIVE_PODS || kind == LIVE_CLAIMS)
        drop_unlisted(ledger, kind);
    watch->is_listing = false;
    /* It shows what there was when it was asked for. */
    if (watch->list >= watch->first_list)
        atomic_store(&watch->contact, watch->began);
    pthread_mutex_unlock(&ledger->lock);
}

static void want_list(struct live_watch *watch)
{
    watch->first_list = watch->list + 1;
    atomic_store(&watch->contact, 0);
    atomic_store(&watch->wants_list, true);
}

/* What no rule asks for any more is forgotten, and listed anew when one does again. */
static void ask_for(struct ledger *ledger, enum view_kind kind, bool is_asked)
{
    struct live_watch *watch = &ledger->watches[kind];
    struct view nothing;

    if (atomic_exchange(&watch->is_asked, is_asked) == is_asked)
        return;
    want_list(watch);
    view_init(&nothing);
    ledger_change_kind(ledger, kind, &nothing);
    view_release(&nothing);
}

void live_adopt(struct ledger *ledger, const struct tenancy *tenancy)
{
    const struct tenancy *old = ledger->holdings.tenancy;

    for (int kind = VIEW_ASKED; ledger->is_live && kind < VIEW_KINDS; kind++)
        ask_for(ledger, (enum view_kind)kind, tenancy && tenancy->asked & 1U << kind);
    if (!ledger->is_live || !old || !tenancy)
        return;
    if (!tenancy_counts_alike(old, tenancy))
        want_list(&ledger->watches[LIVE_PODS]);
    if (strcmp(old->cluster.fabric.node_label, tenancy->cluster.fabric.node_label) != 0)
        want_list(&ledger->watches[LIVE_NODES]);
}

bool live_wants_list(struct ledger *ledger, enum live_kind kind)
{
    return atomic_exchange(&ledger->watches[kind].wants_list, false);
}

bool live_event(struct ledger *ledger, enum live_kind kind, bool is_gone, struct value object,
                struct error *err)
{
    if (kind == LIVE_PODS)
        return take_held(ledger, kind, object, is_gone, err);
    return take_object(ledger, (enum view_kind)kind, object, is_gone, err) &&
           (kind != LIVE_CLAIMS || take_held(ledger, kind, object, is_gone, err));
}

bool live_show(struct ledger *ledger, enum live_kind kind, struct value object, struct error *err)
{
    return take_object(ledger, (enum view_kind)kind, object, false, err);
}

/* ---- reservations that are due */

bool live_next_due(struct ledger *ledger, uint64_t after, struct arena *arena, struct live_due *out)
{
    const struct reservation *each;
    int64_t newest = clock_milliseconds() - ledger->times.max_request;
    bool is_found = false;

    pthread_mutex_lock(&ledger->lock);
    for (each = TAILQ_FIRST(&ledger->holdings.reservations);
         each && !is_found && each->made_at < newest; each = TAILQ_NEXT(each, in_all)) {
        const struct live_watch *watch = &ledger->watches[kind_of(each->pod.is_claim)];

        if (each->order <= after || each->settled_by || watch->is_listing)
            continue;
        *out = (struct live_due){arena_copy_bytes(arena, each->pod.namespace),
                                 arena_copy_bytes(arena, each->pod.name),
                                 arena_copy_bytes(arena, each->pod.uid),
                                 each->order,
                                 kind_of(each->pod.is_claim),
                                 watch->list};
        is_found = true;
    }
    pthread_mutex_unlock(&ledger->lock);
    return is_found;
}

/* The pod is there: its creation's reservation leaves for what was read, a growth's once the view
 * shows as much. */
static void resolve_found(struct ledger *ledger, struct holding *holding, struct held_pod *pod,
                          bool counts, uint64_t version)
{
    if (holding->reservation->is_growth && counts)
        holdings_settle_growth(&ledger->holdings, holding, version);
    else
        see_pod(ledger, pod, counts, version);
}

static void expire(struct ledger *ledger, struct holding *holding)
{
    holdings_remove(&ledger->holdings, holding);
    atomic_fetch_add(&ledger->expired, 1);
}

const int64_t live_ages[] = {1, 5, 15, 45, 120, INT64_MAX / 1000};

void live_count_ages(struct ledger *ledger, size_t counts[LIVE_AGES])
{
    const struct reservation *each;
    int64_t now = clock_milliseconds();

    memset(counts, 0, LIVE_AGES * sizeof(*counts));
    pthread_mutex_lock(&ledger->lock);
    TAILQ_FOREACH(each, &ledger->holdings.reservations, in_all)
    {
        size_t at = 0;

        while (now - each->made_at > live_ages[at] * 1000)
            at++;
        counts[at]++;
    }
    pthread_mutex_unlock(&ledger->lock);
}

unsigned long long live_expired(const struct ledger *ledger)
{
    return atomic_load(&ledger->expired);
}

bool live_resolve(struct ledger *ledger, const struct live_due *due, struct value object,
                  struct error *err)
{
    struct arena arena = {0};
    struct held_pod pod = {0};
    bool counts = false, is_there = value_type(object) != VALUE_ABSENT;
    const struct live_watch *watch = &ledger->watches[due->kind];
    struct holding *holding;

    if (is_there && !reader_of(due->kind)(object, &arena, &pod, &counts, err)) {
        arena_release(&arena);
        return false;
    }
    is_there = is_there && bytes_equal(pod.uid, due->uid);
    pthread_mutex_lock(&ledger->lock);
    holding = holdings_find(&ledger->holdings, due->namespace, due->uid);
    /* Meanwhile it may have been seen, or reserved anew. */
    if (holding && holding->reservation && holding->reservation->order == due->number &&
        watch->list == due->list) {
        if (is_there)
            resolve_found(ledger, holding, &pod, counts, version_of(object));
        else
            expire(ledger, holding);
    }
    pthread_mutex_unlock(&ledger->lock);
    arena_release(&arena);
    return true;
}
