#include "tenancy/ladder.h"
#include "unit/arena.h"

static const struct ladder *read_ladder(const char *yaml, struct problems *problems)
{
    struct source *source = arena_alloc(&arena, sizeof(*source));
    struct ladder *ladder = arena_alloc(&arena, sizeof(*ladder));
    struct nodes nodes;

    *source = (struct source){"ladder.yaml", bytes_from(yaml)};
    *problems = (struct problems){.arena = &arena};
    node_parse(source, &arena, &nodes, problems);
    assert_int_equal(nodes.count, 1);
    ladder_init_defaults(ladder);
    if (schema_read(&ladder_schema, nodes.items[0], &arena, ladder, problems))
        ladder->name = "tiers";
    problems_sort(problems);
    return ladder;
}

/* The contract's own. */
static const char tiers[] = "tiers:\n"
                            "- {name: P0 Training,    class: p0-training,    value: 400000,"
                            " preempts: [p1-serving, p2-batch, p3-interactive]}\n"
                            "- {name: P1 Serving,     class: p1-serving,     value: 300000,"
                            " preempts: [p2-batch, p3-interactive]}\n"
                            "- {name: P2 Batch,       class: p2-batch,       value: 200000,"
                            " preempts: [p3-interactive]}\n"
                            "- {name: P3 Interactive, class: p3-interactive, value: 100000,"
                            " preemptionPolicy: Never, preempts: []}\n";

static void the_ladder_of_the_manual_is_read(void **state)
{
    struct problems problems;
    const struct ladder *ladder = read_ladder(tiers, &problems);
    const struct tier *tier = ladder_find(ladder, BYTES("p2-batch"));

    assert_int_equal(problems.count, 0);
    assert_true(ladder->is_required);
    assert_int_equal(ladder->tiers.count, 4);
    assert_int_equal(ladder->lowest, 100000);
    assert_string_equal(tier->name, "P2 Batch");
    assert_int_equal(tier->value, 200000);
    assert_int_equal(tier->policy, PREEMPT_LOWER_PRIORITY);
    assert_int_equal(ladder_find(ladder, BYTES("p3-interactive"))->policy, PREEMPT_NEVER);
    assert_null(ladder_find(ladder, BYTES("p2")));
    assert_null(ladder_find(ladder, BYTES("p2-batch2")));
    assert_null(ladder_find(ladder, BYTES("P2-batch")));
    assert_null(ladder_find(ladder, BYTES("")));
    assert_null(ladder_find(ladder, BYTES("system-node-critical")));
    assert_false(
        read_ladder("required: false\ntiers: [{name: a, class: a, value: 1, preempts: []}]",
                    &problems)
            ->is_required);
}

