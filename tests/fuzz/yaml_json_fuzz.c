/* yaml_json_fuzz: what is cut out of YAML and JSON texts is JSON; both readers of YAML agree; and
 * a sound JSON object is never refused. */
#include <jansson.h>

#include "base/json.h"
#include "base/node.h"
#include "base/yaml_json.h"
#include "fuzz.h"

enum { MOST_LEVELS = 64, MOST_JSON = 64 * 1024 * 1024 };

struct given {
    size_t count;
    struct buf texts; /* a line each */
};

static bool note_object(void *context, struct bytes json, struct error *err)
{
    struct given *given = context;

    (void)err;
    given->count++;
    CHECK(json.len >= 2 && json.data[0] == '{');
    buf_add(&given->texts, json);
    buf_add_char(&given->texts, '\n');
    return true;
}

static bool check_object(void *context, struct bytes json, struct error *err)
{
    struct arena arena = {0};
    struct document document;
    json_error_t error;
    json_t *other = json_loadb(json.data, json.len, JSON_ALLOW_NUL, &error);

    /* jansson has no NUL in keys. */
    CHECK(other || json_error_code(&error) == json_error_numeric_overflow ||
          json_error_code(&error) == json_error_null_byte_in_key);
    json_decref(other);
    document_parse(json, MOST_LEVELS, &arena, &document);
    CHECK(json.data[json.len - 1] == '}');
    CHECK(document.grammar == DOCUMENT_SOUND);
    CHECK(document.fault == DOCUMENT_SOUND || document.fault == DOCUMENT_DUPLICATE);
    arena_release(&arena);
    return note_object(context, json, err);
}

static bool is_list(const struct node *root)
{
    const struct node *kind = node_find(root, "kind");

    return kind && bytes_has_suffix(kind->text, BYTES("List")) && node_find(root, "items");
}

/* Both readers understood the text: they must have understood the same. A list gives its items,
 * and a tag `!` is seen by one of them only. */
static void compare_readers(const struct nodes *nodes, struct bytes text, struct given *given,
                            struct arena *arena)
{
    struct buf expected;

    if (text.len > 0 && memchr(text.data, '!', text.len))
        return;
    buf_init(&expected, arena, MOST_JSON);
    for (size_t i = 0; i < nodes->count; i++) {
        if (is_list(nodes->items[i]))
            return;
        node_write_json(nodes->items[i], &expected);
        buf_add_char(&expected, '\n');
    }
    if (!expected.is_full && !given->texts.is_full)
        CHECK(bytes_equal(buf_bytes(&expected), buf_bytes(&given->texts)));
}

static void check_yaml(struct bytes text, struct arena *arena)
{
    struct source source = {"fuzz.yaml", text};
    struct problems problems = {.arena = arena};
    struct given given = {0};
    struct error err = {0};
    struct nodes nodes;
    bool is_whole;

    buf_init(&given.texts, arena, MOST_JSON);
    is_whole = yaml_objects(text, check_object, &given, &err);
    CHECK(is_whole == !err.text[0]);
    CHECK(is_whole || strncmp(err.text, "line ", 5) == 0 || strncmp(err.text, "the text", 8) == 0);
    node_parse(&source, arena, &nodes, &problems);
    if (is_whole && problems.count == 0)
        compare_readers(&nodes, text, &given, arena);
}

static void check_json(struct bytes text, struct arena *arena)
{
    struct given given = {0};
    struct error err = {0};
    struct document document;
    bool is_whole;

    buf_init(&given.texts, arena, MOST_JSON);
    is_whole = texts_objects(text, note_object, &given, &err);
    CHECK(is_whole == !err.text[0]);
    CHECK(is_whole || strncmp(err.text, "byte ", 5) == 0);
    document_parse(text, MOST_LEVELS, arena, &document);
    if (document.grammar == DOCUMENT_SOUND && document.fault == DOCUMENT_SOUND &&
        value_type(document_root(&document)) == VALUE_OBJECT &&
        value_type(value_member(document_root(&document), "items")) != VALUE_ARRAY)
        CHECK(is_whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct arena arena = {0};

    check_yaml(text, &arena);
    check_json(text, &arena);
    arena_release(&arena);
    return 0;
}
