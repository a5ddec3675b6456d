#include "policy/policy_set.h"

#include <stdlib.h>

#include "engine/trace.h"
#include "policy/dead.h"
#include "policy/doubts.h"
#include "policy/load.h"
#include "policy/policy.h"
#include "policy/reach.h"
#include "tenancy/capacity.h"

static int compare_policies(const void *a, const void *b)
{
    const struct policy *left = *(struct policy *const *)a, *right = *(struct policy *const *)b;

    return strcmp(left->name, right->name);
}

static bool is_other_value(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

static const char *find_other_pair(const struct string_map *a, const struct string_map *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            if (!strcmp(a->items[i].key, b->items[j].key) &&
                is_other_value(a->items[i].value, b->items[j].value))
                return a->items[i].key;
        }
    }
    return NULL;
}

static const char *find_other_toleration(const struct objects *a, const struct objects *b)
{
    const struct toleration *left = a->items, *right = b->items;

    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            bool is_same_taint =
                left[i].key && right[j].key && !strcmp(left[i].key, right[j].key) &&
                left[i].has_effect == right[j].has_effect && left[i].effect == right[j].effect;

            if (is_same_taint && (left[i].operator!= right[j].operator||
                                  is_other_value(left[i].value, right[j].value) ||
                                  left[i].seconds != right[j].seconds))
                return left[i].key;
        }
    }
    return NULL;
}

/* The first field that two entries set to different values, as its path under `set`; NULL: none. */
static const char *find_conflict(const struct defaults *a, const struct defaults *b,
                                 struct arena *arena)
{
    const struct {
        const char *name, *key;
    } maps[] = {
        {"labels", find_other_pair(&a->labels, &b->labels)},
        {"annotations", find_other_pair(&a->annotations, &b->annotations)},
        {"nodeSelector", find_other_pair(&a->node_selector, &b->node_selector)},
        {"tolerations", find_other_toleration(&a->tolerations, &b->tolerations)},
    };

    if (a->hides_gpus != b->hides_gpus && node_find(a->node, "hideUnrequestedGpus") &&
        node_find(b->node, "hideUnrequestedGpus"))
        return "hideUnrequestedGpus";
    if (is_other_value(a->scheduler_name, b->scheduler_name))
        return "schedulerName";
    if (is_other_value(a->runtime_class, b->runtime_class))
        return "runtimeClassName";
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        if (maps[i].key)
            return arena_printf(arena, "%s \"%s\"", maps[i].name, maps[i].key);
    }
    return NULL;
}

static void check_conflicts(const struct policy *a, const struct policy *b,
                            struct problems *problems)
{
    const struct policy_mutation *left = a->mutations.items, *right = b->mutations.items;

    for (size_t i = 0; i < a->mutations.count; i++) {
        for (size_t j = 0; j < b->mutations.count; j++) {
            const char *field = a == b && j <= i
                                    ? NULL
                                    : find_conflict(&left[i].set, &right[j].set, problems->arena);
            const struct node *other = left[i].node;

            if (field)
                problems_add(
                    problems, right[j].node,
                    "\"%s\" sets %s to another value than \"%s\" of policy \"%s\" (%s:%u), "
                    "and both could apply to one pod",
                    right[j].id ? right[j].id : "?", field, left[i].id ? left[i].id : "?", a->name,
                    other->source->name, other->line);
        }
    }
}

/* Could the policy be about pods of the tenant? Those in namespaces that only a label gives to it
 * are passed over. */
static bool may_select(const struct policy *policy, const struct tenant *tenant)
{
    const struct match *match = &policy->match;

    return (!match->tenants.count || globs_match(&match->tenants, bytes_from(tenant->name))) &&
           (!match->namespaces.count || globs_overlap(&match->namespaces, &tenant->namespaces));
}

static void check_tenants_settings(const struct policy_set *set, const struct policy *policy,
                                   struct problems *problems)
{
    const struct policy_mutation *mutations = policy->mutations.items;

    for (size_t i = 0; i < policy->mutations.count; i++) {
        for (size_t j = 0; j < set->tenancy.tenant_count; j++) {
            if (may_select(policy, set->tenancy.tenants[j]))
                defaults_check_tenant(&mutations[i].set, set->tenancy.tenants[j], problems);
        }
    }
}

