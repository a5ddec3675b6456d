#include "engine/view.h"
#include "unit/random.h"
#include "unit/unit.h"

/* A view keeps copies: what is added lives in `scratch`, and is overwritten afterwards. */
static struct arena scratch;

static void add(struct view *view, enum view_kind kind, const char *name, const char *labels)
{
    char *text = arena_copy(&scratch, bytes_from(labels ? labels : "{}"));
    struct bytes copy = arena_copy_bytes(&scratch, bytes_from(name));
    struct view_object object = {.name = copy, .value = (int64_t)strlen(name)};
    struct document document;

    document_parse(bytes_from(text), 4, &scratch, &document);
    object.labels = labels ? document_root(&document) : (struct value){0};
    view_add(view, kind, &object);
    memset(text, '#', strlen(text));
    if (copy.len)
        memset((char *)copy.data, '#', copy.len);
    arena_reset(&scratch);
}

static const char *label(const struct view *view, enum view_kind kind, const char *name,
                         const char *key)
{
    const struct view_object *found = view_find(view, kind, bytes_from(name));

    return found ? arena_copy(&scratch, value_text(value_member(found->labels, key))) : "(none)";
}

static void no_view_knows_nothing(void **state)
{
    struct view view;

    assert_null(view_find(NULL, VIEW_NODES, BYTES("a")));
    view_init(&view);
    assert_null(view_find(&view, VIEW_NODES, BYTES("a")));
    view_remove(&view, VIEW_NODES, BYTES("a"));
    assert_null(view_find(&view, VIEW_NODES, BYTES("")));
    view_release(&view);
}

static void objects_are_found_by_kind_and_name(void **state)
{
    struct view view;

    view_init(&view);
    add(&view, VIEW_NODES, "a", "{\"x\":\"1\",\"y/z\":\"\\u00e9\"}");
    add(&view, VIEW_NAMESPACES, "a", "{\"x\":\"2\"}");
    add(&view, VIEW_NODES, "ab", NULL);
    add(&view, VIEW_NODES, "", "{\"x\":\"3\"}");
    assert_string_equal(label(&view, VIEW_NODES, "a", "x"), "1");
    assert_string_equal(label(&view, VIEW_NODES, "a", "y/z"), "\xc3\xa9");
    assert_string_equal(label(&view, VIEW_NAMESPACES, "a", "x"), "2");
    assert_string_equal(label(&view, VIEW_NODES, "ab", "x"), "");
    assert_string_equal(label(&view, VIEW_NODES, "", "x"), "3");
    assert_string_equal(label(&view, VIEW_CLASSES, "a", "x"), "(none)");
    assert_string_equal(label(&view, VIEW_NODES, "b", "x"), "(none)");
    assert_string_equal(label(&view, VIEW_NODES, "A", "x"), "(none)");
    assert_int_equal(view_find(&view, VIEW_NODES, BYTES("ab"))->value, 2);
    view_release(&view);
}

static void of_one_name_the_last_one_holds(void **state)
{
    struct view view;

    view_init(&view);
    add(&view, VIEW_NODES, "a", "{\"x\":\"1\"}");
    add(&view, VIEW_NODES, "a", "{\"y\":\"2\"}");
    assert_string_equal(label(&view, VIEW_NODES, "a", "x"), "");
    assert_string_equal(label(&view, VIEW_NODES, "a", "y"), "2");
    view_remove(&view, VIEW_NODES, BYTES("a"));
    assert_string_equal(label(&view, VIEW_NODES, "a", "y"), "(none)");
    add(&view, VIEW_NODES, "a", "{\"z\":\"3\"}");
    assert_string_equal(label(&view, VIEW_NODES, "a", "z"), "3");
    view_release(&view);
}

static void a_view_made_of_another_is_one_of_its_own(void **state)
{
    struct view first, second;

    view_init(&first);
    view_init(&second);
    add(&first, VIEW_NODES, "a", "{\"x\":\"1\"}");
    add(&first, VIEW_CLASSES, "p0", NULL);
    add(&second, VIEW_NODES, "a", "{\"x\":\"old\"}");
    add(&second, VIEW_NODES, "b", "{\"x\":\"2\"}");
    view_add_all(&second, &first);
    view_release(&first);
    assert_string_equal(label(&second, VIEW_NODES, "a", "x"), "1");
    assert_string_equal(label(&second, VIEW_NODES, "b", "x"), "2");
    assert_non_null(view_find(&second, VIEW_CLASSES, BYTES("p0")));
    assert_int_equal(view_count(&second, VIEW_NODES), 2);
    view_release(&second);
}

static void a_copy_and_what_it_was_made_of_change_apart(void **state)
{
    struct view first, second;

    view_init(&first);
    view_init(&second);
    add(&first, VIEW_NODES, "a", "{\"x\":\"1\"}");
    add(&first, VIEW_NODES, "b", "{\"x\":\"2\"}");
    view_copy(&second, &first);
    assert_ptr_equal(view_find(&second, VIEW_NODES, BYTES("a")),
                     view_find(&first, VIEW_NODES, BYTES("a")));
    add(&second, VIEW_NODES, "a", "{\"x\":\"3\"}");
    view_remove(&second, VIEW_NODES, BYTES("b"));
    assert_string_equal(label(&first, VIEW_NODES, "a", "x"), "1");
    assert_string_equal(label(&first, VIEW_NODES, "b", "x"), "2");
    view_release(&first);
    assert_string_equal(label(&second, VIEW_NODES, "a", "x"), "3");
    assert_string_equal(label(&second, VIEW_NODES, "b", "x"), "(none)");
    view_release(&second);
}

