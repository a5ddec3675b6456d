#include "base/strings.h"
#include "unit/unit.h"

static void finds_whole_texts_only(void **state)
{
    struct arena arena = {0};
    struct strings strings = {0};

    assert_false(strings_has(&strings, BYTES("")));
    for (int i = 0; i < 20; i++)
        strings_add(&strings, &arena, arena_printf(&arena, "name-%d", i));
    assert_int_equal(strings.count, 20);
    assert_string_equal(strings.items[0], "name-0");
    assert_string_equal(strings.items[19], "name-19");
    assert_true(strings_has(&strings, BYTES("name-7")));
    assert_false(strings_has(&strings, BYTES("name-")));
    assert_false(strings_has(&strings, BYTES("name-77")));
    assert_false(strings_has(&strings, BYTES("NAME-7")));
    assert_false(strings_has(&strings, BYTES("name-7\0")));
    arena_release(&arena);
}

static void adds_only_what_is_new_and_sorts(void **state)
{
    struct arena arena = {0};
    struct strings strings = {0};

    strings_sort(&strings);
    assert_int_equal(strings.count, 0);
    assert_true(strings_add_new(&strings, &arena, "b"));
    assert_true(strings_add_new(&strings, &arena, "B"));
    assert_true(strings_add_new(&strings, &arena, "a2"));
    assert_true(strings_add_new(&strings, &arena, "a10"));
    assert_false(strings_add_new(&strings, &arena, "b"));
    strings_sort(&strings);
    assert_string_equal(strings_join(&strings, 9, &arena), "B, a10, a2, b");
    arena_release(&arena);
}

static void joins_the_first_and_counts_the_rest(void **state)
{
    static const struct {
        size_t count, most;
        const char *text;
    } rows[] = {
        {0, 3, ""},
        {1, 3, "a"},
        {3, 3, "a, b, c"},
        {5, 9, "a, b, c, d, e"},
        {5, 2, "a, b and 3 more"},
        {2, 1, "a and 1 more"},
        {2, 0, "2 more"},
    };
    const char *items[] = {"a", "b", "c", "d", "e"};
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strings strings = {items, rows[i].count};

        assert_string_equal(strings_join(&strings, rows[i].most, &arena), rows[i].text);
    }
    arena_release(&arena);
}

static void finds_the_name_that_was_meant(void **state)
{
    static const char *const names[] = {"guaranteed", "burst",      "perPod", "id",
                                        "gpus",       "namespaces", "allow",  "alloy"};
    static const struct {
        const char *text, *nearest;
    } rows[] = {
        {"guaranteed", "guaranteed"},
        {"guarenteed", "guaranteed"},  /* one changed */
        {"garanteed", "guaranteed"},   /* one left out */
        {"guarranteed", "guaranteed"}, /* one put in */
        {"guaratneed", "guaranteed"},  /* two swapped: one mistake */
        {"gaurantede", "guaranteed"},  /* two swaps */
        {"guarantees", "guaranteed"},
        {"PERPOD", "perPod"}, /* case is no mistake */
        {"perpods", "perPod"},
        {"per_pod", "perPod"},
        {"gpu", "gpus"},
        {"gups", "gpus"},
        {"brust", "burst"},
        {"namespace", "namespaces"},
        {"allot", "allow"}, /* as near as alloy: the first */
        {"is", NULL},       /* a mistake in two letters is too much */
        {"ids", "id"},      /* one in three isn't */
        {"", NULL},
        {"x", NULL},
        {"grants", NULL},
        {"completely-different", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *nearest = strings_nearest(names, 8, bytes_from(rows[i].text));

        if (rows[i].nearest)
            assert_string_equal(nearest, rows[i].nearest);
        else
            assert_null(nearest);
    }
    assert_null(strings_nearest(NULL, 0, BYTES("gpus")));
}

static void compares_no_long_texts(void **state)
{
    char longest[65 + 1], similar[65 + 1];
    const char *candidates[] = {longest};

    memset(longest, 'a', 65);
    longest[65] = '\0';
    memcpy(similar, longest, sizeof(similar));
    assert_null(strings_nearest(candidates, 1, bytes_from(similar)));
    longest[64] = '\0';
    assert_null(strings_nearest(candidates, 1, bytes_from(similar)));
    similar[64] = '\0';
    similar[3] = 'b';
    assert_ptr_equal(strings_nearest(candidates, 1, bytes_from(similar)), longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_whole_texts_only),
        cmocka_unit_test(adds_only_what_is_new_and_sorts),
        cmocka_unit_test(joins_the_first_and_counts_the_rest),
        cmocka_unit_test(finds_the_name_that_was_meant),
        cmocka_unit_test(compares_no_long_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
