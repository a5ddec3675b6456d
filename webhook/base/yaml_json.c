/* yaml_objects: libyaml's events straight to JSON, without a tree between.
 *
 * An alias is the JSON of what it refers to once more, copied from where it was written. */
#include "base/yaml_json.h"

#include "base/json_cut.h"
#include "base/yaml_reader.h"

/* KServe's largest CustomResourceDefinition has 99,668. */
#define MOST_NODES 1000000
#define LARGEST_OBJECT (64 * 1024 * 1024)
#define MOST_ALIASED (64 * 1024 * 1024)

struct anchor {
    struct bytes name;
    size_t start, len; /* its JSON in the buffer */
    size_t nodes;
    unsigned levels;
    bool is_open;
};

struct converter {
    struct reader reader;
    object_fn each;
    void *context;
    struct error *err;
    struct arena arena;    /* of the text: the buffer */
    struct arena document; /* of the document: what its root says */
    struct arena scratch;  /* of the object: its anchors */
    struct buf json;
    struct anchor *anchors;
    size_t anchor_count;
    size_t node_count;    /* of the object so far */
    size_t alias_bytes;   /* of the text so far */
    size_t index, offset; /* a place in the text, in characters and in bytes */
};

struct root {
    size_t line;
    struct list_head seen; /* what its members said so far */
    struct list_head head; /* of a list: what its items were given with */
    bool has_items;
    bool is_list; /* its items were given */
};

enum role { ROLE_OTHER, ROLE_KIND, ROLE_API_VERSION, ROLE_ITEMS };

static size_t line_here(const struct converter *converter)
{
    return converter->reader.event.start_mark.line + 1;
}

static bool fail(struct converter *converter, const char *words)
{
    return error_set(converter->err, "line %zu: %s", line_here(converter), words);
}

static size_t fault_line(const struct converter *converter, const struct reader_fault *fault)
{
    size_t line = 1;

    if (!fault->has_offset)
        return fault->at.line + 1;
    for (size_t at = 0; at < fault->offset && at < converter->reader.text.len; at++)
        line += converter->reader.text.data[at] == '\n';
    return line;
}

static bool next_event(struct converter *converter)
{
    struct reader_fault fault;

    if (reader_next(&converter->reader))
        return true;
    reader_fault(&converter->reader, &converter->scratch, &fault);
    return error_set(converter->err, "line %zu: %s", fault_line(converter, &fault), fault.words);
}

static bool check_levels(struct converter *converter, unsigned levels)
{
    return levels <= READER_MOST_LEVELS ||
           fail(converter, "lists and maps are nested more than 64 deep");
}

static bool count_nodes(struct converter *converter, size_t count)
{
    converter->node_count += count;
    return converter->node_count <= MOST_NODES ||
           fail(converter, "the object has more than 1000000 values, keys and aliases");
}

static bool check_size(struct converter *converter)
{
    return !converter->json.is_full || fail(converter, "the object has more than 64 MiB");
}

static void begin_object(struct converter *converter)
{
    arena_reset(&converter->scratch);
    converter->anchors = NULL;
    converter->anchor_count = 0;
    converter->node_count = 0;
    converter->json.len = 0;
}

static const struct anchor *find_anchor(const struct converter *converter, struct bytes name)
{
    for (size_t i = converter->anchor_count; i > 0; i--) {
        if (bytes_equal(converter->anchors[i - 1].name, name))
            return &converter->anchors[i - 1];
    }
    return NULL;
}

static bool open_anchor(struct converter *converter, struct bytes name)
{
    if (converter->anchor_count == READER_MOST_ANCHORS)
        return fail(converter, "the object has more than 256 anchors");
    *ARENA_APPEND(&converter->scratch, converter->anchors, converter->anchor_count) =
        (struct anchor){.name = arena_copy_bytes(&converter->scratch, name),
                        .start = converter->json.len,
                        .nodes = converter->node_count,
                        .is_open = true};
    return true;
}

static void close_anchor(struct converter *converter, size_t slot, unsigned levels)
{
    struct anchor *anchor = &converter->anchors[slot];

    anchor->len = converter->json.len - anchor->start;
    anchor->nodes = converter->node_count - anchor->nodes;
    anchor->levels = levels;
    anchor->is_open = false;
}

