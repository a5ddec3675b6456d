#include "ledger/shared.h"

#include <sys/random.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "ledger/floor.h"
#include "ledger/object_read.h"
#include "ledger/shared_inner.h"
#include "ledger/usage_status.h"

/* ---- states */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static struct floors higher(const struct floors *a, const struct floors *b)
{
    return (struct floors){larger(a->pods, b->pods), larger(a->claims, b->claims)};
}

/* Those of the object, and those that the next write sets. */
static struct floors floors_of(const struct shared_tenant *tenant)
{
    return tenant->copy ? higher(&tenant->copy->floors, &tenant->set.settled) : tenant->set.settled;
}

static bool has_reached(const struct ledger *ledger, const struct shared_tenant *tenant)
{
    struct floors floors = floors_of(tenant);

    return floor_is_reached(&floors, &ledger->shown);
}

static enum shared_state state_of(const struct ledger *ledger, const struct shared_tenant *tenant)
{
    if (!ledger->shared.is_listed)
        return SHARED_UNSEEN;
    if (!tenant->copy)
        return SHARED_MISSING;
    if (tenant->copy->damage)
        return SHARED_DAMAGED;
    if (tenant->copy->unknown.len)
        return SHARED_UNKNOWN;
    return has_reached(ledger, tenant) ? SHARED_READY : SHARED_BEHIND;
}

static const char *tell_unknown(const struct ledger *ledger, const struct shared_tenant *tenant,
                                struct arena *arena)
{
    int64_t left = tenant->round_began + ledger->times.max_request - clock_milliseconds();

    return arena_printf(arena,
                        "%s, and what was let in before will be known in %lld s at the earliest",
                        text_clean(arena, tenant->copy->unknown, 300),
                        left > 0 ? (long long)(left + 999) / 1000 : 0);
}

static const char *tell(const struct ledger *ledger, const struct shared_tenant *tenant,
                        enum shared_state state, struct arena *arena)
{
    switch (state) {
    case SHARED_UNSEEN:
        return "the view of tenantusages isn't there yet";
    case SHARED_MISSING:
        return arena_printf(arena, "there is no TenantUsage \"%s\" yet", tenant->name);
    case SHARED_DAMAGED:
        return arena_printf(arena, "TenantUsage \"%s\": %s", tenant->name, tenant->copy->damage);
    case SHARED_UNKNOWN:
        return tell_unknown(ledger, tenant, arena);
    case SHARED_BEHIND:
        return "the view of pods or resourceclaims is behind that of another replica";
    case SHARED_READY:
        break;
    }
    return NULL;
}

enum shared_state shared_read_state(struct ledger *ledger, const char *name, struct arena *arena,
                                    const char **why)
{
    const struct shared_tenant *tenant;
    enum shared_state state;

    pthread_mutex_lock(&ledger->lock);
    tenant = shared_find(ledger, bytes_from(name));
    state = state_of(ledger, tenant);
    *why = tell(ledger, tenant, state, arena);
    pthread_mutex_unlock(&ledger->lock);
    return state;
}

const char *shared_problem(struct ledger *ledger, const char *name, struct arena *arena)
{
    const struct shared_tenant *tenant = shared_find(ledger, bytes_from(name));
    enum shared_state state = state_of(ledger, tenant);

    return state == SHARED_BEHIND ? NULL : tell(ledger, tenant, state, arena);
}

/* False: in vain. The caller holds the lock. */
static bool wait_for_progress(struct ledger *ledger, int64_t deadline)
{
    const struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};

    return pthread_cond_timedwait(&ledger->progress, &ledger->lock, &until) == 0;
}

bool shared_wait_floor(struct ledger *ledger, const char *name, int64_t deadline)
{
    bool is_reached, is_late = false;

    pthread_mutex_lock(&ledger->lock);
    while (!(is_reached = has_reached(ledger, shared_find(ledger, bytes_from(name)))) && !is_late)
        is_late = !wait_for_progress(ledger, deadline);
    pthread_mutex_unlock(&ledger->lock);
    return is_reached;
}

