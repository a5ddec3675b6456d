#include "kube/pod.h"

#include "base/buf.h"
#include "base/field.h"
#include "kube/pod_request.h"

const struct amount *resource_find(const struct resource_amounts *amounts, struct bytes name)
{
    for (size_t i = 0; i < amounts->count; i++) {
        if (bytes_equal(amounts->items[i].name, name))
            return &amounts->items[i].amount;
    }
    return NULL;
}

static void add_image(struct pod *pod, struct arena *arena, struct value value)
{
    struct image_use *use = ARENA_APPEND(arena, pod->images, pod->image_count);

    *use = (struct image_use){value_text(value), value};
}

static size_t count_claim_uses(struct value container)
{
    return value_count(value_path(container, "resources.claims"));
}

/* In the order of the fields of Container. */
static const struct member container_members[] = {
    MEMBER("name", MEMBER_TEXT, struct container, name),
    MEMBER("image", MEMBER_STRING, struct container, image),
    MEMBER("envFrom", MEMBER_ARRAY, struct container, env_from),
    MEMBER("env", MEMBER_ARRAY, struct container, env),
    MEMBER("resources", MEMBER_OBJECT, struct container, resources),
    MEMBER("restartPolicy", MEMBER_TEXT, struct container, restart_policy),
    MEMBER("volumeMounts", MEMBER_ARRAY, struct container, mounts),
    MEMBER("securityContext", MEMBER_OBJECT, struct container, security),
    {{0}},
};

static bool read_container(struct value value, enum container_kind kind, struct arena *arena,
                           struct pod *out, struct error *err)
{
    struct container *container = ARENA_APPEND(arena, out->containers, out->container_count);

    container->value = value;
    container->kind = kind;
    if (value_type(value) != VALUE_OBJECT)
        return error_set(err, "%s: expected an object, got %s", value_place(value, arena),
                         value_type_name(value_type(value)));
    if (!members_read(value, container_members, arena, container, err) ||
        !resources_read(container->resources, arena, &container->requests, &container->limits, err))
        return false;
    if (kind == CONTAINER_INIT && bytes_is(container->restart_policy, "Always"))
        container->kind = CONTAINER_SIDECAR;
    out->claim_use_count += count_claim_uses(value);
    if (out->claim_use_count > POD_MAX_CLAIM_USES)
        return error_set_limit(err, "the pod's containers use claims more than %d times",
                               POD_MAX_CLAIM_USES);
    if (value_type(container->image))
        add_image(out, arena, container->image);
    return true;
}

static bool read_containers(struct value array, enum container_kind kind, struct arena *arena,
                            struct pod *out, struct error *err)
{
    if (value_count(array) > POD_MAX_CONTAINERS - out->container_count)
        return error_set_limit(err, "the pod has more than %d containers", POD_MAX_CONTAINERS);
    for (struct value item = value_first(array); value_type(item); item = value_next(item)) {
        if (!read_container(item, kind, arena, out, err))
            return false;
    }
    return true;
}

struct volume_parts {
    struct bytes name;
    struct value host_path, image;
};

/* In the order of the fields of Volume. */
static const struct member volume_members[] = {
    MEMBER("name", MEMBER_TEXT, struct volume_parts, name),
    MEMBER("hostPath", MEMBER_OBJECT, struct volume_parts, host_path),
    MEMBER("image", MEMBER_OBJECT, struct volume_parts, image),
    {{0}},
};

static bool read_volume(struct value value, struct arena *arena, struct pod *out, struct error *err)
{
    struct volume_parts parts = {0};
    struct bytes reference = {0}, path = {0};

    if (value_type(value) != VALUE_OBJECT)
        return error_set(err, "%s: expected an object, got %s", value_place(value, arena),
                         value_type_name(value_type(value)));
    if (!members_read(value, volume_members, arena, &parts, err) ||
        !field_text(parts.image, "reference", arena, &reference, err) ||
        !field_text(parts.host_path, "path", arena, &path, err))
        return false;
    if (reference.len)
        add_image(out, arena, value_member(parts.image, "reference"));
    if (path.len)
        *ARENA_APPEND(arena, out->host_paths, out->host_path_count) =
            (struct host_path){parts.name, value_member(parts.host_path, "path")};
    return true;
}

