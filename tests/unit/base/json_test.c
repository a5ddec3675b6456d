/* The expected values are worked out from RFC 8259 and from base/json.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "unit/base/json_parse.h"

struct fault_row {
    const char *text;
    const char *problem;
};

static void assert_problems(const struct fault_row *rows, size_t count, unsigned max_depth)
{
    for (size_t i = 0; i < count; i++) {
        struct document *document = parse_bytes(bytes_from(rows[i].text), max_depth);
        const char *problem = document_problem(document, &arena);

        if (strcmp(problem, rows[i].problem) != 0)
            fail_msg("%s: expected \"%s\", got \"%s\"", rows[i].text, rows[i].problem, problem);
        assert_int_equal(document_is_sound(document), *rows[i].problem == '\0');
    }
}

#define ASSERT_PROBLEMS(rows, max_depth)                                                           \
    assert_problems(rows, sizeof(rows) / sizeof(*(rows)), max_depth)

static const struct fault_row grammar_rows[] = {
    {"null", ""},
    {" \t\r\n true \t\r\n ", ""},
    {"0", ""},
    {"-0", ""},
    {"-12.50e+07", ""},
    {"1E-1", ""},
    {"\"\"", ""},
    {"[]", ""},
    {"[ ]", ""},
    {"{ }", ""},
    {"[1 , 2]", ""},
    {"{ \"a\" : 1 , \"b\" : [ ] }", ""},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\"", ""},
    {"\"\x7f\"", ""},
    {"", "text ends too early"},
    {"  ", "text ends too early"},
    {"[", "text ends too early"},
    {"[1", "text ends too early"},
    {"[1,", "text ends too early"},
    {"{\"a\"", "text ends too early"},
    {"{\"a\":", "text ends too early"},
    {"\"a", "text ends too early"},
    {"\"a\\", "text ends too early"},
    {"\"\\u12", "text ends too early"},
    {"-", "text ends too early"},
    {"1.", "text ends too early"},
    {"1e", "text ends too early"},
    {"1e+", "text ends too early"},
    {"nul", "text ends too early"},
    {"}", "unexpected character '}' at byte 0"},
    {"[1,]", "unexpected character ']' at byte 3"},
    {"[,1]", "unexpected character ',' at byte 1"},
    {"[,]", "unexpected character ',' at byte 1"},
    {"{,}", "unexpected character ',' at byte 1"},
    {"[1 2]", "unexpected character '2' at byte 3"},
    {"[1}", "unexpected character '}' at byte 2"},
    {"{\"a\":1]", "unexpected character ']' at byte 6"},
    {"[}", "unexpected character '}' at byte 1"},
    {"{]", "unexpected character ']' at byte 1"},
    {"{\"a\":1,}", "unexpected character '}' at byte 7"},
    {"{\"a\",1}", "unexpected character ',' at byte 4"},
    {"{\"a\":}", "unexpected character '}' at byte 5"},
    {"{a:1}", "unexpected character 'a' at byte 1"},
    {"{1:1}", "unexpected character '1' at byte 1"},
    {"[01]", "unexpected character '1' at byte 2"},
    {"[-01]", "unexpected character '1' at byte 3"},
    {"[+1]", "unexpected character '+' at byte 1"},
    {"[.5]", "unexpected character '.' at byte 1"},
    {"[1.]", "unexpected character ']' at byte 3"},
    {"[1.e1]", "unexpected character 'e' at byte 3"},
    {"[1e]", "unexpected character ']' at byte 3"},
    {"[-]", "unexpected character ']' at byte 2"},
    {"[--1]", "unexpected character '-' at byte 2"},
    {"[0x1]", "unexpected character 'x' at byte 2"},
    {"[nULL]", "unexpected character 'U' at byte 2"},
    {"[nan]", "unexpected character 'a' at byte 2"},
    {"['a']", "unexpected character ''' at byte 1"},
    {"[\"\\x\"]", "unexpected character 'x' at byte 3"},
    {"[\"\\u12g4\"]", "unexpected character 'g' at byte 6"},
    {"[\"a\nb\"]", "unexpected character '\\u000a' at byte 3"},
    {"[\"0123456789abcdef\x1f\"]", "unexpected character '\\u001f' at byte 18"},
    {"[1/**/]", "unexpected character '/' at byte 2"},
    {"\xef\xbb\xbf{}", "unexpected character '\\ufeff' at byte 0"},
    {"\f1", "unexpected character '\\u000c' at byte 0"},
};

