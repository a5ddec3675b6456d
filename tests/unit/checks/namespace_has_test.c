/* namespaceHas where the view doesn't say. */
#include "engine/check.h"
#include "unit/arena.h"

extern const struct check_kind namespace_has_check;

/* As namespace_has.c has them: a bit for each word. */
struct settings {
    unsigned kinds;
};

/* What is found of a pod in the namespace `a`, by a rule that asks for all three. */
static const char *found(const struct world *world)
{
    const struct settings settings = {.kinds = 7};
    const struct review review = {.kind = BYTES("Pod"), .name = BYTES("p")};
    struct facts facts = {
        .review = &review, .world = world, .arena = &arena, .namespace = BYTES("a"), .prefix = ""};
    struct rule rule = {.name = "policy/rule"};
    struct findings findings = {.arena = &arena, .rule = &rule};
    struct buf buf;

    namespace_has_check.check(&settings, &facts, &findings);
    buf_init(&buf, &arena, 4096);
    for (size_t i = 0; i < findings.count; i++)
        buf_printf(&buf, "%s\n", findings.items[i].text);
    return buf.data ? buf.data : "";
}

#define UNKNOWN(kind)                                                                              \
    "pod a/p is in the namespace \"a\", and whether that has a " kind " is not known\n"

static void without_a_view_nothing_is_known(void **state)
{
    const struct world world = {0};

    (void)state;
    assert_string_equal(found(&world),
                        UNKNOWN("NetworkPolicy") UNKNOWN("ResourceQuota") UNKNOWN("LimitRange"));
}

/* What is too old says nothing, though it shows one. */
static void what_is_lacking_is_not_known(void **state)
{
    struct view_object object = {.name = BYTES("a/x")};
    struct world world = {.lacking = 1U << VIEW_RESOURCE_QUOTAS};
    struct view view;

    (void)state;
    view_init(&view);
    view_add(&view, VIEW_RESOURCE_QUOTAS, &object);
    view_add(&view, VIEW_LIMIT_RANGES, &object);
    world.names = &view;
    assert_string_equal(found(&world),
                        "pod a/p is in the namespace \"a\", which has no NetworkPolicy\n" UNKNOWN(
                            "ResourceQuota"));
    view_release(&view);
}

static void it_asks_for_the_views_of_its_kinds(void **state)
{
    const struct settings two = {.kinds = 3}, last = {.kinds = 4};

    (void)state;
    assert_int_equal(namespace_has_check.views(&two),
                     1U << VIEW_NETWORK_POLICIES | 1U << VIEW_RESOURCE_QUOTAS);
    assert_int_equal(namespace_has_check.views(&last), 1U << VIEW_LIMIT_RANGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(without_a_view_nothing_is_known, release_arena),
        cmocka_unit_test_teardown(what_is_lacking_is_not_known, release_arena),
        cmocka_unit_test_teardown(it_asks_for_the_views_of_its_kinds, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
