/* audit: which objects that exist break the rules. Each is judged as it is, by the same function as
 * a request to create it would be, and nothing is written down. */
#pragma once

#include "cli/judge.h"

enum { AUDIT_MAX_RESULTS = 100000, AUDIT_MAX_OF_OBJECT = 16 };

/* That one object, or a tenant as a whole, breaks a rule. */
struct audit_result {
    const char *namespace; /* "": of the whole cluster */
    const char *api_version, *kind, *name, *uid;
    const char *rule, *field, *message;
    enum enforcement enforcement;
};

/* All that was found. A tenant over its caps is told once, as its TenantUsage, and not with each of
 * its pods. */
struct audit {
    struct arena *arena; /* holds the results */
    struct judge judge;
    struct arena scratch; /* of one object; reset after it */
    struct audit_result *results;
    size_t count;
    struct audit_result *totals; /* of tenants: few; among the results in the end */
    size_t total_count;
    size_t left_out; /* results beyond the bounds */
    size_t judged;   /* objects */
};

/* `ledger` has what exists, and `policies` outlives the audit. */
void audit_init(struct audit *audit, const struct policy_set *policies, struct ledger *ledger,
                int64_t now, struct arena *arena);
void audit_release(struct audit *audit);

/* Judge one object, JSON text. Not those that nothing judges, that are being deleted, pods that
 * have ended, and what a controller made but pods and claims: its owner is judged. The context of
 * an object_fn. */
bool audit_object(void *audit, struct bytes object, struct error *err) MUST_CHECK;

/* Once all objects are judged: what is known of the tenants' totals, and the order of results: by
 * namespace, kind, name and rule. */
void audit_finish(struct audit *audit);

/* Does any result deny? */
bool audit_has_failed(const struct audit *audit);
