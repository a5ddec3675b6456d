/* scene: a ledger, a tenancy written as YAML, and requests that settle with it. */
#pragma once

#include "engine/check.h"
#include "ledger/ledger.h"
#include "unit/ledger/fake_store.h"
#include "unit/unit.h"

struct scene {
    struct arena arena; /* emptied by scene_release only */
    struct ledger *ledger;
    const struct tenancy *tenancy;
    struct snapshot_reader reader;
    const struct view *view; /* NULL: the ledger's, as it is at each request */
    int64_t now;
    struct fake_store *store; /* what replicas share; NULL: the ledger is not a live one */
};

/* `yaml`: a map of tenants by name, as under `spec`; the key "cluster" is the Cluster's,
 * and "exceptions" and "reservations" maps of such by name. */
void scene_init(struct scene *scene, const char *yaml);
void scene_release(struct scene *scene);

const struct tenancy *scene_tenancy(struct scene *scene, const char *yaml);
void scene_adopt(struct scene *scene, const char *yaml);

/* Load what kubectl could have printed. */
void scene_load(struct scene *scene, const char *text);

/* A pod; what is left out is left out of the JSON, too. */
struct pod_text {
    const char *namespace; /* "research" where left out */
    const char *name, *uid;
    const char *asks;     /* "nvidia.com/gpu: 1, cpu: 2" */
    const char *metadata; /* more members: "\"labels\": {}" */
    const char *spec;     /* more members */
    const char *status;   /* members */
};

const char *scene_pod(struct scene *scene, const struct pod_text *pod);

/* What a settlement did. */
struct outcome {
    enum ledger_result result;
    bool is_settled, is_called, has_usage, is_allowed;
    struct usage usage;
    struct facts *facts;
};

/* Judged as caps and sharing would: no more than the tenant's gpus.guaranteed and resources, no
 * other mode in the scope. */
struct outcome scene_settle(struct scene *scene, const char *review, bool writes);

/* The same within a transaction, which the caller ends. */
struct outcome scene_settle_in(struct scene *scene, const char *review, struct shared_txn *txn);

/* One try of a transaction that settles these reviews, in which the object is written as it was
 * known when the transaction began. False: somebody else wrote it meanwhile. */
bool scene_transact(struct scene *scene, const char *const *reviews, struct outcome *outcomes,
                    size_t count);

/* One that nobody asked for. */
bool scene_write(struct scene *scene, const char *tenant);

/* The object as it is now comes to be known. */
void scene_fetch(struct scene *scene, const char *tenant);

/* The same with a judge of the caller's own. */
struct facts *scene_facts(struct scene *scene, const char *review);
bool scene_judge(void *outcome, const struct facts *facts, const struct usage *usage);

const char *scene_review(struct scene *scene, const char *operation, const char *resource,
                         const char *object, const char *old_object);

/* The review of a binding to `node`; `uid` may be NULL. */
const char *scene_binding(struct scene *scene, const char *pod, const char *uid, const char *node);

/* Settled, let in or not. */
bool scene_create(struct scene *scene, const struct pod_text *pod);
bool scene_resize(struct scene *scene, const struct pod_text *old, const struct pod_text *pod);
bool scene_update(struct scene *scene, const struct pod_text *old, const struct pod_text *pod);
void scene_delete(struct scene *scene, const struct pod_text *pod);
void scene_bind(struct scene *scene, const char *pod, const char *node);
/* `labels`: members of metadata.labels */
void scene_label(struct scene *scene, const char *namespace, const char *labels);

/* What a fresh pod that asks for `asks` sees: "5 whole=pod research/a". Nothing is written. */
const char *scene_usage(struct scene *scene, const char *namespace, const char *asks);
