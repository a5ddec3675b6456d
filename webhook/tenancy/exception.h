/* exception: one object of kind Exception: rules that don't apply to some tenants for a while, and
 * GPUs that they may hold beyond their caps. */
#pragma once

#include "kube/selector.h"
#include "tenancy/window.h"

struct tenant;

struct exception {
    const struct node *node; /* of `spec` */
    const char *name;
    struct globs tenants;
    const struct tenant **matched; /* the tenants of the set that it is for */
    size_t matched_count;
    struct {
        const struct node *node; /* NULL: none */
        struct amount gpus;
    } grant;
    struct strings rules; /* names, or leading parts of names (tenancy/rule_name.h) */
    struct selector pods; /* pods.node NULL: all that is these tenants' */
    struct window window;
    const char *reason, *approved_by, *ticket; /* for people; each may be NULL */
};

extern const struct schema exception_schema;
