/* The report of the cases as one JSON document. */
#include "cli/test_report.h"

#include "cli/output.h"

/* {"field":"rules","rows":[{"expected":...,"got":...,"differs":true}]} */
static json_t *write_difference(const struct difference *difference)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < difference->count; i++) {
        const struct difference_row *row = &difference->rows[i];

        json_array_append_new(rows, json_pack("{s:s?, s:s?, s:b}", "expected", row->expected, "got",
                                              row->got, "differs", row->differs));
    }
    return json_pack("{s:s, s:o}", "field", difference->field, "rows", rows);
}

static json_t *write_case(const struct test_report *report, const struct test_result *result)
{
    json_t *differences = json_array();

    for (size_t i = 0; i < result->differences.count; i++)
        json_array_append_new(differences, write_difference(&result->differences.items[i]));
    return json_pack("{s:s, s:i, s:s, s:s, s:b, s:b, s:s?, s:o, s:o, s:o}", "file",
                     text_quote(report->arena, bytes_from(result->test->file)), "line",
                     (int)result->test_case->node->line, "test", result->test->name, "name",
                     result->test_case->name, "passed", result->differences.count == 0, "allowed",
                     result->is_allowed, "message", result->message, "rules",
                     output_list(&result->rules), "warnings", output_list(&result->warnings),
                     "differences", differences);
}

/* How many cases reached each; the names of those that none did go to `unreached`. */
static json_t *write_covered(const struct coverage *coverage, json_t *unreached)
{
    json_t *list = json_array();

    for (size_t i = 0; i < coverage->count; i++) {
        const struct covered *one = &coverage->items[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:I}", "name", one->name, "file",
                                              one->node->source->name, "line", (int)one->node->line,
                                              "cases", (json_int_t)one->cases));
        if (!one->cases)
            json_array_append_new(unreached, json_string(one->name));
    }
    return list;
}

static json_t *write_coverage(const struct test_report *report)
{
    json_t *unfired = json_array(), *unset = json_array(), *idle = json_array();
    json_t *rules = write_covered(&report->rules, unfired);
    json_t *mutations = write_covered(&report->mutations, unset);
    json_t *exceptions = write_covered(&report->exceptions, idle);

    return json_pack("{s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "rules",
                     (json_int_t)report->rules.count, "fired",
                     (json_int_t)coverage_reached(&report->rules), "percent",
                     (int)test_report_coverage(report), "unfired", unfired, "unset", unset, "idle",
                     idle, "byRule", rules, "byMutation", mutations, "byException", exceptions);
}

json_t *test_report_json(const struct test_report *report)
{
    json_t *cases = json_array();

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(cases, write_case(report, &report->items[i]));
    return json_pack("{s:I, s:I, s:o, s:o}", "passed", (json_int_t)(report->count - report->failed),
                     "failed", (json_int_t)report->failed, "coverage", write_coverage(report),
                     "cases", cases);
}
