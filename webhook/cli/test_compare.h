/* test_compare: what a case expects beside what came of it. */
#pragma once

#include "cli/judge.h"
#include "cli/policy_test.h"

/* One member of `expect` that does not hold: its parts side by side, also those that agree. */
struct difference {
    const char *field; /* "rules" */
    struct difference_row {
        const char *expected, *got; /* NULL: nothing */
        bool differs;
    } * rows;
    size_t count;
};

struct differences {
    struct difference *items;
    size_t count; /* 0: everything holds */
};

/* The texts live in `arena`; nothing refers to the judgement. */
void test_compare(const struct expectation *expect, const struct judgement *judgement,
                  struct arena *arena, struct differences *out);
