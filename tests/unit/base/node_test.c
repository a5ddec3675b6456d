#include "base/node.h"
#include "unit/arena.h"

struct reading {
    struct source source;
    struct nodes nodes;
    struct problems problems;
};

static struct reading *read_bytes(struct bytes text)
{
    struct reading *reading = arena_alloc(&arena, sizeof(*reading));

    reading->source = (struct source){"f.yaml", text};
    reading->problems.arena = &arena;
    node_parse(&reading->source, &arena, &reading->nodes, &reading->problems);
    return reading;
}

static struct reading *read_text(const char *text)
{
    return read_bytes(bytes_from(text));
}

/* Each document as JSON on a line of its own. */
static const char *documents(const struct reading *reading)
{
    struct buf buf;

    buf_init(&buf, &arena, 64 * 1024 * 1024);
    for (size_t i = 0; i < reading->nodes.count; i++) {
        node_write_json(reading->nodes.items[i], &buf);
        buf_add_char(&buf, '\n');
    }
    return buf.data ? buf.data : "";
}

/* "LINE:COLUMN text", a line each, sorted. */
static const char *problems_of(struct reading *reading)
{
    struct buf buf;

    problems_sort(&reading->problems);
    buf_init(&buf, &arena, 64 * 1024 * 1024);
    for (size_t i = 0; i < reading->problems.count; i++) {
        const struct problem *problem = &reading->problems.items[i];

        buf_printf(&buf, "%u:%u %s\n", problem->line, problem->column, problem->text);
    }
    return buf.data ? buf.data : "";
}

struct scalar_row {
    const char *text;
    enum node_kind kind;
    const char *json;
};

/* YAML 1.2.2, section 10.3.2 (core schema); JSON numbers by RFC 8259. */
static const struct scalar_row scalar_rows[] = {
    {"null", NODE_NULL, "null"},
    {"Null", NODE_NULL, "null"},
    {"NULL", NODE_NULL, "null"},
    {"~", NODE_NULL, "null"},
    {"nULL", NODE_STRING, "\"nULL\""},
    {"true", NODE_BOOL, "true"},
    {"True", NODE_BOOL, "true"},
    {"TRUE", NODE_BOOL, "true"},
    {"false", NODE_BOOL, "false"},
    {"False", NODE_BOOL, "false"},
    {"FALSE", NODE_BOOL, "false"},
    {"tRUE", NODE_STRING, "\"tRUE\""},
    {"yes", NODE_STRING, "\"yes\""},
    {"no", NODE_STRING, "\"no\""},
    {"NO", NODE_STRING, "\"NO\""},
    {"on", NODE_STRING, "\"on\""},
    {"off", NODE_STRING, "\"off\""},
    {"y", NODE_STRING, "\"y\""},
    {"0", NODE_INTEGER, "0"},
    {"12", NODE_INTEGER, "12"},
    {"-12", NODE_INTEGER, "-12"},
    {"+12", NODE_INTEGER, "\"+12\""},
    {"-0", NODE_INTEGER, "-0"},
    {"007", NODE_INTEGER, "\"007\""},
    {"0o17", NODE_INTEGER, "\"0o17\""},
    {"0xFf", NODE_INTEGER, "\"0xFf\""},
    {"99999999999999999999", NODE_INTEGER, "99999999999999999999"},
    {"0o18", NODE_STRING, "\"0o18\""},
    {"0xfg", NODE_STRING, "\"0xfg\""},
    {"0x", NODE_STRING, "\"0x\""},
    {"0o", NODE_STRING, "\"0o\""},
    {"-0x1", NODE_STRING, "\"-0x1\""},
    {"0b1", NODE_STRING, "\"0b1\""},
    {"1_000", NODE_STRING, "\"1_000\""},
    {"1:30", NODE_STRING, "\"1:30\""},
    {"2026-11-21", NODE_STRING, "\"2026-11-21\""},
    {"2026-11-21T09:00:00Z", NODE_STRING, "\"2026-11-21T09:00:00Z\""},
    {"0.5", NODE_FLOAT, "0.5"},
    {"-0.5", NODE_FLOAT, "-0.5"},
    {"00.5", NODE_FLOAT, "\"00.5\""},
    {".5", NODE_FLOAT, "\".5\""},
    {"5.", NODE_FLOAT, "\"5.\""},
    {"+.5e1", NODE_FLOAT, "\"+.5e1\""},
    {"1e3", NODE_FLOAT, "1e3"},
    {"1E+3", NODE_FLOAT, "1E+3"},
    {"1.5e-3", NODE_FLOAT, "1.5e-3"},
    {"5.e3", NODE_FLOAT, "\"5.e3\""},
    {".inf", NODE_FLOAT, "\".inf\""},
    {"-.Inf", NODE_FLOAT, "\"-.Inf\""},
    {"+.INF", NODE_FLOAT, "\"+.INF\""},
    {".nan", NODE_FLOAT, "\".nan\""},
    {".NaN", NODE_FLOAT, "\".NaN\""},
    {"-.nan", NODE_STRING, "\"-.nan\""},
    {"inf", NODE_STRING, "\"inf\""},
    {".", NODE_STRING, "\".\""},
    {"+", NODE_STRING, "\"+\""},
    {".e3", NODE_STRING, "\".e3\""},
    {"1e", NODE_STRING, "\"1e\""},
    {"e3", NODE_STRING, "\"e3\""},
    {"1.2.3", NODE_STRING, "\"1.2.3\""},
    {"1/4", NODE_STRING, "\"1/4\""},
    {"16x", NODE_STRING, "\"16x\""},
    {"\"12\"", NODE_STRING, "\"12\""},
    {"'true'", NODE_STRING, "\"true\""},
    {"\"\"", NODE_STRING, "\"\""},
    {"\"a\\0b\\n\\u00e9\"", NODE_STRING, "\"a\\u0000b\\n\xc3\xa9\""},
    {"!!str 12", NODE_STRING, "\"12\""},
    {"!!str", NODE_STRING, "\"\""},
    {"! 12", NODE_STRING, "\"12\""},
    {"&a ! 12", NODE_STRING, "\"12\""},
    {"! &a 12", NODE_STRING, "\"12\""},
    {"&a 12", NODE_INTEGER, "12"},
    {"!!int \"12\"", NODE_INTEGER, "12"},
    {"!!float 3", NODE_FLOAT, "3"},
    {"!!bool 'true'", NODE_BOOL, "true"},
    {"!!null ''", NODE_NULL, "null"},
};

