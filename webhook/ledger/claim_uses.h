/* claim_uses: which pods name a claim or a template, to be found by its name. */
#pragma once

#include "ledger/holdings.h"

/* Of a pod that has its namespace, every name once: on the list of that name, or off all. */
void claim_uses_add(struct holdings *holdings, struct holding *holding);
void claim_uses_remove(struct holdings *holdings, struct holding *holding);
