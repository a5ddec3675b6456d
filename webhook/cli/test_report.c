#include "cli/test_report.h"

/* Two columns within 100 characters: indentation, field, mark, expected, gap, got. */
enum { INDENT = 4, FIELD = 9, MARK = 2, EXPECTED = 40, GAP = 2, GOT = 43 };

/* What a line of a report is marked with on a terminal (ECMA-48, SGR). */
struct colours {
    const char *good, *bad, *faint, *plain;
};

static const struct colours coloured = {"\033[32m", "\033[1;31m", "\033[2m", "\033[0m"};
static const struct colours uncoloured = {"", "", "", ""};

size_t coverage_reached(const struct coverage *coverage)
{
    size_t reached = 0;

    for (size_t i = 0; i < coverage->count; i++)
        reached += coverage->items[i].cases > 0;
    return reached;
}

unsigned test_report_coverage(const struct test_report *report)
{
    size_t count = report->rules.count;

    return count ? (unsigned)(100 * coverage_reached(&report->rules) / count) : 100;
}

/* One side of a row, being written line by line. */
struct cell {
    struct bytes rest;
    size_t width;
};

static size_t character(struct bytes text, size_t at)
{
    size_t len = text_character(text, at);

    return len ? len : 1;
}

/* Take the next line: what fits, up to a line's end or else the last blank. Gives its text; how
 * many characters it has goes to `*count`. */
static struct bytes take_line(struct cell *cell, size_t *count)
{
    struct bytes text = cell->rest;
    size_t at = 0, blank = 0, blank_count = 0;

    *count = 0;
    while (at < text.len && text.data[at] != '\n' && *count < cell->width) {
        if (text.data[at] == ' ' && at > 0) {
            blank = at;
            blank_count = *count;
        }
        at += character(text, at);
        ++*count;
    }
    if (at < text.len && text.data[at] != '\n' && text.data[at] != ' ' && blank) {
        at = blank;
        *count = blank_count;
    }
    cell->rest = bytes_tail(text, at);
    if (cell->rest.len && (cell->rest.data[0] == '\n' || cell->rest.data[0] == ' '))
        cell->rest = bytes_tail(cell->rest, 1);
    return (struct bytes){text.data, at};
}

static void add_blanks(struct buf *out, size_t count)
{
    buf_printf(out, "%*s", (int)count, "");
}

static struct cell make_cell(const char *text, size_t width)
{
    return (struct cell){bytes_from(text && *text ? text : "-"), width};
}

static void write_row(const char *field, const struct difference_row *row,
                      const struct colours *colours, struct buf *out)
{
    struct cell left = make_cell(row->expected, EXPECTED), right = make_cell(row->got, GOT);
    const char *mark = row->differs ? "! " : "  ";

    while (left.rest.len || right.rest.len) {
        size_t left_count, right_count;
        struct bytes expected = take_line(&left, &left_count), got;

        got = take_line(&right, &right_count);
        buf_printf(out, "%*s%-*s%s%s", INDENT, "", FIELD, field, row->differs ? colours->bad : "",
                   mark);
        buf_add(out, expected);
        if (got.len) {
            add_blanks(out, EXPECTED - left_count + GAP);
            buf_add(out, got);
        }
        buf_printf(out, "%s\n", row->differs ? colours->plain : "");
        field = "";
        mark = "  ";
    }
}

static void write_differences(const struct differences *differences, const struct colours *colours,
                              struct buf *out)
{
    buf_printf(out, "%s%*s%-*s%s%s\n", colours->faint, INDENT + FIELD + MARK, "", EXPECTED + GAP,
               "expected", "got", colours->plain);
    for (size_t i = 0; i < differences->count; i++) {
        const struct difference *difference = &differences->items[i];

        for (size_t j = 0; j < difference->count; j++)
            write_row(j ? "" : difference->field, &difference->rows[j], colours, out);
    }
}

static const char *clean(const struct test_report *report, const char *text)
{
    return text_quote(report->arena, bytes_from(text));
}

static void write_unreached(const struct coverage *coverage, struct buf *out)
{
    for (size_t i = 0; i < coverage->count; i++) {
        if (!coverage->items[i].cases)
            buf_printf(out, "  %s\n", coverage->items[i].name);
    }
}

static void write_idle(const char *what, const struct coverage *coverage, struct buf *out)
{
    size_t idle = coverage->count - coverage_reached(coverage);

    if (idle)
        buf_printf(out, "\n%s in any case: %zu of %zu\n", what, idle, coverage->count);
    write_unreached(coverage, out);
}

