/* policy_test: documents of kind PolicyTest, read by schema tables: what is tried on a policy set,
 * and what must come of it. */
#pragma once

#include "policy/load.h"

/* A Kubernetes object: a file relative to the test's, or a map written in place. One is set. */
struct manifest {
    const char *file;
    const struct node *map;
};

enum { REQUEST_CREATE, REQUEST_UPDATE, REQUEST_DELETE };

extern const char *const request_operations[]; /* NULL-terminated */

struct test_request {
    const struct node *node;
    const char *review; /* a file; then nothing else is given */
    int operation;
    struct manifest object, old_object; /* of a DELETE: old_object alone */
    const char *namespace, *user, *sub_resource;
    struct strings groups;
    bool is_dry_run;
};

struct expected_operation {
    const struct node *node;
    int name; /* an index of patch_operations */
    const char *path;
    const struct node *value; /* NULL: none, of a remove */
};

extern const char *const patch_operations[]; /* NULL-terminated */

/* Whether something is expected of a member: expectation_has. */
struct expectation {
    const struct node *node;
    bool is_allowed;
    struct strings rules;
    const char *message;
    struct strings warnings;
    struct objects patch;      /* struct expected_operation */
    const struct node *object; /* a map */
};

struct test_case {
    const struct node *node;
    const char *name;
    struct test_request request;
    struct expectation expect;
};

/* One document. */
struct policy_test {
    const struct node *node; /* of `spec` */
    const char *name;
    const char *file;   /* relative to the folder of the set */
    const char *folder; /* where files that it names are looked for */
    int64_t time;
    struct strings state; /* files relative to the test's */
    struct objects cases; /* struct test_case */
};

struct policy_tests {
    struct policy_test **items;
    size_t count;
};

/* For the reference. */
extern const struct policy_kind policy_test_kind;

bool expectation_has(const struct expectation *expect, const char *member);

/* Read every *.test.yaml and *.test.yml below `directory`. Mistakes go to `problems`; with some,
 * what was read is not to be run. False only where a file or the folder can't be read. */
bool policy_tests_load(const char *directory, struct arena *arena, struct policy_tests *out,
                       struct problems *problems, struct error *err) MUST_CHECK;
