/* reservation: what was let in, and may come or grow yet. The ledger's lock guards all of it but
 * what never changes. */
#pragma once

#include <sys/queue.h>

#include "ledger/held_pod.h"

struct holding;
struct reservation_set;

struct reservation {
    TAILQ_ENTRY(reservation) in_all, in_set;
    struct reservation_set *set;
    struct holding *holding;
    uint64_t order;        /* in which this process came to know them, from 1 on */
    uint64_t number;       /* in the tenant's TenantUsage, */
    uint64_t version;      /* of which this is the newest resourceVersion that had it */
    bool is_tentative;     /* it isn't written there yet */
    bool is_growth;        /* of a pod that was there before */
    int64_t made_at;       /* when this process came to know it; milliseconds, monotonic */
    uint64_t settled_by;   /* of a growth: it leaves once the view shows this version; 0: not yet */
    struct held_pod *seen; /* the pod as the view shows it; NULL: it doesn't */
    struct held_pod pod;   /* what is reserved; never changes, nor do its number and is_growth once
                              the lock is given back */
    unsigned holders;
};

/* Of one uid; held once. */
struct reservation *reservation_new(const struct held_pod *pod);

/* The pod as the view shows it. */
void reservation_note_seen(struct reservation *reservation, const struct held_pod *pod);

/* Who holds it may read what never changes without the lock, also when it has left. The last one
 * who lets go of it frees it. */
struct reservation *reservation_hold(struct reservation *reservation);
void reservation_let_go(struct reservation *reservation);
