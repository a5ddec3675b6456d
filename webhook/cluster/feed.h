/* feed: what the watches of a cluster show goes to the ledger, and what was reserved and never came
 * is looked up. */
#pragma once

#include "cluster/watch.h"
#include "ledger/live.h"

struct feed;

/* Begin to watch; the ledger has been told by live_start, with a view that may be `max_age`
 * milliseconds old. `kubeconfig` and `ledger` must outlive the feed. NULL with `err` set where a
 * thread can't be made. */
struct feed *feed_start(const struct kubeconfig *kubeconfig, struct ledger *ledger, int64_t max_age,
                        struct error *err);

/* End it, and wait for its threads. NULL is fine. */
void feed_stop(struct feed *feed);

/* Ask for an object of a namespace that is not in view, or (`name` is empty) the namespace itself,
 * and put it there; takes 2 s at most. False: it isn't there, or the API server did not answer. For
 * any thread. */
bool feed_fetch(struct feed *feed, enum live_kind kind, struct bytes namespace, struct bytes name,
                struct error *err) MUST_CHECK;

/* How the watch of a kind is, and that of TenantUsages. For any thread. */
void feed_read_state(struct feed *feed, enum live_kind kind, struct watch_state *out);
void feed_read_usages_state(struct feed *feed, struct watch_state *out);

/* The permission that is missing to read objects of the kind one by one; "": none, as far as is
 * known. For any thread. */
void feed_read_problem(struct feed *feed, enum live_kind kind, char *out, size_t size);
