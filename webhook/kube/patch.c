#include "kube/patch.h"

/* As deep as a review may be (REVIEW_MAX_DEPTH). */
enum {
    MAX_DEPTH = 256,
    /* Each operation reads the whole object anew: bytes that all of them may read together. */
    MAX_WORK_BYTES = 256 * 1024 * 1024,
};

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

/* One part of a pointer, unescaped; `rest` is what follows it. */
static struct bytes next_part(struct bytes pointer, struct arena *arena, struct bytes *rest)
{
    const char *slash = memchr(pointer.data + 1, '/', pointer.len - 1);
    size_t end = slash ? (size_t)(slash - pointer.data) : pointer.len;
    char *part = arena_alloc_raw(arena, end);
    size_t len = 0;

    for (size_t i = 1; i < end; i++) {
        char c = pointer.data[i];

        if (c == '~' && i + 1 < end)
            c = pointer.data[++i] == '1' ? '/' : '~';
        part[len++] = c;
    }
    *rest = bytes_tail(pointer, end);
    return (struct bytes){part, len};
}

static bool part_index(struct bytes part, size_t *out)
{
    size_t index = 0;

    if (part.len == 0 || part.len > 6)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        if (part.data[i] < '0' || part.data[i] > '9')
            return false;
        index = index * 10 + (size_t)(part.data[i] - '0');
    }
    *out = index;
    return true;
}

static struct value element(struct value array, size_t index)
{
    struct value item = value_first(array);

    while (index-- > 0 && value_type(item))
        item = value_next(item);
    return item;
}

static struct value step(struct value value, struct bytes part)
{
    size_t index;

    if (value_type(value) == VALUE_ARRAY)
        return part_index(part, &index) ? element(value, index) : (struct value){0};
    return value_member_named(value, part);
}

/* The text with [from, to) replaced. */
static struct bytes splice(struct bytes text, size_t from, size_t to, struct bytes with,
                           struct arena *arena)
{
    char *out = arena_alloc_raw(arena, text.len - (to - from) + with.len + 1);
    size_t len = 0;

    memcpy(out, text.data, from);
    len += from;
    if (with.len)
        memcpy(out + len, with.data, with.len);
    len += with.len;
    memcpy(out + len, text.data + to, text.len - to);
    len += text.len - to;
    out[len] = '\0';
    return (struct bytes){out, len};
}

static size_t offset_of(struct bytes text, struct value value)
{
    return (size_t)(value_raw(value).data - text.data);
}

/* Put a new member or element into a container: before `next`, or at its end. `entry` is its text,
 * key included. */
static struct bytes insert(struct bytes text, struct value parent, struct value next,
                           const char *entry, struct arena *arena)
{
    struct bytes raw = value_raw(parent);
    size_t at = value_type(next) ? offset_of(text, next) : offset_of(text, parent) + raw.len - 1;
    bool is_first = value_count(parent) == 0;
    const char *with = arena_printf(arena, "%s%s%s", value_type(next) || is_first ? "" : ",", entry,
                                    value_type(next) ? "," : "");

    return splice(text, at, at, bytes_from(with), arena);
}

/* Cut a child out, with its key and one comma. */
static struct bytes cut(struct bytes text, struct value parent, struct value child,
                        struct arena *arena)
{
    size_t from = offset_of(text, child), to = from + value_raw(child).len;
    size_t start = offset_of(text, parent) + 1;
    size_t end = offset_of(text, parent) + value_raw(parent).len - 1;
    struct value before = {0};

    for (struct value v = value_first(parent); value_type(v) && v.index != child.index;
         v = value_next(v))
        before = v;
    if (value_type(before)) {
        from = offset_of(text, before) + value_raw(before).len;
        return splice(text, from, to, (struct bytes){0}, arena);
    }
    while (to < end && text.data[to] != ',')
        to++;
    return splice(text, start, to < end ? to + 1 : to, (struct bytes){0}, arena);
}

/* Where an operation works: the container and the last part of the path. */
struct target {
    struct value parent;
    struct bytes part;
};

static bool add_to(struct bytes text, const struct target *target, const char *value,
                   struct arena *arena, struct bytes *out)
{
    bool is_array = value_type(target->parent) == VALUE_ARRAY;
    size_t index;

    if (is_array && !bytes_is(target->part, "-") &&
        (!part_index(target->part, &index) || index > value_count(target->parent)))
        return false;
    if (!is_array)
        value = arena_printf(arena, "%s:%s", text_as_json(arena, target->part), value);
    *out = insert(text, target->parent,
                  is_array ? step(target->parent, target->part) : (struct value){0}, value, arena);
    return true;
}

static bool apply_to(const struct patch_operation *operation, struct bytes text,
                     const struct target *target, struct arena *arena, struct bytes *out)
{
    bool is_array = value_type(target->parent) == VALUE_ARRAY;
    bool is_add = !strcmp(operation->name, "add");
    struct value child = step(target->parent, target->part);

    if (!is_array && value_type(target->parent) != VALUE_OBJECT)
        return false;
    if (!strcmp(operation->name, "remove")) {
        if (!value_type(child))
            return false;
        *out = cut(text, target->parent, child, arena);
        return true;
    }
    if (value_type(child) && (!is_array || !is_add)) {
        size_t from = offset_of(text, child);

        *out = splice(text, from, from + value_raw(child).len, bytes_from(operation->value), arena);
        return true;
    }
    return is_add && add_to(text, target, operation->value, arena, out);
}

static bool apply_one(const struct patch_operation *operation, struct bytes text,
                      struct arena *arena, struct bytes *out, struct error *err)
{
    struct bytes rest = bytes_from(operation->path);
    struct document document;
    struct target target;

    document_parse(text, MAX_DEPTH, arena, &document);
    target.parent = document_root(&document);
    if (rest.len == 0 || rest.data[0] != '/')
        return error_set(err, "patch: \"%s\" is no path in an object", operation->path);
    target.part = next_part(rest, arena, &rest);
    while (rest.len > 0) {
        target.parent = step(target.parent, target.part);
        target.part = next_part(rest, arena, &rest);
    }
    if (apply_to(operation, text, &target, arena, out))
        return true;
    return error_set(err, "patch: %s %s does not apply", operation->name, operation->path);
}

bool patch_apply(const struct patch *patch, struct value object, struct arena *arena,
                 struct bytes *out, struct error *err)
{
    struct bytes text = value_raw(object);

    if (patch->count > 0 && text.len > MAX_WORK_BYTES / patch->count)
        return error_set_limit(err, "%zu changes to an object of %zu bytes are too much work",
                               patch->count, text.len);
    for (size_t i = 0; i < patch->count; i++) {
        if (!apply_one(&patch->items[i], text, arena, &text, err))
            return false;
    }
    *out = text;
    return true;
}
