#include "cluster/committer.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "cluster/upkeep.h"

enum {
    MOST_WAITING = 10000,
    MOST_WAITING_BYTES = 256 * 1024 * 1024,
    MOST_IN_BATCH = 1024,
    MOST_BATCH_BYTES = 4 * 1024 * 1024, /* or one request */
    TOLD_FULL_MS = 60 * 1000,
    LATE_STEP_MS = 100,
};

/* What waits for a tenant; there is none where nothing does. */
struct queue {
    struct table_link link;
    const char *tenant; /* behind the struct */
    struct commit_requests requests;
    struct error problem; /* of the last turn */
    bool has_chore;
    bool is_busy;  /* a worker is at it, and no other may be */
    bool is_ready; /* among those whose turn it is */
    TAILQ_ENTRY(queue) in_ready, in_all;
};

struct worker {
    struct committer *committer;
    struct commit_worker batches;
    pthread_t thread;
    bool is_running;
};

struct committer {
    struct commit_counts counts;
    struct worker workers[COMMITTER_WORKERS];
    struct upkeep *upkeep;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wakes;
    struct table queues;
    TAILQ_HEAD(, queue) ready, all;
    size_t waiting, waiting_bytes; /* those that workers are at included */
    bool is_stopped;
    char problem[512];    /* with writes, which won't go away by trying again; "": none */
    int64_t told_full_at; /* when the log was told that an object is full */
};

/* ---- queues; the caller holds the lock */

static struct queue *find_queue(struct committer *committer, struct bytes tenant)
{
    uint64_t hash = table_hash(&committer->queues, tenant, BYTES(""));
    struct queue *queue;
    char *room;

    for (struct table_link *link = table_first(&committer->queues, hash); link;
         link = table_next(link)) {
        queue = TABLE_THING(link, struct queue, link);
        if (bytes_is(tenant, queue->tenant))
            return queue;
    }
    queue = memory_alloc(sizeof(*queue) + tenant.len + 1);
    room = (char *)(queue + 1);
    queue->tenant = memory_place(&room, tenant).data;
    TAILQ_INIT(&queue->requests);
    TAILQ_INSERT_TAIL(&committer->all, queue, in_all);
    table_add(&committer->queues, &queue->link, hash);
    return queue;
}

static void free_queue(struct committer *committer, struct queue *queue)
{
    TAILQ_REMOVE(&committer->all, queue, in_all);
    table_remove(&committer->queues, &queue->link);
    free(queue);
}

/* After whatever happened to it. */
static void line_up(struct committer *committer, struct queue *queue)
{
    if (queue->is_busy || queue->is_ready)
        return;
    if (queue->has_chore || !TAILQ_EMPTY(&queue->requests)) {
        queue->is_ready = true;
        TAILQ_INSERT_TAIL(&committer->ready, queue, in_ready);
        pthread_cond_signal(&committer->wakes);
    } else {
        free_queue(committer, queue);
    }
}

static void enqueue(struct committer *committer, struct commit_request *request)
{
    struct queue *queue = find_queue(committer, bytes_from(request->tenant));

    TAILQ_INSERT_TAIL(&queue->requests, request, in_list);
    line_up(committer, queue);
}

bool committer_submit(struct committer *committer, struct commit_request *request)
{
    bool has_room;

    pthread_mutex_lock(&committer->lock);
    has_room = committer->waiting < MOST_WAITING &&
               committer->waiting_bytes + request->size <= MOST_WAITING_BYTES;
    if (has_room) {
        committer->waiting++;
        committer->waiting_bytes += request->size;
        enqueue(committer, request);
    }
    pthread_mutex_unlock(&committer->lock);
    return has_room;
}

/* Called by the upkeep. */
static void add_chore(void *context, const char *tenant)
{
    struct committer *committer = context;
    struct queue *queue;

    pthread_mutex_lock(&committer->lock);
    queue = find_queue(committer, bytes_from(tenant));
    queue->has_chore = true;
    line_up(committer, queue);
    pthread_mutex_unlock(&committer->lock);
}

/* ---- batches */

/* A queue's turn. */
struct turn {
    struct queue *queue;
    struct commit_batch batch;
    size_t count, bytes; /* that were taken from it */
};

static void begin_turn(struct turn *turn, struct queue *queue)
{
    *turn = (struct turn){.queue = queue,
                          .batch = {.tenant = queue->tenant, .problem = queue->problem}};
    TAILQ_INIT(&turn->batch.requests);
    TAILQ_INIT(&turn->batch.elsewhere);
    TAILQ_INIT(&turn->batch.later);
}

