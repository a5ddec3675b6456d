#include "http/review_handler.h"

#include "answer.h"
#include "base/buf.h"
#include "base/log.h"
#include "http/loop.h"
#include "http/reply.h"

/* While a policy set is replaced, the ledger and the readers differ for a moment: longer than that
 * only where the thread that replaces it is not let run. */
enum { MAX_TRIES = 5000, TRIES_AT_ONCE = 3, MAX_FETCHES = 4, PAUSE_NANOSECONDS = 1000000 };

static uint64_t nanoseconds_between(const struct timespec *from, const struct timespec *to)
{
    return (uint64_t)((to->tv_sec - from->tv_sec) * 1000000000 + to->tv_nsec - from->tv_nsec);
}

/* What is so new that no watch has told of it is asked for once. */
static bool fetch(struct reviewer *reviewer, const struct lack *lack)
{
    struct error err = {0};

    if (feed_fetch(reviewer->service->feed, (enum live_kind)lack->kind, lack->namespace, lack->name,
                   &err))
        return true;
    log_warning("what is not in view can't be fetched", "resource", live_names[lack->kind],
                "namespace", text_quote(&reviewer->arena, lack->namespace), "name",
                text_quote(&reviewer->arena, lack->name), "problem", err.text);
    return false;
}

/* A pod names a few claims at most; who names many that are new waits for the watch. */
static void fetch_lack(struct reviewer *reviewer, const struct lack *lack, unsigned before,
                       struct decide_input *in)
{
    bool is_fetched = before < MAX_FETCHES && fetch(reviewer, lack);

    if (lack->kind == VIEW_NAMESPACES)
        in->has_fetched = true;
    else
        in->has_fetched_claims = !is_fetched;
}

/* Decisions are made from first to last byte without a pause, so one arena a thread is enough. */
static enum answer_result judge(struct reviewer *reviewer, struct decide_input *in,
                                struct answer *out, struct error *err)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
    struct service *service = reviewer->service;
    unsigned fetches = 0;

    for (int try = 0; try < MAX_TRIES; try++) {
        enum answer_result result;

        if (try >= TRIES_AT_ONCE + (int)fetches)
            nanosleep(&pause, NULL);
        arena_reset(&reviewer->arena);
        in->policies = snapshot_read(&service->policies, &reviewer->policies);
        if (service->ledger) {
            /* What is fresh after the names were read may be newer than they are. */
            bool is_fresh = ledger_is_fresh(service->ledger);

            in->names = ledger_names(service->ledger, &reviewer->view);
            in->view = is_fresh ? in->names : NULL;
        }
        result = answer(in, service->ledger, &reviewer->arena, out, err);
        if (result == ANSWER_LACKING)
            fetch_lack(reviewer, &out->lack, fetches++, in);
        else if (result != ANSWER_STALE)
            return result;
    }
    return ANSWER_STALE;
}

static void handle_review(struct reviewer *reviewer, h2o_req_t *req, enum phase phase)
{
    struct decide_input in = {.body = {req->entity.base, req->entity.len},
                              .phase = phase,
                              .is_live = reviewer->service->feed};
    struct timespec now, started, ended;
    struct answer out;
    struct error err = {0};
    uint64_t nanoseconds;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_MONOTONIC, &started);
    in.now = now.tv_sec;
    switch (judge(reviewer, &in, &out, &err)) {
    case ANSWER_WRITTEN:
        clock_gettime(CLOCK_MONOTONIC, &ended);
        nanoseconds = nanoseconds_between(&started, &ended);
        metrics_count_decision(reviewer->metrics, &out.decision, nanoseconds);
        audit_log_write(reviewer->service->audit_log, &out.decision, &now, nanoseconds,
                        &reviewer->arena);
        reply_send(req, 200, "application/json", out.response);
        break;
    case ANSWER_NO_REVIEW:
        metrics_count_refusal(reviewer->metrics, REFUSED_NOT_A_REVIEW);
        reply_send_line(req, 400, err.text);
        break;
    case ANSWER_STALE:
    case ANSWER_LACKING: /* never comes here */
    case ANSWER_WAITS:
        metrics_count_refusal(reviewer->metrics, REFUSED_POLICY_SET_CHANGING);
        reply_send_line(req, 500, "the policy set is being replaced");
        break;
    }
    arena_reset(&reviewer->arena);
}

static int on_req(h2o_handler_t *self, h2o_req_t *req)
{
    struct reviewer *reviewer = loop_data(req);
    struct bytes path = reply_path(req);
    bool is_mutate = bytes_is(path, "/mutate");

    (void)self;
    /* h2o has decided whether the connection stays when it read the headers, perhaps long ago. */
    if (atomic_load(&reviewer->service->is_draining))
        req->http1_is_persistent = 0;
    if (!is_mutate && !bytes_is(path, "/validate")) {
        metrics_count_refusal(reviewer->metrics, REFUSED_PATH);
        reply_send_line(req, 404, "no such path; reviews go to /mutate or /validate");
    } else if (!bytes_is(reply_method(req), "POST")) {
        metrics_count_refusal(reviewer->metrics, REFUSED_METHOD);
        reply_send_not_allowed(req, "POST");
    } else {
        handle_review(reviewer, req, is_mutate ? PHASE_MUTATE : PHASE_VALIDATE);
    }
    return 0;
}

/* Called for what h2o refused by itself, when its answer is out. */
static void count_refusal(h2o_logger_t *self, h2o_req_t *req)
{
    struct reviewer *reviewer = loop_data(req);
    bool is_too_large = req->res.status == 413;

    (void)self;
    metrics_count_refusal(reviewer->metrics, is_too_large ? REFUSED_TOO_LARGE : REFUSED_BAD_HTTP);
    if (is_too_large)
        loop_linger(req);
}

void review_handler_configure(h2o_globalconf_t *http, uint64_t idle_milliseconds)
{
    h2o_pathconf_t *fallback = reply_configure(http, on_req);
    h2o_logger_t *logger = h2o_create_logger(fallback, sizeof(*logger));

    logger->log_access = count_refusal;
    http->max_request_entity_size = REVIEW_MAX_READ_BYTES;
    /* From the end of an answer to the end of the next request; h2o has no other limit. */
    http->http1.req_timeout = idle_milliseconds;
    if (http->handshake_timeout > idle_milliseconds)
        http->handshake_timeout = idle_milliseconds;
}
