/* held_pod: what the ledger remembers of a pod, or of a ResourceClaim of its own, apart from what
 * any policy makes of it. */
#pragma once

#include "engine/view.h"
#include "tenancy/demand.h"

struct held_pod {
    bool is_claim;
    /* Of a pod without one: "namespace/name", which no uid is. */
    struct bytes uid;
    bool has_uid;
    struct bytes namespace, name;
    struct bytes node; /* empty: none yet */
    struct bytes workload;
    struct bytes owner;          /* its controller: "Job/train"; empty: none */
    struct bytes priority_class; /* the one that counts; empty: none */
    struct ask ask;              /* of its annotations those that are numbers */
    int64_t gone_at;             /* when its grace period is over; 0: it isn't terminating */
};

/* From a pod that was read. `identity` stands for the name in the uid of a pod that has neither.
 * Everything refers to the pod's texts, or lives in `arena`. */
void held_pod_init(struct held_pod *held, const struct pod *pod, struct bytes namespace,
                   struct bytes identity, struct arena *arena);

/* The same of a claim, of which the metadata was read, and what it asks for. */
void held_claim_init(struct held_pod *held, const struct pod *metadata, struct bytes namespace,
                     const struct ask *ask, struct arena *arena);

/* "namespace/name" */
struct bytes held_pod_path(const struct held_pod *held, struct arena *arena);

/* One pod seen twice: its larger amount of each resource and annotation, and what is newer of the
 * rest, `next` being the newer one. Refers to both, or lives in `arena`. */
void held_pod_merge(const struct held_pod *held, const struct held_pod *next, struct arena *arena,
                    struct held_pod *out);

/* The pod with what `view` knows of its claims, or else what `before` (NULL: nothing) had. */
void held_pod_look_up(const struct held_pod *held, const struct held_pod *before,
                      const struct view *view, struct arena *arena, struct held_pod *out);

/* The same in every respect? */
bool held_pod_equal(const struct held_pod *a, const struct held_pod *b);

/* An ask as it is remembered: of the annotations only the numbers, which alone can weigh anything.
 */
void ask_keep_numbers(const struct ask *ask, struct arena *arena, struct ask *out);

/* The larger amount of each of two asks, as they are remembered. */
void ask_merge(const struct ask *a, const struct ask *b, struct arena *arena, struct ask *out);

bool ask_equal(const struct ask *a, const struct ask *b);

/* A copy that refers to nothing but `*room`, which is moved behind it; it has ask_room() bytes and
 * is aligned as for a pointer. */
size_t ask_room(const struct ask *ask);
void ask_copy(const struct ask *from, char **room, struct ask *ask);

/* A copy that refers to nothing but `room`, which has held_pod_room() bytes and is aligned as for a
 * pointer. */
size_t held_pod_room(const struct held_pod *held);
void held_pod_copy(const struct held_pod *held, void *room, struct held_pod *out);