static void plain_scalars_are_read_by_the_core_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scalar_rows); i++) {
        const struct scalar_row *row = &scalar_rows[i];
        struct reading *reading = read_text(arena_printf(&arena, "k: %s\n", row->text));
        const struct node *node;

        if (reading->nodes.count != 1)
            fail_msg("%s: %s", row->text, problems_of(reading));
        node = node_find(reading->nodes.items[0], "k");
        if (node->kind != row->kind)
            fail_msg("%s is %s, not %s", row->text, node_kind_name(node->kind),
                     node_kind_name(row->kind));
        assert_string_equal(documents(reading), arena_printf(&arena, "{\"k\":%s}\n", row->json));
        assert_int_equal(node->is_true, strcmp(row->json, "true") == 0);
    }
}

struct document_row {
    const char *name, *text, *documents, *problems;
};

static const struct document_row document_rows[] = {
    {"nothing", "", "", ""},
    {"comments only", "# a\n---\n# b\n", "", ""},
    {"empty documents are left out", "---\n---\na: 1\n---\n...\n", "{\"a\":1}\n", ""},
    {"many documents", "a: 1\n---\n[b, c]\n---\nd\n", "{\"a\":1}\n[\"b\",\"c\"]\n\"d\"\n", ""},
    {"a null document is one", "--- ~\n", "null\n", ""},
    {"directives", "%YAML 1.2\n---\na: 1\n", "{\"a\":1}\n", ""},
    {"a byte order mark and CRLF",
     "\xef\xbb\xbf"
     "a: 1\r\nb:\r\n  - 2\r\n",
     "{\"a\":1,\"b\":[2]}\n", ""},
    {"block text", "a: |\n  b\n   c\nd: >-\n  e\n  f\n", "{\"a\":\"b\\n c\\n\",\"d\":\"e f\"}\n",
     ""},
    {"keys are text as written", "yes: 1\n1: 2\n1.50: 3\ntrue: 4\n'~': 5\n0x1: 6\n",
     "{\"yes\":1,\"1\":2,\"1.50\":3,\"true\":4,\"~\":5,\"0x1\":6}\n", ""},
    {"null as a key", "~: 1\nnull: 2\n? \n: 3\n", "",
     "1:1 a key must be text, not null; to name something \"null\", put it in quotes\n"
     "2:1 a key must be text, not null; to name something \"null\", put it in quotes\n"
     "3:2 a key must be text, not null; to name something \"null\", put it in quotes\n"},
    {"empty text as a key", "\"\": 1\na: 2\n\"\": 3\n", "{\"a\":2}\n",
     "1:1 a key must not be empty\n3:1 a key must not be empty\n"},
    {"nothing but empty text as a key", "\"\": 1\n", "", "1:1 a key must not be empty\n"},
    {"NUL in a key", "\"a\\0\": 1\n", "", "1:1 a key must not hold the character U+0000\n"},
    {"a list and a map as keys", "? [a]\n: 1\n? {b: c}\n: 2\n", "",
     "1:3 a key must be text, not a list or a map\n3:3 a key must be text, not a list or a map\n"},
    {"duplicate keys", "a: 1\nb: 2\na: 3\n\"a\": 4\n", "{\"a\":1,\"b\":2,\"a\":3,\"a\":4}\n",
     "3:1 duplicate key \"a\"; it is on line 1 already\n"
     "4:1 duplicate key \"a\"; it is on line 1 already\n"},
    {"keys that YAML 1.1 takes for one", "yes: 1\ntrue: 2\n", "{\"yes\":1,\"true\":2}\n", ""},
    {"1 and \"1\" are one key", "1: a\n'1': b\n", "{\"1\":\"a\",\"1\":\"b\"}\n",
     "2:1 duplicate key \"1\"; it is on line 1 already\n"},
    {"merge keys", "a: &a {b: 1}\nc:\n  <<: *a\n", "",
     "3:3 merge keys (\"<<\") are not supported; write the members out\n"},
    {"<< in quotes is a key", "\"<<\": 1\n", "{\"<<\":1}\n", ""},
    {"aliases", "a: &x [1, {b: 2}]\nc: *x\nd: {e: *x}\n",
     "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],\"d\":{\"e\":[1,{\"b\":2}]}}\n", ""},
    {"an alias to a key", "&k a: 1\nb: *k\n*k : 2\n", "{\"a\":1,\"b\":\"a\",\"a\":2}\n",
     "3:1 duplicate key \"a\"; it is on line 1 already\n"},
    {"an alias keeps the type that its key had", "&k 1: x\nb: *k\n", "{\"1\":\"x\",\"b\":1}\n", ""},
    {"the later of two anchors wins", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
     "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}\n", ""},
    {"an anchor inside one of the same name", "a: &x [&x 1, *x]\nb: *x\n",
     "{\"a\":[1,1],\"b\":1}\n", ""},
    {"anchors end with their document", "a: &x 1\n---\nb: *x\n", "{\"a\":1}\n",
     "3:4 there is no anchor \"&x\" before this; text that begins with \"*\" must be in quotes\n"},
    {"an unknown alias", "a: *x\nb: [*y]\n", "",
     "1:4 there is no anchor \"&x\" before this; text that begins with \"*\" must be in quotes\n"
     "2:5 there is no anchor \"&y\" before this; text that begins with \"*\" must be in quotes\n"},
    {"a cycle", "a: &x [1, *x]\nb: &y {c: {d: *y}}\n", "",
     "1:11 the alias \"*x\" stands inside what it refers to\n"
     "2:15 the alias \"*y\" stands inside what it refers to\n"},
    {"a glob without quotes", "a: [*]\n", "",
     "1:6 not valid YAML: did not find expected alphabetic or numeric character, while scanning an "
     "alias; text that begins with \"*\" must be in quotes\n"},
    {"unknown tags", "a: !foo 1\nb: !!set {c}\nd: !!binary aGk=\ne: !!seq [1]\nf: !!map [1]\n", "",
     "1:4 the tag !foo is not supported; text that begins with \"!\" must be in quotes\n2:4 the "
     "tag !!set is not supported\n"
     "3:4 the tag !!binary is not supported\n5:4 the tag !!map is not supported\n"},
    {"tags that don't suit", "a: !!int x\nb: !!bool yes\nc: !!float 0.5\nd: !!null 0\n", "",
     "1:4 \"x\" is no value for the tag !!int\n2:4 \"yes\" is no value for the tag !!bool\n"
     "4:4 \"0\" is no value for the tag !!null\n"},
    {"a syntax error leaves the documents before it", "a: 1\n---\nb: [\n---\nc: 2\n", "{\"a\":1}\n",
     "4:1 not valid YAML: did not find expected node content, while parsing a flow node\n"},
    {"a tab as indentation", "a:\n\tb: 1\n", "",
     "2:1 not valid YAML: found character that cannot start any token, while scanning for the next "
     "token: a tab can't indent, use blanks\n"},
    {"a colon in a value", "a: b: c\n", "",
     "1:5 not valid YAML: mapping values are not allowed in this context; text with \": \" in it "
     "must be in quotes, and members of one map must be indented alike\n"},
    {"quotes that never end", "a: 1\nb: \"c\n\n", "",
     "2:4 not valid YAML: found unexpected end of stream, while scanning a quoted scalar; the "
     "quote is not closed\n"},
    {"a wrong indentation", "a:\n  b: 1\n c: 2\n", "",
     "3:2 not valid YAML: did not find expected key, while parsing a block mapping that began on "
     "line 1; members of one map must be indented alike\n"},
    {"a reserved character", "a: @b\n", "",
     "1:4 not valid YAML: found character that cannot start any token, while scanning for the next "
     "token; text that begins with it must be in quotes\n"},
    {"invalid UTF-8", "a: \xc3\xa9\xc3\xa9\nb: \xc3\xa9\xff\n", "",
     "2:5 the text is not valid UTF-8\n"},
    {"an overlong form", "a: \xc0\xaf\n", "", "1:4 the text is not valid UTF-8\n"},
    {"a control character", "a: \x01\n", "", "1:4 control characters are not allowed in YAML\n"},
    {"DEL", "a: \x7f\n", "", "1:4 the character U+007F is not allowed in YAML\n"},
    {"a C1 control character", "a: \xc2\x80\n", "",
     "1:4 control characters are not allowed in YAML\n"},
    {"what ends a line for some only", "a: 1 # \xc2\x85 b: 2\n", "",
     "1:8 the characters U+0085, U+2028 and U+2029 end a line for some readers of YAML and not for "
     "others; in double quotes write \\N, \\L and \\P\n"},
    {"escaped it is text", "a: \"\\N\\L\\P\"\n", "{\"a\":\"\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\"}\n",
     ""},
    {"what turns the direction of text", "a: \"\xe2\x80\xae\"\n", "",
     "1:5 a character that turns the direction of text makes a file look other than it is read; in "
     "double quotes write \\u and its code\n"},
    {"a second byte order mark",
     "a: 1\n---\n\xef\xbb\xbf"
     "b: 2\n",
     "", "3:1 a byte order mark (U+FEFF) is allowed at the beginning only\n"},
};