static void take(struct turn *turn, struct commit_request *request)
{
    TAILQ_REMOVE(&turn->queue->requests, request, in_list);
    TAILQ_INSERT_TAIL(&turn->batch.requests, request, in_list);
    turn->count++;
    turn->bytes += request->size;
}

/* The caller holds the lock. */
static void take_turn(struct committer *committer, struct turn *turn)
{
    struct queue *queue = TAILQ_FIRST(&committer->ready);
    struct commit_request *request;

    begin_turn(turn, queue);
    turn->batch.is_chore = queue->has_chore;
    TAILQ_REMOVE(&committer->ready, queue, in_ready);
    queue->is_ready = queue->has_chore = false;
    queue->is_busy = true;
    while ((request = TAILQ_FIRST(&queue->requests)) && turn->count < MOST_IN_BATCH &&
           (turn->count == 0 || turn->bytes + request->size <= MOST_BATCH_BYTES))
        take(turn, request);
}

/* Those of one queue that nobody answered in time; false: there are none. The caller holds the
 * lock. */
static bool take_late(struct worker *worker, struct turn *turn)
{
    int64_t now = clock_milliseconds();
    struct queue *queue;

    TAILQ_FOREACH(queue, &worker->committer->all, in_all)
    {
        struct commit_request *request, *next;

        begin_turn(turn, queue);
        for (request = TAILQ_FIRST(&queue->requests); request; request = next) {
            next = TAILQ_NEXT(request, in_list);
            if (request->deadline <= now)
                take(turn, request);
        }
        if (turn->count > 0) {
            /* The queue may be gone before they are answered. */
            turn->batch.tenant = arena_copy(&worker->batches.arena, bytes_from(queue->tenant));
            return true;
        }
    }
    return false;
}

static void count_out(struct turn *turn, const struct commit_requests *requests)
{
    const struct commit_request *request = TAILQ_FIRST(requests);

    for (; request; request = TAILQ_NEXT(request, in_list)) {
        turn->count--;
        turn->bytes -= request->size;
    }
}

/* What was answered waits no more, and what belongs to another tenant now goes there. The caller
 * holds the lock. */
static void settle(struct committer *committer, struct turn *turn)
{
    struct commit_batch *batch = &turn->batch;
    struct commit_request *request;

    count_out(turn, &batch->requests);
    count_out(turn, &batch->elsewhere);
    committer->waiting -= turn->count;
    committer->waiting_bytes -= turn->bytes;
    while ((request = TAILQ_FIRST(&batch->elsewhere))) {
        TAILQ_REMOVE(&batch->elsewhere, request, in_list);
        enqueue(committer, request);
    }
}

/* What is not done goes back where it came from, in front. The caller holds the lock. */
static void end_turn(struct committer *committer, struct turn *turn)
{
    struct commit_batch *batch = &turn->batch;
    struct queue *queue = turn->queue;

    TAILQ_CONCAT(&batch->requests, &batch->later, in_list);
    settle(committer, turn);
    TAILQ_CONCAT(&batch->requests, &queue->requests, in_list);
    TAILQ_CONCAT(&queue->requests, &batch->requests, in_list);
    queue->problem = batch->problem;
    queue->is_busy = false;
    line_up(committer, queue);
}

/* Other replicas get their turn; unless other tenants wait here, who come before this one anyway.
 */
static void let_others(struct worker *worker, const struct turn *turn)
{
    const struct commit_batch *batch = &turn->batch;
    bool is_busy;

    pthread_mutex_lock(&worker->committer->lock);
    is_busy = !TAILQ_EMPTY(&worker->committer->ready);
    pthread_mutex_unlock(&worker->committer->lock);
    if (batch->yield && !is_busy)
        usage_store_wait(worker->batches.store, batch->yield);
}

/* The caller holds the lock. */
static void note_problem(struct committer *committer, const struct commit_batch *batch)
{
    int64_t now = clock_milliseconds();
    bool is_limit = batch->problem.is_limit;

    if (batch->has_written && *committer->problem) {
        *committer->problem = '\0';
        log_info("TenantUsages can be written again");
    }
    if (!batch->is_refused)
        return;
    if (is_limit ? now - committer->told_full_at > TOLD_FULL_MS : !*committer->problem)
        log_warning("a TenantUsage can't be written", "tenant", batch->tenant, "problem",
                    batch->problem.text);
    if (is_limit)
        committer->told_full_at = now;
    else
        snprintf(committer->problem, sizeof(committer->problem), "%s", batch->problem.text);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct committer *committer = worker->committer;
    struct turn turn;

    pthread_mutex_lock(&committer->lock);
    while (!committer->is_stopped) {
        if (TAILQ_EMPTY(&committer->ready)) {
            pthread_cond_wait(&committer->wakes, &committer->lock);
            continue;
        }
        take_turn(committer, &turn);
        pthread_mutex_unlock(&committer->lock);
        commit_batch_run(&worker->batches, &turn.batch);
        let_others(worker, &turn);
        pthread_mutex_lock(&committer->lock);
        note_problem(committer, &turn.batch);
        end_turn(committer, &turn);
    }
    pthread_mutex_unlock(&committer->lock);
    return NULL;
}