static void check_policies(const struct policy_set *set, bool are_tenants_known,
                           struct problems *problems)
{
    for (size_t i = 0; i < set->policy_count; i++) {
        const struct policy *policy = set->policies[i];

        /* One that matches no tenant would switch the policy off. */
        if (are_tenants_known && policy->match.tenants.count)
            tenancy_check_patterns(&set->tenancy, &policy->match.tenants,
                                   node_find(policy->match.node, "tenants"), problems);
        check_tenants_settings(set, policy, problems);
        for (size_t j = 0; j <= i && policy->mutations.count; j++) {
            if (j == i || policy_overlaps(set->policies[j], policy))
                check_conflicts(set->policies[j], policy, problems);
        }
    }
}

static unsigned find_asked(const struct policy_set *set)
{
    unsigned asked = 0;

    for (size_t i = 0; i < set->policy_count; i++) {
        const struct policy_rule *rules = set->policies[i]->rules.items;

        for (size_t j = 0; j < set->policies[i]->rules.count; j++) {
            if (rules[j].check && rules[j].check->views)
                asked |= rules[j].check->views(&rules[j].settings);
        }
    }
    return asked;
}

struct policy_set *policy_set_load(const char *directory, struct problems *problems,
                                   struct error *err)
{
    struct policy_set *set = calloc(1, sizeof(*set));
    struct loaded loaded = {0};
    bool is_read;

    if (!set)
        abort();
    if (!load_documents(directory, &set->arena, &loaded, problems, err)) {
        policy_set_free(set);
        return NULL;
    }
    is_read = problems->error_count == 0;
    set->digest = loaded.digest;
    set->is_empty = loaded.is_empty;
    set->tenancy.cluster = loaded.cluster;
    set->tenancy.ladder = loaded.ladder;
    /* Rows that could not be read can't be ordered, nor figures be summed. */
    if (is_read)
        accelerators_init(&set->tenancy.cluster.accelerators, &loaded.cluster.accelerator_rows,
                          &set->arena);
    tenancy_init(&set->tenancy, loaded.tenants, loaded.tenant_count, &set->arena);
    set->tenancy.grants = loaded.grants;
    grants_init(&set->tenancy, loaded.tenants, &set->arena);
    set->policies = loaded.policies;
    set->policy_count = loaded.policy_count;
    if (set->policy_count)
        qsort(set->policies, set->policy_count, sizeof(*set->policies), compare_policies);
    set->tenancy.asked = find_asked(set);
    tenancy_check(&set->tenancy, !loaded.may_lack_ladder, problems);
    dead_check_tenancy(&set->tenancy, problems);
    check_policies(set, !loaded.may_lack_tenants, problems);
    reach_check(set, &loaded, problems);
    if (is_read)
        capacity_check(&set->tenancy, problems);
    if (problems->error_count == 0)
        doubts_find(set, problems);
    problems_sort(problems);
    return set;
}

void policy_set_free(struct policy_set *set)
{
    if (!set)
        return;
    arena_release(&set->arena);
    free(set);
}

static const char *tell_unasked(const char *check, const struct facts *facts)
{
    const struct review *review = facts->review;
    const char *sub_resource = text_quote(facts->arena, review->sub_resource);

    return arena_printf(facts->arena, "\"%s\" does not judge %s of %s%s%s", check,
                        operation_name(review->operation),
                        text_quote(facts->arena, review->resource), *sub_resource ? "/" : "",
                        sub_resource);
}

/* `unmet`: why the policy does not apply; NULL: it does. */
static void run_rule(const struct policy_rule *rule, const struct facts *facts,
                     struct findings *findings, const char *unmet)
{
    struct trace *trace = trace_of(facts, TRACE_RULE);
    struct trace_entry *entry = NULL;

    if (trace) {
        entry = trace_open(trace, facts, TRACE_RULE, findings);
        entry->name = rule->rule.name;
        entry->node = rule->rule.node;
        entry->unmet = unmet;
    }
    if (!unmet && rule->check->evaluations & facts->evaluation) {
        findings->rule = &rule->rule;
        rule->check->check(&rule->settings, facts, findings);
    } else if (entry && !unmet) {
        entry->unmet = tell_unasked(rule->check->name, facts);
    }
    if (entry)
        trace_close(entry, findings);
}

