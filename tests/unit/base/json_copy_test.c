#include "base/memory.h"
#include "unit/base/json_parse.h"
#include "unit/unit.h"

/* Everything of the document around it is gone before the copy is looked at. */
static struct value copy_of(const char *text, const char *path, void **room)
{
    char *own = strdup(text);
    struct document document;
    struct arena original = {0};
    struct value value;

    document_parse(bytes_from(own), 64, &original, &document);
    value = value_path(document_root(&document), path);
    *room = memory_alloc(value_room(value));
    value = value_copy(value, *room);
    arena_release(&original);
    free(own);
    return value;
}

static void a_copy_is_equal_to_what_it_was_made_of(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "-1.5e3",
        "\"\"",
        "\"plain\"",
        "\"\\u00e9scaped\\n\"",
        "{\"a\":\"1\",\"b/c\":\"\\\"\",\"\\u0061b\":[1,{\"x\":[]},null],\"e\":{\"f\":true}}",
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *around =
            arena_printf(&arena, "{\"x\": {\"\\n\":\"\\t\"}, \"y\" : %s , \"z\":[2]}", texts[i]);
        void *room;
        struct value copy = copy_of(around, "y", &room);

        assert_true(value_equal(copy, parse(texts[i])));
        assert_text(value_raw(copy), texts[i]);
        assert_string_equal(value_place(copy, &arena), "");
        assert_int_equal(value_type(value_next(copy)), VALUE_ABSENT);
        free(room);
    }
}

static void paths_lead_on_in_a_copy(void **state)
{
    void *room;
    struct value copy = copy_of("{\"a\":[{\"b\":{\"c\":\"\\u0064\",\"e\":7}}]}", "a", &room);
    struct value inner = value_path(value_first(copy), "b.e");

    assert_text(value_number(inner), "7");
    assert_text(value_text(value_path(value_first(copy), "b.c")), "d");
    assert_string_equal(value_place(inner, &arena), "[0].b.e");
    free(room);
}

static void of_nothing_there_is_no_copy(void **state)
{
    assert_int_equal(value_room((struct value){0}), 0);
    assert_int_equal(value_type(value_copy((struct value){0}, NULL)), VALUE_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_copy_is_equal_to_what_it_was_made_of, release_arena),
        cmocka_unit_test_teardown(paths_lead_on_in_a_copy, release_arena),
        cmocka_unit_test_teardown(of_nothing_there_is_no_copy, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
