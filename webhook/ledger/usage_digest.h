/* usage_digest: the digest that a TenantUsage carries of itself. */
#pragma once

#include "base/json.h"

/* Of the spec but its `digest`, whatever the order of its members, and of the texts before it.
 * "sha256:" and hex digits; lives in `arena`. */
struct bytes usage_digest(struct bytes name, struct bytes uid, struct value spec,
                          struct arena *arena);
