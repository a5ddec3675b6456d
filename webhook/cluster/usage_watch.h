/* usage_watch: the watch of TenantUsages, by which each replica learns what the others write. */
#pragma once

#include "cluster/watch.h"
#include "ledger/shared.h"

/* As watch_start; `ledger` must outlive it. */
struct watch *usage_watch_start(const struct kubeconfig *kubeconfig, struct ledger *ledger,
                                unsigned quiet_seconds);
