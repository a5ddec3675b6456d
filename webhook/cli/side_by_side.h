/* side_by_side: two lists, put beside each other so that as much as possible agrees. */
#pragma once

#include "base/arena.h"

struct two_lists {
    size_t expected, got; /* how many there are */
    bool (*agree)(const void *context, size_t expected, size_t got);
    /* One row; NULL: nothing on that side. */
    void (*show)(void *context, const size_t *expected, const size_t *got);
    void *context;
};

/* Show each element once, in order; those that agree in one row. What lies between two such rows is
 * put beside each other as it comes. */
void two_lists_show(const struct two_lists *lists, struct arena *scratch);
