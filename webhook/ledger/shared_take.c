#include <limits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "ledger/floor.h"
#include "ledger/object_read.h"
#include "ledger/shared_inner.h"

enum { REFRESH_MS = 1000, JITTER_MS = 500 };

static uint64_t hash_name(const struct ledger *ledger, struct bytes name)
{
    return table_hash(&ledger->shared.tenants, name, BYTES(""));
}

static struct shared_tenant *look_for(const struct ledger *ledger, struct bytes name)
{
    for (struct table_link *link = table_first(&ledger->shared.tenants, hash_name(ledger, name));
         link; link = table_next(link)) {
        struct shared_tenant *tenant = TABLE_THING(link, struct shared_tenant, link);

        if (bytes_is(name, tenant->name))
            return tenant;
    }
    return NULL;
}

struct shared_tenant *shared_find(struct ledger *ledger, struct bytes name)
{
    struct shared_tenant *tenant = look_for(ledger, name);
    char *room;

    if (tenant)
        return tenant;
    tenant = memory_alloc(sizeof(*tenant) + name.len + 1);
    room = (char *)(tenant + 1);
    tenant->name = memory_place(&room, name).data;
    TAILQ_INIT(&tenant->set.all);
    TAILQ_INSERT_TAIL(&ledger->shared.all, tenant, in_all);
    table_add(&ledger->shared.tenants, &tenant->link, hash_name(ledger, name));
    return tenant;
}

static void free_copy(struct shared_tenant *tenant)
{
    if (tenant->copy)
        arena_release(&tenant->copy->arena);
    free(tenant->copy);
    tenant->copy = NULL;
}

void shared_release(struct ledger *ledger)
{
    struct shared_tenant *each;

    while ((each = TAILQ_FIRST(&ledger->shared.all))) {
        TAILQ_REMOVE(&ledger->shared.all, each, in_all);
        free_copy(each);
        free(each);
    }
    table_release(&ledger->shared.tenants);
}

/* The next one not at once, and not by all replicas at the same time. */
void shared_note_told(struct shared_tenant *tenant, unsigned long changes, struct amount limit)
{
    tenant->due = clock_milliseconds() + REFRESH_MS + random() % JITTER_MS;
    tenant->told = changes;
    tenant->told_limit = limit;
}

static struct shared_copy *make_copy(const struct tenant_usage *usage, uint64_t version,
                                     const char *damage)
{
    struct shared_copy *copy = memory_alloc(sizeof(*copy));

    copy->uid = arena_copy_bytes(&copy->arena, usage->uid);
    copy->version_text = arena_copy_bytes(&copy->arena, usage->version);
    copy->series = arena_copy_bytes(&copy->arena, usage->series);
    copy->unknown = arena_copy_bytes(&copy->arena, usage->unknown);
    if (value_raw(usage->status).len <= STATUS_MAX_BYTES)
        copy->status = arena_copy_bytes(&copy->arena, value_raw(usage->status));
    copy->damage = damage ? arena_copy(&copy->arena, bytes_from(damage)) : NULL;
    copy->version = version;
    copy->last = usage->last;
    copy->floors = usage->floors;
    return copy;
}

/* ---- reservations as in the object */

static void reserve_item(struct holdings *holdings, struct shared_tenant *tenant,
                         const struct usage_item *item, int64_t now)
{
    struct reservation *reservation =
        holdings_reserve(holdings, &tenant->set, &item->pod, item->is_growth, now);

    reservation->number = item->number;
    reservation->version = tenant->copy->version;
}

static struct reservation *reserved_for(const struct holding *holding,
                                        const struct shared_tenant *tenant)
{
    struct reservation *reservation = holding ? holding->reservation : NULL;

    return reservation && reservation->set == &tenant->set ? reservation : NULL;
}

static bool is_ours(const struct holdings *holdings, const struct shared_tenant *tenant)
{
    return holdings->tenancy && tenancy_find_tenant(holdings->tenancy, bytes_from(tenant->name));
}

const struct shared_tenant *shared_rival(const struct holdings *holdings,
                                         const struct shared_tenant *tenant,
                                         const struct holding *holding)
{
    const struct reservation *reservation = holding ? holding->reservation : NULL;
    const struct shared_tenant *other;

    if (!reservation || reservation->set == &tenant->set)
        return NULL;
    other = TABLE_THING(reservation->set, struct shared_tenant, set);
    return is_ours(holdings, other) ? other : NULL;
}

