/* test_report: what came of the cases, for people and for programs. */
#pragma once

#include <jansson.h>

#include "cli/test_compare.h"

struct test_result {
    const struct policy_test *test;
    const struct test_case *test_case;
    bool is_allowed;
    const char *message; /* of a denial; else NULL */
    struct strings rules, warnings;
    struct strings mutations;       /* the entries of policies' mutate that set something */
    struct strings exceptions;      /* those that made a difference */
    struct differences differences; /* none: it passed */
};

/* What cases may reach, in the order of the policies. */
struct coverage {
    struct covered {
        const char *name; /* "gpu-baseline/images" */
        const struct node *node;
        size_t cases; /* that made it fire, set something, or make a difference */
    } * items;
    size_t count;
};

struct test_report {
    struct arena *arena;
    struct test_result *items; /* those of one document together */
    size_t count, failed;
    struct coverage rules, mutations; /* of the set's policies */
    struct coverage exceptions;
};

/* How many of them some case reached. */
size_t coverage_reached(const struct coverage *coverage);

/* Whole percents of the rules that fired, rounded down; 100 where there are none. */
unsigned test_report_coverage(const struct test_report *report);

/* A line a case, what differs side by side, the rules that never fired, the mutations that never
 * set anything and the exceptions that made no difference, and last, always, `N passed, N failed`.
 */
void test_report_write_text(const struct test_report *report, bool is_coloured, struct buf *out);

/* A new object. */
json_t *test_report_json(const struct test_report *report);

/* What CI systems read: a suite a document. */
void test_report_write_junit(const struct test_report *report, struct buf *out);
