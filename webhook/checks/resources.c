/* resources: which limits and requests containers must have, and how large they may be.
 *
 * A pod-level limit satisfies requireLimits (KEP-2837), and the pod's own are held against `max`,
 * too. Ephemeral containers have no resources. */
#include "engine/check.h"
#include "kube/quantity.h"
#include "kube/resource_name.h"

struct maximum {
    const struct node *node;
    const char *name;
    struct amount max;
};

struct resource_settings {
    const struct node *node;
    struct strings require_limits, require_requests;
    struct maxima {
        struct maximum *items;
        size_t count;
    } max;
    int containers; /* 0 all, 1 main */
};

static const char *const container_words[] = {"all", "main", NULL};

static bool read_max(const struct node *node, struct arena *arena, void *out,
                     struct problems *problems)
{
    struct maxima *maxima = out;
    bool is_sound = true;

    if (node->kind != NODE_MAP) {
        problems_add(problems, node, "\"max\": expected a map, got %s",
                     node_describe(node, problems->arena));
        return false;
    }
    if (node->count == 0) {
        problems_add(problems, node, "\"max\" must not be empty");
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct node *key = &node->children[2 * i], *value = &node->children[2 * i + 1];
        struct maximum *item = ARENA_APPEND(arena, maxima->items, maxima->count);

        item->node = key;
        item->name = arena_copy(arena, key->text);
        is_sound &= quantity_read_node(value, &item->max, problems);
    }
    return is_sound;
}

static const struct field fields[] = {
    {.name = "requireLimits",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct resource_settings, require_limits),
     .summary = "resources for which every container must have a limit"},
    {.name = "requireRequests",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct resource_settings, require_requests),
     .summary = "resources for which every container must have a request (a limit is one)"},
    {.name = "max",
     .type = FIELD_CUSTOM,
     .read = read_max,
     .offset = offsetof(struct resource_settings, max),
     .summary = "what a container may ask for at most, by resource",
     .type_name = "map[string]quantity",
     .json_schema = QUANTITY_MAP_JSON},
    {.name = "containers",
     .type = FIELD_ENUM,
     .words = container_words,
     .offset = offsetof(struct resource_settings, containers),
     .summary = "all: init and sidecars too; main: those under containers only",
     .json_default = "\"all\""},
    {0},
};

/* No resource has a wildcard in its name: the rule would ask for what nothing has. */
static void check_name(const struct node *name, struct problems *problems)
{
    if (!memchr(name->text.data, '*', name->text.len) &&
        !memchr(name->text.data, '?', name->text.len))
        resource_name_check(name, problems);
    else
        problems_add(problems, name, "\"%s\" is a pattern: here each resource has its whole name",
                     text_quote(problems->arena, name->text));
}

static void check_names(const struct resource_settings *settings, struct problems *problems)
{
    static const char *const lists[] = {"requireLimits", "requireRequests"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct node *list = node_find(settings->node, lists[i]);

        for (size_t j = 0; list && j < list->count; j++)
            check_name(&list->children[j], problems);
    }
    for (size_t i = 0; i < settings->max.count; i++)
        check_name(settings->max.items[i].node, problems);
}

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    (void)arena;
    check_names(out, problems);
}

static const char *const choice[] = {"requireLimits", "requireRequests", "max", NULL};

static const struct schema settings_schema = {.name = "resources",
                                              .fields = fields,
                                              .choice = choice,
                                              .size = sizeof(struct resource_settings),
                                              .finish = finish};

/* Of a container, or (container NULL) of the pod as a whole. */
struct holder {
    const struct container *container;
    const struct resource_amounts *requests, *limits;
};

static const char *holder_field(const struct holder *holder, const struct facts *facts,
                                const struct findings *findings)
{
    if (findings_are_full(findings))
        return "";
    return holder->container ? facts_field(facts, holder->container->value)
                             : facts_path(facts, "spec");
}

/* The pod's own limits and requests do as well. */
static void check_required(const struct strings *required, const char *what,
                           const struct holder *holder, const struct facts *facts,
                           struct findings *findings)
{
    bool is_limit = !strcmp(what, "limit");
    const struct resource_amounts *own = is_limit ? holder->limits : holder->requests;
    const struct resource_amounts *pods =
        is_limit ? &facts->pod.pod_limits : &facts->pod.pod_requests;

    for (size_t i = 0; i < required->count; i++) {
        struct bytes name = bytes_from(required->items[i]);

        if (resource_find(own, name) || resource_find(pods, name))
            continue;
        findings_add_next(findings,
                          arena_printf(facts->arena, "%s.resources.%ss",
                                       holder_field(holder, facts, findings), what),
                          arena_printf(facts->arena, "set a %s for %s in the container", what,
                                       required->items[i]),
                          "%s has the container \"%s\" without a %s for %s", facts_subject(facts),
                          text_quote(facts->arena, holder->container->name), what,
                          required->items[i]);
    }
}

static const struct amount *larger(const struct amount *a, const struct amount *b)
{
    if (!a || !b)
        return a ? a : b;
    return amount_compare(*a, *b) >= 0 ? a : b;
}

static void check_max(const struct resource_settings *settings, const struct holder *holder,
                      const struct facts *facts, struct findings *findings)
{
    for (size_t i = 0; i < settings->max.count; i++) {
        const struct maximum *max = &settings->max.items[i];
        struct bytes name = bytes_from(max->name);
        const struct amount *asked =
            larger(resource_find(holder->requests, name), resource_find(holder->limits, name));
        const char *who = " for the pod";

        if (!asked || amount_compare(*asked, max->max) <= 0)
            continue;
        if (holder->container)
            who = arena_printf(facts->arena, " in the container \"%s\"",
                               text_quote(facts->arena, holder->container->name));
        findings_add_next(findings,
                          arena_printf(facts->arena, "%s.resources",
                                       holder_field(holder, facts, findings)),
                          arena_printf(facts->arena, "ask for %s of %s at most",
                                       quantity_write(max->max, name, facts->arena), max->name),
                          "%s asks for %s of %s%s, more than %s", facts_subject(facts),
                          quantity_write(*asked, name, facts->arena), max->name, who,
                          quantity_write(max->max, name, facts->arena));
    }
}

static void check(const void *out, const struct facts *facts, struct findings *findings)
{
    const struct resource_settings *settings = out;
    const struct pod *pod = &facts->pod;
    struct holder holder;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container *container = &pod->containers[i];

        holder = (struct holder){container, &container->requests, &container->limits};
        if (container->kind == CONTAINER_EPHEMERAL ||
            (settings->containers == 1 && container->kind != CONTAINER_MAIN))
            continue;
        check_required(&settings->require_limits, "limit", &holder, facts, findings);
        check_required(&settings->require_requests, "request", &holder, facts, findings);
        check_max(settings, &holder, facts, findings);
    }
    holder = (struct holder){NULL, &pod->pod_requests, &pod->pod_limits};
    check_max(settings, &holder, facts, findings);
}

const struct check_kind resources_check = {
    .name = "resources",
    .summary = "limits and requests that containers must have, and how large they may be",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE | EVALUATE_TEMPLATE,
    .settings = &settings_schema,
    .check = check,
};
