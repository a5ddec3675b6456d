/* contradictions: does a set fill something in that it denies itself? */
#pragma once

#include "policy/policy_set.h"

/* A warning for each entry of `mutate` that makes a rule deny a plain pod, one with a GPU or one
 * without, at `now`. The set has no mistakes. */
void contradictions_check(const struct policy_set *set, int64_t now, struct problems *problems);
