/* caps: how much a tenant may hold over all its namespaces, and a single pod of it.
 *
 * check() judges what the request alone decides; judge() compares with what the tenant holds. */
#include "engine/check.h"
#include "engine/exceptions.h"
#include "kube/quantity.h"

/* What asks for more than it has. Of a pod that only gets another class, the tenant's total is
 * judged. */
static const unsigned counted = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE | EVALUATE_TEMPLATE |
                                EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP;
static const unsigned claims = EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE;
static const unsigned templates = EVALUATE_TEMPLATE | EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP;

static void check_untenanted(const struct facts *facts, struct findings *findings)
{
    static const enum enforcement words[] = {ENFORCE_DENY, ENFORCE_WARN, ENFORCE_AUDIT};
    const struct cluster *cluster = &facts->tenancy->cluster;

    if (facts->belonging.is_labelled) {
        rule_of_cluster(findings, facts, "tenantLabel");
        findings_add_next(
            findings, facts_path(facts, "spec"),
            "ask a cluster administrator to mend the namespace's label",
            "%s asks for GPUs in the namespace \"%s\", whose label %s names no tenant: "
            "\"%s\"",
            facts_subject(facts), text_quote(facts->arena, facts->namespace), cluster->tenant_label,
            text_quote(facts->arena, facts->belonging.label));
        return;
    }
    if (cluster->untenanted == UNTENANTED_ALLOW)
        return;
    rule_of_cluster(findings, facts, "untenanted");
    findings_set_enforcement(findings, words[cluster->untenanted]);
    findings_add_next(
        findings, facts_path(facts, "spec"),
        "use a namespace of a tenant, or ask a cluster administrator to give this one "
        "its tenant",
        "%s asks for GPUs in the namespace \"%s\", which belongs to no tenant",
        facts_subject(facts), text_quote(facts->arena, facts->namespace));
}

/* What a pod gets by claims of their own is its, too, however many share it. */
static void check_per_pod(const struct facts *facts, struct findings *findings)
{
    struct amount most = facts->tenant->gpus.per_pod, gpus;
    bool is_summed = amount_add(facts->demand.gpus, facts->demand.shared_gpus, &gpus);

    if (is_summed && amount_compare(gpus, most) <= 0)
        return;
    rule_of_tenant(findings, facts, "gpus.perPod");
    findings_add_next(findings, facts_asking(facts),
                      facts->evaluation & claims
                          ? "ask for less in one claim"
                          : "ask for less in one pod, or spread the work over several",
                      "%s asks for %s%s GPUs, more than the %s that one pod may ask for",
                      facts_subject(facts), is_summed ? "" : "more than ",
                      amount_write(is_summed ? gpus : facts->demand.gpus, facts->arena),
                      amount_write(most, facts->arena));
}

static void check(const struct facts *facts, struct findings *findings)
{
    const struct tenant *tenant = facts->tenant;
    const struct demand *demand = &facts->demand;

    if (!demand->is_accelerated || !(facts->evaluation & counted))
        return;
    if (!tenant) {
        if (!facts->is_unplaced)
            check_untenanted(facts, findings);
        return;
    }
    if (demand->is_unbounded && tenant->gpus.node) {
        rule_of_tenant(findings, facts, "gpus.unbounded");
        findings_add_next(findings, facts_asking(facts), "ask for the GPUs that the pod needs",
                          "%s asks for %s, which shows every GPU of its node", facts_subject(facts),
                          text_quote(facts->arena, demand->unbounded_name));
    }
    if (tenant->gpus.has_per_pod)
        check_per_pod(facts, findings);
}

/* What to do about a cap: only what would help this pod. */
static const char *next_step(const struct facts *facts)
{
    const struct tenant *tenant = facts->tenant;
    const char *contact = tenant->owner.contact;
    bool could_burst = !(facts->evaluation & claims) && !facts_has_burst_class(facts) &&
                       tenant->priority.burst.count > 0 &&
                       amount_compare(tenant->gpus.burst, tenant->gpus.guaranteed) > 0;

    return arena_printf(facts->arena,
                        "wait for pods to finish, ask for less%s%s%s, or request an exception%s%s",
                        could_burst ? ", use a burst class (" : "",
                        could_burst ? strings_join(&tenant->priority.burst, 3, facts->arena) : "",
                        could_burst ? ")" : "", contact ? " from " : "",
                        contact ? text_quote(facts->arena, bytes_from(contact)) : "");
}

/* One cap and what would be held of it. */
struct holding {
    struct amount limit, used, reserved, asked;
    struct bytes resource;          /* empty: GPUs */
    const struct resource_cap *cap; /* of a resource */
};

static const char *write_amount(const struct holding *holding, struct amount amount,
                                struct arena *arena)
{
    return holding->resource.len ? quantity_write(amount, holding->resource, arena)
                                 : amount_write(amount, arena);
}

static const char *asking(const struct facts *facts)
{
    switch (facts->evaluation & (claims | templates)) {
    case EVALUATE_TEMPLATE:
        return "one pod of this template asks for";
    case EVALUATE_GROUP:
        return "one such group asks for";
    case EVALUATE_CLAIM_TEMPLATE:
        return "one claim of this template asks for";
    case EVALUATE_CLAIM:
        return "this claim asks for";
    default:
        return "this pod asks for";
    }
}

