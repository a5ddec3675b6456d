/* explain: why a request got its verdict, rule by rule, from what the decision wrote down. */
#pragma once

#include <jansson.h>

#include "cli/judge.h"

/* On stdout, below the verdict. Of a judge that traces all. */
void explain_print(const struct judgement *judgement, struct arena *arena);

/* The same as JSON; the caller owns it. */
json_t *explain_json(const struct judgement *judgement, struct arena *arena);