static void grammar_is_that_of_rfc_8259(void **state)
{
    (void)state;
    ASSERT_PROBLEMS(grammar_rows, 256);
}

static void other_faults_are_noted(void **state)
{
    static const struct fault_row rows[] = {
        {"{\"a\":1,\"b\":2,\"a\":3}", "duplicate key \"a\" at byte 13"},
        {"{\"a\":1,\"\\u0061\":2}", "duplicate key \"\\u0061\" at byte 7"},
        {"{\"\":1,\"\":2}", "duplicate key \"\" at byte 6"},
        {"{\"a\":{\"b\":1},\"b\":2}", ""},
        {"{\"a\":1,\"c\":{\"b\":1},\"b\":2,\"b\":3}", "duplicate key \"b\" at byte 25"},
        {"{\"a\":1,\"A\":2}", ""},
        {"[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]", ""},
        {"[\"a\x80\"]", "invalid UTF-8 at byte 3"},
        {"[\"\xc0\xaf\"]", "invalid UTF-8 at byte 2"},
        {"[\"\xe2\x82\"]", "invalid UTF-8 at byte 2"},
        {"[\"\xed\xa0\x80\"]", "invalid UTF-8 at byte 2"},
        {"[\"\xf4\x90\x80\x80\"]", "invalid UTF-8 at byte 2"},
        {"{\"\xff\":1}", "invalid UTF-8 at byte 2"},
        {"[\"\\ud83d\\ude00\"]", ""},
        {"[\"\\ud83d\"]", "unpaired surrogate at byte 2"},
        {"[\"x\\ude00\"]", "unpaired surrogate at byte 3"},
        {"[\"\\ud83d\\u0041\"]", "unpaired surrogate at byte 2"},
        {"[\"\\ud83d\\ud83d\\ude00\"]", "unpaired surrogate at byte 2"},
        {"{} {}", "bytes after the end of the JSON text at byte 3"},
        {"1 ]", "bytes after the end of the JSON text at byte 2"},
        {"[[1]]", ""},
        {"[[[]]]", "nesting deeper than 2 at byte 2"},
        {"{\"a\":[{\"b\":1}]}", "nesting deeper than 2 at byte 6"},
        /* The first one is kept; broken grammar goes before all. */
        {"[\"\xff\",[[1]]] x", "invalid UTF-8 at byte 2"},
        {"[[[1]],\"\xff\"]", "nesting deeper than 2 at byte 2"},
        {"{\"a\":1,\"a\":2,}", "unexpected character '}' at byte 13"},
        /* What is dropped is checked all the same. */
        {"[[[1,]]]", "unexpected character ']' at byte 5"},
        {"[[{\"a\":{\"b\" 1}}]]", "unexpected character '1' at byte 12"},
        {"[[[{]]]]", "unexpected character ']' at byte 4"},
    };

    (void)state;
    ASSERT_PROBLEMS(rows, 2);
}

static void a_long_name_is_cut_in_the_message(void **state)
{
    char text[700];
    char name[301];
    const char *problem;

    (void)state;
    memset(name, 'n', 300);
    name[300] = '\0';
    snprintf(text, sizeof(text), "{\"%s\":1,\"%s\":2}", name, name);
    problem = document_problem(parse_bytes(bytes_from(text), 256), &arena);
    name[253] = '\0';
    assert_string_equal(problem, arena_printf(&arena, "duplicate key \"%s...\" at byte 306", name));
}

