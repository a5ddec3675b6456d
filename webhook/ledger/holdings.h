/* holdings: the pods, and the claims of their own, that count, found by uid and by name, and what
 * every tenant, namespace and workload holds through them. The ledger's lock guards all of it. */
#pragma once

#include <sys/queue.h>

#include "base/table.h"
#include "engine/facts.h"
#include "engine/usage.h"
#include "ledger/held_pod.h"
#include "ledger/reservation.h"
#include "ledger/shared_ask.h"
#include "ledger/tallies.h"
#include "ledger/tenant_usage.h"

struct namespace_holdings;
struct used_claim;

TAILQ_HEAD(reservation_list, reservation);

/* Those that are in one TenantUsage, or will be. */
struct reservation_set {
    struct reservation_list all;
    bool has_lost;         /* one has left */
    struct floors settled; /* the newest objects that the view showed for what has left */
};

/* One pod, and what it weighs by the tenancy that was adopted. There are many: what several have in
 * common they share, and texts stand one behind the other. */
struct holding {
    struct table_link by_uid, by_name;
    TAILQ_ENTRY(holding) in_all, in_namespace, in_leaving;
    struct namespace_holdings *namespace;
    const struct tenant *tenant;     /* NULL: counted for nobody */
    struct weight *weight;           /* NULL: it asks for no accelerators */
    struct reservation *reservation; /* NULL: nothing is reserved for it */
    struct shared_ask *ask;
    struct claim_use *uses; /* NULL: it names no claims */
    uint64_t number;        /* in the order of recording */
    uint64_t version;       /* the resourceVersion that the view shows; 0: none */
    int64_t gone_at;        /* see held_pod.h */
    unsigned list;          /* the last list of pods that showed it */
    uint32_t uid_len, name_len, node_len, workload_len, owner_len, class_len;
    bool is_claim, has_uid;
    bool is_seen;    /* the view shows it */
    bool is_leaving; /* is in that list */
    bool is_over;    /* its node is gone and its grace period over: it counts for nobody */
    char texts[];    /* uid, name, node, workload, owner, priority class */
};

/* What a pod that asks for accelerators weighs, and the lists that it is in because of that. Most
 * pods have none. */
struct weight {
    bool is_beyond; /* its GPUs don't fit 64 bits */
    struct amount gpus, by_mode[MODE_COUNT];
    struct workload_holdings *workload; /* NULL: in none */
    struct tally *tallies[TALLY_KINDS]; /* NULL: counted for nobody */
    TAILQ_ENTRY(holding) in_workload, in_mode[MODE_COUNT];
};

TAILQ_HEAD(holding_list, holding);

/* That a pod names a claim or a template. */
struct claim_use {
    TAILQ_ENTRY(claim_use) in_claim;
    struct used_claim *claim;
    struct holding *holding;
    struct claim_use *next; /* of the pod's */
};

TAILQ_HEAD(claim_use_list, claim_use);

/* Made with the first pod of a namespace, gone with the last. */
struct namespace_holdings {
    struct table_link link;
    TAILQ_ENTRY(namespace_holdings) in_all;
    struct bytes name;
    const struct tenant *tenant; /* NULL: nobody's, or exempt */
    struct holding_list all;
    struct holding_list in_mode[MODE_COUNT]; /* where sharing.exclusive is namespace */
};

struct totals {
    struct total {
        struct amount sum;
        bool is_beyond;                      /* doesn't fit 64 bits */
    } gpus, by_mode[MODE_COUNT], *resources; /* one for each of tenant->resources */
};

/* What one tenant holds. */
struct tenant_holdings {
    struct totals all,
        unseen; /* unseen: of all, what is reserved for pods that no view shows yet */
    size_t pods;
    unsigned long changes;                   /* of the totals */
    struct holding_list in_mode[MODE_COUNT]; /* where sharing.exclusive is tenant */
    struct tally_heap tallies[TALLY_KINDS];
};

struct holdings {
    const struct tenancy *tenancy; /* NULL: none yet, and nothing weighs anything */
    const struct view *view;
    struct table by_uid, by_name, namespaces, workloads, asks, claims, tallies;
    TAILQ_HEAD(, namespace_holdings) all_namespaces;
    struct holding_list all;
    struct tenant_holdings *tenants; /* one for each of tenancy->tenants */
    struct arena tenants_arena, scratch;
    uint64_t next_number, last_order;
    struct holding_list leaving; /* pods that terminate on a node */
    int64_t next_gone;           /* when the first of them is gone whose node is; 0: look for it */
    bool has_nodes;              /* all that there are, if any, are in view */
    struct reservation_list reservations; /* the oldest first */
};

