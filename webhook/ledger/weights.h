/* weights: what each recorded pod weighs by the tenancy, and the sums and lists that this puts it
 * into: of its tenant, of the scope of its modes, of its workload. */
#pragma once

#include "ledger/holdings.h"

/* Begin with a tenancy (NULL: none) by which nothing is weighed yet. */
void weights_init(struct holdings *holdings, const struct tenancy *tenancy);

/* Weigh a pod that has its namespace, and was in no sum. */
void weights_add(struct holdings *holdings, struct holding *holding);

/* Out of all sums and lists. A sum that didn't fit is made anew from holdings->all, for which the
 * pod may be in there or not. */
void weights_subtract(struct holdings *holdings, struct holding *holding);

/* Out of the lists only, where all sums are about to be made anew. */
void weights_unlink(struct holdings *holdings, struct holding *holding);
