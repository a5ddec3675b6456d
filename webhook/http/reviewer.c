#include "http/reviewer.h"

#include "http/reply.h"

uint64_t nanoseconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)((now.tv_sec - from->tv_sec) * 1000000000 + now.tv_nsec - from->tv_nsec);
}

void reviewer_look(struct reviewer *reviewer, struct decide_input *in)
{
    struct service *service = reviewer->service;
    bool is_fresh;

    in->policies = snapshot_read(&service->policies, &reviewer->policies);
    if (!service->ledger)
        return;
    /* What is fresh after the names were read may be newer than they are. */
    is_fresh = ledger_is_fresh(service->ledger);
    in->lacking = live_lacking(service->ledger);
    in->names = ledger_names(service->ledger, &reviewer->view);
    in->view = is_fresh ? in->names : NULL;
}

void reviewer_record(struct reviewer *reviewer, const struct outcome *outcome,
                     const struct audit_times *times, struct arena *arena)
{
    const struct decision *decision = &outcome->answer.decision;

    switch (outcome->result) {
    case ANSWER_WRITTEN:
        metrics_count_decision(reviewer->metrics, decision, times->judging);
        if (times->waiting)
            metrics_count_wait(reviewer->metrics, times->waiting);
        audit_log_write(reviewer->service->audit_log, decision, times, arena);
        break;
    case ANSWER_NO_REVIEW:
        metrics_count_refusal(reviewer->metrics, REFUSED_NOT_A_REVIEW);
        break;
    case ANSWER_STALE:
    case ANSWER_LACKING:
    case ANSWER_WAITS:
        metrics_count_refusal(reviewer->metrics, REFUSED_POLICY_SET_CHANGING);
        break;
    }
}

void reviewer_send(const struct reviewer *reviewer, const struct outcome *outcome, h2o_req_t *req)
{
    /* It may have waited since the request came. */
    if (atomic_load(&reviewer->service->is_draining))
        req->http1_is_persistent = 0;
    if (outcome->result == ANSWER_WRITTEN)
        reply_send(req, 200, "application/json", outcome->answer.response);
    else if (outcome->result == ANSWER_NO_REVIEW)
        reply_send_line(req, 400, outcome->err.text);
    else
        reply_send_line(req, 500, "the policy set is being replaced");
}
