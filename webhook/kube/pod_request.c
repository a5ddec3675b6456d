#include "kube/pod_request.h"

#include "base/buf.h"
#include "base/field.h"
#include "kube/amount_sum.h"
#include "kube/quantity.h"

static bool too_many_resources(struct error *err)
{
    return error_set_limit(err, "the pod asks for more than %d resources", POD_MAX_RESOURCES);
}

/* Of a device class the scheduler gives whole devices, whatever part of one is asked for; nothing
 * else sees to it (IsNativeResource in pkg/apis/core/helper takes the name for one of Kubernetes'
 * own). */
static struct amount count_devices(struct bytes name, struct amount amount)
{
    if (amount.den <= 1 || !bytes_has_prefix(name, BYTES(CLASS_RESOURCE_PREFIX)))
        return amount;
    return amount_of(amount.num / amount.den + 1);
}

/* A map of quantities, such as requests, limits or overhead. */
static bool read_amounts(struct value map, struct amount_sum *out, struct error *err)
{
    if (value_count(map) > POD_MAX_RESOURCES)
        return too_many_resources(err);
    for (struct value item = value_first(map); value_type(item); item = value_next(item)) {
        struct amount amount;

        if (value_type(item) == VALUE_NULL)
            continue;
        if (!quantity_read(item, out->arena, &amount, err))
            return false;
        *amount_sum_slot(out, value_name(item)) = count_devices(value_name(item), amount);
    }
    return true;
}

/* Each amount of `from`, where it is the larger. */
static void raise_all(struct amount_sum *sum, const struct resource_amounts *from)
{
    for (size_t i = 0; i < from->count; i++)
        amount_sum_raise(sum, from->items[i].name, from->items[i].amount);
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

struct given {
    struct bytes name; /* of the container */
    struct value resources, allocated;
};

static const struct member given_members[] = {
    MEMBER("name", MEMBER_TEXT, struct given, name),
    MEMBER("allocatedResources", MEMBER_OBJECT, struct given, allocated),
    MEMBER("resources", MEMBER_OBJECT, struct given, resources),
    {{0}},
};

/* What the kubelet has promised and what it has done, whichever is more; nothing where the status
 * says nothing of the latter (PodRequests in component-helpers). */
static bool read_given(struct value status, struct arena *arena, struct given *given,
                       struct resource_amounts *out, struct error *err)
{
    struct amount_sum actuated = {.arena = arena}, most = {.arena = arena};
    struct value requests = {0};

    if (!members_read(status, given_members, arena, given, err))
        return false;
    if (!value_is_set(given->resources))
        return true;
    if (!field_object(given->resources, "requests", arena, &requests, err) ||
        !read_amounts(requests, &actuated, err) || !read_amounts(given->allocated, &most, err))
        return false;
    raise_all(&most, &actuated.amounts);
    *out = most.amounts;
    return true;
}

static struct container *find_container(struct pod *pod, struct bytes name)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        struct container *container = &pod->containers[i];

        if ((container->kind == CONTAINER_MAIN || container->kind == CONTAINER_SIDECAR) &&
            bytes_equal(container->name, name))
            return container;
    }
    return NULL;
}

static bool read_statuses(struct pod *pod, struct value list, struct arena *arena,
                          struct error *err)
{
    if (value_count(list) > POD_MAX_CONTAINERS)
        return error_set_limit(err, "the pod's status has more than %d containers",
                               POD_MAX_CONTAINERS);
    for (struct value item = value_first(list); value_type(item); item = value_next(item)) {
        struct resource_amounts amounts = {0};
        struct container *container;
        struct given given = {0};

        if (!read_given(item, arena, &given, &amounts, err))
            return false;
        container = find_container(pod, given.name);
        if (container)
            container->given = amounts;
    }
    return true;
}

/* Of the containers, and of the pod as a whole. */
static bool read_status(struct pod *pod, struct value status, struct arena *arena,
                        struct resource_amounts *own, struct error *err)
{
    struct value running = {0}, init = {0};
    struct given given = {0};

    return field_array(status, "containerStatuses", arena, &running, err) &&
           field_array(status, "initContainerStatuses", arena, &init, err) &&
           read_statuses(pod, running, arena, err) && read_statuses(pod, init, arena, err) &&
           read_given(status, arena, &given, own, err);
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

/* What it asks for, or what it was given where that is more. */
static const struct resource_amounts *need_of(const struct container *container,
                                              struct amount_sum *scratch)
{
    if (container->given.count == 0)
        return &container->requests;
    raise_all(scratch, &container->requests);
    raise_all(scratch, &container->given);
    return &scratch->amounts;
}

static bool sum_container(const struct container *container, struct sums *sums, struct error *err)
{
    struct amount_sum scratch = {.arena = sums->most.arena};
    const struct resource_amounts *requests = need_of(container, &scratch);

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
    raise_all(&sums.most, &sums.running.amounts);
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
 * where they have none, or of hugepages (defaultPodRequests in pkg/apis/core/v1). */
static bool takes_containers_place(const struct pod *pod, const struct amount_sum *containers,
                                   struct bytes name)
{
    struct value own = value_member(pod->resources, "requests");

    return is_pod_level_resource(name) &&
           (value_is_set(value_member_named(own, name)) || !amount_sum_find(containers, name) ||
            bytes_has_prefix(name, BYTES("hugepages-")));
}

/* The pod's own requests in place of its containers'. */
static void take_own(const struct pod *pod, const struct resource_amounts *given,
                     struct amount_sum *sum)
{
    for (size_t i = 0; i < pod->pod_requests.count; i++) {
        const struct resource_amount *item = &pod->pod_requests.items[i];
        const struct amount *had = resource_find(given, item->name);

        if (takes_containers_place(pod, sum, item->name))
            *amount_sum_slot(sum, item->name) = had ? amount_max(item->amount, *had) : item->amount;
    }
}

bool pod_request_compute(struct pod *pod, struct value status, struct arena *arena,
                         struct error *err)
{
    struct amount_sum sum = {0}, overhead = {.arena = arena};
    struct resource_amounts given = {0};

    if (!resources_read(pod->resources, arena, &pod->pod_requests, &pod->pod_limits, err) ||
        !read_amounts(pod->overhead, &overhead, err) ||
        !read_status(pod, status, arena, &given, err) || !sum_containers(pod, arena, &sum, err))
        return false;
    take_own(pod, &given, &sum);
    if (!amount_sum_add_all(&sum, &overhead.amounts, err))
        return false;
    pod->requests = sum.amounts;
    return true;
}
