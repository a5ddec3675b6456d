#include "tenancy/ladder.h"

const char *const preemption_policy_names[] = {"PreemptLowerPriority", "Never", NULL};

/* k8s.io/api/scheduling/v1: HighestUserDefinablePriority, and int32's least. */
static const int64_t highest_value = 1000000000, lowest_value = -2147483648LL;

static const struct field tier_fields[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct tier, name),
     .summary = "what people call the tier"},
    {.name = "class",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct tier, class_name),
     .summary = "its PriorityClass"},
    {.name = "value",
     .type = FIELD_INTEGER,
     .is_required = true,
     .min = -2147483648LL,
     .max = 1000000000,
     .offset = offsetof(struct tier, value),
     .summary = "the value of its PriorityClass"},
    {.name = "preemptionPolicy",
     .type = FIELD_ENUM,
     .words = preemption_policy_names,
     .offset = offsetof(struct tier, policy),
     .summary = "whether its pods may evict others at all",
     .json_default = "\"PreemptLowerPriority\""},
    {.name = "preempts",
     .type = FIELD_STRINGS,
     .is_required = true,
     .may_be_empty = true,
     .offset = offsetof(struct tier, preempts),
     .summary = "the classes whose pods its pods may evict"},
    {0},
};

static const char *const tier_identity[] = {"class", NULL};

static const struct schema tier_schema = {.name = "tiers",
                                          .fields = tier_fields,
                                          .size = sizeof(struct tier),
                                          .identity = tier_identity};

static const struct field fields[] = {
    {.name = "tiers",
     .type = FIELD_OBJECTS,
     .schema = &tier_schema,
     .is_required = true,
     .offset = offsetof(struct ladder, tiers),
     .summary = "the tiers, most important first"},
    {.name = "required",
     .type = FIELD_BOOL,
     .offset = offsetof(struct ladder, is_required),
     .summary = "an accelerator pod must end up with a class of the ladder",
     .json_default = "true"},
    {0},
};

bool tier_preempts(const struct tier *above, const struct tier *below)
{
    return above->policy != PREEMPT_NEVER && above->value > below->value;
}

const struct tier *ladder_find(const struct ladder *ladder, struct bytes class_name)
{
    const struct tier *tiers = ladder->tiers.items;

    for (size_t i = 0; i < ladder->tiers.count; i++) {
        if (tiers[i].class_name && bytes_is(class_name, tiers[i].class_name))
            return &tiers[i];
    }
    return NULL;
}

/* The names that the tiers give, in the text; NULL where it is none. */
static const struct node *class_of(const struct node *tier)
{
    const struct node *name = node_find(tier, "class");

    return name && name->kind == NODE_STRING && name->text.len ? name : NULL;
}

static bool is_named_before(const struct node *tiers, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (bytes_equal(class_of(&tiers->children[i])->text, class_of(&tiers->children[at])->text))
            return true;
    }
    return false;
}

bool ladder_may_have(const struct ladder *ladder, struct bytes class_name)
{
    const struct node *tiers = node_find(ladder->node, "tiers");

    if (!tiers || tiers->kind != NODE_LIST || tiers->count == 0)
        return true;
    for (size_t i = 0; i < tiers->count; i++) {
        const struct node *name = class_of(&tiers->children[i]);

        if (!name || bytes_equal(name->text, class_name) || is_named_before(tiers, i))
            return true;
    }
    return false;
}

static const char *class_or_name(const struct tier *tier)
{
    return tier->class_name ? tier->class_name : tier->name ? tier->name : "?";
}

const char *ladder_suggest(const struct ladder *ladder, struct bytes class_name,
                           struct arena *arena)
{
    const struct tier *tiers = ladder->tiers.items;
    struct strings classes = {0};
    const char *nearest;

    for (size_t i = 0; i < ladder->tiers.count; i++) {
        if (tiers[i].class_name)
            strings_add(&classes, arena, tiers[i].class_name);
    }
    nearest = strings_nearest(classes.items, classes.count, class_name);
    return nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "";
}

/* Does the list name only classes of the ladder? What it lacks may be what was mistyped. */
static bool knows_all(const struct ladder *ladder, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!ladder_find(ladder, bytes_from(names->items[i])))
            return false;
    }
    return true;
}

