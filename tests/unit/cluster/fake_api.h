/* fake_api: in place of usage_store and upkeep, so that a test says how the API server behaves.
 * There is one at a time; any thread may call. */
#pragma once

#include "cluster/usage_store.h"
#include "unit/ledger/fake_store.h"

/* What becomes of a write, or of a read. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_LOST,      /* it is done, and the answer is lost */
    TROUBLE_NEVER,     /* it does not come to the API server, and nobody says so */
    TROUBLE_RACED,     /* somebody else writes first; of a read: as NEVER */
    TROUBLE_REFUSED,   /* 403 */
    TROUBLE_TOO_LARGE, /* 413 */
    TROUBLE_ALTERED,   /* it is done, and altered on the way */
};

void fake_api_start(struct fake_store *store);
void fake_api_end(void);

/* What becomes of the next calls, in turn, for each list that ends with TROUBLE_NONE; of all that
 * come after, `at_last`. */
void fake_api_plan_writes(const enum trouble *plan, enum trouble at_last);
void fake_api_plan_reads(const enum trouble *plan, enum trouble at_last);

/* Writes wait in the API server from now on; and go on. */
void fake_api_hold(void);
void fake_api_release(void);
void fake_api_wait_held(void); /* until one waits */

/* Calls so far. */
unsigned fake_api_writes(void);
unsigned fake_api_reads(void);

/* A chore, as the upkeep of the committer that was started last would say it. */
void fake_api_chore(const char *tenant);
