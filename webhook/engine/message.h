/* message: the words of a verdict, for people. */
#pragma once

#include "engine/findings.h"

/* A denial: the first lines of all violations, then, for each, which rule and where it stands, and
 * what to do next, and where to read on by `help` (help.h; NULL: nowhere). Where one address
 * would stand under several in a row, it stands under the last of them. */
const char *message_write_denial(const struct finding *const *denying, size_t count, size_t more,
                                 const char *help, struct arena *arena);

/* A warning: one line of at most 120 characters without control characters (the API server drops
 * those that have any), with the rule's name where it fits. A long text that it quotes, such as an
 * image with its digest, is cut before what is said of it. */
const char *message_write_warning(const struct finding *finding, struct arena *arena);
