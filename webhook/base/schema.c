#include "base/schema.h"

#include "base/choice.h"
#include "base/instant.h"
#include "base/reading.h"

typedef bool (*reader_fn)(const struct reading *reading, const struct field *field,
                          const struct node *node, void *out);

static struct reading reading_entry(const struct reading *list)
{
    struct reading entry = *list;

    entry.is_entry = true;
    return entry;
}

static bool read_text(const struct reading *reading, const struct node *node, const char **out)
{
    if (!reading_has_value(reading, node))
        return false;
    if (node->kind == NODE_LIST || node->kind == NODE_MAP)
        return reading_unexpected(reading, node, "a string");
    if (node->kind != NODE_STRING) {
        const char *text = text_quote(reading->problems->arena, node->text);

        problems_add(reading->problems, node,
                     "%sexpected a string, got %s; put it in quotes: \"%s\"",
                     reading_prefix(reading), text, text);
        return false;
    }
    if (memchr(node->text.data, '\0', node->text.len)) {
        problems_add(reading->problems, node, "%s must not hold the character U+0000",
                     reading_subject(reading));
        return false;
    }
    *out = node->text.data;
    return true;
}

static bool read_string(const struct reading *reading, const struct field *field,
                        const struct node *node, void *out)
{
    const char *text;

    if (!read_text(reading, node, &text))
        return false;
    if (!*text && !(field && field->may_be_empty))
        return reading_empty(reading, node);
    *(const char **)out = text;
    return true;
}

static bool read_bool(const struct reading *reading, const struct field *field,
                      const struct node *node, void *out)
{
    (void)field;
    if (!reading_has_value(reading, node))
        return false;
    if (node->kind != NODE_BOOL)
        return reading_unexpected(reading, node, "true or false");
    *(bool *)out = node->is_true;
    return true;
}

static const char *describe_range(const struct field *field, struct arena *arena)
{
    if (field->min == 0 && field->max == 0)
        return "an integer of at most 64 bits";
    if (field->max == INT64_MAX)
        return arena_printf(arena, "an integer of at least %lld", (long long)field->min);
    return arena_printf(arena, "an integer from %lld to %lld", (long long)field->min,
                        (long long)field->max);
}

static bool read_integer(const struct reading *reading, const struct field *field,
                         const struct node *node, void *out)
{
    bool has_range = field->min != 0 || field->max != 0;
    int64_t value;

    if (!reading_has_value(reading, node))
        return false;
    if (node->kind != NODE_INTEGER)
        return reading_unexpected(reading, node, "an integer");
    if (!node_read_integer(node, &value) ||
        (has_range && (value < field->min || value > field->max)))
        return reading_unexpected(reading, node, describe_range(field, reading->problems->arena));
    *(int64_t *)out = value;
    return true;
}

static bool is_negative_amount(struct bytes text)
{
    struct amount amount;
    struct error err;

    return text.len > 1 && text.data[0] == '-' && amount_parse(bytes_tail(text, 1), &amount, &err);
}

static bool read_amount(const struct reading *reading, const struct field *field,
                        const struct node *node, void *out)
{
    struct error err;

    (void)field;
    if (!reading_has_value(reading, node))
        return false;
    if (node->kind != NODE_INTEGER && node->kind != NODE_FLOAT && node->kind != NODE_STRING)
        return reading_unexpected(reading, node, "an amount such as 8, 0.5 or 1/4");
    if (node->text.len == 0)
        return reading_empty(reading, node);
    if (is_negative_amount(node->text))
        return reading_unexpected(reading, node, "an amount, which is never below zero");
    if (!amount_parse(node->text, out, &err)) {
        problems_add(reading->problems, node, "%s%s", reading_prefix(reading), err.text);
        return false;
    }
    return true;
}

static bool read_instant(const struct reading *reading, const struct field *field,
                         const struct node *node, void *out)
{
    struct error err;

    (void)field;
    if (!reading_has_value(reading, node))
        return false;
    if (node->kind == NODE_STRING && node->text.len == 0)
        return reading_empty(reading, node);
    return (node->kind == NODE_STRING && instant_parse(node->text, out, &err)) ||
           reading_unexpected(reading, node, "an instant such as 2026-11-21T09:00:00Z");
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;

    while (words[count])
        count++;
    return count;
}

