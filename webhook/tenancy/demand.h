/* demand: how much of a GPU a pod asks for, in which modes. */
#pragma once

#include "kube/pod.h"
#include "tenancy/cluster.h"
#include "tenancy/tenant.h"

/* What a pod asks for, before any policy says what it weighs. */
struct ask {
    struct resource_amounts requests; /* the effective request */
    struct strings products;          /* GPU products that its node selection pins; none: any */
    struct annotation {
        struct bytes name, value;
    } * annotations;
    size_t annotation_count;
    bool has_claims; /* ResourceClaims: what they are for isn't known here */
};

void ask_from_pod(const struct pod *pod, struct arena *arena, struct ask *out);

struct demand {
    struct amount gpus; /* whole-GPU equivalents, all modes */
    struct amount by_mode[MODE_COUNT];
    bool is_accelerated; /* asks for some of an accelerator, for a sight of all, or by a claim */
    bool is_annotated;   /* some of it by an annotation */
    bool is_unbounded;   /* shows every GPU of the node */
    struct bytes unbounded_name; /* by which resource */
};

/* Fails on an annotation whose number can't be parsed, and where a sum doesn't fit (err->is_limit).
 */
bool demand_weigh(const struct ask *ask, const struct cluster *cluster, struct arena *arena,
                  struct demand *out, struct error *err) MUST_CHECK;

/* One of the caps of a tenant: how much of it these requests are. False where the sum doesn't fit.
 */
bool resource_cap_sum(const struct resource_cap *cap, const struct resource_amounts *requests,
                      struct amount *out) MUST_CHECK;
