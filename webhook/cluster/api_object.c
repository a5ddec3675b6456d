#include "cluster/api_object.h"

enum { MAX_DEPTH = 256, MAX_VERSION_BYTES = 128 };

static bool parse(struct bytes text, bool is_strict, struct arena *arena, struct value *out,
                  struct error *err)
{
    struct document *document = arena_alloc(arena, sizeof(*document));
    struct value root;
    bool is_tolerable;

    document_parse(text, MAX_DEPTH, arena, document);
    is_tolerable = document->fault == DOCUMENT_SOUND || document->fault == DOCUMENT_DEPTH ||
                   (!is_strict && document->fault != DOCUMENT_TRAILING);
    if (document->grammar != DOCUMENT_SOUND || !is_tolerable)
        return error_set(err, "%s", document_problem(document, arena));
    root = document_root(document);
    if (value_type(root) != VALUE_OBJECT)
        return error_set(err, "expected an object, got %s", value_type_name(value_type(root)));
    *out = root;
    return true;
}

bool api_object_parse(struct bytes text, struct arena *arena, struct value *out, struct error *err)
{
    return parse(text, false, arena, out, err);
}

bool api_object_parse_strictly(struct bytes text, struct arena *arena, struct value *out,
                               struct error *err)
{
    return parse(text, true, arena, out, err);
}

bool api_object_resource_version(struct value object, struct bytes *out, struct error *err)
{
    struct bytes text = value_text(value_path(object, "metadata.resourceVersion"));

    if (text.len == 0)
        return error_set(err, "metadata.resourceVersion: there is none");
    for (size_t i = 0; i < text.len; i++) {
        if (text.len > MAX_VERSION_BYTES || text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return error_set(err, "metadata.resourceVersion: not what Kubernetes makes");
    }
    *out = text;
    return true;
}