static bool read_word(const struct reading *reading, const struct field *field,
                      const struct node *node, size_t *out)
{
    size_t count = count_words(field->words);
    struct arena *arena = reading->problems->arena;
    struct strings words = {(const char **)field->words, count};
    const char *nearest;

    if (!reading_has_value(reading, node))
        return false;
    for (size_t i = 0; i < count && node->kind == NODE_STRING; i++) {
        if (bytes_is(node->text, field->words[i])) {
            *out = i;
            return true;
        }
    }
    nearest = node->kind == NODE_STRING ? strings_nearest(field->words, count, node->text) : NULL;
    problems_add(reading->problems, node, "%sexpected %s%s%s%s; got %s%s", reading_prefix(reading),
                 count > 1 ? "one of " : "", strings_join(&words, count, arena),
                 field->or_else ? ", or " : "", field->or_else ? field->or_else : "",
                 node_describe(node, arena),
                 nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "");
    return false;
}

static bool read_enum(const struct reading *reading, const struct field *field,
                      const struct node *node, void *out)
{
    size_t index;

    if (!read_word(reading, field, node, &index))
        return false;
    *(int *)out = (int)index;
    return true;
}

/* Is it a list, or a map, with something in it where that is wanted? */
static bool is_filled(const struct reading *reading, const struct field *field,
                      const struct node *node, enum node_kind kind, const char *wanted)
{
    if (!reading_has_value(reading, node))
        return false;
    if (node->kind != kind)
        return reading_unexpected(reading, node, wanted);
    if (node->count == 0 && !field->may_be_empty)
        return reading_empty(reading, node);
    return true;
}

static bool read_strings(const struct reading *reading, const struct field *field,
                         const struct node *node, void *out)
{
    const struct field each = {.may_be_empty = field->may_hold_empty};
    struct reading entry = reading_entry(reading);
    struct strings strings = {0};
    bool is_whole = true;

    if (!is_filled(reading, field, node, NODE_LIST, "a list of strings"))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const char *text;

        if (read_string(&entry, &each, &node->children[i], &text))
            strings_add(&strings, reading->arena, text);
        else
            is_whole = false;
    }
    reading_repeated(reading, node);
    if (is_whole)
        *(struct strings *)out = strings;
    return is_whole;
}

/* The word that stands for all of them. */
static bool read_all(const struct reading *reading, const struct field *field,
                     const struct node *node, void *out)
{
    const char *const words[] = {field->all, NULL};
    const struct field word = {.words = words, .or_else = "a list of words"};
    size_t index;

    if (!read_word(reading, &word, node, &index))
        return false;
    *(unsigned *)out = (unsigned)((UINT64_C(1) << count_words(field->words)) - 1);
    return true;
}

static bool read_enums(const struct reading *reading, const struct field *field,
                       const struct node *node, void *out)
{
    struct reading entry = reading_entry(reading);
    unsigned bits = 0;
    bool is_whole = true;

    if (field->all && node->kind == NODE_STRING)
        return read_all(reading, field, node, out);
    if (!is_filled(reading, field, node, NODE_LIST,
                   field->all ? arena_printf(reading->problems->arena, "%s, or a list of words",
                                             field->all)
                              : "a list of words"))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        size_t index;

        if (read_word(&entry, field, &node->children[i], &index))
            bits |= 1u << index;
        else
            is_whole = false;
    }
    reading_repeated(reading, node);
    if (is_whole)
        *(unsigned *)out = bits;
    return is_whole;
}

static bool read_glob(const struct reading *reading, const struct node *node, struct globs *globs)
{
    const char *text;
    struct glob glob;
    struct error err;

    if (!read_string(reading, NULL, node, &text))
        return false;
    if (!glob_parse(node->text, reading->arena, &glob, &err))
        return reading_no_pattern(reading, node, &err);
    *ARENA_APPEND(reading->arena, globs->items, globs->count) = glob;
    return true;
}

