#include "ledger/state_files.h"

#include "base/buf.h"
#include "base/field.h"
#include "base/file.h"
#include "base/json_cut.h"
#include "base/yaml_json.h"
#include "ledger/object_read.h"

enum { MAX_FILE_BYTES = 1 << 30, MAX_DEPTH = 256 };

/* Reading one text. `scratch` is emptied after each object. */
struct reading {
    struct state *state;
    struct arena scratch;
};

static bool read_held(struct reading *reading, object_read_fn *read, struct value object,
                      struct error *err)
{
    struct state *state = reading->state;
    struct held_pod held, *copy;
    bool counts = false;

    if (!read(object, &reading->scratch, &held, &counts, err))
        return false;
    if (!counts)
        return true;
    copy = arena_alloc(&state->arena, sizeof(*copy) + held_pod_room(&held));
    held_pod_copy(&held, copy + 1, copy);
    *ARENA_APPEND(&state->arena, state->pods, state->pod_count) = copy;
    return true;
}

static bool read_view_object(struct reading *reading, enum view_kind kind, struct value object,
                             struct error *err)
{
    struct view_object seen;

    if (!object_read(object, kind, &reading->scratch, &seen, err))
        return false;
    view_add(&reading->state->view, kind, &seen);
    return kind != VIEW_CLAIMS || read_held(reading, object_read_claim, object, err);
}

/* Say which object it is: `Pod research/train-0: ...`. */
static void name_object(struct value object, struct arena *arena, struct error *err)
{
    struct bytes kind = value_text(value_member(object, "kind"));
    struct bytes namespace = value_text(value_path(object, "metadata.namespace"));
    struct bytes name = value_text(value_path(object, "metadata.name"));

    if (kind.len && name.len)
        error_wrap(err, "%s %s%s%s", text_quote(arena, kind), text_quote(arena, namespace),
                   namespace.len ? "/" : "", text_quote(arena, name));
    else if (kind.len)
        error_wrap(err, "%s", text_quote(arena, kind));
}

static bool pass_over(struct reading *reading, struct value object, struct error *err)
{
    const struct state_unread *unread = reading->state->unread;

    if (!unread)
        return false;
    name_object(object, &reading->scratch, err);
    unread->tell(unread->context, err);
    *err = (struct error){0};
    return true;
}

/* What goes into the view, by the group of its apiVersion. */
static const struct {
    struct bytes group;
    const char *name;
    enum view_kind kind;
} view_kinds[] = {
    {{"", 0}, "Namespace", VIEW_NAMESPACES},
    {{"", 0}, "Node", VIEW_NODES},
    {{"scheduling.k8s.io/", 18}, "PriorityClass", VIEW_CLASSES},
    {{"resource.k8s.io/", 16}, "DeviceClass", VIEW_DEVICE_CLASSES},
    {{"resource.k8s.io/", 16}, "ResourceClaimTemplate", VIEW_CLAIM_TEMPLATES},
    {{"resource.k8s.io/", 16}, "ResourceClaim", VIEW_CLAIMS},
    {{"networking.k8s.io/", 18}, "NetworkPolicy", VIEW_NETWORK_POLICIES},
    {{"", 0}, "ResourceQuota", VIEW_RESOURCE_QUOTAS},
    {{"", 0}, "LimitRange", VIEW_LIMIT_RANGES},
};

static bool is_of_group(struct bytes version, struct bytes group)
{
    return group.len ? bytes_has_prefix(version, group) : bytes_is(version, "v1");
}

static bool read_object(struct reading *reading, struct value object, struct error *err)
{
    struct arena *arena = &reading->scratch;
    struct bytes version = {0}, kind = {0};

    if (!field_text(object, "apiVersion", arena, &version, err) ||
        !field_text(object, "kind", arena, &kind, err))
        return false;
    if (version.len == 0 || kind.len == 0)
        return error_set(err, "an object without apiVersion and kind");
    if (bytes_is(version, "v1") && bytes_is(kind, "Pod"))
        return read_held(reading, object_read_pod, object, err) || pass_over(reading, object, err);
    for (size_t i = 0; i < sizeof(view_kinds) / sizeof(view_kinds[0]); i++) {
        if (is_of_group(version, view_kinds[i].group) && bytes_is(kind, view_kinds[i].name))
            return read_view_object(reading, view_kinds[i].kind, object, err) ||
                   pass_over(reading, object, err);
    }
    if (bytes_is(kind, "AdmissionReview"))
        return error_set(err, "a request, not an object that exists");
    return list_refuse(object, err);
}

/* What nests deeper is kept down to there, as the live view keeps it: nothing that counts lies so
 * deep. */
static bool is_readable(const struct reading *reading, const struct document *document)
{
    return document->grammar == DOCUMENT_SOUND &&
           (reading->state->unread || document->fault == DOCUMENT_SOUND ||
            document->fault == DOCUMENT_DEPTH);
}

static bool read_text(void *context, struct bytes json, struct error *err)
{
    struct reading *reading = context;
    struct document document;
    struct value root;
    bool is_read;

    document_parse(json, MAX_DEPTH, &reading->scratch, &document);
    root = document_root(&document);
    if (is_readable(reading, &document))
        is_read = read_object(reading, root, err);
    else
        is_read = error_set(err, "%s", document_problem(&document, &reading->scratch));
    if (!is_read)
        name_object(root, &reading->scratch, err);
    arena_reset(&reading->scratch);
    return is_read;
}

bool state_parse(struct bytes text, struct state *state, struct error *err)
{
    struct reading reading = {.state = state};
    bool is_read = text_is_json(text) ? texts_objects(text, read_text, &reading, err)
                                      : yaml_objects(text, read_text, &reading, err);

    arena_release(&reading.scratch);
    return is_read;
}

bool state_read(const char *path, struct state *state, struct error *err)
{
    struct arena arena = {0};
    struct bytes text;
    bool is_read = file_read(path, MAX_FILE_BYTES, &arena, &text, err) &&
                   (state_parse(text, state, err) ||
                    error_wrap(err, "%s", strcmp(path, "-") ? path : "standard input"));

    arena_release(&arena);
    return is_read;
}

void state_release(struct state *state)
{
    view_release(&state->view);
    arena_release(&state->arena);
    *state = (struct state){0};
}
