#include "cluster/commit_batch.h"

#include "base/clock.h"
#include "base/log.h"

enum {
    MOST_FLOOR_WAIT_MS = 50, /* in one go, so that other tenants get their turn */
    MOST_NEWER_WAIT_MS = 20, /* the watch tells sooner than a read what others have written */
    MOST_PAUSE_MS = 4,
    LEAST_YIELD_MS = 5,
    MOST_YIELD_MS = 50,
    MOST_READ_PAUSE_MS = 500,
    LEAST_CALL_MS = 500, /* a write is not given up for the sake of one request */
    MOST_CALL_MS = 3000,
    STALE_PAUSE_MS = 1,
    MOST_STALE = 100,
};

/* What a try came to. */
enum step {
    STEP_WRITTEN,
    STEP_OVER, /* nothing more to do for now */
    STEP_AGAIN,
};

const unsigned commit_sizes[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1024};

/* ---- answers */

static void finish(const struct commit_worker *worker, struct commit_batch *batch,
                   struct commit_request *request)
{
    TAILQ_REMOVE(&batch->requests, request, in_list);
    worker->ops->done(worker->state, request);
}

static void finish_all(const struct commit_worker *worker, struct commit_batch *batch)
{
    struct commit_request *request;

    while ((request = TAILQ_FIRST(&batch->requests)))
        finish(worker, batch, request);
}

static void move(struct commit_request *request, struct commit_requests *from,
                 struct commit_requests *to)
{
    TAILQ_REMOVE(from, request, in_list);
    TAILQ_INSERT_TAIL(to, request, in_list);
}

/* Judged without any knowledge of what the tenant holds. */
static void deny(const struct commit_worker *worker, struct commit_batch *batch,
                 struct commit_request *request, const struct usage_problem *problem)
{
    enum commit_judged judged = COMMIT_STALE;

    for (int i = 0; judged == COMMIT_STALE && i < MOST_STALE; i++) {
        struct shared_txn *txn = shared_begin(worker->ledger, batch->tenant, problem);

        worker->ops->begin(worker->state);
        judged = worker->ops->judge(worker->state, request, txn);
        shared_abort(txn);
        if (judged == COMMIT_STALE && !usage_store_wait(worker->store, STALE_PAUSE_MS))
            break;
    }
    if (judged == COMMIT_ELSEWHERE)
        move(request, &batch->requests, &batch->elsewhere);
    else
        finish(worker, batch, request);
}

static void deny_all(const struct commit_worker *worker, struct commit_batch *batch,
                     const struct usage_problem *problem)
{
    struct commit_request *request;

    while ((request = TAILQ_FIRST(&batch->requests)))
        deny(worker, batch, request, problem);
}

static void deny_late(struct commit_worker *worker, struct commit_batch *batch)
{
    const struct usage_problem problem = {
        arena_printf(&worker->arena, "TenantUsage \"%s\" could not be written in time%s%s",
                     batch->tenant, *batch->problem.text ? ": " : "", batch->problem.text),
        false};
    struct commit_request *request = TAILQ_FIRST(&batch->requests), *next;
    int64_t now = clock_milliseconds();

    for (; request; request = next) {
        next = TAILQ_NEXT(request, in_list);
        if (request->deadline <= now)
            deny(worker, batch, request, &problem);
    }
}

static enum step refuse(struct commit_worker *worker, struct commit_batch *batch)
{
    const struct usage_problem problem = {arena_printf(&worker->arena,
                                                       "TenantUsage \"%s\" can't be written: %s",
                                                       batch->tenant, batch->problem.text),
                                          batch->problem.is_limit};

    batch->is_refused = true;
    deny_all(worker, batch, &problem);
    return STEP_OVER;
}

/* ---- the API server */

static int64_t earliest_deadline(const struct commit_batch *batch)
{
    const struct commit_request *request = TAILQ_FIRST(&batch->requests);
    int64_t earliest = INT64_MAX;

    for (; request; request = TAILQ_NEXT(request, in_list)) {
        if (request->deadline < earliest)
            earliest = request->deadline;
    }
    return earliest;
}

