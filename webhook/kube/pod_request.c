#include "kube/pod_request.h"

#include "base/buf.h"
#include "base/field.h"
#include "kube/amount_sum.h"
#include "kube/quantity.h"

static bool too_many_resources(struct error *err)
{
    return error_set_limit(err, "the pod asks for more than %d resources", POD_MAX_RESOURCES);
}

/* A map of quantities, such as requests, limits or overhead. */
static bool read_amounts(struct value map, struct amount_sum *out, struct error *err)
{
    if (value_count(map) > POD_MAX_RESOURCES)
        return too_many_resources(err);
    for (struct value item = value_first(map); value_type(item); item = value_next(item)) {
        if (value_type(item) == VALUE_NULL)
            continue;
        if (!quantity_read(item, out->arena, amount_sum_slot(out, value_name(item)), err))
            return false;
    }
    return true;
}

struct resources {
    struct value limits, requests;
};

static const struct member resources_members[] = {
    MEMBER("limits", MEMBER_OBJECT, struct resources, limits),
    MEMBER("requests", MEMBER_OBJECT, struct resources, requests),
    {{0}},
};

bool resources_read(struct value value, struct arena *arena, struct resource_amounts *requests,
                    struct resource_amounts *limits, struct error *err)
{
    struct resources resources = {0};
    struct amount_sum asked = {.arena = arena}, most = {.arena = arena};

    if (!members_read(value, resources_members, arena, &resources, err) ||
        !read_amounts(resources.limits, &most, err) ||
        !read_amounts(resources.requests, &asked, err))
        return false;
    for (size_t i = 0; i < most.amounts.count; i++) {
        const struct resource_amount *limit = &most.amounts.items[i];

        if (!amount_sum_find(&asked, limit->name))
            *amount_sum_slot(&asked, limit->name) = limit->amount;
    }
    *requests = asked.amounts;
    *limits = most.amounts;
    return true;
}

/* What containers add up to while they are gone through. */
struct sums {
    struct amount_sum running, sidecars;
    struct amount_sum most; /* the largest step so far */
};

/* An init container beside the sidecars before it. What these ask for that it does not is in
 * `running` in the end, and was raised when they came. */
static bool raise_by_step(struct sums *sums, const struct resource_amounts *step, struct error *err)
{
    for (size_t i = 0; i < step->count; i++) {
        struct resource_amount item = step->items[i];
        const struct amount *beside = amount_sum_find(&sums->sidecars, item.name);

        if (beside && !amount_add(item.amount, *beside, &item.amount))
            return error_set_limit(err, "the sum of %s does not fit 64 bits",
                                   text_quote(sums->most.arena, item.name));
        amount_sum_raise(&sums->most, item.name, item.amount);
    }
    return true;
}

static bool sum_container(const struct container *container, struct sums *sums, struct error *err)
{
    const struct resource_amounts *requests = &container->requests;

    if (requests->count == 0 || container->kind == CONTAINER_EPHEMERAL)
        return true;
    if (container->kind != CONTAINER_INIT && !amount_sum_add_all(&sums->running, requests, err))
        return false;
    if (container->kind == CONTAINER_MAIN)
        return true;
    return raise_by_step(sums, requests, err) &&
           (container->kind == CONTAINER_INIT ||
            amount_sum_add_all(&sums->sidecars, requests, err));
}

/* What runs at once: all main containers and sidecars, or an init step beside the sidecars before
 * it, whichever is more. */
static bool sum_containers(const struct pod *pod, struct arena *arena, struct amount_sum *out,
                           struct error *err)
{
    struct sums sums = {.running.arena = arena, .sidecars.arena = arena, .most.arena = arena};

    for (size_t i = 0; i < pod->container_count; i++) {
        if (!sum_container(&pod->containers[i], &sums, err))
            return false;
        if (sums.running.amounts.count > POD_MAX_RESOURCES ||
            sums.most.amounts.count > POD_MAX_RESOURCES)
            return too_many_resources(err);
    }
    for (size_t i = 0; i < sums.running.amounts.count; i++) {
        const struct resource_amount *item = &sums.running.amounts.items[i];

        amount_sum_raise(&sums.most, item->name, item->amount);
    }
    *out = sums.most;
    return out->amounts.count <= POD_MAX_RESOURCES || too_many_resources(err);
}

/* KEP-2837: pod-level resources exist for these only. */
static bool is_pod_level_resource(struct bytes name)
{
    return bytes_is(name, "cpu") || bytes_is(name, "memory") ||
           bytes_has_prefix(name, BYTES("hugepages-"));
}

/* Where the pod's own request is left out the API server makes it the containers', and its limit
 * where they have none (defaultPodRequests in pkg/apis/core/v1). */
static bool takes_containers_place(const struct pod *pod, const struct amount_sum *containers,
                                   struct bytes name)
{
    struct value own = value_member(pod->resources, "requests");

    return is_pod_level_resource(name) &&
           (value_is_set(value_member_named(own, name)) || !amount_sum_find(containers, name));
}

bool pod_request_compute(struct pod *pod, struct arena *arena, struct error *err)
{
    struct amount_sum sum = {0}, overhead = {.arena = arena};

    if (!resources_read(pod->resources, arena, &pod->pod_requests, &pod->pod_limits, err) ||
        !read_amounts(pod->overhead, &overhead, err) || !sum_containers(pod, arena, &sum, err))
        return false;
    for (size_t i = 0; i < pod->pod_requests.count; i++) {
        const struct resource_amount *item = &pod->pod_requests.items[i];

        if (takes_containers_place(pod, &sum, item->name))
            *amount_sum_slot(&sum, item->name) = item->amount;
    }
    if (!amount_sum_add_all(&sum, &overhead.amounts, err))
        return false;
    pod->requests = sum.amounts;
    return true;
}
