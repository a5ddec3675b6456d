/* patch_apply: what a patch makes of an object.
 *
 * All operations work on one tree, which is written once at the end: the time is in proportion to
 * the object and the patch together, however many operations there are. What no operation goes
 * into is never taken apart, and all but what is changed stays as it was written. */
#include "kube/patch.h"

enum { MAX_DEPTH = 256 }; /* as deep as a review may be (REVIEW_MAX_DEPTH) */

/* A value of the object, or one that an operation brought. */
struct piece {
    struct bytes name; /* of a member */
    struct bytes
        lead; /* what stands before it: from the bracket or the value before, name and all */
    struct bytes text;
    struct value value; /* the same, once it is read */

    /* A container that an operation went into. */
    bool is_open;
    struct piece **children;
    size_t count;
    size_t last;       /* the child that was found last: the next operation often wants it, too */
    struct bytes tail; /* from the last child to the end, bracket included */
};

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

/* False where it is no container. */
static bool open_piece(struct piece *piece, struct arena *arena)
{
    const char *end;

    if (piece->is_open)
        return true;
    if (!value_type(piece->value)) {
        struct document *document = arena_alloc(arena, sizeof(*document));

        document_parse(piece->text, MAX_DEPTH, arena, document);
        piece->value = document_root(document);
        piece->text = value_raw(piece->value);
    }
    if (value_type(piece->value) < VALUE_ARRAY)
        return false;
    end = piece->text.data + 1;
    for (struct value v = value_first(piece->value); value_type(v); v = value_next(v)) {
        struct bytes raw = value_raw(v);
        struct piece *child = arena_alloc(arena, sizeof(*child));

        child->name = value_name(v);
        child->lead = (struct bytes){end, (size_t)(raw.data - end)};
        child->text = raw;
        child->value = v;
        *ARENA_APPEND(arena, piece->children, piece->count) = child;
        end = raw.data + raw.len;
    }
    piece->tail = (struct bytes){end, (size_t)(piece->text.data + piece->text.len - end)};
    piece->is_open = true;
    return true;
}

static bool is_array(const struct piece *piece)
{
    return value_type(piece->value) == VALUE_ARRAY;
}

/* The child's place in an open piece; the count where there is none. */
static size_t find_child(struct piece *parent, struct bytes part)
{
    size_t index;

    if (is_array(parent))
        return part_index(part, &index) && index < parent->count ? index : parent->count;
    index = parent->last;
    for (size_t i = 0; i < parent->count; i++, index++) {
        if (index >= parent->count)
            index = 0;
        if (bytes_equal(parent->children[index]->name, part)) {
            parent->last = index;
            return index;
        }
    }
    return parent->count;
}

static void remove_child(struct piece *parent, size_t index)
{
    struct piece *next = index + 1 < parent->count ? parent->children[index + 1] : NULL;

    /* One comma goes with it: the one before it, or, of the first, the one behind it. */
    if (index == 0 && next) {
        const char *comma = memchr(next->lead.data, ',', next->lead.len);

        next->lead = bytes_tail(next->lead, (size_t)(comma - next->lead.data) + 1);
    }
    parent->count--;
    memmove(&parent->children[index], &parent->children[index + 1],
            (parent->count - index) * sizeof(struct piece *));
}

/* What stands before a child that is added at the end. */
static struct bytes new_lead(const struct piece *parent, struct bytes name, struct arena *arena)
{
    const char *comma = parent->count ? "," : "";

    if (is_array(parent))
        return bytes_from(comma);
    return bytes_from(arena_printf(arena, "%s%s:", comma, text_as_json(arena, name)));
}

static bool add_child(struct piece *parent, struct bytes part, struct bytes text,
                      struct arena *arena)
{
    size_t index = parent->count;
    struct piece *child;

    if (is_array(parent) && !bytes_is(part, "-") &&
        (!part_index(part, &index) || index > parent->count))
        return false;
    child = arena_alloc(arena, sizeof(*child));
    child->name = part;
    child->text = text;
    if (index < parent->count) {
        child->lead = parent->children[index]->lead;
        parent->children[index]->lead = BYTES(",");
    } else {
        child->lead = new_lead(parent, part, arena);
    }
    *ARENA_APPEND(arena, parent->children, parent->count) = child;
    memmove(&parent->children[index + 1], &parent->children[index],
            (parent->count - 1 - index) * sizeof(child));
    parent->children[index] = child;
    return true;
}

static bool change(struct piece *parent, struct bytes part, const struct patch_operation *operation,
                   struct arena *arena)
{
    bool is_add = !strcmp(operation->name, "add");
    size_t index = find_child(parent, part);

    if (!strcmp(operation->name, "remove")) {
        if (index == parent->count)
            return false;
        remove_child(parent, index);
        return true;
    }
    if (index < parent->count && !(is_add && is_array(parent))) {
        struct piece *child = parent->children[index];

        *child = (struct piece){.name = child->name,
                                .lead = child->lead,
                                .text = bytes_from(operation->value)};
        return true;
    }
    return is_add && add_child(parent, part, bytes_from(operation->value), arena);
}

static bool apply_one(const struct patch_operation *operation, struct piece *root,
                      struct arena *arena, struct error *err)
{
    struct bytes rest = bytes_from(operation->path), part;
    struct piece *parent = root;
    bool is_there = open_piece(root, arena);

    if (rest.len == 0 || rest.data[0] != '/')
        return error_set(err, "patch: \"%s\" is no path in an object", operation->path);
    part = next_part(rest, arena, &rest);
    while (is_there && rest.len > 0) {
        size_t index = find_child(parent, part);

        is_there = index < parent->count && open_piece(parent->children[index], arena);
        if (is_there)
            parent = parent->children[index];
        part = next_part(rest, arena, &rest);
    }
    if (is_there && change(parent, part, operation, arena))
        return true;
    return error_set(err, "patch: %s %s does not apply", operation->name, operation->path);
}

/* No deeper than the paths of the patch. */
static void write_piece(const struct piece *piece, struct buf *buf)
{
    if (!piece->is_open) {
        buf_add(buf, piece->text);
        return;
    }
    buf_add_char(buf, piece->text.data[0]);
    for (size_t i = 0; i < piece->count; i++) {
        buf_add(buf, piece->children[i]->lead);
        write_piece(piece->children[i], buf);
    }
    buf_add(buf, piece->tail);
}

bool patch_apply(const struct patch *patch, struct value object, struct arena *arena,
                 struct bytes *out, struct error *err)
{
    struct piece root = {.text = value_raw(object), .value = object};
    size_t most = root.text.len;
    struct buf buf;

    for (size_t i = 0; i < patch->count; i++) {
        const struct patch_operation *operation = &patch->items[i];

        if (!apply_one(operation, &root, arena, err))
            return false;
        /* Value, name, and what stands around them. */
        most += bytes_from(operation->value).len + 6 * strlen(operation->path) + 4;
    }
    buf_init(&buf, arena, most);
    write_piece(&root, &buf);
    *out = buf_bytes(&buf);
    return true;
}