static void run_policy(const struct policy *policy, const struct facts *facts,
                       struct findings *findings)
{
    enum match_term term = policy_find_mismatch(policy, facts);
    const struct policy_rule *rules = policy->rules.items;
    const char *unmet = NULL;

    if (term != TERM_NONE && !trace_of(facts, TRACE_RULE))
        return;
    if (term != TERM_NONE)
        unmet = policy_tell_mismatch(policy, facts, term);
    for (size_t i = 0; i < policy->rules.count; i++)
        run_rule(&rules[i], facts, findings, unmet);
}

static bool asks_for_capped(const struct globs *capped, const struct ask *ask)
{
    const struct claimed *claimed = ask->claimed;

    for (size_t i = 0; i < ask->requests.count; i++) {
        if (!amount_is_zero(ask->requests.items[i].amount) &&
            globs_match(capped, ask->requests.items[i].name))
            return true;
    }
    for (size_t i = 0; claimed && i < claimed->devices.count; i++) {
        if (globs_match(capped, claimed->devices.items[i].resource) ||
            globs_match(capped, claimed->devices.items[i].extended))
            return true;
    }
    return false;
}

/* Could something that a tenant's caps or the ladder decide depend on whose the namespace is? */
static bool may_be_capped(const struct facts *facts)
{
    static const unsigned asking = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE | EVALUATE_POD_CLASS |
                                   EVALUATE_TEMPLATE | EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE |
                                   EVALUATE_GROUP;
    const struct tenancy *tenancy = facts->tenancy;

    if (!(facts->evaluation & asking))
        return false;
    return facts->demand.is_accelerated || asks_for_capped(&tenancy->capped, &facts->ask) ||
           (tenancy->ladder.node && ladder_find(&tenancy->ladder, facts->priority_class));
}

/* Is there a rule for some tenants that would deny what breaks it? */
static bool may_be_ruled(const struct policy *policy, const struct facts *facts)
{
    const struct policy_rule *rules = policy->rules.items;

    if (policy->match.tenants.count == 0 || !policy_may_apply(policy, facts))
        return false;
    for (size_t i = 0; i < policy->rules.count; i++) {
        if (rules[i].check->evaluations & facts->evaluation &&
            rules[i].rule.enforcement == ENFORCE_DENY)
            return true;
    }
    return false;
}

/* Of a namespace that is not in view nobody knows whose it is: what depends on that is denied. */
static void check_unplaced(const struct policy_set *set, const struct facts *facts,
                           struct findings *findings)
{
    bool depends = facts->is_unplaced && !facts->is_old && may_be_capped(facts);

    for (size_t i = 0; facts->is_unplaced && !facts->is_old && !depends && i < set->policy_count;
         i++)
        depends = may_be_ruled(set->policies[i], facts);
    if (!depends)
        return;
    rule_of_cluster(findings, facts, "state");
    findings_add_next(findings, facts_path(facts, "spec"),
                      "try again; if it lasts, tell a cluster administrator",
                      "%s is in the namespace \"%s\", which is not in view: whose pods it holds "
                      "is not known",
                      facts_subject(facts), text_quote(facts->arena, facts->namespace));
}

static struct trace_entry *trace_tenancy(const struct tenancy_check *check,
                                         const struct facts *facts, const struct findings *findings)
{
    struct trace *trace = trace_of(facts, TRACE_TENANCY);
    struct trace_entry *entry;

    if (!trace)
        return NULL;
    entry = trace_open(trace, facts, TRACE_TENANCY, findings);
    entry->name = check->name;
    return entry;
}

static void run_tenancy_check(const struct tenancy_check *check, const struct facts *facts,
                              struct findings *findings)
{
    struct trace_entry *entry = trace_tenancy(check, facts, findings);

    if (check->evaluations & facts->evaluation)
        check->check(facts, findings);
    else if (entry)
        entry->unmet = tell_unasked(check->name, facts);
    if (entry)
        trace_close(entry, findings);
}

/* What the old object broke is asked without its exceptions: they may have ended since. */
static const struct facts *excepted(const struct facts *facts)
{
    return facts->is_old ? NULL : facts;
}

void policy_set_check(const struct policy_set *set, const struct facts *facts,
                      struct findings *findings)
{
    findings->excepted = excepted(facts);
    findings->is_inside = facts->evaluation == EVALUATE_TEMPLATE;
    check_unplaced(set, facts, findings);
    for (size_t i = 0; tenancy_checks[i]; i++)
        run_tenancy_check(tenancy_checks[i], facts, findings);
    for (size_t i = 0; i < set->policy_count; i++)
        run_policy(set->policies[i], facts, findings);
    findings->excepted = NULL;
    findings->is_inside = false;
}

