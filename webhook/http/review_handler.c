#include "http/review_handler.h"

#include "base/buf.h"
#include "base/log.h"
#include "http/loop.h"
#include "http/parking.h"
#include "http/reply.h"

/* While a policy set is replaced, the ledger and the readers differ for a moment: longer than that
 * only where the thread that replaces it is not let run. */
enum { MAX_TRIES = 5000, TRIES_AT_ONCE = 3, MAX_FETCHES = 4, PAUSE_NANOSECONDS = 1000000 };

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
static void judge(struct reviewer *reviewer, struct decide_input *in, struct outcome *out)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
    unsigned fetches = 0;

    for (int try = 0; try < MAX_TRIES; try++) {
        if (try >= TRIES_AT_ONCE + (int)fetches)
            nanosleep(&pause, NULL);
        arena_reset(&reviewer->arena);
        reviewer_look(reviewer, in);
        out->result =
            answer(in, reviewer->service->ledger, &reviewer->arena, &out->answer, &out->err);
        if (out->result == ANSWER_LACKING)
            fetch_lack(reviewer, &out->answer.lack, fetches++, in);
        else if (out->result != ANSWER_STALE)
            return;
    }
}

/* So many wait that no more can: judged without a word of what the tenant holds. */
static void judge_full(struct reviewer *reviewer, struct decide_input *in, struct outcome *out)
{
    static const struct usage_problem problem = {
        "too many requests wait until their reservations are written", true};

    for (int i = 0; out->result == ANSWER_WAITS && i < TRIES_AT_ONCE; i++) {
        in->txn = shared_begin(reviewer->service->ledger, out->answer.tenant, &problem);
        judge(reviewer, in, out);
        shared_abort(in->txn);
    }
}

static void handle_review(struct reviewer *reviewer, h2o_req_t *req, enum phase phase)
{
    struct decide_input in = {.body = {req->entity.base, req->entity.len},
                              .phase = phase,
                              .is_live = reviewer->service->feed};
    struct arrival arrival = {.in = &in};
    struct outcome outcome = {0};
    struct audit_times times = {0};

    clock_gettime(CLOCK_REALTIME, &arrival.when);
    clock_gettime(CLOCK_MONOTONIC, &arrival.started);
    in.now = arrival.when.tv_sec;
    judge(reviewer, &in, &outcome);
    if (outcome.result != ANSWER_WAITS ||
        !parking_take(reviewer, req, &arrival, outcome.answer.tenant)) {
        judge_full(reviewer, &in, &outcome);
        times.when = arrival.when;
        times.judging = nanoseconds_since(&arrival.started);
        reviewer_record(reviewer, &outcome, &times, &reviewer->arena);
        reviewer_send(reviewer, &outcome, req);
    }
    arena_reset(&reviewer->arena);
}

/* Is it `root`, or with a secret `root`/SECRET? */
static bool is_path(struct bytes path, const char *root, struct path_secret *secret)
{
    struct bytes start = bytes_from(root);

    if (!secret)
        return bytes_equal(path, start);
    return bytes_has_prefix(path, start) && path.len > start.len && path.data[start.len] == '/' &&
           path_secret_matches(secret, bytes_tail(path, start.len + 1));
}

static int on_req(h2o_handler_t *self, h2o_req_t *req)
{
    struct reviewer *reviewer = loop_data(req);
    struct path_secret *secret = reviewer->service->path_secret;
    struct bytes path = reply_path(req);
    bool is_mutate = is_path(path, "/mutate", secret);

    (void)self;
    /* h2o has decided whether the connection stays when it read the headers, perhaps long ago. */
    if (atomic_load(&reviewer->service->is_draining))
        req->http1_is_persistent = 0;
    if (!is_mutate && !is_path(path, "/validate", secret)) {
        metrics_count_refusal(reviewer->metrics, REFUSED_PATH);
        reply_send_line(req, 404,
                        secret ? "no such path"
                               : "no such path; reviews go to /mutate or /validate");
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