static void write_coverage(const struct test_report *report, struct buf *out)
{
    const struct coverage *rules = &report->rules;
    size_t unfired = rules->count - coverage_reached(rules);

    if (report->count == 0)
        return;
    if (rules->count && unfired == 0)
        buf_printf(out, "\nevery rule fired: %zu of %zu (100%%)\n", rules->count, rules->count);
    else if (rules->count)
        buf_printf(out, "\nrules that no case made fire: %zu of %zu (%u%% fired)\n", unfired,
                   rules->count, test_report_coverage(report));
    write_unreached(rules, out);
    write_idle("mutations that set nothing", &report->mutations, out);
    write_idle("exceptions that made no difference", &report->exceptions, out);
}

void test_report_write_text(const struct test_report *report, bool is_coloured, struct buf *out)
{
    const struct colours *colours = is_coloured ? &coloured : &uncoloured;
    const struct policy_test *test = NULL;

    for (size_t i = 0; i < report->count; i++) {
        const struct test_result *result = &report->items[i];
        bool is_failed = result->differences.count > 0;

        if (result->test != test)
            buf_printf(out, "%s%s: %s\n", test ? "\n" : "", clean(report, result->test->file),
                       clean(report, result->test->name));
        test = result->test;
        buf_printf(out, "  %s%s%s %s\n", is_failed ? colours->bad : colours->good,
                   is_failed ? "FAILED" : "ok", colours->plain,
                   clean(report, result->test_case->name));
        if (is_failed)
            write_differences(&result->differences, colours, out);
    }
    write_coverage(report, out);
    buf_printf(out, "%s%zu passed, %zu failed\n", report->count ? "\n" : "",
               report->count - report->failed, report->failed);
}

/* Text for XML 1.0: text_clean has taken the characters away that it can't have. */
static void add_xml(struct buf *out, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    for (; *text; text++) {
        const char *entity = NULL;

        for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
            if (entities[i].character == *text)
                entity = entities[i].entity;
        }
        if (entity)
            buf_add_text(out, entity);
        else
            buf_add_char(out, *text);
    }
}

static void add_attribute(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, " %s=\"", name);
    add_xml(out, text);
    buf_add_char(out, '"');
}

/* Neither a case's file nor its line has an attribute in the schema that CI systems agree on. */
static void write_junit_case(const struct test_report *report, const struct test_result *result,
                             struct buf *out)
{
    struct strings fields = {0};
    struct buf text;

    buf_add_text(out, "    <testcase");
    add_attribute(out, "classname", clean(report, result->test->name));
    add_attribute(out, "name", clean(report, result->test_case->name));
    if (result->differences.count == 0) {
        buf_add_text(out, "/>\n");
        return;
    }
    for (size_t i = 0; i < result->differences.count; i++)
        strings_add(&fields, report->arena, result->differences.items[i].field);
    buf_add_text(out, ">\n      <failure");
    add_attribute(out, "message",
                  arena_printf(report->arena, "not as expected: %s",
                               strings_join(&fields, fields.count, report->arena)));
    buf_add_char(out, '>');
    buf_init(&text, report->arena, out->max);
    buf_printf(&text, "%s:%u\n", clean(report, result->test->file), result->test_case->node->line);
    write_differences(&result->differences, &uncoloured, &text);
    add_xml(out, text.data);
    buf_add_text(out, "</failure>\n    </testcase>\n");
}

/* How many of the document's results follow from `from` on, and how many of them failed. */
static size_t count_suite(const struct test_report *report, size_t from, size_t *failed)
{
    size_t at = from;

    *failed = 0;
    for (; at < report->count && report->items[at].test == report->items[from].test; at++)
        *failed += report->items[at].differences.count > 0;
    return at - from;
}

void test_report_write_junit(const struct test_report *report, struct buf *out)
{
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n",
               report->count, report->failed);
    for (size_t i = 0; i < report->count;) {
        size_t failed, count = count_suite(report, i, &failed);

        buf_add_text(out, "  <testsuite");
        add_attribute(out, "name", clean(report, report->items[i].test->name));
        add_attribute(out, "file", clean(report, report->items[i].test->file));
        buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", count, failed);
        for (; count; count--)
            write_junit_case(report, &report->items[i++], out);
        buf_add_text(out, "  </testsuite>\n");
    }
    buf_add_text(out, "</testsuites>\n");
}
