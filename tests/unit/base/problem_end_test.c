#include "base/problem_end.h"

#include "base/node.h"
#include "unit/unit.h"

static uint32_t end_of(const char *text, uint32_t line, uint32_t column)
{
    const struct source source = {.name = "a.yaml", .text = bytes_from(text)};
    const struct problem problem = {.source = &source, .line = line, .column = column, .text = ""};
    struct problem_ends ends = {0};

    return problem_ends_next(&ends, &problem);
}

static void what_begins_at_a_place_ends_where_a_reader_sees_its_end(void **state)
{
    static const struct {
        const char *text;
        uint32_t line, column, end;
    } rows[] = {
        {"key: value\n", 1, 1, 4},
        {"key: value\n", 1, 6, 11},
        {"key: value # why\n", 1, 6, 11},
        {"key: a#b\n", 1, 6, 9},
        {"key: two words  \r\nnext: 1\n", 1, 6, 15},
        {"a: 1\nkey: http://x:80/y\n", 2, 6, 19},
        {"key:\n", 1, 1, 4},
        {"key: [a, b]\n", 1, 6, 12},
        {"key: [a, b]\n", 1, 7, 8},
        {"key: [a, b]\n", 1, 10, 11},
        {"key: a, b]\n", 1, 6, 11},
        {"key: {a: {b: c}} # d\n", 1, 6, 17},
        {"key: {a: {b: c}}\n", 1, 14, 15},
        {"key: [a,\n  b]\n", 1, 6, 9},
        {"key: [\"]\", a] b\n", 1, 6, 14},
        {"key: \"a # b: \\\" c\" # d\n", 1, 6, 19},
        {"key: 'it''s' # d\n", 1, 6, 13},
        {"key: \"open\n", 1, 6, 11},
        {"k: \xc3\xa4\xc3\xb6 # d\n", 1, 4, 6},
        {"- id: x\n", 1, 3, 5},
        {"last", 1, 1, 5},
        {"a: 1\n", 1, 9, 5}, /* past the line's end */
        {"a: 1\n", 7, 2, 2}, /* past the text's end */
        {"a: 1\n", 0, 0, 0}, /* the file as a whole */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(end_of(rows[i].text, rows[i].line, rows[i].column), rows[i].end);
}

static void several_problems_are_gone_over_in_their_order(void **state)
{
    const struct source one = {.name = "a.yaml", .text = BYTES("ab: [c, d]\ne: f\n")};
    const struct source other = {.name = "b.yaml", .text = BYTES("\xef\xbb\xbfghi: j\n")};
    const struct {
        struct problem problem;
        uint32_t end;
    } rows[] = {
        {{.source = &one, .line = 1, .column = 1}, 3},
        {{.source = &one, .line = 1, .column = 6}, 7},
        {{.source = &one, .line = 1, .column = 6}, 7},
        {{.source = &one, .line = 2, .column = 4}, 5},
        {{.source = &other, .line = 1, .column = 1}, 4},
    };
    struct problem_ends ends = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(problem_ends_next(&ends, &rows[i].problem), rows[i].end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_begins_at_a_place_ends_where_a_reader_sees_its_end),
        cmocka_unit_test(several_problems_are_gone_over_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
