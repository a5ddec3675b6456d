/* defaults: what /mutate fills in for the policies, only where the pod says nothing itself.
 *
 * A patch is built from the pod as it came, so that it always applies: parents are added where they
 * are missing, single keys are added, never whole maps replaced. A second look at the result finds
 * nothing left to do. */
#include "checks/checks.h"
#include "checks/templates.h"
#include "kube/quantity.h"
#include "kube/selector.h"

static const char *const operator_words[] = {"Equal", "Exists", NULL};
static const char *const effect_words[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};

static const struct field toleration_fields[] = {
    {.name = "key",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct toleration, key),
     .summary = "the taint's key"},
    {.name = "operator",
     .type = FIELD_ENUM,
     .words = operator_words,
     .offset = offsetof(struct toleration, operator),
     .summary = "Equal: the taint has this value; Exists: any",
     .json_default = "\"Equal\""},
    {.name = "value",
     .type = FIELD_STRING,
     .offset = offsetof(struct toleration, value),
     .summary = "the taint's value, with Equal"},
    {.name = "effect",
     .type = FIELD_ENUM,
     .words = effect_words,
     .offset = offsetof(struct toleration, effect),
     .summary = "the effect that is tolerated; default: all of them"},
    {.name = "tolerationSeconds",
     .type = FIELD_INTEGER,
     .max = 2147483647,
     .offset = offsetof(struct toleration, seconds),
     .summary = "how long NoExecute is tolerated"},
    {0},
};

static void finish_toleration(void *out, struct arena *arena, struct problems *problems)
{
    struct toleration *toleration = out;

    (void)arena;
    toleration->has_effect = node_find(toleration->node, "effect");
    toleration->has_seconds = node_find(toleration->node, "tolerationSeconds");
    if (toleration->operator== TOLERATION_EXISTS && toleration->value)
        problems_add(problems, node_find_key(toleration->node, "value"),
                     "\"value\" is for operator Equal only");
    if (toleration->has_seconds &&
        !(toleration->has_effect && !strcmp(effect_words[toleration->effect], "NoExecute")))
        problems_add(problems, node_find_key(toleration->node, "tolerationSeconds"),
                     "\"tolerationSeconds\" is for effect NoExecute only");
}

static const struct schema toleration_schema = {.name = "tolerations",
                                                .fields = toleration_fields,
                                                .size = sizeof(struct toleration),
                                                .finish = finish_toleration};

static const struct field fields[] = {
    {.name = "schedulerName",
     .type = FIELD_STRING,
     .offset = offsetof(struct defaults, scheduler_name),
     .summary = "spec.schedulerName, in place of none and of default-scheduler"},
    {.name = "runtimeClassName",
     .type = FIELD_STRING,
     .offset = offsetof(struct defaults, runtime_class),
     .summary = "spec.runtimeClassName"},
    {.name = "labels",
     .type = FIELD_STRING_MAP,
     .may_be_empty = true,
     .offset = offsetof(struct defaults, labels),
     .summary = "labels",
     .json_schema = "{\"propertyNames\": " SELECTOR_KEY_JSON "}"},
    {.name = "annotations",
     .type = FIELD_STRING_MAP,
     .may_be_empty = true,
     .offset = offsetof(struct defaults, annotations),
     .summary = "annotations"},
    {.name = "tolerations",
     .type = FIELD_OBJECTS,
     .may_be_empty = true,
     .schema = &toleration_schema,
     .offset = offsetof(struct defaults, tolerations),
     .summary = "each is added unless one with its key and effect is there"},
    {.name = "nodeSelector",
     .type = FIELD_STRING_MAP,
     .may_be_empty = true,
     .offset = offsetof(struct defaults, node_selector),
     .summary = "spec.nodeSelector",
     .json_schema = "{\"propertyNames\": " SELECTOR_KEY_JSON "}"},
    {.name = "hideUnrequestedGpus",
     .type = FIELD_BOOL,
     .offset = offsetof(struct defaults, hides_gpus),
     .summary = "NVIDIA_VISIBLE_DEVICES=void where a container asks for no GPU",
     .json_default = "false"},
    {0},
};

