#include "tenancy/tenant.h"

#include "kube/quantity.h"
#include "kube/resource_name.h"

const char *const scope_names[] = {"none", "pod", "namespace", "tenant", NULL};

/* In the order that makes the default, any, 0. */
static const char *const span_words[] = {"any", "one", NULL};

#define OFFSET(group, member)                                                                      \
    (offsetof(struct tenant, group.member) - offsetof(struct tenant, group))
#define SIZE(group) sizeof(((struct tenant *)0)->group)

static const struct field owner_fields[] = {
    {.name = "team",
     .type = FIELD_STRING,
     .offset = OFFSET(owner, team),
     .summary = "who the tenant is"},
    {.name = "contact",
     .type = FIELD_STRING,
     .offset = OFFSET(owner, contact),
     .summary = "where a denied tenant asks for more"},
    {.name = "costCenter",
     .type = FIELD_STRING,
     .offset = OFFSET(owner, cost_center),
     .summary = "who pays"},
    {0},
};

static const struct field gpus_fields[] = {
    {.name = "guaranteed",
     .type = FIELD_AMOUNT,
     .is_required = true,
     .offset = OFFSET(gpus, guaranteed),
     .summary = "up to so many GPUs, pods of any allowed class; 0 is an amount"},
    {.name = "burst",
     .type = FIELD_AMOUNT,
     .offset = OFFSET(gpus, burst),
     .is_derived = true,
     .summary =
         "up to so many GPUs, pods of the classes under priority.burst; default: guaranteed"},
    {.name = "perPod",
     .type = FIELD_AMOUNT,
     .offset = OFFSET(gpus, per_pod),
     .summary = "GPUs that a single pod may ask for; default: any number"},
    {0},
};

static const struct field sharing_fields[] = {
    {.name = "modes",
     .type = FIELD_ENUMS,
     .words = mode_names,
     .offset = OFFSET(sharing, modes),
     .summary = "which modes the tenant may use at all",
     .json_default = "[\"whole\", \"mig\", \"shared\"]"},
    {.name = "exclusive",
     .type = FIELD_ENUM,
     .words = scope_names,
     .offset = OFFSET(sharing, exclusive),
     .summary = "inside one of these the tenant uses one mode at a time",
     .json_default = "\"none\""},
    {0},
};

static const struct field priority_fields[] = {
    {.name = "allowed",
     .type = FIELD_STRINGS,
     .offset = OFFSET(priority, allowed),
     .summary = "priority classes of its pods; default: every class of the ladder"},
    {.name = "default",
     .type = FIELD_STRING,
     .offset = OFFSET(priority, default_class),
     .summary = "the class that accelerator pods get that have none; default: none"},
    {.name = "burst",
     .type = FIELD_STRINGS,
     .offset = OFFSET(priority, burst),
     .summary = "classes that may run above guaranteed; required where gpus.burst is more than "
                "guaranteed"},
    {0},
};

static const struct field fabric_fields[] = {
    {.name = "domains",
     .type = FIELD_STRINGS,
     .offset = OFFSET(fabric, domains),
     .summary = "fabric domains where its accelerator pods may run; default: any"},
    {.name = "span",
     .type = FIELD_ENUM,
     .words = span_words,
     .offset = OFFSET(fabric, span),
     .summary = "one: all pods of one workload in a single domain",
     .json_default = "\"any\""},
    {0},
};

static const struct schema owner_schema = {.name = "owner",
                                           .fields = owner_fields,
                                           .size = SIZE(owner)};
static const struct schema gpus_schema = {.name = "gpus",
                                          .fields = gpus_fields,
                                          .size = SIZE(gpus)};
static const struct schema sharing_schema = {.name = "sharing",
                                             .fields = sharing_fields,
                                             .size = SIZE(sharing)};
static const struct schema priority_schema = {.name = "priority",
                                              .fields = priority_fields,
                                              .size = SIZE(priority)};
static const struct schema fabric_schema = {.name = "fabric",
                                            .fields = fabric_fields,
                                            .size = SIZE(fabric)};

static bool read_cap(const struct node *key, const struct node *value, struct arena *arena,
                     struct resource_caps *caps, struct problems *problems)
{
    struct resource_cap cap = {.node = key};
    struct error err = {0};

