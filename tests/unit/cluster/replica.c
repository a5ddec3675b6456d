#include "unit/cluster/replica.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"

static void begin(void *state)
{
}

static enum commit_judged judge(void *state, struct commit_request *request, struct shared_txn *txn)
{
    struct waiter *waiter = (struct waiter *)request;
    struct replica *replica = state;
    struct outcome outcome;

    pthread_mutex_lock(&replica->lock);
    outcome = scene_settle_in(&replica->scene, waiter->text, txn);
    waiter->judged++;
    waiter->is_allowed = outcome.is_settled && outcome.is_allowed;
    waiter->is_limit = outcome.usage.problem.is_limit;
    snprintf(waiter->why, sizeof(waiter->why), "%s",
             outcome.usage.problem.text ? outcome.usage.problem.text : "");
    if (outcome.result == LEDGER_WAITS)
        request->tenant = outcome.facts->tenant->name;
    if (replica->stale > 0 && replica->stale--)
        outcome.result = LEDGER_STALE;
    pthread_mutex_unlock(&replica->lock);
    return outcome.result == LEDGER_WAITS   ? COMMIT_ELSEWHERE
           : outcome.result == LEDGER_STALE ? COMMIT_STALE
                                            : COMMIT_JUDGED;
}

static void done(void *state, struct commit_request *request)
{
    struct waiter *waiter = (struct waiter *)request;
    struct replica *replica = state;

    pthread_mutex_lock(&replica->lock);
    waiter->is_done = true;
    pthread_cond_broadcast(&replica->done);
    pthread_mutex_unlock(&replica->lock);
}

static const struct commit_ops ops = {begin, judge, done};

void replica_start(struct replica *replica)
{
    struct committer_config config = {.ledger = replica->scene.ledger, .ops = &ops};
    struct error err;

    pthread_mutex_init(&replica->lock, NULL);
    pthread_cond_init(&replica->done, NULL);
    for (size_t i = 0; i < COMMITTER_WORKERS; i++)
        config.worker_states[i] = replica;
    replica->committer = committer_start(&config, &err);
    assert_non_null(replica->committer);
}

void replica_init(struct replica *replica, const char *tenants)
{
    *replica = (struct replica){0};
    scene_init_live(&replica->scene, tenants);
    fake_api_start(replica->scene.store);
    replica_start(replica);
}

void replica_release(struct replica *replica)
{
    committer_stop(replica->committer);
    scene_release(&replica->scene);
    fake_api_end();
}

void replica_init_second(struct replica *replica, const char *tenants, struct replica *first)
{
    *replica = (struct replica){0};
    scene_init_live(&replica->scene, tenants);
    fake_store_free(replica->scene.store);
    replica->scene.store = first->scene.store;
    scene_fetch(&replica->scene, "research");
    replica_start(replica);
}

void replica_release_second(struct replica *replica)
{
    committer_stop(replica->committer);
    replica->scene.store = NULL;
    scene_release(&replica->scene);
}

/* ---- requests */

struct waiter *replica_submit_in(struct replica *replica, const char *namespace, const char *name,
                                 int gpus, int64_t milliseconds)
{
    struct waiter *waiter = memory_alloc(sizeof(*waiter));
    struct scene *scene = &replica->scene;

    pthread_mutex_lock(&replica->lock);
    waiter->text =
        scene_review(scene, "CREATE", "pods",
                     scene_pod(scene, &(struct pod_text){.namespace = namespace,
                                                         .name = name,
                                                         .uid = name,
                                                         .asks = arena_printf(&scene->arena,
                                                                              "nvidia.com/gpu: %d",
                                                                              gpus)}),
                     NULL);
    pthread_mutex_unlock(&replica->lock);
    waiter->replica = replica;
    waiter->request = (struct commit_request){.tenant = namespace,
                                              .deadline = clock_milliseconds() + milliseconds,
                                              .size = strlen(waiter->text)};
    assert_true(committer_submit(replica->committer, &waiter->request));
    return waiter;
}

struct waiter *replica_submit(struct replica *replica, const char *name, int gpus)
{
    return replica_submit_in(replica, "research", name, gpus, LONG_MS);
}

void waiter_wait(struct waiter *waiter)
{
    struct replica *replica = waiter->replica;

    pthread_mutex_lock(&replica->lock);
    while (!waiter->is_done)
        pthread_cond_wait(&replica->done, &replica->lock);
    pthread_mutex_unlock(&replica->lock);
}

bool waiter_is_done(struct waiter *waiter)
{
    bool is_done;

    pthread_mutex_lock(&waiter->replica->lock);
    is_done = waiter->is_done;
    pthread_mutex_unlock(&waiter->replica->lock);
    return is_done;
}

const char *waiter_verdict(struct waiter *waiter)
{
    static char text[600];

    waiter_wait(waiter);
    snprintf(text, sizeof(text), "%s",
             waiter->is_allowed ? "allowed"
             : *waiter->why     ? waiter->why
                                : "denied");
    free(waiter);
    return text;
}

const char *replica_gpus(struct replica *replica)
{
    const char *text;

    pthread_mutex_lock(&replica->lock);
    text = scene_gpus(&replica->scene);
    pthread_mutex_unlock(&replica->lock);
    return text;
}

const char *replica_stored_gpus(struct replica *replica, const char *tenants)
{
    static char text[600];
    struct scene scene;

    scene_init_live(&scene, tenants);
    fake_store_free(scene.store);
    scene.store = replica->scene.store;
    scene_fetch(&scene, "research");
    snprintf(text, sizeof(text), "%s", scene_gpus(&scene));
    scene.store = NULL;
    scene_release(&scene);
    return text;
}
