/* Strings at each place of a block, in other words, and cut anywhere. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "unit/base/json_parse.h"

/* What a string may hold beside plain characters. */
static const struct {
    const char *written, *meant;
} pieces[] = {
    {"\\\"", "\""},
    {"\\\\", "\\"},
    {"\\/", "/"},
    {"\\b", "\b"},
    {"\\u0041", "A"},
    {"\\u00e9", "\xc3\xa9"},
    {"\\u20ac", "\xe2\x82\xac"},
    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
    {"\xc3\xa9", "\xc3\xa9"},
    {"\xe2\x82\xac", "\xe2\x82\xac"},
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
};

enum { TWO_BLOCKS = 130 }; /* the reader looks for the ends of strings in blocks of 64 bytes */

/* Each piece at each place of a block, in a value and in a name. */
static void strings_are_decoded_wherever_they_stand(void **state)
{
    for (size_t i = 0; i < COUNT(pieces) * TWO_BLOCKS; i++) {
        const char *written = pieces[i / TWO_BLOCKS].written, *meant = pieces[i / TWO_BLOCKS].meant;
        const char *filler = repeat_text("", " ", i % TWO_BLOCKS, "").data;
        struct value array = parse(arena_printf(&arena, "[%s\"y%sz%s\",{\"%sz\":\"z\"}]", filler,
                                                written, written, written));
        struct value object = value_next(value_first(array));
        const char *name = arena_printf(&arena, "%sz", meant);

        assert_text(value_text(value_first(array)), arena_printf(&arena, "y%sz%s", meant, meant));
        assert_text(value_name(value_first(object)), name);
        assert_text(value_text(value_member(object, name)), "z");
        arena_reset(&arena);
    }
}

/* Cut anywhere, the end is what is wrong, and what came before it can be looked at. */
static void a_text_may_end_anywhere(void **state)
{
    static const char values[] = "true,false,null,-12.5e+3,{},[],[0,{\"\":\"plain\"}]";

    for (size_t i = 0; i < COUNT(pieces); i++) {
        const char *written = pieces[i].written;
        const char *whole = arena_printf(&arena, "{\"a\":[%s,\"x%sy%s\"],\"%s\":\"%s\"}", values,
                                         written, written, written, written);

        assert_true(document_is_sound(parse_bytes(bytes_from(whole), 256)));
        for (size_t len = 0; len < strlen(whole); len++) {
            struct document *document = parse_bytes((struct bytes){whole, len}, 256);

            assert_int_equal(document->grammar, DOCUMENT_BROKEN);
            assert_int_equal(document->broken_at, len);
            assert_string_equal(document_problem(document, &arena), "text ends too early");
            if (len > 10)
                assert_int_equal(value_type(value_first(value_path(document_root(document), "a"))),
                                 VALUE_TRUE);
        }
    }
}

/* The same name in other words, first and last in an object of any size. */
static void doubles_are_found_however_they_are_written(void **state)
{
    static const size_t counts[] = {0, 1, 30, 31, 32, 33, 100};
    static const char *const names[] = {"name", "\\u006eame", "nam\\u0065", "\\u006e\\u0061me"};

    for (size_t i = 0; i < COUNT(counts) * COUNT(names) * COUNT(names); i++) {
        const char *first = names[i % COUNT(names)], *last = names[i / COUNT(names) % COUNT(names)];
        struct document *document;
        struct buf text;
        size_t at;

        buf_init(&text, &arena, 65536);
        buf_printf(&text, "{\"%s\":0", first);
        for (size_t j = 0; j < counts[i / COUNT(names) / COUNT(names)]; j++)
            buf_printf(&text, ",\"\\u0078%03zue\":[{\"name\":0}]", j);
        at = text.len + 1;
        buf_printf(&text, ",\"%s\":1}", last);
        document = parse_bytes(buf_bytes(&text), 256);
        assert_int_equal(document->fault, DOCUMENT_DUPLICATE);
        assert_int_equal(document->fault_at, at);
        assert_non_null(strstr(document_problem(document, &arena), "duplicate key"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(strings_are_decoded_wherever_they_stand, release_arena),
        cmocka_unit_test_teardown(a_text_may_end_anywhere, release_arena),
        cmocka_unit_test_teardown(doubles_are_found_however_they_are_written, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