/* ---- transactions */

/* The caller holds the lock. */
static bool is_others(const struct shared_tenant *tenant)
{
    return tenant->copy && tenant->copy->version != tenant->written;
}

struct shared_txn *shared_begin(struct ledger *ledger, const char *name,
                                const struct usage_problem *problem)
{
    struct shared_txn *txn = memory_alloc(sizeof(*txn));
    const struct shared_copy *copy;

    pthread_mutex_lock(&ledger->lock);
    txn->ledger = ledger;
    txn->tenant = shared_find(ledger, bytes_from(name));
    txn->problem = problem;
    copy = txn->tenant->copy;
    txn->version = arena_copy_bytes(&txn->arena, copy ? copy->version_text : BYTES(""));
    txn->last = larger(copy ? copy->last : 0, txn->tenant->known);
    if (is_others(txn->tenant))
        txn->tenant->others_at = clock_milliseconds();
    if (!problem)
        txn->tenant->txn = txn;
    pthread_mutex_unlock(&ledger->lock);
    return txn;
}

bool shared_is_for(const struct shared_txn *txn, const struct tenant *tenant)
{
    return txn && strcmp(txn->tenant->name, tenant->name) == 0;
}

bool shared_is_ready(const struct shared_txn *txn)
{
    return txn->problem || state_of(txn->ledger, txn->tenant) == SHARED_READY;
}

static bool is_outdated(const struct shared_txn *txn)
{
    const struct shared_copy *copy = txn->tenant->copy;

    return !bytes_equal(copy ? copy->version_text : BYTES(""), txn->version);
}

bool shared_wait_newer(struct shared_txn *txn, int64_t deadline)
{
    bool is_newer, is_late = false;

    pthread_mutex_lock(&txn->ledger->lock);
    while (!(is_newer = is_outdated(txn)) && !is_late)
        is_late = !wait_for_progress(txn->ledger, deadline);
    pthread_mutex_unlock(&txn->ledger->lock);
    return is_newer;
}

static bool covers(const struct ask *has, const struct ask *asks)
{
    struct arena arena = {0};
    struct ask merged;
    bool does;

    ask_merge(has, asks, &arena, &merged);
    does = ask_equal(&merged, has);
    arena_release(&arena);
    return does;
}

static void stash(struct shared_txn *txn, const struct reservation *reservation)
{
    struct shared_stash *stash = arena_alloc(&txn->arena, sizeof(*stash));
    void *room = arena_alloc(&txn->arena, held_pod_room(&reservation->pod));

    held_pod_copy(&reservation->pod, room, &stash->pod);
    stash->number = reservation->number;
    stash->is_growth = reservation->is_growth;
    stash->made_at = reservation->made_at;
    stash->next = txn->stash;
    txn->stash = stash;
}

void shared_reserve(struct shared_txn *txn, const struct held_pod *pod, bool is_growth,
                    const struct holding *own)
{
    struct reservation *old = own ? own->reservation : NULL;
    bool is_reserved = old && old->set == &txn->tenant->set;

    if (txn->problem)
        return;
    if (!is_growth && own && (is_reserved || own->is_seen) && covers(&own->ask->ask, &pod->ask))
        return;
    if (is_reserved && !old->is_tentative)
        stash(txn, old);
    old = holdings_reserve(&txn->ledger->holdings, &txn->tenant->set, pod, is_growth,
                           clock_milliseconds());
    old->number = ++txn->last;
    old->is_tentative = true;
    txn->has_new = true;
}

static void end(struct shared_txn *txn)
{
    if (txn->tenant->txn == txn)
        txn->tenant->txn = NULL;
    arena_release(&txn->arena);
    free(txn);
}

