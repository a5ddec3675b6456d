/* labels, annotations: which keys an object must carry, with values that match a pattern, and which
 * it must not.
 *
 * For a Namespace the same is asked of the namespace's own metadata. */
#include "engine/check.h"
#include "kube/selector.h"

struct label_settings {
    const struct node *node;
    struct regex_map required;
    struct strings forbidden;
};

static const struct field fields[] = {
    {.name = "required",
     .type = FIELD_REGEX_MAP,
     .offset = offsetof(struct label_settings, required),
     .json_schema = "{\"propertyNames\": " SELECTOR_KEY_JSON "}",
     .summary = "keys that must be there, each with a pattern that the whole value must match"},
    {.name = "forbidden",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct label_settings, forbidden),
     .summary = "keys that must not be there"},
    {0},
};

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    const struct label_settings *settings = out;
    const struct node *forbidden = node_find(settings->node, "forbidden");

    for (size_t i = 0; forbidden && i < forbidden->count; i++) {
        const struct node *item = &forbidden->children[i];

        if (item->kind == NODE_STRING && item->text.len)
            selector_check_key(item, text_quote(arena, item->text), problems);
    }
    for (size_t i = 0; i < settings->required.count; i++) {
        const struct regex_pair *pair = &settings->required.items[i];

        selector_check_key(pair->node, pair->key, problems);
        if (strings_has(&settings->forbidden, bytes_from(pair->key)))
            problems_add(problems, pair->node, "\"%s\" is required and forbidden: no object passes",
                         pair->key);
    }
}

static const char *const choice[] = {"required", "forbidden", NULL};

static const struct schema settings_schema = {.name = "labels",
                                              .fields = fields,
                                              .choice = choice,
                                              .size = sizeof(struct label_settings),
                                              .finish = finish};

/* Which of the two maps of metadata is judged, and how messages call its entries. */
struct map {
    struct value value;
    const char *what, *field;
};

static void check_required(const struct regex_pair *pair, const struct map *map,
                           const struct facts *facts, struct findings *findings)
{
    struct value value = value_member(map->value, pair->key);
    const char *path;
    enum regex_result result;

    if (value_type(value) != VALUE_STRING) {
        path = facts_key_field(facts, map->field, pair->key);
        findings_add_next(findings, path,
                          arena_printf(facts->arena, "add the %s %s with a value that matches %s",
                                       map->what, pair->key, regex_text(pair->regex)),
                          "%s has no %s \"%s\"", facts_subject(facts), map->what, pair->key);
        return;
    }
    result = regex_matches(pair->regex, value_text(value));
    if (result == REGEX_YES)
        return;
    path = facts_key_field(facts, map->field, pair->key);
    findings->value = value_text(value);
    if (result == REGEX_ERROR)
        findings_add_next(findings, path, "use a shorter value",
                          "%s: the %s \"%s\" can't be matched with \"%s\": too much effort",
                          facts_subject(facts), map->what, pair->key, regex_text(pair->regex));
    else
        findings_add_next(findings, path,
                          arena_printf(facts->arena, "give the %s %s a value that matches %s",
                                       map->what, pair->key, regex_text(pair->regex)),
                          "%s has the %s %s=\"%s\", which does not match \"%s\"",
                          facts_subject(facts), map->what, pair->key,
                          text_clean(facts->arena, value_text(value), 128),
                          regex_text(pair->regex));
}

static void check_map(const struct label_settings *settings, const struct map *map,
                      const struct facts *facts, struct findings *findings)
{
    for (size_t i = 0; i < settings->required.count; i++)
        check_required(&settings->required.items[i], map, facts, findings);
    for (size_t i = 0; i < settings->forbidden.count; i++) {
        const char *key = settings->forbidden.items[i];
        struct value value = value_member(map->value, key);

        if (value_type(value) == VALUE_ABSENT)
            continue;
        findings->value = value_text(value);
        findings_add_next(findings, facts_key_field(facts, map->field, key),
                          arena_printf(facts->arena, "remove the %s %s", map->what, key),
                          "%s has the %s \"%s\", which is forbidden", facts_subject(facts),
                          map->what, key);
    }
}

static void check_labels(const void *settings, const struct facts *facts, struct findings *findings)
{
    const struct map map = {facts->pod.labels, "label", "metadata.labels"};

    check_map(settings, &map, facts, findings);
}

static void check_annotations(const void *settings, const struct facts *facts,
                              struct findings *findings)
{
    const struct map map = {facts->pod.annotations, "annotation", "metadata.annotations"};

    check_map(settings, &map, facts, findings);
}

enum {
    EVALUATIONS = EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE | EVALUATE_TEMPLATE | EVALUATE_NAMESPACE
};

const struct check_kind labels_check = {
    .name = "labels",
    .summary = "labels that must be there, and labels that must not",
    .evaluations = EVALUATIONS,
    .settings = &settings_schema,
    .check = check_labels,
};

const struct check_kind annotations_check = {
    .name = "annotations",
    .summary = "annotations that must be there, and annotations that must not",
    .evaluations = EVALUATIONS,
    .settings = &settings_schema,
    .check = check_annotations,
};
