/* bundle: what a tenant needs in a cluster before its first pod, as Kubernetes objects made from
 * the policy set. The same set and request give the same objects in the same order. */
#pragma once

#include <jansson.h>

#include "tenancy/tenancy.h"

struct bundle_request {
    const struct tenancy *tenancy;
    const struct tenant *tenant; /* NULL: the ladder's priority classes alone */
    const char *group;           /* the tenant's people */
    struct strings labels;       /* KEY=VALUE for its namespaces: see bundle_check_label */
    bool has_classes;
};

/* Objects that are written to one file, and what to say of them, line by line. */
struct bundle_file {
    const char *name;
    struct strings notes;
    json_t *objects; /* an array; empty: there is no such file */
};

enum { BUNDLE_FILES = 5 };

struct bundle {
    struct arena *arena;
    struct strings notes; /* of the whole */
    struct bundle_file files[BUNDLE_FILES];
};

/* A label that namespaces can have, and that isn't the one which names their tenant. */
bool bundle_check_label(const struct tenancy *tenancy, const char *label,
                        struct error *err) MUST_CHECK;

/* Freed by bundle_release. Every name in it is one that Kubernetes takes, whatever the set says. */
void bundle_make(const struct bundle_request *request, struct arena *arena, struct bundle *out);
void bundle_release(struct bundle *bundle);