static void restore(struct shared_txn *txn, const struct shared_stash *stash)
{
    struct holdings *holdings = &txn->ledger->holdings;
    const struct holding *holding = holdings_find(holdings, stash->pod.namespace, stash->pod.uid);
    struct reservation *reservation;

    if (holding && holding->reservation) /* a newer copy brought it anew */
        return;
    reservation = holdings_reserve(holdings, &txn->tenant->set, &stash->pod, stash->is_growth,
                                   stash->made_at);
    reservation->number = stash->number;
    reservation->version = txn->tenant->copy ? txn->tenant->copy->version : 0;
}

void shared_abort(struct shared_txn *txn)
{
    struct ledger *ledger = txn->ledger;
    struct reservation *each, *next;

    pthread_mutex_lock(&ledger->lock);
    for (each = TAILQ_FIRST(&txn->tenant->set.all); each && !txn->problem; each = next) {
        next = TAILQ_NEXT(each, in_set);
        if (each->is_tentative)
            holdings_unreserve(&ledger->holdings, each);
    }
    for (const struct shared_stash *stash = txn->stash; stash; stash = stash->next)
        restore(txn, stash);
    end(txn);
    pthread_mutex_unlock(&ledger->lock);
}

/* What the object that was written has is in it, unless a newer copy has come since and lacks it.
 */
static void settle_tentative(struct shared_txn *txn)
{
    const struct shared_copy *copy = txn->tenant->copy;
    struct reservation *each, *next;

    for (each = TAILQ_FIRST(&txn->tenant->set.all); each; each = next) {
        next = TAILQ_NEXT(each, in_set);
        if (each->is_tentative && copy)
            holdings_unreserve(&txn->ledger->holdings, each);
    }
}

bool shared_commit(struct shared_txn *txn, struct value object)
{
    struct ledger *ledger = txn->ledger;
    uint64_t last;
    bool is_written = shared_take_object(ledger, object, &last) && last >= txn->last;

    pthread_mutex_lock(&ledger->lock);
    settle_tentative(txn);
    if (txn->has_told)
        shared_note_told(txn->tenant, txn->told, txn->told_limit);
    txn->tenant->written =
        object_version(value_text(value_path(object, "metadata.resourceVersion")));
    end(txn);
    pthread_mutex_unlock(&ledger->lock);
    return is_written;
}

/* ---- what is written */

enum { SERIES_BYTES = 8, CONTENTION_MS = 5000 };

static struct bytes new_series(struct arena *arena)
{
    unsigned char bytes[SERIES_BYTES] = {0};
    struct buf buf;

