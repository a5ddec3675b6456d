/* clock: time that only goes forward, from the start of the machine on; and the time of day. */
#pragma once

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds. */
int64_t clock_milliseconds(void);

/* What the clock on the wall says, in seconds since 1970: for figures that people look at, never
 * for a decision, which goes by decide_input.now. */
int64_t clock_seconds(void);
