#include "tenancy/cluster.h"

#include "kube/selector.h"
#include "tenancy/help.h"

static const char default_admins[] = "system:masters";

static const char *const untenanted_words[] = {"deny", "warn", "allow", NULL};
static const char *const at_bind_words[] = {"audit", "warn", "deny", NULL};

static const struct field admin_fields[] = {
    {.name = "users",
     .type = FIELD_GLOBS,
     .may_be_empty = true,
     .offset = offsetof(struct admins, users),
     .summary = "names or globs of users",
     .json_default = "[]"},
    {.name = "groups",
     .type = FIELD_GLOBS,
     .may_be_empty = true,
     .offset = offsetof(struct admins, groups),
     .summary = "names or globs of groups",
     .json_default = "[\"system:masters\"]"},
    {0},
};

static const struct schema admin_schema = {.name = "admins",
                                           .fields = admin_fields,
                                           .size = sizeof(struct admins)};

/* Offsets within the unnamed structs of struct cluster. */
#define EXEMPT_OFFSET(member)                                                                      \
    (offsetof(struct cluster, exempt.member) - offsetof(struct cluster, exempt))
#define FABRIC_OFFSET(member)                                                                      \
    (offsetof(struct cluster, fabric.member) - offsetof(struct cluster, fabric))

static const struct field exempt_fields[] = {
    {.name = "namespaces",
     .type = FIELD_GLOBS,
     .may_be_empty = true,
     .offset = EXEMPT_OFFSET(namespaces),
     .summary = "namespaces, by name or glob, that are never evaluated and not counted",
     .json_default = "[]"},
    {0},
};

static const struct schema exempt_schema = {.name = "exempt",
                                            .fields = exempt_fields,
                                            .size = sizeof(((struct cluster *)0)->exempt)};

static const struct field fabric_fields[] = {
    {.name = "nodeLabel",
     .type = FIELD_STRING,
     .offset = FABRIC_OFFSET(node_label),
     .summary = "the Node label that names a node's fabric domain",
     .json_default = "\"nvidia.com/gpu.clique\"",
     .json_schema = SELECTOR_KEY_JSON},
    {.name = "domains",
     .type = FIELD_STRINGS,
     .offset = FABRIC_OFFSET(domains),
     .summary = "the domains there are; a tenant that names another is a mistake; default: any"},
    {.name = "atBind",
     .type = FIELD_ENUM,
     .words = at_bind_words,
     .offset = FABRIC_OFFSET(at_bind),
     .summary = "what a binding to a node outside gets",
     .json_default = "\"audit\""},
    {0},
};

static const struct schema fabric_schema = {.name = "fabric",
                                            .fields = fabric_fields,
                                            .size = sizeof(((struct cluster *)0)->fabric)};

#define CAPACITY_OFFSET(member)                                                                    \
    (offsetof(struct cluster, capacity.member) - offsetof(struct cluster, capacity))

static const struct field capacity_fields[] = {
    {.name = "gpus",
     .type = FIELD_AMOUNT,
     .is_required = true,
     .offset = CAPACITY_OFFSET(gpus),
     .summary = "whole GPUs that there are"},
    {0},
};

static const struct schema capacity_schema = {.name = "capacity",
                                              .fields = capacity_fields,
                                              .size = sizeof(((struct cluster *)0)->capacity)};

