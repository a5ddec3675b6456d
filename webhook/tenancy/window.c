#include "tenancy/window.h"

#include "base/instant.h"
#include "base/node.h"

bool window_holds(const struct window *window, int64_t now)
{
    return window->from <= now && now < window->until;
}

void window_check(const struct window *window, const struct node *node, struct problems *problems)
{
    if (window->from < window->until)
        return;
    problems_add(problems, node_find(node, "until"),
                 "\"until\": must be after from, %s: the instant itself is outside",
                 instant_write(window->from, problems->arena));
}
