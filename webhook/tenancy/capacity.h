/* capacity: what is promised to tenants against what there is. */
#pragma once

#include "tenancy/tenancy.h"

/* A mistake for each instant at which guarantees and the reservations that hold then come to exceed
 * Cluster.capacity, in whatever year; nothing where that isn't said. Grants of exceptions promise
 * nothing, and don't count. */
void capacity_check(const struct tenancy *tenancy, struct problems *problems);
