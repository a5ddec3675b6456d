#include "base/field.h"
#include "unit/arena.h"

static struct value parse(const char *text)
{
    struct document *document = arena_alloc(&arena, sizeof(*document));

    document_parse(bytes_from(text), 256, &arena, document);
    return document_root(document);
}

static void texts_are_read(void **state)
{
    struct value object = parse("{\"a\":\"x\\u0000y\",\"none\":null,\"n\":7}");
    struct bytes out = BYTES("untouched");
    struct error err = {0};

    (void)state;
    assert_true(field_text(object, "missing", &arena, &out, &err));
    assert_true(field_text(object, "none", &arena, &out, &err));
    assert_true(field_text((struct value){0}, "a", &arena, &out, &err));
    assert_true(bytes_is(out, "untouched"));
    assert_false(field_text(object, "n", &arena, &out, &err));
    assert_string_equal(err.text, "n: expected a string, got a number");
    assert_true(bytes_is(out, "untouched"));
    assert_true(field_text(object, "a", &arena, &out, &err));
    assert_true(bytes_equal(out, BYTES("x\0y")));
}

static void truth_values_are_read(void **state)
{
    struct value object = parse("{\"yes\":true,\"no\":false,\"none\":null,\"text\":\"true\"}");
    struct error err = {0};
    bool out = true;

    (void)state;
    assert_true(field_bool(object, "none", &arena, &out, &err));
    assert_true(field_bool(object, "missing", &arena, &out, &err));
    assert_true(out);
    assert_true(field_bool(object, "no", &arena, &out, &err));
    assert_false(out);
    assert_true(field_bool(object, "yes", &arena, &out, &err));
    assert_true(out);
    assert_false(field_bool(object, "text", &arena, &out, &err));
    assert_string_equal(err.text, "text: expected true or false, got a string");
}

static void integers_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
        const char *problem;
    } rows[] = {
        {"{\"n\":0}", 0, NULL},
        {"{\"n\":-0}", 0, NULL},
        {"{\"n\":-12}", -12, NULL},
        {"{\"n\":9223372036854775807}", INT64_MAX, NULL},
        {"{\"n\":-9223372036854775808}", INT64_MIN, NULL},
        {"{\"n\":null}", 99, NULL},
        {"{}", 99, NULL},
        {"{\"n\":9223372036854775808}", 99,
         "n: expected an integer of 64 bits, got 9223372036854775808"},
        {"{\"n\":-9223372036854775809}", 99,
         "n: expected an integer of 64 bits, got -9223372036854775809"},
        {"{\"n\":99999999999999999999}", 99,
         "n: expected an integer of 64 bits, got 99999999999999999999"},
        {"{\"n\":1.0}", 99, "n: expected an integer of 64 bits, got 1.0"},
        {"{\"n\":1e3}", 99, "n: expected an integer of 64 bits, got 1e3"},
        {"{\"n\":\"1\"}", 99, "n: expected an integer, got a string"},
        {"{\"n\":[]}", 99, "n: expected an integer, got an array"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct error err = {0};
        int64_t out = 99;
        bool ok = field_integer(parse(rows[i].text), "n", &arena, &out, &err);

        assert_int_equal(ok, rows[i].problem == NULL);
        assert_string_equal(err.text, rows[i].problem ? rows[i].problem : "");
        assert_int_equal(out, rows[i].number);
    }
}

static void containers_are_read(void **state)
{
    struct value root = parse("{\"spec\":{\"list\":[{\"o\":{\"k\":1},\"a\":[2]}],\"none\":null}}");
    struct value spec = {0}, out = {0}, element;
    struct error err = {0};

    (void)state;
    assert_true(field_object(root, "spec", &arena, &spec, &err));
    assert_true(field_array(spec, "list", &arena, &out, &err));
    element = value_first(out);
    assert_true(field_array(spec, "none", &arena, &out, &err));
    assert_int_equal(value_count(out), 1);
    assert_true(field_object(element, "o", &arena, &out, &err));
    assert_int_equal(value_count(out), 1);
    assert_false(field_object(element, "a", &arena, &out, &err));
    assert_string_equal(err.text, "spec.list[0].a: expected an object, got an array");
    assert_false(field_array(element, "o", &arena, &out, &err));
    assert_string_equal(err.text, "spec.list[0].o: expected an array, got an object");
    assert_int_equal(value_type(value_member(out, "k")), VALUE_NUMBER);
}

static bool read_map(struct value root, const char *name, struct value *out, struct error *err)
{
    const struct member members[] = {{bytes_from(name), MEMBER_TEXT_MAP, 0}, {{0}}};

    return members_read(root, members, &arena, out, err);
}