/* The API server may keep all other workers waiting, for longer than requests may wait for their
 * turn. */
static void *answer_late(void *context)
{
    struct worker *worker = context;
    struct committer *committer = worker->committer;
    struct turn turn;

    while (usage_store_wait(worker->batches.store, LATE_STEP_MS)) {
        pthread_mutex_lock(&committer->lock);
        while (!committer->is_stopped && take_late(worker, &turn)) {
            pthread_mutex_unlock(&committer->lock);
            commit_batch_deny_late(&worker->batches, &turn.batch);
            pthread_mutex_lock(&committer->lock);
            settle(committer, &turn);
        }
        pthread_mutex_unlock(&committer->lock);
    }
    return NULL;
}

/* ---- from start to stop */

static bool start_worker(struct committer *committer, const struct committer_config *config,
                         size_t at, struct error *err)
{
    struct worker *worker = &committer->workers[at];
    int code;

    worker->committer = committer;
    worker->batches = (struct commit_worker){.ledger = config->ledger,
                                             .store = usage_store_new(config->kubeconfig),
                                             .ops = config->ops,
                                             .state = config->worker_states[at],
                                             .counts = &committer->counts};
    code =
        pthread_create(&worker->thread, NULL, at == COMMITTER_WRITERS ? answer_late : work, worker);
    worker->is_running = code == 0;
    return worker->is_running ||
           error_set(err, "a thread for TenantUsages can't be made: %s", strerror(code));
}

static bool start_all(struct committer *committer, const struct committer_config *config,
                      struct error *err)
{
    const struct upkeep_config upkeep = {.kubeconfig = config->kubeconfig,
                                         .ledger = config->ledger,
                                         .write = add_chore,
                                         .context = committer};

    for (size_t i = 0; i < COMMITTER_WORKERS; i++) {
        if (!start_worker(committer, config, i, err))
            return false;
    }
    committer->upkeep = upkeep_start(&upkeep, err);
    return committer->upkeep;
}

struct committer *committer_start(const struct committer_config *config, struct error *err)
{
    struct committer *committer = memory_alloc(sizeof(*committer));

    pthread_mutex_init(&committer->lock, NULL);
    pthread_cond_init(&committer->wakes, NULL);
    table_init(&committer->queues);
    TAILQ_INIT(&committer->ready);
    TAILQ_INIT(&committer->all);
    if (start_all(committer, config, err))
        return committer;
    committer_stop(committer);
    return NULL;
}

static void stop_workers(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    committer->is_stopped = true;
    pthread_cond_broadcast(&committer->wakes);
    pthread_mutex_unlock(&committer->lock);
    for (size_t i = 0; i < COMMITTER_WORKERS; i++) {
        struct worker *worker = &committer->workers[i];

        if (worker->is_running) {
            usage_store_stop(worker->batches.store);
            pthread_join(worker->thread, NULL);
        }
        usage_store_free(worker->batches.store);
        arena_release(&worker->batches.arena);
    }
}

void committer_stop(struct committer *committer)
{
    struct queue *queue;

    if (!committer)
        return;
    upkeep_stop(committer->upkeep);
    stop_workers(committer);
    while ((queue = TAILQ_FIRST(&committer->all)))
        free_queue(committer, queue);
    table_release(&committer->queues);
    pthread_cond_destroy(&committer->wakes);
    pthread_mutex_destroy(&committer->lock);
    free(committer);
}

const struct commit_counts *committer_counts(const struct committer *committer)
{
    return &committer->counts;
}

size_t committer_waiting(struct committer *committer)
{
    size_t waiting;

    pthread_mutex_lock(&committer->lock);
    waiting = committer->waiting;
    pthread_mutex_unlock(&committer->lock);
    return waiting;
}

void committer_read_problem(struct committer *committer, char *out, size_t size)
{
    pthread_mutex_lock(&committer->lock);
    snprintf(out, size, "%s", committer->problem);
    pthread_mutex_unlock(&committer->lock);
}
