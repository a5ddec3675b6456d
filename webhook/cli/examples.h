/* examples: what the test cases beside a set show of namespaces and images, and which of its
 * patterns none of them matches. */
#pragma once

#include "policy/policy_set.h"

/* A warning for each such pattern of a set without mistakes. Where there are no cases, or they have
 * mistakes, nothing is said. */
void examples_check(const struct policy_set *set, const char *directory, struct arena *arena,
                    struct problems *problems);
