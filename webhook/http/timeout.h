/* timeout: by when a review has to be answered. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

/* How long the caller waits, in milliseconds, as the API server says it in the query of a call:
 * timeout=10s. It is 10 s where the query says nothing that can be read, and 30 s at most. */
int64_t timeout_read(struct bytes query);

/* How much of that may be used: a tenth is for the way back, or 200 ms, but never more than half.
 */
int64_t timeout_budget(int64_t milliseconds);
