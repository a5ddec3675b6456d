#include "policy/meaning.h"

#include <string.h>

#include "base/buf.h"
#include "cli/reference.h"
#include "unit/arena.h"

/* Has the field a row of its own, or one above it that says so of all in it? */
static bool has_row(const char *kind, const char *path)
{
    const struct meaning *meaning = meaning_find(kind, path, &arena);

    return !strcmp(meaning->field, arena_printf(&arena, "%s.%s", kind, path)) ||
           (*meaning->field && meaning->effect == MEANS_OTHER);
}

/* Fields without a row; `*count` fields are looked at. */
static void find_rowless(const char *kind, const char *prefix, const struct schema *schema,
                         struct strings *rowless, size_t *count)
{
    for (const struct field *field = schema->fields; field->name; field++) {
        const char *path = arena_printf(&arena, "%s%s", prefix, field->name);
        const struct schema *inner = reference_inner(field);

        /* An expression is told whole. */
        if (inner && strcmp(field->name, "matchExpressions") != 0) {
            find_rowless(kind, arena_printf(&arena, "%s.", path), inner, rowless, count);
            continue;
        }
        ++*count;
        if (!has_row(kind, path))
            strings_add(rowless, &arena, arena_printf(&arena, "%s.%s", kind, path));
    }
}

static void of_each_field_it_is_said_what_its_change_means(void **state)
{
    struct strings rowless = {0};
    size_t count = 0;

    (void)state;
    for (const struct policy_kind *kind = reference_kinds(&arena); kind->name; kind++) {
        if (strcmp(kind->name, "PolicyTest") != 0)
            find_rowless(kind->name, "", kind->schema, &rowless, &count);
    }
    assert_true(count > 70);
    assert_string_equal(strings_join(&rowless, rowless.count, &arena), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(of_each_field_it_is_said_what_its_change_means, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
