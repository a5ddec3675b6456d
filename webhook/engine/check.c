#include "engine/check.h"

#include "engine/claims.h"

void rule_of_tenant(struct findings *findings, const struct facts *facts, const char *field)
{
    const struct tenant *tenant = facts->tenant;
    const struct node *node = node_find_place(tenant->node, field);

    findings_set_rule(findings, node ? node : tenant->node, ENFORCE_DENY, "tenant/%s/%s",
                      tenant->name, field);
}

void rule_of_ladder(struct findings *findings, const struct facts *facts, const char *what,
                    const struct node *node)
{
    const struct ladder *ladder = &facts->tenancy->ladder;

    findings_set_rule(findings, node ? node : ladder->node, ENFORCE_DENY, "ladder/%s/%s",
                      ladder->name, what);
}

void rule_of_cluster(struct findings *findings, const struct facts *facts, const char *what)
{
    const struct node *cluster = facts->tenancy->cluster.node;
    const struct node *node = node_find_place(cluster, what);

    /* A default stands where it could be changed. */
    if (!node && (!strcmp(what, "tenantLabel") || !strcmp(what, "untenanted")))
        node = cluster;
    findings_set_rule(findings, node, ENFORCE_DENY, "cluster/%s", what);
}

const char *facts_key_field(const struct facts *facts, const char *map, const char *key)
{
    bool is_plain = !strpbrk(key, "./\"[] ");

    return arena_printf(facts->arena, is_plain ? "%s%s.%s" : "%s%s[\"%s\"]", facts->prefix, map,
                        key);
}

static bool asks_for_capped_resource(const struct tenant *tenant, const struct facts *facts)
{
    struct amount amount;

    for (size_t i = 0; i < tenant->resources.count; i++) {
        if (!resource_cap_sum(&tenant->resources.items[i], &facts->ask, &amount) ||
            !amount_is_zero(amount))
            return true;
    }
    return false;
}

bool facts_has_burst_class(const struct facts *facts)
{
    return strings_has(&facts->tenant->priority.burst, facts->priority_class);
}

bool facts_changes_share(const struct facts *facts)
{
    return facts->evaluation & EVALUATE_POD_CLASS && facts->tenant &&
           !amount_is_zero(facts->demand.gpus) &&
           (strings_has(&facts->tenant->priority.burst, facts->old_priority_class) !=
                facts_has_burst_class(facts) ||
            amount_compare(
                grants_reserved(facts->tenant, facts->old_priority_class, facts->world->now),
                grants_reserved(facts->tenant, facts->priority_class, facts->world->now)) != 0);
}

bool facts_need_usage(const struct facts *facts)
{
    static const unsigned counted = EVALUATE_POD_CREATE | EVALUATE_POD_RESIZE | EVALUATE_TEMPLATE |
                                    EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE | EVALUATE_GROUP;
    const struct tenant *tenant = facts->tenant;

    if (!tenant || facts->is_made)
        return false;
    if (facts->evaluation == EVALUATE_BINDING)
        return tenant->fabric.domains.count > 0 || tenant->fabric.span == SPAN_ONE;
    if (facts_changes_share(facts) && tenant->gpus.node)
        return true;
    if (!(facts->evaluation & counted))
        return false;
    if (facts->demand.is_accelerated &&
        (tenant->gpus.node || tenant->sharing.exclusive > SCOPE_POD ||
         tenant->fabric.span == SPAN_ONE))
        return true;
    return asks_for_capped_resource(tenant, facts);
}

bool facts_ask_no_more(const struct facts *facts, const struct facts *old)
{
    const struct tenant *tenant = facts->tenant;
    struct amount before, now;

    for (int mode = 0; mode < MODE_COUNT; mode++) {
        if (amount_compare(facts->demand.by_mode[mode], old->demand.by_mode[mode]) > 0)
            return false;
    }
    for (size_t i = 0; i < tenant->resources.count; i++) {
        const struct resource_cap *cap = &tenant->resources.items[i];

        if (!resource_cap_sum(cap, &facts->ask, &now) ||
            !resource_cap_sum(cap, &old->ask, &before) || amount_compare(now, before) > 0)
            return false;
    }
    return true;
}