static bool write_alias(struct converter *converter, unsigned level, unsigned *levels)
{
    const struct anchor *anchor = find_anchor(converter, reader_anchor(&converter->reader.event));
    struct buf *json = &converter->json;

    if (!anchor)
        return fail(converter, "the alias has no anchor before it in the same object");
    if (anchor->is_open)
        return fail(converter, "the alias stands inside what it refers to");
    *levels = anchor->levels;
    converter->alias_bytes += anchor->len;
    if (converter->alias_bytes > MOST_ALIASED)
        return fail(converter, "aliases add more than 64 MiB to the text");
    if (!check_levels(converter, level + anchor->levels - 1) ||
        !count_nodes(converter, anchor->nodes))
        return false;
    /* The source is in the same buffer, but an arena keeps what a buffer grows out of. */
    buf_add(json, (struct bytes){json->data + anchor->start, anchor->len});
    return check_size(converter);
}

static bool write_scalar(struct converter *converter)
{
    const yaml_event_t *event = &converter->reader.event;
    struct bytes text = reader_scalar_text(event);
    struct buf *json = &converter->json;
    enum node_kind kind;
    struct error err;

    if (!reader_scalar_kind(event, &kind, &err))
        return fail(converter, err.text);
    if (kind == NODE_NULL)
        buf_add(json, BYTES("null"));
    else if (kind == NODE_BOOL)
        buf_add_text(json, (text.data[0] | 0x20) == 't' ? "true" : "false");
    else if (kind != NODE_STRING && scalar_is_json_number(text))
        buf_add(json, text);
    else
        buf_add_json(json, text);
    return check_size(converter);
}

static bool write_node(struct converter *converter, unsigned level, unsigned *levels);

static void raise(unsigned *highest, unsigned levels)
{
    if (*highest < levels)
        *highest = levels;
}

static bool write_list(struct converter *converter, unsigned level, unsigned *levels)
{
    size_t count = 0;

    buf_add_char(&converter->json, '[');
    for (;; count++) {
        unsigned below = 0;

        if (!next_event(converter))
            return false;
        if (converter->reader.event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (count > 0)
            buf_add_char(&converter->json, ',');
        if (!write_node(converter, level + 1, &below))
            return false;
        raise(levels, below + 1);
    }
    buf_add_char(&converter->json, ']');
    return check_size(converter);
}

/* Is the event a key that JSON can have? */
static bool check_key(struct converter *converter)
{
    const yaml_event_t *event = &converter->reader.event;
    enum node_kind kind;
    struct error err;

    if (event->type == YAML_ALIAS_EVENT || reader_anchor(event).len > 0)
        return fail(converter, "anchors and aliases as keys are not supported");
    if (event->type != YAML_SCALAR_EVENT)
        return fail(converter, "a key must be text, not a list or a map");
    if (reader_is_merge_key(event))
        return fail(converter, "merge keys (\"<<\") are not supported; write the members out");
    if (!reader_scalar_kind(event, &kind, &err))
        return fail(converter, err.text);
    if (kind == NODE_NULL)
        return fail(converter, "a key must be text, not null");
    if (event->data.scalar.length == 0)
        return fail(converter, "a key must not be empty");
    return count_nodes(converter, 1);
}

static void write_key(struct converter *converter, size_t members_before)
{
    if (members_before > 0)
        buf_add_char(&converter->json, ',');
    buf_add_json(&converter->json, reader_scalar_text(&converter->reader.event));
    buf_add_char(&converter->json, ':');
}

static bool write_map(struct converter *converter, unsigned level, unsigned *levels)
{
    size_t count = 0;

    buf_add_char(&converter->json, '{');
    for (;; count++) {
        unsigned below = 0;

        if (!next_event(converter))
            return false;
        if (converter->reader.event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!check_key(converter))
            return false;
        write_key(converter, count);
        if (!next_event(converter) || !write_node(converter, level + 1, &below))
            return false;
        raise(levels, below + 1);
    }
    buf_add_char(&converter->json, '}');
    return check_size(converter);
}

static bool write_collection(struct converter *converter, unsigned level, unsigned *levels)
{
    struct error err;

    *levels = 1;
    if (!check_levels(converter, level))
        return false;
    if (!reader_check_collection_tag(&converter->reader.event, &err))
        return fail(converter, err.text);
    if (converter->reader.event.type == YAML_MAPPING_START_EVENT)
        return write_map(converter, level, levels);
    return write_list(converter, level, levels);
}

/* Write the value that the current event begins; see read_node in node_parse.c. */
static bool write_node(struct converter *converter, unsigned level, unsigned *levels)
{
    struct bytes name = reader_anchor(&converter->reader.event);
    bool has_anchor = name.len > 0, is_written;
    size_t slot = converter->anchor_count;

    *levels = 0;
    if (converter->reader.event.type == YAML_ALIAS_EVENT)
        return write_alias(converter, level, levels);
    if (has_anchor && !open_anchor(converter, name))
        return false;
    if (!count_nodes(converter, 1))
        return false;
    if (converter->reader.event.type == YAML_SCALAR_EVENT)
        is_written = write_scalar(converter);
    else
        is_written = write_collection(converter, level, levels);
    if (has_anchor && is_written)
        close_anchor(converter, slot, *levels);
    return is_written;
}

static bool skip_node(struct converter *converter)
{
    unsigned depth = 0;

    for (;;) {
        yaml_event_type_t type = converter->reader.event.type;

        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
            depth++;
        else if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
            depth--;
        if (depth == 0)
            return true;
        if (!check_levels(converter, depth + 1) || !next_event(converter))
            return false;
    }
}

/* libyaml counts characters; everything here so far is valid UTF-8. */
static void move_to_index(struct converter *converter, size_t index)
{
    struct bytes text = converter->reader.text;
    size_t at = converter->offset;

    while (at < text.len && converter->index < index) {
        at++;
        while (at < text.len && ((unsigned char)text.data[at] & 0xc0) == 0x80)
            at++;
        converter->index++;
    }
    converter->offset = at;
}

static bool is_plain_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '-';
}

