#include "policy/policy.h"

#include <assert.h>

#include "policy/dead.h"

static const char *const kind_words[] = {"Pod", "Namespace", NULL};
static const char *const operation_words[] = {"CREATE", "UPDATE", NULL};
static const char *const accelerator_words[] = {"any", "required", "none",
                                                NULL}; /* as MATCH_ANY and on */
static const char *const enforcement_words[] = {"deny", "warn", "audit", NULL};

#define EXCLUDE_OFFSET(member)                                                                     \
    (offsetof(struct match, exclude.member) - offsetof(struct match, exclude))

static const struct field exclude_fields[] = {
    {.name = "users",
     .type = FIELD_GLOBS,
     .offset = EXCLUDE_OFFSET(users),
     .summary = "users, by name or glob, whose requests are left alone"},
    {.name = "groups",
     .type = FIELD_GLOBS,
     .offset = EXCLUDE_OFFSET(groups),
     .summary = "groups, by name or glob, whose requests are left alone"},
    {.name = "namespaces",
     .type = FIELD_GLOBS,
     .offset = EXCLUDE_OFFSET(namespaces),
     .summary = "namespaces, by name or glob, that are left alone"},
    {0},
};

static const struct schema exclude_schema = {.name = "exclude",
                                             .fields = exclude_fields,
                                             .size = sizeof(((struct match *)0)->exclude)};

static const struct field match_fields[] = {
    {.name = "kinds",
     .type = FIELD_ENUMS,
     .words = kind_words,
     .offset = offsetof(struct match, kinds),
     .summary = "Pod: pods, and every pod template; Namespace",
     .json_default = "[\"Pod\"]"},
    {.name = "operations",
     .type = FIELD_ENUMS,
     .words = operation_words,
     .offset = offsetof(struct match, operations),
     .summary = "what is done to the object",
     .json_default = "[\"CREATE\", \"UPDATE\"]"},
    {.name = "tenants",
     .type = FIELD_GLOBS,
     .offset = offsetof(struct match, tenants),
     .summary = "tenants, by name or glob; default: any, and none"},
    {.name = "namespaces",
     .type = FIELD_GLOBS,
     .offset = offsetof(struct match, namespaces),
     .summary = "namespaces, by name or glob; default: any"},
    {.name = "labels",
     .type = FIELD_OBJECT,
     .schema = &selector_schema,
     .offset = offsetof(struct match, labels),
     .summary = "a selector over the object's labels"},
    {.name = "accelerators",
     .type = FIELD_ENUM,
     .words = accelerator_words,
     .offset = offsetof(struct match, accelerators),
     .summary = "required: only pods that ask for one; none: only pods that don't",
     .json_default = "\"any\""},
    {.name = "exclude",
     .type = FIELD_OBJECT,
     .schema = &exclude_schema,
     .offset = offsetof(struct match, exclude),
     .summary = "what is left alone all the same"},
    {0},
};

static const struct schema match_schema = {.name = "match",
                                           .fields = match_fields,
                                           .size = sizeof(struct match)};

/* As check_id. */
#define ID_JSON "{\"pattern\": \"^[-A-Za-z0-9_.]+$\"}"

/* The keys of a rule that aren't the name of a check. */
static const struct field rule_fields[] = {
    {.name = "id",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct policy_rule, id),
     .summary = "the rule's name within the policy: messages call it POLICY/ID",
     .json_schema = ID_JSON},
    {.name = "message",
     .type = FIELD_STRING,
     .offset = offsetof(struct policy_rule, message),
     .summary = "what a denied tenant is told to do next",
     .json_schema = "{\"pattern\": \"^[^\\\\u0000-\\\\u001f]*$\"}"},
    {.name = "enforce",
     .type = FIELD_ENUM,
     .words = enforcement_words,
     .offset = offsetof(struct policy_rule, enforcement),
     .summary = "what a violation of this rule gets; default: as the policy says"},
};

enum { RULE_FIELDS = sizeof(rule_fields) / sizeof(rule_fields[0]) };

static size_t check_count(void)
{
    size_t count = 0;

    while (check_kinds[count])
        count++;
    return count;
}

/* An id is part of a rule's name, which stands in messages, logs and annotations. */
static void check_id(const struct node *entry, struct problems *problems)
{
    const struct node *id = node_find(entry, "id");
    static const char others[] = "-_.";

    for (size_t i = 0; id && id->kind == NODE_STRING && i < id->text.len; i++) {
        char c = id->text.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c && strchr(others, c)))
            continue;
        problems_add(problems, id, "\"id\": expected letters, digits, '-', '_' and '.', got \"%s\"",
                     text_quote(problems->arena, id->text));
        return;
    }
}

/* A message stands on one line of a denial; a second one could be taken for the program's own. */
static void check_message(const struct node *rule, struct problems *problems)
{
    const struct node *message = node_find(rule, "message");

    for (size_t i = 0; message && message->kind == NODE_STRING && i < message->text.len; i++) {
        if ((unsigned char)message->text.data[i] >= ' ')
            continue;
        problems_add(problems, message, "\"message\": must be one line without control characters");
        return;
    }
}

