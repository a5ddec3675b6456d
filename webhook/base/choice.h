/* choice: of some fields of a map one is required: struct schema's `choice`. */
#pragma once

#include "base/schema.h"

/* A mistake at the map where none is given, and at each further one where only one may be.
 * `has_unknown`: the map has a key that the schema lacks. */
void choice_check(const struct schema *schema, const struct node *node, bool has_unknown,
                  struct problems *problems);

/* "a", "b" and "c", with the quotes; `words` ends with NULL. Lives in `arena`. */
const char *choice_join(const char *const *words, struct arena *arena);