void holdings_init(struct holdings *holdings, const struct view *view);
void holdings_release(struct holdings *holdings);

/* Weigh everything anew, by this tenancy and this view. Both must outlive their use here. */
void holdings_adopt(struct holdings *holdings, const struct tenancy *tenancy,
                    const struct view *view);

/* `view` is another one, with new labels of this namespace: its pods may be another tenant's now.
 */
void holdings_move(struct holdings *holdings, struct bytes namespace);
void holdings_move_all(struct holdings *holdings);

/* `view` is another one: what the pods' claims ask for is looked up there anew. Of what is not in
 * view any more, what is known goes on counting. */
void holdings_look_up(struct holdings *holdings);
/* The same for pods that name this claim or template: "namespace/name". */
void holdings_look_up_claim(struct holdings *holdings, struct bytes name);

/* Record a pod as seen; of one that is there already (by namespace and uid), the larger amount of
 * each counts from now on. */
void holdings_put(struct holdings *holdings, const struct held_pod *pod);

/* Reserve what a pod was let in with, until the view shows it. Of one that is reserved already, the
 * larger amount of each counts, in the new one's place. What is reserved for a pod that is seen is
 * a growth, whatever it is called. `now`: milliseconds of the monotonic clock. */
struct reservation *holdings_reserve(struct holdings *holdings, struct reservation_set *set,
                                     const struct held_pod *pod, bool is_growth, int64_t now);

/* The view shows what was reserved, and what will leave its TenantUsage for that. */
void holdings_note_shown(struct reservation_set *set, const struct holding *holding);

/* It is void, or was taken out by somebody else who had reason to. */
void holdings_unreserve(struct holdings *holdings, struct reservation *reservation);

/* The view shows a pod as it is at a resourceVersion. What was reserved for its creation leaves; a
 * growth stays until it is settled. Gives its holding. */
struct holding *holdings_see(struct holdings *holdings, const struct held_pod *pod,
                             uint64_t version);

/* A consistent read has shown the pod at this resourceVersion, later than its growth could take:
 * the growth leaves once the view shows as much. */
void holdings_settle_growth(struct holdings *holdings, struct holding *holding, uint64_t version);

void holdings_remove(struct holdings *holdings, struct holding *holding);
void holdings_set_node(struct holdings *holdings, struct holding *holding, struct bytes node);

/* From now on the view shows all nodes that there are. */
void holdings_list_nodes(struct holdings *holdings);

/* `view` is another one, with other nodes. */
void holdings_note_nodes(struct holdings *holdings);

/* Pods whose node is gone and whose grace period is over don't count any more, until the node is
 * there again. */
void holdings_drop_gone(struct holdings *holdings, int64_t now);

/* What counts of it: the union of what is seen and what is reserved. Refers to the holding. */
struct held_pod holding_pod(const struct holding *holding);
struct bytes holding_uid(const struct holding *holding);
struct bytes holding_name(const struct holding *holding);

/* No uid is in two namespaces, unless somebody made it up, who then frees nothing by it. */
struct holding *holdings_find(const struct holdings *holdings, struct bytes namespace,
                              struct bytes uid);

struct holding_name {
    bool is_claim; /* or a pod */
    struct bytes namespace, name;
};

/* The pod that a request names: by uid where it has one, else, or where nothing but the name was
 * known when it was recorded, by name; of several the one recorded last. */
struct holding *holdings_find_named(const struct holdings *holdings, struct bytes uid,
                                    const struct holding_name *name);

/* NULL where no pod is recorded. */
struct namespace_holdings *holdings_find_namespace(const struct holdings *holdings,
                                                   struct bytes name);

/* Of several pods of one name: the next, in no particular order. */
struct holding *holdings_first_named(const struct holdings *holdings,
                                     const struct holding_name *name);
struct holding *holdings_next_named(const struct holding *holding);

/* The first pod that names a claim or a template of this name; the others follow in_claim, in the
 * order of the namespace's list; NULL: none does. */
const struct claim_use *holdings_first_use(const struct holdings *holdings, struct bytes namespace,
                                           struct bytes name);

/* A sum that doesn't fit is INT64_MAX, so that no cap has room. */
struct amount total_amount(const struct total *total);

/* Those that hold a mode inside the scope of their tenant's sharing.exclusive, the earliest first;
 * NULL: none ever did. */
const struct holding_list *holdings_in_mode(const struct holdings *holdings,
                                            const struct tenant *tenant, struct bytes namespace,
                                            enum mode mode);

/* The accelerated ones of a workload, the earliest first; NULL: none. */
const struct holding_list *holdings_in_workload(const struct holdings *holdings,
                                                struct bytes namespace, struct bytes workload);