/* Those of the tenant that come meanwhile wait, too, and perhaps not so long. */
static int64_t call_deadline(const struct commit_batch *batch)
{
    int64_t now = clock_milliseconds(), left = earliest_deadline(batch) - now;

    if (left < LEAST_CALL_MS)
        left = LEAST_CALL_MS;
    return now + (left < MOST_CALL_MS ? left : MOST_CALL_MS);
}

/* Not longer than anybody waits. */
static bool wait_a_bit(const struct commit_worker *worker, const struct commit_batch *batch,
                       unsigned most, unsigned asked)
{
    unsigned pause = batch->tries < 16 ? 1U << batch->tries : most; /* from 1 ms on */
    int64_t left = earliest_deadline(batch) - clock_milliseconds();

    pause = pause < most ? pause : most;
    pause = pause / 2 + arc4random_uniform(pause / 2 + 2);
    if (asked > pause)
        pause = asked;
    return usage_store_wait(worker->store, left < pause ? (unsigned)(left > 0 ? left : 0) : pause);
}

static enum store_result call(struct commit_worker *worker, struct commit_batch *batch,
                              struct store_call *what, struct store_answer *answer)
{
    struct error err = {0};
    enum store_result result;

    what->tenant = batch->tenant;
    what->deadline = call_deadline(batch);
    result = usage_store_call(worker->store, what, &worker->arena, answer, &err);
    if (result != STORE_DONE)
        batch->problem = err;
    return result;
}

/* Until the API server tells what there is now, or nobody waits any more. */
static enum step read_again(struct commit_worker *worker, struct commit_batch *batch)
{
    struct store_call get = {.verb = STORE_GET};
    struct store_answer answer = {0};
    unsigned most = MOST_PAUSE_MS;

    for (;; batch->tries++, most = MOST_READ_PAUSE_MS) {
        arena_reset(&worker->arena);
        deny_late(worker, batch);
        if (TAILQ_EMPTY(&batch->requests) || !wait_a_bit(worker, batch, most, answer.retry_after))
            return STEP_OVER;
        switch (call(worker, batch, &get, &answer)) {
        case STORE_DONE:
            shared_take(worker->ledger, answer.object);
            return STEP_AGAIN;
        case STORE_MISSING:
            shared_lose(worker->ledger, bytes_from(batch->tenant), BYTES(""));
            return STEP_AGAIN;
        case STORE_REFUSED:
            return refuse(worker, batch);
        case STORE_CONFLICT:
        case STORE_UNKNOWN:
            break;
        }
    }
}

static void count_write(struct commit_counts *counts, const struct commit_batch *batch)
{
    const struct commit_request *request = TAILQ_FIRST(&batch->requests);
    unsigned count = 0, at = 0;

    for (; request; request = TAILQ_NEXT(request, in_list))
        count++;
    while (at < COMMIT_SIZES - 1 && count > commit_sizes[at])
        at++;
    atomic_fetch_add(&counts->sizes[at], 1);
    atomic_fetch_add(&counts->requests, count);
}

/* ---- one try */

static enum step halve(struct commit_worker *worker, struct commit_batch *batch)
{
    struct commit_request *first = TAILQ_FIRST(&batch->requests), *slow = first, *fast = first;

    if (!first || !TAILQ_NEXT(first, in_list)) {
        error_set_limit(&batch->problem, "it would have more than %d bytes",
                        TENANT_USAGE_MAX_BYTES);
        return refuse(worker, batch);
    }
    while (fast && (fast = TAILQ_NEXT(fast, in_list)) && (fast = TAILQ_NEXT(fast, in_list)))
        slow = TAILQ_NEXT(slow, in_list);
    while ((fast = TAILQ_NEXT(slow, in_list)))
        move(fast, &batch->requests, &batch->later);
    return STEP_AGAIN;
}

