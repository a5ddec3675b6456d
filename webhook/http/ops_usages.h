/* ops_usages: what operators see of the TenantUsages. */
#pragma once

#include "http/service.h"

/* For /metrics. */
void ops_write_usages(struct service *service, struct buf *buf);

/* For /readyz: a line where they are not as they should be; true: they are. */
bool ops_write_usages_problem(struct service *service, struct buf *buf);