static bool read_globs(const struct reading *reading, const struct field *field,
                       const struct node *node, void *out)
{
    struct reading entry = reading_entry(reading);
    struct globs globs = {0};
    bool is_whole = true;

    if (!is_filled(reading, field, node, NODE_LIST, "a list of patterns"))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        if (!read_glob(&entry, &node->children[i], &globs))
            is_whole = false;
    }
    reading_repeated(reading, node);
    if (is_whole)
        *(struct globs *)out = globs;
    return is_whole;
}

/* A member of a map whose keys are the user's own; the value is named by its key. */
static struct reading reading_pair(const struct reading *map, const struct node *key)
{
    return (struct reading){.name = text_quote(map->problems->arena, key->text),
                            .arena = map->arena,
                            .problems = map->problems};
}

static bool read_string_map(const struct reading *reading, const struct field *field,
                            const struct node *node, void *out)
{
    struct string_map map = {0};
    bool is_whole = true;

    if (!is_filled(reading, field, node, NODE_MAP, "a map of strings"))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *key = &node->children[2 * i];
        struct reading pair = reading_pair(reading, key);
        const char *text;

        if (read_text(&pair, key + 1, &text))
            *ARENA_APPEND(reading->arena, map.items, map.count) =
                (struct string_pair){key->text.data, text, key};
        else
            is_whole = false;
    }
    if (is_whole)
        *(struct string_map *)out = map;
    return is_whole;
}

static bool read_regex(const struct reading *reading, const struct node *node,
                       const struct regex **out)
{
    const char *text;
    struct error err;

    if (!read_string(reading, NULL, node, &text))
        return false;
    return regex_compile(node->text, reading->arena, out, &err) ||
           reading_no_pattern(reading, node, &err);
}

static bool read_regex_map(const struct reading *reading, const struct field *field,
                           const struct node *node, void *out)
{
    struct regex_map map = {0};
    bool is_whole = true;

    if (!is_filled(reading, field, node, NODE_MAP, "a map of patterns"))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *key = &node->children[2 * i];
        struct reading pair = reading_pair(reading, key);
        const struct regex *regex;

        if (read_regex(&pair, key + 1, &regex))
            *ARENA_APPEND(reading->arena, map.items, map.count) =
                (struct regex_pair){key->text.data, regex, key};
        else
            is_whole = false;
    }
    if (is_whole)
        *(struct regex_map *)out = map;
    return is_whole;
}

static struct strings known_names(const struct schema *schema, struct arena *arena)
{
    struct strings known = {0};

    for (const struct field *field = schema->fields; field->name; field++)
        strings_add(&known, arena, field->name);
    return known;
}

static bool read_member(const struct reading *map, const struct field *field,
                        const struct node *value, void *out);

static bool read_members(const struct reading *reading, const struct schema *schema,
                         const struct node *node, void *out)
{
    struct strings known = known_names(schema, reading->problems->arena);
    bool is_whole = true, has_unknown = false;

    for (size_t i = 0; i < node->count; i++) {
        if (strings_has(&known, node->children[2 * i].text))
            continue;
        has_unknown = true;
        is_whole &= reading_unknown(reading, &known, &node->children[2 * i]);
    }
    for (const struct field *field = schema->fields; field->name; field++) {
        const struct node *value = node_find(node, field->name);

        if (value)
            is_whole &= read_member(reading, field, value, (char *)out + field->offset);
        else if (field->is_required)
            is_whole &= reading_missing(reading, &known, field->name, node);
    }
    if (is_whole && schema->choice)
        choice_check(schema, node, has_unknown, reading->problems);
    return is_whole;
}

