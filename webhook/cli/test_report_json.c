/* The report of the cases as one JSON document. */
#include "cli/test_report.h"

static json_t *write_strings(const struct strings *strings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(list, json_string(strings->items[i]));
    return list;
}

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
                     write_strings(&result->rules), "warnings", write_strings(&result->warnings),
                     "differences", differences);
}

json_t *test_report_json(const struct test_report *report)
{
    json_t *cases = json_array(), *coverage;

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(cases, write_case(report, &report->items[i]));
    coverage =
        json_pack("{s:I, s:I, s:i, s:o}", "rules", (json_int_t)report->rule_count, "fired",
                  (json_int_t)(report->rule_count - report->unfired.count), "percent",
                  (int)test_report_coverage(report), "unfired", write_strings(&report->unfired));
    return json_pack("{s:I, s:I, s:o, s:o}", "passed", (json_int_t)(report->count - report->failed),
                     "failed", (json_int_t)report->failed, "coverage", coverage, "cases", cases);
}