/* The value of a line `name: value`, if it is a simple one. */
static struct bytes line_value(struct bytes line)
{
    size_t len = 0;

    while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '"'))
        line = bytes_tail(line, 1);
    while (len < line.len && is_plain_character(line.data[len]))
        len++;
    return (struct bytes){line.data, len};
}

static bool has_indent(struct bytes line, size_t indent)
{
    size_t blanks = 0;

    while (blanks < line.len && line.data[blanks] == ' ')
        blanks++;
    return blanks == indent;
}

/* The value of the member of the root that stands on a line of its own further on. A guess, which
 * is held against what is read then. */
static struct bytes look_ahead(const struct converter *converter, size_t indent, struct bytes name)
{
    struct bytes rest = bytes_tail(converter->reader.text, converter->offset);
    const char *newline;

    while ((newline = memchr(rest.data, '\n', rest.len))) {
        rest = bytes_tail(rest, (size_t)(newline + 1 - rest.data));
        if (bytes_has_prefix(rest, BYTES("---")) || bytes_has_prefix(rest, BYTES("...")))
            break;
        if (rest.len > indent && bytes_has_prefix(bytes_tail(rest, indent), name) &&
            has_indent(rest, indent))
            return line_value(bytes_tail(rest, indent + name.len));
    }
    return (struct bytes){"", 0};
}

/* Is the root a list, as far as can be known now? The event is that of its key `items`. */
static bool looks_like_list(struct converter *converter, struct root *root)
{
    yaml_mark_t mark = converter->reader.event.start_mark;

    root->head = root->seen;
    move_to_index(converter, mark.index);
    if (root->head.kind.len == 0)
        root->head.kind = look_ahead(converter, mark.column, BYTES("kind:"));
    if (root->head.api_version.len == 0)
        root->head.api_version = look_ahead(converter, mark.column, BYTES("apiVersion:"));
    return list_kind_is_list(root->head.kind);
}

