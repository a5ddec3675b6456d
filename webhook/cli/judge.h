/* judge: reviews and manifests judged as the server would, for `eval` and `test`. Nothing is ever
 * written down: inputs don't influence one another. */
#pragma once

#include "answer.h"
#include "engine/trace.h"

enum judge_phase { JUDGE_MUTATE, JUDGE_VALIDATE, JUDGE_BOTH };

struct judge {
    const struct policy_set *policies;
    struct ledger *ledger; /* what exists; adopted to `policies` by judge_init */
    struct snapshot_reader reader;
    int64_t now;
    enum judge_phase phase;
    unsigned
        traced; /* set by the caller: what judgements tell of, a bit for each enum trace_kind */
};

void judge_init(struct judge *judge, const struct policy_set *policies, struct ledger *ledger,
                int64_t now, enum judge_phase phase);
void judge_release(struct judge *judge);

struct judgement {
    struct answer answer;      /* of the last phase that was reached */
    const struct patch *patch; /* what is changed; empty or NULL: nothing */
    struct bytes object;       /* the object after its mutation; empty where the review has none */
    struct trace traces[2];    /* of each phase: see enum phase */
};

/* Both: the mutation is applied, then the result is validated; the one response has the patch and
 * the verdict. False: the server would refuse the body (400, or 413), so that there is no verdict.
 */
bool judge_review(struct judge *judge, struct bytes body, struct arena *arena,
                  struct judgement *out, struct error *err) MUST_CHECK;

/* What a review of a manifest says beside the manifest. */
struct judge_request {
    const char *uid;
    const char *operation; /* CREATE, UPDATE or DELETE */
    const char *user;      /* "" for nobody */
    struct strings groups;
    const char *namespace;    /* of an object that names none */
    const char *sub_resource; /* "" for none */
    bool is_dry_run;
    struct bytes old_object; /* JSON text; empty: null */
};

/* That one of Cluster.admins creates it, in the namespace "default" where it names none. */
struct judge_request judge_admin_request(const struct cluster *cluster, struct arena *arena);

/* The review that the API server would make of an object; `object` is JSON text (empty: null, for a
 * DELETE). Fails on what is no Kubernetes object: no apiVersion, no kind, or no JSON object. */
bool judge_build_review(const struct judge_request *request, struct bytes object,
                        struct arena *arena, struct bytes *out, struct error *err) MUST_CHECK;
