/* templates: what a policy's texts may say of the pod's tenant and namespace: "{tenant.name}". */
#pragma once

#include "base/problems.h"
#include "tenancy/tenant.h"

/* A mistake at `node` for each template in its text that there isn't. Braces around nothing, or
 * around quotation marks, as JSON has them, are text. */
void templates_check(const struct node *node, struct problems *problems);

/* Does the text hold a template? */
bool templates_are_in(const char *text);

/* The text with its templates filled in, itself where it has none; NULL where one of them is empty.
 * `tenant` may be NULL. */
const char *templates_fill(const char *text, const struct tenant *tenant, const char *namespace,
                           struct arena *arena);