static bool read_volumes(struct arena *arena, struct pod *out, struct error *err)
{
    if (value_count(out->volumes) > POD_MAX_VOLUMES)
        return error_set_limit(err, "the pod has %zu volumes, more than %d",
                               value_count(out->volumes), POD_MAX_VOLUMES);
    for (struct value item = value_first(out->volumes); value_type(item); item = value_next(item)) {
        if (!read_volume(item, arena, out, err))
            return false;
    }
    return true;
}

static bool read_owner(struct arena *arena, struct pod *out, struct error *err)
{
    for (struct value owner = value_first(out->owners); value_type(owner);
         owner = value_next(owner)) {
        bool is_controller = false;

        if (!field_bool(owner, "controller", arena, &is_controller, err))
            return false;
        if (is_controller && (!field_text(owner, "uid", arena, &out->owner_uid, err) ||
                              !field_text(owner, "kind", arena, &out->owner_kind, err) ||
                              !field_text(owner, "name", arena, &out->owner_name, err)))
            return false;
    }
    return true;
}

/* In the order of the fields of ObjectMeta. */
static const struct member metadata_members[] = {
    MEMBER("name", MEMBER_TEXT, struct pod, name),
    MEMBER("generateName", MEMBER_TEXT, struct pod, generate_name),
    MEMBER("namespace", MEMBER_TEXT, struct pod, namespace),
    MEMBER("uid", MEMBER_TEXT, struct pod, uid),
    MEMBER("deletionTimestamp", MEMBER_TEXT, struct pod, deletion_timestamp),
    MEMBER("labels", MEMBER_TEXT_MAP, struct pod, labels),
    MEMBER("annotations", MEMBER_TEXT_MAP, struct pod, annotations),
    MEMBER("ownerReferences", MEMBER_ARRAY, struct pod, owners),
    {{0}},
};

bool pod_parse_metadata(struct value object, struct arena *arena, struct pod *out,
                        struct error *err)
{
    out->object = object;
    if (!field_object(object, "metadata", arena, &out->metadata, err) ||
        !members_read(out->metadata, metadata_members, arena, out, err))
        return false;
    if (value_count(out->labels) > POD_MAX_LABELS)
        return error_set_limit(err, "the object has %zu labels, more than %d",
                               value_count(out->labels), POD_MAX_LABELS);
    if (value_count(out->annotations) > POD_MAX_LABELS)
        return error_set_limit(err, "the object has %zu annotations, more than %d",
                               value_count(out->annotations), POD_MAX_LABELS);
    return read_owner(arena, out, err);
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"

/* Terms, their expressions, and the values of these. */
static size_t count_terms(struct value terms)
{
    size_t count = value_count(terms);

    for (struct value term = value_first(terms); value_type(term); term = value_next(term)) {
        struct value expressions = value_member(term, "matchExpressions");

        for (struct value e = value_first(expressions); value_type(e); e = value_next(e))
            count += 1 + value_count(value_member(e, "values"));
    }
    return count;
}

size_t pod_count_parts(struct value spec)
{
    static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};
    struct value terms = value_path(spec, "affinity.nodeAffinity." REQUIRED ".nodeSelectorTerms");
    size_t count = count_terms(terms) + value_count(value_member(spec, "volumes"));

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        struct value list = value_member(spec, lists[i]);

        for (struct value v = value_first(list); value_type(v); v = value_next(v))
            count += 1 + count_claim_uses(v);
    }
    return count;
}

/* Terms are compared with one another's values, and changed one by one. */
static bool check_terms(const struct pod *pod, struct error *err)
{
    if (count_terms(pod->node_terms) > POD_MAX_NODE_TERMS)
        return error_set_limit(err,
                               "the pod's node affinity has more than %d terms, expressions and "
                               "values",
                               POD_MAX_NODE_TERMS);
    if (value_count(pod->pod_terms) > POD_MAX_POD_TERMS)
        return error_set_limit(err, "the pod's pod affinity has more than %d terms",
                               POD_MAX_POD_TERMS);
    return true;
}

