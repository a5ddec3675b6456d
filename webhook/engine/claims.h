/* claims: what the claims that a pod names ask for, and which of its resources are device classes,
 * looked up in a view. */
#pragma once

#include "engine/view.h"
#include "tenancy/demand.h"

/* "namespace/name": how claims and their templates are named in a view. */
struct bytes claims_name(struct bytes namespace, struct bytes name, struct arena *arena);

/* Put in the place of ask->claimed what `view` (NULL: there is none) knows of what it names, and of
 * the ask's resources. Of a ResourceClaim's own ask, which names nothing, the devices stay, by the
 * names that their classes have now. */
void claims_resolve(struct ask *ask, struct bytes namespace, const struct view *view,
                    struct arena *arena);

/* The same for what is there already: allocationMode All counts as the most that a claim can get.
 * In a decision it can't be bounded, and so is denied where that matters. */
void claims_resolve_held(struct ask *ask, struct bytes namespace, const struct view *view,
                         struct arena *arena);

/* The claim, or the template, that a pod calls `entry`; NULL: it is not in view. */
const struct view_object *claims_find_named(const struct claim_refs *refs, struct bytes entry,
                                            struct bytes namespace, const struct view *view,
                                            struct arena *arena);

/* The first that is not in view; NULL: all are. */
const struct claim_ref *claims_find_missing(const struct ask *ask, struct bytes namespace,
                                            const struct view *view, struct arena *arena);
