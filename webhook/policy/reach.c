#include "policy/reach.h"

#include "base/instant.h"
#include "tenancy/rule_name.h"

/* One entry of an exception's `rules`. */
struct entry {
    const struct policy_set *set;
    const struct loaded *loaded;
    const struct exception *exception;
    const struct node *node;
    const char *text;
    struct problems *problems;
};

static void tell(const struct entry *entry, const char *why)
{
    problems_add(entry->problems, entry->node, "this can never apply: %s", why);
}

static const char *quote(const struct entry *entry, struct bytes text)
{
    return text_quote(entry->problems->arena, text);
}

static void tell_unknown(const struct entry *entry, const char *nearest)
{
    problems_add(entry->problems, entry->node, "there is no rule \"%s\"%s%s%s",
                 quote(entry, bytes_from(entry->text)), nearest ? "; did you mean \"" : "",
                 nearest ? nearest : "", nearest ? "\"?" : "");
}

/* The first rule that the entry stands for, of those that are called PREFIX/LAST for each of
 * `lasts`; NULL, and told, where there is none. */
static const char *find_own(const struct entry *entry, const char *prefix, const char *const *lasts)
{
    struct arena *arena = entry->problems->arena;
    struct strings names = {0};

    for (; *lasts; lasts++) {
        const char *name = arena_printf(arena, "%s/%s", prefix, *lasts);
        size_t len = strlen(prefix) + 1 + strcspn(*lasts, ".");

        if (rule_name_begins(name, entry->text))
            return name;
        strings_add(&names, arena, arena_copy(arena, (struct bytes){name, len}));
        strings_add(&names, arena, name);
    }
    tell_unknown(entry, strings_nearest(names.items, names.count, bytes_from(entry->text)));
    return NULL;
}

/* The text up to a slash, or to its end. */
static struct bytes first_part(const char *text)
{
    return (struct bytes){text, strcspn(text, "/")};
}

static bool is_for(const struct exception *exception, const struct tenant *tenant)
{
    for (size_t i = 0; i < exception->matched_count; i++) {
        if (exception->matched[i] == tenant)
            return true;
    }
    return false;
}

/* "tenant", "tenant/NAME", "tenant/ *" (without the blank), each with a field or without. */
static void check_tenant_rule(const struct entry *entry)
{
    struct arena *arena = entry->problems->arena;
    const char *rest = entry->text + strlen("tenant");
    struct bytes name = first_part(*rest ? rest + 1 : rest);
    const struct tenancy *tenancy = &entry->set->tenancy;
    const struct tenant *tenant = tenancy_find_tenant(tenancy, name);

    if (!*rest)
        return;
    if (!tenant && !bytes_is(name, "*")) {
        if (!entry->loaded->may_lack_tenants)
            problems_add(entry->problems, entry->node,
                         "there is no rule \"%s\": there is no tenant \"%s\"%s",
                         quote(entry, bytes_from(entry->text)), quote(entry, name),
                         tenancy_suggest(tenancy, name, arena));
        return;
    }
    if (!find_own(entry, arena_printf(arena, "tenant/%.*s", BYTES_ARG(name)), rule_tenant_fields))
        return;
    if (tenant && !is_for(entry->exception, tenant))
        tell(entry, arena_printf(arena, "the exception is not for tenant \"%s\"", tenant->name));
}

static void check_ladder_rule(const struct entry *entry)
{
    const struct ladder *ladder = &entry->set->tenancy.ladder;
    const char *name;

    if (!ladder->node && entry->loaded->may_lack_ladder)
        return;
    if (!ladder->node) {
        tell_unknown(entry, NULL);
        return;
    }
    name = find_own(entry, arena_printf(entry->problems->arena, "ladder/%s", ladder->name),
                    rule_ladder_names);
    if (name && rule_name_is_of_classes(name))
        tell(entry, "only PriorityClasses are judged by it, which are no tenant's");
}

static void check_cluster_rule(const struct entry *entry)
{
    if (!strchr(entry->text, '/'))
        return;
    if (find_own(entry, "cluster", rule_cluster_names) && !rule_name_is_liftable(entry->text))
        problems_add(entry->problems, entry->node, "no exception lifts \"%s\"", entry->text);
}

