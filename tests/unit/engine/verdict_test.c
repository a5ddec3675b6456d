#include "engine/verdict.h"
#include "unit/arena.h"

/* What an enforcement makes of a violation, new or there already. */
static void enforcement_decides_what_a_violation_does(void **state)
{
    static const struct {
        enum enforcement enforcement;
        bool was_there, is_allowed, warns;
    } rows[] = {
        {ENFORCE_DENY, false, false, false}, {ENFORCE_DENY, true, true, true},
        {ENFORCE_WARN, false, true, true},   {ENFORCE_WARN, true, true, true},
        {ENFORCE_AUDIT, false, true, false}, {ENFORCE_AUDIT, true, true, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findings findings = {.arena = &arena};
        struct verdict verdict;

        findings_set_rule(&findings, NULL, rows[i].enforcement, "a/rule");
        findings_add(&findings, "spec.x", "x is wrong");
        findings.items[0].was_there = rows[i].was_there;
        verdict_conclude(&findings, &arena, &verdict);
        assert_int_equal(verdict.is_allowed, rows[i].is_allowed);
        assert_int_equal(verdict.message != NULL, !rows[i].is_allowed);
        assert_int_equal(verdict.cause_count, rows[i].is_allowed ? 0 : 1);
        assert_int_equal(verdict.warnings.count, rows[i].warns);
        if (rows[i].warns)
            assert_string_equal(verdict.warnings.items[0], "x is wrong (a/rule)");
        /* Recorded whatever becomes of it. */
        assert_int_equal(verdict.rules.count, 1);
        assert_string_equal(verdict.rules.items[0], "a/rule");
    }
}

static void nothing_found_is_allowed(void **state)
{
    struct findings findings = {.arena = &arena};
    struct verdict verdict;

    verdict_conclude(&findings, &arena, &verdict);
    assert_true(verdict.is_allowed);
    assert_null(verdict.message);
    assert_int_equal(verdict.cause_count + verdict.warnings.count + verdict.rules.count, 0);
}

static void many_findings_are_one_answer(void **state)
{
    static const struct {
        const char *rule, *field, *text;
        enum enforcement enforcement;
        bool was_there;
    } rows[] = {
        {"p/labels", "metadata.labels.team", "no team", ENFORCE_WARN, false},
        {"p/images", "spec.containers[0].image", "image 0", ENFORCE_DENY, false},
        {"p/images", "spec.containers[1].image", "image 1", ENFORCE_DENY, true},
        {"p/images", "spec.containers[2].image", "image 2", ENFORCE_DENY, false},
        {"p/scheduler", "spec.schedulerName", "scheduler", ENFORCE_AUDIT, false},
        {"p/labels", "metadata.labels.team", "no team", ENFORCE_WARN, false},
        {"tenant/t/gpus.perPod", "spec", "too much", ENFORCE_DENY, false},
    };
    struct findings findings = {.arena = &arena};
    struct verdict verdict;

    for (size_t i = 0; i < COUNT(rows); i++) {
        findings_set_rule(&findings, NULL, rows[i].enforcement, "%s", rows[i].rule);
        findings_add(&findings, rows[i].field, "%s", rows[i].text);
        findings.items[i].was_there = rows[i].was_there;
    }
    verdict_conclude(&findings, &arena, &verdict);
    assert_false(verdict.is_allowed);
    assert_string_equal(verdict.message, "image 0\nimage 2\ntoo much\n  rule: p/images\n"
                                         "  rule: p/images\n  rule: tenant/t/gpus.perPod");
    assert_int_equal(verdict.cause_count, 3);
    assert_string_equal(verdict.causes[1].rule, "p/images");
    assert_string_equal(verdict.causes[1].text, "image 2");
    assert_string_equal(verdict.causes[1].field, "spec.containers[2].image");
    assert_string_equal(verdict.causes[2].rule, "tenant/t/gpus.perPod");
    assert_string_equal(strings_join(&verdict.rules, 10, &arena),
                        "p/labels, p/images, p/scheduler, tenant/t/gpus.perPod");
    assert_int_equal(verdict.warnings.count, 2);
    assert_string_equal(verdict.warnings.items[0], "no team (p/labels)");
    assert_string_equal(verdict.warnings.items[1], "image 1 (p/images)");
}

static void add_many(struct findings *findings, enum enforcement enforcement, int count)
{
    findings_set_rule(findings, NULL, enforcement, "many/%d", (int)enforcement);
    for (int i = 0; i < count; i++)
        findings_add(findings, "", "violation %d", i);
}

/* The first lines of `told` violations, then how many more, then their rules. */
static const char *expected_message(int told, int more)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    for (int i = 0; i < told; i++)
        buf_printf(&buf, "%sviolation %d", i ? "\n" : "", i);
    if (more)
        buf_printf(&buf, "\nand %d more", more);
    for (int i = 0; i < told; i++)
        buf_add_text(&buf, "\n  rule: many/0");
    return buf.data;
}

