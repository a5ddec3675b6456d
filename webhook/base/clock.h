/* clock: time that only goes forward, from the start of the machine on. */
#pragma once

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds. */
int64_t clock_milliseconds(void);
