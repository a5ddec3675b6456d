#include "base/node.h"
#include "unit/arena.h"

#define SIXTY "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
#define TEN "0123456789"
#define BLANKS_40 "                                        "

static const char *written(const struct problems *problems)
{
    struct buf buf;

    buf_init(&buf, &arena, 1024 * 1024);
    problems_write(problems, &buf);
    return buf.data ? buf.data : "";
}

struct place_row {
    const char *name, *text;
    uint32_t line, column;
    const char *shown; /* after "f.yaml:LINE:COLUMN: m\n" */
};

static const struct place_row place_rows[] = {
    {"the line loses its indentation", "spec:\n    guaranteed: 16x\n", 2, 17,
     "    guaranteed: 16x\n                ^\n"},
    {"the first character", "a: 1\n", 1, 1, "    a: 1\n    ^\n"},
    {"the last line has no newline", "a: 1", 1, 4, "    a: 1\n       ^\n"},
    {"just past the line's end", "key:\nb: 1\n", 1, 5, "    key:\n        ^\n"},
    {"far past the line's end", "key:\nb: 1\n", 1, 80, "    key:\n        ^\n"},
    {"past the text's end", "a: 1\n", 2, 1, ""},
    {"no such line", "a: 1\n", 9, 1, ""},
    {"a line of blanks", "a:\n   \n", 2, 2, ""},
    {"a tab is one blank", "a:\tb\tc\n", 1, 6, "    a: b c\n         ^\n"},
    {"tabs before the text are indentation", "\t\tb: c\n", 1, 6, "    b: c\n       ^\n"},
    {"the caret in the indentation", "    b\n", 1, 3, "      b\n    ^\n"},
    {"UTF-8 counts as characters", "k\xc3\xa9y: \xe2\x82\xac x\n", 1, 8,
     "    k\xc3\xa9y: \xe2\x82\xac x\n           ^\n"},
    {"characters of four bytes", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80: x\n", 1, 5,
     "    \xf0\x9f\x98\x80\xf0\x9f\x98\x80: x\n        ^\n"},
    {"control characters", "a\x01\x1b[31m\x7f\xc2\x85z\n", 1, 10,
     "    a??[31m??z\n             ^\n"},
    {"what turns text about", "a\xe2\x80\xae\xe2\x81\xa7z\n", 1, 4, "    a??z\n       ^\n"},
    {"invalid UTF-8", "a: \xff\xc3z\n", 1, 6, "    a: ??z\n         ^\n"},
    {"CRLF", "a: 1\r\nb: 2\r\n", 2, 4, "    b: 2\n       ^\n"},
    {"CR alone", "a: 1\rb: 2\r", 2, 4, "    b: 2\n       ^\n"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "a: 1\n",
     1, 4, "    a: 1\n       ^\n"},
    {"100 characters are shown whole", SIXTY TEN TEN TEN TEN "\n", 1, 1,
     "    " SIXTY TEN TEN TEN TEN "\n    ^\n"},
    {"101 are cut", SIXTY TEN TEN TEN TEN "x\n", 1, 90,
     "    " SIXTY TEN TEN TEN "0123456...\n" BLANKS_40 BLANKS_40 "             ^\n"},
    {"a long line: from fifty before the caret", SIXTY SIXTY "!\n", 1, 121,
     "    ...bbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff!\n" BLANKS_40
     "                 ^\n"},
    {"a long line goes on", SIXTY SIXTY SIXTY "\n", 1, 91,
     "    ...eeeeeeeeeeffffffffff" SIXTY "aaaaaaaaaabbbb...\n" BLANKS_40 "                 ^\n"},
};

static void a_problem_shows_its_line_with_a_caret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(place_rows) / sizeof(place_rows[0]); i++) {
        const struct place_row *row = &place_rows[i];
        struct source source = {"f.yaml", bytes_from(row->text)};
        struct problems problems = {.arena = &arena};
        const char *expected =
            arena_printf(&arena, "f.yaml:%u:%u: m\n%s", row->line, row->column, row->shown);

        problems_add_at(&problems, &source, row->line, row->column, "m");
        if (strcmp(written(&problems), expected) != 0)
            print_error("row: %s\n", row->name);
        assert_string_equal(written(&problems), expected);
    }
}

