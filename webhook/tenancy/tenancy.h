/* tenancy: cluster, tenants and ladder of one policy set, and which namespace belongs to whom.
 * Immutable. */
#pragma once

#include "tenancy/cluster.h"
#include "tenancy/grants.h"
#include "tenancy/ladder.h"
#include "tenancy/tenant.h"

struct namespace_index;

struct tenancy {
    struct cluster cluster;
    struct ladder ladder;          /* ladder.node is NULL where there is none */
    const struct tenant **tenants; /* ordered by name */
    size_t tenant_count;
    struct grants grants;
    struct globs capped; /* the names under `resources` of all tenants, each once */
    unsigned asked; /* kinds of objects that rules of policies ask for: bits of enum view_kind */
    const struct namespace_index *index;
};

/* Order the tenants, number them, and build the index. `tenants` are taken over. */
void tenancy_init(struct tenancy *tenancy, struct tenant **tenants, size_t count,
                  struct arena *arena);

/* Two tenants whose namespace patterns both match some name; unknown references. That a tenant
 * names a class of no ladder is told only where it is known that the set has none. */
void tenancy_check(const struct tenancy *tenancy, bool is_ladder_known, struct problems *problems);

/* Patterns of tenants' names, as `list` has them: one that matches no tenant, a mistake where it is
 * a name. */
void tenancy_check_patterns(const struct tenancy *tenancy, const struct globs *globs,
                            const struct node *list, struct problems *problems);

/* What to say of a tenant that there isn't: `; did you mean "NAME"?`, or "". */
const char *tenancy_suggest(const struct tenancy *tenancy, struct bytes name, struct arena *arena);

/* Could the one count what the other doesn't, for whomever: other resources capped, or another
 * table of accelerators? */
bool tenancy_counts_alike(const struct tenancy *a, const struct tenancy *b);

const struct tenant *tenancy_find_tenant(const struct tenancy *tenancy, struct bytes name);

/* Whose is a namespace? By its label if it has one (an empty value is one), else by name. */
struct belonging {
    const struct tenant *tenant; /* NULL: nobody's */
    bool is_labelled;
    struct bytes label; /* the label's value, where is_labelled */
    /* is_labelled && !tenant: the label names no tenant. */
};

struct belonging tenancy_belonging(const struct tenancy *tenancy, struct bytes namespace,
                                   struct value labels);