static const struct field fields[] = {
    {.name = "tenantLabel",
     .type = FIELD_STRING,
     .offset = offsetof(struct cluster, tenant_label),
     .summary = "the Namespace label that names its tenant",
     .json_default = "\"fairgate.dev/tenant\"",
     .json_schema = SELECTOR_KEY_JSON},
    {.name = "untenanted",
     .type = FIELD_ENUM,
     .words = untenanted_words,
     .offset = offsetof(struct cluster, untenanted),
     .summary = "what an accelerator pod in a namespace of no tenant gets",
     .json_default = "\"deny\""},
    {.name = "admins",
     .type = FIELD_OBJECT,
     .schema = &admin_schema,
     .offset = offsetof(struct cluster, admins),
     .summary = "who may give a namespace its tenant and change the ladder's classes"},
    {.name = "exempt",
     .type = FIELD_OBJECT,
     .schema = &exempt_schema,
     .offset = offsetof(struct cluster, exempt),
     .summary = "what is never evaluated"},
    {.name = "accelerators",
     .type = FIELD_OBJECTS,
     .may_be_empty = true,
     .schema = &accelerator_schema,
     .offset = offsetof(struct cluster, accelerator_rows),
     .summary = "what counts as a GPU, and how much of one; goes before the built-in table",
     .json_default = "[]"},
    {.name = "fabric",
     .type = FIELD_OBJECT,
     .schema = &fabric_schema,
     .offset = offsetof(struct cluster, fabric),
     .summary = "fabric domains"},
    {.name = "capacity",
     .type = FIELD_OBJECT,
     .schema = &capacity_schema,
     .offset = offsetof(struct cluster, capacity),
     .summary = "what guarantees and reservations are held against when the set is read"},
    {.name = "help",
     .type = FIELD_STRING,
     .offset = offsetof(struct cluster, help),
     .summary = "the address where a denied tenant reads on; {rule} is the rule's name",
     .json_schema = "{\"pattern\": \"^https?://[^/?#{]\"}"},
    {0},
};

static bool is_same_row(const struct accelerator_row *a, const struct accelerator_row *b)
{
    return a->key == b->key && a->name.text && b->name.text &&
           !strcmp(a->name.text, b->name.text) && a->has_product == b->has_product &&
           (!a->has_product ||
            (a->product.text && b->product.text && !strcmp(a->product.text, b->product.text)));
}

/* Two rows for one name and product would make the weight depend on their order. */
static void refuse_same_rows(const struct cluster *cluster, struct problems *problems)
{
    const struct accelerator_row *rows = cluster->accelerator_rows.items;

    for (size_t i = 1; i < cluster->accelerator_rows.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!is_same_row(&rows[i], &rows[j]))
                continue;
            problems_add(problems, rows[i].node, "\"%s\" has a row already, at line %u",
                         rows[i].name.text, rows[j].node->line);
            break;
        }
    }
}

/* A label's key that can't be one is on no object. */
static void check_label(const struct node *node, struct arena *arena, struct problems *problems)
{
    if (node && node->kind == NODE_STRING && node->text.len)
        selector_check_key(node, text_quote(arena, node->text), problems);
}

static bool has_default_admins(const struct admins *admins)
{
    return admins->users.count == 0 && admins->groups.count == 1 && admins->groups.items[0].text &&
           !strcmp(admins->groups.items[0].text, default_admins);
}

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    const struct cluster *cluster = out;

    if (cluster->help)
        help_check(node_find(cluster->node, "help"), problems);
    refuse_same_rows(cluster, problems);
    check_label(node_find(cluster->node, "tenantLabel"), arena, problems);
    check_label(node_find(node_find(cluster->node, "fabric"), "nodeLabel"), arena, problems);
    if (has_default_admins(&cluster->admins))
        problems_warn(problems, cluster->node,
                      "only the group \"%s\" may administer: name others under admins",
                      default_admins);
}

const struct schema cluster_schema = {.name = "Cluster",
                                      .fields = fields,
                                      .size = sizeof(struct cluster),
                                      .finish = finish};

void cluster_init_defaults(struct cluster *cluster, struct arena *arena)
{
    struct error err;

    *cluster = (struct cluster){.tenant_label = "fairgate.dev/tenant"};
    cluster->fabric.node_label = "nvidia.com/gpu.clique";
    cluster->admins.groups.items = arena_alloc(arena, sizeof(struct glob));
    cluster->admins.groups.count =
        glob_parse(bytes_from(default_admins), arena, cluster->admins.groups.items, &err);
}

bool cluster_is_admin(const struct cluster *cluster, const struct review *review)
{
    if (globs_match(&cluster->admins.users, review->user))
        return true;
    for (struct value group = value_first(review->groups); value_type(group);
         group = value_next(group)) {
        if (globs_match(&cluster->admins.groups, value_text(group)))
            return true;
    }
    return false;
}

bool cluster_is_exempt(const struct cluster *cluster, struct bytes namespace)
{
    return globs_match(&cluster->exempt.namespaces, namespace);
}
