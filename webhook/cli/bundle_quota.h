/* bundle_quota: what a ResourceQuota and a LimitRange of one of the tenant's namespaces may say
 * without refusing what fairgate lets in. */
#pragma once

#include <jansson.h>

#include "tenancy/tenancy.h"

/* spec.hard. The tenant's caps are over all its namespaces, so that each may hold as much as all
 * together; accelerators are not in it. */
json_t *bundle_quota_hard(const struct tenancy *tenancy, const struct tenant *tenant,
                          struct arena *arena);

/* defaultRequest: a quota refuses a pod that says nothing of cpu or memory. Never above a cap. */
json_t *bundle_quota_defaults(const struct tenant *tenant, struct arena *arena);

/* What to say of both, line by line. */
void bundle_quota_note(const struct tenancy *tenancy, const struct tenant *tenant,
                       struct arena *arena, struct strings *notes);
