#include "ledger/object_read.h"

#include "base/field.h"
#include "base/instant.h"
#include "engine/claims.h"

static bool is_ended(const struct pod *pod)
{
    return bytes_is(pod->phase, "Succeeded") || bytes_is(pod->phase, "Failed");
}

/* metadata.deletionTimestamp is when the grace period is over. */
static bool read_deletion(const struct pod *pod, struct held_pod *held, struct error *err)
{
    return pod->deletion_timestamp.len == 0 ||
           instant_parse(pod->deletion_timestamp, &held->gone_at, err) ||
           error_wrap(err, "metadata.deletionTimestamp");
}

/* kubectl's default, where a manifest says none. */
static struct bytes namespace_of(const struct pod *metadata)
{
    return metadata->namespace.len ? metadata->namespace : BYTES("default");
}

bool object_read_pod(struct value object, struct arena *arena, struct held_pod *out, bool *counts,
                     struct error *err)
{
    struct pod pod;

    if (!pod_parse(object, arena, &pod, err))
        return false;
    if (pod.name.len == 0)
        return error_set(err, "metadata.name: there is none");
    claim_refs_find_made(&pod.claims, value_path(object, "status.resourceClaimStatuses"));
    *counts = !is_ended(&pod);
    held_pod_init(out, &pod, namespace_of(&pod), BYTES(""), arena);
    return read_deletion(&pod, out, err);
}

bool object_read_claim(struct value object, struct arena *arena, struct held_pod *out, bool *counts,
                       struct error *err)
{
    struct claimed *claimed = arena_alloc(arena, sizeof(*claimed));
    const struct ask ask = {.claimed = claimed};
    struct pod metadata = {0};
    struct value spec = {0};

    if (!pod_parse_metadata(object, arena, &metadata, err) ||
        !field_object(object, "spec", arena, &spec, err) ||
        !device_asks_parse(spec, arena, &claimed->devices, err))
        return false;
    if (metadata.name.len == 0)
        return error_set(err, "metadata.name: there is none");
    *counts = !claim_is_made(&metadata);
    held_claim_init(out, &metadata, namespace_of(&metadata), &ask, arena);
    return true;
}

static bool read_priority_class(struct value object, struct arena *arena, struct view_object *out,
                                struct error *err)
{
    return field_integer(object, "value", arena, &out->value, err) &&
           field_bool(object, "globalDefault", arena, &out->is_global_default, err);
}

static bool read_device_class(struct value object, struct arena *arena, struct view_object *out,
                              struct error *err)
{
    struct value spec = {0};

    out->class_resource =
        bytes_from(arena_printf(arena, CLASS_RESOURCE_PREFIX "%.*s", BYTES_ARG(out->name)));
    return field_object(object, "spec", arena, &spec, err) &&
           field_text(spec, "extendedResourceName", arena, &out->extended_resource, err);
}

/* A template holds a claim's spec in its own. */
static bool read_claim(struct value object, enum view_kind kind, struct arena *arena,
                       struct view_object *out, struct error *err)
{
    struct value spec = {0};

    return field_object(object, "spec", arena, &spec, err) &&
           (kind == VIEW_CLAIMS || field_object(spec, "spec", arena, &spec, err)) &&
           device_asks_parse(spec, arena, &out->devices, err);
}

/* Of objects of which only their names and what was asked for are needed, labels say nothing. */
static bool read_kind(struct value object, enum view_kind kind, struct arena *arena,
                      struct view_object *out, struct error *err)
{
    switch (kind) {
    case VIEW_CLASSES:
        return read_priority_class(object, arena, out, err);
    case VIEW_DEVICE_CLASSES:
        out->labels = (struct value){0};
        return read_device_class(object, arena, out, err);
    case VIEW_CLAIM_TEMPLATES:
    case VIEW_CLAIMS:
        out->labels = (struct value){0};
        return read_claim(object, kind, arena, out, err);
    case VIEW_NETWORK_POLICIES:
    case VIEW_RESOURCE_QUOTAS:
    case VIEW_LIMIT_RANGES:
        out->labels = (struct value){0};
        return true;
    default:
        return true;
    }
}

bool object_read(struct value object, enum view_kind kind, struct arena *arena,
                 struct view_object *out, struct error *err)
{
    bool is_namespaced = kind == VIEW_CLAIM_TEMPLATES || kind == VIEW_CLAIMS || kind >= VIEW_ASKED;
    struct pod metadata = {0};

    *out = (struct view_object){0};
    if (!pod_parse_metadata(object, arena, &metadata, err))
        return false;
    if (metadata.name.len == 0)
        return error_set(err, "metadata.name: there is none");
    out->name = metadata.name;
    out->labels = metadata.labels;
    if (is_namespaced)
        out->name = claims_name(namespace_of(&metadata), metadata.name, arena);
    out->is_made = kind == VIEW_CLAIMS && claim_is_made(&metadata);
    return read_kind(object, kind, arena, out, err);
}

uint64_t object_version(struct bytes text)
{
    uint64_t version = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(version, 10, &version) ||
            __builtin_add_overflow(version, (uint64_t)(text.data[i] - '0'), &version))
            return 0;
    }
    return version;
}
