#include "base/buf.h"
#include "unit/arena.h"

static void text_grows(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, &arena, 100000);
    assert_int_equal(buf_bytes(&buf).len, 0);
    assert_non_null(buf_bytes(&buf).data);
    for (int i = 0; i < 1000; i++) {
        buf_add_char(&buf, 'a');
        buf_add_text(&buf, "bc");
        buf_add(&buf, BYTES("d\0"));
        buf_printf(&buf, "%03d", i);
    }
    assert_int_equal(buf.len, 8000);
    assert_false(buf.is_full);
    assert_memory_equal(buf.data + 7992,
                        "abcd\0"
                        "999",
                        9);
    buf_add(&buf, (struct bytes){0});
    assert_int_equal(buf.len, 8000);
}

static void nothing_is_added_past_the_maximum(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, &arena, 5);
    buf_add_text(&buf, "123");
    buf_add_text(&buf, "456");
    assert_true(buf.is_full);
    assert_string_equal(buf.data, "123");
    buf_add_char(&buf, '4');
    buf_printf(&buf, "%d", 4);
    assert_string_equal(buf.data, "123");

    buf_init(&buf, &arena, 5);
    buf_add_text(&buf, "12345");
    assert_false(buf.is_full);
    assert_string_equal(buf.data, "12345");

    buf_init(&buf, &arena, 0);
    buf_add_text(&buf, "");
    assert_false(buf.is_full);
    buf_add_char(&buf, 'x');
    assert_true(buf.is_full);
    assert_int_equal(buf_bytes(&buf).len, 0);
}

static void json_strings_escape_what_they_must(void **state)
{
    static const struct {
        struct bytes text;
        const char *json;
    } rows[] = {
        {{NULL, 0}, "\"\""},
        {{"plain /text", 11}, "\"plain /text\""},
        {{"\"\\", 2}, "\"\\\"\\\\\""},
        {{"\n\r\t", 3}, "\"\\n\\r\\t\""},
        {{"a\0b\x1f\x7f", 5}, "\"a\\u0000b\\u001f\x7f\""},
        {{"\xc3\xa9\xf0\x9f\x98\x80", 6}, "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {{"a\xff\xfe", 3}, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {{"\xe2\x82", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf buf;

        buf_init(&buf, &arena, 1000);
        buf_add_json(&buf, rows[i].text);
        assert_string_equal(buf.data, rows[i].json);
    }
}

static void text_for_people_is_clean(void **state)
{
    static const struct {
        struct bytes text;
        size_t max;
        const char *clean;
    } rows[] = {
        {{NULL, 0}, 10, ""},
        {{"plain", 5}, 5, "plain"},
        {{"plain", 5}, 4, "plai..."},
        {{"a\nb\0c\x7f", 6}, 10, "a\\u000ab\\u0000c\\u007f"},
        {{"\xc2\x85\xc2\x9f\xc2\xa0", 6}, 10, "\\u0085\\u009f\xc2\xa0"},
        /* line separator, right-to-left override, isolate, byte order mark; an en quad stays */
        {{"\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf\xe2\x80\x80", 15},
         20,
         "\\u2028\\u202e\\u2066\\ufeff\xe2\x80\x80"},
        {{"\xf0\x9f\x98\x80", 4}, 10, "\xf0\x9f\x98\x80"},
        {{"\xc3\xa9\xc3\xa9", 4}, 4, "\xc3\xa9\xc3\xa9"},
        {{"\xc3\xa9\xc3\xa9", 4}, 3, "\xc3\xa9..."},
        {{"\xff\xc3", 2}, 10, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"abc", 3}, 0, "..."},
    };
    char name[255];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(text_clean(&arena, rows[i].text, rows[i].max), rows[i].clean);
    memset(name, 'n', sizeof(name));
    assert_int_equal(strlen(text_quote(&arena, (struct bytes){name, 253})), 253);
    assert_int_equal(strlen(text_quote(&arena, (struct bytes){name, 254})), 256);
}