/* A text that an entry sets, and what it has to be. */
struct setting {
    const struct node *node;
    const char *text;
    bool is_label; /* it has to be what a label's value can be */
};

struct settings {
    struct setting *items;
    size_t count;
};

static void add_setting(struct settings *out, struct arena *arena, struct setting setting)
{
    if (setting.text)
        *ARENA_APPEND(arena, out->items, out->count) = setting;
}

static void add_map(struct settings *out, struct arena *arena, const struct string_map *map,
                    bool is_label)
{
    for (size_t i = 0; i < map->count; i++)
        add_setting(out, arena,
                    (struct setting){map->items[i].node + 1, map->items[i].value, is_label});
}

/* All texts that may hold templates. */
static struct settings list_settings(const struct defaults *defaults, struct arena *arena)
{
    const struct node *scheduler = node_find(defaults->node, "schedulerName");
    const struct node *runtime = node_find(defaults->node, "runtimeClassName");
    const struct toleration *tolerations = defaults->tolerations.items;
    struct settings list = {0};

    add_setting(&list, arena, (struct setting){scheduler, defaults->scheduler_name, false});
    add_setting(&list, arena, (struct setting){runtime, defaults->runtime_class, true});
    add_map(&list, arena, &defaults->labels, true);
    add_map(&list, arena, &defaults->annotations, false);
    add_map(&list, arena, &defaults->node_selector, true);
    for (size_t i = 0; i < defaults->tolerations.count; i++)
        add_setting(&list, arena,
                    (struct setting){node_find(tolerations[i].node, "value"), tolerations[i].value,
                                     true});
    return list;
}

/* The API server would refuse every pod that gets one. Where the namespace is a part of it, only
 * its length could depend on which one it is. */
void defaults_check_tenant(const struct defaults *defaults, const struct tenant *tenant,
                           struct problems *problems)
{
    const struct settings list = list_settings(defaults, problems->arena);

    for (size_t i = 0; i < list.count; i++) {
        const struct setting *setting = &list.items[i];
        const char *value;

        if (!setting->is_label || !templates_are_in(setting->text))
            continue;
        value = templates_fill(setting->text, tenant, "n", problems->arena);
        if (value && !selector_is_value(bytes_from(value)))
            problems_add(problems, setting->node,
                         "\"%s\" can't be a label's value, which this is for tenant \"%s\" (%s:%u)",
                         text_quote(problems->arena, bytes_from(value)), tenant->name,
                         tenant->node->source->name, tenant->node->line);
    }
}

static void check_settings(const struct defaults *defaults, struct problems *problems)
{
    const struct settings list = list_settings(defaults, problems->arena);

    for (size_t i = 0; i < list.count; i++) {
        const struct setting *setting = &list.items[i];
        size_t known = problems->count;

        templates_check(setting->node, problems);
        if (setting->is_label && problems->count == known && !templates_are_in(setting->text) &&
            !selector_is_value(bytes_from(setting->text)))
            problems_add(problems, setting->node, "\"%s\" can't be a label's value",
                         text_quote(problems->arena, bytes_from(setting->text)));
    }
}

static void check_keys(const struct string_map *map, struct problems *problems)
{
    for (size_t i = 0; i < map->count; i++)
        selector_check_key(map->items[i].node, map->items[i].key, problems);
}

/* Is there a key that no field has? It was told already. */
static bool has_strange_key(const struct node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct field *field = fields;

        while (field->name && !bytes_is(map->children[2 * i].text, field->name))
            field++;
        if (!field->name)
            return true;
    }
    return false;
}

