/* usage_status: what people are told of a tenant's usage: the `status` of its TenantUsage. */
#pragma once

#include "base/buf.h"
#include "ledger/holdings.h"

/* As JSON, with the caps as they are at `now`, at most some 60 KB. GPUs are written as policies
 * write them. Quick however many pods the tenant has: the sums are kept. The tenant is one of
 * holdings->tenancy. */
void usage_status_write(const struct holdings *holdings, const struct tenant *tenant, int64_t now,
                        struct buf *out);
