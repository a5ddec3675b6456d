#include "engine/findings.h"
#include "unit/arena.h"

static void a_finding_has_its_rule_field_words_and_advice(void **state)
{
    static const struct node node = {.line = 9};
    struct findings findings = {.arena = &arena};

    findings_set_rule(&findings, &node, ENFORCE_WARN, "%s/%s", "gpu-baseline", "images");
    findings_add(&findings, "spec.containers[0].image", "image \"%s\" is not allowed", "x");
    findings_add_next(&findings, "spec", "ask for %d", "%d of %d", 18, 16);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.items[0].rule->name, "gpu-baseline/images");
    assert_ptr_equal(findings.items[0].rule->node, &node);
    assert_int_equal(findings.items[0].rule->enforcement, ENFORCE_WARN);
    assert_null(findings.items[0].rule->next);
    assert_string_equal(findings.items[0].field, "spec.containers[0].image");
    assert_string_equal(findings.items[0].text, "image \"x\" is not allowed");
    assert_null(findings.items[0].next);
    assert_false(findings.items[0].was_there);
    assert_string_equal(findings.items[1].text, "18 of 16");
    /* The advice is text, not a format. */
    assert_string_equal(findings.items[1].next, "ask for %d");
    assert_ptr_equal(findings.items[0].rule, findings.items[1].rule);
}

static void a_change_of_rule_leaves_earlier_findings_alone(void **state)
{
    static const struct node node = {.line = 9};
    struct findings findings = {.arena = &arena};

    findings_set_rule(&findings, &node, ENFORCE_DENY, "a/1");
    findings_add(&findings, "", "first");
    findings_set_enforcement(&findings, ENFORCE_AUDIT);
    findings_add(&findings, "", "second");
    findings_set_rule(&findings, NULL, ENFORCE_WARN, "b/2");
    findings_add(&findings, "", "third");
    assert_int_equal(findings.items[0].rule->enforcement, ENFORCE_DENY);
    assert_int_equal(findings.items[1].rule->enforcement, ENFORCE_AUDIT);
    assert_string_equal(findings.items[1].rule->name, "a/1");
    assert_ptr_equal(findings.items[1].rule->node, &node);
    assert_string_equal(findings.items[2].rule->name, "b/2");
    assert_null(findings.items[2].rule->node);
}

/* Text from outside can't break a line, nor hide what follows it. */
static void words_have_no_control_characters(void **state)
{
    static const struct {
        const char *text, *clean;
    } rows[] = {
        {"a\nb", "a\\u000ab"},
        {"a\r\n\tb", "a\\u000d\\u000a\\u0009b"},
        {"\x1b[31mred", "\\u001b[31mred"},
        {"\x7f", "\\u007f"},
        {"next\xc2\x85line", "next\\u0085line"},
        {"\xff", "\xef\xbf\xbd"},
        {"pr\xc3\xa9"
         "cision \xe2\x82\xac \xf0\x9f\x98\x80",
         "pr\xc3\xa9"
         "cision \xe2\x82\xac \xf0\x9f\x98\x80"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findings findings = {.arena = &arena};

        findings_set_rule(&findings, NULL, ENFORCE_DENY, "a/1");
        findings_add(&findings, "", "%s", rows[i].text);
        assert_string_equal(findings.items[0].text, rows[i].clean);
    }
}

static void what_the_old_object_has_too_is_excused(void **state)
{
    static const struct {
        const char *rule, *field, *text;
        bool was_there;
    } rows[] = {
        {"a/1", "spec.x", "x is 1", true},  {"a/1", "spec.x", "x is 2", false},
        {"a/1", "spec.y", "x is 1", false}, {"a/2", "spec.x", "x is 1", false},
        {"b/1", "spec.z", "z is 1", true},  {"a/1", "spec.z", "z is 1", false},
        {"a/1", "spec.x", "x is 1", true},
    };
    struct findings findings = {.arena = &arena}, old = {.arena = &arena};

    findings_set_rule(&old, NULL, ENFORCE_DENY, "a/1");
    findings_add(&old, "spec.x", "x is 1");
    findings_set_rule(&old, NULL, ENFORCE_DENY, "b/1");
    findings_add(&old, "spec.z", "z is 1");
    for (size_t i = 0; i < COUNT(rows); i++) {
        findings_set_rule(&findings, NULL, ENFORCE_DENY, "%s", rows[i].rule);
        findings_add(&findings, rows[i].field, "%s", rows[i].text);
    }
    findings_excuse(&findings, 0, &old);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(findings.items[i].was_there, rows[i].was_there);
    assert_false(old.items[0].was_there);
}

static void add_many(struct findings *findings, enum enforcement enforcement, int count)
{
    findings_set_rule(findings, NULL, enforcement, "many/%d", (int)enforcement);
    for (int i = 0; i < count; i++)
        findings_add(findings, "", "violation %d", i);
}

static void findings_beyond_the_bound_are_counted_where_they_deny(void **state)
{
    static const struct {
        int audited, warned, denying;
        size_t kept, dropped;
    } rows[] = {
        {0, 0, 1024, 1024, 0},      {0, 0, 1025, 1024, 1},    {0, 0, 3000, 1024, 1976},
        {1024, 0, 0, 1024, 0},      {3000, 0, 0, 1024, 0},    {600, 600, 0, 1024, 0},
        {3000, 0, 1024, 2048, 0},   {3000, 1, 1030, 2048, 6}, {1, 1, 1, 3, 0},
        {0, 2000, 2000, 2048, 976}, {1, 0, 1024, 1025, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct findings findings = {.arena = &arena};

        add_many(&findings, ENFORCE_AUDIT, rows[i].audited);
        add_many(&findings, ENFORCE_WARN, rows[i].warned);
        add_many(&findings, ENFORCE_DENY, rows[i].denying);
        assert_int_equal(findings.count, rows[i].kept);
        assert_int_equal(findings.dropped, rows[i].dropped);
        assert_int_equal(findings_are_full(&findings), rows[i].denying >= 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_finding_has_its_rule_field_words_and_advice, release_arena),
        cmocka_unit_test_teardown(a_change_of_rule_leaves_earlier_findings_alone, release_arena),
        cmocka_unit_test_teardown(words_have_no_control_characters, release_arena),
        cmocka_unit_test_teardown(what_the_old_object_has_too_is_excused, release_arena),
        cmocka_unit_test_teardown(findings_beyond_the_bound_are_counted_where_they_deny,
                                  release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
