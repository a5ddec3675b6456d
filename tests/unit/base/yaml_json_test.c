#include "base/yaml_json.h"
#include "unit/arena.h"

struct given {
    struct buf lines; /* an object each, and the error at the end */
    size_t count, bytes;
    size_t stop_at; /* refuse the object of this number; 0: none */
};

static bool note_object(void *context, struct bytes json, struct error *err)
{
    struct given *given = context;

    given->count++;
    given->bytes += json.len;
    if (given->count == given->stop_at)
        return error_set(err, "refused");
    if (given->lines.arena) {
        buf_add(&given->lines, json);
        buf_add_char(&given->lines, '\n');
    }
    return true;
}

typedef bool (*cut_fn)(struct bytes text, object_fn each, void *context, struct error *err);

static const char *cut(cut_fn objects, struct bytes text, size_t stop_at)
{
    struct given given = {.stop_at = stop_at};
    struct error err = {0};

    buf_init(&given.lines, &arena, 1024 * 1024);
    if (!objects(text, note_object, &given, &err))
        buf_printf(&given.lines, "! %s\n", err.text);
    return given.lines.data ? given.lines.data : "";
}

struct row {
    const char *name, *text, *expected;
};

static void check_rows(cut_fn objects, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *given = cut(objects, bytes_from(rows[i].text), 0);

        if (strcmp(given, rows[i].expected) != 0)
            print_error("row: %s\n", rows[i].name);
        assert_string_equal(given, rows[i].expected);
    }
}