    while (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        continue;
    buf_init(&buf, arena, 2 * SERIES_BYTES + 1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        buf_printf(&buf, "%02x", bytes[i]);
    return buf_bytes(&buf);
}

static bool is_known_now(const struct shared_tenant *tenant)
{
    return tenant->copy->unknown.len && tenant->listed_round == tenant->round;
}

/* Of an object that is made, or mended, nobody knows what was let in before. */
static void make_unknown(const struct shared_tenant *tenant, struct arena *arena,
                         struct tenant_usage *usage)
{
    const char *damage = tenant->copy ? tenant->copy->damage : NULL;

    usage->series = new_series(arena);
    usage->unknown = bytes_from(
        damage ? arena_printf(arena, "TenantUsage \"%s\" was written to by somebody else (%s)",
                              tenant->name, damage)
               : arena_printf(arena, "TenantUsage \"%s\" was made anew", tenant->name));
}

/* Once all is known again, the floors are those of the list: what stood there may be anything that
 * somebody wrote. */
static void fill_unknown(const struct shared_tenant *tenant, struct arena *arena,
                         struct tenant_usage *usage)
{
    usage->series = arena_copy_bytes(arena, tenant->copy->series);
    if (is_known_now(tenant))
        usage->floors = higher(&tenant->set.settled, &tenant->listed);
    else
        usage->unknown = arena_copy_bytes(arena, tenant->copy->unknown);
}

/* At most once a second: it looks at all that the tenant has. */
static struct bytes status_of(struct shared_txn *txn, struct arena *arena)
{
    const struct shared_tenant *tenant = txn->tenant;
    const struct holdings *holdings = &txn->ledger->holdings;
    const struct tenant *found =
        holdings->tenancy ? tenancy_find_tenant(holdings->tenancy, bytes_from(tenant->name)) : NULL;
    struct buf buf;

    if (tenant->copy && (!found || clock_milliseconds() < tenant->due))
        return tenant->copy->status;
    txn->has_told = true;
    txn->told = shared_changes(txn->ledger, tenant);
    txn->told_limit = shared_limit(txn->ledger, tenant);
    buf_init(&buf, arena, STATUS_MAX_BYTES);
    if (found)
        usage_status_write(holdings, found, clock_seconds(), &buf);
    return buf.is_full ? BYTES("") : buf_bytes(&buf);
}

/* What is written, from when it is found out until it is a text: that takes so long that nobody
 * should have to wait for it. */
struct draft {
    struct tenant_usage usage; /* without the items */
    struct bytes status;
    struct reservation **held; /* the items, which may leave meanwhile */
    size_t count;
    bool is_numbered_anew;
};

/* INVARIANT: it names the version that the transaction began with, whatever has become known since:
 * then what was judged is void, and the write has to fail. The caller holds the lock. */
static void begin_draft(struct shared_txn *txn, struct arena *arena, struct draft *out)
{
    const struct shared_tenant *tenant = txn->tenant;
    const struct shared_copy *copy = tenant->copy;
    struct reservation *each;

    *out = (struct draft){.usage = {.name = bytes_from(tenant->name),
                                    .uid = arena_copy_bytes(arena, copy ? copy->uid : BYTES("")),
                                    .version = txn->version,
                                    .last = txn->last,
                                    .floors = floors_of(tenant)},
                          .status = arena_copy_bytes(arena, status_of(txn, arena)),
                          .is_numbered_anew = !copy || copy->damage};
    TAILQ_FOREACH(each, &tenant->set.all, in_set)
    *ARENA_APPEND(arena, out->held, out->count) = reservation_hold(each);
    if (!copy || copy->damage) {
        make_unknown(tenant, arena, &out->usage);
        txn->last = out->usage.last = out->count;
    } else {
        fill_unknown(tenant, arena, &out->usage);
    }
}

/* Without the lock. */
static void write_draft(struct draft *draft, struct arena *arena, struct buf *out)
{
    struct tenant_usage *usage = &draft->usage;

    usage->items = arena_alloc(arena, draft->count * sizeof(*usage->items));
    usage->count = draft->count;
    for (size_t i = 0; i < draft->count; i++) {
        const struct reservation *from = draft->held[i];

        usage->items[i] = (struct usage_item){draft->is_numbered_anew ? i + 1 : from->number,
                                              from->is_growth, from->pod};
    }
    tenant_usage_write(usage, draft->status, out);
}

/* The caller holds the lock. */
static void end_draft(const struct draft *draft)
{
    for (size_t i = 0; i < draft->count; i++)
        reservation_let_go(draft->held[i]);
}

static bool is_stale(const struct ledger *ledger, const struct shared_tenant *tenant, int64_t now)
{
    return now >= tenant->due &&
           (tenant->set.has_lost || tenant->told != shared_changes(ledger, tenant) ||
            amount_compare(tenant->told_limit, shared_limit(ledger, tenant)) != 0);
}

static bool has_to_write(const struct shared_txn *txn)
{
    const struct shared_tenant *tenant = txn->tenant;

    return txn->has_new || !tenant->copy || tenant->copy->damage || is_known_now(tenant) ||
           is_stale(txn->ledger, tenant, clock_milliseconds());
}

static bool is_contended(const struct shared_tenant *tenant)
{
    return tenant->others_at && clock_milliseconds() - tenant->others_at < CONTENTION_MS;
}

bool shared_write(struct shared_txn *txn, struct arena *arena, struct shared_body *out)
{
    struct ledger *ledger = txn->ledger;
    struct draft draft = {0};
    bool is_needed;
    struct buf buf;

    *out = (struct shared_body){0};
    pthread_mutex_lock(&ledger->lock);
    is_needed = has_to_write(txn);
    if (is_needed) {
        begin_draft(txn, arena, &draft);
        *out = (struct shared_body){.is_new = txn->version.len == 0,
                                    .has_new = txn->has_new,
                                    .is_contended = is_contended(txn->tenant)};
    }
    pthread_mutex_unlock(&ledger->lock);
    if (!is_needed)
        return false;
    buf_init(&buf, arena, TENANT_USAGE_MAX_BYTES);
    write_draft(&draft, arena, &buf);
    out->text = buf_bytes(&buf);
    out->is_too_large = buf.is_full;
    pthread_mutex_lock(&ledger->lock);
    end_draft(&draft);
    pthread_mutex_unlock(&ledger->lock);
    return true;
}

/* ---- chores */

/* Is what it holds counted by anybody? */
static bool is_counted(const struct tenant *tenant)
{
    return tenant->gpus.node || tenant->resources.count > 0 ||
           tenant->sharing.exclusive > SCOPE_POD || tenant->fabric.span == SPAN_ONE;
}

static enum shared_chore chore_of(const struct ledger *ledger, struct shared_tenant *tenant)
{
    int64_t now = clock_milliseconds();

    if (tenant->txn)
        return CHORE_NONE;
    if (!tenant->copy || tenant->copy->damage || is_known_now(tenant))
        return CHORE_WRITE;
    if (tenant->copy->unknown.len && now - tenant->round_began > ledger->times.max_request) {
        tenant->asked_round = tenant->round;
        return CHORE_LIST;
    }
    return is_stale(ledger, tenant, now) ? CHORE_WRITE : CHORE_NONE;
}

/* The caller holds the lock. */
static enum shared_chore find_chore(struct ledger *ledger, const char *after,
                                    const struct tenant **out)
{
    const struct tenancy *tenancy = ledger->holdings.tenancy;
    enum shared_chore chore;

    for (size_t i = 0; tenancy && ledger->shared.is_listed && i < tenancy->tenant_count; i++) {
        *out = tenancy->tenants[i];
        if (strcmp((*out)->name, after) <= 0 || !is_counted(*out))
            continue;
        chore = chore_of(ledger, shared_find(ledger, bytes_from((*out)->name)));
        if (chore != CHORE_NONE)
            return chore;
    }
    return CHORE_NONE;
}

bool shared_is_complete(struct ledger *ledger)
{
    const struct tenancy *tenancy;
    bool is_complete;

    pthread_mutex_lock(&ledger->lock);
    tenancy = ledger->holdings.tenancy;
    is_complete = ledger->shared.is_listed;
    for (size_t i = 0; is_complete && i < tenancy->tenant_count; i++)
        is_complete = !is_counted(tenancy->tenants[i]) ||
                      shared_find(ledger, bytes_from(tenancy->tenants[i]->name))->copy;
    pthread_mutex_unlock(&ledger->lock);
    return is_complete;
}

enum shared_chore shared_next_chore(struct ledger *ledger, const char *after, struct arena *arena,
                                    const char **name)
{
    const struct tenant *tenant = NULL;
    enum shared_chore chore;

    pthread_mutex_lock(&ledger->lock);
    chore = find_chore(ledger, after, &tenant);
    *name = chore != CHORE_NONE ? arena_copy(arena, bytes_from(tenant->name)) : NULL;
    pthread_mutex_unlock(&ledger->lock);
    return chore;
}

void shared_know(struct ledger *ledger, const char *name, const struct floors *largest)
{
    struct shared_tenant *tenant;

    pthread_mutex_lock(&ledger->lock);
    tenant = shared_find(ledger, bytes_from(name));
    if (tenant->asked_round == tenant->round) {
        tenant->listed_round = tenant->round;
        tenant->listed = *largest;
    }
    pthread_mutex_unlock(&ledger->lock);
}