/* Two of our tenants can't both hold it. What others' tenants hold is no concern of ours. */
static void note_rival(const struct holdings *holdings, const struct shared_tenant *tenant,
                       const struct usage_item *item, const struct shared_tenant *rival)
{
    struct shared_copy *copy = tenant->copy;

    if (copy->damage || !is_ours(holdings, tenant))
        return;
    copy->damage =
        arena_printf(&copy->arena,
                     "spec.reservations: \"%s\" is reserved in TenantUsage \"%s\", too",
                     text_clean(&copy->arena, held_pod_path(&item->pod, &copy->arena), 320),
                     rival->name);
}

/* What a transaction added is in the object: by its own write, or by that of another replica which
 * added the same, maybe later. So its time begins now. */
static void confirm(struct holdings *holdings, struct reservation *reservation, int64_t now)
{
    TAILQ_REMOVE(&holdings->reservations, reservation, in_all);
    TAILQ_INSERT_TAIL(&holdings->reservations, reservation, in_all);
    reservation->order = ++holdings->last_order;
    reservation->made_at = now;
    reservation->is_tentative = false;
}

/* False: the view has shown it, so that it has to leave the object. */
static bool take_item(struct holdings *holdings, struct shared_tenant *tenant,
                      const struct usage_item *item, int64_t now)
{
    struct holding *holding = holdings_find(holdings, item->pod.namespace, item->pod.uid);
    struct reservation *reservation = reserved_for(holding, tenant);
    const struct shared_tenant *rival = shared_rival(holdings, tenant, holding);

    if (rival) {
        note_rival(holdings, tenant, item, rival);
        return true;
    }
    if (reservation && reservation->number == item->number &&
        ask_equal(&reservation->pod.ask, &item->pod.ask)) {
        reservation->version = tenant->copy->version;
        if (reservation->is_tentative)
            confirm(holdings, reservation, now);
        return true;
    }
    if (item->number <= tenant->known)
        return false;
    if (!item->is_growth && !reservation && holding && holding->is_seen) {
        holdings_note_shown(&tenant->set, holding);
        return false;
    }
    /* INVARIANT: what a transaction under way adds must not become a part of what is written. */
    if (reservation && reservation->is_tentative)
        holdings_unreserve(holdings, reservation);
    reserve_item(holdings, tenant, item, now);
    return true;
}

/* Others had reason to take out what isn't in the object any more. */
static void drop_others(struct holdings *holdings, struct shared_tenant *tenant)
{
    struct reservation *each, *next;

    for (each = TAILQ_FIRST(&tenant->set.all); each; each = next) {
        next = TAILQ_NEXT(each, in_set);
        if (!each->is_tentative && (!tenant->copy || each->version != tenant->copy->version))
            holdings_unreserve(holdings, each);
    }
}

static void take_items(struct holdings *holdings, struct shared_tenant *tenant,
                       const struct tenant_usage *usage, int64_t now)
{
    bool has_lost = false;
    uint64_t newest = 0;

    for (size_t i = 0; i < usage->count; i++) {
        const struct usage_item *item = &usage->items[i];

        if (!take_item(holdings, tenant, item, now))
            has_lost = true;
        if (item->number > newest)
            newest = item->number;
    }
    drop_others(holdings, tenant);
    tenant->set.has_lost = has_lost;
    if (newest > tenant->known)
        tenant->known = newest;
}

/* ---- the object */

static void forget(struct ledger *ledger, struct shared_tenant *tenant)
{
    free_copy(tenant);
    drop_others(&ledger->holdings, tenant);
    tenant->known = 0;
    pthread_cond_broadcast(&ledger->progress);
}

/* As the policy set has it; NULL: it has none of the name. */
static const struct tenant *find_tenant(const struct ledger *ledger,
                                        const struct shared_tenant *tenant)
{
    const struct tenancy *tenancy = ledger->holdings.tenancy;

    return tenancy ? tenancy_find_tenant(tenancy, bytes_from(tenant->name)) : NULL;
}

struct amount shared_limit(const struct ledger *ledger, const struct shared_tenant *tenant)
{
    const struct tenant *found = find_tenant(ledger, tenant);

    return found ? grants_common_limit(found, false, clock_seconds()) : (struct amount){0};
}

unsigned long shared_changes(const struct ledger *ledger, const struct shared_tenant *tenant)
{
    const struct tenant *found = find_tenant(ledger, tenant);

    return found ? ledger->holdings.tenants[found->index].changes : 0;
}