static void sixty_four_violations_are_told(void **state)
{
    static const struct {
        int found, told, more;
    } rows[] = {
        {1, 1, 0},       {63, 63, 0},     {64, 64, 0},      {65, 64, 1},
        {1024, 64, 960}, {1025, 64, 961}, {5000, 64, 4936},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findings findings = {.arena = &arena};
        struct verdict verdict;

        add_many(&findings, ENFORCE_DENY, rows[i].found);
        verdict_conclude(&findings, &arena, &verdict);
        assert_false(verdict.is_allowed);
        assert_int_equal(verdict.cause_count, rows[i].told);
        assert_string_equal(verdict.message, expected_message(rows[i].told, rows[i].more));
    }
}

static void what_only_warns_or_is_recorded_never_denies(void **state)
{
    struct findings findings = {.arena = &arena};
    struct verdict verdict;

    add_many(&findings, ENFORCE_AUDIT, 3000);
    verdict_conclude(&findings, &arena, &verdict);
    assert_true(verdict.is_allowed);
    assert_int_equal(verdict.warnings.count, 0);
    add_many(&findings, ENFORCE_WARN, 3000);
    verdict_conclude(&findings, &arena, &verdict);
    assert_true(verdict.is_allowed);
    /* And one that denies is told, however many of the others there were before it. */
    add_many(&findings, ENFORCE_DENY, 1);
    verdict_conclude(&findings, &arena, &verdict);
    assert_false(verdict.is_allowed);
    assert_string_equal(verdict.message, "violation 0\n  rule: many/0");
}

/* What could not be kept can't be shown to have been there. */
static void uncounted_violations_are_not_excused(void **state)
{
    struct findings findings = {.arena = &arena}, old = {.arena = &arena};
    struct verdict verdict;

    add_many(&findings, ENFORCE_DENY, 1030);
    add_many(&old, ENFORCE_DENY, 1030);
    findings_excuse(&findings, 0, &old);
    verdict_conclude(&findings, &arena, &verdict);
    assert_false(verdict.is_allowed);
    assert_string_equal(verdict.message, "6 violations, too many to be told");
    assert_int_equal(verdict.cause_count, 0);
}

/* The API server passes on 4,096 characters of warnings of all webhooks together. */
static void warnings_keep_within_the_api_servers_limits(void **state)
{
    struct findings findings = {.arena = &arena};
    struct verdict verdict;
    size_t total = 0;

    findings_set_rule(&findings, NULL, ENFORCE_WARN, "a/rule");
    for (int i = 0; i < 200; i++)
        findings_add(&findings, "", "%0200d", i);
    for (int i = 0; i < 200; i++)
        findings_add(&findings, "", "%d", i);
    verdict_conclude(&findings, &arena, &verdict);
    assert_in_range(verdict.warnings.count, 2, 34);
    for (size_t i = 0; i < verdict.warnings.count; i++) {
        assert_in_range(strlen(verdict.warnings.items[i]), 1, 120);
        total += strlen(verdict.warnings.items[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(verdict.warnings.items[i], verdict.warnings.items[j]);
    }
    assert_in_range(total, 1, 4096);
}

static void warnings_that_are_not_told_are_counted(void **state)
{
    static const struct {
        int warnings;
        const char *last;
    } rows[] = {{15, "14 (a/rule)"}, {16, "15 (a/rule)"}, {17, "and 2 more"}, {100, "and 85 more"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findings findings = {.arena = &arena};
        struct verdict verdict;

        findings_set_rule(&findings, NULL, ENFORCE_WARN, "a/rule");
        for (int j = 0; j < rows[i].warnings; j++)
            findings_add(&findings, "", "%d", j);
        verdict_conclude(&findings, &arena, &verdict);
        assert_int_equal(verdict.warnings.count, rows[i].warnings < 16 ? rows[i].warnings : 16);
        assert_string_equal(verdict.warnings.items[verdict.warnings.count - 1], rows[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_found_is_allowed, release_arena),
        cmocka_unit_test_teardown(enforcement_decides_what_a_violation_does, release_arena),
        cmocka_unit_test_teardown(many_findings_are_one_answer, release_arena),
        cmocka_unit_test_teardown(sixty_four_violations_are_told, release_arena),
        cmocka_unit_test_teardown(what_only_warns_or_is_recorded_never_denies, release_arena),
        cmocka_unit_test_teardown(uncounted_violations_are_not_excused, release_arena),
        cmocka_unit_test_teardown(warnings_keep_within_the_api_servers_limits, release_arena),
        cmocka_unit_test_teardown(warnings_that_are_not_told_are_counted, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
