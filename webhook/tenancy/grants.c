#include "tenancy/grants.h"

#include <stdlib.h>

#include "tenancy/tenancy.h"

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* What ends last comes first, so that a look stops at the first that is over. */
static int compare_exceptions(const void *a, const void *b)
{
    const struct exception *left = *(const struct exception *const *)a;
    const struct exception *right = *(const struct exception *const *)b;
    int order = compare_numbers(right->window.until, left->window.until);

    return order ? order : strcmp(left->name, right->name);
}

static int compare_reservations(const void *a, const void *b)
{
    const struct reservation_spec *left = *(const struct reservation_spec *const *)a;
    const struct reservation_spec *right = *(const struct reservation_spec *const *)b;
    int order = compare_numbers(right->window.until, left->window.until);

    return order ? order : strcmp(left->name, right->name);
}

static int compare_exception_names(const void *a, const void *b)
{
    return strcmp((*(struct exception *const *)a)->name, (*(struct exception *const *)b)->name);
}

static int compare_reservation_names(const void *a, const void *b)
{
    return strcmp((*(struct reservation_spec *const *)a)->name,
                  (*(struct reservation_spec *const *)b)->name);
}

static void order_by_name(const struct grants *grants)
{
    if (grants->exception_count)
        qsort(grants->exceptions, grants->exception_count, sizeof(*grants->exceptions),
              compare_exception_names);
    if (grants->reservation_count)
        qsort(grants->reservations, grants->reservation_count, sizeof(*grants->reservations),
              compare_reservation_names);
}

static void give(struct tenant *tenant, struct exception *exception, struct arena *arena)
{
    size_t count = tenant->exception_count;

    /* Two patterns of one exception may match one tenant. */
    if (count && tenant->exceptions[count - 1] == exception)
        return;
    *ARENA_APPEND(arena, tenant->exceptions, tenant->exception_count) = exception;
    *ARENA_APPEND(arena, exception->matched, exception->matched_count) = tenant;
}

static void give_exception(const struct tenancy *tenancy, struct tenant *const *tenants,
                           struct exception *exception, struct arena *arena)
{
    for (size_t i = 0; i < exception->tenants.count; i++) {
        const struct glob *glob = &exception->tenants.items[i];
        const struct tenant *exact =
            glob->is_exact ? tenancy_find_tenant(tenancy, bytes_from(glob->text)) : NULL;

        if (exact)
            give(tenants[exact->index], exception, arena);
        for (size_t j = 0; !glob->is_exact && j < tenancy->tenant_count; j++) {
            if (glob_matches(glob, bytes_from(tenants[j]->name)))
                give(tenants[j], exception, arena);
        }
    }
}

static void give_reservation(const struct tenancy *tenancy, struct tenant *const *tenants,
                             const struct reservation_spec *reservation, struct arena *arena)
{
    const char *name = reservation->tenant_name;
    const struct tenant *found = name ? tenancy_find_tenant(tenancy, bytes_from(name)) : NULL;
    struct tenant *tenant = found ? tenants[found->index] : NULL;

    if (tenant)
        *ARENA_APPEND(arena, tenant->reservations, tenant->reservation_count) = reservation;
}

void grants_init(struct tenancy *tenancy, struct tenant *const *tenants, struct arena *arena)
{
    const struct grants *grants = &tenancy->grants;

    order_by_name(grants);
    for (size_t i = 0; i < grants->exception_count; i++)
        give_exception(tenancy, tenants, grants->exceptions[i], arena);
    for (size_t i = 0; i < grants->reservation_count; i++)
        give_reservation(tenancy, tenants, grants->reservations[i], arena);
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        struct tenant *tenant = tenants[i];

        if (tenant->exception_count)
            qsort(tenant->exceptions, tenant->exception_count, sizeof(*tenant->exceptions),
                  compare_exceptions);
        if (tenant->reservation_count)
            qsort(tenant->reservations, tenant->reservation_count, sizeof(*tenant->reservations),
                  compare_reservations);
    }
}

static void add(struct amount *sum, struct amount amount)
{
    struct amount larger;

    if (amount_add(*sum, amount, &larger))
        *sum = larger;
}

static struct amount sum_reserved(const struct tenant *tenant, const struct bytes *class_name,
                                  int64_t now)
{
    struct amount sum = {0};

    for (size_t i = 0; i < tenant->reservation_count; i++) {
        const struct reservation_spec *reservation = tenant->reservations[i];

        if (reservation->window.until <= now)
            break;
        if (window_holds(&reservation->window, now) &&
            (reservation->priority.count == 0 ||
             (class_name && strings_has(&reservation->priority, *class_name))))
            add(&sum, reservation->gpus);
    }
    return sum;
}

struct amount grants_reserved(const struct tenant *tenant, struct bytes class_name, int64_t now)
{
    return sum_reserved(tenant, &class_name, now);
}

struct amount grants_limit(const struct tenant *tenant, bool is_burst, struct bytes class_name,
                           int64_t now)
{
    struct amount limit = is_burst ? tenant->gpus.burst : tenant->gpus.guaranteed;

    add(&limit, grants_reserved(tenant, class_name, now));
    return limit;
}

struct amount grants_common_limit(const struct tenant *tenant, bool is_burst, int64_t now)
{
    struct amount limit = is_burst ? tenant->gpus.burst : tenant->gpus.guaranteed;

    add(&limit, sum_reserved(tenant, NULL, now));
    for (size_t i = 0; i < tenant->exception_count; i++) {
        const struct exception *exception = tenant->exceptions[i];

        if (exception->window.until <= now)
            break;
        if (window_holds(&exception->window, now) && exception->grant.node && !exception->pods.node)
            add(&limit, exception->grant.gpus);
    }
    return limit;
}

size_t grants_count(const struct tenant *tenant, int64_t now)
{
    size_t count = 0;

    for (size_t i = 0; i < tenant->exception_count; i++)
        count += window_holds(&tenant->exceptions[i]->window, now);
    return count;
}
