/* priority: a pod's priority class, its priority and its preemption policy against the ladder.
 *
 * Pods without accelerators are judged, too: one that asks for no GPU can evict one that does. */
#include "engine/check.h"

/* k8s.io/kubernetes/pkg/apis/scheduling: the two classes that every cluster has. */
static bool find_system_value(struct bytes class_name, int64_t *out)
{
    if (bytes_is(class_name, "system-cluster-critical"))
        *out = 2000000000;
    else if (bytes_is(class_name, "system-node-critical"))
        *out = 2000001000;
    else
        return false;
    return true;
}

/* The priority that a class gives the pod: of its own class what the pod says, else (a template, or
 * KAI's label) what the class is known to have. */
static bool find_priority(const struct facts *facts, struct bytes class_name, int64_t *out)
{
    bool is_own = class_name.len == 0 || bytes_equal(class_name, facts->pod.priority_class);
    const struct view_object *known;

    if (is_own && facts->pod.has_priority) {
        *out = facts->pod.priority;
        return true;
    }
    if (find_system_value(class_name, out))
        return true;
    known = view_find(facts->world->view, VIEW_CLASSES, class_name);
    if (known)
        *out = known->value;
    return known;
}

static const char *allowed_classes(const struct facts *facts)
{
    const struct ladder *ladder = &facts->tenancy->ladder;
    const struct tier *tiers = ladder->tiers.items;
    struct strings names = {0};

    if (facts->tenant && facts->tenant->priority.allowed.count)
        return strings_join(&facts->tenant->priority.allowed, 8, facts->arena);
    for (size_t i = 0; i < ladder->tiers.count; i++)
        strings_add(&names, facts->arena, tiers[i].class_name);
    return strings_join(&names, 8, facts->arena);
}

static void add_class_finding(const struct facts *facts, struct findings *findings)
{
    const struct ladder *ladder = &facts->tenancy->ladder;
    const char *next = arena_printf(facts->arena, "use one of %s", allowed_classes(facts));
    struct bytes named = facts->priority_class;

    rule_of_ladder(findings, facts, "class", NULL);
    if (named.len == 0 && !facts->demand.is_accelerated)
        findings_add_next(findings, facts_path(facts, "spec.priority"), next,
                          "%s has the priority %lld without a class of the ladder, which begins at "
                          "%lld",
                          facts_subject(facts), (long long)facts->pod.priority,
                          (long long)ladder->lowest);
    else if (named.len == 0)
        findings_add_next(findings, facts->priority_field, next,
                          "%s asks for GPUs, but has no priority class of the ladder \"%s\"",
                          facts_subject(facts), ladder->name);
    else
        findings_add_next(findings, facts->priority_field, next,
                          "%s has the priority class \"%s\", which the ladder \"%s\" lacks",
                          facts_subject(facts), text_quote(facts->arena, named), ladder->name);
}

/* Neither the class nor what stands beside it may be better than its tier. */
static void check_tier(const struct facts *facts, const struct tier *tier,
                       struct findings *findings)
{
    const struct pod *pod = &facts->pod;
    const char *policy = preemption_policy_names[tier->policy];

    if (pod->has_priority && pod->priority != tier->value) {
        rule_of_ladder(findings, facts, "value", node_find_key(tier->node, "value"));
        findings_add_next(findings, facts_path(facts, "spec.priority"),
                          "leave spec.priority out: the API server fills it in",
                          "%s has the priority %lld, but its class %s has %lld",
                          facts_subject(facts), (long long)pod->priority, tier->class_name,
                          (long long)tier->value);
    }
    if (pod->preemption_policy.len && !bytes_is(pod->preemption_policy, policy)) {
        rule_of_ladder(findings, facts, "preemptionPolicy",
                       node_find_key(tier->node, "preemptionPolicy"));
        findings_add_next(findings, facts_path(facts, "spec.preemptionPolicy"),
                          "leave spec.preemptionPolicy out: the API server fills it in",
                          "%s has the preemption policy \"%s\", but its class %s has \"%s\"",
                          facts_subject(facts), text_quote(facts->arena, pod->preemption_policy),
                          tier->class_name, policy);
    }
}

static void check_allowed(const struct facts *facts, const struct tier *tier, const char *field,
                          struct findings *findings)
{
    const struct strings *allowed = &facts->tenant->priority.allowed;

