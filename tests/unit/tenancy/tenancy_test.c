#include "tenancy/tenancy.h"
#include "unit/random.h"
#include "unit/arena.h"

static void read_spec(const struct schema *schema, const struct node *spec, void *out)
{
    struct problems problems = {.arena = &arena};

    if (!schema_read(schema, spec, &arena, out, &problems))
        fail_msg("%s", problems.items[0].text);
}

/* A map whose `cluster` and `ladder` are specs of these kinds; its other members are tenants. */
static struct tenancy *read_tenancy(const char *yaml)
{
    struct source *source = arena_alloc(&arena, sizeof(*source));
    struct tenancy *tenancy = arena_alloc(&arena, sizeof(*tenancy));
    struct problems problems = {.arena = &arena};
    struct tenant **tenants;
    struct nodes nodes;
    size_t count = 0;

    *source = (struct source){"set.yaml", bytes_from(yaml)};
    node_parse(source, &arena, &nodes, &problems);
    assert_int_equal(problems.count, 0);
    tenants = arena_alloc(&arena, nodes.items[0]->count * sizeof(*tenants));
    cluster_init_defaults(&tenancy->cluster, &arena);
    ladder_init_defaults(&tenancy->ladder);
    for (size_t i = 0; i < nodes.items[0]->count; i++) {
        const struct node *key = &nodes.items[0]->children[2 * i], *spec = key + 1;

        if (bytes_is(key->text, "cluster")) {
            read_spec(&cluster_schema, spec, &tenancy->cluster);
        } else if (bytes_is(key->text, "ladder")) {
            read_spec(&ladder_schema, spec, &tenancy->ladder);
        } else {
            tenants[count] = arena_alloc(&arena, sizeof(struct tenant));
            tenant_init_defaults(tenants[count]);
            read_spec(&tenant_schema, spec, tenants[count]);
            tenants[count++]->name = arena_copy(&arena, key->text);
        }
    }
    tenancy_init(tenancy, tenants, count, &arena);
    return tenancy;
}

static const char *name_of(const struct tenant *tenant)
{
    return tenant ? tenant->name : "nobody";
}

static const char two_tenants[] = "serving: {namespaces: [serving, \"srv-*-prod\", \"?x\"]}\n"
                                  "research: {namespaces: [research, \"research-*\"]}\n"
                                  "nowhere: {}\n";

static void a_namespace_belongs_by_its_label_else_by_its_name(void **state)
{
    static const struct {
        const char *namespace, *labels, *tenant, *label; /* label NULL: it has none */
    } rows[] = {
        {"research", "{}", "research", NULL},
        {"research-7", "{}", "research", NULL},
        {"research-", "{}", "research", NULL},
        {"researchers", "{}", "nobody", NULL},
        {"srv-a-prod", "{}", "serving", NULL},
        {"srv--prod", "{}", "serving", NULL},
        {"srv-prod", "{}", "nobody", NULL},
        {"ax", "{}", "serving", NULL},
        {"x", "{}", "nobody", NULL},
        {"axx", "{}", "nobody", NULL},
        {"default", "{}", "nobody", NULL},
        {"", "{}", "nobody", NULL},
        {"default", "{\"fairgate.dev/tenant\":\"research\"}", "research", "research"},
        {"default", "{\"fairgate.dev/tenant\":\"nowhere\"}", "nowhere", "nowhere"},
        /* The label goes before the name, whatever it says; an empty one is one. */
        {"research", "{\"fairgate.dev/tenant\":\"serving\"}", "serving", "serving"},
        {"research", "{\"fairgate.dev/tenant\":\"\"}", "nobody", ""},
        {"research", "{\"fairgate.dev/tenant\":\"Research\"}", "nobody", "Research"},
        {"research", "{\"fairgate.dev/tenant\":\"researc\"}", "nobody", "researc"},
        {"research", "{\"tenant\":\"serving\"}", "research", NULL},
    };
    struct tenancy *tenancy = read_tenancy(two_tenants);

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct belonging got =
            tenancy_belonging(tenancy, bytes_from(rows[i].namespace), parse_json(rows[i].labels));

        if (strcmp(name_of(got.tenant), rows[i].tenant) != 0)
            fail_msg("%s %s: %s", rows[i].namespace, rows[i].labels, name_of(got.tenant));
        assert_int_equal(got.is_labelled, rows[i].label != NULL);
        if (rows[i].label)
            assert_true(bytes_is(got.label, rows[i].label));
    }
}

