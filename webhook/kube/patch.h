/* patch: a JSON Patch (RFC 6902) of add, replace and remove operations: written for the API server,
 * and applied by ourselves where the result is to be judged. */
#pragma once

#include "base/buf.h"
#include "base/json.h"

struct patch {
    struct arena *arena;
    struct patch_operation {
        const char *name;  /* "add", "replace", "remove" */
        const char *path;  /* a JSON Pointer */
        const char *value; /* JSON text; NULL for remove */
    } * items;
    size_t count;
};

void patch_add(struct patch *patch, const char *path, const char *value);
void patch_replace(struct patch *patch, const char *path, const char *value);
void patch_remove(struct patch *patch, const char *path);

/* parent + "/" + key, with ~ and / escaped. */
const char *pointer_join(struct arena *arena, const char *parent, struct bytes key);
const char *pointer_join_index(struct arena *arena, const char *parent, size_t index);

/* A JSON string, quotes included. */
const char *text_as_json(struct arena *arena, struct bytes text);

/* The patch as the JSON array that the API server takes. */
void patch_write(const struct patch *patch, struct buf *buf);

/* The text of `object` with the patch applied. Fails, as the API server does, where a parent is
 * missing, what is to be removed isn't there, or an index is out of range. */
bool patch_apply(const struct patch *patch, struct value object, struct arena *arena,
                 struct bytes *out, struct error *err) MUST_CHECK;
