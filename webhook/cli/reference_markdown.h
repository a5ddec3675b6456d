/* reference_markdown: the policy language as the manual's tables. */
#pragma once

#include "cli/reference.h"

/* A place, and all that is in it: a section for each map. */
void reference_print_markdown(const struct reference_place *place, struct arena *arena);

/* Every kind, and what every document has. */
void reference_print_all_markdown(struct arena *arena);
