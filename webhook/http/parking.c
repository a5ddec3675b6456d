#include "http/parking.h"

#include "base/memory.h"
#include "http/loop.h"
#include "http/timeout.h"

struct parked {
    struct commit_request request;
    struct reviewer *reviewer; /* of the loop that the review came to, */
    h2o_req_t *req;            /* for whose thread alone these are; NULL: nobody waits any more */
    struct parked **in_req;    /* in the request's memory: whom to tell of its end */
    h2o_multithread_receiver_t *returns;
    h2o_multithread_message_t message;

    struct decide_input in; /* the body is a copy */
    struct timespec when, started;
    uint64_t judging;   /* how long that took last; nanoseconds */
    struct arena arena; /* of the outcome */
    struct outcome outcome;
};

/* ---- on the loop's thread */

/* The connection is gone before its answer. */
static void on_request_gone(void *context)
{
    struct parked **in_req = context;

    if (*in_req)
        (*in_req)->req = NULL;
}

static struct bytes query_of(const h2o_req_t *req)
{
    const struct bytes path = {req->path.base, req->path.len};

    return req->query_at == SIZE_MAX ? BYTES("") : bytes_tail(path, req->query_at + 1);
}

static int64_t milliseconds(const struct timespec *time)
{
    return time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

static struct parked *make_parked(struct reviewer *reviewer, h2o_req_t *req,
                                  const struct arrival *arrival, const char *tenant)
{
    struct bytes body = arrival->in->body;
    struct parked *parked = memory_alloc(sizeof(*parked) + body.len);
    char *room = (char *)(parked + 1);

    parked->reviewer = reviewer;
    parked->returns = loop_returns(req);
    parked->in = *arrival->in;
    parked->in.body = memory_place(&room, body);
    parked->when = arrival->when;
    parked->started = arrival->started;
    parked->request.tenant = tenant;
    parked->request.size = sizeof(*parked) + body.len;
    parked->request.deadline =
        milliseconds(&arrival->started) + timeout_budget(timeout_read(query_of(req)));
    return parked;
}

bool parking_take(struct reviewer *reviewer, h2o_req_t *req, const struct arrival *arrival,
                  const char *tenant)
{
    struct parked *parked = make_parked(reviewer, req, arrival, tenant);

    parked->req = req;
    parked->in_req = h2o_mem_alloc_shared(&req->pool, sizeof(struct parked *), on_request_gone);
    *parked->in_req = parked;
    if (committer_submit(reviewer->service->committer, &parked->request))
        return true;
    *parked->in_req = NULL;
    free(parked);
    return false;
}

static void give_back(struct parked *parked)
{
    if (parked->req) {
        *parked->in_req = NULL;
        reviewer_send(parked->reviewer, &parked->outcome, parked->req);
    }
    arena_release(&parked->arena);
    free(parked);
}

void parking_return(h2o_linklist_t *messages)
{
    h2o_linklist_t *next;

    for (h2o_linklist_t *link = messages->next; link != messages; link = next) {
        h2o_multithread_message_t *message =
            H2O_STRUCT_FROM_MEMBER(h2o_multithread_message_t, link, link);

        next = link->next;
        give_back(H2O_STRUCT_FROM_MEMBER(struct parked, message, message));
    }
    h2o_linklist_init_anchor(messages);
}

/* ---- on the committer's threads */

static struct parked *parked_of(struct commit_request *request)
{
    return H2O_STRUCT_FROM_MEMBER(struct parked, request, request);
}

static void begin(void *state)
{
    struct parking_worker *worker = state;

    reviewer_look(&worker->reviewer, &worker->sight);
}

static void judge_once(struct parked *parked, struct ledger *ledger)
{
    struct outcome *outcome = &parked->outcome;

    arena_reset(&parked->arena);
    outcome->result = answer(&parked->in, ledger, &parked->arena, &outcome->answer, &outcome->err);
}

/* What a view may lack was asked for before the review was parked. */
static enum commit_judged judge(void *state, struct commit_request *request, struct shared_txn *txn)
{
    struct parking_worker *worker = state;
    struct parked *parked = parked_of(request);
    struct decide_input *in = &parked->in;
    struct timespec began;

    clock_gettime(CLOCK_MONOTONIC, &began);
    in->policies = worker->sight.policies;
    in->names = worker->sight.names;
    in->view = worker->sight.view;
    in->lacking = worker->sight.lacking;
    in->txn = txn;
    judge_once(parked, worker->reviewer.service->ledger);
    if (parked->outcome.result == ANSWER_LACKING) {
        in->has_fetched = in->has_fetched_claims = true;
        judge_once(parked, worker->reviewer.service->ledger);
    }
    parked->judging = nanoseconds_since(&began);
    if (parked->outcome.result == ANSWER_STALE)
        return COMMIT_STALE;
    if (parked->outcome.result != ANSWER_WAITS)
        return COMMIT_JUDGED;
    request->tenant = parked->outcome.answer.tenant;
    return COMMIT_ELSEWHERE;
}

static void done(void *state, struct commit_request *request)
{
    struct parking_worker *worker = state;
    struct parked *parked = parked_of(request);
    const struct audit_times times = {parked->when, parked->judging,
                                      nanoseconds_since(&parked->started)};

    reviewer_record(&worker->reviewer, &parked->outcome, &times, &parked->arena);
    h2o_multithread_send_message(parked->returns, &parked->message);
}

const struct commit_ops parking_ops = {begin, judge, done};