static bool read_affinity(struct arena *arena, struct pod *out, struct error *err)
{
    struct value node = {0}, pod = {0}, selector = {0};

    return field_object(out->affinity, "nodeAffinity", arena, &node, err) &&
           field_object(node, REQUIRED, arena, &selector, err) &&
           field_array(selector, "nodeSelectorTerms", arena, &out->node_terms, err) &&
           field_object(out->affinity, "podAffinity", arena, &pod, err) &&
           field_array(pod, REQUIRED, arena, &out->pod_terms, err) && check_terms(out, err);
}

/* In the order of the fields of PodSpec. */
static const struct member spec_members[] = {
    MEMBER("volumes", MEMBER_ARRAY, struct pod, volumes),
    MEMBER("initContainers", MEMBER_ARRAY, struct pod, container_lists[0]),
    MEMBER("containers", MEMBER_ARRAY, struct pod, container_lists[1]),
    MEMBER("ephemeralContainers", MEMBER_ARRAY, struct pod, container_lists[2]),
    MEMBER("nodeSelector", MEMBER_TEXT_MAP, struct pod, node_selector),
    MEMBER("nodeName", MEMBER_TEXT, struct pod, node_name),
    MEMBER("hostNetwork", MEMBER_BOOL, struct pod, has_host_network),
    MEMBER("hostPID", MEMBER_BOOL, struct pod, has_host_pid),
    MEMBER("hostIPC", MEMBER_BOOL, struct pod, has_host_ipc),
    MEMBER("affinity", MEMBER_OBJECT, struct pod, affinity),
    MEMBER("schedulerName", MEMBER_TEXT, struct pod, scheduler_name),
    MEMBER("tolerations", MEMBER_ARRAY, struct pod, tolerations),
    MEMBER("priorityClassName", MEMBER_TEXT, struct pod, priority_class),
    MEMBER("priority", MEMBER_INTEGER, struct pod, priority),
    MEMBER("runtimeClassName", MEMBER_TEXT, struct pod, runtime_class),
    MEMBER("preemptionPolicy", MEMBER_TEXT, struct pod, preemption_policy),
    MEMBER("overhead", MEMBER_OBJECT, struct pod, overhead),
    MEMBER("resourceClaims", MEMBER_ARRAY, struct pod, resource_claims),
    MEMBER("resources", MEMBER_OBJECT, struct pod, resources),
    {{0}},
};

static bool read_spec(struct arena *arena, struct pod *out, struct error *err)
{
    static const enum container_kind kinds[] = {CONTAINER_INIT, CONTAINER_MAIN,
                                                CONTAINER_EPHEMERAL};

    if (!members_read(out->spec, spec_members, arena, out, err))
        return false;
    out->has_priority = value_is_set(value_member(out->spec, "priority"));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!read_containers(out->container_lists[i], kinds[i], arena, out, err))
            return false;
    }
    return claim_refs_parse(out->resource_claims, arena, &out->claims, err) &&
           read_affinity(arena, out, err) && read_volumes(arena, out, err);
}

bool pod_parse(struct value object, struct arena *arena, struct pod *out, struct error *err)
{
    struct value status = {0};

    *out = (struct pod){0};
    return pod_parse_metadata(object, arena, out, err) &&
           field_object(object, "spec", arena, &out->spec, err) &&
           field_object(object, "status", arena, &status, err) &&
           field_text(status, "phase", arena, &out->phase, err) && read_spec(arena, out, err) &&
           pod_request_compute(out, status, arena, err);
}

static bool is_owned_by_pod(const struct pod *metadata)
{
    for (struct value v = value_first(metadata->owners); value_type(v); v = value_next(v)) {
        if (value_type(value_member(v, "controller")) == VALUE_TRUE)
            return bytes_is(value_text(value_member(v, "kind")), "Pod") &&
                   bytes_is(value_text(value_member(v, "apiVersion")), "v1");
    }
    return false;
}

bool claim_is_made(const struct pod *metadata)
{
    static const char *const marks[] = {"resource.kubernetes.io/pod-claim-name",
                                        "resource.kubernetes.io/extended-resource-claim"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (value_is_set(value_member(metadata->annotations, marks[i])))
            return is_owned_by_pod(metadata);
    }
    return false;
}
