#include "cli/bundle.h"

#include <stdlib.h>

#include "cli/bundle_quota.h"
#include "kube/selector.h"
#include "tenancy/rule_name.h"

enum { MAX_ANNOTATION_BYTES = 1024 };

enum { NAMESPACES, CLASSES, ACCESS, NETWORK, QUOTAS };

/* What is being made, and for which of the tenant's namespaces. */
struct maker {
    const struct bundle_request *request;
    struct bundle *out;
    struct strings namespaces; /* ordered */
};

static void add(const struct maker *maker, int file, json_t *object)
{
    json_array_append_new(maker->out->files[file].objects, object);
}

static void note(const struct maker *maker, int file, const char *text)
{
    strings_add(&maker->out->files[file].notes, maker->out->arena, text);
}

/* ---- namespaces */

static void note_left_out(const struct maker *maker, struct strings *names, const char *why)
{
    struct arena *arena = maker->out->arena;

    strings_sort(names);
    if (names->count)
        strings_add(&maker->out->notes, arena,
                    arena_printf(arena, "Not made: %s: %s",
                                 strings_join(names, names->count, arena), why));
}

/* Those that are written out, and what is said of the others. */
static void choose_namespaces(struct maker *maker)
{
    const struct tenancy *tenancy = maker->request->tenancy;
    const struct globs *globs = &maker->request->tenant->namespaces;
    struct arena *arena = maker->out->arena;
    struct strings patterns = {0}, exempt = {0};

    for (size_t i = 0; i < globs->count; i++) {
        struct bytes name = bytes_from(globs->items[i].text);
        struct strings *chosen = !globs->items[i].is_exact                    ? &patterns
                                 : cluster_is_exempt(&tenancy->cluster, name) ? &exempt
                                                                              : &maker->namespaces;

        strings_add(chosen, arena, text_quote(arena, name));
    }
    strings_sort(&maker->namespaces);
    note_left_out(maker, &patterns, "a pattern is no name of a namespace.");
    note_left_out(maker, &exempt, "exempt namespaces are never judged.");
}

static void annotate(json_t *annotations, const char *key, const char *text, struct arena *arena)
{
    if (text && *text)
        json_object_set_new(annotations, key,
                            json_string(text_clean(arena, bytes_from(text), MAX_ANNOTATION_BYTES)));
}

/* Nobody's text is a label: it need not be one that Kubernetes takes. */
static json_t *make_annotations(const struct tenant *tenant, struct arena *arena)
{
    json_t *annotations = json_object();

    annotate(annotations, "fairgate.dev/team", tenant->owner.team, arena);
    annotate(annotations, "fairgate.dev/contact", tenant->owner.contact, arena);
    annotate(annotations, "fairgate.dev/cost-center", tenant->owner.cost_center, arena);
    return annotations;
}

static json_t *make_labels(const struct bundle_request *request, struct arena *arena)
{
    json_t *labels = json_pack("{s:s, s:s, s:s}", request->tenancy->cluster.tenant_label,
                               request->tenant->name, "pod-security.kubernetes.io/enforce",
                               "baseline", "pod-security.kubernetes.io/audit", "restricted");

    for (size_t i = 0; i < request->labels.count; i++) {
        const char *label = request->labels.items[i], *value = strchr(label, '=');
        struct bytes key = {label, (size_t)(value - label)};

        json_object_set_new(labels, arena_copy(arena, key), json_string(value + 1));
    }
    return labels;
}

static void add_namespace(const struct maker *maker, const char *name)
{
    struct arena *arena = maker->out->arena;
    json_t *annotations = make_annotations(maker->request->tenant, arena);
    json_t *metadata =
        json_pack("{s:s, s:o}", "name", name, "labels", make_labels(maker->request, arena));

    if (json_object_size(annotations))
        json_object_set(metadata, "annotations", annotations);
    json_decref(annotations);
    add(maker, NAMESPACES,
        json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind", "Namespace", "metadata",
                  metadata));
}

/* ---- rights */

static json_t *make_group(const char *group)
{
    return json_pack("[{s:s, s:s, s:s}]", "apiGroup", "rbac.authorization.k8s.io", "kind", "Group",
                     "name", group);
}

