#include "answer.h"

#include "engine/claims.h"
#include "kube/response.h"

struct settling {
    struct decision *decision;
    struct arena *arena;
};

static void note_weighed(struct decision *decision, const struct facts *facts,
                         const struct usage *usage)
{
    static const unsigned templates = EVALUATE_TEMPLATE | EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP;

    if (usage->is_known && facts->tenant && !(facts->evaluation & templates))
        decision->weighed = (struct weighed){facts, usage->gpus, usage->resources};
}

/* Called by the ledger, with its lock held where usage is needed. */
static bool judge(void *context, const struct facts *facts, const struct usage *usage)
{
    struct settling *settling = context;
    struct decision *decision = settling->decision;

    if (usage && !facts->is_mirror && !facts->is_made) {
        size_t count = decision->findings.count, dropped = decision->findings.dropped;

        policy_set_judge(facts, usage, &decision->findings);
        note_weighed(decision, facts, usage);
        if (facts->asks_no_more)
            findings_excuse_since(&decision->findings, count, dropped);
        verdict_conclude(&decision->findings, settling->arena, &decision->verdict);
    }
    return decision->verdict.is_allowed;
}

/* What depends on usage, and what is written down. Nothing is where the review could not be
 * understood. */
static enum ledger_result settle(const struct decide_input *in, struct decision *decision,
                                 struct ledger *ledger, struct arena *arena)
{
    struct settling settling = {decision, arena};
    const struct ledger_judge by_usage = {judge, &settling};
    enum ledger_result result = LEDGER_SETTLED;
    bool writes = !in->is_trial && !decision->review.is_dry_run && decision->verdict.is_allowed;

    if (decision->phase != PHASE_VALIDATE)
        return LEDGER_SETTLED;
    for (size_t i = 0; i < decision->facts_count && result == LEDGER_SETTLED; i++)
        result = ledger_settle(ledger, decision->facts[i], writes, by_usage, in->txn);
    return result;
}

static struct bytes write_response(const struct decision *decision, const struct patch *patch,
                                   struct arena *arena)
{
    const struct verdict *verdict = &decision->verdict;
    struct response response = {
        .uid = decision->review.uid,
        .is_allowed = verdict->is_allowed,
        .message = verdict->message,
        .cause_count = verdict->cause_count,
        .patch = patch ? patch : &decision->patch,
        .warnings = &verdict->warnings,
        .tenant = decision->tenant ? decision->tenant->name : NULL,
        .rules = strings_join(&verdict->rules, verdict->rules.count, arena),
        .exceptions = strings_join(&verdict->exceptions, verdict->exceptions.count, arena),
        .policy_set = decision->policies->digest,
    };
    struct buf buf;

    response.causes = arena_alloc(arena, verdict->cause_count * sizeof(*response.causes));
    for (size_t i = 0; i < verdict->cause_count; i++)
        response.causes[i] =
            (struct response_cause){verdict->causes[i].rule, verdict->causes[i].text,
                                    verdict->causes[i].field};
    buf_init(&buf, arena, RESPONSE_MAX_BYTES);
    response_write(&response, &buf);
    return buf_bytes(&buf);
}

static bool lacks_namespace(const struct decide_input *in, const struct decision *decision)
{
    static const unsigned itself = EVALUATE_NAMESPACE | EVALUATE_NAMESPACE_DELETE;
    struct bytes namespace = decision->review.namespace;

    return !in->has_fetched && !(decision->evaluation & itself) && namespace.len &&
           !view_find(in->view, VIEW_NAMESPACES, namespace);
}

/* Only of what would be denied because of it. */
static const struct claim_ref *find_claim_lack(const struct decision *decision)
{
    static const unsigned naming = EVALUATE_POD_CREATE | EVALUATE_TEMPLATE | EVALUATE_GROUP;
    const struct claim_ref *missing = NULL;

    for (size_t i = 0; i < decision->facts_count && !missing; i++) {
        const struct facts *facts = decision->facts[i];

        if (facts->tenant && facts->evaluation & naming)
            missing = claims_find_missing(&facts->ask, facts->namespace, facts->world->view,
                                          facts->arena);
    }
    return missing && (missing->template.len || missing->claim.len) ? missing : NULL;
}

static bool find_lack(const struct decide_input *in, const struct decision *decision,
                      struct lack *out)
{
    struct bytes namespace = decision->review.namespace;
    const struct claim_ref *ref;

    if (!in->is_live || !in->view || !decision->evaluation)
        return false;
    if (lacks_namespace(in, decision)) {
        *out = (struct lack){.kind = VIEW_NAMESPACES, .namespace = namespace};
        return true;
    }
    ref = in->has_fetched_claims ? NULL : find_claim_lack(decision);
    if (ref)
        *out = ref->template.len ? (struct lack){VIEW_CLAIM_TEMPLATES, namespace, ref->template}
                                 : (struct lack){VIEW_CLAIMS, namespace, ref->claim};
    return ref;
}

enum answer_result answer(const struct decide_input *in, struct ledger *ledger, struct arena *arena,
                          struct answer *out, struct error *err)
{
    if (!decide(in, arena, &out->decision, err))
        return ANSWER_NO_REVIEW;
    if (find_lack(in, &out->decision, &out->lack))
        return ANSWER_LACKING;
    switch (settle(in, &out->decision, ledger, arena)) {
    case LEDGER_STALE:
        return ANSWER_STALE;
    case LEDGER_WAITS:
        out->tenant = arena_copy(arena, bytes_from(out->decision.tenant->name));
        return ANSWER_WAITS;
    case LEDGER_SETTLED:
        break;
    }
    out->response = write_response(&out->decision, in->patch, arena);
    return ANSWER_WRITTEN;
}