static void documents_and_problems_are_as_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(document_rows); i++) {
        const struct document_row *row = &document_rows[i];
        struct reading *reading = read_text(row->text);

        if (strcmp(documents(reading), row->documents) != 0 ||
            strcmp(problems_of(reading), row->problems) != 0)
            print_error("row: %s\n", row->name);
        assert_string_equal(documents(reading), row->documents);
        assert_string_equal(problems_of(reading), row->problems);
    }
}

static void nul_bytes_and_utf_16_are_problems(void **state)
{
    (void)state;
    assert_string_equal(problems_of(read_bytes(BYTES("a: b\0c\n"))),
                        "1:5 control characters are not allowed in YAML\n");
    assert_string_equal(problems_of(read_bytes(BYTES("\xff\xfe"
                                                     "a\0:\0 \0b\0"))),
                        "0:0 the file is UTF-16 or UTF-32; write it as UTF-8\n");
    assert_string_equal(problems_of(read_bytes(BYTES("\xfe\xff"
                                                     "\0a"))),
                        "0:0 the file is UTF-16 or UTF-32; write it as UTF-8\n");
    /* Without a mark, in either order. */
    assert_string_equal(problems_of(read_bytes(BYTES("a\0:\0 \0b\0"))),
                        "0:0 the file is UTF-16 or UTF-32; write it as UTF-8\n");
    assert_string_equal(problems_of(read_bytes(BYTES("\0a\0:\0 \0b"))),
                        "0:0 the file is UTF-16 or UTF-32; write it as UTF-8\n");
}

