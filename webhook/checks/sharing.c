/* sharing: whole GPUs, MIG slices and shares of GPUs: which of them a tenant may use, and one mode
 * at a time inside a pod, a namespace, or the whole tenant. */
#include "engine/check.h"

static bool uses_mode(const struct facts *facts, int mode)
{
    return !amount_is_zero(facts->demand.by_mode[mode]);
}

/* What a pod that grows had before is no question any more. */
static bool adds_mode(const struct facts *facts, int mode)
{
    return amount_compare(facts->demand.by_mode[mode], facts->old_demand.by_mode[mode]) > 0;
}

static const char *list_modes(unsigned modes, struct arena *arena)
{
    struct strings names = {0};

    for (int mode = 0; mode < MODE_COUNT; mode++) {
        if (modes & 1u << mode)
            strings_add(&names, arena, mode_names[mode]);
    }
    return strings_join(&names, MODE_COUNT, arena);
}

/* By claims of their own, which never change. */
static unsigned shared_modes(const struct facts *facts)
{
    return facts->evaluation & EVALUATE_POD_RESIZE ? 0 : facts->demand.shared_modes;
}

static void check_allowed(const struct facts *facts, struct findings *findings)
{
    const struct tenant *tenant = facts->tenant;

    for (int mode = 0; tenant->sharing.modes && mode < MODE_COUNT; mode++) {
        bool is_shared = shared_modes(facts) & 1u << mode;
        const char *gpus = amount_write(facts->demand.by_mode[mode], facts->arena);

        if ((!is_shared && !adds_mode(facts, mode)) || tenant->sharing.modes & 1u << mode)
            continue;
        rule_of_tenant(findings, facts, "sharing.modes");
        findings_add_next(findings, facts_asking(facts),
                          "ask for GPUs in a mode that the tenant may use",
                          "%s asks for GPUs in the mode \"%s\" (%s), but tenant \"%s\" may use %s",
                          facts_subject(facts), mode_names[mode],
                          is_shared ? "by a claim that is there"
                                    : arena_printf(facts->arena, "%s GPUs", gpus),
                          tenant->name, list_modes(tenant->sharing.modes, facts->arena));
    }
}

static void check_pod(const struct facts *facts, struct findings *findings)
{
    bool is_any_added = shared_modes(facts);
    unsigned used = 0;
    int count = 0;

    for (int mode = 0; mode < MODE_COUNT; mode++) {
        if (uses_mode(facts, mode) || facts->demand.shared_modes & 1u << mode) {
            used |= 1u << mode;
            count++;
        }
        is_any_added |= adds_mode(facts, mode);
    }
    if (facts->tenant->sharing.exclusive == SCOPE_NONE || count < 2 || !is_any_added)
        return;
    rule_of_tenant(findings, facts, "sharing.exclusive");
    findings_add_next(
        findings, facts_asking(facts), "use one mode in a pod",
        "%s asks for GPUs in the modes %s at once, but tenant \"%s\" may use one at a "
        "time in a %s",
        facts_subject(facts), list_modes(used, facts->arena), facts->tenant->name,
        scope_names[facts->tenant->sharing.exclusive]);
}

static void check(const struct facts *facts, struct findings *findings)
{
    if (!facts->tenant || !facts->demand.is_accelerated)
        return;
    check_allowed(facts, findings);
    check_pod(facts, findings);
}

static void judge(const struct facts *facts, const struct usage *usage, struct findings *findings)
{
    const struct tenant *tenant = facts->tenant;
    bool is_tenant_wide = tenant->sharing.exclusive == SCOPE_TENANT;

    if (tenant->sharing.exclusive < SCOPE_NAMESPACE)
        return;
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        for (int other = 0; other < MODE_COUNT && adds_mode(facts, mode); other++) {
            if (other == mode || !usage->holder[other])
                continue;
            rule_of_tenant(findings, facts, "sharing.exclusive");
            findings_add_next(
                findings, facts_asking(facts),
                arena_printf(facts->arena, "wait for the %s pods to finish, ask for a %s device%s",
                             mode_names[other], mode_names[other],
                             is_tenant_wide ? "" : ", or use another namespace"),
                "%s asks for GPUs in the mode \"%s\", but %s \"%s\" holds some in the mode \"%s\" "
                "(%s)",
                facts_subject(facts), mode_names[mode], is_tenant_wide ? "tenant" : "namespace",
                is_tenant_wide ? tenant->name : text_quote(facts->arena, facts->namespace),
                mode_names[other], usage->holder[other]);
        }
    }
}

const struct tenancy_check sharing_check = {
    .name = "sharing",
    .summary = "which modes a tenant may use, and one at a time",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE | EVALUATE_TEMPLATE | EVALUATE_CLAIM |
                   EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP,
    .check = check,
    .judge = judge,
};
