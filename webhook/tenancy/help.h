/* help: Cluster.help, the address where a denied tenant reads on. */
#pragma once

#include "base/problems.h"

/* A mistake where the text is no address that a browser takes, or holds another template than
 * {rule}. */
void help_check(const struct node *node, struct problems *problems);

/* The address for a rule, by its whole name; what an address can't hold of that is escaped. */
const char *help_write(const char *help, const char *rule, struct arena *arena);