static void a_warning_says_so(void **state)
{
    struct source source = {"f.yaml", BYTES("a: 1\n")};
    struct problems problems = {.arena = &arena};
    struct node node = {.source = &source, .line = 1, .column = 4};

    (void)state;
    problems_warn(&problems, &node, "odd %d", 1);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.error_count, 0);
    assert_string_equal(written(&problems), "f.yaml:1:4: warning: odd 1\n    a: 1\n       ^\n");
}

static void a_problem_of_the_whole_file_shows_no_line(void **state)
{
    struct source source = {"f.yaml", BYTES("a: 1\n")};
    struct problems problems = {.arena = &arena};

    (void)state;
    problems_add_at(&problems, &source, 0, 0, "too large");
    assert_string_equal(written(&problems), "f.yaml: too large\n");
}

static void sorting_goes_by_file_line_column_and_then_order(void **state)
{
    struct source a = {"a.yaml", BYTES("x\nyy\n")}, b = {"b.yaml", BYTES("x\n")};
    struct problems problems = {.arena = &arena};

    (void)state;
    problems_add_at(&problems, &b, 1, 1, "5");
    problems_add_at(&problems, &a, 2, 1, "z comes first, being first");
    problems_add_at(&problems, &a, 2, 1, "b");
    problems_add_at(&problems, &a, 2, 2, "4");
    problems_add_at(&problems, &a, 0, 0, "0");
    problems_add_at(&problems, &a, 1, 1, "1");
    problems_sort(&problems);
    assert_string_equal(written(&problems),
                        "a.yaml: 0\n"
                        "a.yaml:1:1: 1\n    x\n    ^\n"
                        "a.yaml:2:1: z comes first, being first\n    yy\n    ^\n"
                        "a.yaml:2:1: b\n    yy\n    ^\n"
                        "a.yaml:2:2: 4\n    yy\n     ^\n"
                        "b.yaml:1:1: 5\n    x\n    ^\n");
}

static void the_same_text_at_the_same_place_is_told_once(void **state)
{
    struct source a = {"a.yaml", BYTES("x\n")};
    struct node node = {.source = &a, .line = 1, .column = 1};
    struct problems problems = {.arena = &arena};

    (void)state;
    problems_add(&problems, &node, "m");
    problems_add(&problems, &node, "n");
    problems_add(&problems, &node, "m");
    problems_warn(&problems, &node, "m");
    problems_warn(&problems, &node, "m");
    problems_add_at(&problems, &a, 2, 1, "m");
    problems_sort(&problems);
    assert_int_equal(problems.count, 4);
    assert_int_equal(problems.error_count, 3);
    problems_add(&problems, &node, "one more after sorting");
    assert_string_equal(problems.items[4].text, "one more after sorting");
}

/* Each of 60,000 problems on a line of a megabyte: quadratic work would take minutes. */
static void many_problems_on_one_long_line_are_shown_quickly(void **state)
{
    size_t len = 1000 * 1000;
    struct source source = {"a.yaml", {memset(arena_alloc(&arena, len), 'x', len), len}};
    struct problems problems = {.arena = &arena};
    struct buf buf;

    (void)state;
    for (uint32_t i = 60000; i > 0; i--)
        problems_add_at(&problems, &source, 1, i * 16, "m");
    problems_sort(&problems);
    buf_init(&buf, &arena, 64 * 1024 * 1024);
    problems_write(&problems, &buf);
    assert_int_equal(problems.count, 60000);
    assert_false(buf.is_full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_problem_shows_its_line_with_a_caret, release_arena),
        cmocka_unit_test_teardown(a_warning_says_so, release_arena),
        cmocka_unit_test_teardown(a_problem_of_the_whole_file_shows_no_line, release_arena),
        cmocka_unit_test_teardown(sorting_goes_by_file_line_column_and_then_order, release_arena),
        cmocka_unit_test_teardown(the_same_text_at_the_same_place_is_told_once, release_arena),
        cmocka_unit_test_teardown(many_problems_on_one_long_line_are_shown_quickly, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
