/* demand: how much of a GPU a pod asks for, in which modes. */
#pragma once

#include "kube/pod.h"
#include "tenancy/cluster.h"
#include "tenancy/tenant.h"

/* What is asked for by claims, and by the resource names that device classes give themselves, as
 * far as it was found in a view. */
struct claimed {
    struct claim_refs refs; /* of a pod */
    struct device_asks devices;
    bool is_incomplete; /* of what it names something is not in view; `devices` lack it */
    bool is_beyond;     /* there are more devices than POD_MAX_DEVICE_ASKS; `devices` lack them */
};

/* What a pod asks for, before any policy says what it weighs. */
struct ask {
    struct resource_amounts requests; /* the effective request */
    struct strings products;          /* GPU products that its node selection pins; none: any */
    struct annotation {
        struct bytes name, value;
    } * annotations;
    size_t annotation_count;
    const struct claimed *claimed; /* NULL: nothing is */
};

/* What its claims ask for is not looked up here: see engine/claims.h. */
void ask_from_pod(const struct pod *pod, struct arena *arena, struct ask *out);

struct demand {
    struct amount gpus; /* whole-GPU equivalents, all modes */
    struct amount by_mode[MODE_COUNT];
    bool is_accelerated; /* asks for some of an accelerator, for a sight of all, or by a claim that
                          * isn't known */
    bool is_annotated;   /* some of it by an annotation */
    bool is_unbounded;   /* shows every GPU of the node */
    struct bytes unbounded_name; /* by which resource */
    /* Of claims of their own, which count once and are in no other amount here: */
    struct amount shared_gpus;
    unsigned shared_modes; /* 1 << mode */
};

/* Fails on an annotation whose number can't be parsed, where a sum doesn't fit, and where a bound
 * is passed (err->is_limit). */
bool demand_weigh(const struct ask *ask, const struct cluster *cluster, struct arena *arena,
                  struct demand *out, struct error *err) MUST_CHECK;

/* Does a device of that class weigh anything for who asks? */
bool demand_weighs_class(const struct device_ask *device, const struct ask *ask,
                         const struct cluster *cluster);

/* Does an annotation of the pod ask for some of a GPU, by itself? */
bool demand_weighs_annotation(const struct annotation *annotation, const struct ask *ask,
                              const struct cluster *cluster);

/* Is it one of KAI's own for the pod as a whole, in whose place those of containers go? */
bool demand_is_kais(struct bytes annotation);

/* One of the caps of a tenant: how much of it is asked for. Devices count by the names of their
 * class: the implicit one and its extendedResourceName. False where the sum doesn't fit. */
bool resource_cap_sum(const struct resource_cap *cap, const struct ask *ask,
                      struct amount *out) MUST_CHECK;

/* Does the cap count devices of that class? */
bool resource_cap_has_class(const struct resource_cap *cap, const struct device_ask *device);