static json_t *make_binding(const char *kind, json_t *metadata, const char *role, const char *group)
{
    return json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}, s:o}", "apiVersion",
                     "rbac.authorization.k8s.io/v1", "kind", kind, "metadata", metadata, "roleRef",
                     "apiGroup", "rbac.authorization.k8s.io", "kind", "ClusterRole", "name", role,
                     "subjects", make_group(group));
}

static json_t *make_metadata(const char *name, const char *namespace)
{
    return namespace ? json_pack("{s:s, s:s}", "name", name, "namespace", namespace)
                     : json_pack("{s:s}", "name", name);
}

/* `edit` has no right to namespaces, nodes, priority classes, quotas or RBAC itself. */
static void add_access(const struct maker *maker, const char *namespace)
{
    add(maker, ACCESS,
        make_binding("RoleBinding", make_metadata("tenant-edit", namespace), "edit",
                     maker->request->group));
}

static void add_usage_access(const struct maker *maker)
{
    const char *tenant = maker->request->tenant->name;
    const char *name = arena_printf(maker->out->arena, "tenant-usage-%s", tenant);

    note(maker, ACCESS, "The tenant's people may see what it holds: kubectl get tu NAME.");
    add(maker, ACCESS,
        json_pack("{s:s, s:s, s:o, s:[{s:[s], s:[s], s:[s], s:[s]}]}", "apiVersion",
                  "rbac.authorization.k8s.io/v1", "kind", "ClusterRole", "metadata",
                  make_metadata(name, NULL), "rules", "apiGroups", "fairgate.dev", "resources",
                  "tenantusages", "resourceNames", tenant, "verbs", "get"));
    add(maker, ACCESS,
        make_binding("ClusterRoleBinding", make_metadata(name, NULL), name, maker->request->group));
}

/* ---- network */

static json_t *make_policy(const char *name, const char *namespace, json_t *spec)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "networking.k8s.io/v1", "kind",
                     "NetworkPolicy", "metadata", make_metadata(name, namespace), "spec", spec);
}

static void add_network(const struct maker *maker, const char *namespace)
{
    add(maker, NETWORK,
        make_policy("default-deny", namespace,
                    json_pack("{s:{}, s:[s, s]}", "podSelector", "policyTypes", "Ingress",
                              "Egress")));
    add(maker, NETWORK,
        make_policy("allow-dns", namespace,
                    json_pack("{s:{}, s:[s], s:[{s:[{s:{s:{s:s}}}], s:[{s:s, s:i}, {s:s, s:i}]}]}",
                              "podSelector", "policyTypes", "Egress", "egress", "to",
                              "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name",
                              "kube-system", "ports", "protocol", "UDP", "port", 53, "protocol",
                              "TCP", "port", 53)));
}

/* ---- quotas */

static void add_quotas(const struct maker *maker, const char *namespace)
{
    struct arena *arena = maker->out->arena;
    const struct tenancy *tenancy = maker->request->tenancy;
    const struct tenant *tenant = maker->request->tenant;

    add(maker, QUOTAS,
        json_pack("{s:s, s:s, s:o, s:{s:o}}", "apiVersion", "v1", "kind", "ResourceQuota",
                  "metadata", make_metadata("tenant", namespace), "spec", "hard",
                  bundle_quota_hard(tenancy, tenant, arena)));
    add(maker, QUOTAS,
        json_pack("{s:s, s:s, s:o, s:{s:[{s:s, s:o}]}}", "apiVersion", "v1", "kind", "LimitRange",
                  "metadata", make_metadata("tenant", namespace), "spec", "limits", "type",
                  "Container", "defaultRequest", bundle_quota_defaults(tenant, arena)));
}

/* ---- priority classes */

/* One that no cluster can have, or that every cluster has. */
static bool is_makeable(const struct tier *tier)
{
    struct bytes name = bytes_from(tier->class_name);

    return selector_is_subdomain(name) && !bytes_has_prefix(name, BYTES("system-"));
}

static const char *describe(const struct tier *tier, const struct ladder *ladder,
                            struct arena *arena)
{
    const char *evicts = strings_join(&tier->preempts, tier->preempts.count, arena);

    return text_clean(arena,
                      bytes_from(arena_printf(arena, "%s, of the ladder %s; evicts %s.", tier->name,
                                              ladder->name, *evicts ? evicts : "nobody")),
                      MAX_ANNOTATION_BYTES);
}