static void maps_of_text_hold_strings_only(void **state)
{
    struct value root =
        parse("{\"good\":{\"a\":\"b\",\"c\":\"\"},\"bad\":{\"a\":\"b\",\"x/y\":true},"
              "\"null\":{\"a\":null},\"list\":[\"a\"],\"numbers\":[1]}");
    struct value out = {0};
    struct error err = {0};

    (void)state;
    assert_true(read_map(root, "missing", &out, &err));
    assert_int_equal(value_type(out), VALUE_ABSENT);
    assert_true(read_map(root, "good", &out, &err));
    assert_int_equal(value_count(out), 2);
    assert_false(read_map(root, "bad", &out, &err));
    assert_string_equal(err.text, "bad[\"x/y\"]: expected a string, got true");
    assert_false(read_map(root, "null", &out, &err));
    assert_string_equal(err.text, "null.a: expected a string, got null");
    assert_false(read_map(root, "list", &out, &err));
    assert_string_equal(err.text, "list: expected an object, got an array");
    assert_false(read_map(root, "numbers", &out, &err));
    assert_string_equal(err.text, "numbers: expected an object, got an array");
}

struct parts {
    struct bytes first, last;
    struct value list, any, text;
    bool is_on;
    int64_t number;
};

static const struct member parts_members[] = {
    MEMBER("first", MEMBER_TEXT, struct parts, first),
    MEMBER("on", MEMBER_BOOL, struct parts, is_on),
    MEMBER("list", MEMBER_ARRAY, struct parts, list),
    MEMBER("any", MEMBER_ANY, struct parts, any),
    MEMBER("text", MEMBER_STRING, struct parts, text),
    MEMBER("n", MEMBER_INTEGER, struct parts, number),
    MEMBER("last", MEMBER_TEXT, struct parts, last),
    {{0}},
};

static void check_parts(const char *text)
{
    struct parts parts = {.last = BYTES("untouched")};
    struct error err = {0};

    assert_true(members_read(parse(text), parts_members, &arena, &parts, &err));
    assert_true(bytes_is(parts.first, "1st"));
    assert_true(bytes_is(parts.last, "untouched"));
    assert_true(bytes_is(value_text(parts.text), "x"));
    assert_int_equal(value_count(parts.list), 2);
    assert_int_equal(value_type(value_next(value_first(parts.list))), VALUE_TRUE);
    assert_int_equal(value_type(value_next(value_next(value_first(parts.list)))), VALUE_ABSENT);
    assert_int_equal(value_type(parts.any), VALUE_OBJECT);
    assert_true(parts.is_on);
    assert_int_equal(parts.number, -3);
}

static void members_are_read_in_any_order(void **state)
{
    (void)state;
    check_parts(
        "{\"first\":\"1st\",\"on\":true,\"list\":[1,true],\"any\":{},\"text\":\"x\",\"n\":-3}");
    check_parts("{\"n\":-3,\"text\":\"x\",\"other\":{\"first\":\"no\"},\"any\":{\"n\":4},\"list\":["
                "[],true],"
                "\"on\":true,\"firs\":0,\"fi\\u0072st\":\"1st\",\"last\":null}");
}

static void members_of_nothing_leave_all_untouched(void **state)
{
    static const char *const texts[] = {"{}", "[\"first\",7]", "\"first\"", "null", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct parts parts = {.last = BYTES("untouched")};
        struct error err = {0};

        assert_true(members_read(parse(texts[i]), parts_members, &arena, &parts, &err));
        assert_int_equal(parts.first.len, 0);
        assert_true(bytes_is(parts.last, "untouched"));
    }
}

static void members_of_a_wrong_type_are_named(void **state)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        {"{\"x\":1,\"first\":7}", "first: expected a string, got a number"},
        {"{\"text\":{}}", "text: expected a string, got an object"},
        {"{\"on\":\"true\"}", "on: expected true or false, got a string"},
        {"{\"n\":1.5}", "n: expected an integer of 64 bits, got 1.5"},
        {"{\"list\":{}}", "list: expected an array, got an object"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct parts parts = {0};
        struct error err = {0};

        assert_false(members_read(parse(rows[i].text), parts_members, &arena, &parts, &err));
        assert_string_equal(err.text, rows[i].problem);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, release_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts_are_read),
        TEST(truth_values_are_read),
        TEST(integers_are_read),
        TEST(containers_are_read),
        TEST(maps_of_text_hold_strings_only),
        TEST(members_are_read_in_any_order),
        TEST(members_of_nothing_leave_all_untouched),
        TEST(members_of_a_wrong_type_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
