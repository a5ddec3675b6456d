/* claim: what the project reads of ResourceClaims, of their templates and of the pods that name
 * them (k8s.io/api/resource: v1, v1beta2, and v1beta1, whose requests have no `exactly`). */
#pragma once

#include "base/amount.h"
#include "base/json.h"

enum {
    CLAIM_MAX_REQUESTS = 32,   /* Kubernetes' own bounds, */
    CLAIM_MAX_BRANCHES = 8,    /* of each request's firstAvailable, */
    CLAIM_MAX_DEVICES = 32,    /* and of what one claim gets */
    POD_MAX_CLAIMS = 256,      /* that one pod names, */
    POD_MAX_DEVICE_ASKS = 256, /* and requests and alternatives of all of them: of one claim there
                                * can be as many */
};

/* The resource name that every device class has (KEP-5004). */
#define CLASS_RESOURCE_PREFIX "deviceclass.resource.kubernetes.io/"

enum device_origin {
    DEVICE_CLAIMED,   /* by the object itself, or by a claim that is made for it, or for another pod
                       */
    DEVICE_SHARED,    /* by a claim of its own, which counts once, whoever names it */
    DEVICE_REQUESTED, /* by the class's own name `extended` or its implicit one, `resource`, which
                       * is among the requests, too */
};

/* So many devices of one class. */
struct device_ask {
    struct bytes resource; /* CLASS_RESOURCE_PREFIX and the class */
    struct bytes extended; /* the class's extendedResourceName; empty: none */
    struct amount count;   /* of allocationMode All 1, until somebody says otherwise */
    enum device_origin origin;
    bool is_alternative; /* to the one before it: the larger of them counts */
    bool is_all, is_admin;
    struct bytes request; /* its name, in a claim's own spec; empty: not told */
};

struct device_asks {
    struct device_ask *items;
    size_t count;
};

/* "deviceclass.resource.kubernetes.io/gpu" and "gpu" */
struct bytes device_resource(struct bytes class, struct arena *arena);
struct bytes device_class(const struct device_ask *device);

/* A claim's spec. Fails on wrong types, an unknown allocationMode, a count below zero, and where a
 * bound is passed (err->is_limit). The texts are slices of the document's, or live in `arena`. */
bool device_asks_parse(struct value spec, struct arena *arena, struct device_asks *out,
                       struct error *err) MUST_CHECK;

bool device_asks_equal(const struct device_asks *a, const struct device_asks *b);

/* A copy that refers to nothing but `*room`, which is moved behind it. What is needed of it is a
 * multiple of a pointer's alignment, as `*room` must be. */
size_t device_asks_room(const struct device_asks *asks);
void device_asks_copy(const struct device_asks *asks, char **room, struct device_asks *out);

/* An entry of a pod's spec.resourceClaims. */
struct claim_ref {
    struct bytes name;
    struct bytes claim;    /* what it names, or what was made for it from the template; empty:
                            * not known */
    struct bytes template; /* empty: it names a claim */
};

struct claim_refs {
    struct claim_ref *items;
    size_t count;
};

/* spec.resourceClaims: an array, or absent. */
bool claim_refs_parse(struct value entries, struct arena *arena, struct claim_refs *out,
                      struct error *err) MUST_CHECK;

/* status.resourceClaimStatuses, which only the cluster writes, say what was made from templates. */
void claim_refs_find_made(struct claim_refs *refs, struct value statuses);

bool claim_refs_equal(const struct claim_refs *a, const struct claim_refs *b);
size_t claim_refs_room(const struct claim_refs *refs);
void claim_refs_copy(const struct claim_refs *refs, char **room, struct claim_refs *out);
