/* claims: what can't be bounded, can't be known, or is for administrators, of what is asked for by
 * Dynamic Resource Allocation. What is asked for in numbers is judged by caps and sharing. */
#include "engine/check.h"
#include "engine/claims.h"

static const unsigned claims = EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE;

static const char *field(const struct facts *facts)
{
    return facts->evaluation & claims ? facts_asking(facts)
                                      : facts_path(facts, "spec.resourceClaims");
}

/* What a claim is for is known from it, or from its template. */
static void check_missing(const struct facts *facts, struct findings *findings)
{
    const struct claim_ref *missing =
        claims_find_missing(&facts->ask, facts->namespace, facts->world->view, facts->arena);
    bool is_template = missing && missing->template.len;

    if (!missing || !facts->tenant)
        return;
    rule_of_cluster(findings, facts, "state");
    findings_add_next(
        findings, field(facts),
        is_template ? "create the template first; if it is there already, try again"
                    : "create the claim first; if it is there already, try again",
        "%s names the resource claim%s \"%s\", which is not in view: what it would hold of tenant "
        "\"%s\" is not known",
        facts_subject(facts), is_template ? " template" : "",
        text_quote(facts->arena, is_template ? missing->template : missing->claim),
        facts->tenant->name);
}

static const char *name_class(const struct facts *facts, const struct device_ask *device)
{
    return text_quote(facts->arena, device_class(device));
}

/* Could a cap of the tenant's count it? */
static bool is_capped(const struct facts *facts, const struct device_ask *device)
{
    const struct tenant *tenant = facts->tenant;

    if (tenant->gpus.node && demand_weighs_class(device, &facts->ask, &facts->tenancy->cluster))
        return true;
    for (size_t i = 0; i < tenant->resources.count; i++) {
        if (resource_cap_has_class(&tenant->resources.items[i], device))
            return true;
    }
    return false;
}

static void check_all(const struct facts *facts, const struct device_ask *device,
                      struct findings *findings)
{
    if (!device->is_all || device->is_admin || device->origin != DEVICE_CLAIMED || !facts->tenant ||
        !is_capped(facts, device))
        return;
    rule_of_tenant(findings, facts, "claims.all");
    findings_add_next(
        findings, field(facts), "ask for a number of devices: allocationMode ExactCount and count",
        "%s asks for all devices of the class \"%s\" (allocationMode All), and tenant "
        "\"%s\" may hold so many only",
        facts_subject(facts), name_class(facts, device), facts->tenant->name);
}

static void check_admin_access(const struct facts *facts, const struct device_ask *device,
                               struct findings *findings)
{
    if (!device->is_admin || facts->is_admin)
        return;
    if (facts->tenant)
        rule_of_tenant(findings, facts, "claims.adminAccess");
    else
        rule_of_cluster(findings, facts, "adminAccess");
    findings_add_next(findings, field(facts),
                      "leave adminAccess out, or ask a cluster administrator",
                      "%s asks for adminAccess to devices of the class \"%s\", which only "
                      "Cluster.admins may have",
                      facts_subject(facts), name_class(facts, device));
}

/* A claim that says it was made for a pod is not counted, so nobody else may write that. */
static void check_maker(const struct facts *facts, struct findings *findings)
{
    static const char annotations[] = "metadata.annotations", owners[] = "metadata.ownerReferences";
    struct value before = facts->review->old_object;
    bool is_new = !bytes_equal(value_raw(facts->pod.annotations),
                               value_raw(value_path(before, annotations))) ||
                  !bytes_equal(value_raw(facts->pod.owners), value_raw(value_path(before, owners)));

    if (!claim_is_made(&facts->pod) || facts_trust_maker(facts) || facts->is_old || !is_new)
        return;
    rule_of_cluster(findings, facts, "request");
    findings_add_next(findings, annotations,
                      "leave the annotation or the owner out, or name a template in the pod",
                      "%s says that it was made for a pod, which only the cluster's own controller "
                      "and scheduler may do",
                      facts_subject(facts));
}

static void check(const struct facts *facts, struct findings *findings)
{
    const struct claimed *claimed = facts->ask.claimed;

    check_missing(facts, findings);
    if (facts->evaluation & (EVALUATE_CLAIM | EVALUATE_CLAIM_UPDATE))
        check_maker(facts, findings);
    for (size_t i = 0; claimed && i < claimed->devices.count; i++) {
        check_all(facts, &claimed->devices.items[i], findings);
        check_admin_access(facts, &claimed->devices.items[i], findings);
    }
}

/* The claim would be made by the new template, and nobody would judge it: that passes because it
 * was judged with the pod. */
static void judge(const struct facts *facts, const struct usage *usage, struct findings *findings)
{
    if (!usage->waiting)
        return;
    rule_of_cluster(findings, facts, "state");
    findings_add_next(
        findings, field(facts), "wait for the pod's claim, delete the pod, or choose another name",
        "%s asks for something else than the template of that name by which pod %s was "
        "let in, and the pod's claim is not in view yet",
        facts_subject(facts), usage->waiting);
}

const struct tenancy_check claims_check = {
    .name = "claims",
    .summary = "which resource claims may be made at all",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_TEMPLATE | EVALUATE_CLAIM |
                   EVALUATE_CLAIM_TEMPLATE | EVALUATE_CLAIM_UPDATE | EVALUATE_GROUP,
    .check = check,
    .judge = judge,
};
