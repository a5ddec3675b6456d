/* ops_tenants: what /metrics tells of each tenant: what it holds, may hold, and has held. */
#pragma once

#include "base/buf.h"
#include "http/gpu_time.h"

/* Look at what tenants hold now, for the sums over time: about once a second. */
void ops_tenants_look(struct ledger *ledger, struct gpu_time *time);

/* Looks, too. */
void ops_write_tenants(struct ledger *ledger, struct gpu_time *time, struct buf *buf);
