/* usage_read: what the holdings say to a decision. */
#pragma once

#include "ledger/holdings.h"

/* What facts->tenant holds, without what the decision leaves out: `own`, the record of the pod that
 * the request is about (NULL: there is none), and, where a pod is created, others of its name.
 * Lives in facts->arena. */
void usage_read(const struct holdings *holdings, const struct facts *facts,
                const struct holding *own, struct usage *out);

/* The same where nobody has a view. */
void usage_init_unknown(const struct facts *facts, const struct usage_problem *problem,
                        struct usage *out);
