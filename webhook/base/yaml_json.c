/* yaml_objects: libyaml's events straight to JSON, without a tree between.
 *
 * An alias is the JSON of what it refers to once more, copied from where it was written. */
#include "base/yaml_json.h"

#include "base/json_cut.h"
#include "base/yaml_reader.h"

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
    struct bytes text;
    object_fn each;
    void *context;
    struct error *err;
    struct arena arena;   /* of the text: the buffer */
    struct arena scratch; /* of the object: its anchors */
    struct buf json;
    struct anchor *anchors;
    size_t anchor_count;
    size_t node_count;   /* of the object so far */
    size_t alias_bytes;  /* of the text so far */
    size_t index, offset; /* a place in the text, in characters and in bytes */
};

/* What a document's root says about itself. */
struct root {
    struct list_head head;
    char *kind, *api_version;
    bool is_list;   /* its items were given */
    bool has_items; /* and they are in its JSON */
    size_t line;
};

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
    return converter->node_count <= READER_MOST_NODES ||
           fail(converter, "the object has more than 100000 values, keys and aliases");
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
    /* Room first: the source is in the same buffer, which may move. */
    buf_reserve(json, anchor->len);
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
        return fail(converter,
                    "merge keys (\"<<\") are not supported; write the members out");
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
