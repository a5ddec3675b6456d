/* window: the time in which an exception or a reservation holds. */
#pragma once

#include <stdint.h>

#include "base/problems.h"

struct window {
    int64_t from;  /* 0: from ever */
    int64_t until; /* the instant itself is outside */
};

bool window_holds(const struct window *window, int64_t now);

/* A mistake where it ends before it begins. `node`: the map with `from` and `until`. */
void window_check(const struct window *window, const struct node *node, struct problems *problems);
