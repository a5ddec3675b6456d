/* facts: everything a check may ask about a request, read once. */
#pragma once

#include "engine/view.h"
#include "kube/kinds.h"
#include "kube/pod.h"
#include "tenancy/demand.h"
#include "tenancy/tenancy.h"

/* What kind of question a request is. One bit each, so that a check can name those it answers. An
 * update by which a pod asks for more is an update and a resize; one by which another priority
 * class counts, an update and that. */
enum evaluation {
    EVALUATE_POD_CREATE = 1 << 0,
    EVALUATE_POD_UPDATE = 1 << 1,
    EVALUATE_POD_EPHEMERAL = 1 << 2, /* pods/ephemeralcontainers */
    EVALUATE_POD_RESIZE = 1 << 3,    /* pods/resize */
    EVALUATE_TEMPLATE = 1 << 4,      /* a pod template, judged as one of its pods would be */
    EVALUATE_NAMESPACE = 1 << 5,
    EVALUATE_BINDING = 1 << 6,
    EVALUATE_PRIORITY_CLASS = 1 << 7,
    EVALUATE_POD_DELETE = 1 << 8, /* judged by nothing; the ledger wants to hear of it */
    EVALUATE_NAMESPACE_DELETE = 1 << 9,
    EVALUATE_POD_CLASS = 1 << 10,
    EVALUATE_POD_START = 1 << 11, /* an update, and a resize, of a pod that held no accelerator */
    EVALUATE_CLAIM = 1 << 12,     /* a ResourceClaim that is created */
    EVALUATE_CLAIM_TEMPLATE = 1 << 13,
    EVALUATE_CLAIM_UPDATE = 1 << 14, /* of either; and EVALUATE_CLAIM or _TEMPLATE, too, where it
                                      * asks for something else, which the API server refuses */
    EVALUATE_CLAIM_DELETE = 1 << 15, /* of either */
    EVALUATE_GROUP = 1 << 16, /* what a PodGroup says for its pods, as one of them would say it */
};

struct trace;

/* The world that a decision is made in. */
struct world {
    const struct tenancy *tenancy;
    const struct view *view; /* NULL: there is none */
    int64_t now;
    const struct view *names; /* the view, however old: it tells whose a namespace is */
    bool is_live;             /* the views follow a cluster: what they lack may be there */
    unsigned lacking;    /* kinds that rules ask for, and that the names lack or have too old: a bit
                          * for each enum view_kind */
    struct trace *trace; /* who asks what was done, and why; NULL: nobody */
};

struct facts {
    const struct review *review;
    const struct world *world;
    const struct tenancy *tenancy;
    struct arena *arena;
    enum evaluation evaluation;

    const char *prefix; /* what stands before the paths of a template: "spec.template.", or of a
                         * group, in place of a pod's "spec."; or "" */

    struct bytes namespace; /* of a Namespace: its own name */
    struct belonging belonging;
    const struct tenant *tenant; /* belonging.tenant */
    bool is_unplaced;            /* the namespace is not in a live view: it may be anybody's */
    bool is_admin;
    bool is_old;    /* read from what there is, to see what it breaks already */
    bool is_mirror; /* a mirror pod, made by a node: let through, and counted */
    bool is_made;   /* a claim that the cluster made for a pod, with which it was judged: let
                     * through, and not counted again */

    struct pod pod; /* of what is deleted and of other objects than pods only the metadata */
    struct demand demand;
    struct ask ask;
    struct bytes priority_class;     /* the class that is judged; empty: none */
    const char *priority_field;      /* where it stands */
    struct bytes old_priority_class; /* of EVALUATE_POD_CLASS: the one that counted before */
    struct bytes holder_class; /* of a template: the class that its holder's own label names, which
                                * KAI takes before its pods'; empty: none */
    struct bytes workload;     /* which group of pods it is one of; empty: none */
    struct demand old_demand;  /* of a resize: what the pod holds already */
    struct ask old_ask;
    bool asks_no_more; /* of an update: than the old object did, so that what the tenant holds is
                        * no reason to refuse it */
};

/* Is the request one to judge, and as what? 0: it isn't: exempt namespaces, other kinds, and
 * objects that are being deleted. Fails (err) on an object that isn't what the review says. */
bool facts_classify(const struct review *review, const struct world *world, struct arena *arena,
                    enum evaluation *out, struct error *err) MUST_CHECK;

/* What is read, and as what. */
struct subject {
    const struct review *review;
    const struct world *world;
    enum evaluation evaluation;
    struct value object; /* of the review: the new one or the old one; or a pod template */
    const char *prefix;  /* of a template or group: its path with a final dot; otherwise "" */
    bool is_old;         /* read to see what it breaks already */
};

/* The class that counts of those that the pod itself names, a default of the cluster's among them;
 * empty: none. */
struct bytes facts_class_of(const struct pod *pod);

bool facts_collect(const struct subject *subject, struct arena *arena, struct facts *out,
                   struct error *err) MUST_CHECK;

/* How messages name the object: "pod research/train-0"; a name still to be generated ends in "*".
 */
const char *facts_subject(const struct facts *facts);

/* Does the pod name KAI's scheduler? */
bool facts_is_placed_by_kai(const struct pod *pod);

/* Is who sends the request one of those that make claims for pods, or an administrator? */
bool facts_trust_maker(const struct facts *facts);

/* Where what is asked for stands: "spec.containers", or a claim's requests. */
const char *facts_asking(const struct facts *facts);

/* The path of a value in the object, as its author wrote it. */
const char *facts_field(const struct facts *facts, struct value value);

/* prefix + path */
const char *facts_path(const struct facts *facts, const char *path);

/* The label that says which workload a pod is one of. */
#define WORKLOAD_LABEL "fairgate.dev/workload"
