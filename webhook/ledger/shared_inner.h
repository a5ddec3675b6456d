/* shared_inner: what is known of the TenantUsage objects. For shared.c, shared_take.c and ledger.c
 * only; all of it is guarded by the ledger's lock. */
#pragma once

#include "ledger/ledger_inner.h"
#include "ledger/shared.h"

enum { STATUS_MAX_BYTES = 64 * 1024 };

/* The newest copy of an object, without its reservations. */
struct shared_copy {
    struct arena arena; /* holds the texts */
    struct bytes uid, version_text, series, unknown;
    struct bytes status; /* empty where it has more than anybody of us writes */
    uint64_t version, last;
    struct floors floors;
    const char *damage; /* NULL: it is sound */
};

struct shared_tenant {
    struct table_link link;
    TAILQ_ENTRY(shared_tenant) in_all;
    const char *name;
    struct shared_copy *copy;   /* NULL: there is no object */
    unsigned list;              /* the last list that had it */
    struct reservation_set set; /* those of the copy, and those of the transaction */
    uint64_t known;             /* those of the object up to this number were reserved here; what is
                                 * in it and not in the set has left */
    unsigned long round;        /* counts the series that were seen here, */
    int64_t round_began;        /* and when this one was; milliseconds, monotonic */
    unsigned long asked_round;  /* the one for which a list was asked for, */
    unsigned long listed_round; /* and that for which one is done, */
    struct floors listed;       /* with these */
    uint64_t written;           /* the version that was written here last, */
    int64_t others_at;          /* and when one that wasn't was found here last; 0: never */
    int64_t due;                /* the earliest time for a write without a request; milliseconds */
    unsigned long told;         /* the changes of the tenant's totals that the status tells of */
    struct amount
        told_limit;         /* the guarantee as it was then: grants and reservations come and go */
    struct shared_txn *txn; /* under way; NULL: none */
};

/* A reservation that was replaced within a transaction. */
struct shared_stash {
    struct held_pod pod;
    uint64_t number;
    bool is_growth;
    int64_t made_at;
    struct shared_stash *next;
};

struct shared_txn {
    struct ledger *ledger;
    struct shared_tenant *tenant;
    const struct usage_problem *problem; /* NULL: usage is known */
    struct bytes version;                /* of the copy when it began; empty: there was none */
    uint64_t last;                       /* the number of the latest reservation */
    bool has_new;
    bool has_told;            /* what it writes has a status of its own, */
    unsigned long told;       /* which tells of these changes, */
    struct amount told_limit; /* and of this guarantee */
    struct shared_stash *stash;
    struct arena arena; /* holds version and stash */
};

/* Made where there is none of that name. The caller holds the lock. */
struct shared_tenant *shared_find(struct ledger *ledger, struct bytes name);

/* Why what the tenant holds is not known, the view apart; NULL: it is. The caller holds the lock.
 */
const char *shared_problem(struct ledger *ledger, const char *tenant, struct arena *arena);

/* Is there a transaction, of that tenant? */
bool shared_is_for(const struct shared_txn *txn, const struct tenant *tenant);

/* May anything be judged in it? What it began with may have changed. The caller holds the lock. */
bool shared_is_ready(const struct shared_txn *txn);

/* Reserve within the transaction what a pod was let in with. A create whose review comes once more
 * is reserved already. The caller holds the lock. */
void shared_reserve(struct shared_txn *txn, const struct held_pod *pod, bool is_growth,
                    const struct holding *own);

/* Who else of the tenancy's tenants has it reserved in its own object; NULL: nobody. Another policy
 * set could say so, or a namespace that has just changed hands. The caller holds the lock. */
const struct shared_tenant *shared_rival(const struct holdings *holdings,
                                         const struct shared_tenant *tenant,
                                         const struct holding *holding);

/* What the tenant's totals have gone through; 0: it has none. The caller holds the lock. */
unsigned long shared_changes(const struct ledger *ledger, const struct shared_tenant *tenant);

/* The guarantee that the status tells at this moment. */
struct amount shared_limit(const struct ledger *ledger, const struct shared_tenant *tenant);

/* The status tells of these changes of the tenant's totals, and of this guarantee, for a second at
 * least. */
void shared_note_told(struct shared_tenant *tenant, unsigned long changes, struct amount limit);

/* As shared_take, with the number of the latest reservation in the object; false: it can't be read
 * whole. */
bool shared_take_object(struct ledger *ledger, struct value object, uint64_t *last) MUST_CHECK;

void shared_release(struct ledger *ledger);
