/* ops_process: what /metrics tells of the process itself. */
#pragma once

#include "base/buf.h"

void ops_write_process(struct buf *buf);
