#include "ledger/object_read.h"

#include "base/field.h"
#include "base/instant.h"

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

bool object_read_pod(struct value object, struct arena *arena, struct held_pod *out, bool *counts,
                     struct error *err)
{
    struct pod pod;

    if (!pod_parse(object, arena, &pod, err))
        return false;
    if (pod.name.len == 0)
        return error_set(err, "metadata.name: there is none");
    *counts = !is_ended(&pod);
    held_pod_init(out, &pod, pod.namespace.len ? pod.namespace : BYTES("default"), BYTES(""),
                  arena);
    return read_deletion(&pod, out, err);
}

bool object_read(struct value object, enum view_kind kind, struct arena *arena,
                 struct view_object *out, struct error *err)
{
    struct pod metadata = {0};

    *out = (struct view_object){0};
    if (!pod_parse_metadata(object, arena, &metadata, err))
        return false;
    if (metadata.name.len == 0)
        return error_set(err, "metadata.name: there is none");
    out->name = metadata.name;
    out->labels = metadata.labels;
    return kind != VIEW_CLASSES ||
           (field_integer(object, "value", arena, &out->value, err) &&
            field_bool(object, "globalDefault", arena, &out->is_global_default, err));
}
