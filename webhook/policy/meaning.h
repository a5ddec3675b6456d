/* meaning: what it means that a field of the policy changed: does it leave less to who is judged by
 * it, or more? */
#pragma once

#include "base/schema_diff.h"

enum direction { STRICTER, LOOSER, DIFFERENT };

/* "stricter", "looser", "different" */
extern const char *const direction_names[];

/* What is known of a field. */
struct meaning {
    const char *field; /* "Tenant.gpus.burst"; what is below it means the same */
    enum {
        MEANS_NOTHING,        /* told elsewhere, or without effect */
        MEANS_OTHER,          /* neither stricter nor looser */
        LESS_STRICTER,        /* amounts; none: no bound */
        MORE_STRICTER,        /* amounts, instants */
        EARLIER_STRICTER,     /* words, in the order of the table */
        LATER_STRICTER,       /* words */
        FIRST_STRICTER,       /* words: the first covers all others, which exclude each other */
        FEWER_STRICTER,       /* what is let through, or who may */
        MORE_ENTRIES_STRICTER /* what is asked for, or refused */
    } effect;
    bool is_all_where_empty; /* a list without entries is every entry there could be; an amount
                              * that isn't there is beyond all others, else 0 */
    bool are_patterns;       /* of lists: one entry may stand for what another one did */
    const char *unset;       /* how a value is told that isn't there; NULL: "none" */
};

/* Of a field by its path below the kind; never NULL. */
const struct meaning *meaning_find(const char *kind, const char *table, struct arena *arena);

/* False where the change means nothing: other words for the same. */
bool meaning_judge(const struct meaning *meaning, const struct schema_change *change,
                   enum direction *out);
