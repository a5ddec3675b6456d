/* upkeep: what TenantUsages need though nobody waits for it, found out a few times a second. */
#pragma once

#include "cluster/kubeconfig.h"
#include "ledger/shared.h"

struct upkeep;

struct upkeep_config {
    const struct kubeconfig *kubeconfig; /* these two must outlive it */
    struct ledger *ledger;
    /* Have the tenant's object written, some time. */
    void (*write)(void *context, const char *tenant);
    void *context;
};

/* NULL with `err` set where a thread can't be made. */
struct upkeep *upkeep_start(const struct upkeep_config *config, struct error *err);

/* End it, and wait for its thread. NULL is fine. */
void upkeep_stop(struct upkeep *upkeep);