static bool sets_nothing(const struct defaults *defaults)
{
    return !has_strange_key(defaults->node) && !defaults->scheduler_name &&
           !defaults->runtime_class && defaults->labels.count == 0 &&
           defaults->annotations.count == 0 && defaults->tolerations.count == 0 &&
           defaults->node_selector.count == 0 && !node_find(defaults->node, "hideUnrequestedGpus");
}

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    struct defaults *defaults = out;
    const struct node *given = node_find(defaults->node, "schedulerName");

    (void)arena;
    check_settings(defaults, problems);
    check_keys(&defaults->labels, problems);
    check_keys(&defaults->node_selector, problems);
    if (sets_nothing(defaults))
        problems_add(problems, defaults->node, "\"set\" must not be empty");
    if (given && bytes_is(given->text, "default-scheduler"))
        problems_add(problems, given, "default-scheduler is what a pod has that says nothing");
    for (size_t i = 0; i < defaults->labels.count; i++) {
        if (!strcmp(defaults->labels.items[i].key, WORKLOAD_LABEL))
            problems_add(problems, defaults->labels.items[i].node, "the label %s is fairgate's own",
                         WORKLOAD_LABEL);
    }
}

const struct schema defaults_schema = {.name = "set",
                                       .fields = fields,
                                       .size = sizeof(struct defaults),
                                       .finish = finish};

void mutation_set(struct mutation *mutation, const char *parent, struct value existing,
                  struct bytes key, const char *value)
{
    struct arena *arena = mutation->facts->arena;
    const char *path = pointer_join(arena, parent, key);

    if (value_is_set(value_member_named(existing, key)) ||
        strings_has(&mutation->made, bytes_from(path)))
        return;
    if (!value_is_set(existing) && !strings_has(&mutation->made, bytes_from(parent))) {
        patch_add(mutation->patch, parent, "{}");
        strings_add(&mutation->made, arena, parent);
    }
    patch_add(mutation->patch, path, value);
    strings_add(&mutation->made, arena, path);
}

/* What is set, with its templates filled in; NULL: the field is left out, because one of them is
 * empty, or because no label could have the value, as of a namespace that makes it too long. */
static const char *fill(const char *text, bool is_label, const struct facts *facts)
{
    const char *namespace = text_quote(facts->arena, facts->namespace);
    const char *value = templates_fill(text, facts->tenant, namespace, facts->arena);

    return !value || !is_label || selector_is_value(bytes_from(value)) ? value : NULL;
}

static void set_map(const struct string_map *map, const char *parent, struct value existing,
                    bool is_label, struct mutation *mutation)
{
    for (size_t i = 0; i < map->count; i++) {
        const char *value = fill(map->items[i].value, is_label, mutation->facts);

        if (value)
            mutation_set(mutation, parent, existing, bytes_from(map->items[i].key),
                         text_as_json(mutation->facts->arena, bytes_from(value)));
    }
}

static const char *write_toleration(const struct toleration *toleration, const char *value,
                                    struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, 4096);
    buf_add_text(&buf, "{\"key\":");
    buf_add_json(&buf, bytes_from(toleration->key));
    buf_printf(&buf, ",\"operator\":\"%s\"", operator_words[toleration->operator]);
    if (value) {
        buf_add_text(&buf, ",\"value\":");
        buf_add_json(&buf, bytes_from(value));
    }
    if (toleration->has_effect)
        buf_printf(&buf, ",\"effect\":\"%s\"", effect_words[toleration->effect]);
    if (toleration->has_seconds)
        buf_printf(&buf, ",\"tolerationSeconds\":%lld", (long long)toleration->seconds);
    buf_add_char(&buf, '}');
    return buf.data;
}

static bool has_toleration(struct value list, const struct toleration *wanted)
{
    struct bytes effect = bytes_from(wanted->has_effect ? effect_words[wanted->effect] : "");

    for (struct value t = value_first(list); value_type(t); t = value_next(t)) {
        if (bytes_is(value_text(value_member(t, "key")), wanted->key) &&
            bytes_equal(value_text(value_member(t, "effect")), effect))
            return true;
    }
    return false;
}

