/* decide: the whole decision. Request bytes, policy set, view and time in; findings and a verdict
 * out. No I/O, no lock. */
#pragma once

#include "engine/verdict.h"
#include "policy/policy_set.h"

struct shared_txn;

enum phase { PHASE_MUTATE, PHASE_VALIDATE };

struct decide_input {
    struct bytes body; /* an AdmissionReview as JSON */
    enum phase phase;
    const struct policy_set *policies;
    const struct view *view;  /* NULL: there is none */
    const struct view *names; /* the same however old it is; NULL: `view` */
    unsigned lacking;         /* see struct world */
    bool is_live;             /* the view follows a cluster, and may lack what is new */
    bool has_fetched;         /* the namespace was asked for, in vain, */
    bool has_fetched_claims;  /* or a claim or template that the request names */
    int64_t now;              /* seconds since 1970, UTC */
    struct shared_txn *txn;   /* in which what is let in is reserved; NULL: none */

    /* For what isn't the server: nothing is written down, and the answer carries a patch that was
     * applied before. */
    bool is_trial;
    const struct patch *patch;
    struct trace *trace; /* what is done with every rule is written down there; NULL: nowhere */
};

/* What caps were judged by: what the tenant held, without the object that it is about. */
struct weighed {
    const struct facts *facts; /* of a pod or a claim; not of a template, which takes nothing */
    struct amount gpus;
    const struct amount *resources; /* one for each of the tenant's */
};

struct decision {
    struct review review;
    const struct policy_set *policies;
    enum phase phase;
    enum evaluation evaluation; /* 0: nothing of ours, allowed untouched */
    struct world world;
    struct facts **facts; /* one; of templates, one each; none where nothing is judged */
    size_t facts_count;
    const struct tenant *tenant; /* whose request it is; NULL: nobody's */
    struct findings findings;
    struct patch patch;     /* PHASE_MUTATE */
    struct weighed weighed; /* once the ledger has settled it; without facts: no cap was judged */
    struct verdict verdict; /* concluded anew once the ledger has settled the decision */
};

/* False where the bytes are no review of anybody's: `err` says why (HTTP 400). Everything in `out`
 * lives in `arena`. */
bool decide(const struct decide_input *in, struct arena *arena, struct decision *out,
            struct error *err) MUST_CHECK;
