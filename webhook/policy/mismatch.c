/* Why a policy does not apply, in words. What does not hold was found by policy_find_mismatch; here
 * it is only told. */
#include "policy/policy.h"

enum { MOST_TOLD = 4 };

static const char *join_globs(const struct globs *globs, struct arena *arena)
{
    struct strings texts = {0};

    for (size_t i = 0; i < globs->count; i++)
        strings_add(&texts, arena, globs->items[i].text);
    return strings_join(&texts, MOST_TOLD, arena);
}

static const char *tell_tenants(const struct policy *policy, const struct facts *facts)
{
    const char *wanted = join_globs(&policy->match.tenants, facts->arena);

    if (!facts->tenant)
        return arena_printf(facts->arena, "match.tenants: it is of no tenant, not of %s", wanted);
    return arena_printf(facts->arena, "match.tenants: \"%s\" is none of %s", facts->tenant->name,
                        wanted);
}

static const char *tell_labels(const struct policy *policy, const struct facts *facts)
{
    const char *key = selector_find_mismatch(&policy->match.labels, facts->pod.labels);
    struct value label = value_member(facts->pod.labels, key);

    if (value_type(label) != VALUE_STRING)
        return arena_printf(facts->arena, "match.labels: it has no label %s", key);
    return arena_printf(facts->arena, "match.labels: it has the label %s=\"%s\"", key,
                        text_quote(facts->arena, value_text(label)));
}

static const char *tell_exclusion(const struct policy *policy, const struct facts *facts,
                                  enum match_term term)
{
    struct arena *arena = facts->arena;

    if (term == TERM_EXCLUDED_USER)
        return arena_printf(arena, "match.exclude.users: \"%s\" is one of %s",
                            text_quote(arena, facts->review->user),
                            join_globs(&policy->match.exclude.users, arena));
    if (term == TERM_EXCLUDED_GROUP)
        return arena_printf(arena, "match.exclude.groups: the user is in one of %s",
                            join_globs(&policy->match.exclude.groups, arena));
    return arena_printf(arena, "match.exclude.namespaces: \"%s\" is one of %s",
                        text_quote(arena, facts->namespace),
                        join_globs(&policy->match.exclude.namespaces, arena));
}

const char *policy_tell_mismatch(const struct policy *policy, const struct facts *facts,
                                 enum match_term term)
{
    bool is_namespace = facts->evaluation == EVALUATE_NAMESPACE;
    struct arena *arena = facts->arena;

    switch (term) {
    case TERM_TENANTS:
        return tell_tenants(policy, facts);
    case TERM_KINDS:
        return is_namespace ? "match.kinds: it is a Namespace" : "match.kinds: it is no Namespace";
    case TERM_OPERATIONS:
        return arena_printf(arena, "match.operations: %s is not among them",
                            operation_name(facts->review->operation));
    case TERM_ACCELERATORS:
        return facts->demand.is_accelerated ? "match.accelerators: it asks for one"
                                            : "match.accelerators: it asks for none";
    case TERM_NAMESPACES:
        return arena_printf(arena, "match.namespaces: \"%s\" is none of %s",
                            text_quote(arena, facts->namespace),
                            join_globs(&policy->match.namespaces, arena));
    case TERM_LABELS:
        return tell_labels(policy, facts);
    default:
        return tell_exclusion(policy, facts, term);
    }
}
