/* memory: single allocations, for what outlives every arena. */
#pragma once

#include <stddef.h>

/* Zeroed; for free(). Ends the process with a message when there is none left. */
void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull));