struct place_row {
    const char *name, *text, *path;
    uint32_t key_line, key_column, line, column;
};

static const struct place_row place_rows[] = {
    {"a scalar", "a: 16x\n", "a", 1, 1, 1, 4},
    {"below", "spec:\n  gpus:\n    guaranteed: 16x\n", "spec.gpus.guaranteed", 3, 5, 3, 17},
    {"a block map begins at its first key", "spec:\n  a: 1\n", "spec", 1, 1, 2, 3},
    {"a block list begins at its first dash", "spec:\n  - a\n", "spec", 1, 1, 2, 3},
    {"a flow map begins at its bracket", "spec: {a: 1}\n", "spec", 1, 1, 1, 7},
    {"in a flow map", "spec: {a: 1, b: [x]}\n", "spec.b", 1, 14, 1, 17},
    {"nothing stands after the colon", "a:\nb: 1\n", "a", 1, 1, 1, 3},
    {"characters, not bytes", "k\xc3\xa9: {\"\xe2\x82\xac\xf0\x9f\x98\x80\": x}\n",
     "k\xc3\xa9.\xe2\x82\xac\xf0\x9f\x98\x80", 1, 6, 1, 12},
    {"after CRLF", "a: 1\r\nb: 2\r\n", "b", 2, 1, 2, 4},
    {"after CR", "a: 1\rb: 2\r", "b", 2, 1, 2, 4},
    {"a byte order mark is no character",
     "\xef\xbb\xbf"
     "a: 1\n",
     "a", 1, 1, 1, 4},
    {"an anchor belongs to its value", "a: &x 1\n", "a", 1, 1, 1, 4},
    {"an alias stands where it stands", "a: &x {c: 1}\nb: *x\n", "b", 2, 1, 2, 4},
    {"what is below an alias stands where it was written", "a: &x {c: 1}\nb: *x\n", "b.c", 1, 8, 1,
     11},
    {"literal text begins at its mark", "a: |\n  b\nc: 1\n", "a", 1, 1, 1, 4},
};

