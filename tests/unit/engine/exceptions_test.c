#include "engine/exceptions.h"

#include "engine/verdict.h"
#include "unit/arena.h"

/* Facts of a pod of a tenant for whom a rule is lifted until second 100. */
static void init_facts(struct facts *facts)
{
    struct exception *exception = arena_alloc(&arena, sizeof(*exception));
    struct tenant *tenant = arena_alloc(&arena, sizeof(*tenant));
    struct world *world = arena_alloc(&arena, sizeof(*world));

    exception->name = "e";
    exception->window.until = 100;
    strings_add(&exception->rules, &arena, "p/lifted");
    tenant->name = "t";
    *ARENA_APPEND(&arena, tenant->exceptions, tenant->exception_count) = exception;
    world->now = 99;
    *facts = (struct facts){.world = world,
                            .arena = &arena,
                            .evaluation = EVALUATE_POD_CREATE,
                            .tenant = tenant};
}

/* What is beyond the bound on findings denies without a word: what is lifted must not come to that,
 * nor take the place of what isn't. */
static void what_is_lifted_takes_no_place(void **state)
{
    struct findings findings = {.arena = &arena};
    struct verdict verdict;
    struct facts facts;

    init_facts(&facts);
    findings.excepted = &facts;
    findings_set_rule(&findings, NULL, ENFORCE_DENY, "p/lifted");
    for (int i = 0; i < 3 * FINDINGS_KEPT; i++)
        findings_add(&findings, "spec", "wrong %d", i);
    verdict_conclude(&findings, &arena, &verdict);
    assert_true(verdict.is_allowed);
    assert_int_equal(verdict.rules.count, 0);
    assert_int_equal(verdict.exceptions.count, 1);
    assert_string_equal(verdict.exceptions.items[0], "e");
    assert_int_equal(verdict.warnings.count, 1);
    assert_string_equal(verdict.warnings.items[0],
                        "exception \"e\" applies; it ends at 1970-01-01T00:01:40Z");

    findings_set_rule(&findings, NULL, ENFORCE_DENY, "p/other");
    findings_add(&findings, "spec", "wrong all the same");
    verdict_conclude(&findings, &arena, &verdict);
    assert_false(verdict.is_allowed);
    assert_int_equal(verdict.cause_count, 1);
    assert_string_equal(verdict.causes[0].rule, "p/other");
    assert_int_equal(verdict.exceptions.count, 1);
}

static void an_exception_is_for_its_time_and_its_tenant(void **state)
{
    static const struct {
        int64_t now;
        enum evaluation evaluation;
        bool has_tenant, is_found;
    } rows[] = {
        {99, EVALUATE_POD_CREATE, true, true},      {100, EVALUATE_POD_CREATE, true, false},
        {99, EVALUATE_POD_CREATE, false, false},    {99, EVALUATE_NAMESPACE, true, true},
        {99, EVALUATE_PRIORITY_CLASS, true, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct facts facts;

        init_facts(&facts);
        ((struct world *)facts.world)->now = rows[i].now;
        facts.evaluation = rows[i].evaluation;
        facts.tenant = rows[i].has_tenant ? facts.tenant : NULL;
        assert_int_equal(exceptions_find(&facts, "p/lifted") != NULL, rows[i].is_found);
        assert_null(exceptions_find(&facts, "p/other"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_lifted_takes_no_place, release_arena),
        cmocka_unit_test_teardown(an_exception_is_for_its_time_and_its_tenant, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
