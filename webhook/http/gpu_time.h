/* gpu_time: for how long tenants have held how many GPUs, added up look by look. */
#pragma once

#include "http/series.h"
#include "ledger/ledger.h"

/* A zeroed one has seen nothing. Not safe for use by two threads at once. */
struct gpu_time {
    struct series_table times; /* first: tenant; kind: mode; in millionths of a GPU-second */
    int64_t looked_at;         /* in milliseconds; 0: never */
};

/* Each tenant has held since the last look what it holds at this one. `now`: of the monotonic
 * clock, in milliseconds. A tenant that is not among them keeps what it had. */
void gpu_time_add(struct gpu_time *time, const struct ledger_usage *usage, size_t count,
                  int64_t now);

void gpu_time_release(struct gpu_time *time);