static const struct row yaml_rows[] = {
    {"nothing", "", ""},
    {"comments", "# a\n---\n# b\n", ""},
    {"one object", "a: 1\nb:\n- c: [d]\n  e: {}\n- []\n",
     "{\"a\":1,\"b\":[{\"c\":[\"d\"],\"e\":{}},[]]}\n"},
    {"many documents", "a: 1\n---\n---\nb: 2\n...\n---\nc: 3\n",
     "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"},
    {"scalars", "a: [0x1f, .5, +1, 1e3, -0, 007, yes, True, ~, null, \"1\", 5., .inf, 1.50]\n",
     "{\"a\":[\"0x1f\",\".5\",\"+1\",1e3,-0,\"007\",\"yes\",true,null,null,\"1\",\"5.\",\".inf\","
     "1.50]}\n"},
    {"text", "a: \"x\\0\\t\\u00e9\\\"\"\nb: |\n  c\n  d\ne: 'f\n\n  g'\n",
     "{\"a\":\"x\\u0000\\t\xc3\xa9\\\"\",\"b\":\"c\\nd\\n\",\"e\":\"f\\ng\"}\n"},
    {"keys are text as written", "1: a\nyes: b\ntrue: c\n0x1: d\n",
     "{\"1\":\"a\",\"yes\":\"b\",\"true\":\"c\",\"0x1\":\"d\"}\n"},
    {"duplicate keys are kept", "a: 1\na: 2\n", "{\"a\":1,\"a\":2}\n"},
    {"tags", "a: !!str 1\nb: !!int '2'\n", "{\"a\":\"1\",\"b\":2}\n"},
    {"an unknown tag", "a: 1\nb: !foo 1\n",
     "! line 2: the tag !foo is not supported; text that begins with \"!\" must be in quotes\n"},
    {"CRLF and a byte order mark",
     "\xef\xbb\xbf"
     "a: 1\r\nb: 2\r\n",
     "{\"a\":1,\"b\":2}\n"},
    /* lists */
    {"as kubectl prints it",
     "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n"
     "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\nkind: List\nmetadata:\n"
     "  resourceVersion: \"\"\n",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n"
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"b\"}}\n"},
    {"a list that begins with its kind", "kind: List\nitems:\n- a: 1\n- b: 2\n",
     "{\"a\":1}\n{\"b\":2}\n"},
    {"a typed list", "kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: a}\n- {}\n",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n"
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
    {"a typed list whose kind comes last",
     "items:\n- a: 1\nkind: \"NodeList\" # so\napiVersion: v1\n",
     "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"a\":1}\n"},
    {"items that say themselves what they are",
     "kind: PodList\napiVersion: v1\nitems:\n- kind: A\n- apiVersion: b/v1\n"
     "- {kind: C, apiVersion: d}\n",
     "{\"apiVersion\":\"v1\",\"kind\":\"A\"}\n{\"kind\":\"Pod\",\"apiVersion\":\"b/v1\"}\n"
     "{\"kind\":\"C\",\"apiVersion\":\"d\"}\n"},
    {"a typed list without apiVersion", "kind: PodList\nitems:\n- a: 1\n",
     "{\"kind\":\"Pod\",\"a\":1}\n"},
    {"a flow list", "{items: [{a: 1}, {}], kind: FooList, apiVersion: g/v9}\n",
     "{\"apiVersion\":\"g/v9\",\"kind\":\"Foo\",\"a\":1}\n{\"apiVersion\":\"g/"
     "v9\",\"kind\":\"Foo\"}\n"},
    {"an indented list", "  items:\n  - kind: X\n  kind: List\n", "{\"kind\":\"X\"}\n"},
    {"a list, then an object", "items:\n- a: 1\nkind: List\n---\nkind: A\n",
     "{\"a\":1}\n{\"kind\":\"A\"}\n"},
    {"the kind of the next document is not this one's", "items:\n- a: 1\n---\nkind: List\n",
     "{\"items\":[{\"a\":1}]}\n{\"kind\":\"List\"}\n"},
    {"a kind below the root is not the root's", "items:\n- kind: BList\n  a: |\n    kind: List\n",
     "{\"items\":[{\"kind\":\"BList\",\"a\":\"kind: List\\n\"}]}\n"},
    {"lists in lists", "kind: List\nitems:\n- kind: List\n  items: [{a: 1}]\n",
     "{\"kind\":\"List\",\"items\":[{\"a\":1}]}\n"},
    {"empty lists",
     "items: []\nkind: List\n---\nkind: PodList\nitems:\n---\nkind: AList\nitems: []\n", ""},
    {"objects that are no lists",
     "kind: AllowList\nspec: {items: [1]}\n---\nkind: BList\nitems: {}\n"
     "---\nkind: Foo\nitems: [1]\n---\nkind: [List]\nitems: []\n",
     "{\"kind\":\"AllowList\",\"spec\":{\"items\":[1]}}\n{\"kind\":\"BList\",\"items\":{}}\n"
     "{\"kind\":\"Foo\",\"items\":[1]}\n{\"kind\":[\"List\"],\"items\":[]}\n"},
    {"what is no object in a list", "kind: List\nitems:\n- a: 1\n- b\n",
     "{\"a\":1}\n! line 4: expected a map in the list\n"},
    {"a bare list", "- a: 1\n- kind: List\n  items: [{b: 1}]\n---\n[]\n--- [{c: 1}]\n",
     "{\"a\":1}\n{\"kind\":\"List\",\"items\":[{\"b\":1}]}\n{\"c\":1}\n"},
    {"what is no object in a bare list", "- a: 1\n- [b]\n",
     "{\"a\":1}\n! line 2: expected a map in the list\n"},
    {"text as a document", "a: 1\n--- b\n",
     "{\"a\":1}\n! line 2: expected a map or a list of maps\n"},
    {"items twice", "kind: List\nitems:\n- a: 1\nitems:\n- b: 1\n",
     "{\"a\":1}\n! line 4: duplicate key \"items\"\n"},
    {"a line that only looks like the list's kind",
     "items:\n- a: 1\nb: \"\nkind: CList\"\nkind: D\n",
     "{\"kind\":\"C\",\"a\":1}\n"
     "! line 1: write \"apiVersion\" and \"kind\" of the list before its items\n"},
    /* aliases */
    {"aliases", "a: &x [1, {b: c}]\nd: *x\ne: &y\n- *x\nf: *y\n",
     "{\"a\":[1,{\"b\":\"c\"}],\"d\":[1,{\"b\":\"c\"}],\"e\":[[1,{\"b\":\"c\"}]],"
     "\"f\":[[1,{\"b\":\"c\"}]]}\n"},
    {"the later of two anchors", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
     "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}\n"},
    {"an unknown anchor", "a: 1\nb: *x\n",
     "! line 2: the alias has no anchor before it in the same object\n"},
    {"an anchor of another object", "a: &x 1\n---\nb: *x\n",
     "{\"a\":1}\n! line 3: the alias has no anchor before it in the same object\n"},
    {"an anchor of another item", "kind: List\nitems:\n- a: &x 1\n- b: *x\n",
     "{\"a\":1}\n! line 4: the alias has no anchor before it in the same object\n"},
    {"a cycle", "a: &x\n  b: [*x]\n", "! line 2: the alias stands inside what it refers to\n"},
    {"a cycle to the root", "&x\na: *x\n", "! line 2: the alias stands inside what it refers to\n"},
    {"anchors on keys", "&x a: 1\n", "! line 1: anchors and aliases as keys are not supported\n"},
    {"aliases as keys", "a: &x b\n*x : 1\n",
     "! line 2: anchors and aliases as keys are not supported\n"},
    /* refused */
    {"merge keys", "a: &x {}\nb:\n  <<: *x\n",
     "! line 3: merge keys (\"<<\") are not supported; write the members out\n"},
    {"null as a key", "a: {~: 1}\n", "! line 1: a key must be text, not null\n"},
    {"empty text as a key", "\"\": 1\n", "! line 1: a key must not be empty\n"},
    {"a list as a key", "a:\n  ? [b]\n  : 1\n",
     "! line 2: a key must be text, not a list or a map\n"},
    {"documents of nothing", "null\n---\n~\n--- # nothing\n---\nb: 1\n---\n", "{\"b\":1}\n"},
    {"text as the document", "a\n", "! line 1: expected a map or a list of maps\n"},
    {"an empty string as the document", "\"\"\n", "! line 1: expected a map or a list of maps\n"},
    {"a syntax error", "a: 1\n---\nb: c: d\n",
     "{\"a\":1}\n! line 3: not valid YAML: mapping values are not allowed in this context; text "
     "with \": \" in it must be in quotes, and members of one map must be indented alike\n"},
    {"a syntax error in a list", "kind: List\nitems:\n- a: 1\n- b: [\n",
     "{\"a\":1}\n! line 5: not valid YAML: did not find expected node content, while parsing a "
     "flow "
     "node\n"},
    {"invalid UTF-8", "a: 1\nb: \xff\n", "! line 2: not valid YAML: invalid leading UTF-8 octet\n"},
};

static void yaml_gives_its_objects(void **state)
{
    (void)state;
    check_rows(yaml_objects, yaml_rows, COUNT(yaml_rows));
}

static const struct row json_rows[] = {
    {"nothing", "", ""},
    {"blanks", " \r\n\t", ""},
    {"one object", " {\"a\": {\"b\":[1, 2]}} \n", "{\"a\": {\"b\":[1, 2]}}\n"},
    {"an empty object", "{ }", "{ }\n"},
    {"several objects", "{\"a\":1}\n{\"b\":2}{\"c\":3}", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"},
    {"brackets in text", "{\"a]}\":\"}{\\\"\\\\\"}{\"b\":1}",
     "{\"a]}\":\"}{\\\"\\\\\"}\n{\"b\":1}\n"},
    {"a byte order mark", "\xef\xbb\xbf{}", "{}\n"},
    {"as kubectl prints it",
     "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\"kind\": \"Pod\"},\n"
     "        {\"a\": [[]]}\n    ],\n    \"kind\": \"List\"\n}\n",
     "{\"kind\": \"Pod\"}\n{\"a\": [[]]}\n"},
    {"a typed list",
     "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"a\":1},{},{ },{\"kind\":\"X\"},"
     "{\"apiVersion\":\"y\",\"kind\":\"Z\"}]}",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"a\":1}\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n{\"apiVersion\":\"v1\",\"kind\":\"X\"}\n"
     "{\"apiVersion\":\"y\",\"kind\":\"Z\"}\n"},
    {"a typed list whose kind comes last", "{\"items\":[{\"a\":1}],\"kind\":\"PodList\"}",
     "{\"kind\":\"Pod\",\"a\":1}\n"},
    {"kinds below don't count", "{\"items\":[{\"kind\":\"AList\"}],\"a\":{\"kind\":\"List\"}}",
     "{\"items\":[{\"kind\":\"AList\"}],\"a\":{\"kind\":\"List\"}}\n"},
    {"empty lists", "{\"kind\":\"List\",\"items\":[ ]}{\"kind\":\"PodList\",\"items\":null}", ""},
    {"objects that are no lists",
     "{\"kind\":\"AllowList\",\"spec\":{}}{\"kind\":\"AList\",\"items\":{}}"
     "{\"kind\":\"A\",\"items\":[1]}{\"kind\":1,\"items\":[]}",
     "{\"kind\":\"AllowList\",\"spec\":{}}\n{\"kind\":\"AList\",\"items\":{}}\n"
     "{\"kind\":\"A\",\"items\":[1]}\n{\"kind\":1,\"items\":[]}\n"},
    {"lists in lists", "{\"kind\":\"List\",\"items\":[{\"kind\":\"List\",\"items\":[{}]}]}",
     "{\"kind\":\"List\",\"items\":[{}]}\n"},
    {"what is inside isn't looked at", "{\"a\":[tru,}}", "{\"a\":[tru,}}\n"},
    {"a bare list", "[{\"a\":1}, {\"kind\":\"List\",\"items\":[{}]}]\n[ ]{\"b\":2}",
     "{\"a\":1}\n{\"kind\":\"List\",\"items\":[{}]}\n{\"b\":2}\n"},
    {"a bare list in a bare list", "[[]]", "! byte 1: expected an object\n"},
    {"a bare list cut off", "[{\"a\":1},",
     "{\"a\":1}\n! byte 9: expected an object, but the text ends\n"},
    {"text as the text", "{} \"a\"", "{}\n! byte 3: expected an object\n"},
    {"an object cut off", "{\"a\":1}{\"b\":[1,",
     "{\"a\":1}\n! byte 15: expected a closing bracket, but "
     "the text ends\n"},
    {"a string cut off", "{\"a\":\"b\\\"",
     "! byte 9: expected the end of a string, but the text "
     "ends\n"},
    {"a key cut off", "{\"a\"", "! byte 4: expected a colon, but the text ends\n"},
    {"a key without quotes", "{a:1}", "! byte 1: expected a key in quotes\n"},
    {"a comma too many", "{\"a\":1,}", "! byte 7: expected a key in quotes\n"},
    {"no comma", "{\"a\":1 \"b\":2}", "! byte 7: expected a comma or a closing bracket\n"},
    {"no value", "{\"a\":}", "! byte 5: expected a value\n"},
    {"what is no object in a list", "{\"kind\":\"List\",\"items\":[{},1]}",
     "{}\n! byte 27: expected an object\n"},
    {"a comma too many in a list", "{\"kind\":\"List\",\"items\":[{},]}",
     "{}\n! byte 27: expected an object\n"},
    {"no comma in a list", "{\"kind\":\"List\",\"items\":[{}{}]}",
     "{}\n! byte 26: expected a comma or a closing bracket\n"},
    {"items twice", "{\"kind\":\"List\",\"items\":[{}],\"items\":[]}",
     "! byte 28: duplicate key \"items\"\n"},
};

static void json_gives_its_objects(void **state)
{
    (void)state;
    check_rows(texts_objects, json_rows, COUNT(json_rows));
}

static void yaml_may_begin_with_a_bracket(void **state)
{
    static const struct {
        const char *text;
        bool is_json;
    } rows[] = {
        {"{\"a\":1}", true},
        {"\xef\xbb\xbf \r\n\t{ \"a\":1}", true},
        {"{}", true},
        {"{", true},
        {"[]", true},
        {"[ {\"a\":1}]", true},
        {"[1]", true},
        {"{\"a\":\"\n ---\"}\n", true},
        {"", false},
        {"a: {}", false},
        {"{a: 1}", false},
        {"{ 'a': 1}", false},
        {"{ # a\n\"a\":1}", false},
        {"[{a: 1}]", false},
        {"{\"a\":1}\n---\n{\"a\":2}\n", false},
        {"{\"a\":1}\n--- # the end", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (text_is_json(bytes_from(rows[i].text)) != rows[i].is_json)
            fail_msg("%s", rows[i].text);
    }
}

static void the_callback_can_stop_it(void **state)
{
    (void)state;
    assert_string_equal(cut(yaml_objects, BYTES("a: 1\n---\nb: 1\n---\nc: 1\n"), 2),
                        "{\"a\":1}\n! line 3: refused\n");
    assert_string_equal(cut(yaml_objects, BYTES("kind: List\nitems:\n- a: 1\n- b: 1\n"), 2),
                        "{\"a\":1}\n! line 4: refused\n");
    assert_string_equal(cut(texts_objects, BYTES("{\"a\":1}\n{\"b\":1}"), 2),
                        "{\"a\":1}\n! byte 8: refused\n");
    assert_string_equal(cut(texts_objects, BYTES("{\"kind\":\"List\",\"items\":[{},{}]}"), 2),
                        "{}\n! byte 27: refused\n");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    assert_string_equal(cut(yaml_objects, BYTES("a: b\0c\n"), 0),
                        "! line 1: not valid YAML: control characters are not allowed\n");
    assert_string_equal(cut(texts_objects, BYTES("{\"a\":1}\0"), 0),
                        "{\"a\":1}\n! byte 7: expected an object\n");
    assert_string_equal(cut(texts_objects, BYTES("{\"a\":\0}"), 0), "! byte 5: expected a value\n");
}

struct bound_row {
    const char *name, *before, *text, *after;
    size_t most;
    const char *error; /* with one more */
};

static const struct bound_row bound_rows[] = {
    /* The map, its key and the list are three of them. CustomResourceDefinitions have up to
       100,000. */
    {"nodes", "a: [", "x,", "]\n", 999997,
     "line 1: the object has more than 1000000 values, keys and aliases"},
    {"levels", "a: ", "[", "\n", 63, "line 1: lists and maps are nested more than 64 deep"},
    {"anchors", "a: [", "&a x,", "]\n", 256, "line 1: the object has more than 256 anchors"},
    {"%TAG directives", "", "%TAG !a! b\n", "---\na: b\n", 64,
     "the text has more than 64 %TAG directives"},
};

static void bounds_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bound_rows); i++) {
        const struct bound_row *row = &bound_rows[i];
        struct given given = {0};
        struct error err = {0};
        struct bytes text = repeat_text(row->before, row->text, row->most, row->after);

        /* What the bound lets through fails for another reason, or not at all. */
        if (!yaml_objects(text, note_object, &given, &err))
            assert_null(strstr(err.text, "more than"));
        text = repeat_text(row->before, row->text, row->most + 1, row->after);
        assert_false(yaml_objects(text, note_object, &given, &err));
        assert_string_equal(err.text, row->error);
    }
}

