/* policy: one object of kind Policy: where it applies, its rules, and what it fills in. */
#pragma once

#include "checks/checks.h"
#include "kube/selector.h"

enum { MATCH_POD = 1 << 0, MATCH_NAMESPACE = 1 << 1 }; /* match.kinds */
enum { MATCH_CREATE = 1 << 0, MATCH_UPDATE = 1 << 1 }; /* match.operations */
enum { MATCH_ANY, MATCH_REQUIRED, MATCH_NONE };        /* match.accelerators */

struct match {
    const struct node *node; /* NULL: every pod */
    unsigned kinds, operations;
    struct globs tenants, namespaces;
    struct selector labels;
    int accelerators;
    struct {
        const struct node *node;
        struct globs users, groups, namespaces;
    } exclude;
};

enum { POLICY_SETTINGS_BYTES = 256 };

struct policy_rule {
    const struct node *node;
    const char *id, *message;
    int enforcement; /* enum enforcement */
    const struct check_kind *check;
    struct rule rule; /* what findings name */
    /* What the check's own schema, or its one field, reads: settings that are a map begin with
     * their node, as every struct that a schema fills; none are larger than this. */
    union {
        const struct node *node;
        max_align_t aligned;
        char room[POLICY_SETTINGS_BYTES];
    } settings;
};

struct policy {
    const struct node *node; /* of `spec` */
    const char *name;
    int enforcement;
    struct match match;
    struct objects rules;     /* struct policy_rule */
    struct objects mutations; /* struct policy_mutation */
};

struct policy_mutation {
    const struct node *node;
    const char *id, *name; /* "gpu-defaults/scheduler" */
    struct defaults set;
};

/* The schema of a policy's `spec`. A rule's check is a key of the rule, one for each row of
 * check_kinds, so that the table is made from them; it lives in `arena`. */
const struct schema *policy_schema_new(struct arena *arena);

/* Read a policy's `spec`; `out` has its name, with which its rules get their full names. */
bool policy_read(const struct schema *schema, const struct node *spec, struct arena *arena,
                 struct policy *out, struct problems *problems);

/* What of `match` does not hold. */
enum match_term {
    TERM_NONE, /* all holds: the policy applies */
    TERM_TENANTS,
    TERM_KINDS,
    TERM_OPERATIONS,
    TERM_ACCELERATORS,
    TERM_NAMESPACES,
    TERM_LABELS,
    TERM_EXCLUDED_USER,
    TERM_EXCLUDED_GROUP,
    TERM_EXCLUDED_NAMESPACE,
};

/* The first term that does not hold. */
enum match_term policy_find_mismatch(const struct policy *policy, const struct facts *facts);

/* In words: `match.namespaces: "default" is none of research-*`. Lives in the facts' arena. */
const char *policy_tell_mismatch(const struct policy *policy, const struct facts *facts,
                                 enum match_term term);

/* Does all hold but, perhaps, the tenant? */
bool policy_may_apply(const struct policy *policy, const struct facts *facts);

/* Could both apply to one pod? Conservative: true where it is not sure. */
bool policy_overlaps(const struct policy *a, const struct policy *b);