static void nodes_know_where_they_stood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(place_rows); i++) {
        const struct place_row *row = &place_rows[i];
        struct reading *reading = read_text(row->text);
        const struct node *key, *value;

        assert_string_equal(problems_of(reading), "");
        key = node_find_place(reading->nodes.items[0], row->path);
        if (!key) {
            fail_msg("%s: not found", row->name);
            return;
        }
        value = key + 1;
        if (key->line != row->key_line || key->column != row->key_column ||
            value->line != row->line || value->column != row->column)
            fail_msg("%s: key at %u:%u, value at %u:%u", row->name, key->line, key->column,
                     value->line, value->column);
        assert_ptr_equal(value->source, &reading->source);
        assert_ptr_equal(value->key, key);
        assert_ptr_equal(node_place(value), key);
        assert_null(key->key);
    }
}

static void finding_takes_what_is_not_there(void **state)
{
    const struct node *root = read_text("a: {b: 1, 'c.d': 2}\ne: [x]\n")->nodes.items[0];

    (void)state;
    assert_null(node_find(NULL, "a"));
    assert_null(node_find_key(NULL, "a"));
    assert_null(node_find_place(NULL, "a.b"));
    assert_null(node_find(root, "b"));
    assert_null(node_find(root, "aa"));
    assert_null(node_find(root, ""));
    assert_null(node_find(node_find(root, "e"), "x"));
    assert_null(node_find_place(root, "a.b.c"));
    assert_null(node_find_place(root, "e.x"));
    assert_null(node_find_place(root, "a.c.d"));
    assert_null(node_find_place(root, "a."));
    assert_null(node_find_place(root, ""));
    assert_string_equal(node_find_place(root, "a.b")->text.data, "b");
    assert_string_equal(node_find_key(root, "e")->text.data, "e");
    assert_null(node_find(root, "e")->children[0].key);
    assert_ptr_equal(node_place(root), root);
}

