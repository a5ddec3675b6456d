#include "tenancy/exception.h"

#define GRANT_OFFSET(member)                                                                       \
    (offsetof(struct exception, grant.member) - offsetof(struct exception, grant))

static const struct field grant_fields[] = {
    {.name = "gpus",
     .type = FIELD_AMOUNT,
     .is_required = true,
     .offset = GRANT_OFFSET(gpus),
     .summary = "GPUs by which guaranteed and burst are raised"},
    {0},
};

static const struct schema grant_schema = {.name = "grant",
                                           .fields = grant_fields,
                                           .size = sizeof(((struct exception *)0)->grant)};

static const struct field fields[] = {
    {.name = "tenants",
     .type = FIELD_GLOBS,
     .is_required = true,
     .offset = offsetof(struct exception, tenants),
     .summary = "the tenants it is for, by name or glob"},
    {.name = "grant",
     .type = FIELD_OBJECT,
     .schema = &grant_schema,
     .offset = offsetof(struct exception, grant),
     .summary = "what each of these tenants may hold beyond its caps"},
    {.name = "rules",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct exception, rules),
     .summary =
         "rules that don't apply: names or leading parts; tenant/*: the tenant's own checks"},
    {.name = "pods",
     .type = FIELD_OBJECT,
     .schema = &selector_schema,
     .offset = offsetof(struct exception, pods),
     .summary = "a selector over pods' labels; default: all that is these tenants'"},
    {.name = "from",
     .type = FIELD_INSTANT,
     .offset = offsetof(struct exception, window.from),
     .summary = "when it begins; default: it has begun"},
    {.name = "until",
     .type = FIELD_INSTANT,
     .is_required = true,
     .offset = offsetof(struct exception, window.until),
     .summary = "when it ends; the instant itself is outside"},
    {.name = "reason",
     .type = FIELD_STRING,
     .offset = offsetof(struct exception, reason),
     .summary = "what it is for"},
    {.name = "approvedBy",
     .type = FIELD_STRING,
     .offset = offsetof(struct exception, approved_by),
     .summary = "who has agreed to it"},
    {.name = "ticket",
     .type = FIELD_STRING,
     .offset = offsetof(struct exception, ticket),
     .summary = "where it was asked for"},
    {0},
};

static const char *const choice[] = {"grant", "rules", NULL};

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    const struct exception *exception = out;
    const struct node *node = exception->node;

    (void)arena;
    window_check(&exception->window, node, problems);
    if (exception->grant.node && amount_is_zero(exception->grant.gpus))
        problems_add(problems, node_find(exception->grant.node, "gpus"),
                     "\"gpus\": a grant of 0 raises nothing");
    if (exception->pods.node && selector_excludes(&exception->pods, &exception->pods))
        problems_add(problems, node_find_key(node, "pods"),
                     "this exception can never apply: its labels contradict each other");
}

const struct schema exception_schema = {.name = "Exception",
                                        .fields = fields,
                                        .size = sizeof(struct exception),
                                        .choice = choice,
                                        .finish = finish};
