/* memory: single allocations, for what outlives every arena. */
#pragma once

#include "base/bytes.h"

/* Zeroed; for free(). Ends the process with a message when there is none left. */
void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/* Copy a text to `*room`, and move that behind it. */
struct bytes memory_place(char **room, struct bytes text);
