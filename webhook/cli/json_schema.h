/* json_schema: the policy language as JSON Schema 2020-12, from the loader's own tables: what it
 * refuses the loader refuses, not the other way round. */
#pragma once

#include <jansson.h>

struct arena;

/* For one document of any kind; of other APIs it says nothing. */
json_t *json_schema_new(struct arena *arena);
