/* ladder: the one object of kind PriorityLadder: which priority classes there are, and who may
 * evict whom. */
#pragma once

#include "base/schema.h"

struct tier {
    const struct node *node;
    const char *name, *class_name;
    int64_t value;
    int policy; /* enum preemption_policy */
    struct strings preempts;
};

enum preemption_policy { PREEMPT_LOWER_PRIORITY, PREEMPT_NEVER };

/* "PreemptLowerPriority", "Never" */
extern const char *const preemption_policy_names[];

struct ladder {
    const struct node *node; /* NULL: the set has no ladder */
    const char *name;
    struct objects tiers; /* struct tier, most important first */
    bool is_required;
    int64_t lowest; /* the smallest value of a tier */
};

extern const struct schema ladder_schema;

void ladder_init_defaults(struct ladder *ladder);

/* The tier of a class; NULL if the ladder lacks it. */
const struct tier *ladder_find(const struct ladder *ladder, struct bytes class_name);

/* Does the ladder name the class? Of one with mistakes the tiers are in the text only. Where a
 * tier's class can't be read, or is another tier's, it may be meant. */
bool ladder_may_have(const struct ladder *ladder, struct bytes class_name);

/* What to say of a class that the ladder lacks: `; did you mean "NAME"?`, or "". */
const char *ladder_suggest(const struct ladder *ladder, struct bytes class_name,
                           struct arena *arena);

/* Does Kubernetes let pods of `above` evict pods of `below`? By value and preemptionPolicy alone.
 */
bool tier_preempts(const struct tier *above, const struct tier *below);