static const struct policy *find_policy(const struct policy_set *set, struct bytes name)
{
    size_t from = 0, to = set->policy_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = bytes_compare(name, bytes_from(set->policies[middle]->name));

        if (order == 0)
            return set->policies[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

static void tell_unknown_policy(const struct entry *entry)
{
    static const char *const own[] = {"tenant", "ladder", "cluster"};
    struct bytes name = first_part(entry->text);
    struct arena *arena = entry->problems->arena;
    struct strings names = {0};
    const char *nearest;

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        strings_add(&names, arena, own[i]);
    for (size_t i = 0; i < entry->set->policy_count; i++)
        strings_add(&names, arena, entry->set->policies[i]->name);
    nearest = strings_nearest(names.items, names.count, name);
    tell_unknown(entry,
                 nearest ? arena_printf(arena, "%s%s", nearest, entry->text + name.len) : NULL);
}

static bool has_rule(const struct entry *entry, const struct policy *policy)
{
    const struct policy_rule *rules = policy->rules.items;
    struct strings names = {0};

    for (size_t i = 0; i < policy->rules.count; i++) {
        if (rule_name_begins(rules[i].rule.name, entry->text))
            return true;
        strings_add(&names, entry->problems->arena, rules[i].rule.name);
    }
    tell_unknown(entry, strings_nearest(names.items, names.count, bytes_from(entry->text)));
    return false;
}

static bool is_for_any(const struct policy *policy, const struct exception *exception)
{
    const struct globs *tenants = &policy->match.tenants;

    for (size_t i = 0; i < exception->matched_count; i++) {
        if (globs_match(tenants, bytes_from(exception->matched[i]->name)))
            return true;
    }
    return tenants->count == 0;
}

static void check_policy_rule(const struct entry *entry)
{
    const struct policy *policy = find_policy(entry->set, first_part(entry->text));
    const struct selector *pods = &entry->exception->pods;
    struct arena *arena = entry->problems->arena;

    /* What could not be read may be the rule. */
    if (entry->loaded->may_lack_rules)
        return;
    if (!policy) {
        tell_unknown_policy(entry);
        return;
    }
    if (!has_rule(entry, policy))
        return;
    if (!is_for_any(policy, entry->exception))
        tell(entry, arena_printf(arena, "policy \"%s\" is for other tenants", policy->name));
    else if (pods->node && !(policy->match.kinds & MATCH_POD))
        tell(entry, arena_printf(arena, "policy \"%s\" is not for pods", policy->name));
    else if (pods->node && !selector_excludes(pods, pods) &&
             selector_excludes(pods, &policy->match.labels))
        tell(entry,
             arena_printf(arena, "policy \"%s\" is for pods with other labels", policy->name));
}

static void check_entry(const struct entry *entry)
{
    static const struct {
        const char *first;
        void (*check)(const struct entry *entry);
    } own[] = {
        {"tenant", check_tenant_rule},
        {"ladder", check_ladder_rule},
        {"cluster", check_cluster_rule},
    };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (bytes_is(first_part(entry->text), own[i].first)) {
            own[i].check(entry);
            return;
        }
    }
    check_policy_rule(entry);
}

/* A grant raises caps: of whom there is none, nothing. */
static void check_grant(const struct exception *exception, struct problems *problems)
{
    for (size_t i = 0; i < exception->matched_count; i++) {
        if (exception->matched[i]->gpus.node)
            return;
    }
    problems_add(problems, node_find_key(exception->node, "grant"),
                 "this can never apply: no tenant that it is for has a cap on GPUs");
}

static void check_exception(const struct policy_set *set, const struct loaded *loaded,
                            const struct exception *exception, struct problems *problems)
{
    const struct node *rules = node_find(exception->node, "rules");

    if (!loaded->may_lack_tenants && exception->tenants.count)
        tenancy_check_patterns(&set->tenancy, &exception->tenants,
                               node_find(exception->node, "tenants"), problems);
    /* Of whom it is for nobody, that is told. */
    if (exception->matched_count == 0)
        return;
    if (exception->grant.node && !loaded->may_lack_caps)
        check_grant(exception, problems);
    /* From what is written, so that a mistake in one entry hides none in another. */
    for (size_t i = 0; rules && rules->kind == NODE_LIST && i < rules->count; i++) {
        const struct node *node = &rules->children[i];

        if (node->kind == NODE_STRING && node->text.len)
            check_entry(&(struct entry){set, loaded, exception, node, node->text.data, problems});
    }
}

static void check_reservation(const struct policy_set *set, const struct loaded *loaded,
                              const struct reservation_spec *reservation, struct problems *problems)
{
    struct bytes name = bytes_from(reservation->tenant_name ? reservation->tenant_name : "");
    const struct node *node = node_find(reservation->node, "tenant");
    const struct tenant *tenant = tenancy_find_tenant(&set->tenancy, name);

    if (name.len == 0)
        return;
    if (!tenant && !loaded->may_lack_tenants)
        problems_add(problems, node, "there is no tenant \"%s\"%s",
                     text_quote(problems->arena, name),
                     tenancy_suggest(&set->tenancy, name, problems->arena));
    if (tenant && !tenant->gpus.node && !loaded->may_lack_caps)
        problems_add(problems, node, "this can never apply: tenant \"%s\" has no cap on GPUs",
                     tenant->name);
}

void reach_check(const struct policy_set *set, const struct loaded *loaded,
                 struct problems *problems)
{
    const struct grants *grants = &set->tenancy.grants;

    for (size_t i = 0; i < grants->exception_count; i++)
        check_exception(set, loaded, grants->exceptions[i], problems);
    for (size_t i = 0; i < grants->reservation_count; i++)
        check_reservation(set, loaded, grants->reservations[i], problems);
}

static void warn_over(const char *kind, const char *name, const struct node *spec,
                      const struct window *window, struct problems *problems)
{
    problems_warn(problems, node_find(spec, "until"), "%s \"%s\" is over since %s", kind, name,
                  instant_write(window->until, problems->arena));
}

void reach_warn_over(const struct policy_set *set, int64_t now, struct problems *problems)
{
    const struct grants *grants = &set->tenancy.grants;

    for (size_t i = 0; i < grants->exception_count; i++) {
        const struct exception *each = grants->exceptions[i];

        if (each->window.until <= now && each->window.until > 0)
            warn_over("exception", each->name, each->node, &each->window, problems);
    }
    for (size_t i = 0; i < grants->reservation_count; i++) {
        const struct reservation_spec *each = grants->reservations[i];

        if (each->window.until <= now && each->window.until > 0)
            warn_over("reservation", each->name, each->node, &each->window, problems);
    }
}
