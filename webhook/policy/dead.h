/* dead: what a policy set says that can never apply, or that leaves nothing to judge. A rule that a
 * slip of the pen has switched off must be told. */
#pragma once

#include "policy/policy.h"

struct tenancy;

/* Of one policy, read without a mistake. */
void dead_check_policy(const struct policy *policy, struct problems *problems);

/* Of the cluster and the tenants; what could not be read of them is passed over. */
void dead_check_tenancy(const struct tenancy *tenancy, struct problems *problems);
