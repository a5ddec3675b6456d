/* shared: the reservations of a tenant as all replicas know them: those in its TenantUsage object
 * (fairgate.dev/v1alpha1; rules 6 to 9 of docs/operations.md). Here is what this process knows of
 * the objects, and what has to be written into them; who reads and writes them, the caller sees to
 * (cluster/committer).
 *
 * What the newest copy of an object has, is reserved in the ledger; so is what a transaction adds,
 * until it is committed or aborted. A copy may be old: then the write fails, because it names the
 * resourceVersion that it was made from, and is made anew from the newest one. */
#pragma once

#include "ledger/ledger.h"
#include "ledger/tenant_usage.h"

/* What the API server shows: all objects between begin and end of a list (those that are not among
 * them are gone), and single ones as an event, a read or the answer to a write. One that is older
 * than what is known is passed over. Of one that can't be read whole, what can be read counts. */
void shared_list_begin(struct ledger *ledger);
void shared_list_end(struct ledger *ledger);
void shared_take(struct ledger *ledger, struct value object);

/* There is none of that name, or it was the one with that uid (not empty) that is gone. */
void shared_lose(struct ledger *ledger, struct bytes name, struct bytes uid);

enum shared_state {
    SHARED_READY,
    SHARED_UNSEEN,  /* the objects haven't been listed yet */
    SHARED_MISSING, /* there is no object: one has to be made */
    SHARED_DAMAGED, /* somebody else wrote into it: it has to be mended */
    SHARED_UNKNOWN, /* what was let in before is not known: nothing is let in */
    SHARED_BEHIND,  /* the view has not reached the floors */
};

/* `why`: for a denial, in `arena`; NULL where it is ready. */
enum shared_state shared_read_state(struct ledger *ledger, const char *tenant, struct arena *arena,
                                    const char **why);

/* Wait until the view has reached the floors; false: not by `deadline`, in milliseconds of the
 * monotonic clock. */
bool shared_wait_floor(struct ledger *ledger, const char *tenant, int64_t deadline) MUST_CHECK;

struct shared_txn;

/* Begin a transaction: what is settled with it until its end is written at once. One a tenant at a
 * time. With a `problem`, which must live until the end, usage is not known and nothing is
 * reserved; of these there may be any number, as long as only one is written. Lives until committed
 * or aborted. */
struct shared_txn *shared_begin(struct ledger *ledger, const char *tenant,
                                const struct usage_problem *problem);

/* What is to be written. */
struct shared_body {
    struct bytes text; /* JSON */
    bool is_new;       /* there is no object yet */
    bool is_too_large; /* more than a TenantUsage may have: there is no text */
    bool has_new;      /* what was let in within the transaction is reserved by it */
    bool is_contended; /* other replicas write it, too, these days */
};

/* False: there is nothing to write. */
bool shared_write(struct shared_txn *txn, struct arena *arena, struct shared_body *out) MUST_CHECK;

/* Has another version of the object become known than the one that the transaction began with?
 * Waits for it until `deadline`, in milliseconds of the monotonic clock. True: a write would fail,
 * and what was judged is to be judged anew. */
bool shared_wait_newer(struct shared_txn *txn, int64_t deadline) MUST_CHECK;

/* The write is done: `object` is what the API server answered. False: it isn't what was written, so
 * nothing that was reserved may be relied on. Frees the transaction. */
bool shared_commit(struct shared_txn *txn, struct value object) MUST_CHECK;

/* What was reserved with it is not. Frees the transaction. */
void shared_abort(struct shared_txn *txn);

/* Is there an object for each tenant whose caps count? */
bool shared_is_complete(struct ledger *ledger);

/* What is to be done without a request. */
enum shared_chore {
    CHORE_NONE,
    CHORE_WRITE, /* begin, write, commit: to make the object, to mend it, to bring it up to date */
    CHORE_LIST,  /* list what counts with a consistent read, then shared_know */
};

/* The first tenant after `after` (""; by name) that has a chore; its name lives in `arena`. */
enum shared_chore shared_next_chore(struct ledger *ledger, const char *after, struct arena *arena,
                                    const char **tenant);

/* Consistent lists, sent after CHORE_LIST was said, have shown these largest resourceVersions among
 * their items; 0 where there were none. The next write says that all is known. */
void shared_know(struct ledger *ledger, const char *tenant, const struct floors *largest);