static void characters_are_those_of_rfc_3629(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\x80", 0},
        {"\xbf", 0},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2\x80", 2},
        {"\xc2", 0},
        {"\xc2\x7f", 0},
        {"\xc2\xc0", 0},
        {"\xdf\xbf", 2},
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0},
        {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},
        {"\xe1\x80", 0},
        {"\xe1\x80\x7f", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xf1\x80\x80", 0},
        {"\xf1\x80\x80\xc0", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(text_character(bytes_from(rows[i].text), 0), rows[i].len);
    assert_int_equal(text_character(BYTES("a\xc3\xa9"), 1), 2);
    assert_int_equal(text_character(BYTES("ab"), 2), 0);
}

static void errors_take_context_in_front(void **state)
{
    struct error err = {0};

    (void)state;
    assert_false(error_set(&err, "expected %s, got %d", "text", 7));
    assert_string_equal(err.text, "expected text, got 7");
    assert_false(error_wrap(&err, "spec.%s", "name"));
    assert_string_equal(err.text, "spec.name: expected text, got 7");
    assert_false(error_wrap(&err, "100%%"));
    assert_string_equal(err.text, "100%: spec.name: expected text, got 7");
}

static void errors_are_cut_at_whole_characters(void **state)
{
    struct error err = {0};
    char text[600];

    (void)state;
    /* 511 bytes fit: an "a" and 255 characters of two bytes fill them. */
    text[0] = 'a';
    for (size_t at = 1; at + 1 < sizeof(text); at += 2)
        memcpy(text + at, "\xc3\xa9", 2);
    text[599] = '\0';
    error_set(&err, "%s", text);
    assert_int_equal(strlen(err.text), 511);
    assert_int_equal((unsigned char)err.text[510], 0xa9);
    /* Without the "a" half a character would be left. */
    error_set(&err, "%s", text + 1);
    assert_int_equal(strlen(err.text), 510);
    /* Context is cut so that the cause keeps its place. */
    error_set(&err, "cause");
    error_wrap(&err, "%s", text + 1);
    assert_string_equal(err.text + strlen(err.text) - 9, "\xc3\xa9: cause");
}

static void bytes_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(bytes_compare(BYTES("a"), BYTES("b")) < 0);
    assert_true(bytes_compare(BYTES("b"), BYTES("a")) > 0);
    assert_true(bytes_compare(BYTES("a"), BYTES("ab")) < 0);
    assert_true(bytes_compare(BYTES("ab"), BYTES("a")) > 0);
    assert_int_equal(bytes_compare(BYTES("a\0b"), BYTES("a\0b")), 0);
    assert_true(bytes_compare(BYTES("z"), BYTES("\x80")) < 0);
    assert_int_equal(bytes_compare((struct bytes){0}, BYTES("")), 0);
    assert_true(bytes_equal((struct bytes){0}, BYTES("")));
    assert_true(bytes_has_prefix(BYTES("nvidia.com/gpu"), BYTES("nvidia.com/")));
    assert_false(bytes_has_prefix(BYTES("n"), BYTES("nv")));
    assert_true(bytes_has_suffix(BYTES("a.example.com"), BYTES(".example.com")));
    assert_false(bytes_has_suffix(BYTES("com"), BYTES(".com")));
    assert_true(bytes_is(bytes_tail(BYTES("abc"), 1), "bc"));
    /* FNV-1a's published values for "" and "a" */
    assert_true(bytes_hash((struct bytes){0}) == 0xcbf29ce484222325);
    assert_true(bytes_hash(BYTES("a")) == 0xaf63dc4c8601ec8c);
}

#define TEST(name) cmocka_unit_test_teardown(name, release_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_grows),
        TEST(nothing_is_added_past_the_maximum),
        TEST(json_strings_escape_what_they_must),
        TEST(text_for_people_is_clean),
        TEST(characters_are_those_of_rfc_3629),
        TEST(errors_take_context_in_front),
        TEST(errors_are_cut_at_whole_characters),
        TEST(bytes_compare_by_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
