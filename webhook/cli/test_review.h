/* test_review: the AdmissionReview that a test case stands for. */
#pragma once

#include "cli/policy_test.h"

/* Where a file that the test names is. */
const char *test_file_path(const struct policy_test *test, const char *name, struct arena *arena);

/* Put the case and the file of its request in front of a cause. Returns false. */
bool test_review_refuse(const struct policy_test *test, const struct test_case *test_case,
                        struct arena *arena, struct error *err);

/* Fails where a file can't be read, holds no object or more than one, or no Kubernetes object. */
bool test_review_build(const struct policy_test *test, const struct test_case *test_case,
                       struct arena *arena, struct bytes *out, struct error *err) MUST_CHECK;
