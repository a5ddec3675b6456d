/* doubts: what is sound, but perhaps not meant, and is told as a warning. */
#pragma once

#include "policy/policy_set.h"

/* Of a set without mistakes. */
void doubts_find(const struct policy_set *set, struct problems *problems);