static void messages_can_say_what_was_written(void **state)
{
    const struct node *list =
        read_text("['16x', 12, 0.5, true, ~, [], {}, \"a\\nb\"]\n")->nodes.items[0];
    static const char *const expected[] = {"\"16x\"", "12",     "0.5",   "true",
                                           "null",    "a list", "a map", "\"a\\u000ab\""};

    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_string_equal(node_describe(&list->children[i], &arena), expected[i]);
}

static void repeats_are_found_in_lists(void **state)
{
    const struct node *list = read_text("[b, a, b, [b], 'b', c, a]\n")->nodes.items[0];
    struct node_repeat *repeats;

    (void)state;
    assert_int_equal(node_find_repeats(list, &arena, &repeats), 3);
    assert_ptr_equal(repeats[0].first, &list->children[1]);
    assert_ptr_equal(repeats[0].again, &list->children[6]);
    assert_ptr_equal(repeats[1].first, &list->children[0]);
    assert_ptr_equal(repeats[1].again, &list->children[2]);
    assert_ptr_equal(repeats[2].first, &list->children[0]);
    assert_ptr_equal(repeats[2].again, &list->children[4]);
    assert_int_equal(node_find_repeats(&list->children[0], &arena, &repeats), 0);
}

/* `count` lists in one another. */
static struct bytes nested(size_t count)
{
    struct bytes open = repeat_text("", "[", count, ""), close = repeat_text("", "]", count, "");

    return bytes_from(arena_printf(&arena, "%s%s", open.data, close.data));
}

static void bounds_are_exact(void **state)
{
    static const char too_many[] = "the file has more than 100000 values, keys and aliases\n";
    static const char too_deep[] = "lists and maps are nested more than 64 deep\n";

    (void)state;
    /* The list, 99,998 times x and one y. */
    assert_string_equal(problems_of(read_bytes(repeat_text("[", "x,", 99998, "y]"))), "");
    assert_string_equal(problems_of(read_bytes(repeat_text("[", "x,", 99999, "y]"))),
                        arena_printf(&arena, "1:200000 %s", too_many));
    /* They are counted in the file: 33,333 documents of a map, a key and a value each. */
    assert_string_equal(problems_of(read_bytes(repeat_text("", "---\nx: y\n", 33333, ""))), "");
    assert_string_equal(problems_of(read_bytes(repeat_text("", "---\nx: y\n", 33334, ""))),
                        arena_printf(&arena, "66668:1 %s", too_many));

    assert_string_equal(problems_of(read_bytes(nested(64))), "");
    assert_string_equal(problems_of(read_bytes(nested(65))),
                        arena_printf(&arena, "1:65 %s", too_deep));
    /* The map is a level, too; 63 below it by an alias, and one more than that. */
    assert_string_equal(problems_of(
                            read_text(arena_printf(&arena, "a: &a %s\nb: *a\n", nested(63).data))),
                        "");
    assert_string_equal(problems_of(read_text(
                            arena_printf(&arena, "a: &a %s\nb: [*a]\n", nested(63).data))),
                        arena_printf(&arena, "2:5 %s", too_deep));
    assert_string_equal(problems_of(read_text(arena_printf(&arena, "a: &a x\nb: %.63s*a%.63s\n",
                                                           nested(63).data, nested(63).data + 63))),
                        "");

    assert_string_equal(problems_of(read_bytes(repeat_text("[", "&a x,", 256, "*a ]"))), "");
    assert_string_equal(problems_of(read_bytes(repeat_text("[", "&a x,", 257, "*a ]"))),
                        "1:1282 the document has more than 256 anchors\n");
    assert_string_equal(problems_of(read_bytes(repeat_text("", "--- &a x\n", 300, ""))), "");

    assert_string_equal(problems_of(read_bytes(repeat_text("#", "x", 16 * 1024 * 1024 - 1, ""))),
                        "");
    assert_string_equal(problems_of(read_bytes(repeat_text("#", "x", 16 * 1024 * 1024, ""))),
                        "0:0 the file is larger than 16 MiB\n");
}