    if (!glob_parse(key->text, arena, &cap.name, &err)) {
        problems_add(problems, key, "%s", err.text);
        return false;
    }
    resource_name_check(key, problems);
    if (!quantity_read_node(value, &cap.max, problems))
        return false;
    *ARENA_APPEND(arena, caps->items, caps->count) = cap;
    return true;
}

static bool read_resources(const struct node *node, struct arena *arena, void *out,
                           struct problems *problems)
{
    struct resource_caps *caps = out;
    bool is_sound = true;

    if (node->kind != NODE_MAP) {
        problems_add(problems, node, "\"resources\": expected a map, got %s",
                     node_describe(node, arena));
        return false;
    }
    if (node->count == 0) {
        problems_add(problems, node, "\"resources\" must not be empty");
        return false;
    }
    for (size_t i = 0; i < node->count; i++)
        is_sound &=
            read_cap(&node->children[2 * i], &node->children[2 * i + 1], arena, caps, problems);
    return is_sound;
}

static const struct field fields[] = {
    {.name = "owner",
     .type = FIELD_OBJECT,
     .schema = &owner_schema,
     .offset = offsetof(struct tenant, owner),
     .summary = "who to ask, and who pays"},
    {.name = "namespaces",
     .type = FIELD_GLOBS,
     .offset = offsetof(struct tenant, namespaces),
     .summary = "its namespaces, by name or glob; a namespace also joins by the tenant label"},
    {.name = "gpus",
     .type = FIELD_OBJECT,
     .schema = &gpus_schema,
     .offset = offsetof(struct tenant, gpus),
     .summary = "caps in whole GPUs over all accelerators; left out: no cap"},
    {.name = "resources",
     .type = FIELD_CUSTOM,
     .read = read_resources,
     .offset = offsetof(struct tenant, resources),
     .summary = "caps by resource name or glob, in the resource's own unit",
     .type_name = "map[string]quantity",
     .json_schema = QUANTITY_MAP_JSON},
    {.name = "sharing",
     .type = FIELD_OBJECT,
     .schema = &sharing_schema,
     .offset = offsetof(struct tenant, sharing),
     .summary = "whole GPUs, MIG slices and shares of GPUs"},
    {.name = "priority",
     .type = FIELD_OBJECT,
     .schema = &priority_schema,
     .offset = offsetof(struct tenant, priority),
     .summary = "priority classes"},
    {.name = "fabric",
     .type = FIELD_OBJECT,
     .schema = &fabric_schema,
     .offset = offsetof(struct tenant, fabric),
     .summary = "where its accelerator pods may run"},
    {0},
};

static void check_gpus(const struct tenant *tenant, struct problems *problems)
{
    const struct node *node = tenant->gpus.node;

    if (tenant->gpus.has_burst && node_find(node, "guaranteed") &&
        amount_compare(tenant->gpus.burst, tenant->gpus.guaranteed) < 0)
        problems_add(problems, node_find(node, "burst"),
                     "\"burst\": must not be below guaranteed, %s",
                     amount_write(tenant->gpus.guaranteed, problems->arena));
    if (tenant->gpus.has_per_pod && amount_is_zero(tenant->gpus.per_pod))
        problems_add(problems, node_find(node, "perPod"),
                     "\"perPod\": 0 would deny every pod that asks for a GPU; leave it out, or use "
                     "guaranteed: 0");
    if (amount_compare(tenant->gpus.burst, tenant->gpus.guaranteed) > 0 &&
        tenant->priority.burst.count == 0 && !node_find(tenant->priority.node, "burst"))
        problems_add(problems, node_find_key(node, "burst"),
                     "burst above guaranteed needs the classes that may use it: priority.burst");
}

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    struct tenant *tenant = out;

    (void)arena;
    tenant->gpus.has_burst = node_find(tenant->gpus.node, "burst");
    tenant->gpus.has_per_pod = node_find(tenant->gpus.node, "perPod");
    if (!tenant->gpus.has_burst)
        tenant->gpus.burst = tenant->gpus.guaranteed;
    check_gpus(tenant, problems);
}

const struct schema tenant_schema = {.name = "Tenant",
                                     .fields = fields,
                                     .size = sizeof(struct tenant),
                                     .finish = finish};

void tenant_init_defaults(struct tenant *tenant)
{
    *tenant = (struct tenant){0};
}
