/* parallel: the same work on many items, on as many threads as there are processors. */
#pragma once

#include <stddef.h>

/* How many threads work on so many items: at least 1, at most 16. */
unsigned parallel_workers(size_t count);

/* Call `work` with every item from 0 to count - 1 once, in no particular order, and return when all
 * is done. `worker` is the thread's number, less than parallel_workers(count): what is its own
 * needs no lock. Where no thread can be had, those that are there do it all. */
void parallel_run(size_t count, void (*work)(void *context, size_t item, unsigned worker),
                  void *context);
