#include "unit/cluster/fake_api.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cluster/upkeep.h"

enum { MAX_PLAN = 32 };

struct plan {
    enum trouble troubles[MAX_PLAN], at_last;
    size_t next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fake_store *store;
    struct plan writes, reads;
    unsigned write_count, read_count, waiting;
    bool is_held;
    struct upkeep_config upkeep;
} api = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct usage_store {
    atomic_bool is_stopped;
};

struct upkeep {
    char nothing;
};

void fake_api_start(struct fake_store *store)
{
    api.store = store;
    api.writes = api.reads = (struct plan){0};
    api.write_count = api.read_count = api.waiting = 0;
    api.is_held = false;
}

void fake_api_end(void)
{
    api.store = NULL;
}

static void set_plan(struct plan *plan, const enum trouble *troubles, enum trouble at_last)
{
    pthread_mutex_lock(&api.lock);
    *plan = (struct plan){.at_last = at_last};
    for (size_t i = 0; troubles && troubles[i] != TROUBLE_NONE; i++)
        plan->troubles[i] = troubles[i];
    pthread_mutex_unlock(&api.lock);
}

void fake_api_plan_writes(const enum trouble *plan, enum trouble at_last)
{
    set_plan(&api.writes, plan, at_last);
}

void fake_api_plan_reads(const enum trouble *plan, enum trouble at_last)
{
    set_plan(&api.reads, plan, at_last);
}

/* The caller holds the lock. */
static enum trouble next_trouble(struct plan *plan)
{
    return plan->troubles[plan->next] != TROUBLE_NONE ? plan->troubles[plan->next++]
                                                      : plan->at_last;
}

static void set_held(bool is_held)
{
    pthread_mutex_lock(&api.lock);
    api.is_held = is_held;
    pthread_cond_broadcast(&api.changed);
    pthread_mutex_unlock(&api.lock);
}

void fake_api_hold(void)
{
    set_held(true);
}

void fake_api_release(void)
{
    set_held(false);
}

void fake_api_wait_held(void)
{
    pthread_mutex_lock(&api.lock);
    while (api.waiting == 0)
        pthread_cond_wait(&api.changed, &api.lock);
    pthread_mutex_unlock(&api.lock);
}

static unsigned count_of(const unsigned *count)
{
    unsigned value;

    pthread_mutex_lock(&api.lock);
    value = *count;
    pthread_mutex_unlock(&api.lock);
    return value;
}

unsigned fake_api_writes(void)
{
    return count_of(&api.write_count);
}

unsigned fake_api_reads(void)
{
    return count_of(&api.read_count);
}

/* ---- usage_store */

struct usage_store *usage_store_new(const struct kubeconfig *kubeconfig)
{
    return memory_alloc(sizeof(struct usage_store));
}

void usage_store_free(struct usage_store *store)
{
    free(store);
}

void usage_store_stop(struct usage_store *store)
{
    atomic_store(&store->is_stopped, true);
    fake_api_release();
}

bool usage_store_is_stopped(const struct usage_store *store)
{
    return atomic_load(&store->is_stopped);
}

bool usage_store_wait(struct usage_store *store, unsigned milliseconds)
{
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&pause, NULL);
    return !usage_store_is_stopped(store);
}

static enum store_result take_answer(const char *text, struct arena *arena,
                                     struct store_answer *out)
{
    struct document *document = arena_alloc(arena, sizeof(*document));

    document_parse(bytes_from(text), 64, arena, document);
    out->object = document_root(document);
    return STORE_DONE;
}

static void race(const char *tenant, struct arena *arena)
{
    const char *text = fake_store_read(api.store, tenant, arena);

    if (text)
        fake_store_write(api.store, bytes_from(text), false, arena);
}

static enum store_result write_with(enum trouble trouble, const struct store_call *call,
                                    struct arena *arena, struct store_answer *out)
{
    const char *text;

    switch (trouble) {
    case TROUBLE_NEVER:
        return STORE_UNKNOWN;
    case TROUBLE_REFUSED:
    case TROUBLE_TOO_LARGE:
        return STORE_REFUSED;
    case TROUBLE_RACED:
        race(call->tenant, arena);
        break;
    default:
        break;
    }
    text = fake_store_write(api.store, call->body, call->verb == STORE_POST, arena);
    if (!text)
        return STORE_CONFLICT;
    if (trouble == TROUBLE_ALTERED) {
        fake_store_edit(api.store, call->tenant, "spec.last", "7");
        text = fake_store_read(api.store, call->tenant, arena);
    }
    return trouble == TROUBLE_LOST ? STORE_UNKNOWN : take_answer(text, arena, out);
}

static enum store_result read_with(enum trouble trouble, const struct store_call *call,
                                   struct arena *arena, struct store_answer *out)
{
    const char *text;

    if (trouble == TROUBLE_REFUSED)
        return STORE_REFUSED;
    if (trouble != TROUBLE_NONE)
        return STORE_UNKNOWN;
    text = fake_store_read(api.store, call->tenant, arena);
    return text ? take_answer(text, arena, out) : STORE_MISSING;
}

/* The caller holds the lock. */
static void wait_while_held(const struct usage_store *store)
{
    api.waiting++;
    pthread_cond_broadcast(&api.changed);
    while (api.is_held && !usage_store_is_stopped(store))
        pthread_cond_wait(&api.changed, &api.lock);
    api.waiting--;
}

enum store_result usage_store_call(struct usage_store *store, const struct store_call *call,
                                   struct arena *arena, struct store_answer *out, struct error *err)
{
    bool is_write = call->verb != STORE_GET;
    enum store_result result;
    enum trouble trouble;

    *out = (struct store_answer){0};
    pthread_mutex_lock(&api.lock);
    ++*(is_write ? &api.write_count : &api.read_count);
    trouble = next_trouble(is_write ? &api.writes : &api.reads);
    if (is_write)
        wait_while_held(store);
    result = (is_write ? write_with : read_with)(trouble, call, arena, out);
    pthread_mutex_unlock(&api.lock);
    if (result != STORE_DONE)
        error_set(err, "trouble %d", trouble);
    err->is_limit = trouble == TROUBLE_TOO_LARGE;
    return result;
}

/* ---- upkeep */

struct upkeep *upkeep_start(const struct upkeep_config *config, struct error *err)
{
    api.upkeep = *config;
    return memory_alloc(sizeof(struct upkeep));
}

void upkeep_stop(struct upkeep *upkeep)
{
    free(upkeep);
}

void fake_api_chore(const char *tenant)
{
    api.upkeep.write(api.upkeep.context, tenant);
}
