/* namespaces: who may give a namespace its tenant, or the right to adminAccess. */
#include "engine/check.h"

/* k8s.io/api/resource/v1: DRAAdminNamespaceLabelKey (KEP-5018). */
static const char admin_access_label[] = "resource.kubernetes.io/admin-access";

static struct value old_labels(const struct facts *facts)
{
    return value_path(facts->review->old_object, "metadata.labels");
}

/* Whose the namespace was; a new one was nobody's. */
static struct belonging old_belonging(const struct facts *facts)
{
    if (facts->review->operation == OPERATION_CREATE)
        return (struct belonging){0};
    return tenancy_belonging(facts->tenancy, facts->namespace, old_labels(facts));
}

static bool is_same_label(struct value a, struct value b)
{
    return value_type(a) == value_type(b) && bytes_equal(value_text(a), value_text(b));
}

/* A label that names no tenant keeps GPUs away; to be without it may give some. */
static bool is_same_belonging(const struct belonging *a, const struct belonging *b)
{
    return a->tenant == b->tenant &&
           (a->is_labelled && !a->tenant) == (b->is_labelled && !b->tenant);
}

static const char *describe(const struct belonging *belonging, struct arena *arena)
{
    if (belonging->tenant)
        return arena_printf(arena, "tenant \"%s\"", belonging->tenant->name);
    if (belonging->is_labelled)
        return arena_printf(arena, "the unknown tenant \"%s\"",
                            text_quote(arena, belonging->label));
    return "no tenant";
}

static void check_tenant(const struct facts *facts, struct findings *findings)
{
    const char *label = facts->tenancy->cluster.tenant_label;
    const struct belonging *now = &facts->belonging;
    struct belonging before = old_belonging(facts);
    bool is_label_new = !is_same_label(value_member(facts->pod.labels, label),
                                       value_member(old_labels(facts), label));

    if (now->is_labelled && !now->tenant && is_label_new) {
        rule_of_cluster(findings, facts, "tenantLabel");
        findings_add_next(findings, facts_key_field(facts, "metadata.labels", label),
                          "name a tenant of the policy set, or leave the label out",
                          "%s has the label %s=\"%s\", which names no tenant", facts_subject(facts),
                          label, text_quote(facts->arena, now->label));
        return;
    }
    if (facts->is_admin || is_same_belonging(&before, now))
        return;
    rule_of_cluster(findings, facts, "tenantLabel");
    if (facts->review->operation == OPERATION_CREATE) {
        findings_add_next(findings, facts_key_field(facts, "metadata.labels", label),
                          "ask a cluster administrator",
                          "%s would be created in %s, which only Cluster.admins may do",
                          facts_subject(facts), describe(now, facts->arena));
        return;
    }
    findings_add_next(findings, facts_key_field(facts, "metadata.labels", label),
                      "ask a cluster administrator",
                      "%s would go from %s to %s, which only Cluster.admins may do",
                      facts_subject(facts), describe(&before, facts->arena),
                      describe(now, facts->arena));
}

static void check_admin_access(const struct facts *facts, struct findings *findings)
{
    struct value now = value_member(facts->pod.labels, admin_access_label);
    struct value before = value_member(old_labels(facts), admin_access_label);

    if (facts->is_admin || is_same_label(now, before))
        return;
    rule_of_cluster(findings, facts, "adminAccess");
    findings_add_next(findings, facts_key_field(facts, "metadata.labels", admin_access_label),
                      "ask a cluster administrator",
                      "%s would %s the label %s, which only Cluster.admins may do",
                      facts_subject(facts), value_type(now) ? "set" : "lose", admin_access_label);
}

static void check(const struct facts *facts, struct findings *findings)
{
    check_tenant(facts, findings);
    check_admin_access(facts, findings);
}

const struct tenancy_check namespaces_check = {
    .name = "namespaces",
    .summary = "who may give a namespace its tenant",
    .evaluations = EVALUATE_NAMESPACE,
    .check = check,
};
