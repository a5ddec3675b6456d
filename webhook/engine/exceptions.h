/* exceptions: which exceptions are for a request, and what is told of those that made a difference.
 */
#pragma once

#include "engine/facts.h"
#include "engine/findings.h"

/* The exception by which a rule doesn't apply to what the facts are about, of several the one that
 * ends last; NULL: there is none. */
const struct exception *exceptions_find(const struct facts *facts, const char *rule);

/* The same of a tenant's own check: "fabric.domains". */
bool exceptions_lift_field(const struct facts *facts, const char *field);

/* The exceptions in force whose grants are for what the facts are about, what ends last first.
 * Lives in facts->arena; gives how many there are. */
size_t exceptions_find_grants(const struct facts *facts, const struct exception ***out);

/* The exception makes a difference: the verdict will say so. */
void exceptions_note(const struct facts *facts, const struct exception *exception,
                     struct findings *findings);
