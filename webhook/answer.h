/* answer: from the bytes of a review to the bytes of its answer: decide, settle with the ledger,
 * write. The server and the command line both do exactly this. */
#pragma once

#include "decide.h"
#include "ledger/ledger.h"

enum answer_result {
    ANSWER_WRITTEN,
    ANSWER_NO_REVIEW, /* nobody to answer: err says why */
    ANSWER_STALE,     /* the policy set was replaced meanwhile: take the new one and call again */
    ANSWER_LACKING,   /* what the request names is not in a live view: fetch it and call again, with
                       * has_fetched or has_fetched_claims where it is not to be had */
    ANSWER_WAITS, /* it has to be judged within a transaction of a tenant (ledger/shared.h): call
                   * again with one. Not where `in` is a trial */
};

/* What a live view may lack because it is new: a namespace, or a claim or template in one. */
struct lack {
    enum view_kind kind;
    struct bytes namespace, name; /* of a namespace `name` is empty */
};

struct answer {
    struct decision decision; /* for metrics and logs */
    struct lack lack;         /* where ANSWER_LACKING */
    const char *tenant;       /* where ANSWER_WAITS */
    struct bytes response;    /* where ANSWER_WRITTEN: one line of JSON */
};

/* `in->view` is read from `ledger` by the caller (ledger_view), or NULL where `ledger` is. What is
 * in `out` lives in `arena`. */
enum answer_result answer(const struct decide_input *in, struct ledger *ledger, struct arena *arena,
                          struct answer *out, struct error *err);
