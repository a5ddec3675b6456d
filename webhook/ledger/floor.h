/* floor: rule 8 of the caps (docs/operations.md): nobody judges with a view before the floors. */
#pragma once

#include "ledger/tenant_usage.h"

/* Has what the watches showed reached them? `seen` has the newest resourceVersions. */
bool floor_is_reached(const struct floors *floors, const struct floors *seen);
