#include "cli/json_schema.h"

#include "base/instant.h"
#include "cli/reference.h"

/* What is said of every field of a type, and the keyword that asks for something in it. */
static const struct {
    const char *json, *filled;
} types[] = {
    [FIELD_STRING] = {"{\"type\": \"string\"}", "minLength"},
    [FIELD_BOOL] = {"{\"type\": \"boolean\"}", NULL},
    [FIELD_INTEGER] = {"{\"type\": \"integer\"}", NULL},
    [FIELD_AMOUNT] = {"{\"type\": [\"number\", \"string\"], \"minimum\": 0,"
                      " \"pattern\": \"^" AMOUNT_PATTERN_JSON "$\"}",
                      NULL},
    [FIELD_ENUM] = {"{}", NULL},
    [FIELD_STRINGS] = {"{\"type\": \"array\", \"uniqueItems\": true,"
                       " \"items\": {\"type\": \"string\", \"minLength\": 1}}",
                       "minItems"},
    [FIELD_ENUMS] = {"{\"type\": \"array\", \"uniqueItems\": true}", "minItems"},
    [FIELD_GLOBS] = {"{\"type\": \"array\", \"uniqueItems\": true,"
                     " \"items\": {\"type\": \"string\", \"minLength\": 1}}",
                     "minItems"},
    [FIELD_STRING_MAP] =
        {"{\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}}",
         "minProperties"},
    [FIELD_REGEX_MAP] = {"{\"type\": \"object\", \"additionalProperties\":"
                         " {\"type\": \"string\", \"minLength\": 1}}",
                         "minProperties"},
    [FIELD_OBJECT] = {"{}", "minProperties"},
    [FIELD_OBJECTS] = {"{\"type\": \"array\"}", "minItems"},
    [FIELD_INSTANT] = {INSTANT_JSON, NULL},
    [FIELD_CUSTOM] = {"{}", NULL},
};

/* Under "$defs", by name; a schema that stands in several places is there once. */
struct definitions {
    struct arena *arena;
    json_t *named;
    struct definition {
        const struct schema *schema;
        const char *name;
    } * items;
    size_t count;
};

static json_t *read_json(const char *text)
{
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

static json_t *list_words(const char *const *words)
{
    json_t *list = json_array();

    for (; *words; words++)
        json_array_append_new(list, json_string(*words));
    return list;
}

static json_t *refer(const char *name, struct arena *arena)
{
    return json_pack("{s:s}", "$ref", arena_printf(arena, "#/$defs/%s", name));
}

static json_t *refer_to_schema(struct definitions *definitions, const struct schema *schema,
                               const char *name);

static void add_words(json_t *object, const struct field *field)
{
    if (field->type == FIELD_ENUM)
        json_object_set_new(object, "enum", list_words(field->words));
    else if (field->type == FIELD_ENUMS)
        json_object_set_new(object, "items", json_pack("{s:o}", "enum", list_words(field->words)));
}

static void add_bounds(json_t *object, const struct field *field)
{
    const char *filled = types[field->type].filled;

    if (filled && !field->may_be_empty)
        json_object_set_new(object, filled, json_integer(1));
    if (field->may_hold_empty)
        json_object_set_new(object, "items", json_pack("{s:s}", "type", "string"));
    if (field->min != 0 || field->max != 0) {
        json_object_set_new(object, "minimum", json_integer(field->min));
        json_object_set_new(object, "maximum", json_integer(field->max));
    }
}

/* The word, or what the table says otherwise. */
static json_t *allow_word(const char *word, json_t *object)
{
    return json_pack("{s:[{s:s}, o]}", "anyOf", "const", word, object);
}

/* `name` is that of the definition which the field stands in. */
static json_t *describe_field(struct definitions *definitions, const struct field *field,
                              const char *name)
{
    json_t *object = read_json(types[field->type].json);
    const char *inner = arena_printf(definitions->arena, "%s.%s", name, field->name);

    add_words(object, field);
    add_bounds(object, field);
    if (field->all)
        object = allow_word(field->all, object);
    json_object_set_new(object, "description", json_string(field->summary));
    if (field->type == FIELD_OBJECT)
        json_object_update_new(object, refer_to_schema(definitions, field->schema, inner));
    else if (field->type == FIELD_OBJECTS)
        json_object_set_new(object, "items", refer_to_schema(definitions, field->schema, inner));
    if (field->json_schema)
        json_object_update_new(object, read_json(field->json_schema));
    if (field->json_default)
        json_object_set_new(object, "default", read_json(field->json_default));
    return object;
}

static json_t *list_choice(const struct schema *schema)
{
    json_t *list = json_array();

    for (const char *const *name = schema->choice; *name; name++)
        json_array_append_new(list, json_pack("{s:[s]}", "required", *name));
    return list;
}

static json_t *describe_schema(struct definitions *definitions, const struct schema *schema,
                               const char *name)
{
    json_t *properties = json_object(), *required = json_array();
    json_t *object = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties,
                               "required", required, "additionalProperties", false);

    for (const struct field *field = schema->fields; field->name; field++) {
        json_object_set_new(properties, field->name, describe_field(definitions, field, name));
        if (field->is_required)
            json_array_append_new(required, json_string(field->name));
    }
    if (schema->choice)
        json_object_set_new(object, schema->is_only_one ? "oneOf" : "anyOf", list_choice(schema));
    if (schema->shorthand)
        object = allow_word(schema->shorthand->words[0], object);
    return object;
}