static void nul_may_stand_in_strings_only(void **state)
{
    struct document *document = parse_bytes(BYTES("{\"a\\u0000b\":\"\\u0000\"}"), 256);
    struct value value = value_member_named(document_root(document), BYTES("a\0b"));

    (void)state;
    assert_true(document_is_sound(document));
    assert_true(bytes_equal(value_text(value), BYTES("\0")));
    assert_int_equal(value_type(value_member(document_root(document), "a")), VALUE_ABSENT);

    document = parse_bytes(BYTES("[\"\0\"]"), 256);
    assert_int_equal(document->grammar, DOCUMENT_BROKEN);
    assert_int_equal(document->broken_at, 2);
    document = parse_bytes(BYTES("[1\0]"), 256);
    assert_int_equal(document->grammar, DOCUMENT_BROKEN);
    assert_int_equal(document->broken_at, 2);
    document = parse_bytes(BYTES("[]\0"), 256);
    assert_int_equal(document->fault, DOCUMENT_TRAILING);
    assert_int_equal(document->fault_at, 2);
}

static void strings_are_decoded(void **state)
{
    static const struct {
        const char *text, *decoded;
    } rows[] = {
        {"\"\"", ""},
        {"\"plain\"", "plain"},
        {"\"0123456789abcdef0123456789abcdef0\"", "0123456789abcdef0123456789abcdef0"},
        {"\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d"},
        {"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"},
        {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"},
        {"\"\\ud83dx\"", "\xef\xbf\xbdx"},
        {"\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\"\xe2\x82\xac\\n\"", "\xe2\x82\xac\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_text(value_text(parse(rows[i].text)), rows[i].decoded);
}

/* Nothing but strings that need the side buffer: as many as fit into the text. */
static void many_small_escapes_fit(void **state)
{
    struct document *document;
    struct buf text;
    size_t count = 0;

    (void)state;
    buf_init(&text, &arena, 1 << 20);
    buf_add_char(&text, '[');
    for (int i = 0; i < 5000; i++)
        buf_add_text(&text, i ? ",\"\\n\"" : "\"\\n\"");
    buf_add_char(&text, ']');
    document = parse_bytes(buf_bytes(&text), 256);
    assert_true(document_is_sound(document));
    for (struct value v = value_first(document_root(document)); value_type(v); v = value_next(v)) {
        assert_text(value_text(v), "\n");
        count++;
    }
    assert_int_equal(count, 5000);
}

static void members_and_elements_are_found(void **state)
{
    struct value root =
        parse("{\"a\":{\"b\":[10,{\"c\":\"x\"},[]]},\"d\":null,\"e\":false,\"\":1}");
    struct value list = value_path(root, "a.b");
    struct value v = value_first(list);

    (void)state;
    assert_int_equal(value_count(root), 4);
    assert_int_equal(value_type(list), VALUE_ARRAY);
    assert_int_equal(value_count(list), 3);
    assert_text(value_number(v), "10");
    v = value_next(v);
    assert_text(value_text(value_member(v, "c")), "x");
    v = value_next(v);
    assert_int_equal(value_type(v), VALUE_ARRAY);
    assert_int_equal(value_count(v), 0);
    assert_int_equal(value_type(value_first(v)), VALUE_ABSENT);
    assert_int_equal(value_type(value_next(v)), VALUE_ABSENT);
    assert_false(value_is_set(value_member(root, "d")));
    assert_int_equal(value_type(value_member(root, "d")), VALUE_NULL);
    assert_true(value_is_set(value_member(root, "e")));
    assert_int_equal(value_type(value_member(root, "")), VALUE_NUMBER);
    assert_int_equal(value_type(value_next(root)), VALUE_ABSENT);
}

static void members_have_names_and_elements_none(void **state)
{
    static const char *const names[] = {"one", "t\nwo", "three"};
    struct value root = parse("{\"one\":{\"x\":1},\"t\\nwo\":[\"y\"],\"three\":3}");
    struct value v = value_first(root);

    (void)state;
    for (size_t i = 0; i < 3; i++, v = value_next(v))
        assert_text(value_name(v), names[i]);
    assert_int_equal(value_type(v), VALUE_ABSENT);
    assert_null(value_name(value_first(value_member(root, "t\nwo"))).data);
    assert_null(value_name(root).data);
}

static void an_absent_value_has_empty_answers(void **state)
{
    struct value none = {0};

    (void)state;
    assert_int_equal(value_type(none), VALUE_ABSENT);
    assert_false(value_is_set(none));
    assert_int_equal(value_type(value_path(none, "a.b.c")), VALUE_ABSENT);
    assert_int_equal(value_type(value_first(none)), VALUE_ABSENT);
    assert_int_equal(value_type(value_next(none)), VALUE_ABSENT);
    assert_null(value_name(none).data);
    assert_int_equal(value_count(none), 0);
    assert_null(value_text(none).data);
    assert_null(value_number(none).data);
    assert_null(value_raw(none).data);
    assert_string_equal(value_place(none, &arena), "");
    assert_true(value_equal(none, none));
    assert_false(value_equal(none, parse("null")));
    /* Questions that do not suit the type. */
    assert_int_equal(value_type(value_member(parse("[1]"), "a")), VALUE_ABSENT);
    assert_int_equal(value_type(value_first(parse("1"))), VALUE_ABSENT);
    assert_null(value_text(parse("1")).data);
    assert_null(value_number(parse("\"1\"")).data);
    assert_int_equal(value_count(parse("\"abc\"")), 0);
}

static void raw_bytes_leave_out_the_space_around(void **state)
{
    struct value root = parse(" { \"a\" : [ 1 , \"\\n\" ] , \"b\" : -1.5e3 } ");

    (void)state;
    assert_text(value_raw(root), "{ \"a\" : [ 1 , \"\\n\" ] , \"b\" : -1.5e3 }");
    assert_text(value_raw(value_member(root, "a")), "[ 1 , \"\\n\" ]");
    assert_text(value_raw(value_next(value_first(value_member(root, "a")))), "\"\\n\"");
    assert_text(value_raw(value_member(root, "b")), "-1.5e3");
}

static void of_doubled_names_the_first_is_found(void **state)
{
    struct value root = parse("{\"a\":1,\"a\":2}");

    (void)state;
    assert_text(value_number(value_member(root, "a")), "1");
    assert_int_equal(value_count(root), 2);
}

static void what_was_read_before_a_break_can_be_looked_at(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        {"{\"uid\":\"u\",\"x\"", 1},         {"{\"uid\":\"u\",\"x\":", 1},
        {"{\"uid\":\"u\",\"x\":\"y", 1},     {"{\"uid\":\"u\",\"x\":12", 1},
        {"{\"uid\":\"u\",\"x\":1.]", 1},     {"{\"uid\":\"u\",\"x\":01}", 1},
        {"{\"uid\":\"u\",\"x\":12}}", 2},    {"{\"uid\":\"u\",\"x\":tru", 1},
        {"{\"uid\":\"u\",\"x\":[1,{", 2},    {"{\"uid\":\"u\",\"x\":true", 2},
        {"{\"uid\":\"u\",\"x\":\"y\" z", 2}, {"{\"uid\":\"u\",", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct value root = parse(rows[i].text);

        assert_text(value_text(value_member(root, "uid")), "u");
        if (value_count(root) != rows[i].count)
            fail_msg("%s: %zu members", rows[i].text, value_count(root));
    }
    assert_int_equal(value_type(parse("\"abc")), VALUE_ABSENT);
    assert_int_equal(value_type(parse("-")), VALUE_ABSENT);
    assert_int_equal(value_type(parse("")), VALUE_ABSENT);
}

static void open_containers_end_where_the_text_broke(void **state)
{
    struct value root = parse("{\"a\":[1,{\"b\":2,\"c\":x");
    struct value list = value_member(root, "a");

    (void)state;
    assert_text(value_raw(root), "{\"a\":[1,{\"b\":2,\"c\":");
    assert_text(value_raw(list), "[1,{\"b\":2,\"c\":");
    assert_int_equal(value_count(list), 2);
    assert_int_equal(value_count(value_next(value_first(list))), 1);
}

static void what_nests_too_deeply_is_not_kept(void **state)
{
    struct document *document =
        parse_bytes(BYTES("{\"a\":{\"b\":[1],\"c\":2,\"d\":{}},\"e\":[[],3]}"), 2);
    struct value root = document_root(document);

    (void)state;
    assert_int_equal(document->fault, DOCUMENT_DEPTH);
    assert_int_equal(document->fault_at, 10);
    assert_int_equal(value_count(value_member(root, "a")), 1);
    assert_text(value_number(value_path(root, "a.c")), "2");
    assert_int_equal(value_count(value_member(root, "e")), 1);
    assert_text(value_raw(value_member(root, "e")), "[[],3]");
    document = parse_bytes(BYTES("[1]"), 0);
    assert_int_equal(document->fault, DOCUMENT_DEPTH);
    assert_int_equal(value_type(document_root(document)), VALUE_ABSENT);
    assert_true(document_is_sound(parse_bytes(BYTES("7"), 0)));
}

static struct document *parse_nested(size_t levels, unsigned max_depth)
{
    char *text = arena_alloc_raw(&arena, levels * 2);

    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    return parse_bytes((struct bytes){text, levels * 2}, max_depth);
}

static void nesting_is_bounded_where_it_was_said(void **state)
{
    struct document *document;

    (void)state;
    assert_true(document_is_sound(parse_nested(256, 256)));
    document = parse_nested(257, 256);
    assert_int_equal(document->fault, DOCUMENT_DEPTH);
    assert_int_equal(document->fault_at, 256);
    assert_true(document_is_sound(parse_nested(1000, 1000)));
    document = parse_nested(3000000, 256);
    assert_int_equal(document->grammar, DOCUMENT_SOUND);
    assert_int_equal(document->fault_at, 256);
    assert_true(document_is_sound(parse_nested(100000, UINT32_MAX)));
}

/* An object of `count` members; the last one is named as the one at `doubled` is. */
static struct document *parse_many(size_t count, size_t doubled, int width)
{
    struct buf text;

    buf_init(&text, &arena, 16 << 20);
    for (size_t i = 0; i < count; i++) {
        size_t number = i == count - 1 ? doubled : i;

        buf_add_text(&text, i ? ",\"" : "{\"");
        buf_add_text(&text, arena_printf(&arena, "n%0*zu", width, number));
        buf_add_text(&text, "\":0");
    }
    buf_add_char(&text, '}');
    return parse_bytes(buf_bytes(&text), 256);
}

static void doubles_are_found_in_objects_of_any_size(void **state)
{
    static const size_t counts[] = {2, 3, 31, 32, 33, 34, 35, 64, 65, 100, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        size_t count = counts[i];

        for (size_t doubled = 0; doubled<count; doubled += count> 100 ? 37 : 1) {
            struct document *document = parse_many(count, doubled, 1);
            enum document_fault expected =
                doubled == count - 1 ? DOCUMENT_SOUND : DOCUMENT_DUPLICATE;

            assert_int_equal(document->fault, expected);
            assert_int_equal(value_count(document_root(document)), count);
        }
    }
}

static void many_members_are_no_burden(void **state)
{
    (void)state;
    assert_true(document_is_sound(parse_many(100000, 99999, 1)));
    assert_int_equal(parse_many(100000, 5, 20)->fault, DOCUMENT_DUPLICATE);
    /* 39 members such as `"n000000005":0,` stand before the last one. */
    assert_int_equal(parse_many(40, 5, 9)->fault_at, 1 + 15 * 39);
}

static void equality_is_that_of_values(void **state)
{
    static const struct {
        const char *a, *b;
        bool is_equal;
    } rows[] = {
        {"null", "null", true},
        {"null", "false", false},
        {"1", "1", true},
        {"1", "1.0", false},
        {"\"a\"", "\"\\u0061\"", true},
        {"\"a\"", "\"b\"", false},
        {"[1,2]", " [ 1 , 2 ] ", true},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1]", false},
        {"[]", "{}", false},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}", true},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[3],\"a\":1}", false},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"x\":{\"y\":{\"a\":1,\"b\":2}}}", "{\"x\":{\"y\":{\"b\":2,\"a\":1}}}", true},
        {"{\"x\":{\"y\":{\"a\":1,\"b\":2}}}", "{\"x\":{\"y\":{\"b\":1,\"a\":2}}}", false},
        {"{\"q\":[1],\"a\":1,\"b\":2,\"c\":3}", "{\"q\":[1],\"c\":3,\"b\":2,\"a\":1}", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (value_equal(parse(rows[i].a), parse(rows[i].b)) != rows[i].is_equal)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        assert_int_equal(value_equal(parse(rows[i].b), parse(rows[i].a)), rows[i].is_equal);
    }
}