/* A scheduler whose binding is refused tries the same again for ever: Cluster.fabric.atBind says
 * what a finding about one does. */
static void enforce_at_bind(const struct facts *facts, size_t from, struct findings *findings)
{
    static const enum enforcement words[] = {ENFORCE_AUDIT, ENFORCE_WARN, ENFORCE_DENY};

    for (size_t i = from; i < findings->count; i++) {
        findings->rule = findings->items[i].rule;
        findings_set_enforcement(findings, words[facts->tenancy->cluster.fabric.at_bind]);
        findings->items[i].rule = findings->rule;
    }
}

static void judge_usage(const struct facts *facts, const struct usage *usage,
                        struct findings *findings)
{
    if (!usage->is_known) {
        rule_of_cluster(findings, facts, usage->problem.is_limit ? "limits" : "state");
        findings_add_next(findings, facts_path(facts, "spec"),
                          "try again; if it lasts, tell a cluster administrator",
                          "%s asks for something that tenant \"%s\" may hold so much of only, and "
                          "what it holds is not known: %s",
                          facts_subject(facts), facts->tenant->name, usage->problem.text);
        return;
    }
    for (size_t i = 0; tenancy_checks[i]; i++) {
        struct trace_entry *entry;

        if (!tenancy_checks[i]->judge || !(tenancy_checks[i]->evaluations & facts->evaluation))
            continue;
        entry = trace_tenancy(tenancy_checks[i], facts, findings);
        tenancy_checks[i]->judge(facts, usage, findings);
        if (entry)
            trace_close(entry, findings);
    }
}

void policy_set_judge(const struct facts *facts, const struct usage *usage,
                      struct findings *findings)
{
    size_t before = findings->count;

    findings->excepted = excepted(facts);
    findings->is_inside = facts->evaluation == EVALUATE_TEMPLATE;
    judge_usage(facts, usage, findings);
    findings->excepted = NULL;
    findings->is_inside = false;
    if (facts->evaluation == EVALUATE_BINDING)
        enforce_at_bind(facts, before, findings);
}

/* What the entry added since the patch had `from` operations; or why it does not apply. */
static void trace_mutation(const struct mutation *mutation, const struct policy_mutation *entry,
                           size_t from, const char *unmet)
{
    struct trace *trace = trace_of(mutation->facts, TRACE_MUTATION);
    struct trace_entry *made;

    if (!trace)
        return;
    made = trace_open(trace, mutation->facts, TRACE_MUTATION, NULL);
    made->name = entry ? entry->name : "tenancy";
    made->node = entry ? entry->node : NULL;
    made->unmet = unmet;
    for (size_t i = from; i < mutation->patch->count; i++)
        strings_add(&made->paths, trace->arena, mutation->patch->items[i].path);
}

static void run_mutations(const struct policy *policy, struct mutation *mutation)
{
    const struct policy_mutation *entries = policy->mutations.items;
    enum match_term term = policy_find_mismatch(policy, mutation->facts);
    const char *unmet = NULL;

    if (term != TERM_NONE && !trace_of(mutation->facts, TRACE_MUTATION))
        return;
    if (term != TERM_NONE)
        unmet = policy_tell_mismatch(policy, mutation->facts, term);
    for (size_t i = 0; i < policy->mutations.count; i++) {
        size_t from = mutation->patch->count;

        if (!unmet)
            defaults_apply(&entries[i].set, mutation);
        trace_mutation(mutation, &entries[i], from, unmet);
    }
}

void policy_set_mutate(const struct policy_set *set, const struct facts *facts, struct patch *patch)
{
    struct mutation mutation = {.facts = facts, .patch = patch};

    /* The API server always sends both; a pod without them runs nowhere. */
    if (!value_is_set(facts->pod.metadata) || !value_is_set(facts->pod.spec))
        return;
    tenancy_apply(&mutation);
    trace_mutation(&mutation, NULL, 0, NULL);
    for (size_t i = 0; i < set->policy_count; i++) {
        if (set->policies[i]->mutations.count)
            run_mutations(set->policies[i], &mutation);
    }
}