/* The one check of a rule, told from the key that was given. */
static void finish_rule(void *out, struct arena *arena, struct problems *problems)
{
    struct policy_rule *rule = out;

    (void)arena;
    check_id(rule->node, problems);
    check_message(rule->node, problems);
    for (size_t i = 0; check_kinds[i] && !rule->check; i++) {
        if (node_find(rule->node, check_kinds[i]->name))
            rule->check = check_kinds[i];
    }
}

static const struct field mutation_fields[] = {
    {.name = "id",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct policy_mutation, id),
     .summary = "the entry's name within the policy",
     .json_schema = ID_JSON},
    {.name = "set",
     .type = FIELD_OBJECT,
     .schema = &defaults_schema,
     .is_required = true,
     .offset = offsetof(struct policy_mutation, set),
     .summary = "what a pod gets where it says nothing itself"},
    {0},
};

static const char *const id_identity[] = {"id", NULL};

static const struct schema mutation_schema = {.name = "mutate",
                                              .fields = mutation_fields,
                                              .size = sizeof(struct policy_mutation),
                                              .identity = id_identity};

static const struct field policy_fields[] = {
    {.name = "enforce",
     .type = FIELD_ENUM,
     .words = enforcement_words,
     .offset = offsetof(struct policy, enforcement),
     .summary =
         "what a violation gets: deny; warn: allowed, and kubectl shows it; audit: recorded only",
     .json_default = "\"deny\""},
    {.name = "match",
     .type = FIELD_OBJECT,
     .schema = &match_schema,
     .offset = offsetof(struct policy, match),
     .summary = "what the policy is about: everything given must hold; default: every pod"},
    {.name = "rules",
     .type = FIELD_OBJECTS,
     .offset = offsetof(struct policy, rules),
     .summary = "what is asked, each with an id and one check"},
    {.name = "mutate",
     .type = FIELD_OBJECTS,
     .schema = &mutation_schema,
     .offset = offsetof(struct policy, mutations),
     .summary = "what is filled in when a pod is created"},
    {0},
};

static const struct node *find_id(const struct node *list, size_t i)
{
    const struct node *id = node_find(&list->children[i], "id");

    return id && id->kind == NODE_STRING ? id : NULL;
}

/* Told from what is written, so that a mistake in one rule hides none in another. */
static void refuse_same_ids(const struct node *spec, const char *member, const char *what,
                            struct problems *problems)
{
    const struct node *list = node_find(spec, member);

    for (size_t i = 1; list && list->kind == NODE_LIST && i < list->count; i++) {
        const struct node *id = find_id(list, i), *other = NULL;

        for (size_t j = 0; id && !other && j < i; j++) {
            other = find_id(list, j);
            if (other && !bytes_equal(id->text, other->text))
                other = NULL;
        }
        if (other)
            problems_add(problems, id, "the policy has a %s \"%s\" already, at line %u", what,
                         text_quote(problems->arena, id->text), other->line);
    }
}

static void finish_policy(void *out, struct arena *arena, struct problems *problems)
{
    struct policy *policy = out;
    const struct policy_mutation *mutations = policy->mutations.items;

    (void)arena;
    for (size_t i = 0; i < policy->mutations.count; i++)
        check_id(mutations[i].node, problems);
    dead_check_policy(policy, problems);
}

static const char *const policy_choice[] = {"rules", "mutate", NULL};

static struct field field_of(const struct check_kind *check)
{
    struct field field = {.type = FIELD_OBJECT, .schema = check->settings};

    assert(!check->settings || check->settings->size <= POLICY_SETTINGS_BYTES);
    if (check->list)
        field = *check->list;
    field.name = check->name;
    field.offset += offsetof(struct policy_rule, settings);
    field.summary = check->summary;
    return field;
}

const struct schema *policy_schema_new(struct arena *arena)
{
    size_t checks = check_count();
    struct field *rule = arena_alloc(arena, (RULE_FIELDS + checks + 1) * sizeof(*rule));
    struct field *fields = arena_alloc(arena, sizeof(policy_fields));
    const char **names = arena_alloc(arena, (checks + 1) * sizeof(*names));
    struct schema *rule_schema = arena_alloc(arena, sizeof(*rule_schema));
    struct schema *schema = arena_alloc(arena, sizeof(*schema));

    memcpy(rule, rule_fields, sizeof(rule_fields));
    for (size_t i = 0; i < checks; i++) {
        names[i] = check_kinds[i]->name;
        rule[RULE_FIELDS + i] = field_of(check_kinds[i]);
    }
    *rule_schema = (struct schema){.name = "rules",
                                   .fields = rule,
                                   .size = sizeof(struct policy_rule),
                                   .choice = names,
                                   .is_only_one = true,
                                   .finish = finish_rule,
                                   .identity = id_identity};
    memcpy(fields, policy_fields, sizeof(policy_fields));
    for (struct field *field = fields; field->name; field++) {
        if (!strcmp(field->name, "rules"))
            field->schema = rule_schema;
    }
    *schema = (struct schema){.name = "Policy",
                              .fields = fields,
                              .size = sizeof(struct policy),
                              .choice = policy_choice,
                              .finish = finish_policy};
    return schema;
}

