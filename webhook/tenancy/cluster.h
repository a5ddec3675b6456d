/* cluster: the one object of kind Cluster: what counts as a GPU, who administers, what is exempt.
 */
#pragma once

#include "kube/review.h"
#include "tenancy/accelerators.h"

enum enforcement { ENFORCE_DENY, ENFORCE_WARN, ENFORCE_AUDIT };

struct cluster {
    const struct node *node; /* of `spec`; NULL where the set has no Cluster */
    const char *name;
    const char *tenant_label;
    int untenanted; /* 0 deny, 1 warn, 2 allow */
    struct admins {
        const struct node *node;
        struct globs users, groups;
    } admins;
    struct {
        const struct node *node;
        struct globs namespaces;
    } exempt;
    struct objects accelerator_rows; /* struct accelerator_row */
    struct accelerators accelerators;
    struct {
        const struct node *node;
        const char *node_label;
        struct strings domains; /* empty: not listed */
        int at_bind;            /* 0 audit, 1 warn, 2 deny */
    } fabric;
    struct {
        const struct node *node; /* NULL: it isn't said */
        struct amount gpus;
    } capacity;
    const char *help; /* NULL: nowhere */
};

enum { UNTENANTED_DENY, UNTENANTED_WARN, UNTENANTED_ALLOW };
enum { AT_BIND_AUDIT, AT_BIND_WARN, AT_BIND_DENY };

extern const struct schema cluster_schema;

/* What holds where the set has no Cluster, or it leaves something out. */
void cluster_init_defaults(struct cluster *cluster, struct arena *arena);

/* Is the user of the review one of Cluster.admins? */
bool cluster_is_admin(const struct cluster *cluster, const struct review *review);

bool cluster_is_exempt(const struct cluster *cluster, struct bytes namespace);
