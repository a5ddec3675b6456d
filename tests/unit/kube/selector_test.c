#include "kube/selector.h"
#include "unit/unit.h"

static bool read_selector(const char *yaml, struct arena *arena, struct selector *out,
                          struct problems *problems)
{
    struct source *source = arena_alloc(arena, sizeof(*source));
    struct nodes nodes;

    *source = (struct source){"x.yaml", bytes_from(yaml)};
    *problems = (struct problems){.arena = arena};
    *out = (struct selector){0};
    node_parse(source, arena, &nodes, problems);
    assert_int_equal(problems->error_count, 0);
    assert_int_equal(nodes.count, 1);
    return schema_read(&selector_schema, nodes.items[0], arena, out, problems);
}

static struct selector selector_of(const char *yaml, struct arena *arena)
{
    struct selector selector;
    struct problems problems;

    if (!*yaml)
        return (struct selector){0};
    assert_true(read_selector(yaml, arena, &selector, &problems));
    return selector;
}

static void matches_as_kubernetes_does(void **state)
{
    static const struct {
        const char *selector, *labels;
        bool matches;
    } rows[] = {
        {"", "{\"a\":\"1\"}", true},
        {"", "", true},
        {"matchLabels: {a: '1'}", "{\"a\":\"1\"}", true},
        {"matchLabels: {a: '1'}", "{\"a\":\"1\",\"b\":\"2\"}", true},
        {"matchLabels: {a: '1'}", "{\"a\":\"2\"}", false},
        {"matchLabels: {a: '1'}", "{\"b\":\"1\"}", false},
        {"matchLabels: {a: '1'}", "", false},
        {"matchLabels: {a: '1', b: '2'}", "{\"a\":\"1\"}", false},
        {"matchLabels: {a: ''}", "{\"a\":\"\"}", true},
        {"matchLabels: {a: ''}", "{}", false},
        {"matchLabels: {a: '1'}", "{\"a\":\"1\\u0000\"}", false},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]", "{\"a\":\"y\"}", true},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]", "{\"a\":\"z\"}", false},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]", "{}", false},
        {"matchExpressions: [{key: a, operator: In, values: [\"\", y]}]", "{\"a\":\"\"}", true},
        {"matchExpressions: [{key: a, operator: In, values: [\"\"]}]", "{\"a\":\"x\"}", false},
        {"matchExpressions: [{key: a, operator: In, values: [\"\"]}]", "{}", false},
        {"matchExpressions: [{key: a, operator: NotIn, values: [\"\"]}]", "{\"a\":\"\"}", false},
        {"matchExpressions: [{key: a, operator: NotIn, values: [x, y]}]", "{\"a\":\"y\"}", false},
        {"matchExpressions: [{key: a, operator: NotIn, values: [x, y]}]", "{\"a\":\"z\"}", true},
        {"matchExpressions: [{key: a, operator: NotIn, values: [x, y]}]", "{}", true},
        {"matchExpressions: [{key: a, operator: Exists}]", "{\"a\":\"\"}", true},
        {"matchExpressions: [{key: a, operator: Exists}]", "{}", false},
        {"matchExpressions: [{key: a, operator: Exists}]", "{\"a\":null}", false},
        {"matchExpressions: [{key: a, operator: DoesNotExist}]", "{\"a\":\"\"}", false},
        {"matchExpressions: [{key: a, operator: DoesNotExist}]", "", true},
        {"{matchLabels: {a: x}, matchExpressions: [{key: b, operator: Exists}]}",
         "{\"a\":\"x\",\"b\":\"\"}", true},
        {"{matchLabels: {a: x}, matchExpressions: [{key: b, operator: Exists}]}", "{\"a\":\"x\"}",
         false},
        {"matchExpressions: [{key: a, operator: Exists}, {key: b, operator: Exists}]",
         "{\"a\":\"x\"}", false},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct selector selector = selector_of(rows[i].selector, &arena);
        struct document document;
        struct value labels = {0};

        if (*rows[i].labels) {
            document_parse(bytes_from(rows[i].labels), 10, &arena, &document);
            assert_true(document_is_sound(&document));
            labels = document_root(&document);
        }
        assert_int_equal(selector_matches(&selector, labels), rows[i].matches);
    }
    arena_release(&arena);
}