static void one_kind_is_set_and_the_others_stay(void **state)
{
    struct view first, second;

    view_init(&first);
    view_init(&second);
    add(&first, VIEW_NODES, "a", NULL);
    add(&first, VIEW_CLASSES, "p0", NULL);
    add(&second, VIEW_NODES, "b", NULL);
    view_set_kind(&first, VIEW_NODES, &second);
    view_release(&second);
    assert_null(view_find(&first, VIEW_NODES, BYTES("a")));
    assert_non_null(view_find(&first, VIEW_NODES, BYTES("b")));
    assert_non_null(view_find(&first, VIEW_CLASSES, BYTES("p0")));
    view_release(&first);
}

static bool has_quota(const struct view *view, const char *namespace)
{
    return view_has_any(view, VIEW_RESOURCE_QUOTAS, bytes_from(namespace));
}

/* Added twice it is there once; "a" is no part of "ab". */
static void a_namespace_holds_what_was_added_and_not_removed(void **state)
{
    struct view view;

    view_init(&view);
    add(&view, VIEW_RESOURCE_QUOTAS, "ab/x", NULL);
    assert_true(has_quota(&view, "ab"));
    assert_false(has_quota(&view, "a"));
    assert_false(view_has_any(&view, VIEW_LIMIT_RANGES, BYTES("ab")));
    add(&view, VIEW_RESOURCE_QUOTAS, "ab/x", NULL);
    add(&view, VIEW_RESOURCE_QUOTAS, "ab/y", NULL);
    view_remove(&view, VIEW_RESOURCE_QUOTAS, BYTES("ab/x"));
    view_remove(&view, VIEW_RESOURCE_QUOTAS, BYTES("ab/x"));
    view_remove(&view, VIEW_RESOURCE_QUOTAS, BYTES("ab/z"));
    assert_true(has_quota(&view, "ab"));
    view_remove(&view, VIEW_RESOURCE_QUOTAS, BYTES("ab/y"));
    assert_false(has_quota(&view, "ab"));
    view_release(&view);
}

static void views_made_of_others_count_for_themselves(void **state)
{
    struct view first, second, third;

    view_init(&first);
    view_init(&second);
    view_init(&third);
    add(&first, VIEW_RESOURCE_QUOTAS, "a/x", NULL);
    add(&first, VIEW_RESOURCE_QUOTAS, "b/x", NULL);
    view_copy(&second, &first);
    view_remove(&second, VIEW_RESOURCE_QUOTAS, BYTES("a/x"));
    assert_true(has_quota(&first, "a"));
    assert_false(has_quota(&second, "a"));
    add(&third, VIEW_RESOURCE_QUOTAS, "a/x", NULL);
    add(&third, VIEW_RESOURCE_QUOTAS, "a/y", NULL);
    view_add_all(&third, &first); /* a: x and y */
    view_remove(&third, VIEW_RESOURCE_QUOTAS, BYTES("a/y"));
    assert_true(has_quota(&third, "a"));
    view_remove(&third, VIEW_RESOURCE_QUOTAS, BYTES("a/x"));
    assert_false(has_quota(&third, "a"));
    assert_true(has_quota(&third, "b"));
    view_set_kind(&first, VIEW_RESOURCE_QUOTAS, &second);
    assert_false(has_quota(&first, "a"));
    assert_true(has_quota(&first, "b"));
    view_release(&first);
    view_release(&second);
    view_release(&third);
}

enum { NAMES = 200, ROUNDS = 20000 };

/* Against an array of what is there. */
static void random_changes_leave_what_they_should(void **state)
{
    int values[NAMES] = {0}; /* 0: not there */
    struct random random = {31};
    struct view view;

    view_init(&view);
    for (int i = 1; i <= ROUNDS; i++) {
        unsigned n = random_below(&random, NAMES);
        const char *name = arena_printf(&scratch, "node-%u", n);
        const struct view_object *found = view_find(&view, VIEW_NODES, bytes_from(name));

        assert_int_equal(found != NULL, values[n] != 0);
        if (found)
            assert_int_equal(found->value, values[n]);
        if (random_one_in(&random, 8)) {
            view_remove(&view, VIEW_NODES, bytes_from(name));
            values[n] = 0;
        } else if (random_one_in(&random, 4)) {
            struct view_object object = {.name = bytes_from(name), .value = i};

            view_add(&view, VIEW_NODES, &object);
            values[n] = i;
        }
        arena_reset(&scratch);
    }
    view_release(&view);
}

static int release_scratch(void **state)
{
    arena_release(&scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_view_knows_nothing, release_scratch),
        cmocka_unit_test_teardown(objects_are_found_by_kind_and_name, release_scratch),
        cmocka_unit_test_teardown(of_one_name_the_last_one_holds, release_scratch),
        cmocka_unit_test_teardown(a_view_made_of_another_is_one_of_its_own, release_scratch),
        cmocka_unit_test_teardown(a_copy_and_what_it_was_made_of_change_apart, release_scratch),
        cmocka_unit_test_teardown(one_kind_is_set_and_the_others_stay, release_scratch),
        cmocka_unit_test_teardown(a_namespace_holds_what_was_added_and_not_removed,
                                  release_scratch),
        cmocka_unit_test_teardown(views_made_of_others_count_for_themselves, release_scratch),
        cmocka_unit_test_teardown(random_changes_leave_what_they_should, release_scratch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
