/* replica: a ledger and its committer before a fake API server, and requests that wait for it. */
#pragma once

#include <pthread.h>

#include "cluster/committer.h"
#include "unit/cluster/fake_api.h"
#include "unit/ledger/live_scene.h"

enum { LONG_MS = 120000, SHORT_MS = 2000 };

/* Judging and what a test does take turns: by the lock. */
struct replica {
    struct scene scene;
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct committer *committer;
    int stale; /* so many times what it is judged by is not in force */
};

struct waiter {
    struct commit_request request;
    struct replica *replica;
    const char *text; /* the review */
    bool is_done, is_allowed, is_limit;
    unsigned judged; /* so often */
    char why[600];   /* usage isn't known; "": it is */
};

/* A committer for the scene. */
void replica_start(struct replica *replica);

/* With every tenant's object there, and what was let in before known. */
void replica_init(struct replica *replica, const char *tenants);
void replica_release(struct replica *replica);

/* Another one for the same objects, to be released before the first. */
void replica_init_second(struct replica *replica, const char *tenants, struct replica *first);
void replica_release_second(struct replica *replica);

/* A create, to be freed when it is done. */
struct waiter *replica_submit_in(struct replica *replica, const char *namespace, const char *name,
                                 int gpus, int64_t milliseconds);
struct waiter *replica_submit(struct replica *replica, const char *name, int gpus);

void waiter_wait(struct waiter *waiter);
bool waiter_is_done(struct waiter *waiter);

/* "allowed"; "denied": by the cap; or why usage isn't known. Waits, and frees it. */
const char *waiter_verdict(struct waiter *waiter);

/* What research holds: as the replica knows it, */
const char *replica_gpus(struct replica *replica);
/* and as one does that has only just come, and has read what the API server has. */
const char *replica_stored_gpus(struct replica *replica, const char *tenants);