/* The bounds are those of an object, so that a list may have many. */
static void a_long_list_has_no_bound(void **state)
{
    struct bytes text =
        repeat_text("items:\n", "- {y: &y 1, a: [b, c, d, e, f, g, h], b: &x {c: *y}}\n", 20000,
                    "kind: PodList\napiVersion: v1\n");
    struct given given = {0};
    struct error err = {0};

    (void)state;
    if (!yaml_objects(text, note_object, &given, &err))
        fail_msg("%s", err.text);
    assert_int_equal(given.count, 20000);
}

static void an_item_has_the_bounds_for_itself(void **state)
{
    struct bytes text = repeat_text("metadata: {a: b}\nitems:\n- b: c\n- a: [", "x,", 99997,
                                    "]\nkind: List\nz: [d, e]\n");
    struct given given = {0};
    struct error err = {0};

    (void)state;
    if (!yaml_objects(text, note_object, &given, &err))
        fail_msg("%s", err.text);
    assert_int_equal(given.count, 2);
}

/* Objects in which `count` aliases stand for 1,002 bytes each. */
static struct bytes aliased(size_t count, size_t documents)
{
    const char *text = repeat_text("", "0123456789", 100, "").data;
    const char *object = arena_printf(&arena, "a: &a \"%s\"\nb: [%s]\n---\n", text,
                                      repeat_text("", "*a ,", count, "").data);