static void the_label_is_the_clusters_to_name(void **state)
{
    struct tenancy *tenancy =
        read_tenancy("cluster: {tenantLabel: team}\nresearch: {namespaces: [research]}\n");
    struct belonging got =
        tenancy_belonging(tenancy, BYTES("x"), parse_json("{\"team\":\"research\"}"));

    assert_string_equal(name_of(got.tenant), "research");
    got = tenancy_belonging(tenancy, BYTES("x"),
                            parse_json("{\"fairgate.dev/tenant\":\"research\"}"));
    assert_string_equal(name_of(got.tenant), "nobody");
    got = tenancy_belonging(tenancy, BYTES("research"), (struct value){0});
    assert_string_equal(name_of(got.tenant), "research");
}

static void tenants_are_ordered_numbered_and_found_by_name(void **state)
{
    static const char *const names[] = {"nowhere", "research", "serving"};
    struct tenancy *tenancy = read_tenancy(two_tenants);

    assert_int_equal(tenancy->tenant_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(tenancy->tenants[i]->name, names[i]);
        assert_int_equal(tenancy->tenants[i]->index, i);
        assert_ptr_equal(tenancy_find_tenant(tenancy, bytes_from(names[i])), tenancy->tenants[i]);
    }
    assert_null(tenancy_find_tenant(tenancy, BYTES("")));
    assert_null(tenancy_find_tenant(tenancy, BYTES("serv")));
    assert_null(tenancy_find_tenant(tenancy, BYTES("servings")));
}

static void a_set_without_tenants_has_nobody(void **state)
{
    struct tenancy *tenancy = read_tenancy("cluster: {}");

    assert_int_equal(tenancy->tenant_count, 0);
    assert_null(tenancy_find_tenant(tenancy, BYTES("research")));
    assert_null(tenancy_belonging(tenancy, BYTES("research"), (struct value){0}).tenant);
}

/* Names and patterns of one to four of a, b, - and, in patterns, wildcards. */
static const char *random_word(struct random *random, const char *letters)
{
    char *word = arena_alloc(&arena, 8);
    unsigned len = 1 + random_below(random, 4);

    for (unsigned i = 0; i < len; i++)
        word[i] = letters[random_below(random, (unsigned)strlen(letters))];
    return word;
}

/* A glob, the slow way. */
static bool matches(const char *pattern, const char *text)
{
    if (*pattern == '*')
        return matches(pattern + 1, text) || (*text && matches(pattern, text + 1));
    if (!*pattern || !*text)
        return *pattern == *text;
    return (*pattern == '?' || *pattern == *text) && matches(pattern + 1, text + 1);
}

enum { TENANTS = 4, PATTERNS = 3, NAMES = 60 };

/* An index over tenants whose patterns may overlap finds one that matches, whenever there is one.
 */
static void the_index_finds_what_a_walk_over_all_patterns_finds(void **state)
{
    struct random random = {777};

    for (int round = 0; round < 300; round++) {
        const char *patterns[TENANTS][PATTERNS], *yaml = "";
        struct tenancy *tenancy;

        for (int i = 0; i < TENANTS; i++) {
            for (int j = 0; j < PATTERNS; j++)
                patterns[i][j] = arena_printf(&arena, "%s%d", random_word(&random, "ab-*?"), j);
            yaml = arena_printf(&arena, "%st%d: {namespaces: [\"%s\", \"%s\", \"%s\"]}\n", yaml, i,
                                patterns[i][0], patterns[i][1], patterns[i][2]);
        }
        tenancy = read_tenancy(yaml);
        for (int n = 0; n < NAMES; n++) {
            const char *name = arena_printf(&arena, "%s%u", random_word(&random, "ab-"),
                                            random_below(&random, PATTERNS));
            const struct tenant *got =
                tenancy_belonging(tenancy, bytes_from(name), (struct value){0}).tenant;
            bool is_anyones = false, is_its = false;

            for (int i = 0; i < TENANTS * PATTERNS; i++) {
                bool fits = matches(patterns[i / PATTERNS][i % PATTERNS], name);

                is_anyones |= fits;
                is_its |= fits && got && got->index == (size_t)(i / PATTERNS);
            }
            if (is_anyones != (got != NULL) || is_anyones != is_its)
                fail_msg("%s: %s in\n%s", name, name_of(got), yaml);
        }
        arena_reset(&arena);
    }
}

