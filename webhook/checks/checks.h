/* checks: the table of all checks, and what /mutate fills in. */
#pragma once

#include "engine/check.h"
#include "kube/patch.h"

extern const struct check_kind *const check_kinds[];       /* ends with NULL */
extern const struct tenancy_check *const tenancy_checks[]; /* ends with NULL */

/* What a policy's `mutate` entry sets; each member's name in YAML stands beside it. */
struct defaults {
    const struct node *node;
    const char *scheduler_name; /* schedulerName */
    const char *runtime_class;  /* runtimeClassName */
    struct string_map labels, annotations;
    struct objects tolerations;      /* struct toleration */
    struct string_map node_selector; /* nodeSelector */
    bool hides_gpus;                 /* hideUnrequestedGpus */
};

enum { TOLERATION_EQUAL, TOLERATION_EXISTS };

struct toleration {
    const struct node *node;
    const char *key, *value;
    int operator; /* TOLERATION_EQUAL or TOLERATION_EXISTS */
    int effect;   /* where has_effect: NoSchedule, PreferNoSchedule, NoExecute; else all of them */
    int64_t seconds;
    bool has_effect, has_seconds;
};

extern const struct schema defaults_schema;

/* A mistake for each text whose templates would give a pod of this tenant what the API server
 * refuses there. */
void defaults_check_tenant(const struct defaults *defaults, const struct tenant *tenant,
                           struct problems *problems);

/* One mutation of one pod: what was set already, by the pod itself or by an entry before. */
struct mutation {
    const struct facts *facts;
    struct patch *patch;
    struct strings made; /* paths of parents that the patch has made, or set */
};

/* Add to the patch what the pod lacks of one entry. What the pod or an earlier entry says is left
 * alone. */
void defaults_apply(const struct defaults *defaults, struct mutation *mutation);

/* What tenancy asks for: the default priority class, fabric domains, the workload's label and
 * affinity. */
void tenancy_apply(struct mutation *mutation);

/* Add a member to the object at `parent` (a JSON Pointer), making the object where the pod has
 * none; nothing where the member is there already, in the pod or in the patch. */
void mutation_set(struct mutation *mutation, const char *parent, struct value existing,
                  struct bytes key, const char *value);
