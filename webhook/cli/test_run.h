/* test_run: every case of a set's tests, each judged by itself, on several threads. */
#pragma once

#include "cli/test_report.h"

struct policy_set;

/* What the threads have of their own. */
struct test_worker {
    struct arena lasting; /* what results are made of */
    struct arena scratch; /* of one case */
};

struct test_run {
    const struct policy_set *set; /* these are given */
    const struct policy_tests *tests;
    struct arena *arena;

    struct test_worker *workers;
    unsigned worker_count;
    struct strings problems; /* what could not be carried out: then the report is none */
};

/* The report lists the cases as the files do, whatever thread came first; it refers to `run`. */
void test_run(struct test_run *run, struct test_report *report);
void test_run_release(struct test_run *run);
