/* ops_process: what /metrics tells of the process itself. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/* `started_at`: in seconds since 1970. */
void ops_write_process(int64_t started_at, struct buf *buf);