bool policy_read(const struct schema *schema, const struct node *spec, struct arena *arena,
                 struct policy *out, struct problems *problems)
{
    struct policy_mutation *mutations;
    struct policy_rule *rules;
    bool is_sound;

    out->match.kinds = MATCH_POD;
    out->match.operations = MATCH_CREATE | MATCH_UPDATE;
    is_sound = schema_read(schema, spec, arena, out, problems);
    refuse_same_ids(spec, "rules", "rule", problems);
    refuse_same_ids(spec, "mutate", "mutation", problems);
    rules = out->rules.items;
    for (size_t i = 0; i < out->rules.count; i++) {
        if (!node_find(rules[i].node, "enforce"))
            rules[i].enforcement = out->enforcement;
        rules[i].rule = (struct rule){.name = arena_printf(arena, "%s/%s", out->name,
                                                           rules[i].id ? rules[i].id : "?"),
                                      .node = rules[i].node,
                                      .enforcement = (enum enforcement)rules[i].enforcement,
                                      .next = rules[i].message};
    }
    mutations = out->mutations.items;
    for (size_t i = 0; i < out->mutations.count; i++)
        mutations[i].name =
            arena_printf(arena, "%s/%s", out->name, mutations[i].id ? mutations[i].id : "?");
    return is_sound;
}

static bool matches_operation(const struct match *match, const struct facts *facts)
{
    bool is_create = facts->review->operation == OPERATION_CREATE;
    unsigned wanted = is_create ? MATCH_CREATE : MATCH_UPDATE;

    /* The pods of a template are created, whatever happens to the template. */
    if (facts->evaluation == EVALUATE_TEMPLATE)
        wanted |= MATCH_CREATE;
    return match->operations & wanted;
}

static enum match_term find_exclusion(const struct match *match, const struct facts *facts)
{
    if (!match->exclude.node)
        return TERM_NONE;
    if (globs_match(&match->exclude.users, facts->review->user))
        return TERM_EXCLUDED_USER;
    if (globs_match(&match->exclude.namespaces, facts->namespace))
        return TERM_EXCLUDED_NAMESPACE;
    for (struct value group = value_first(facts->review->groups);
         value_type(group) && match->exclude.groups.count; group = value_next(group)) {
        if (globs_match(&match->exclude.groups, value_text(group)))
            return TERM_EXCLUDED_GROUP;
    }
    return TERM_NONE;
}

static bool matches_accelerators(const struct match *match, const struct facts *facts)
{
    return match->accelerators == MATCH_ANY ||
           (match->accelerators == MATCH_REQUIRED) == facts->demand.is_accelerated;
}

/* Without a look at the tenant. */
static enum match_term find_mismatch(const struct policy *policy, const struct facts *facts)
{
    const struct match *match = &policy->match;
    bool is_namespace = facts->evaluation == EVALUATE_NAMESPACE;

    if (!(match->kinds & (is_namespace ? MATCH_NAMESPACE : MATCH_POD)))
        return TERM_KINDS;
    if (!matches_operation(match, facts))
        return TERM_OPERATIONS;
    if (!matches_accelerators(match, facts))
        return TERM_ACCELERATORS;
    if (match->namespaces.count && !globs_match(&match->namespaces, facts->namespace))
        return TERM_NAMESPACES;
    if (match->labels.node && !selector_matches(&match->labels, facts->pod.labels))
        return TERM_LABELS;
    return find_exclusion(match, facts);
}

bool policy_may_apply(const struct policy *policy, const struct facts *facts)
{
    return find_mismatch(policy, facts) == TERM_NONE;
}

enum match_term policy_find_mismatch(const struct policy *policy, const struct facts *facts)
{
    const struct globs *tenants = &policy->match.tenants;

    if (tenants->count &&
        (!facts->tenant || !globs_match(tenants, bytes_from(facts->tenant->name))))
        return TERM_TENANTS;
    return find_mismatch(policy, facts);
}

bool policy_overlaps(const struct policy *a, const struct policy *b)
{
    const struct match *left = &a->match, *right = &b->match;

    if (!(left->kinds & right->kinds) || !(left->operations & right->operations))
        return false;
    if (left->accelerators != MATCH_ANY && right->accelerators != MATCH_ANY &&
        left->accelerators != right->accelerators)
        return false;
    if (left->tenants.count && right->tenants.count &&
        !globs_overlap(&left->tenants, &right->tenants))
        return false;
    if (left->namespaces.count && right->namespaces.count &&
        !globs_overlap(&left->namespaces, &right->namespaces))
        return false;
    return !selector_excludes(&left->labels, &right->labels);
}
