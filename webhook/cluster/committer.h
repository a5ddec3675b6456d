/* committer: requests that would reserve something wait here until it is written to their tenant's
 * TenantUsage. Those of one tenant that wait together are written together, one write at a time;
 * tenants take turns. It looks after the objects, too, when nobody waits. */
#pragma once

#include "cluster/commit_batch.h"

/* Those that write, and one that asks the API server for nothing: it answers those whose turn does
 * not come in time. */
enum { COMMITTER_WRITERS = 4, COMMITTER_WORKERS = COMMITTER_WRITERS + 1 };

struct committer_config {
    const struct kubeconfig *kubeconfig; /* these two must outlive the committer */
    struct ledger *ledger;
    const struct commit_ops *ops;
    void *worker_states[COMMITTER_WORKERS];
};

struct committer;

/* NULL with `err` set where a thread can't be made. */
struct committer *committer_start(const struct committer_config *config, struct error *err);

/* End it, and wait for its threads. What still waits is never done. NULL is fine. */
void committer_stop(struct committer *committer);

/* For any thread. The request is done some time later, by a worker's thread; false: too many wait,
 * and it never is. */
bool committer_submit(struct committer *committer, struct commit_request *request) MUST_CHECK;

/* For any thread. */
const struct commit_counts *committer_counts(const struct committer *committer);
size_t committer_waiting(struct committer *committer);

/* Why writing won't work until somebody does something about it; "": it does, as far as is known.
 * For any thread. */
void committer_read_problem(struct committer *committer, char *out, size_t size);