static json_t *refer_to_schema(struct definitions *definitions, const struct schema *schema,
                               const char *name)
{
    for (size_t i = 0; i < definitions->count; i++) {
        if (definitions->items[i].schema == schema)
            return refer(definitions->items[i].name, definitions->arena);
    }
    *ARENA_APPEND(definitions->arena, definitions->items, definitions->count) =
        (struct definition){schema, name};
    json_object_set_new(definitions->named, name, describe_schema(definitions, schema, name));
    return refer(name, definitions->arena);
}

/* What holds for documents of one kind. */
static json_t *describe_kind(struct definitions *definitions, const struct policy_kind *kind)
{
    json_t *spec = refer_to_schema(definitions, kind->schema, kind->name);
    json_t *then = json_pack("{s:{s:o, s:{s:{s:o}}}}", "properties", "spec", spec, "metadata",
                             "properties", "name", read_json(kind->name_schema));

    return json_pack("{s:{s:{s:{s:s}}, s:[s]}, s:o}", "if", "properties", "kind", "const",
                     kind->name, "required", "kind", "then", then);
}

/* A document of ours; `names` becomes the list of the kinds'. */
static json_t *describe_document(struct definitions *definitions, json_t *names)
{
    json_t *object = describe_schema(definitions, &document_schema, "document");
    json_t *properties = json_object_get(object, "properties"), *kinds = json_array();

    for (const struct policy_kind *kind = reference_kinds(definitions->arena); kind->name; kind++) {
        json_array_append_new(names, json_string(kind->name));
        json_array_append_new(kinds, describe_kind(definitions, kind));
    }
    json_object_set_new(json_object_get(properties, "apiVersion"), "const",
                        json_string(document_api_version));
    json_object_set(json_object_get(properties, "kind"), "enum", names);
    json_object_set_new(object, "allOf", kinds);
    return object;
}

/* What document_is_foreign says: of other APIs, such as the pods that test cases use. Takes
 * `names`. */
static json_t *describe_foreign_take(json_t *names)
{
    return json_pack("{s:{s:{s:s, s:i, s:{s:s}}, s:{s:{s:o}}}, s:[s, s]}", "properties",
                     "apiVersion", "type", "string", "minLength", 1, "not", "pattern",
                     "^fairgate\\.dev/", "kind", "not", "enum", names, "required", "apiVersion",
                     "kind");
}

json_t *json_schema_new(struct arena *arena)
{
    struct definitions definitions = {.arena = arena, .named = json_object()};
    json_t *names = json_array(), *document = describe_document(&definitions, names);

    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "title",
                     "A document of a fairgate policy set", "if", describe_foreign_take(names),
                     "else", document, "$defs", definitions.named);
}
