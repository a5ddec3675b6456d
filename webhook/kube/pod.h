/* pod: what the project reads of a pod or a pod template (k8s.io/api/core/v1, PodSpec). */
#pragma once

#include "kube/claim.h"

enum {
    POD_MAX_CONTAINERS = 1024, /* of all kinds together */
    POD_MAX_VOLUMES = 1024,
    POD_MAX_RESOURCES = 256,   /* distinct resource names */
    POD_MAX_CLAIM_USES = 1024, /* resources.claims of all containers together */
    POD_MAX_NODE_TERMS = 1024, /* node selector terms, their expressions and values, together */
    POD_MAX_POD_TERMS = 1024,  /* required terms of the pod affinity */
    POD_MAX_LABELS = 4096,     /* and as many annotations */
};

enum container_kind { CONTAINER_MAIN, CONTAINER_INIT, CONTAINER_SIDECAR, CONTAINER_EPHEMERAL };

/* Amounts by resource name, each name once, in order of first appearance. */
struct resource_amounts {
    struct resource_amount {
        struct bytes name;
        struct amount amount;
    } * items;
    size_t count;
};

struct container {
    struct value value;
    enum container_kind kind;
    struct bytes name, restart_policy;
    struct value image;                 /* a string, or absent */
    struct value resources, security;   /* objects, or absent; security: securityContext */
    struct value env, env_from, mounts; /* arrays, or absent; mounts: volumeMounts */
    struct resource_amounts requests;   /* defaulted from the limits, as Kubernetes does for pods */
    struct resource_amounts limits;
    struct resource_amounts given; /* what its status says it has, while it is resized; or empty */
};

struct image_use {
    struct bytes image;
    struct value value; /* where it stands: the string */
};

struct host_path {
    struct bytes volume; /* its name */
    struct value path;   /* a string */
};

struct pod {
    struct value object; /* has metadata and spec */
    struct value metadata, spec;
    struct value labels, annotations; /* objects of strings, or absent */
    struct value owners;              /* array, or absent */
    struct bytes name, generate_name, uid, namespace, deletion_timestamp; /* each may be empty */
    struct bytes owner_uid, owner_kind, owner_name; /* of the owner that is the controller; each
                                                     * may be empty */
    struct bytes phase;                             /* status.phase; may be empty */

    struct bytes node_name, scheduler_name, runtime_class, priority_class, preemption_policy;
    bool has_priority, has_host_network, has_host_pid, has_host_ipc;
    int64_t priority;
    struct value node_selector, affinity, overhead, resources; /* objects, or absent */
    struct value tolerations, resource_claims, volumes;        /* arrays, or absent */
    struct claim_refs claims;                                  /* of resource_claims */
    struct value container_lists[3]; /* initContainers, containers, ephemeralContainers; likewise */
    struct value node_terms;         /* nodeAffinity's required nodeSelectorTerms; likewise */
    struct value pod_terms;          /* podAffinity's required terms; likewise */

    struct container *containers; /* init, main, ephemeral */
    size_t container_count, claim_use_count;
    struct image_use *images; /* of containers and of image volumes */
    size_t image_count;
    struct host_path *host_paths; /* of volumes, mounted or not */
    size_t host_path_count;
    struct resource_amounts pod_requests, pod_limits; /* spec.resources: pod-level ones */
    struct resource_amounts requests;                 /* the effective request, see pod_parse */
};

/* Read the object that has `metadata` and `spec`. The effective request follows
 * k8s.io/component-helpers/resource (PodRequests): for each resource by itself, the larger of all
 * running containers (sidecars included) and the largest init step with the sidecars started before
 * it; pod-level requests take their place for cpu, memory and hugepages-* (pod-level limits only of
 * hugepages, and where the containers have no request); overhead is added. Where the status says
 * that a main container, a sidecar or the pod as a whole was given more than it asks for, that
 * counts, as it does for the scheduler.
 *
 * Fails on wrong types and on amounts that can't be parsed (err names the place), and where a bound
 * is passed (err->is_limit). The texts are slices of the document's. */
bool pod_parse(struct value object, struct arena *arena, struct pod *out,
               struct error *err) MUST_CHECK;

/* How many containers, with the claims that they use, volumes and node affinity terms, with their
 * expressions and values, a pod's `spec` has: what the time for a pod depends on beside its length.
 */
size_t pod_count_parts(struct value spec);

/* The amount of a resource; NULL if it isn't there. */
const struct amount *resource_find(const struct resource_amounts *amounts, struct bytes name);

/* Does a claim say of itself that the cluster made it for a pod: from a template, or for an
 * extended resource? */
bool claim_is_made(const struct pod *metadata);

/* The metadata of any object, read with the same bounds: labels, annotations, names, deletion. */
bool pod_parse_metadata(struct value object, struct arena *arena, struct pod *out,
                        struct error *err) MUST_CHECK;
