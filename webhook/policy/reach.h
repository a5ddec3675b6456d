/* reach: what exceptions and reservations name, and whether it can come together. One that can
 * never apply is a slip of the pen. */
#pragma once

#include "policy/load.h"
#include "policy/policy_set.h"

/* Of a set whose tenants have their lists. What could not be read is passed over. */
void reach_check(const struct policy_set *set, const struct loaded *loaded,
                 struct problems *problems);

/* A warning for each that is over at `now`. One that could not be read isn't. */
void reach_warn_over(const struct policy_set *set, int64_t now, struct problems *problems);
