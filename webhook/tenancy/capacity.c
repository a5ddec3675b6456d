#include "tenancy/capacity.h"

#include <stdlib.h>

#include "base/instant.h"

enum { MOST_NAMED = 8 };

/* A reservation begins, or ends. */
struct event {
    int64_t at;
    bool begins;
    const struct reservation_spec *reservation;
};

/* At one instant what ends comes first: `until` is outside. Of what begins the names decide. */
static int compare_events(const void *a, const void *b)
{
    const struct event *left = a, *right = b;

    if (left->at != right->at)
        return left->at < right->at ? -1 : 1;
    if (left->begins != right->begins)
        return left->begins ? 1 : -1;
    return strcmp(left->reservation->name, right->reservation->name);
}

static int compare_guarantees(const void *a, const void *b)
{
    const struct tenant *left = *(const struct tenant *const *)a;
    const struct tenant *right = *(const struct tenant *const *)b;
    int order = amount_compare(right->gpus.guaranteed, left->gpus.guaranteed);

    return order ? order : strcmp(left->name, right->name);
}

/* "research 16, serving 8 and 3 more", the largest first; "none". */
static const char *list_guarantees(const struct tenancy *tenancy, struct arena *arena)
{
    const struct tenant **tenants = arena_alloc(arena, tenancy->tenant_count * sizeof(*tenants));
    struct strings texts = {0};

    memcpy(tenants, tenancy->tenants, tenancy->tenant_count * sizeof(*tenants));
    qsort(tenants, tenancy->tenant_count, sizeof(*tenants), compare_guarantees);
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        if (!amount_is_zero(tenants[i]->gpus.guaranteed))
            strings_add(&texts, arena,
                        arena_printf(arena, "%s %s", tenants[i]->name,
                                     amount_write(tenants[i]->gpus.guaranteed, arena)));
    }
    return texts.count ? strings_join(&texts, MOST_NAMED, arena) : "none";
}

static const char *list_reservations(const struct grants *grants, int64_t at, struct arena *arena)
{
    struct strings texts = {0};

    for (size_t i = 0; i < grants->reservation_count; i++) {
        const struct reservation_spec *reservation = grants->reservations[i];

        if (window_holds(&reservation->window, at))
            strings_add(&texts, arena,
                        arena_printf(arena, "%s %s", reservation->name,
                                     amount_write(reservation->gpus, arena)));
    }
    return strings_join(&texts, MOST_NAMED, arena);
}

static void tell_instant(const struct tenancy *tenancy, const struct event *event,
                         struct amount sum, struct problems *problems)
{
    struct arena *arena = problems->arena;

    problems_add(problems, node_find(event->reservation->node, "gpus"),
                 "at %s guarantees and reservations come to %s GPUs, more than the %s of "
                 "Cluster.capacity: reservations %s; guarantees %s",
                 instant_write(event->at, arena), amount_write(sum, arena),
                 amount_write(tenancy->cluster.capacity.gpus, arena),
                 list_reservations(&tenancy->grants, event->at, arena),
                 list_guarantees(tenancy, arena));
}

static struct event *list_events(const struct grants *grants, struct arena *arena, size_t *count)
{
    struct event *events = arena_alloc(arena, 2 * grants->reservation_count * sizeof(*events));

    *count = 0;
    for (size_t i = 0; i < grants->reservation_count; i++) {
        const struct reservation_spec *reservation = grants->reservations[i];

        if (reservation->window.from >= reservation->window.until)
            continue;
        events[(*count)++] = (struct event){reservation->window.from, true, reservation};
        events[(*count)++] = (struct event){reservation->window.until, false, reservation};
    }
    if (*count)
        qsort(events, *count, sizeof(*events), compare_events);
    return events;
}

/* False where the sum doesn't fit 64 bits. */
static bool take(struct amount *sum, const struct event *event)
{
    return event->begins ? amount_add(*sum, event->reservation->gpus, sum)
                         : amount_subtract(*sum, event->reservation->gpus, sum);
}

static void tell_too_large(const struct tenancy *tenancy, struct problems *problems)
{
    problems_add(problems, node_find(tenancy->cluster.capacity.node, "gpus"),
                 "guarantees and reservations come to a sum that does not fit 64 bits");
}

static void check_reservations(const struct tenancy *tenancy, struct amount sum,
                               struct problems *problems)
{
    size_t count;
    const struct event *events = list_events(&tenancy->grants, problems->arena, &count);
    bool was_beyond = false;

    for (size_t i = 0; i < count; i++) {
        bool is_beyond;

        if (!take(&sum, &events[i])) {
            tell_too_large(tenancy, problems);
            return;
        }
        if (i + 1 < count && events[i + 1].at == events[i].at)
            continue;
        is_beyond = amount_compare(sum, tenancy->cluster.capacity.gpus) > 0;
        if (is_beyond && !was_beyond)
            tell_instant(tenancy, &events[i], sum, problems);
        was_beyond = is_beyond;
    }
}

void capacity_check(const struct tenancy *tenancy, struct problems *problems)
{
    const struct node *node = node_find(tenancy->cluster.capacity.node, "gpus");
    struct amount capacity = tenancy->cluster.capacity.gpus, sum = {0};

    if (!node)
        return;
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        if (!amount_add(sum, tenancy->tenants[i]->gpus.guaranteed, &sum)) {
            tell_too_large(tenancy, problems);
            return;
        }
    }
    if (amount_compare(sum, capacity) > 0)
        problems_add(problems, node,
                     "\"gpus\": guarantees alone come to %s GPUs, more than %s, at any instant: %s",
                     amount_write(sum, problems->arena), amount_write(capacity, problems->arena),
                     list_guarantees(tenancy, problems->arena));
    else
        check_reservations(tenancy, sum, problems);
}