/* Within one series numbers and floors only rise, and what is known stays known. NULL: so it is. */
static const char *find_going_back(const struct shared_tenant *tenant,
                                   const struct shared_copy *next)
{
    const struct shared_copy *last = tenant->copy;

    if (next->last < tenant->known)
        return "spec.last: goes back, an older object was put in its place";
    if (last->damage || last->unknown.len)
        return NULL;
    if (next->unknown.len)
        return "spec.unknown: is back, an older object was put in its place";
    if (!floor_is_reached(&last->floors, &next->floors))
        return "spec.floors: go back, an older object was put in its place";
    return NULL;
}

static void take_newer(struct ledger *ledger, struct shared_tenant *tenant,
                       const struct tenant_usage *usage, struct shared_copy *copy)
{
    int64_t now = clock_milliseconds();
    bool is_same = tenant->copy && bytes_equal(tenant->copy->uid, copy->uid) &&
                   bytes_equal(tenant->copy->series, copy->series);
    /* Most writes pass on the status as it was. */
    bool is_told = !tenant->copy || !bytes_equal(tenant->copy->status, copy->status);

    if (!is_same) {
        tenant->round++;
        tenant->round_began = now;
        forget(ledger, tenant);
    } else if (!copy->damage) {
        copy->damage = find_going_back(tenant, copy);
    }
    free_copy(tenant);
    tenant->copy = copy;
    /* Who wrote it, told of what there is now, or of so little less that the next change will. */
    if (is_told)
        shared_note_told(tenant, copy->status.len ? shared_changes(ledger, tenant) : ULONG_MAX,
                         shared_limit(ledger, tenant));
    take_items(&ledger->holdings, tenant, usage, now);
    pthread_cond_broadcast(&ledger->progress);
}

/* resourceVersions compare as numbers within one resource (KEP-5504). */
static bool is_newer(const struct shared_tenant *tenant, uint64_t version)
{
    return !tenant->copy || version > tenant->copy->version;
}

bool shared_take_object(struct ledger *ledger, struct value object, uint64_t *last)
{
    struct arena arena = {0};
    struct tenant_usage usage;
    struct error err = {0};
    bool is_sound = tenant_usage_read(object, &arena, &usage, &err);
    uint64_t version = object_version(usage.version);
    struct shared_tenant *tenant;

    pthread_mutex_lock(&ledger->lock);
    tenant = usage.name.len && version ? shared_find(ledger, usage.name) : NULL;
    if (tenant)
        tenant->list = ledger->shared.list;
    if (tenant && is_newer(tenant, version))
        take_newer(ledger, tenant, &usage, make_copy(&usage, version, is_sound ? NULL : err.text));
    pthread_mutex_unlock(&ledger->lock);
    *last = usage.last;
    arena_release(&arena);
    return is_sound && tenant;
}

/* What this replica has written comes once more by its watch; reading it takes long. */
static bool is_known(struct ledger *ledger, struct value object)
{
    uint64_t version = object_version(value_text(value_path(object, "metadata.resourceVersion")));
    struct shared_tenant *tenant;
    bool is_old;

    pthread_mutex_lock(&ledger->lock);
    tenant = look_for(ledger, value_text(value_path(object, "metadata.name")));
    is_old = tenant && !is_newer(tenant, version);
    if (is_old)
        tenant->list = ledger->shared.list;
    pthread_mutex_unlock(&ledger->lock);
    return is_old;
}

void shared_take(struct ledger *ledger, struct value object)
{
    uint64_t ignored;

    if (!is_known(ledger, object))
        (void)!shared_take_object(ledger, object, &ignored);
}

void shared_lose(struct ledger *ledger, struct bytes name, struct bytes uid)
{
    struct shared_tenant *tenant;

    pthread_mutex_lock(&ledger->lock);
    tenant = look_for(ledger, name);
    if (tenant && tenant->copy && (uid.len == 0 || bytes_equal(uid, tenant->copy->uid)))
        forget(ledger, tenant);
    pthread_mutex_unlock(&ledger->lock);
}

void shared_list_begin(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->shared.list++;
    pthread_mutex_unlock(&ledger->lock);
}

void shared_list_end(struct ledger *ledger)
{
    struct shared_tenant *each;

    pthread_mutex_lock(&ledger->lock);
    for (each = TAILQ_FIRST(&ledger->shared.all); each; each = TAILQ_NEXT(each, in_all)) {
        if (each->copy && each->list != ledger->shared.list)
            forget(ledger, each);
    }
    ledger->shared.is_listed = true;
    pthread_mutex_unlock(&ledger->lock);
}
