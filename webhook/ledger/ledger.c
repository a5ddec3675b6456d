#include "ledger/ledger.h"

#include "base/clock.h"
#include "base/field.h"
#include "base/memory.h"
#include "engine/check.h"
#include "engine/claims.h"
#include "ledger/shared_inner.h"
#include "ledger/state_files.h"
#include "ledger/usage_read.h"

void ledger_free_view(void *view)
{
    if (view)
        view_release(view);
    free(view);
}

struct view *ledger_new_view(void)
{
    struct view *view = memory_alloc(sizeof(*view));

    view_init(view);
    return view;
}

/* What was weighed by the view before is not weighed anew here. */
static void take_view(struct ledger *ledger, struct view *view)
{
    ledger->holdings.view = view;
    snapshot_cell_swap(&ledger->views, view, ledger_free_view);
}

/* Whoever waits goes by the monotonic clock. */
static void init_progress(pthread_cond_t *progress)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(progress, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct ledger *ledger_new(void)
{
    struct ledger *ledger = memory_alloc(sizeof(*ledger));
    struct view *view = ledger_new_view();

    pthread_mutex_init(&ledger->lock, NULL);
    init_progress(&ledger->progress);
    table_init(&ledger->shared.tenants);
    TAILQ_INIT(&ledger->shared.all);
    snapshot_cell_init(&ledger->views);
    snapshot_cell_swap(&ledger->views, view, ledger_free_view);
    holdings_init(&ledger->holdings, view);
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        ledger_free_view(ledger->watches[kind].listing);
    holdings_release(&ledger->holdings);
    shared_release(ledger);
    snapshot_cell_release(&ledger->views);
    pthread_cond_destroy(&ledger->progress);
    pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

const struct view *ledger_view(struct ledger *ledger, struct snapshot_reader *reader)
{
    return ledger_is_fresh(ledger) ? ledger_names(ledger, reader) : NULL;
}

const struct view *ledger_names(struct ledger *ledger, struct snapshot_reader *reader)
{
    return snapshot_read(&ledger->views, reader);
}

bool ledger_is_fresh(const struct ledger *ledger)
{
    return live_has_view(ledger);
}

void ledger_adopt(struct ledger *ledger, const struct tenancy *tenancy)
{
    pthread_mutex_lock(&ledger->lock);
    live_adopt(ledger, tenancy);
    holdings_adopt(&ledger->holdings, tenancy, ledger->holdings.view);
    pthread_mutex_unlock(&ledger->lock);
}

static void add_state(struct ledger *ledger, const struct state *state)
{
    struct view *view = ledger_new_view();

    pthread_mutex_lock(&ledger->lock);
    view_copy(view, ledger->holdings.view);
    view_add_all(view, &state->view);
    take_view(ledger, view);
    holdings_adopt(&ledger->holdings, ledger->holdings.tenancy, view);
    holdings_look_up(&ledger->holdings);
    for (size_t i = 0; i < state->pod_count; i++)
        holdings_put(&ledger->holdings, state->pods[i]);
    pthread_mutex_unlock(&ledger->lock);
}

bool ledger_load(struct ledger *ledger, const char *path, const struct state_unread *unread,
                 struct error *err)
{
    struct state state = {.unread = unread};
    bool is_read = state_read(path, &state, err);

    if (is_read)
        add_state(ledger, &state);
    state_release(&state);
    return is_read;
}

bool ledger_load_text(struct ledger *ledger, struct bytes text, const struct state_unread *unread,
                      struct error *err)
{
    struct state state = {.unread = unread};
    bool is_read = state_parse(text, &state, err);

    if (is_read)
        add_state(ledger, &state);
    state_release(&state);
    return is_read;
}

/* What asks for nothing that its tenant caps takes no lock. In a live view, what nothing caps is
 * counted when it shows. */
static bool is_recorded(const struct ledger *ledger, const struct facts *facts)
{
    if (ledger && ledger->is_live)
        return facts_need_usage(facts);
    return facts->demand.is_accelerated || (facts->tenant && facts->tenant->resources.count > 0);
}

/* An update by which a pod asks for more is settled as a resize, one of a claim as its creation. */
static enum evaluation settled_as(const struct facts *facts)
{
    static const enum evaluation first[] = {EVALUATE_POD_RESIZE, EVALUATE_CLAIM,
                                            EVALUATE_CLAIM_TEMPLATE};

    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        if (facts->evaluation & first[i])
            return first[i];
    }
    return facts->evaluation;
}

/* Would the request, let in, change what is written down? What a live view shows is not written
 * down here. */
static bool is_kept(const struct ledger *ledger, const struct facts *facts)
{
    switch (settled_as(facts)) {
    case EVALUATE_POD_CREATE:
    case EVALUATE_POD_RESIZE:
        return is_recorded(ledger, facts);
    case EVALUATE_CLAIM:
        return (ledger && !ledger->is_live) || (is_recorded(ledger, facts) && !facts->is_made);
    case EVALUATE_BINDING:
        return facts->tenant;
    case EVALUATE_POD_DELETE: /* of which no more is read than its name */
    case EVALUATE_CLAIM_DELETE:
    case EVALUATE_CLAIM_TEMPLATE:
    case EVALUATE_NAMESPACE:
    case EVALUATE_PRIORITY_CLASS:
        return ledger && !ledger->is_live;
    default:
        return false;
    }
}

static struct bytes object_name(const struct facts *facts)
{
    return facts->review->name.len ? facts->review->name : facts->pod.name;
}

/* What will be recorded of a pod that is created or resized. A resize holds what the pod had until
 * the node has carried it out. */
static void make_pod(const struct facts *facts, struct held_pod *out)
{
    static const unsigned recording = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE;
    struct ask old;

    if (facts->evaluation & EVALUATE_CLAIM)
        held_claim_init(out, &facts->pod, facts->namespace, &facts->ask, facts->arena);
    if (!(facts->evaluation & recording))
        return;
    held_pod_init(out, &facts->pod, facts->namespace, facts->review->uid, facts->arena);
    if (settled_as(facts) != EVALUATE_POD_RESIZE)
        return;
    ask_keep_numbers(&facts->old_ask, facts->arena, &old);
    ask_merge(&out->ask, &old, facts->arena, &out->ask);
}

/* The record of the pod that the request is about; NULL: there is none. */
static struct holding *find_own(const struct holdings *holdings, const struct facts *facts,
                                const struct held_pod *pod)
{
    static const unsigned about_existing = EVALUATE_POD_RESIZE | EVALUATE_POD_CLASS |
                                           EVALUATE_POD_DELETE | EVALUATE_BINDING |
                                           EVALUATE_CLAIM_DELETE;
    const struct holding_name name = {facts->evaluation & EVALUATE_CLAIM_DELETE, facts->namespace,
                                      object_name(facts)};

    if (facts->evaluation & (EVALUATE_POD_CREATE | EVALUATE_CLAIM))
        return holdings_find(holdings, pod->namespace, pod->uid);
    if (facts->evaluation & about_existing)
        return holdings_find_named(holdings, facts->pod.uid, &name);
    return NULL;
}

/* Make a new view: the current one with `object`, or without it. */
static void change_view(struct ledger *ledger, enum view_kind kind,
                        const struct view_object *object, bool is_gone)
{
    struct view *view = ledger_new_view();

    view_copy(view, ledger->holdings.view);
    if (is_gone)
        view_remove(view, kind, object->name);
    else
        view_add(view, kind, object);
    take_view(ledger, view);
}

void ledger_change_object(struct ledger *ledger, enum view_kind kind,
                          const struct view_object *object, bool is_gone)
{
    const struct view_object *known = view_find(ledger->holdings.view, kind, object->name);

    if (is_gone ? !known : known && view_objects_equal(known, object))
        return;
    change_view(ledger, kind, object, is_gone);
    if (kind == VIEW_NAMESPACES)
        holdings_move(&ledger->holdings, object->name);
    else if (kind == VIEW_DEVICE_CLASSES)
        holdings_look_up(&ledger->holdings);
    else if (kind == VIEW_CLAIM_TEMPLATES || kind == VIEW_CLAIMS)
        holdings_look_up_claim(&ledger->holdings, object->name);
    else if (kind == VIEW_NODES && (is_gone || !known))
        holdings_note_nodes(&ledger->holdings);
}

void ledger_change_kind(struct ledger *ledger, enum view_kind kind, const struct view *listed)
{
    struct view *view;

    if (view_kinds_equal(ledger->holdings.view, listed, kind))
        return;
    view = ledger_new_view();
    view_copy(view, ledger->holdings.view);
    view_set_kind(view, kind, listed);
    take_view(ledger, view);
    if (kind == VIEW_NAMESPACES)
        holdings_move_all(&ledger->holdings);
    else if (kind == VIEW_NODES)
        holdings_note_nodes(&ledger->holdings);
    else if (kind != VIEW_CLASSES && kind < VIEW_ASKED)
        holdings_look_up(&ledger->holdings);
}

static void write_namespace(struct ledger *ledger, const struct facts *facts)
{
    const struct view_object object = {.name = facts->namespace, .labels = facts->pod.labels};

    ledger_change_object(ledger, VIEW_NAMESPACES, &object, false);
}

static void write_priority_class(struct ledger *ledger, const struct facts *facts)
{
    struct view_object object = {.name = object_name(facts), .labels = facts->pod.labels};
    bool is_gone = facts->review->operation == OPERATION_DELETE;
    struct value class = facts->pod.object;
    struct error ignored;

    /* Values of another type make a class that the API server refuses. */
    if (!is_gone &&
        (!field_integer(class, "value", facts->arena, &object.value, &ignored) ||
         !field_bool(class, "globalDefault", facts->arena, &object.is_global_default, &ignored)))
        return;
    ledger_change_object(ledger, VIEW_CLASSES, &object, is_gone);
}

struct settlement {
    const struct facts *facts;
    bool needs_usage, is_kept;
    struct held_pod pod; /* what would be recorded */
    struct ledger_judge judge;
    struct shared_txn *txn; /* NULL: none */
};

static void write_pod(struct ledger *ledger, const struct settlement *settlement,
                      struct held_pod *pod, const struct holding *own)
{
    bool is_growth = settled_as(settlement->facts) == EVALUATE_POD_RESIZE;

    /* A resize of a pod that was known by its name only. */
    if (own) {
        pod->uid = holding_uid(own);
        pod->has_uid = own->has_uid;
    }
    if (settlement->txn)
        shared_reserve(settlement->txn, pod, is_growth, own);
    else
        holdings_put(&ledger->holdings, pod);
}

/* A claim or a template is there from now on, or, `is_gone`, not any more. */
static void write_claim(struct ledger *ledger, const struct facts *facts, bool is_gone)
{
    bool is_template = bytes_is(facts->review->resource, "resourceclaimtemplates");
    const struct view_object object = {.name = claims_name(facts->namespace, object_name(facts),
                                                           facts->arena),
                                       .is_made = facts->is_made,
                                       .devices = facts->ask.claimed ? facts->ask.claimed->devices
                                                                     : (struct device_asks){0}};

    ledger_change_object(ledger, is_template ? VIEW_CLAIM_TEMPLATES : VIEW_CLAIMS, &object,
                         is_gone);
}

static void write_down(struct ledger *ledger, struct settlement *settlement, struct holding *own)
{
    const struct facts *facts = settlement->facts;
    struct holdings *holdings = &ledger->holdings;

    switch (settled_as(facts)) {
    case EVALUATE_POD_CREATE:
    case EVALUATE_POD_RESIZE:
        write_pod(ledger, settlement, &settlement->pod, own);
        break;
    case EVALUATE_CLAIM:
        if (!facts->is_made)
            write_pod(ledger, settlement, &settlement->pod, own);
        if (!ledger->is_live)
            write_claim(ledger, facts, false);
        break;
    case EVALUATE_CLAIM_TEMPLATE:
        write_claim(ledger, facts, false);
        break;
    case EVALUATE_CLAIM_DELETE:
        write_claim(ledger, facts, true);
        if (own)
            holdings_remove(holdings, own);
        break;
    case EVALUATE_POD_DELETE:
        if (own)
            holdings_remove(holdings, own);
        break;
    case EVALUATE_BINDING:
        if (own)
            holdings_set_node(holdings, own,
                              value_text(value_path(facts->review->object, "target.name")));
        break;
    case EVALUATE_NAMESPACE:
        write_namespace(ledger, facts);
        break;
    case EVALUATE_PRIORITY_CLASS:
        write_priority_class(ledger, facts);
        break;
    default:
        break;
    }
}

/* Were the facts read by what holds now? */
static bool is_current(const struct holdings *holdings, const struct facts *facts)
{
    static const unsigned in_namespace = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE |
                                         EVALUATE_POD_CLASS | EVALUATE_POD_DELETE |
                                         EVALUATE_TEMPLATE | EVALUATE_BINDING | EVALUATE_CLAIM |
                                         EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP;
    struct value labels;

    if (facts->tenancy != holdings->tenancy)
        return false;
    if (!facts->world->names || facts->world->names == holdings->view ||
        !(facts->evaluation & in_namespace))
        return true;
    labels = view_labels(holdings->view, VIEW_NAMESPACES, facts->namespace);
    return tenancy_belonging(facts->tenancy, facts->namespace, labels).tenant == facts->tenant;
}

static struct usage_problem find_rival(const struct ledger *ledger,
                                       const struct settlement *settlement,
                                       const struct holding *own)
{
    const struct shared_tenant *rival =
        shared_rival(&ledger->holdings, settlement->txn->tenant, own);

    return (struct usage_problem){rival ? arena_printf(settlement->facts->arena,
                                                       "it is reserved in TenantUsage \"%s\"",
                                                       rival->name)
                                        : NULL,
                                  false};
}

/* Why usage isn't known; the text is NULL where it is. */
static struct usage_problem find_problem(struct ledger *ledger, const struct settlement *settlement,
                                         const struct holding *own)
{
    const struct facts *facts = settlement->facts;
    struct usage_problem problem = {live_problem(ledger, facts->arena), false};

    if (problem.text || !ledger->is_live)
        return problem;
    if (settlement->txn && settlement->txn->problem)
        return *settlement->txn->problem;
    if (settlement->txn)
        return find_rival(ledger, settlement, own);
    problem.text = shared_problem(ledger, facts->tenant->name, facts->arena);
    return problem;
}

static void judge(struct ledger *ledger, struct settlement *settlement)
{
    const struct facts *facts = settlement->facts;
    struct holding *own = find_own(&ledger->holdings, facts, &settlement->pod);
    struct usage_problem problem = {0};
    struct usage usage;

    if (settlement->needs_usage)
        problem = find_problem(ledger, settlement, own);
    if (problem.text)
        usage_init_unknown(facts, &problem, &usage);
    else if (settlement->needs_usage)
        usage_read(&ledger->holdings, facts, own, &usage);
    if (settlement->judge.judge(settlement->judge.context, facts,
                                settlement->needs_usage ? &usage : NULL) &&
        settlement->is_kept)
        write_down(ledger, settlement, own);
}

/* Is what is let in reserved where all replicas see it? */
static bool is_shared(const struct ledger *ledger, const struct settlement *settlement)
{
    return ledger->is_live && settlement->needs_usage && settlement->is_kept &&
           settled_as(settlement->facts) != EVALUATE_BINDING;
}

static enum ledger_result settle_locked(struct ledger *ledger, struct settlement *settlement)
{
    const struct facts *facts = settlement->facts;

    if (!is_current(&ledger->holdings, facts))
        return LEDGER_STALE;
    if (is_shared(ledger, settlement) && !shared_is_for(settlement->txn, facts->tenant))
        return LEDGER_WAITS;
    if (settlement->txn && !shared_is_ready(settlement->txn))
        return LEDGER_STALE;
    holdings_drop_gone(&ledger->holdings, facts->world->now);
    judge(ledger, settlement);
    return LEDGER_SETTLED;
}

enum ledger_result ledger_settle(struct ledger *ledger, const struct facts *facts, bool writes,
                                 struct ledger_judge judge, struct shared_txn *txn)
{
    struct settlement settlement = {.facts = facts,
                                    .needs_usage = facts_need_usage(facts),
                                    .is_kept = writes && is_kept(ledger, facts),
                                    .judge = judge,
                                    .txn = txn};
    static const struct usage_problem no_view = {
        "no view of the cluster: the server was started without --state", false};
    enum ledger_result result;
    struct usage unknown;

    if (settlement.needs_usage && !ledger) {
        usage_init_unknown(facts, &no_view, &unknown);
        judge.judge(judge.context, facts, &unknown);
        return LEDGER_SETTLED;
    }
    if (!ledger || (!settlement.needs_usage && !settlement.is_kept)) {
        judge.judge(judge.context, facts, NULL);
        return LEDGER_SETTLED;
    }
    make_pod(facts, &settlement.pod);
    pthread_mutex_lock(&ledger->lock);
    result = settle_locked(ledger, &settlement);
    pthread_mutex_unlock(&ledger->lock);
    return result;
}

/* What is left of the sum is held with other classes. */
static void report_classes(const struct holdings *holdings, const struct tenant_holdings *held,
                           struct arena *arena, struct ledger_usage *out)
{
    const struct objects *ladder = &holdings->tenancy->ladder.tiers;
    const struct tier *tiers = ladder->items;
    struct amount rest = total_amount(&held->all.gpus);
    struct class_usage *class;

    for (size_t i = 0; i < ladder->count; i++) {
        struct bytes name = bytes_from(tiers[i].class_name);
        const struct tally *tally =
            tallies_find_class(holdings, &held->tallies[TALLY_CLASSES], name);

        class = ARENA_APPEND(arena, out->by_class, out->class_count);
        class->name = arena_copy(arena, name);
        if (tally)
            class->gpus = tally_amount(tally);
        if (!amount_subtract(rest, class->gpus, &rest))
            rest = amount_of(INT64_MAX);
    }
    if (ladder->count)
        *ARENA_APPEND(arena, out->by_class, out->class_count) = (struct class_usage){"", rest};
}

static void report_tenant(const struct holdings *holdings, const struct tenant *tenant, int64_t now,
                          struct arena *arena, struct ledger_usage *out)
{
    const struct tenant_holdings *held = &holdings->tenants[tenant->index];

    *out = (struct ledger_usage){.tenant = arena_copy(arena, bytes_from(tenant->name)),
                                 .gpus = total_amount(&held->all.gpus),
                                 .reserved = total_amount(&held->unseen.gpus),
                                 .guaranteed = grants_common_limit(tenant, false, now),
                                 .burst = grants_common_limit(tenant, true, now),
                                 .has_guaranteed = tenant->gpus.node,
                                 .has_burst = tenant->gpus.has_burst,
                                 .pods = held->pods,
                                 .exceptions = grants_count(tenant, now)};
    for (int mode = 0; mode < MODE_COUNT; mode++)
        out->by_mode[mode] = total_amount(&held->all.by_mode[mode]);
    report_classes(holdings, held, arena, out);
}

void ledger_report(struct ledger *ledger, int64_t now, struct arena *arena,
                   struct ledger_usage **out, size_t *count)
{
    const struct tenancy *tenancy;

    pthread_mutex_lock(&ledger->lock);
    tenancy = ledger->holdings.tenancy;
    *count = tenancy ? tenancy->tenant_count : 0;
    *out = arena_alloc(arena, *count * sizeof(**out));
    for (size_t i = 0; i < *count; i++)
        report_tenant(&ledger->holdings, tenancy->tenants[i], now, arena, &(*out)[i]);
    pthread_mutex_unlock(&ledger->lock);
}
