#include "cli/reference.h"

#include <stdlib.h>

#include "base/choice.h"
#include "cli/policy_test.h"

const struct policy_kind *reference_kinds(struct arena *arena)
{
    const struct policy_kind *policy = load_kinds(arena);
    struct policy_kind *kinds;
    size_t count = 0;

    while (policy[count].name)
        count++;
    kinds = arena_alloc(arena, (count + 2) * sizeof(*kinds));
    memcpy(kinds, policy, count * sizeof(*kinds));
    kinds[count] = policy_test_kind;
    return kinds;
}

/* The first part of a path; `*rest` begins behind it. */
static struct bytes next_part(const char **rest)
{
    struct bytes part = {*rest, strcspn(*rest, ".")};

    *rest += part.len + ((*rest)[part.len] == '.');
    return part;
}

static bool is_same_word(struct bytes a, const char *b)
{
    return a.len == strlen(b) && !strncasecmp(a.data, b, a.len);
}

static const char *suggest(const struct strings *names, struct bytes got, struct arena *arena)
{
    const char *nearest = strings_nearest(names->items, names->count, got);

    return nearest ? arena_printf(arena, "did you mean \"%s\"?", nearest)
                   : arena_printf(arena, "there are %s", strings_join(names, names->count, arena));
}

static const struct policy_kind *find_kind(struct bytes name, struct arena *arena,
                                           struct error *err)
{
    struct strings names = {0};

    for (const struct policy_kind *kind = reference_kinds(arena); kind->name; kind++) {
        if (is_same_word(name, kind->name))
            return kind;
        strings_add(&names, arena, kind->name);
    }
    error_set(err, "there is no kind \"%s\"; %s", text_quote(arena, name),
              suggest(&names, name, arena));
    return NULL;
}

static const struct field *find_field(const struct schema *schema, struct bytes name)
{
    for (const struct field *field = schema->fields; field->name; field++) {
        if (bytes_is(name, field->name))
            return field;
    }
    return NULL;
}

const struct schema *reference_inner(const struct field *field)
{
    bool has_fields = field->type == FIELD_OBJECT || field->type == FIELD_OBJECTS;

    return has_fields ? field->schema : NULL;
}

static bool refuse_field(const struct reference_place *place, struct bytes name,
                         struct arena *arena, struct error *err)
{
    const char *where = place->kind->name;
    struct strings names = {0};

    if (*place->path)
        where = arena_printf(arena, "%s.%s", where, place->path);
    if (!place->schema)
        return error_set(err, "%s is of type %s and has no fields", where,
                         reference_type(place->field));
    for (const struct field *field = place->schema->fields; field->name; field++)
        strings_add(&names, arena, field->name);
    return error_set(err, "%s has no field \"%s\"; %s", where, text_quote(arena, name),
                     suggest(&names, name, arena));
}

/* From the place that was reached to one of its fields. */
static bool go_to(struct reference_place *place, struct bytes name, struct arena *arena,
                  struct error *err)
{
    const struct field *field = place->schema ? find_field(place->schema, name) : NULL;

    if (!field)
        return refuse_field(place, name, arena, err);
    place->path = arena_printf(arena, "%s%s%s", place->path, *place->path ? "." : "", field->name);
    place->field = field;
    place->schema = reference_inner(field);
    return true;
}

bool reference_find(const char *text, struct arena *arena, struct reference_place *out,
                    struct error *err)
{
    struct reference_place place = {.path = ""};
    const char *rest = text;
    struct bytes first;

    place.kind = find_kind(next_part(&rest), arena, err);
    if (!place.kind)
        return false;
    place.schema = place.kind->schema;
    first = (struct bytes){rest, strcspn(rest, ".")};
    if (bytes_is(first, "spec"))
        next_part(&rest);
    else if (!find_field(place.schema, first) && find_field(&document_schema, first))
        place.schema = &document_schema;
    while (*rest) {
        if (!go_to(&place, next_part(&rest), arena, err))
            return false;
    }
    *out = place;
    return true;
}

const char *reference_type(const struct field *field)
{
    static const char *const names[] = {
        [FIELD_STRING] = "string",
        [FIELD_BOOL] = "boolean",
        [FIELD_INTEGER] = "integer",
        [FIELD_AMOUNT] = "amount",
        [FIELD_ENUM] = "string",
        [FIELD_STRINGS] = "[]string",
        [FIELD_ENUMS] = "[]string",
        [FIELD_GLOBS] = "[]glob",
        [FIELD_STRING_MAP] = "map[string]string",
        [FIELD_REGEX_MAP] = "map[string]pattern",
        [FIELD_OBJECT] = "Object",
        [FIELD_OBJECTS] = "[]Object",
        [FIELD_INSTANT] = "instant",
        [FIELD_CUSTOM] = "any",
    };

    return field->type_name ? field->type_name : names[field->type];
}

const char *reference_default(const struct field *field, struct arena *arena)
{
    json_t *value = NULL;
    const char *text = field->json_default;

    if (text)
        value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (json_string_length(value) > 0)
        text = arena_copy(arena, bytes_from(json_string_value(value)));
    json_decref(value);
    return text;
}

const char *reference_bounds(const struct field *field, struct arena *arena)
{
    if (field->min == 0 && field->max == 0)
        return NULL;
    if (field->max == INT64_MAX)
        return arena_printf(arena, "at least %lld", (long long)field->min);
    return arena_printf(arena, "%lld to %lld", (long long)field->min, (long long)field->max);
}

const char *reference_choice(const struct schema *schema, struct arena *arena)
{
    if (!schema->choice)
        return NULL;
    return arena_printf(arena, "%s of %s is required", schema->is_only_one ? "exactly one" : "one",
                        choice_join(schema->choice, arena));
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *list_words(const char *const *words)
{
    json_t *list = json_array();

    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    return list;
}

static json_t *list_fields(const struct schema *schema, bool is_recursive, struct arena *arena);

static json_t *describe(const struct field *field, bool is_recursive, struct arena *arena)
{
    const struct schema *inner = reference_inner(field);
    json_t *object = json_pack("{s:s, s:s, s:b}", "name", field->name, "type",
                               reference_type(field), "required", field->is_required);

    set_text(object, "description", field->summary);
    if (field->words)
        json_object_set_new(object, "enum", list_words(field->words));
    set_text(object, "bounds", reference_bounds(field, arena));
    if (field->json_default)
        json_object_set_new(object, "default",
                            json_loads(field->json_default, JSON_DECODE_ANY, NULL));
    if (inner)
        set_text(object, "choice", reference_choice(inner, arena));
    if (inner && is_recursive)
        json_object_set_new(object, "fields", list_fields(inner, true, arena));
    return object;
}

static json_t *list_fields(const struct schema *schema, bool is_recursive, struct arena *arena)
{
    json_t *list = json_array();

    for (const struct field *field = schema->fields; field->name; field++)
        json_array_append_new(list, describe(field, is_recursive, arena));
    return list;
}

json_t *reference_json(const struct reference_place *place, bool is_recursive, struct arena *arena)
{
    json_t *object =
        json_pack("{s:s, s:s}", "kind", place->kind->name, "apiVersion", document_api_version);

    if (place->field) {
        set_text(object, "path", place->path);
        json_object_update_new(object, describe(place->field, false, arena));
    } else {
        set_text(object, "description", place->kind->summary);
        set_text(object, "choice", reference_choice(place->schema, arena));
    }
    if (place->schema)
        json_object_set_new(object, "fields", list_fields(place->schema, is_recursive, arena));
    return object;
}
