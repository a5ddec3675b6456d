/* reviewer: what a thread judges reviews with, and what becomes of a judgment. */
#pragma once

#include <h2o.h>

#include "answer.h"
#include "http/service.h"

struct reviewer {
    struct service *service;
    struct metrics_shard *metrics;
    struct arena arena; /* of the request being judged; empty in between */
    struct snapshot_reader policies, view;
};

/* What came of a review. */
struct outcome {
    enum answer_result result;
    struct answer answer;
    struct error err;
};

/* Judge by what is in force now, which stays valid until the next call. */
void reviewer_look(struct reviewer *reviewer, struct decide_input *in);

/* Count it, and write it to the audit log. Uses `arena`. */
void reviewer_record(struct reviewer *reviewer, const struct outcome *outcome,
                     const struct audit_times *times, struct arena *arena);

/* Answer as it came out. */
void reviewer_send(const struct reviewer *reviewer, const struct outcome *outcome, h2o_req_t *req);

uint64_t nanoseconds_since(const struct timespec *from);
