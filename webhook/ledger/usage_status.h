/* usage_status: what people are told of a tenant's usage. */
#pragma once

#include "base/buf.h"
#include "ledger/holdings.h"

void usage_status_write(const struct holdings *holdings, const struct tenant *tenant,
                        struct buf *out);
