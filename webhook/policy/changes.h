/* changes: what another version of a policy set means, for whom, and whether it is stricter. */
#pragma once

#include "policy/meaning.h"
#include "policy/policy_set.h"

struct change {
    const char *kind, *name; /* "Tenant", "research" */
    const char *field;       /* "gpus.burst", "rules[images]"; NULL: the whole object */
    enum { CHANGE_VALUE, CHANGE_ADDED, CHANGE_REMOVED } what;
    /* CHANGE_VALUE: the values, in words where there is none. Else the one side is what came or
     * went, and the other NULL. */
    const char *old, *new;
    bool is_object; /* an object or an entry with fields, not a text of a list, came or went */
    enum direction direction;
    const struct node *place; /* in the new set, or in the old one of what is gone; may be NULL */
    bool is_old_place;
};

struct changes {
    struct change *items;
    size_t count;
};

/* Both sets are sound. In a fixed order, whatever the order of files and documents; none where the
 * two mean the same. */
void changes_find(const struct policy_set *old, const struct policy_set *new, struct arena *arena,
                  struct changes *out);
