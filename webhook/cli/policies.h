/* policies: the policy set that a command works with. */
#pragma once

#include "cli/options.h"
#include "policy/policy_set.h"

/* NULL where it can't be read or has mistakes, which are told on stderr; the command ends with
 * EXIT_UNUSABLE then. Freed by policy_set_free. */
struct policy_set *policies_load(const struct command *command, const char *directory,
                                 struct arena *arena) MUST_CHECK;