#define LADDER                                                                                     \
    "ladder: {tiers: [{name: A, class: p0-training, value: 2, preempts: [p2-batch]},"              \
    "{name: B, class: p2-batch, value: 1, preempts: []}]}\n"
#define GPUS "gpus: {guaranteed: 1}"

/* One line each: "LINE text" of the problems that a set's cross-checks find. */
static const struct {
    const char *set, *problems;
} sets[] = {
    {"a: {" GPUS ", namespaces: [a]}\nb: {" GPUS ", namespaces: [b]}\n", ""},
    {"a: {" GPUS ", namespaces: [\"x-*\"]}\nb: {" GPUS ", namespaces: [b, \"*-y\"]}\n",
     "2 \"*-y\" overlaps \"x-*\" of tenant \"a\": a namespace belongs to one tenant\n"},
    {"a: {" GPUS ", namespaces: [x]}\nb: {" GPUS ", namespaces: [x]}\n",
     "2 \"x\" overlaps \"x\" of tenant \"a\": a namespace belongs to one tenant\n"},
    {"a: {" GPUS ", namespaces: [\"x-*\"]}\nb: {" GPUS ", namespaces: [x, \"y-*\"]}\n", ""},
    {"a: {" GPUS ", namespaces: [\"x-*\", x-1]}\n", ""},
    {LADDER "a: {" GPUS
            ", priority: {allowed: [p2-batch], default: p2-batch, burst: [p2-batch]}}\n",
     ""},
    {LADDER "a: {" GPUS ", priority: {default: p2-bacth}}\n",
     "2 the ladder has no class \"p2-bacth\"; did you mean \"p2-batch\"?\n"},
    {LADDER "a: {" GPUS ", priority: {allowed: [gold]}}\n", "2 the ladder has no class \"gold\"\n"},
    {LADDER "a: {" GPUS ", priority: {burst: [gold]}}\n", "2 the ladder has no class \"gold\"\n"},
    {LADDER "a: {" GPUS ", priority: {allowed: [p2-batch], default: p0-training}}\n",
     "2 class \"p0-training\" is not under priority.allowed\n"},
    {LADDER "a: {" GPUS ", priority: {allowed: [p2-batch], burst: [p0-training]}}\n",
     "2 class \"p0-training\" is not under priority.allowed\n"},
    {"a: {" GPUS ", priority: {default: p2-batch}}\n",
     "1 class \"p2-batch\": the set has no PriorityLadder\n"},
    {"cluster: {fabric: {domains: [rack-a, rack-b]}}\na: {" GPUS ", fabric: {domains: [rack-a]}}\n",
     ""},
    {"cluster: {fabric: {domains: [rack-a, x]}}\na: {" GPUS ", fabric: {domains: [rack-q]}}\n",
     "2 Cluster.fabric has no domain \"rack-q\"; did you mean \"rack-a\"?\n"},
    {"a: {" GPUS ", fabric: {domains: [anything]}}\n", ""},
};

static void what_concerns_several_objects_is_checked(void **state)
{
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct problems problems = {.arena = &arena};
        struct buf buf;

        tenancy_check(read_tenancy(sets[i].set), true, &problems);
        problems_sort(&problems);
        buf_init(&buf, &arena, 65536);
        for (size_t j = 0; j < problems.count; j++)
            buf_printf(&buf, "%u %s%s\n", problems.items[j].line,
                       problems.items[j].is_warning ? "warning: " : "", problems.items[j].text);
        assert_string_equal(buf.data ? buf.data : "", sets[i].problems);
    }
}

/* The ladder may be in a file that couldn't be read. */
static void a_ladder_that_may_be_there_is_not_missed(void **state)
{
    struct problems problems = {.arena = &arena};

    tenancy_check(read_tenancy("a: {" GPUS ", priority: {default: p2-batch}}\n"), false, &problems);
    assert_int_equal(problems.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_namespace_belongs_by_its_label_else_by_its_name, release_arena),
        cmocka_unit_test_teardown(the_label_is_the_clusters_to_name, release_arena),
        cmocka_unit_test_teardown(tenants_are_ordered_numbered_and_found_by_name, release_arena),
        cmocka_unit_test_teardown(a_set_without_tenants_has_nobody, release_arena),
        cmocka_unit_test_teardown(the_index_finds_what_a_walk_over_all_patterns_finds,
                                  release_arena),
        cmocka_unit_test_teardown(what_concerns_several_objects_is_checked, release_arena),
        cmocka_unit_test_teardown(a_ladder_that_may_be_there_is_not_missed, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
