#include "answer.h"

#include "kube/response.h"

struct settling {
    struct decision *decision;
    struct arena *arena;
};

/* Called by the ledger, with its lock held where usage is needed. */
static bool judge(void *context, const struct facts *facts, const struct usage *usage)
{
    struct settling *settling = context;
    struct decision *decision = settling->decision;

    if (usage && !facts->is_mirror) {
        policy_set_judge(facts, usage, &decision->findings);
        verdict_conclude(&decision->findings, settling->arena, &decision->verdict);
    }
    return decision->verdict.is_allowed;
}

/* What depends on usage, and what is written down. Nothing is where the review could not be
 * understood. */
static bool settle(const struct decide_input *in, struct decision *decision, struct ledger *ledger,
                   struct arena *arena)
{
    struct settling settling = {decision, arena};
    bool writes = !in->is_trial && !decision->review.is_dry_run && decision->verdict.is_allowed;

    if (decision->phase != PHASE_VALIDATE)
        return true;
    for (size_t i = 0; i < decision->facts_count; i++) {
        if (!ledger_settle(ledger, decision->facts[i], writes, judge, &settling))
            return false;
    }
    return true;
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

    return in->is_live && in->view && !in->has_fetched && decision->evaluation &&
           !(decision->evaluation & itself) && namespace.len &&
           !view_find(in->view, VIEW_NAMESPACES, namespace);
}

enum answer_result answer(const struct decide_input *in, struct ledger *ledger, struct arena *arena,
                          struct answer *out, struct error *err)
{
    if (!decide(in, arena, &out->decision, err))
        return ANSWER_NO_REVIEW;
    if (lacks_namespace(in, &out->decision))
        return ANSWER_NO_NAMESPACE;
    if (!settle(in, &out->decision, ledger, arena))
        return ANSWER_STALE;
    out->response = write_response(&out->decision, in->patch, arena);
    return ANSWER_WRITTEN;
}