static void places_read_as_people_write_them(void **state)
{
    struct value root = parse("{\"spec\":{\"containers\":[{\"image\":\"i\"},{\"image\":\"j\\n\"}],"
                              "\"labels\":{\"a/b\":1,\"quo\\\"te\":[0,[7]],\"\":2,\"x_y-1\":3}}}");
    struct value labels = value_path(root, "spec.labels");
    struct value second = value_next(value_first(value_path(root, "spec.containers")));
    struct value list = value_member(labels, "quo\"te");

    (void)state;
    assert_string_equal(value_place(root, &arena), "");
    assert_string_equal(value_place(labels, &arena), "spec.labels");
    assert_string_equal(value_place(second, &arena), "spec.containers[1]");
    assert_string_equal(value_place(value_member(second, "image"), &arena),
                        "spec.containers[1].image");
    assert_string_equal(value_place(value_member(labels, "a/b"), &arena), "spec.labels[\"a/b\"]");
    assert_string_equal(value_place(value_first(value_next(value_first(list))), &arena),
                        "spec.labels[\"quo\\\"te\"][1][0]");
    assert_string_equal(value_place(value_member(labels, ""), &arena), "spec.labels[\"\"]");
    assert_string_equal(value_place(value_member(labels, "x_y-1"), &arena), "spec.labels.x_y-1");
}

