/* usage: what a tenant holds, as a decision needs it. Made by the ledger, under its lock, without
 * what the decision leaves out: the pod's own earlier reservation, and pods of its name. */
#pragma once

#include "base/strings.h"
#include "tenancy/tenant.h"

/* Why it isn't known what a tenant holds. */
struct usage_problem {
    const char *text;
    bool is_limit; /* because a bound is passed */
};

struct usage {
    bool is_known; /* false: */
    struct usage_problem problem;
    struct amount gpus;       /* whole-GPU equivalents, `reserved` included */
    struct amount reserved;   /* of them: reserved, but not seen yet */
    struct amount *resources; /* one for each of tenant->resources, in that order */
    struct amount *resources_reserved;

    /* What else holds a mode, inside the scope of sharing.exclusive: "pod research/a"; NULL:
     * nothing does. */
    const char *holder[MODE_COUNT];

    /* Where other accelerator pods of the same workload run. */
    struct placement {
        const char *pod;
        struct bytes node;
    } * placements;
    size_t placement_count;

    /* Of a ResourceClaimTemplate: a pod that was let in by another one of its name, and whose claim
     * is not made yet; NULL: there is none. */
    const char *waiting;

    /* Who holds the most of the GPUs, or of a capped resource: "Job/train in research-a 8, pod
     * research-b/x 4"; NULL: nobody holds any. Takes its time, and is for those who judge alone:
     * when that is over, the ledger may be another. NULL: it is not known. */
    const char *(*tell_holders)(const void *holders, const struct resource_cap *cap);
    const void *holders;

    /* The pod that a binding is about. */
    bool is_bound_pod_accelerated;
};
