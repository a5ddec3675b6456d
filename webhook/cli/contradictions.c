/* Plain pods are judged as the server would, once with what an entry sets and once without. */
#include "cli/contradictions.h"

#include "cli/judge.h"
#include "policy/policy.h"

/* A set may have thousands of tenants and of policies: what is wrong shows in the first ones. */
enum { MOST_NAMESPACES = 64, MOST_PODS = 1024 };

struct probe {
    const struct policy_set *set;
    struct problems *problems;
    int64_t now;
    struct strings told; /* of an entry each rule and field once */
    size_t pods;
    struct arena arena; /* of one pod */
};

static bool decide_on(struct probe *probe, struct bytes pod, enum phase phase, struct trace *trace,
                      struct decision *out)
{
    const struct judge_request request = {
        .uid = "0", .operation = "CREATE", .sub_resource = "", .user = "", .namespace = ""};
    struct decide_input in = {.phase = phase,
                              .policies = probe->set,
                              .now = probe->now,
                              .is_trial = true,
                              .trace = trace};
    struct error ignored;

    return judge_build_review(&request, pod, &probe->arena, &in.body, &ignored) &&
           decide(&in, &probe->arena, out, &ignored);
}

static void tell(struct probe *probe, const struct trace_entry *entry,
                 const struct finding *finding)
{
    struct arena *arena = probe->problems->arena;
    const struct rule *rule = finding->rule;
    const char *key = arena_printf(arena, "%s %s %s", entry->name, rule->name, finding->field);

    if (!strings_add_new(&probe->told, arena, key))
        return;
    problems_warn(probe->problems, node_find_key(entry->node, "set"),
                  "rule \"%s\" denies what this sets: %s", rule->name, finding->text);
}

/* An entry's operations are `count` of the patch's, from `from` on. */
static void judge_entry(struct probe *probe, const struct decision *mutated, size_t from,
                        const struct trace_entry *entry)
{
    const struct patch *patch = &mutated->patch;
    size_t rest = patch->count - from - entry->paths.count;
    struct patch others = {.arena = &probe->arena};
    struct decision with, without;
    struct bytes pod, other_pod;
    struct error ignored;

    others.items = arena_alloc(&probe->arena, (patch->count + 1) * sizeof(*others.items));
    others.count = from + rest;
    memcpy(others.items, patch->items, from * sizeof(*others.items));
    memcpy(others.items + from, patch->items + patch->count - rest, rest * sizeof(*others.items));
    if (!patch_apply(patch, mutated->review.object, &probe->arena, &pod, &ignored) ||
        !patch_apply(&others, mutated->review.object, &probe->arena, &other_pod, &ignored) ||
        !decide_on(probe, pod, PHASE_VALIDATE, NULL, &with) ||
        !decide_on(probe, other_pod, PHASE_VALIDATE, NULL, &without))
        return;
    findings_excuse(&with.findings, 0, &without.findings);
    for (size_t i = 0; i < with.findings.count; i++) {
        const struct finding *finding = &with.findings.items[i];

        if (finding->rule->enforcement == ENFORCE_DENY && !finding->was_there)
            tell(probe, entry, finding);
    }
}

/* What entries add to has to be there, so that one can be left out. */
static struct bytes write_pod(struct probe *probe, const struct policy *policy,
                              const char *namespace, const char *resources)
{
    const struct string_map *labels = &policy->match.labels.match_labels;
    struct buf buf;

    buf_init(&buf, &probe->arena, REVIEW_MAX_READ_BYTES);
    buf_add_text(&buf, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"example\","
                       "\"annotations\":{\"example\":\"\"},\"namespace\":");
    buf_add_json(&buf, bytes_from(namespace));
    buf_add_text(&buf, ",\"labels\":{\"example\":\"\"");
    for (size_t i = 0; i < labels->count; i++) {
        buf_add_char(&buf, ',');
        buf_add_json(&buf, bytes_from(labels->items[i].key));
        buf_add_char(&buf, ':');
        buf_add_json(&buf, bytes_from(labels->items[i].value));
    }
    buf_printf(&buf,
               "}},\"spec\":{\"schedulerName\":\"default-scheduler\",\"nodeSelector\":{\"example\":"
               "\"\"},\"tolerations\":[{\"key\":\"example\",\"operator\":\"Exists\"}],"
               "\"containers\":[{\"name\":\"main\",\"image\":\"example\",\"env\":[{\"name\":"
               "\"EXAMPLE\"}],\"resources\":{%s}}]}}",
               resources);
    return buf_bytes(&buf);
}

static void judge_pod(struct probe *probe, struct bytes pod)
{
    struct trace trace = {.arena = &probe->arena, .kinds = 1u << TRACE_MUTATION};
    const struct trace_list *entries = &trace.lists[TRACE_MUTATION];
    struct decision mutated;
    size_t from = 0;

    probe->pods++;
    if (decide_on(probe, pod, PHASE_MUTATE, &trace, &mutated)) {
        for (size_t i = 0; i < entries->count; i++) {
            const struct trace_entry *entry = &entries->items[i];

            if (entry->node && entry->paths.count)
                judge_entry(probe, &mutated, from, entry);
            from += entry->paths.count;
        }
    }
    arena_reset(&probe->arena);
}

/* A name that the pattern matches. */
static const char *make_example(const struct glob *glob, struct arena *arena)
{
    char *name = arena_copy(arena, bytes_from(glob->text));

    for (char *c = name; *c; c++) {
        if (*c == '*' || *c == '?')
            *c = 'x';
    }
    return name;
}

/* Namespaces whose pods the policy may be about. */
static void find_namespaces(const struct policy *policy, const struct tenancy *tenancy,
                            struct arena *arena, struct strings *out)
{
    const struct match *match = &policy->match;

    for (size_t i = 0; i < match->namespaces.count && out->count < MOST_NAMESPACES; i++)
        strings_add(out, arena, make_example(&match->namespaces.items[i], arena));
    if (out->count)
        return;
    if (match->tenants.count == 0)
        strings_add(out, arena, "example");
    for (size_t i = 0; i < tenancy->tenant_count && out->count < MOST_NAMESPACES; i++) {
        const struct tenant *tenant = tenancy->tenants[i];

        if (tenant->namespaces.count &&
            (match->tenants.count == 0 || globs_match(&match->tenants, bytes_from(tenant->name))))
            strings_add(out, arena, make_example(&tenant->namespaces.items[0], arena));
    }
}

void contradictions_check(const struct policy_set *set, int64_t now, struct problems *problems)
{
    static const char *const resources[] = {"", "\"limits\":{\"nvidia.com/gpu\":\"1\"}"};
    struct probe probe = {.set = set, .problems = problems, .now = now};

    for (size_t i = 0; i < set->policy_count; i++) {
        const struct policy *policy = set->policies[i];
        struct strings namespaces = {0};

        if (policy->mutations.count)
            find_namespaces(policy, &set->tenancy, problems->arena, &namespaces);
        for (size_t j = 0; j < namespaces.count * 2 && probe.pods < MOST_PODS; j++)
            judge_pod(&probe, write_pod(&probe, policy, namespaces.items[j / 2], resources[j % 2]));
    }
    arena_release(&probe.arena);
}