static const struct document_row hostile_rows[] = {
    {"flow lists", "[", NULL, "1:65 lists and maps are nested more than 64 deep\n"},
    {"flow maps", "{a: ", NULL, "1:257 lists and maps are nested more than 64 deep\n"},
    {"block lists", "- ", NULL, "1:129 lists and maps are nested more than 64 deep\n"},
    {"keys that are maps", "? ", NULL, "1:129 lists and maps are nested more than 64 deep\n"},
    {"%TAG directives", "%TAG !a! b\n", NULL, "0:0 the file has more than 64 %TAG directives\n"},
    /* Each an empty scalar, which libyaml places where it sees that nothing comes. */
    {"empty documents", "---\n", NULL,
     "100002:1 the file has more than 100000 values, keys and aliases\n"},
    {"comments", "#\n", NULL, ""},
    {"empty lines", "\n", NULL, ""},
};

/* Quadratic work on these would take minutes. */
static void hostile_texts_cost_little(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile_rows); i++) {
        const struct document_row *row = &hostile_rows[i];
        struct reading *reading = read_bytes(repeat_text("", row->text, 1000 * 1000, "\n"));

        if (strcmp(problems_of(reading), row->problems) != 0)
            print_error("row: %s\n", row->name);
        assert_string_equal(problems_of(reading), row->problems);
        arena_release(&arena);
    }
}

static void aliases_that_multiply_stop_at_the_bound(void **state)
{
    struct buf buf;
    struct reading *reading;

    (void)state;
    buf_init(&buf, &arena, 1024 * 1024);
    buf_add_text(&buf, "a0: &a0 lol\n");
    for (int i = 1; i < 30; i++)
        buf_printf(&buf, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    reading = read_bytes(buf_bytes(&buf));
    assert_int_equal(reading->nodes.count, 0);
    /* a0 is 1 node, each other one and nine times the one before: a5 is 66,430. With the keys and
     * the map 74,740 come before a6, and its first alias is too much. */
    assert_string_equal(problems_of(reading),
                        "7:10 the file has more than 100000 values, keys and aliases\n");
}

static void a_big_map_with_equal_keys_costs_little(void **state)
{
    struct reading *reading = read_bytes(repeat_text("{", "x: 1, ", 49000, "}"));

    (void)state;
    assert_int_equal(reading->problems.count, 48999);
    assert_int_equal(reading->nodes.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(plain_scalars_are_read_by_the_core_schema, release_arena),
        cmocka_unit_test_teardown(documents_and_problems_are_as_they_should, release_arena),
        cmocka_unit_test_teardown(nul_bytes_and_utf_16_are_problems, release_arena),
        cmocka_unit_test_teardown(nodes_know_where_they_stood, release_arena),
        cmocka_unit_test_teardown(finding_takes_what_is_not_there, release_arena),
        cmocka_unit_test_teardown(messages_can_say_what_was_written, release_arena),
        cmocka_unit_test_teardown(repeats_are_found_in_lists, release_arena),
        cmocka_unit_test_teardown(bounds_are_exact, release_arena),
        cmocka_unit_test_teardown(hostile_texts_cost_little, release_arena),
        cmocka_unit_test_teardown(aliases_that_multiply_stop_at_the_bound, release_arena),
        cmocka_unit_test_teardown(a_big_map_with_equal_keys_costs_little, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