static void add_classes(const struct maker *maker)
{
    const struct ladder *ladder = &maker->request->tenancy->ladder;
    struct arena *arena = maker->out->arena;
    struct strings left_out = {0};

    for (size_t i = 0; i < ladder->tiers.count; i++) {
        const struct tier *tier = (const struct tier *)ladder->tiers.items + i;

        if (!is_makeable(tier)) {
            strings_add(&left_out, arena, text_quote(arena, bytes_from(tier->class_name)));
            continue;
        }
        add(maker, CLASSES,
            json_pack("{s:s, s:s, s:o, s:I, s:s, s:b, s:s}", "apiVersion", "scheduling.k8s.io/v1",
                      "kind", "PriorityClass", "metadata", make_metadata(tier->class_name, NULL),
                      "value", (json_int_t)tier->value, "preemptionPolicy",
                      preemption_policy_names[tier->policy], "globalDefault", false, "description",
                      describe(tier, ladder, arena)));
    }
    note_left_out(maker, &left_out, "Kubernetes takes no class of that name.");
}

/* ---- all of it */

bool bundle_check_label(const struct tenancy *tenancy, const char *label, struct error *err)
{
    const char *equals = strchr(label, '=');
    struct bytes key = {label, equals ? (size_t)(equals - label) : 0};

    if (!equals || !selector_is_key(key) || !selector_is_value(bytes_from(equals + 1)))
        return error_set(err, "--label: expected KEY=VALUE as labels have them, got \"%s\"", label);
    if (bytes_is(key, tenancy->cluster.tenant_label))
        return error_set(err, "--label: %s is the tenant's name, which the set says",
                         tenancy->cluster.tenant_label);
    return true;
}

static void note_all(const struct maker *maker)
{
    struct arena *arena = maker->out->arena;

    note(maker, NAMESPACES,
         "Pods that need more than baseline gives them, as IPC_LOCK for RDMA, need another label.");
    note(maker, ACCESS,
         "edit in the tenant's namespaces: nothing of namespaces, nodes, priority classes, quotas");
    note(maker, ACCESS, "and RBAC.");
    note(
        maker, NETWORK,
        "Nothing goes in or out but questions to the cluster's DNS: the tenant adds what it needs, "
        "as");
    note(maker, NETWORK, "traffic among the pods of a job.");
    bundle_quota_note(maker->request->tenancy, maker->request->tenant, arena,
                      &maker->out->files[QUOTAS].notes);
}

static void make_tenant(struct maker *maker)
{
    struct arena *arena = maker->out->arena;

    strings_add(&maker->out->notes, arena,
                arena_printf(arena,
                             "What the tenant %s needs before its first pod. Made by fairgate "
                             "bundle: change the policy set, not this.",
                             maker->request->tenant->name));
    choose_namespaces(maker);
    note_all(maker);
    for (size_t i = 0; i < maker->namespaces.count; i++) {
        add_namespace(maker, maker->namespaces.items[i]);
        add_access(maker, maker->namespaces.items[i]);
        add_network(maker, maker->namespaces.items[i]);
        add_quotas(maker, maker->namespaces.items[i]);
    }
    add_usage_access(maker);
}

void bundle_make(const struct bundle_request *request, struct arena *arena, struct bundle *out)
{
    static const char *const names[BUNDLE_FILES] = {
        [NAMESPACES] = "namespaces.yaml", [CLASSES] = "priority-classes.yaml",
        [ACCESS] = "access.yaml",         [NETWORK] = "network-policies.yaml",
        [QUOTAS] = "quotas.yaml",
    };
    struct maker maker = {.request = request, .out = out};

    *out = (struct bundle){.arena = arena};
    for (int i = 0; i < BUNDLE_FILES; i++)
        out->files[i] = (struct bundle_file){.name = names[i], .objects = json_array()};
    if (request->tenant)
        make_tenant(&maker);
    else
        strings_add(&out->notes, arena,
                    "The ladder's priority classes. Made by fairgate bundle: change the policy "
                    "set, not this.");
    if (request->has_classes)
        add_classes(&maker);
}

void bundle_release(struct bundle *bundle)
{
    for (int i = 0; i < BUNDLE_FILES; i++)
        json_decref(bundle->files[i].objects);
}