    return repeat_text("", object, documents, "");
}

static void what_aliases_add_is_bounded(void **state)
{
    struct given given = {0};
    struct error err = {0};

    (void)state;
    assert_true(yaml_objects(aliased(33000, 2), note_object, &given, &err));
    assert_false(yaml_objects(aliased(33000, 3), note_object, &given, &err));
    assert_string_equal(err.text, "line 8: aliases add more than 64 MiB to the text");
    assert_int_equal(given.count, 4);
    assert_false(yaml_objects(aliased(67000, 1), note_object, &given, &err));
    assert_string_equal(err.text, "line 2: the object has more than 64 MiB");
}

/* Quadratic work on these would take minutes. */
static void hostile_texts_cost_little(void **state)
{
    static const char *const parts[] = {"[",       "{a: ",         "- ",         "? ",
                                        "---\n",   "items: []\n",  "a:\n",       "#\n",
                                        "kind:\n", "[{\"a\":",     "{",          "\"",
                                        "\\",      "{\"items\":[", "{\"a\":{}}", "a: 1\n---\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct bytes text = repeat_text("", parts[i], 500 * 1000, "\n");
        struct given given = {0};
        struct error err;

        bool is_yaml = yaml_objects(text, note_object, &given, &err);
        bool is_json = texts_objects(text, note_object, &given, &err);

        assert_true(is_yaml + is_json < 2);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(yaml_gives_its_objects, release_arena),
        cmocka_unit_test_teardown(json_gives_its_objects, release_arena),
        cmocka_unit_test(yaml_may_begin_with_a_bracket),
        cmocka_unit_test_teardown(the_callback_can_stop_it, release_arena),
        cmocka_unit_test_teardown(bytes_that_are_no_text_are_refused, release_arena),
        cmocka_unit_test_teardown(bounds_hold, release_arena),
        cmocka_unit_test_teardown(a_long_list_has_no_bound, release_arena),
        cmocka_unit_test_teardown(an_item_has_the_bounds_for_itself, release_arena),
        cmocka_unit_test_teardown(what_aliases_add_is_bounded, release_arena),
        cmocka_unit_test_teardown(hostile_texts_cost_little, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
