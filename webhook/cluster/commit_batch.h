/* commit_batch: what waits for one tenant is judged within one transaction, written at once, and
 * answered when it is known to be written; or begun anew, until each request's deadline. */
#pragma once

#include <stdatomic.h>
#include <sys/queue.h>

#include "cluster/usage_store.h"
#include "ledger/shared.h"

/* A request that waits; the caller's, and left alone by it until it is done. */
struct commit_request {
    const char *tenant; /* whose transaction it needs; copied */
    int64_t deadline;   /* clock_milliseconds() by which it is answered */
    size_t size;        /* of what it holds while it waits */
    TAILQ_ENTRY(commit_request) in_list;
};

TAILQ_HEAD(commit_requests, commit_request);

enum commit_judged {
    COMMIT_JUDGED,
    COMMIT_STALE,     /* by what is not in force any more: begin anew */
    COMMIT_ELSEWHERE, /* within a transaction of request->tenant, which is another one now */
};

/* Called by one worker at a time, with its state. */
struct commit_ops {
    /* What is judged from now on is judged by what is in force now, which stays valid until the
     * next begin; no request is between judge and done then. */
    void (*begin)(void *worker_state);
    /* Judge the request, anew each time. */
    enum commit_judged (*judge)(void *worker_state, struct commit_request *request,
                                struct shared_txn *txn);
    /* Answer as was judged last: it is reserved, or nothing has to be. The request is touched no
     * more. */
    void (*done)(void *worker_state, struct commit_request *request);
};

/* How many requests there are to a write, at most: the buckets of a histogram. */
enum { COMMIT_SIZES = 10 };
extern const unsigned commit_sizes[COMMIT_SIZES];

struct commit_counts {
    atomic_ullong writes[STORE_UNKNOWN + 1]; /* by what came of them */
    atomic_ullong sizes[COMMIT_SIZES];       /* of the writes that are done */
    atomic_ullong requests;                  /* that they were made for */
    atomic_ullong floor_waits, floor_wait_ms;
    atomic_ullong made, mended; /* objects that were missing, or written to by somebody else */
};

struct commit_worker {
    struct ledger *ledger;
    struct usage_store *store;
    const struct commit_ops *ops;
    void *state;
    struct commit_counts *counts;
    struct arena arena; /* of one try */
};

struct commit_batch {
    const char *tenant;
    bool is_chore; /* what has to be written anyhow is written, whether anybody waits or not */
    struct commit_requests requests;
    struct commit_requests elsewhere; /* those that need another tenant's transaction */
    struct commit_requests later;     /* those that are to come in a batch after this one */
    unsigned tries;

    struct error problem; /* the last one; "": none since something was written */
    bool is_refused;      /* it won't go away by trying again */
    bool has_written;
    unsigned
        yield; /* milliseconds in which others who want to write get their turn; 0: nobody does */
};

/* In the end `requests` has those that the view is not new enough for yet: they, too, are for
 * later. When the store is stopped, it has those that nothing became of. */
void commit_batch_run(struct commit_worker *worker, struct commit_batch *batch);

/* Answer only those whose deadline is over, whatever the API server does: none of them is left in
 * `requests`. */
void commit_batch_deny_late(struct commit_worker *worker, struct commit_batch *batch);
