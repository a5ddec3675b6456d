/* fields: every field that the loader knows, from its own tables: a line of JSON each, with the
 * kind of document, the path ("[]" stands for the entries of a list), and what the table says of
 * it. */
#include <stdio.h>

#include "base/buf.h"
#include "policy/load.h"

static const char *const type_names[] = {
    [FIELD_STRING] = "string",     [FIELD_BOOL] = "bool",     [FIELD_INTEGER] = "integer",
    [FIELD_AMOUNT] = "amount",     [FIELD_ENUM] = "enum",     [FIELD_STRINGS] = "strings",
    [FIELD_ENUMS] = "enums",       [FIELD_GLOBS] = "globs",   [FIELD_STRING_MAP] = "map",
    [FIELD_REGEX_MAP] = "regexes", [FIELD_OBJECT] = "object", [FIELD_OBJECTS] = "objects",
    [FIELD_INSTANT] = "instant",   [FIELD_CUSTOM] = "custom",
};

static const char *word(bool is_true)
{
    return is_true ? "true" : "false";
}

static void print_field(const char *kind, const char *path, const struct field *field,
                        struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, 1024 * 1024);
    buf_printf(&buf, "{\"kind\":\"%s\",\"path\":", kind);
    buf_add_json(&buf, bytes_from(path));
    buf_printf(&buf, ",\"type\":\"%s\",\"required\":%s,\"may_be_empty\":%s,\"words\":[",
               type_names[field->type], word(field->is_required), word(field->may_be_empty));
    for (size_t i = 0; field->words && field->words[i]; i++) {
        if (i)
            buf_add_char(&buf, ',');
        buf_add_json(&buf, bytes_from(field->words[i]));
    }
    buf_add_text(&buf, "],\"meanings\":[");
    for (size_t i = 0; field->meanings && field->meanings[i]; i++) {
        if (i)
            buf_add_char(&buf, ',');
        buf_add_json(&buf, bytes_from(field->meanings[i]));
    }
    buf_printf(&buf, "],\"min\":%lld,\"max\":%lld}\n", (long long)field->min,
               (long long)field->max);
    fwrite(buf.data, 1, buf.len, stdout);
}

/* Schemas don't contain themselves. */
static void print_schema(const char *kind, const char *prefix, const struct schema *schema,
                         struct arena *arena)
{
    for (const struct field *field = schema->fields; field->name; field++) {
        const char *path = arena_printf(arena, "%s%s", prefix, field->name);

        print_field(kind, path, field, arena);
        if (field->type == FIELD_OBJECT)
            print_schema(kind, arena_printf(arena, "%s.", path), field->schema, arena);
        else if (field->type == FIELD_OBJECTS)
            print_schema(kind, arena_printf(arena, "%s[].", path), field->schema, arena);
    }
}

int main(void)
{
    struct arena arena = {0};

    for (const struct policy_kind *kind = load_kinds(&arena); kind->name; kind++) {
        print_schema(kind->name, "", &document_schema, &arena);
        print_schema(kind->name, "spec.", kind->schema, &arena);
    }
    arena_release(&arena);
    return 0;
}
