/* priority_class: PriorityClass objects: none may slip into the ladder's range, and those of the
 * ladder stay as it says.
 *
 * k8s.io/api/scheduling/v1: value, globalDefault and preemptionPolicy are members of the object
 * itself. */
#include "base/field.h"
#include "engine/check.h"

struct class_facts {
    struct bytes name;
    const struct tier *tier; /* NULL: the ladder lacks it */
    struct bytes policy;     /* preemptionPolicy */
    int64_t value;
    bool is_global_default;
};

static bool read_class(const struct facts *facts, struct class_facts *out, struct error *err)
{
    struct value object = facts->pod.object;

    *out = (struct class_facts){.name = facts->pod.name,
                                .tier = ladder_find(&facts->tenancy->ladder, facts->pod.name)};
    return field_integer(object, "value", facts->arena, &out->value, err) &&
           field_bool(object, "globalDefault", facts->arena, &out->is_global_default, err) &&
           field_text(object, "preemptionPolicy", facts->arena, &out->policy, err);
}

static void check_in_ladder(const struct facts *facts, const struct class_facts *class,
                            struct findings *findings)
{
    struct bytes policy = class->policy;
    const char *expected = preemption_policy_names[class->tier->policy];

    if (class->value != class->tier->value) {
        rule_of_ladder(findings, facts, "value", node_find_key(class->tier->node, "value"));
        findings_add_next(findings, "value", "change the ladder first",
                          "%s has the value %lld, but its tier has %lld", facts_subject(facts),
                          (long long)class->value, (long long)class->tier->value);
    }
    if (!bytes_is(policy.len ? policy : BYTES("PreemptLowerPriority"), expected)) {
        rule_of_ladder(findings, facts, "preemptionPolicy",
                       node_find_key(class->tier->node, "preemptionPolicy"));
        findings_add_next(findings, "preemptionPolicy", "change the ladder first",
                          "%s has the preemption policy \"%s\", but its tier has \"%s\"",
                          facts_subject(facts),
                          policy.len ? text_quote(facts->arena, policy) : "PreemptLowerPriority",
                          expected);
    }
}

static void check_outside(const struct facts *facts, const struct class_facts *class,
                          struct findings *findings)
{
    const struct ladder *ladder = &facts->tenancy->ladder;
    bool is_system = bytes_is(class->name, "system-cluster-critical") ||
                     bytes_is(class->name, "system-node-critical");

    if (class->value >= ladder->lowest && !is_system) {
        rule_of_ladder(findings, facts, "value", NULL);
        findings_add_next(findings, "value",
                          arena_printf(facts->arena,
                                       "use a value below %lld, or a class of the "
                                       "ladder",
                                       (long long)ladder->lowest),
                          "%s has the value %lld, inside the ladder \"%s\", which begins at %lld",
                          facts_subject(facts), (long long)class->value, ladder->name,
                          (long long)ladder->lowest);
    }
    if (class->is_global_default) {
        rule_of_ladder(findings, facts, "globalDefault", NULL);
        findings_add_next(findings, "globalDefault", "set globalDefault on a class of the ladder",
                          "%s would be the default of every pod, but the ladder \"%s\" lacks it",
                          facts_subject(facts), ladder->name);
    }
}

static void check(const struct facts *facts, struct findings *findings)
{
    bool is_delete = facts->review->operation == OPERATION_DELETE;
    struct class_facts class;
    struct error err = {0};

    if (!facts->tenancy->ladder.node)
        return;
    if (!read_class(facts, &class, &err) && !is_delete) {
        rule_of_cluster(findings, facts, "request");
        findings_add_next(findings, "", "mend the object", "%s", err.text);
        return;
    }
    if (class.tier && !facts->is_admin && !facts->is_old) {
        rule_of_ladder(findings, facts, "admins", class.tier->node);
        findings_add_next(
            findings, "metadata.name", "ask a cluster administrator",
            "%s is a class of the ladder \"%s\", which only Cluster.admins may change",
            facts_subject(facts), facts->tenancy->ladder.name);
    }
    if (is_delete)
        return;
    if (class.tier)
        check_in_ladder(facts, &class, findings);
    else
        check_outside(facts, &class, findings);
}

const struct tenancy_check priority_class_check = {
    .name = "priority_class",
    .summary = "PriorityClass objects against the ladder",
    .evaluations = EVALUATE_PRIORITY_CLASS,
    .check = check,
};