static void add_toleration(const struct toleration *toleration, struct mutation *mutation)
{
    struct arena *arena = mutation->facts->arena;
    struct value list = mutation->facts->pod.tolerations;
    const char *mark = arena_printf(arena, "toleration %s %d", toleration->key,
                                    toleration->has_effect ? toleration->effect : -1);
    const char *value = toleration->value ? fill(toleration->value, true, mutation->facts) : NULL;

    /* Without its value it would tolerate another taint. */
    if (toleration->value && !value)
        return;
    if (has_toleration(list, toleration) || strings_has(&mutation->made, bytes_from(mark)))
        return;
    if (!value_is_set(list) && !strings_has(&mutation->made, BYTES("/spec/tolerations"))) {
        patch_add(mutation->patch, "/spec/tolerations", "[]");
        strings_add(&mutation->made, arena, "/spec/tolerations");
    }
    patch_add(mutation->patch, "/spec/tolerations/-", write_toleration(toleration, value, arena));
    strings_add(&mutation->made, arena, mark);
}

static bool has_variable(const struct container *container, const char *name)
{
    for (struct value e = value_first(container->env); value_type(e); e = value_next(e)) {
        if (bytes_is(value_text(value_member(e, "name")), name))
            return true;
    }
    return false;
}

static void hide_gpus(struct mutation *mutation)
{
    static const char variable[] = "{\"name\":\"NVIDIA_VISIBLE_DEVICES\",\"value\":\"void\"}";
    static const char mark[] = "NVIDIA_VISIBLE_DEVICES";
    const struct facts *facts = mutation->facts;
    size_t index[2] = {0};

    if (strings_has(&mutation->made, bytes_from(mark)))
        return;
    strings_add(&mutation->made, facts->arena, mark);
    for (size_t i = 0; i < facts->pod.container_count; i++) {
        const struct container *container = &facts->pod.containers[i];
        bool is_main = container->kind == CONTAINER_MAIN;
        const char *path;

        if (container->kind == CONTAINER_EPHEMERAL)
            continue;
        path = arena_printf(facts->arena, "/spec/%s/%zu/env",
                            is_main ? "containers" : "initContainers", index[is_main]++);
        /* A claim can come into view before the pod is judged. It needs no variable: what it gives
         * the container is handed to the runtime itself. */
        if (facts_container_asks(facts, container, false) ||
            facts_container_shares(facts, container) ||
            has_variable(container, "NVIDIA_VISIBLE_DEVICES"))
            continue;
        if (!value_is_set(container->env))
            patch_add(mutation->patch, path, "[]");
        patch_add(mutation->patch, arena_printf(facts->arena, "%s/-", path), variable);
    }
}

static void set_scheduler(const struct defaults *defaults, struct mutation *mutation)
{
    static const char path[] = "/spec/schedulerName";
    const struct facts *facts = mutation->facts;
    struct bytes named = facts->pod.scheduler_name;
    const char *value;

    if ((named.len && !bytes_is(named, "default-scheduler")) ||
        strings_has(&mutation->made, bytes_from(path)))
        return;
    value = fill(defaults->scheduler_name, false, facts);
    if (!value)
        return;
    patch_add(mutation->patch, path, text_as_json(facts->arena, bytes_from(value)));
    strings_add(&mutation->made, facts->arena, path);
}

static void set_runtime_class(const struct defaults *defaults, struct mutation *mutation)
{
    const struct facts *facts = mutation->facts;
    const char *value = fill(defaults->runtime_class, true, facts);

    if (value && facts->pod.runtime_class.len == 0)
        mutation_set(mutation, "/spec", facts->pod.spec, BYTES("runtimeClassName"),
                     text_as_json(facts->arena, bytes_from(value)));
}

void defaults_apply(const struct defaults *defaults, struct mutation *mutation)
{
    const struct pod *pod = &mutation->facts->pod;
    const struct toleration *tolerations = defaults->tolerations.items;

    if (defaults->scheduler_name)
        set_scheduler(defaults, mutation);
    if (defaults->runtime_class)
        set_runtime_class(defaults, mutation);
    set_map(&defaults->labels, "/metadata/labels", pod->labels, true, mutation);
    set_map(&defaults->annotations, "/metadata/annotations", pod->annotations, false, mutation);
    set_map(&defaults->node_selector, "/spec/nodeSelector", pod->node_selector, true, mutation);
    for (size_t i = 0; i < defaults->tolerations.count; i++)
        add_toleration(&tolerations[i], mutation);
    if (defaults->hides_gpus)
        hide_gpus(mutation);
}