    if (allowed->count == 0 || strings_has(allowed, bytes_from(tier->class_name)))
        return;
    rule_of_tenant(findings, facts, "priority.allowed");
    findings_add_next(findings, field,
                      arena_printf(facts->arena, "use one of %s", allowed_classes(facts)),
                      "%s has the priority class \"%s\", which tenant \"%s\" may not use",
                      facts_subject(facts), tier->class_name, facts->tenant->name);
}

/* Is the pod's own priority inside the ladder's range, or above it? `class_name`: what it has the
 * priority by. */
static bool is_above(const struct facts *facts, struct bytes class_name)
{
    int64_t priority = 0;
    bool is_known = find_priority(facts, class_name, &priority);
    /* Kubernetes gives 0 to a pod without any class: that is no way above anybody. */
    bool is_plain = facts->pod.priority_class.len == 0 && priority == 0;

    return is_known && !is_plain && facts->tenant && priority >= facts->tenancy->ladder.lowest;
}

static void check_outside(const struct facts *facts, struct findings *findings)
{
    bool is_required = facts->tenancy->ladder.is_required && facts->demand.is_accelerated;

    if (is_required || is_above(facts, facts->priority_class))
        add_class_finding(facts, findings);
}

/* A label names the class that is judged, but spec.priorityClassName another, which decides who is
 * evicted, too. */
static void check_spec_class(const struct facts *facts, struct findings *findings)
{
    if (!is_above(facts, facts->pod.priority_class))
        return;
    rule_of_ladder(findings, facts, "class", NULL);
    findings_add_next(findings, facts_path(facts, "spec.priorityClassName"),
                      "leave spec.priorityClassName out, or let it be the label's class",
                      "%s has the priority class \"%s\", which the ladder \"%s\" lacks",
                      facts_subject(facts), text_quote(facts->arena, facts->pod.priority_class),
                      facts->tenancy->ladder.name);
}

/* The pods of a workload are judged by what they say themselves: a label that KAI takes before it
 * must say the same. A class that is nobody's business stays so. */
static void check_holder(const struct facts *facts, struct findings *findings)
{
    const struct ladder *ladder = &facts->tenancy->ladder;
    struct bytes named = facts->holder_class;
    bool is_required = ladder->is_required && facts->demand.is_accelerated;

    if (named.len == 0 || bytes_equal(named, facts->priority_class) ||
        (!is_required && !ladder_find(ladder, named) && !is_above(facts, named)))
        return;
    rule_of_ladder(findings, facts, "class", NULL);
    findings_add_next(findings, "metadata.labels.priorityClassName",
                      "let the label and the pods name the same class, or leave the label out",
                      "%s has the label priorityClassName=\"%s\", which KAI takes before the class "
                      "of its pods, \"%s\"",
                      facts_subject(facts), text_quote(facts->arena, named),
                      text_quote(facts->arena, facts->priority_class));
}

static void check(const struct facts *facts, struct findings *findings)
{
    const struct ladder *ladder = &facts->tenancy->ladder;
    bool is_other =
        facts->priority_class.len && !bytes_equal(facts->priority_class, facts->pod.priority_class);
    const struct tier *tier, *spec_tier;

    if (!ladder->node || (!facts->tenant && !facts->demand.is_accelerated))
        return;
    tier = facts->priority_class.len ? ladder_find(ladder, facts->priority_class) : NULL;
    spec_tier = ladder_find(ladder, facts->pod.priority_class);
    if (!tier)
        check_outside(facts, findings);
    else if (facts->tenant)
        check_allowed(facts, tier, facts->priority_field, findings);
    check_holder(facts, findings);
    /* A label may name the class that is judged; spec.priority still belongs to
     * spec.priorityClassName, and says who can evict the pod from its node. */
    if (spec_tier && spec_tier != tier && facts->tenant)
        check_allowed(facts, spec_tier, facts_path(facts, "spec.priorityClassName"), findings);
    if (spec_tier)
        check_tier(facts, spec_tier, findings);
    else if (is_other)
        check_spec_class(facts, findings);
}

const struct tenancy_check priority_check = {
    .name = "priority",
    .summary = "a pod's priority class, priority and preemption policy",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_CLASS | EVALUATE_POD_START |
                   EVALUATE_TEMPLATE | EVALUATE_GROUP,
    .check = check,
};
