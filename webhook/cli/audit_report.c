#include "cli/audit_report.h"

#include <stdio.h>

#include "base/buf.h"
#include "cli/grid.h"

/* etcd takes objects of 1.5 MiB. */
enum { MAX_MESSAGE_BYTES = 1024, MAX_REPORT_RESULTS = 1000, MAX_RESULTS_BYTES = 999 * 1000 };

static const char *word_of(const struct audit_result *result)
{
    return result->enforcement == ENFORCE_DENY ? "fail" : "warn";
}

static size_t count_failed(const struct audit_result *results, size_t count)
{
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        failed += results[i].enforcement == ENFORCE_DENY;
    return failed;
}

void audit_print_table(const struct audit *audit)
{
    size_t failed = count_failed(audit->results, audit->count);
    struct grid grid = {.arena = audit->arena, .columns = 6};

    grid_add(&grid, "namespace");
    grid_add(&grid, "kind");
    grid_add(&grid, "name");
    grid_add(&grid, "result");
    grid_add(&grid, "rule");
    grid_add(&grid, "message");
    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_result *result = &audit->results[i];

        grid_add(&grid, *result->namespace ? result->namespace : "-");
        grid_add(&grid, result->kind);
        grid_add(&grid, result->name);
        grid_add(&grid, word_of(result));
        grid_add(&grid, result->rule);
        grid_add(&grid, result->message);
    }
    if (audit->count) {
        grid_print_text(&grid, stdout);
        putchar('\n');
    }
    printf("%zu objects judged: %zu fail, %zu warn", audit->judged, failed, audit->count - failed);
    if (audit->left_out)
        printf(", %zu more left out", audit->left_out);
    putchar('\n');
}

json_t *audit_write_json(const struct audit *audit)
{
    size_t failed = count_failed(audit->results, audit->count);
    json_t *results = json_array();

    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_result *result = &audit->results[i];

        json_array_append_new(results, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
                                                 "namespace", result->namespace, "apiVersion",
                                                 result->api_version, "kind", result->kind, "name",
                                                 result->name, "uid", result->uid, "rule",
                                                 result->rule, "result", word_of(result), "field",
                                                 result->field, "message", result->message));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "judged", (json_int_t)audit->judged, "fail",
                     (json_int_t)failed, "warn", (json_int_t)(audit->count - failed), "leftOut",
                     (json_int_t)audit->left_out, "results", results);
}

/* ---- PolicyReports */

static json_t *make_reference(const struct audit_result *result)
{
    json_t *reference = json_pack("{s:s, s:s, s:s}", "apiVersion", result->api_version, "kind",
                                  result->kind, "name", result->name);

    if (*result->namespace)
        json_object_set_new(reference, "namespace", json_string(result->namespace));
    if (*result->uid)
        json_object_set_new(reference, "uid", json_string(result->uid));
    return reference;
}

/* A rule's name without its last part stands for the policy. */
static json_t *make_result(const struct audit_result *result, struct arena *arena)
{
    static const char *const severities[] = {
        [ENFORCE_DENY] = "high", [ENFORCE_WARN] = "low", [ENFORCE_AUDIT] = "info"};
    const char *slash = strrchr(result->rule, '/');
    size_t len = slash ? (size_t)(slash - result->rule) : strlen(result->rule);
    const char *policy = arena_copy(arena, (struct bytes){result->rule, len});

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[o]}", "source", "fairgate", "policy",
                     policy, "rule", slash ? slash + 1 : result->rule, "result", word_of(result),
                     "severity", severities[result->enforcement], "message",
                     text_clean(arena, bytes_from(result->message), MAX_MESSAGE_BYTES), "resources",
                     make_reference(result));
}

static json_t *make_metadata(const char *namespace, size_t left_out, struct arena *arena)
{
    json_t *metadata = json_pack("{s:s, s:{s:s}}", "name", "fairgate", "labels",
                                 "app.kubernetes.io/managed-by", "fairgate");

    if (*namespace)
        json_object_set_new(metadata, "namespace", json_string(namespace));
    if (left_out)
        json_object_set_new(metadata, "annotations",
                            json_pack("{s:s}", "fairgate.dev/left-out",
                                      arena_printf(arena, "%zu", left_out)));
    return metadata;
}

/* As many of them as a report can hold. */
static json_t *make_results(const struct audit_result *results, size_t count, struct arena *arena)
{
    size_t most = count < MAX_REPORT_RESULTS ? count : MAX_REPORT_RESULTS, size = 0;
    json_t *list = json_array();

    for (size_t i = 0; i < most; i++) {
        json_t *result = make_result(&results[i], arena);

        size += json_dumpb(result, NULL, 0, JSON_COMPACT) + strlen(",");
        if (size > MAX_RESULTS_BYTES) {
            json_decref(result);
            break;
        }
        json_array_append_new(list, result);
    }
    return list;
}

/* Of results that are all of one namespace. */
static json_t *make_report(const struct audit_result *results, size_t count, struct arena *arena)
{
    json_t *list = make_results(results, count, arena);
    size_t failed = count_failed(results, count), left_out = count - json_array_size(list);

    return json_pack("{s:s, s:s, s:o, s:{s:i, s:I, s:I, s:i, s:i}, s:o}", "apiVersion",
                     "wgpolicyk8s.io/v1alpha2", "kind",
                     *results->namespace ? "PolicyReport" : "ClusterPolicyReport", "metadata",
                     make_metadata(results->namespace, left_out, arena), "summary", "pass", 0,
                     "fail", (json_int_t)failed, "warn", (json_int_t)(count - failed), "error", 0,
                     "skip", 0, "results", list);
}

json_t *audit_write_reports(const struct audit *audit)
{
    json_t *reports = json_array();
    size_t from = 0;

    for (size_t i = 1; i <= audit->count; i++) {
        const struct audit_result *first = &audit->results[from];

        if (i < audit->count && !strcmp(first->namespace, audit->results[i].namespace))
            continue;
        json_array_append_new(reports, make_report(first, i - from, audit->arena));
        from = i;
    }
    return reports;
}