/* Cut at a whole character, where there are any. */
static void places_stay_short(void **state)
{
    char name[301] = {0};
    char longer[301] = {0};
    struct value root;

    (void)state;
    memset(name, 'n', 252);
    memcpy(name + 252, "\xe2\x82\xac", 3);
    memset(longer, 0xae, 300);
    root = parse(arena_printf(&arena, "{\"%s\":1,\"%s\":2}", name, longer));
    assert_string_equal(value_place(value_first(root), &arena),
                        arena_printf(&arena, "[\"%.252s\"...]", name));
    /* 250 bytes of 300, each shown as three. */
    assert_int_equal(strlen(value_place(value_next(value_first(root)), &arena)), 250 * 3 + 7);

    root = parse(arena_printf(&arena,
                              "{\"%.250s\":{\"%.250s\":{\"%.250s\":{\"%.250s\":{\"%.250s\":1}}}}}",
                              name, name, name, name, name));
    for (int i = 0; i < 5; i++)
        root = value_first(root);
    assert_true(strlen(value_place(root, &arena)) <= 1024 + 3);
    assert_true(bytes_has_suffix(bytes_from(value_place(root, &arena)), BYTES("...")));
}

static void types_have_names_for_messages(void **state)
{
    (void)state;
    assert_string_equal(value_type_name(VALUE_ABSENT), "nothing");
    assert_string_equal(value_type_name(VALUE_OBJECT), "an object");
    assert_string_equal(value_type_name(VALUE_STRING), "a string");
    assert_string_equal(value_type_name(VALUE_NUMBER), "a number");
}

#define TEST(name) cmocka_unit_test_teardown(name, release_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(grammar_is_that_of_rfc_8259),
        TEST(other_faults_are_noted),
        TEST(a_long_name_is_cut_in_the_message),
        TEST(nul_may_stand_in_strings_only),
        TEST(strings_are_decoded),
        TEST(many_small_escapes_fit),
        TEST(members_and_elements_are_found),
        TEST(members_have_names_and_elements_none),
        TEST(an_absent_value_has_empty_answers),
        TEST(raw_bytes_leave_out_the_space_around),
        TEST(of_doubled_names_the_first_is_found),
        TEST(what_was_read_before_a_break_can_be_looked_at),
        TEST(open_containers_end_where_the_text_broke),
        TEST(what_nests_too_deeply_is_not_kept),
        TEST(nesting_is_bounded_where_it_was_said),
        TEST(doubles_are_found_in_objects_of_any_size),
        TEST(many_members_are_no_burden),
        TEST(equality_is_that_of_values),
        TEST(places_read_as_people_write_them),
        TEST(places_stay_short),
        TEST(types_have_names_for_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