static void a_higher_value_preempts_unless_it_never_does(void **state)
{
    static const struct {
        int64_t above, below;
        int policy;
        bool preempts;
    } rows[] = {
        {2, 1, PREEMPT_LOWER_PRIORITY, true},  {1, 2, PREEMPT_LOWER_PRIORITY, false},
        {1, 1, PREEMPT_LOWER_PRIORITY, false}, {2, 1, PREEMPT_NEVER, false},
        {1, -1, PREEMPT_LOWER_PRIORITY, true}, {-2, -1, PREEMPT_LOWER_PRIORITY, false},
        {0, -1, PREEMPT_NEVER, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tier above = {.value = rows[i].above, .policy = rows[i].policy};
        struct tier below = {.value = rows[i].below, .policy = PREEMPT_NEVER};

        assert_int_equal(tier_preempts(&above, &below), rows[i].preempts);
    }
}

static void the_lowest_value_counts_wherever_it_is(void **state)
{
    static const struct {
        const char *yaml;
        int64_t lowest;
    } rows[] = {
        {"tiers: [{name: a, class: a, value: 7, preempts: []}]", 7},
        {"tiers: [{name: a, class: a, value: 1000000000, preempts: []}]", 1000000000},
        {"tiers: [{name: a, class: a, value: 0, preempts: [b]},"
         "{name: b, class: b, value: -2147483648, preempts: []}]",
         INT32_MIN},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct problems problems;

        assert_int_equal(read_ladder(rows[i].yaml, &problems)->lowest, rows[i].lowest);
        assert_int_equal(problems.count, 0);
    }
}

static void a_class_that_is_close_is_suggested(void **state)
{
    struct problems problems;
    const struct ladder *ladder = read_ladder(tiers, &problems);

    assert_string_equal(ladder_suggest(ladder, BYTES("p2-bacth"), &arena),
                        "; did you mean \"p2-batch\"?");
    assert_string_equal(ladder_suggest(ladder, BYTES("p1-servin"), &arena),
                        "; did you mean \"p1-serving\"?");
    assert_string_equal(ladder_suggest(ladder, BYTES("gold"), &arena), "");
}

#define A(rest) "- {name: A, class: a, value: 300, " rest "}\n"
#define B(rest) "- {name: B, class: b, value: 200, " rest "}\n"
#define C(rest) "- {name: C, class: c, value: 100, " rest "}\n"

/* A ladder, and where its first mistake is; every one is named in the text. */
static const struct {
    const char *tiers;
    size_t count;
    unsigned line;
    const char *words;
} mistakes[] = {
    /* What `preempts` says must be what Kubernetes does. */
    {A("preempts: [b]") B("preempts: []"), 0, 0, ""},
    {A("preempts: []") B("preempts: []"), 1, 2, "a doesn't preempt b"},
    {A("preemptionPolicy: Never, preempts: []") B("preempts: []"), 0, 0, ""},
    {A("preemptionPolicy: Never, preempts: [b]") B("preempts: []"), 1, 2, "Never"},
    {A("preemptionPolicy: PreemptLowerPriority, preempts: [b]") B("preempts: []"), 0, 0, ""},
    {A("preempts: [b]") B("preempts: [a]"), 1, 3, "b preempts a"},
    {A("preempts: [b]") B("preempts: [c]") C("preempts: []"), 1, 2, "a doesn't preempt c"},
    {A("preempts: [c, b]") B("preempts: []") C("preempts: []"), 1, 3, "b doesn't preempt c"},
    {A("preempts: []") B("preempts: []") C("preempts: []"), 3, 2, "a doesn't preempt"},
    {A("preempts: [a, b]") B("preempts: []"), 1, 2, "a can't preempt itself"},
    /* Names, order, ranges. */
    {A("preempts: [b, d]") B("preempts: []"), 1, 2, "the ladder has no class \"d\""},
    {B("preempts: []") A("preempts: [b]"), 1, 3, "most important first"},
    {A("preempts: []") "- {name: B, class: b, value: 300, preempts: []}\n", 1, 3,
     "most important first"},
    {A("preempts: [b]") B("preempts: []") "- {name: C, class: b, value: 100, preempts: []}\n", 1, 4,
     "has a tier already, at line 3"},
    {A("preempts: [b]") "- {name: A, class: b, value: 200, preempts: []}\n", 1, 3,
     "is there already, at line 2"},
    {"- {name: A, class: a, value: 1000000001, preempts: []}\n", 1, 2, "1000000000"},
    {"- {name: A, class: a, value: -2147483649, preempts: []}\n", 1, 2, "-2147483648"},
    {"- {name: A, class: a, value: 1.5, preempts: []}\n", 1, 2, "\"value\""},
    {"- {name: A, class: a, value: high, preempts: []}\n", 1, 2, "\"value\""},
    {"- {name: A, class: a, preempts: []}\n", 1, 2, "\"value\""},
    {"- {name: A, value: 1, preempts: []}\n", 1, 2, "\"class\""},
    {"- {class: a, value: 1, preempts: []}\n", 1, 2, "\"name\""},
    {"- {name: A, class: a, value: 1}\n", 1, 2, "\"preempts\""},
    {"- {name: A, class: a, value: 1, preempts: b}\n", 1, 2, "\"preempts\""},
    {A("preempts: [], preemptionPolicy: never"), 1, 2, "did you mean \"Never\""},
    {A("preempts: [], color: red"), 1, 2, "color"},
};

static void mistakes_are_reported_where_they_are(void **state)
{
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct problems problems;

        read_ladder(arena_printf(&arena, "tiers:\n%s", mistakes[i].tiers), &problems);
        if (problems.count != mistakes[i].count)
            fail_msg("row %zu: %zu problems, the first: %s", i, problems.count,
                     problems.count ? problems.items[0].text : "");
        if (problems.count == 0)
            continue;
        if (problems.items[0].line != mistakes[i].line ||
            !strstr(problems.items[0].text, mistakes[i].words))
            fail_msg("row %zu: %u: %s", i, problems.items[0].line, problems.items[0].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_ladder_of_the_manual_is_read, release_arena),
        cmocka_unit_test_teardown(a_higher_value_preempts_unless_it_never_does, release_arena),
        cmocka_unit_test_teardown(the_lowest_value_counts_wherever_it_is, release_arena),
        cmocka_unit_test_teardown(a_class_that_is_close_is_suggested, release_arena),
        cmocka_unit_test_teardown(mistakes_are_reported_where_they_are, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