/* What weighs nothing takes no GPU, but a sight of all is one. */
static bool takes_gpu(const struct accelerator_name *name, const struct facts *facts)
{
    struct accelerator_weight weight;

    return accelerators_weigh(&facts->tenancy->cluster.accelerators, name, &facts->ask.products,
                              &weight) &&
           (weight.is_unbounded || !amount_is_zero(weight.gpus));
}

/* Is it the name that a device class gives itself? */
static bool is_class_of_gpu(struct bytes resource, const struct facts *facts)
{
    const struct claimed *claimed = facts->ask.claimed;

    for (size_t i = 0; claimed && i < claimed->devices.count; i++) {
        const struct device_ask *device = &claimed->devices.items[i];

        if (device->origin == DEVICE_REQUESTED && bytes_equal(device->extended, resource) &&
            demand_weighs_class(device, &facts->ask, &facts->tenancy->cluster))
            return true;
    }
    return false;
}

/* Is there a GPU among what the container uses of the pod's claims? */
static bool uses_gpu(const struct facts *facts, struct value use, bool if_unknown)
{
    struct bytes request = value_text(value_member(use, "request"));
    const struct view_object *claim =
        claims_find_named(&facts->pod.claims, value_text(value_member(use, "name")),
                          facts->namespace, facts->world->view, facts->arena);

    for (size_t i = 0; claim && i < claim->devices.count; i++) {
        const struct device_ask *device = &claim->devices.items[i];

        if ((request.len == 0 || device->request.len == 0 ||
             bytes_equal(device->request, request)) &&
            demand_weighs_class(device, &facts->ask, &facts->tenancy->cluster))
            return true;
    }
    return !claim && if_unknown;
}

bool facts_container_asks(const struct facts *facts, const struct container *container,
                          bool if_unknown)
{
    struct value uses = value_member(container->resources, "claims");

    for (size_t i = 0; i < container->requests.count; i++) {
        const struct resource_amount *item = &container->requests.items[i];
        struct accelerator_name name = {.key = ACCELERATOR_RESOURCE, .text = item->name};

        if (!amount_is_zero(item->amount) &&
            (takes_gpu(&name, facts) || is_class_of_gpu(item->name, facts)))
            return true;
    }
    for (struct value use = value_first(uses); value_type(use); use = value_next(use)) {
        if (uses_gpu(facts, use, if_unknown))
            return true;
    }
    return false;
}

/* Is it a name such as nvidia.com/container.NAME.gpu-memory.limit, of that container? */
static bool is_of_container(struct bytes annotation, const struct container *container)
{
    struct bytes start = BYTES("nvidia.com/container."), rest;

    if (!bytes_has_prefix(annotation, start))
        return false;
    rest = bytes_tail(annotation, start.len);
    return bytes_has_prefix(rest, container->name) && rest.len > container->name.len &&
           rest.data[container->name.len] == '.';
}

bool facts_is_kais_container(const struct facts *facts, const struct container *container)
{
    const struct pod *pod = &facts->pod;
    struct bytes named = value_text(value_member(pod->annotations, "gpu-fraction-container-name"));

    if (named.len)
        return container->kind != CONTAINER_EPHEMERAL && bytes_equal(container->name, named);
    return container == &pod->containers[value_count(pod->container_lists[0])];
}

bool facts_container_shares(const struct facts *facts, const struct container *container)
{
    for (size_t i = 0; facts->demand.is_annotated && i < facts->ask.annotation_count; i++) {
        const struct annotation *annotation = &facts->ask.annotations[i];
        bool is_for_it = demand_is_kais(annotation->name)
                             ? facts_is_kais_container(facts, container)
                             : !bytes_has_prefix(annotation->name, BYTES("nvidia.com/container."));

        if (is_of_container(annotation->name, container) ||
            (is_for_it &&
             demand_weighs_annotation(annotation, &facts->ask, &facts->tenancy->cluster)))
            return true;
    }
    return false;
}
