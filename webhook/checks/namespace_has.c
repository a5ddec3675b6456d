/* namespaceHas: the pod's namespace must hold at least one object of each kind named. */
#include "engine/check.h"

struct namespace_has_settings {
    unsigned kinds; /* a bit for each row of `kinds` below */
};

static const char *const kind_words[] = {"NetworkPolicy", "ResourceQuota", "LimitRange", NULL};

/* In the order of the words. */
static const enum view_kind kinds[] = {VIEW_NETWORK_POLICIES, VIEW_RESOURCE_QUOTAS,
                                       VIEW_LIMIT_RANGES};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const struct field list = {.type = FIELD_ENUMS,
                                  .words = kind_words,
                                  .offset = offsetof(struct namespace_has_settings, kinds)};

static void check_kind(int at, const struct facts *facts, struct findings *findings)
{
    const struct world *world = facts->world;
    const char *field = "metadata.namespace"; /* a template has none */
    const char *namespace = text_quote(facts->arena, facts->namespace);

    if (!world->names || world->lacking & 1U << kinds[at])
        findings_add_next(findings, field, "try again; if it lasts, tell a cluster administrator",
                          "%s is in the namespace \"%s\", and whether that has a %s is not known",
                          facts_subject(facts), namespace, kind_words[at]);
    else if (!view_has_any(world->names, kinds[at], facts->namespace))
        findings_add_next(findings, field,
                          arena_printf(facts->arena,
                                       "create a %s in the namespace first; if it is there "
                                       "already, try again",
                                       kind_words[at]),
                          "%s is in the namespace \"%s\", which has no %s", facts_subject(facts),
                          namespace, kind_words[at]);
}

static void check(const void *settings, const struct facts *facts, struct findings *findings)
{
    const struct namespace_has_settings *has = settings;

    for (int i = 0; i < KIND_COUNT; i++) {
        if (has->kinds & 1U << i)
            check_kind(i, facts, findings);
    }
}

static unsigned views(const void *settings)
{
    const struct namespace_has_settings *has = settings;
    unsigned asked = 0;

    for (int i = 0; i < KIND_COUNT; i++) {
        if (has->kinds & 1U << i)
            asked |= 1U << kinds[i];
    }
    return asked;
}

const struct check_kind namespace_has_check = {
    .name = "namespaceHas",
    .summary = "objects that the pod's namespace must hold at least one of",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_START | EVALUATE_TEMPLATE,
    .list = &list,
    .check = check,
    .views = views,
};
