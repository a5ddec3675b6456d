/* ledger: who holds what now, and the view of everything else. One lock; check and reservation are
 * one step under it.
 *
 * Stand-alone: what exists is what the state files say plus what was let in since, until a DELETE
 * is seen. A DELETE is a sign only, not proof: good for trying out and for tests. There is no sign
 * of a create or a DELETE that fails after it was let in, of a pod that ends, or of a resize that
 * gives something back: what was held goes on counting until the pod is deleted.
 *
 * Of pods that are let in, those are recorded that ask for accelerators or whose tenant caps a
 * resource (of the state files all); others take no lock. A DELETE always looks whether there is a
 * record: what counts now may not be what counted when the pod came. Where a new policy set or a
 * new label makes more of them count, they are known only as the state files said. */
#pragma once

#include "base/snapshot.h"
#include "engine/facts.h"
#include "engine/usage.h"

struct ledger;
struct shared_txn;
struct state_unread;

/* An empty cluster. */
struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);

/* Add what a file says exists: lists or single objects, JSON or YAML, as kubectl prints them; "-"
 * is standard input. Kinds that no decision needs are passed over, and pods that have ended.
 * `unread`: see state_files.h; NULL: nothing is added when there is anything that can't be read. */
bool ledger_load(struct ledger *ledger, const char *path, const struct state_unread *unread,
                 struct error *err) MUST_CHECK;

/* The same of what is in memory. */
bool ledger_load_text(struct ledger *ledger, struct bytes text, const struct state_unread *unread,
                      struct error *err) MUST_CHECK;

/* Weigh everything by this tenancy, which must outlive its use here: the one before it is looked at
 * no more once this returns. Called before the first decision and with every new policy set, before
 * any decision is made by it. */
void ledger_adopt(struct ledger *ledger, const struct tenancy *tenancy);

/* The view as it is now: read it once a decision, through the thread's own reader. NULL: a live one
 * is not there yet, or too old. */
const struct view *ledger_view(struct ledger *ledger, struct snapshot_reader *reader);

/* Judges by what the tenant holds; true: the request is let in. Called at most once, with the lock
 * held. */
struct ledger_judge {
    bool (*judge)(void *context, const struct facts *facts, const struct usage *usage);
    void *context;
};

/* The same however old it is, for whose a namespace is. Where it is fresh, it is the view. */
const struct view *ledger_names(struct ledger *ledger, struct snapshot_reader *reader);
bool ledger_is_fresh(const struct ledger *ledger);

/* What came of a settlement. */
enum ledger_result {
    LEDGER_SETTLED,
    LEDGER_STALE, /* the ledger has adopted another tenancy than the facts were read by, or the
                   * namespace has become another tenant's since their view was read: read both anew
                   * and decide again, in another transaction, since this one may not go on */
    LEDGER_WAITS, /* it has to be settled within a transaction of facts->tenant (shared.h) */
};

/* Let `judge` see what the facts' tenant holds and, where it lets the request in and `writes` is
 * true, write down what that changes: all in one step under the lock. Without a need for usage
 * (facts_need_usage) `judge` is called with NULL, and where nothing changes either, no lock is
 * taken. `ledger` NULL: nobody has a view, and usage is not known. `txn`: the transaction under
 * way, in which what is let in is reserved; NULL: none. `judge` isn't called unless it is settled.
 */
enum ledger_result ledger_settle(struct ledger *ledger, const struct facts *facts, bool writes,
                                 struct ledger_judge judge, struct shared_txn *txn) MUST_CHECK;

/* What tenants hold, for metrics; sums that don't fit 64 bits are INT64_MAX. */
struct ledger_usage {
    const char *tenant;
    struct amount gpus, by_mode[MODE_COUNT]; /* reserved ones included */
    struct amount reserved;                  /* of gpus: reserved, but not seen yet */
    struct amount guaranteed, burst;         /* the caps; where there is none, has_... is false */
    bool has_guaranteed, has_burst;
    struct class_usage {
        const char *name; /* "": classes that the ladder lacks, and none */
        struct amount gpus;
    } * by_class; /* where there is a ladder: each of its classes, and "" */
    size_t class_count;
    size_t pods;
    size_t exceptions; /* that are in force */
};

/* Ordered by name, with the caps as they are at `now`. */
void ledger_report(struct ledger *ledger, int64_t now, struct arena *arena,
                   struct ledger_usage **out, size_t *count);
