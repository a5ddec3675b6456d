/* scheduler: pods must name a scheduler from the list.
 *
 * A pod that names none counts as asking for default-scheduler, because that is what the API server
 * fills in. */
#include "engine/check.h"

struct scheduler_settings {
    const struct node *node;
    struct strings allow;
};

static const struct field fields[] = {
    {.name = "allow",
     .type = FIELD_STRINGS,
     .is_required = true,
     .offset = offsetof(struct scheduler_settings, allow),
     .summary = "the schedulers that a pod may name"},
    {0},
};

/* No scheduler has a wildcard in its name: the rule would ask for what nothing has. */
static void finish(void *out, struct arena *arena, struct problems *problems)
{
    const struct scheduler_settings *settings = out;
    const struct node *list = node_find(settings->node, "allow");

    (void)arena;
    for (size_t i = 0; i < settings->allow.count; i++) {
        if (strpbrk(settings->allow.items[i], "*?"))
            problems_add(problems, &list->children[i],
                         "\"%s\" is a pattern: here each scheduler has its whole name",
                         text_quote(problems->arena, bytes_from(settings->allow.items[i])));
    }
}

static const struct schema settings_schema = {.name = "scheduler",
                                              .fields = fields,
                                              .size = sizeof(struct scheduler_settings),
                                              .finish = finish};

static void check(const void *settings, const struct facts *facts, struct findings *findings)
{
    const struct scheduler_settings *scheduler = settings;
    struct bytes name = facts->pod.scheduler_name;

    if (name.len == 0)
        name = BYTES("default-scheduler");
    if (!strings_has(&scheduler->allow, name))
        findings_add_next(findings, facts_path(facts, "spec.schedulerName"),
                          arena_printf(facts->arena, "set spec.schedulerName to %s",
                                       strings_join(&scheduler->allow, 4, facts->arena)),
                          "%s names the scheduler \"%s\", which is not allowed here",
                          facts_subject(facts), text_quote(facts->arena, name));
}

const struct check_kind scheduler_check = {
    .name = "scheduler",
    .summary = "which schedulers may place the pod",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_START | EVALUATE_TEMPLATE,
    .settings = &settings_schema,
    .check = check,
};
