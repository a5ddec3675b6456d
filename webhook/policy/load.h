/* load: a folder of YAML files as the objects of a policy set, each read by its schema. Nothing is
 * compared across documents here but names. */
#pragma once

#include "policy/document.h"
#include "policy/policy.h"
#include "tenancy/tenancy.h"

struct loaded {
    struct cluster cluster; /* defaults where the set has none */
    struct ladder ladder;
    struct tenant **tenants;
    size_t tenant_count;
    struct policy **policies;
    size_t policy_count;
    struct grants grants;
    const char *digest;
    bool is_empty; /* no document is policy */

    /* A document that could not be read, or not under its name, may have been one: that a reference
     * leads nowhere can't be told. */
    bool may_lack_tenants, may_lack_ladder;
    /* Likewise, or one of its tenants or policies has mistakes. */
    bool may_lack_caps, may_lack_rules;
};

/* A kind of document, for the reference. */
struct policy_kind {
    const char *name, *summary;
    const struct schema *schema; /* of `spec` */
    const char *name_schema;     /* keywords of JSON Schema for metadata.name */
    bool is_single;              /* a set has one at most */
};

/* The kinds of policy that a set may hold; ends with one without a name. */
const struct policy_kind *load_kinds(struct arena *arena);

/* False only where the folder or a file can't be read (err). Mistakes in what was read go to
 * `problems`. */
bool load_documents(const char *directory, struct arena *arena, struct loaded *out,
                    struct problems *problems, struct error *err) MUST_CHECK;

/* Changes when something that load_documents would read does: see file_fingerprint. */
uint64_t load_fingerprint(const char *directory);
