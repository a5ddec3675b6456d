#include "kube/patch.h"

static void append(struct patch *patch, const char *name, const char *path, const char *value)
{
    *ARENA_APPEND(patch->arena, patch->items, patch->count) =
        (struct patch_operation){name, path, value};
}

void patch_add(struct patch *patch, const char *path, const char *value)
{
    append(patch, "add", path, value);
}

void patch_replace(struct patch *patch, const char *path, const char *value)
{
    append(patch, "replace", path, value);
}

void patch_remove(struct patch *patch, const char *path)
{
    append(patch, "remove", path, NULL);
}

const char *pointer_join(struct arena *arena, const char *parent, struct bytes key)
{
    char *text = arena_alloc_raw(arena, strlen(parent) + 2 * key.len + 2);
    size_t at = strlen(parent);

    memcpy(text, parent, at);
    text[at++] = '/';
    for (size_t i = 0; i < key.len; i++) {
        bool is_special = key.data[i] == '~' || key.data[i] == '/';

        text[at++] = is_special ? '~' : key.data[i];
        if (is_special)
            text[at++] = key.data[i] == '~' ? '0' : '1';
    }
    text[at] = '\0';
    return text;
}

const char *pointer_join_index(struct arena *arena, const char *parent, size_t index)
{
    return arena_printf(arena, "%s/%zu", parent, index);
}

const char *text_as_json(struct arena *arena, struct bytes text)
{
    struct buf buf;

    buf_init(&buf, arena, text.len * 6 + 16);
    buf_add_json(&buf, text);
    return buf.data;
}

void patch_write(const struct patch *patch, struct buf *buf)
{
    buf_add_char(buf, '[');
    for (size_t i = 0; i < patch->count; i++) {
        const struct patch_operation *operation = &patch->items[i];

        buf_add_text(buf, i ? ",{\"op\":" : "{\"op\":");
        buf_add_json(buf, bytes_from(operation->name));
        buf_add_text(buf, ",\"path\":");
        buf_add_json(buf, bytes_from(operation->path));
        if (operation->value) {
            buf_add_text(buf, ",\"value\":");
            buf_add_text(buf, operation->value);
        }
        buf_add_char(buf, '}');
    }
    buf_add_char(buf, ']');
}
