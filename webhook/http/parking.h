/* parking: reviews whose answer waits until the committer has written what they reserve. */
#pragma once

#include "cluster/committer.h"
#include "http/reviewer.h"

/* What a thread of the committer judges with: a state of its own for each. */
struct parking_worker {
    struct reviewer reviewer;
    struct decide_input sight; /* what is in force, as it was last looked at */
};

extern const struct commit_ops parking_ops;

/* A review as it came. */
struct arrival {
    const struct decide_input *in;
    struct timespec when, started; /* of the calendar, and of the monotonic clock */
};

/* The review waits for a transaction of that tenant, and is answered some time later; false: too
 * many wait already. */
bool parking_take(struct reviewer *reviewer, h2o_req_t *req, const struct arrival *arrival,
                  const char *tenant) MUST_CHECK;

/* What came of some of them: for loop_config. */
void parking_return(h2o_linklist_t *messages);