static bool give_items(struct converter *converter, struct root *root)
{
    root->is_list = true;
    for (;;) {
        size_t line;
        unsigned levels;

        if (!next_event(converter))
            return false;
        /* Neither the root's other members nor the item before count towards an object's bounds. */
        begin_object(converter);
        if (converter->reader.event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (converter->reader.event.type != YAML_MAPPING_START_EVENT)
            return fail(converter, "expected a map in the list");
        line = line_here(converter);
        if (!write_node(converter, 1, &levels))
            return false;
        if (!list_give_item(&root->head, buf_bytes(&converter->json), converter->each,
                            converter->context, converter->err))
            return error_wrap(converter->err, "line %zu", line);
    }
}

static enum role role_of(struct bytes name)
{
    if (bytes_is(name, "kind"))
        return ROLE_KIND;
    if (bytes_is(name, "apiVersion"))
        return ROLE_API_VERSION;
    return bytes_is(name, "items") ? ROLE_ITEMS : ROLE_OTHER;
}

static void note_self(struct converter *converter, struct root *root, enum role role)
{
    const yaml_event_t *event = &converter->reader.event;
    struct bytes text;

    if (event->type != YAML_SCALAR_EVENT || role == ROLE_OTHER || role == ROLE_ITEMS)
        return;
    text = arena_copy_bytes(&converter->document, reader_scalar_text(event));
    if (role == ROLE_KIND)
        root->seen.kind = text;
    else
        root->seen.api_version = text;
}

/* The event is the member's key. */
static bool write_root_member(struct converter *converter, struct root *root, size_t members_before)
{
    enum role role = role_of(reader_scalar_text(&converter->reader.event));
    bool is_list = false;
    unsigned levels;

    if (role == ROLE_ITEMS && root->has_items)
        return fail(converter, "duplicate key \"items\"");
    if (role == ROLE_ITEMS) {
        root->has_items = true;
        is_list = looks_like_list(converter, root);
    }
    if (!root->is_list)
        write_key(converter, members_before);
    if (!next_event(converter))
        return false;
    if (is_list && converter->reader.event.type == YAML_SEQUENCE_START_EVENT)
        return give_items(converter, root);
    note_self(converter, root, role);
    return root->is_list ? skip_node(converter) : write_node(converter, 2, &levels);
}

static bool write_root(struct converter *converter, struct root *root)
{
    struct bytes anchor = reader_anchor(&converter->reader.event);
    struct error err;

    if (!reader_check_collection_tag(&converter->reader.event, &err))
        return fail(converter, err.text);
    if (!count_nodes(converter, 1) || (anchor.len > 0 && !open_anchor(converter, anchor)))
        return false;
    buf_add_char(&converter->json, '{');
    for (size_t count = 0;; count++) {
        if (!next_event(converter))
            return false;
        if (converter->reader.event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!check_key(converter) || !write_root_member(converter, root, count))
            return false;
    }
    buf_add_char(&converter->json, '}');
    return check_size(converter);
}

static bool give_root(struct converter *converter, const struct root *root)
{
    struct bytes json = buf_bytes(&converter->json);
    bool goes_on;

    if (root->is_list) {
        if (bytes_equal(root->seen.kind, root->head.kind) &&
            bytes_equal(root->seen.api_version, root->head.api_version))
            return true;
        return error_set(converter->err,
                         "line %zu: write \"apiVersion\" and \"kind\" of the list before its items",
                         root->line);
    }
    if (root->has_items && list_kind_is_list(root->seen.kind))
        goes_on = texts_objects(json, converter->each, converter->context, converter->err);
    else
        goes_on = converter->each(converter->context, json, converter->err);
    return goes_on || error_wrap(converter->err, "line %zu", root->line);
}

/* The event is a document's root. */
static bool is_nothing(const struct converter *converter)
{
    const yaml_event_t *event = &converter->reader.event;
    enum node_kind kind;
    struct error ignored;

    return event->type == YAML_SCALAR_EVENT && event->data.scalar.plain_implicit &&
           reader_scalar_kind(event, &kind, &ignored) && kind == NODE_NULL;
}

static bool convert_document(struct converter *converter)
{
    const yaml_event_t *event = &converter->reader.event;
    struct root root = {0};

    arena_reset(&converter->document);
    begin_object(converter);
    if (!next_event(converter))
        return false;
    root.line = line_here(converter);
    if (is_nothing(converter))
        return next_event(converter);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return give_items(converter, &root) && next_event(converter);
    if (event->type != YAML_MAPPING_START_EVENT)
        return fail(converter, "expected a map or a list of maps");
    return write_root(converter, &root) && next_event(converter) && give_root(converter, &root);
}

static bool convert_documents(struct converter *converter)
{
    do {
        if (!next_event(converter))
            return false;
        if (converter->reader.event.type == YAML_DOCUMENT_START_EVENT &&
            !convert_document(converter))
            return false;
    } while (converter->reader.event.type != YAML_STREAM_END_EVENT);
    return true;
}

bool yaml_objects(struct bytes text, object_fn each, void *context, struct error *err)
{
    struct converter converter = {.each = each, .context = context, .err = err};
    bool is_whole;

    if (reader_has_many_tag_directives(text))
        return error_set(err, "the text has more than 64 %%TAG directives");
    reader_init(&converter.reader, text);
    buf_init(&converter.json, &converter.arena, LARGEST_OBJECT);
    is_whole = convert_documents(&converter);
    reader_release(&converter.reader);
    arena_release(&converter.scratch);
    arena_release(&converter.document);
    arena_release(&converter.arena);
    return is_whole;
}