/* Somebody else was first. Frees the transaction. A write for nobody is not tried again: the next
 * round of chores will say whether there is need. */
static enum step give_way(struct commit_worker *worker, struct commit_batch *batch,
                          struct shared_txn *txn)
{
    int64_t until = clock_milliseconds() + MOST_NEWER_WAIT_MS, earliest = earliest_deadline(batch);
    bool is_known = shared_wait_newer(txn, earliest < until ? earliest : until);

    shared_abort(txn);
    if (!is_known || TAILQ_EMPTY(&batch->requests))
        return read_again(worker, batch);
    return wait_a_bit(worker, batch, MOST_PAUSE_MS, 0) ? STEP_AGAIN : STEP_OVER;
}

/* Who has written knows the newest version before the others do, and would be first again and
 * again. */
static unsigned yield_after(int64_t began)
{
    int64_t took = clock_milliseconds() - began;
    unsigned least = took < LEAST_YIELD_MS  ? LEAST_YIELD_MS
                     : took > MOST_YIELD_MS ? MOST_YIELD_MS
                                            : (unsigned)took;

    return least + arc4random_uniform(2 * least);
}

static enum step write_txn(struct commit_worker *worker, struct commit_batch *batch,
                           struct shared_txn *txn, const struct shared_body *body)
{
    struct store_call write = {.verb = body->is_new ? STORE_POST : STORE_PUT, .body = body->text};
    int64_t began = clock_milliseconds();
    struct store_answer answer;
    enum store_result result;

    batch->is_chore = false;
    if (shared_wait_newer(txn, 0))
        return give_way(worker, batch, txn);
    result = call(worker, batch, &write, &answer);
    atomic_fetch_add(&worker->counts->writes[result], 1);
    if (result == STORE_CONFLICT)
        return give_way(worker, batch, txn);
    if (result == STORE_DONE) {
        batch->problem = (struct error){0};
        if (!shared_commit(txn, answer.object)) {
            error_set(&batch->problem, "it is not as it was written");
            return read_again(worker, batch);
        }
        batch->has_written = true;
        batch->yield = body->is_contended ? yield_after(began) : 0;
        return STEP_WRITTEN;
    }
    shared_abort(txn);
    if (result != STORE_REFUSED)
        return read_again(worker, batch);
    return batch->problem.is_limit ? halve(worker, batch) : refuse(worker, batch);
}

/* Why an object is written though nobody waits for it. */
struct reason {
    enum shared_state state;
    const char *why;
};

static void note_written(const struct commit_worker *worker, const struct commit_batch *batch,
                         const struct reason *reason)
{
    if (reason->state == SHARED_MISSING) {
        atomic_fetch_add(&worker->counts->made, 1);
        log_info("a TenantUsage was made", "tenant", batch->tenant);
    } else if (reason->state == SHARED_DAMAGED) {
        atomic_fetch_add(&worker->counts->mended, 1);
        log_warning("a TenantUsage was mended", "tenant", batch->tenant, "problem", reason->why);
    }
}

/* What it needs before anything can be judged by it; nothing is reserved meanwhile. */
static enum step write_alone(struct commit_worker *worker, struct commit_batch *batch,
                             struct reason reason)
{
    const struct usage_problem problem = {reason.why, false};
    struct shared_txn *txn = shared_begin(worker->ledger, batch->tenant, &problem);
    struct shared_body body;
    enum step step;

    if (!shared_write(txn, &worker->arena, &body)) {
        shared_abort(txn);
        batch->is_chore = false;
        return STEP_AGAIN;
    }
    if (body.is_too_large) {
        shared_abort(txn);
        error_set_limit(&batch->problem, "it has more than %d bytes", TENANT_USAGE_MAX_BYTES);
        return refuse(worker, batch);
    }
    step = write_txn(worker, batch, txn, &body);
    if (step != STEP_WRITTEN)
        return step;
    note_written(worker, batch, &reason);
    return STEP_AGAIN;
}

