/* reservation: one object of kind Reservation: GPUs that a tenant is promised for a while. What the
 * ledger calls a reservation is another thing. */
#pragma once

#include "base/schema.h"
#include "tenancy/window.h"

struct tenant;

struct reservation_spec {
    const struct node *node; /* of `spec` */
    const char *name;
    const char *tenant_name;
    struct amount gpus;
    struct window window;
    struct strings priority; /* the classes that it is for; empty: all, and what has no class */
};

extern const struct schema reservation_schema;