#define NAME_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* NULL: it is sound. */
static void reading_is_as_strict_as_kubernetes(void **state)
{
    static const struct {
        const char *selector, *problem;
    } rows[] = {
        {"matchLabels: {a.b/C-d_e.f: A-1_b.c}", NULL},
        {"matchLabels: {a-b.c/d: ''}", NULL},
        {"matchLabels: {" NAME_63 ": " NAME_63 "}", NULL},
        {"matchLabels: {" NAME_63 "a: x}", "can't be a label's key"},
        {"matchLabels: {a: " NAME_63 "a}", "can't be a label's value"},
        {"matchLabels: {-a: x}", "can't be a label's key"},
        {"matchLabels: {a_: x}", "can't be a label's key"},
        {"matchLabels: {a/: x}", "can't be a label's key"},
        {"matchLabels: {/a: x}", "can't be a label's key"},
        {"matchLabels: {a/b/c: x}", "can't be a label's key"},
        {"matchLabels: {A.b/c: x}", "can't be a label's key"},
        {"matchLabels: {a..b/c: x}", "can't be a label's key"},
        {"matchLabels: {a-.b/c: x}", "can't be a label's key"},
        {"matchLabels: {a.-b/c: x}", "can't be a label's key"},
        {"matchLabels: {.a/c: x}", "can't be a label's key"},
        {"matchLabels: {a b: x}", "can't be a label's key"},
        {"matchLabels: {a: x y}", "\"x y\" can't be a label's value"},
        {"matchLabels: {a: 1}", "put it in quotes"},
        {"matchlabels: {a: x}", "did you mean \"matchLabels\"?"},
        {"matchExpressions: [{key: a, operator: In}]", "In needs values"},
        {"matchExpressions: [{key: a, operator: NotIn}]", "NotIn needs values"},
        {"matchExpressions: [{key: a, operator: Exists, values: [x]}]", "Exists takes no values"},
        {"matchExpressions: [{key: a, operator: DoesNotExist, values: [x]}]",
         "DoesNotExist takes no values"},
        {"matchExpressions: [{key: a, operator: In, values: []}]", "must not be empty"},
        {"matchExpressions: [{key: a, operator: In, values: [x y]}]",
         "\"x y\" can't be a label's value"},
        {"matchExpressions: [{key: a b, operator: Exists}]", "\"a b\" can't be a label's key"},
        {"matchExpressions: [{key: a, operator: in, values: [x]}]", "did you mean \"In\"?"},
        {"matchExpressions: [{key: a, operator: Gt, values: [x]}]", "expected one of In, NotIn"},
        {"matchExpressions: [{operator: Exists}]", "\"key\" is required here"},
        {"matchExpressions: [{key: a}]", "\"operator\" is required here"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct selector selector;
        struct problems problems;

        assert_int_equal(read_selector(rows[i].selector, &arena, &selector, &problems),
                         !rows[i].problem);
        assert_int_equal(problems.count, rows[i].problem ? 1 : 0);
        if (rows[i].problem)
            assert_non_null(strstr(problems.items[0].text, rows[i].problem));
    }
    arena_release(&arena);
}

static void contradictions_are_found(void **state)
{
    static const struct {
        const char *a, *b;
        bool excludes;
    } rows[] = {
        {"", "", false},
        {"", "matchLabels: {a: x}", false},
        {"matchLabels: {a: x}", "matchLabels: {a: x}", false},
        {"matchLabels: {a: x}", "matchLabels: {a: y}", true},
        {"matchLabels: {a: x}", "matchLabels: {b: y}", false},
        {"matchLabels: {a: x, b: y}", "matchLabels: {b: z, c: x}", true},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]", "matchLabels: {a: y}",
         false},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]", "matchLabels: {a: z}", true},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]",
         "matchExpressions: [{key: a, operator: In, values: [z, y]}]", false},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]",
         "matchExpressions: [{key: a, operator: NotIn, values: [y, x, z]}]", true},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]",
         "matchExpressions: [{key: a, operator: NotIn, values: [y]}]", false},
        {"matchExpressions: [{key: a, operator: In, values: [x, y]}]",
         "matchExpressions: [{key: a, operator: NotIn, values: [y]}, {key: a, operator: NotIn, "
         "values: [x]}]",
         true},
        {"matchExpressions: [{key: a, operator: Exists}]",
         "matchExpressions: [{key: a, operator: DoesNotExist}]", true},
        {"matchLabels: {a: ''}", "matchExpressions: [{key: a, operator: DoesNotExist}]", true},
        {"matchExpressions: [{key: a, operator: NotIn, values: [x]}]",
         "matchExpressions: [{key: a, operator: DoesNotExist}]", false},
        {"matchExpressions: [{key: a, operator: NotIn, values: [x]}]",
         "matchExpressions: [{key: a, operator: Exists}]", false},
        {"matchExpressions: [{key: a, operator: NotIn, values: [x]}]",
         "matchExpressions: [{key: a, operator: NotIn, values: [y]}]", false},
        {"matchExpressions: [{key: a, operator: DoesNotExist}]",
         "matchExpressions: [{key: a, operator: DoesNotExist}]", false},
        {"{matchLabels: {a: x}, matchExpressions: [{key: a, operator: DoesNotExist}]}", "", true},
        {"{matchLabels: {a: x}, matchExpressions: [{key: a, operator: In, values: [x, y]}]}",
         "matchLabels: {a: y}", true},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct selector a = selector_of(rows[i].a, &arena), b = selector_of(rows[i].b, &arena);

        assert_int_equal(selector_excludes(&a, &b), rows[i].excludes);
        assert_int_equal(selector_excludes(&b, &a), rows[i].excludes);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_kubernetes_does),
        cmocka_unit_test(reading_is_as_strict_as_kubernetes),
        cmocka_unit_test(contradictions_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
