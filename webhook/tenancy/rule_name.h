/* rule_name: the names of rules: those of fairgate's own, and what stands for several of them. */
#pragma once

#include "base/bytes.h"

/* The last parts of tenant/NAME/..., ladder/NAME/... and cluster/...; each ends with NULL. */
extern const char *const rule_tenant_fields[], *const rule_ladder_names[],
                                                   *const rule_cluster_names[];

/* Does `part` stand for the rule: is it the name, or a leading part of it at '/' or, inside a
 * field, at '.'? "tenant/ *" (without the blank) stands for every tenant's. */
bool rule_name_begins(const char *name, const char *part);

/* Of "cluster/limits" and the like: may an exception lift it? Bounds, what can't be understood or
 * isn't known, and whose a namespace is, are the same for everybody. */
bool rule_name_is_liftable(const char *name);

/* Of "ladder/NAME/...": are only PriorityClasses judged by it? */
bool rule_name_is_of_classes(const char *name);