static bool read_object(const struct reading *reading, const struct schema *schema,
                        const struct node *node, void *out)
{
    const struct field *shorthand = schema->shorthand;
    bool is_whole;

    if (!reading_has_value(reading, node))
        return false;
    *(const struct node **)out = node;
    if (shorthand && node->kind == NODE_STRING)
        is_whole = read_member(reading, shorthand, node, (char *)out + shorthand->offset);
    else if (node->kind == NODE_MAP)
        is_whole = read_members(reading, schema, node, out);
    else
        return reading_unexpected(reading, node,
                                  shorthand ? arena_printf(reading->problems->arena, "%s, or %s",
                                                           shorthand->words[0], shorthand->or_else)
                                            : "a map");
    if (is_whole && schema->finish)
        schema->finish(out, reading->arena, reading->problems);
    return is_whole;
}

static bool requires_any(const struct schema *schema)
{
    for (const struct field *field = schema->fields; field->name; field++) {
        if (field->is_required)
            return true;
    }
    return false;
}

static bool read_object_field(const struct reading *reading, const struct field *field,
                              const struct node *node, void *out)
{
    /* What is missing says more than that nothing is there. */
    if (node->kind == NODE_MAP && node->count == 0 && !field->may_be_empty &&
        !requires_any(field->schema))
        return reading_empty(reading, node);
    return read_object(reading, field->schema, node, out);
}

static bool read_objects(const struct reading *reading, const struct field *field,
                         const struct node *node, void *out)
{
    struct reading entry = reading_entry(reading);
    struct objects objects = {0};
    bool is_whole = true;

    if (!is_filled(reading, field, node, NODE_LIST, "a list of maps"))
        return false;
    objects.count = node->count;
    objects.items = arena_alloc(reading->arena, node->count * field->schema->size);
    for (size_t i = 0; i < node->count; i++)
        is_whole &= read_object(&entry, field->schema, &node->children[i],
                                (char *)objects.items + i * field->schema->size);
    if (is_whole)
        *(struct objects *)out = objects;
    return is_whole;
}

static bool read_custom(const struct reading *reading, const struct field *field,
                        const struct node *node, void *out)
{
    return reading_has_value(reading, node) &&
           field->read(node, reading->arena, out, reading->problems);
}

static const reader_fn readers[] = {
    [FIELD_STRING] = read_string,
    [FIELD_BOOL] = read_bool,
    [FIELD_INTEGER] = read_integer,
    [FIELD_AMOUNT] = read_amount,
    [FIELD_ENUM] = read_enum,
    [FIELD_STRINGS] = read_strings,
    [FIELD_ENUMS] = read_enums,
    [FIELD_GLOBS] = read_globs,
    [FIELD_STRING_MAP] = read_string_map,
    [FIELD_REGEX_MAP] = read_regex_map,
    [FIELD_OBJECT] = read_object_field,
    [FIELD_OBJECTS] = read_objects,
    [FIELD_INSTANT] = read_instant,
    [FIELD_CUSTOM] = read_custom,
};

static bool read_member(const struct reading *map, const struct field *field,
                        const struct node *value, void *out)
{
    struct reading member = {.name = field->name, .arena = map->arena, .problems = map->problems};

    return readers[field->type](&member, field, value, out);
}

static struct reading reading_root(const struct node *node, const char *name, struct arena *arena,
                                   struct problems *problems)
{
    return (struct reading){.name = node->key ? text_quote(problems->arena, node->key->text) : name,
                            .arena = arena,
                            .problems = problems};
}

bool schema_read(const struct schema *schema, const struct node *node, struct arena *arena,
                 void *out, struct problems *problems)
{
    struct reading reading = reading_root(node, schema->name, arena, problems);
    size_t before = problems->error_count;

    return read_object(&reading, schema, node, out) && problems->error_count == before;
}

bool schema_read_string(const struct node *node, struct arena *arena, const char **out,
                        struct problems *problems)
{
    struct reading reading = reading_root(node, NULL, arena, problems);

    return read_string(&reading, NULL, node, out);
}

bool schema_read_amount(const struct node *node, struct arena *arena, struct amount *out,
                        struct problems *problems)
{
    struct reading reading = reading_root(node, NULL, arena, problems);

    return read_amount(&reading, NULL, node, out);
}