/* False: what it was judged by is not in force any more. */
static bool judge_all(const struct commit_worker *worker, struct commit_batch *batch,
                      struct shared_txn *txn)
{
    struct commit_request *request = TAILQ_FIRST(&batch->requests), *next;

    worker->ops->begin(worker->state);
    for (; request; request = next) {
        next = TAILQ_NEXT(request, in_list);
        switch (worker->ops->judge(worker->state, request, txn)) {
        case COMMIT_JUDGED:
            break;
        case COMMIT_STALE:
            return false;
        case COMMIT_ELSEWHERE:
            move(request, &batch->requests, &batch->elsewhere);
            break;
        }
    }
    return true;
}

static enum step judge_and_write(struct commit_worker *worker, struct commit_batch *batch)
{
    struct shared_txn *txn = shared_begin(worker->ledger, batch->tenant, NULL);
    struct shared_body body;
    enum step step;

    if (!judge_all(worker, batch, txn)) {
        shared_abort(txn);
        return usage_store_wait(worker->store, STALE_PAUSE_MS) ? STEP_AGAIN : STEP_OVER;
    }
    if (!shared_write(txn, &worker->arena, &body)) {
        shared_abort(txn);
        finish_all(worker, batch);
        return STEP_OVER;
    }
    if (!body.has_new) /* what else there is to write, nobody has to wait for */
        finish_all(worker, batch);
    if (body.is_too_large) {
        shared_abort(txn);
        return halve(worker, batch);
    }
    step = write_txn(worker, batch, txn, &body);
    /* INVARIANT: nothing is answered as it was judged but what is known to be written. */
    if (step == STEP_WRITTEN && body.has_new) {
        count_write(worker->counts, batch);
        finish_all(worker, batch);
    }
    return step;
}

static enum step wait_for_view(struct commit_worker *worker, struct commit_batch *batch,
                               const char *why)
{
    int64_t began = clock_milliseconds(), until = began + MOST_FLOOR_WAIT_MS;
    int64_t earliest = earliest_deadline(batch);
    bool is_reached;

    is_reached =
        shared_wait_floor(worker->ledger, batch->tenant, earliest < until ? earliest : until);
    atomic_fetch_add(&worker->counts->floor_waits, 1);
    atomic_fetch_add(&worker->counts->floor_wait_ms,
                     (unsigned long long)(clock_milliseconds() - began));
    if (is_reached)
        return STEP_AGAIN;
    error_set(&batch->problem, "%s", why);
    deny_late(worker, batch);
    return STEP_OVER;
}

static enum step try(struct commit_worker *worker, struct commit_batch *batch)
{
    struct reason reason;

    arena_reset(&worker->arena);
    deny_late(worker, batch);
    if (TAILQ_EMPTY(&batch->requests) && !batch->is_chore)
        return STEP_OVER;
    reason.state = shared_read_state(worker->ledger, batch->tenant, &worker->arena, &reason.why);
    switch (reason.state) {
    case SHARED_READY:
        return judge_and_write(worker, batch);
    case SHARED_BEHIND:
        if (!TAILQ_EMPTY(&batch->requests))
            return wait_for_view(worker, batch, reason.why);
        return write_alone(worker, batch, reason);
    case SHARED_MISSING:
    case SHARED_DAMAGED:
        return write_alone(worker, batch, reason);
    case SHARED_UNKNOWN:
        if (batch->is_chore)
            return write_alone(worker, batch, reason);
        break;
    case SHARED_UNSEEN:
        break;
    }
    deny_all(worker, batch, &(struct usage_problem){reason.why, false});
    return STEP_OVER;
}

void commit_batch_deny_late(struct commit_worker *worker, struct commit_batch *batch)
{
    deny_late(worker, batch);
    arena_reset(&worker->arena);
}

void commit_batch_run(struct commit_worker *worker, struct commit_batch *batch)
{
    while (!usage_store_is_stopped(worker->store) && try(worker, batch) == STEP_AGAIN)
        batch->tries++;
    arena_reset(&worker->arena);
}