/* Warnings don't tell it. */
static const char *holders_of(const struct facts *facts, const struct usage *usage,
                              const struct holding *holding)
{
    if (facts->evaluation & templates || !usage->tell_holders)
        return NULL;
    return usage->tell_holders(usage->holders, holding->cap);
}

static void add_exceeded(const struct facts *facts, const struct usage *usage,
                         const struct holding *holding, struct findings *findings)
{
    struct arena *arena = facts->arena;
    struct amount total = holding->used, seen = holding->used;
    const char *reserved = "";

    if (facts->evaluation & templates)
        findings_set_enforcement(findings, ENFORCE_WARN);
    if (!amount_add(holding->used, holding->asked, &total) ||
        !amount_subtract(holding->used, holding->reserved, &seen)) {
        findings_add(findings, facts_asking(facts),
                     "%s exceeded quota: the sum does not fit 64 bits", facts_subject(facts));
        return;
    }
    if (!amount_is_zero(holding->reserved))
        reserved = arena_printf(arena, ", %s reserved, not yet seen",
                                write_amount(holding, holding->reserved, arena));
    findings->held_by = holders_of(facts, usage, holding);
    findings_add_next(
        findings, facts_asking(facts), next_step(facts),
        "%s exceeded quota: tenant \"%s\" would hold %s of %s %s (%s in use%s, %s %s)",
        facts_subject(facts), facts->tenant->name, write_amount(holding, total, arena),
        write_amount(holding, holding->limit, arena),
        holding->resource.len ? text_quote(arena, holding->resource) : "GPUs",
        write_amount(holding, seen, arena), reserved, asking(facts),
        write_amount(holding, holding->asked, arena));
}

static bool is_exceeded(const struct holding *holding)
{
    struct amount total;

    return !amount_add(holding->used, holding->asked, &total) ||
           amount_compare(total, holding->limit) > 0;
}

/* Name those of the first `count` grants without which the rest would not do; where several would,
 * those that last longest are kept. `holding` has all of them. */
static void note_needed(const struct facts *facts, const struct exception *const *grants,
                        size_t count, struct holding *holding, struct findings *findings)
{
    bool *is_needed = arena_alloc(facts->arena, count * sizeof(*is_needed));

    for (size_t i = count; i-- > 0;) {
        struct amount with = holding->limit;

        is_needed[i] =
            !amount_subtract(with, grants[i]->grant.gpus, &holding->limit) || is_exceeded(holding);
        if (is_needed[i])
            holding->limit = with;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_needed[i])
            exceptions_note(facts, grants[i], findings);
    }
}

/* Raise the limit by the grants in force, as far as that takes. */
static bool is_granted(const struct facts *facts, struct holding *holding,
                       struct findings *findings)
{
    const struct exception **grants;
    size_t count = exceptions_find_grants(facts, &grants);

    for (size_t i = 0; i < count; i++) {
        if (!amount_add(holding->limit, grants[i]->grant.gpus, &holding->limit))
            return false;
        if (is_exceeded(holding))
            continue;
        note_needed(facts, grants, i + 1, holding, findings);
        return true;
    }
    return false;
}

static void judge_gpus(const struct facts *facts, const struct usage *usage,
                       struct findings *findings)
{
    const struct tenant *tenant = facts->tenant;
    bool is_burst = facts_has_burst_class(facts);
    struct holding holding = {.limit = grants_limit(tenant, is_burst, facts->priority_class,
                                                    facts->world->now),
                              .used = usage->gpus,
                              .reserved = usage->reserved,
                              .asked = facts->demand.gpus};
    bool asks_anew = facts_changes_share(facts) ||
                     amount_compare(facts->demand.gpus, facts->old_demand.gpus) > 0;

    if (!tenant->gpus.node || !asks_anew || !is_exceeded(&holding) ||
        is_granted(facts, &holding, findings))
        return;
    rule_of_tenant(findings, facts, is_burst ? "gpus.burst" : "gpus.guaranteed");
    add_exceeded(facts, usage, &holding, findings);
}

static void judge_resource(const struct facts *facts, const struct usage *usage, size_t at,
                           struct findings *findings)
{
    const struct resource_cap *cap = &facts->tenant->resources.items[at];
    struct holding holding = {.limit = cap->max,
                              .used = usage->resources[at],
                              .reserved = usage->resources_reserved[at],
                              .resource = bytes_from(cap->name.text),
                              .cap = cap};
    struct amount old;
    bool is_summed = resource_cap_sum(cap, &facts->ask, &holding.asked) &&
                     resource_cap_sum(cap, &facts->old_ask, &old);

    if (is_summed && (amount_compare(holding.asked, old) <= 0 || !is_exceeded(&holding)))
        return;
    findings_set_rule(findings, cap->node, ENFORCE_DENY, "tenant/%s/resources",
                      facts->tenant->name);
    add_exceeded(facts, usage, &holding, findings);
}

static void judge(const struct facts *facts, const struct usage *usage, struct findings *findings)
{
    judge_gpus(facts, usage, findings);
    if (!(facts->evaluation & counted))
        return;
    for (size_t i = 0; i < facts->tenant->resources.count; i++)
        judge_resource(facts, usage, i, findings);
}

const struct tenancy_check caps_check = {
    .name = "caps",
    .summary = "how much a tenant, and a single pod of it, may hold",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE | EVALUATE_POD_CLASS |
                   EVALUATE_TEMPLATE | EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP,
    .check = check,
    .judge = judge,
};
