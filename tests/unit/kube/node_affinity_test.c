#include "base/buf.h"
#include "kube/node_affinity.h"
#include "unit/random.h"
#include "unit/arena.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define LABEL "fabric"

static struct confinement confine(const char *spec, const struct strings *allowed)
{
    struct value object = parse_json(arena_printf(&arena, "{\"spec\":{%s}}", spec));
    struct confinement out;
    struct error err = {0};
    struct pod pod;

    assert_true(pod_parse(object, &arena, &pod, &err));
    node_affinity_confine(&pod, BYTES(LABEL), allowed, &out);
    return out;
}

#define TERMS(terms)                                                                               \
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"          \
    "{\"nodeSelectorTerms\":[" terms "]}}}"
#define TERM(expressions) "{\"matchExpressions\":[" expressions "]}"
#define ON(key, op, values) "{\"key\":\"" key "\",\"operator\":\"" op "\",\"values\":[" values "]}"
#define FABRIC(op, values) ON(LABEL, op, values)

/* The tenant may use a, b and 5. */
static const struct {
    const char *spec;
    bool outside, inside;
} placements[] = {
    {"\"nodeName\":\"\"", true, true},
    {"\"affinity\":{\"nodeAffinity\":{}}", true, true},
    {"\"nodeSelector\":{\"other\":\"a\"}", true, true},
    {"\"nodeSelector\":{\"fabric\":\"a\"}", false, true},
    {"\"nodeSelector\":{\"fabric\":\"c\"}", true, false},
    {"\"nodeSelector\":{\"fabric\":\"\"}", true, false},
    {"\"nodeSelector\":{\"fabric\":\"A\"}", true, false},
    {TERMS(TERM(FABRIC("In", "\"a\""))), false, true},
    {TERMS(TERM(FABRIC("In", "\"a\",\"b\""))), false, true},
    {TERMS(TERM(FABRIC("In", "\"a\",\"c\""))), true, true},
    {TERMS(TERM(FABRIC("In", "\"c\""))), true, false},
    {TERMS(TERM(FABRIC("NotIn", "\"a\""))), true, true},
    {TERMS(TERM(FABRIC("NotIn", "\"a\",\"b\",\"5\""))), true, false},
    {TERMS(TERM(FABRIC("Exists", ""))), true, true},
    {TERMS(TERM(FABRIC("DoesNotExist", ""))), true, false},
    {TERMS(TERM(FABRIC("Gt", "\"4\""))), true, true},
    {TERMS(TERM(FABRIC("Gt", "\"5\""))), true, false},
    {TERMS(TERM(FABRIC("Lt", "\"5\""))), true, false},
    {TERMS(TERM(ON("other", "In", "\"a\""))), true, true},
    /* Terms are alternatives, the expressions of one all hold. */
    {TERMS(TERM(FABRIC("In", "\"a\"")) "," TERM(ON("other", "Exists", ""))), true, true},
    {TERMS(TERM(FABRIC("In", "\"a\"")) "," TERM(FABRIC("In", "\"b\""))), false, true},
    {TERMS(TERM(FABRIC("In", "\"a\",\"c\"") "," FABRIC("NotIn", "\"c\""))), false, true},
    {TERMS(TERM(FABRIC("In", "\"a\"") "," FABRIC("In", "\"b\""))), false, false},
    {TERMS(TERM(FABRIC("In", "\"a\"") "," FABRIC("DoesNotExist", ""))), false, false},
    {TERMS(TERM(FABRIC("Exists", "") "," FABRIC("DoesNotExist", ""))), false, false},
    /* An empty term matches nothing, nor does an empty list of terms. */
    {TERMS("{}"), false, false},
    {TERMS("{\"matchExpressions\":[],\"matchFields\":[]}"), false, false},
    {TERMS("{}," TERM(FABRIC("In", "\"a\""))), false, true},
    {TERMS(""), false, false},
    {"\"nodeSelector\":{\"fabric\":\"a\"}," TERMS(""), false, false},
    {"\"nodeSelector\":{\"fabric\":\"c\"}," TERMS("{}"), false, false},
    /* matchFields say nothing of the label. */
    {TERMS("{\"matchFields\":[" ON("metadata.name", "In", "\"node-1\"") "]}"), true, true},
    {TERMS("{\"matchFields\":[" ON("fabric", "In", "\"a\"") "]}"), true, true},
    {TERMS("{\"matchFields\":[" ON("metadata.name", "In",
                                   "\"n\"") "],\"matchExpressions\":[" FABRIC("In", "\"a\"") "]}"),
     false, true},
    /* Both must hold. */
    {"\"nodeSelector\":{\"fabric\":\"a\"}," TERMS(TERM(FABRIC("In", "\"c\""))), false, false},
    {"\"nodeSelector\":{\"fabric\":\"c\"}," TERMS(TERM(FABRIC("In", "\"a\",\"c\""))), true, false},
    {"\"nodeSelector\":{\"fabric\":\"a\"}," TERMS(TERM(FABRIC("NotIn", "\"b\""))), false, true},
    /* Preferences bind nobody. */
    {"\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":["
     "{\"weight\":1,\"preference\":" TERM(FABRIC("In", "\"a\"")) "}]}}",
     true, true},
    /* Bounds that leave nothing between them. */
    {TERMS(TERM(FABRIC("Gt", "\"5\"") "," FABRIC("Lt", "\"6\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"5\"") "," FABRIC("Lt", "\"7\""))), true, false},
    {TERMS(TERM(FABRIC("Lt", "\"0\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"9223372036854775807\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"9223372036854775806\""))), true, false},
    /* What can't be understood matches nothing. */
    {TERMS(TERM(FABRIC("Gt", "\"x\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\" 4\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"4\\u0000\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"-99999999999999999999\""))), false, false},
    {TERMS(TERM(FABRIC("Lt", "\"99999999999999999999\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"1\",\"2\""))), false, false},
    {TERMS(TERM(FABRIC("Gt", "\"00000000000000000000000000000004\""))), true, true},
    {TERMS(TERM(FABRIC("gt", "\"1\""))), false, false},
    {TERMS(TERM(FABRIC("Equals", "\"a\""))), false, false},
    {TERMS(TERM("{\"key\":\"fabric\"}")), false, false},
};

static void terms_are_read_as_the_scheduler_reads_them(void **state)
{
    static const char *domains[] = {"a", "b", "5"};
    static const struct strings allowed = {domains, COUNT(domains)};

    for (size_t i = 0; i < COUNT(placements); i++) {
        struct confinement got = confine(placements[i].spec, &allowed);

        if (got.may_be_outside != placements[i].outside)
            fail_msg("%s: may_be_outside", placements[i].spec);
        if (got.may_be_inside != placements[i].inside)
            fail_msg("%s: may_be_inside", placements[i].spec);
    }
}

enum { OPERATORS = 6, MAX_VALUES = 4, MAX_EXPRESSIONS = 4, MAX_TERMS = 3 };

static const char *const operators[OPERATORS] = {"In",           "NotIn", "Exists",
                                                 "DoesNotExist", "Gt",    "Lt"};
static const char *const alphabet[] = {"a", "b", "c", "", "1", "2", "4", "5"};

/* Values that nodes have: those that pods and tenants name, others, numbers between and beyond
 * them, written otherwise, too; NULL is a node without the label. */
static const char *const node_values[] = {
    "a",
    "b",
    "c",
    "",
    "1",
    "2",
    "4",
    "5",
    "zz",
    "0",
    "3",
    "6",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "9223372036854775807",
    NULL,
};

struct random_expression {
    bool is_on_label;
    int operator; /* index in operators */
    const char *values[MAX_VALUES];
    int count;
};

struct random_term {
    struct random_expression expressions[MAX_EXPRESSIONS];
    int count;
    bool has_fields;
};

struct random_placement {
    const char *selected; /* NULL: nodeSelector doesn't name the label */
    struct random_term terms[MAX_TERMS];
    int count; /* -1: no required node affinity */
};

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static const char *random_value(struct random *random)
{
    return alphabet[random_below(random, COUNT(alphabet))];
}

static struct random_expression make_expression(struct random *random)
{
    struct random_expression e = {.is_on_label = !random_one_in(random, 4),
                                  .operator=(int) random_below(random, OPERATORS)};

    if (e.operator<2)
        e.count = 1 + (int)random_below(random, MAX_VALUES);
    if (e.operator>= 4)
        e.count = 1;
    for (int i = 0; i < e.count; i++)
        e.values[i] = random_value(random);
    return e;
}

static struct random_placement make_placement(struct random *random)
{
    struct random_placement made = {.count = (int)random_below(random, MAX_TERMS + 2) - 1};

    if (random_one_in(random, 5))
        made.selected = random_value(random);
    for (int i = 0; i < made.count; i++) {
        struct random_term *term = &made.terms[i];

        term->has_fields = random_one_in(random, 5);
        term->count = (int)random_below(random, MAX_EXPRESSIONS + 1);
        for (int j = 0; j < term->count; j++)
            term->expressions[j] = make_expression(random);
    }
    return made;
}

static bool names_value(const struct random_expression *e, const char *value)
{
    for (int i = 0; i < e->count; i++) {
        if (!strcmp(e->values[i], value))
            return true;
    }
    return false;
}

/* Does the expression hold for a node whose label is `value`? */
static bool holds(const struct random_expression *e, const char *value)
{
    switch (e->operator) {
    case 0:
        return value && names_value(e, value);
    case 1:
        return !value || !names_value(e, value);
    case 2:
        return value != NULL;
    case 3:
        return value == NULL;
    default:
        break;
    }
    if (!value || !is_number(value) || !is_number(e->values[0]))
        return false;
    if (e->operator== 4)
        return strtoll(value, NULL, 10) > strtoll(e->values[0], NULL, 10);
    return strtoll(value, NULL, 10) < strtoll(e->values[0], NULL, 10);
}

static bool node_fits(const struct random_placement *made, const char *value)
{
    if (made->selected && (!value || strcmp(made->selected, value) != 0))
        return false;
    if (made->count < 0)
        return true;
    for (int i = 0; i < made->count; i++) {
        const struct random_term *term = &made->terms[i];
        bool fits = term->count > 0 || term->has_fields;

        for (int j = 0; j < term->count && fits; j++)
            fits = !term->expressions[j].is_on_label || holds(&term->expressions[j], value);
        if (fits)
            return true;
    }
    return false;
}

static void add_term(struct buf *buf, const struct random_term *term)
{
    buf_add_text(buf, "{\"matchExpressions\":[");
    for (int i = 0; i < term->count; i++) {
        const struct random_expression *e = &term->expressions[i];

        buf_printf(buf, "%s{\"key\":\"%s\",\"operator\":\"%s\"", i ? "," : "",
                   e->is_on_label ? LABEL : "other", operators[e->operator]);
        for (int j = 0; j < e->count; j++)
            buf_printf(buf, "%s\"%s\"", j ? "," : ",\"values\":[", e->values[j]);
        buf_add_text(buf, e->count ? "]}" : "}");
    }
    buf_add_char(buf, ']');
    if (term->has_fields)
        buf_add_text(buf, ",\"matchFields\":[" ON("metadata.name", "In", "\"node-1\"") "]");
    buf_add_char(buf, '}');
}

static const char *write_placement(const struct random_placement *made)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    buf_add_text(&buf, "\"nodeName\":\"\"");
    if (made->selected)
        buf_printf(&buf, ",\"nodeSelector\":{\"" LABEL "\":\"%s\"}", made->selected);
    if (made->count >= 0)
        buf_add_text(&buf, ",\"affinity\":{\"nodeAffinity\":{\"requiredDuringScheduling"
                           "IgnoredDuringExecution\":{\"nodeSelectorTerms\":[");
    for (int i = 0; i < made->count; i++) {
        if (i)
            buf_add_char(&buf, ',');
        add_term(&buf, &made->terms[i]);
    }
    if (made->count >= 0)
        buf_add_text(&buf, "]}}}");
    return buf.data;
}

/* What trying every kind of node says. */
static struct confinement try_every_value(const struct random_placement *made,
                                          const struct strings *allowed)
{
    struct confinement out = {0};

    for (size_t i = 0; i < COUNT(node_values); i++) {
        const char *value = node_values[i];

        if (!node_fits(made, value))
            continue;
        if (value && strings_has(allowed, bytes_from(value)))
            out.may_be_inside = true;
        else
            out.may_be_outside = true;
    }
    return out;
}

static void random_pods_are_confined_where_trying_every_value_says_so(void **state)
{
    struct random random = {42};

    for (int i = 0; i < 20000; i++) {
        struct random_placement made = make_placement(&random);
        const char *spec = write_placement(&made), *items[3];
        struct strings allowed = {items, random_below(&random, 4)};
        struct confinement expected, got;

        for (size_t j = 0; j < allowed.count; j++)
            items[j] = random_value(&random);
        expected = try_every_value(&made, &allowed);
        got = confine(spec, &allowed);
        if (got.may_be_outside != expected.may_be_outside)
            fail_msg("may_be_outside should be %d: {%s} inside %s", expected.may_be_outside, spec,
                     strings_join(&allowed, 3, &arena));
        if (got.may_be_inside != expected.may_be_inside)
            fail_msg("may_be_inside should be %d: {%s} inside %s", expected.may_be_inside, spec,
                     strings_join(&allowed, 3, &arena));
        arena_reset(&arena);
    }
}

/* What /mutate asks of each term before it adds its own requirement. */
static void a_term_confines_where_nothing_outside_fits(void **state)
{
    static const struct {
        const char *term;
        bool is_empty, confines;
    } rows[] = {
        {"{}", true, false},
        {TERM(""), true, false},
        {"{\"matchFields\":[" ON("metadata.name", "In", "\"n\"") "]}", false, false},
        {TERM(ON("other", "In", "\"a\"")), false, false},
        {TERM(FABRIC("In", "\"a\"")), false, true},
        {TERM(FABRIC("In", "\"b\",\"a\"")), false, true},
        {TERM(FABRIC("In", "\"a\",\"c\"")), false, false},
        {TERM(FABRIC("NotIn", "\"c\"")), false, false},
        {TERM(FABRIC("Exists", "")), false, false},
        {TERM(ON("other", "Exists", "") "," FABRIC("In", "\"a\"")), false, true},
        {TERM(FABRIC("Exists", "") "," FABRIC("In", "\"a\"")), false, true},
    };
    static const char *domains[] = {"a", "b"};
    static const struct strings allowed = {domains, COUNT(domains)};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value term = parse_json(rows[i].term);

        if (node_affinity_term_is_empty(term) != rows[i].is_empty)
            fail_msg("%s: is_empty", rows[i].term);
        if (node_affinity_term_confines(term, BYTES(LABEL), &allowed) != rows[i].confines)
            fail_msg("%s: confines", rows[i].term);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(terms_are_read_as_the_scheduler_reads_them, release_arena),
        cmocka_unit_test_teardown(random_pods_are_confined_where_trying_every_value_says_so,
                                  release_arena),
        cmocka_unit_test_teardown(a_term_confines_where_nothing_outside_fits, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
