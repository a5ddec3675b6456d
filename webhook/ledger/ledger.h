/* ledger: who holds what now, and the view of everything else. One lock; check and reservation are
 * one step under it.
 *
 * Stand-alone: what exists is what the state files say plus what was let in since, until a DELETE
 * is seen. A DELETE is a sign only, not proof: good for trying out and for tests. */
#pragma once

#include "base/snapshot.h"
#include "decide.h"

struct ledger;

/* An empty cluster. */
struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);

/* Add what a file says exists: lists or single objects, JSON or YAML, as kubectl prints them; "-"
 * is standard input. Kinds that no decision needs are passed over. */
bool ledger_load(struct ledger *ledger, const char *path, struct error *err) MUST_CHECK;

/* Weigh everything by this tenancy, which must outlive its use here. Called before the first
 * decision and with every new policy set, before any decision is made by it. */
void ledger_adopt(struct ledger *ledger, const struct tenancy *tenancy);

/* The view as it is now: read it once a decision, through the thread's own reader. */
const struct view *ledger_view(struct ledger *ledger, struct snapshot_reader *reader);

/* Settle a decision: judge what depends on usage, conclude the verdict anew and, where it is
 * allowed, not a dry run and of the validating phase, write down what it lets in: all in one step.
 * `ledger` NULL: nobody has a view, and what needs one is denied. A decision that needs no usage
 * and changes nothing takes no lock.
 *
 * False: the ledger has adopted another policy set since the decision was made; decide again with
 * the new one. */
bool ledger_settle(struct ledger *ledger, struct decision *decision,
                   struct arena *arena) MUST_CHECK;

/* What tenants hold, for metrics. */
struct ledger_usage {
    const char *tenant;
    struct amount gpus, by_mode[MODE_COUNT];
    size_t pods;
};

void ledger_report(struct ledger *ledger, struct arena *arena, struct ledger_usage **out,
                   size_t *count);
