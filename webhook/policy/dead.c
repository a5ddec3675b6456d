#include "policy/dead.h"

#include "tenancy/tenancy.h"

/* ---- one function for each way to be dead, and one line in a table below */

/* The requests that a policy can be asked about at all. */
static unsigned matched_evaluations(const struct match *match)
{
    static const unsigned pods = EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE |
                                 EVALUATE_POD_EPHEMERAL | EVALUATE_POD_RESIZE | EVALUATE_POD_START |
                                 EVALUATE_TEMPLATE;
    unsigned evaluations = 0;

    if (match->kinds & MATCH_POD)
        evaluations |= pods;
    if (match->kinds & MATCH_NAMESPACE)
        evaluations |= EVALUATE_NAMESPACE;
    if (!(match->operations & MATCH_CREATE))
        evaluations &= ~(unsigned)EVALUATE_POD_CREATE;
    if (!(match->operations & MATCH_UPDATE))
        evaluations &= ~(unsigned)(EVALUATE_POD_UPDATE | EVALUATE_POD_EPHEMERAL |
                                   EVALUATE_POD_RESIZE | EVALUATE_POD_START);
    return evaluations;
}

static void find_unjudged_rules(const struct policy *policy, struct problems *problems)
{
    const struct policy_rule *rules = policy->rules.items;
    unsigned evaluations = matched_evaluations(&policy->match);

    for (size_t i = 0; i < policy->rules.count; i++) {
        if (rules[i].check && !(rules[i].check->evaluations & evaluations))
            problems_add(problems, node_find_key(rules[i].node, rules[i].check->name),
                         "this rule can never apply: \"%s\" does not judge what match selects",
                         rules[i].check->name);
    }
}

static void find_unmatched_mutations(const struct policy *policy, struct problems *problems)
{
    if (policy->mutations.count &&
        !((policy->match.kinds & MATCH_POD) && (policy->match.operations & MATCH_CREATE)))
        problems_add(problems, node_find_key(policy->node, "mutate"),
                     "this can never apply: only pods that are created are mutated, which match "
                     "does not select");
}

static bool read_glob(const struct node *node, struct arena *arena, struct glob *out)
{
    struct error ignored;

    return node->kind == NODE_STRING && glob_parse(node->text, arena, out, &ignored);
}

/* The list under a member, where it is one; else an empty one. */
static const struct node *find_list(const struct node *map, const char *name)
{
    static const struct node none = {.kind = NODE_LIST};
    const struct node *list = node_find(map, name);

    return list && list->kind == NODE_LIST ? list : &none;
}

/* The first pattern that matches every text; NULL: none does. */
static const struct node *find_star(const struct node *list, struct arena *arena)
{
    struct glob star, glob;

    if (!read_glob(&(struct node){.kind = NODE_STRING, .text = BYTES("*")}, arena, &star))
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (read_glob(&list->children[i], arena, &glob) && glob_covers(&glob, &star))
            return &list->children[i];
    }
    return NULL;
}

/* Every request has a user, groups and a namespace. */
static void find_excluded_everybody(const struct policy *policy, struct problems *problems)
{
    static const char *const members[] = {"users", "groups", "namespaces"};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const struct node *star =
            find_star(find_list(policy->match.exclude.node, members[i]), problems->arena);

        if (star)
            problems_add(problems, star, "this policy can never apply: all %s are excluded",
                         members[i]);
    }
}

static void find_excluded_namespaces(const struct policy *policy, struct problems *problems)
{
    const struct node *matched = find_list(policy->match.node, "namespaces");
    const struct globs *excluded = &policy->match.exclude.namespaces;
    struct glob glob;

    for (size_t i = 0; i < matched->count; i++) {
        for (size_t j = 0; j < excluded->count; j++) {
            if (!read_glob(&matched->children[i], problems->arena, &glob) ||
                !glob_covers(&excluded->items[j], &glob))
                continue;
            problems_add(problems, &matched->children[i],
                         "this can never apply: \"%s\" is excluded by \"%s\"", glob.text,
                         excluded->items[j].text);
            break;
        }
    }
}

static void find_contradicting_labels(const struct policy *policy, struct problems *problems)
{
    const struct selector *labels = &policy->match.labels;

    if (labels->node && selector_excludes(labels, labels))
        problems_add(problems, node_find_key(policy->match.node, "labels"),
                     "this policy can never apply: its labels contradict each other");
}

static void find_accelerated_namespaces(const struct policy *policy, struct problems *problems)
{
    const struct node *node = node_find_key(policy->match.node, "accelerators");

    if (policy->match.accelerators != MATCH_REQUIRED || !(policy->match.kinds & MATCH_NAMESPACE))
        return;
    if (policy->match.kinds == MATCH_NAMESPACE)
        problems_add(problems, node,
                     "this policy can never apply: no namespace asks for an accelerator");
    else
        problems_warn(problems, node, "this leaves namespaces out: none asks for an accelerator");
}

/* RFC 1123 labels, as the API server checks names of namespaces. */
static bool can_be_namespace(struct bytes pattern)
{
    size_t least = 0;

    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];
        bool is_end = i == 0 || i == pattern.len - 1;

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && !is_end) ||
              c == '*' || c == '?'))
            return false;
        least += c != '*';
    }
    return least <= 63;
}

static void find_impossible_namespaces(const struct node *list, struct problems *problems)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct node *item = &list->children[i];

        if (item->kind == NODE_STRING && !can_be_namespace(item->text))
            problems_add(problems, item,
                         "\"%s\" matches no namespace: names have at most 63 lower-case letters, "
                         "digits and '-', which is at neither end",
                         text_quote(problems->arena, item->text));
    }
}

static void find_impossible_matches(const struct policy *policy, struct problems *problems)
{
    find_impossible_namespaces(find_list(policy->match.node, "namespaces"), problems);
    find_impossible_namespaces(find_list(policy->match.exclude.node, "namespaces"), problems);
}

/* ---- */

void dead_check_policy(const struct policy *policy, struct problems *problems)
{
    static void (*const ways[])(const struct policy *, struct problems *) = {
        find_unjudged_rules,      find_unmatched_mutations,  find_excluded_everybody,
        find_excluded_namespaces, find_contradicting_labels, find_accelerated_namespaces,
        find_impossible_matches,
    };

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        ways[i](policy, problems);
}

void dead_check_tenancy(const struct tenancy *tenancy, struct problems *problems)
{
    const struct node *cluster = tenancy->cluster.node;
    const struct node *exempt = find_list(node_find(cluster, "exempt"), "namespaces");
    const struct node *star = find_star(exempt, problems->arena);

    if (star)
        problems_add(problems, star, "nothing would be judged: every namespace is exempt");
    find_impossible_namespaces(exempt, problems);
    for (size_t i = 0; i < tenancy->tenant_count; i++)
        find_impossible_namespaces(find_list(tenancy->tenants[i]->node, "namespaces"), problems);
}