/* One pair of tiers: what `preempts` says must be what Kubernetes does. */
static void check_pair(const struct ladder *ladder, const struct tier *above,
                       const struct tier *below, struct problems *problems)
{
    const struct node *list = node_find(above->node, "preempts");
    bool says = strings_has(&above->preempts, bytes_from(below->class_name));
    bool does = tier_preempts(above, below);

    if (!list || list->kind != NODE_LIST || says == does ||
        !strcmp(above->class_name, below->class_name))
        return;
    if (says && above->policy == PREEMPT_NEVER)
        problems_add(problems, list,
                     "%s preempts %s here, but with preemptionPolicy Never it can't",
                     above->class_name, below->class_name);
    else if (says && above > below) /* else the tiers' order is told as the mistake */
        problems_add(problems, list,
                     "%s preempts %s here, but its value %lld is not above %lld, so it can't",
                     above->class_name, below->class_name, (long long)above->value,
                     (long long)below->value);
    else if (!says && knows_all(ladder, &above->preempts))
        problems_add(problems, list,
                     "%s doesn't preempt %s here, but its value %lld is above %lld, so it can; "
                     "list it, or set preemptionPolicy: Never",
                     above->class_name, below->class_name, (long long)above->value,
                     (long long)below->value);
}

static bool is_whole(const struct tier *tier)
{
    const struct node *value = node_find(tier->node, "value");

    return tier->class_name && value && value->kind == NODE_INTEGER;
}

static void check_listed(const struct ladder *ladder, const struct node *list,
                         struct problems *problems)
{
    for (size_t i = 0; list && list->kind == NODE_LIST && i < list->count; i++) {
        const struct node *item = &list->children[i];

        if (item->kind == NODE_STRING && !ladder_may_have(ladder, item->text))
            problems_add(problems, item, "the ladder has no class \"%s\"%s",
                         text_quote(problems->arena, item->text),
                         ladder_suggest(ladder, item->text, problems->arena));
    }
}

static void check_names(const struct ladder *ladder, size_t at, struct problems *problems)
{
    const struct tier *tiers = ladder->tiers.items, *tier = &tiers[at];

    for (size_t i = 0; i < at; i++) {
        if (tier->class_name && tiers[i].class_name &&
            !strcmp(tier->class_name, tiers[i].class_name))
            problems_add(problems, node_find(tier->node, "class"),
                         "class \"%s\" has a tier already, at line %u", tier->class_name,
                         tiers[i].node->line);
        if (tier->name && tiers[i].name && !strcmp(tier->name, tiers[i].name))
            problems_add(problems, node_find(tier->node, "name"),
                         "tier \"%s\" is there already, at line %u", tier->name,
                         tiers[i].node->line);
    }
    if (at > 0 && is_whole(tier) && is_whole(&tiers[at - 1]) && tier->value >= tiers[at - 1].value)
        problems_add(problems, node_find(tier->node, "value"),
                     "tiers stand most important first: %s must be below %lld, the value of %s",
                     tier->class_name, (long long)tiers[at - 1].value,
                     class_or_name(&tiers[at - 1]));
    check_listed(ladder, node_find(tier->node, "preempts"), problems);
}

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    struct ladder *ladder = out;
    const struct tier *tiers = ladder->tiers.items;

    (void)arena;
    ladder->lowest = highest_value;
    for (size_t i = 0; i < ladder->tiers.count; i++) {
        check_names(ladder, i, problems);
        if (tiers[i].value >= lowest_value && tiers[i].value < ladder->lowest)
            ladder->lowest = tiers[i].value;
        for (size_t j = 0; j < ladder->tiers.count && is_whole(&tiers[i]); j++) {
            if (j != i && is_whole(&tiers[j]))
                check_pair(ladder, &tiers[i], &tiers[j], problems);
        }
        if (is_whole(&tiers[i]) && strings_has(&tiers[i].preempts, bytes_from(tiers[i].class_name)))
            problems_add(problems, node_find(tiers[i].node, "preempts"),
                         "%s can't preempt itself: Kubernetes evicts lower values only",
                         tiers[i].class_name);
    }
}

const struct schema ladder_schema = {.name = "PriorityLadder",
                                     .fields = fields,
                                     .size = sizeof(struct ladder),
                                     .finish = finish};

void ladder_init_defaults(struct ladder *ladder)
{
    *ladder = (struct ladder){.is_required = true};
}
