/* policy_set: a folder of policy, read, checked across its documents, and immutable from then on.
 */
#pragma once

#include "checks/checks.h"
#include "tenancy/tenancy.h"

struct policy;

struct policy_set {
    struct arena arena; /* holds everything */
    struct tenancy tenancy;
    struct policy **policies; /* ordered by name */
    size_t policy_count;
    const char *digest; /* "sha256:" and 64 hex digits, over names and contents of the files */
    bool is_empty; /* no file has policy: perhaps the wrong folder, or one that isn't mounted */
};

/* Read every .yaml and .yml below `directory` (but *.test.yaml). Every mistake and warning goes to
 * `problems`, sorted; a set with mistakes is still returned (error_count says so) and must not be
 * used to decide. NULL only where the folder itself can't be read (err). Freed by policy_set_free.
 * Problems live in `problems->arena` and show texts of the set: keep both until they are written.
 */
struct policy_set *policy_set_load(const char *directory, struct problems *problems,
                                   struct error *err) MUST_CHECK;
void policy_set_free(struct policy_set *set);

/* Run every check that applies. */
void policy_set_check(const struct policy_set *set, const struct facts *facts,
                      struct findings *findings);

/* What depends on what the tenant holds: the ledger calls it with its lock held. */
void policy_set_judge(const struct facts *facts, const struct usage *usage,
                      struct findings *findings);

/* What /mutate fills in. */
void policy_set_mutate(const struct policy_set *set, const struct facts *facts,
                       struct patch *patch);
