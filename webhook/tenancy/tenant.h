/* tenant: one object of kind Tenant: who may hold how much, where, and with which priority. */
#pragma once

#include "base/schema.h"
#include "tenancy/accelerators.h"

struct exception;
struct reservation_spec;

enum scope { SCOPE_NONE, SCOPE_POD, SCOPE_NAMESPACE, SCOPE_TENANT };

/* "none", "pod", "namespace", "tenant" */
extern const char *const scope_names[];

enum span { SPAN_ANY, SPAN_ONE };

/* A cap in the resource's own unit, over everything its glob matches. */
struct resource_cap {
    const struct node *node; /* the key's */
    struct glob name;
    struct amount max;
};

struct resource_caps {
    struct resource_cap *items;
    size_t count;
};

struct tenant {
    const struct node *node; /* of `spec` */
    const char *name;
    size_t index; /* in the set, ordered by name */
    struct {
        const struct node *node;
        const char *team, *contact, *cost_center; /* each may be NULL */
    } owner;
    struct globs namespaces;
    struct {
        const struct node *node; /* NULL: no cap */
        struct amount guaranteed, burst, per_pod;
        bool has_burst, has_per_pod;
    } gpus;
    struct resource_caps resources;
    struct {
        const struct node *node;
        unsigned modes; /* a bit for each enum mode; 0: all */
        int exclusive;  /* enum scope */
    } sharing;
    struct {
        const struct node *node;
        struct strings allowed; /* empty: every class of the ladder */
        const char *default_class;
        struct strings burst;
    } priority;
    struct {
        const struct node *node;
        struct strings domains; /* empty: any */
        int span;               /* enum span */
    } fabric;
    /* Those for this tenant, what ends last first (tenancy/grants.h). */
    const struct exception **exceptions;
    size_t exception_count;
    const struct reservation_spec **reservations;
    size_t reservation_count;
};

extern const struct schema tenant_schema;

void tenant_init_defaults(struct tenant *tenant);
