/* node_parse: makes the tree of node.h from libyaml's events. */
#include "base/node.h"

#include <assert.h>

#include "base/cursor.h"
#include "base/yaml_reader.h"

enum { MOST_TEXT = 16 * 1024 * 1024, MOST_NODES = 100000 };

struct anchor {
    struct bytes name;
    struct node node;
    size_t size;     /* nodes, after aliases */
    unsigned levels; /* 0 for a scalar */
    bool is_open;    /* what it names is still being read */
};

struct builder {
    struct reader reader;
    struct cursor cursor;
    const struct source *source;
    struct arena *arena;
    struct arena scratch;
    struct problems *problems;
    struct anchor *anchors;
    size_t anchor_count;
    size_t node_count; /* in the file so far */
    bool is_over;      /* nothing more can be read; a problem says why */
    bool is_unclear;   /* of this document: a mistake makes its meaning doubtful */
};

static bool give_up(struct builder *builder)
{
    builder->is_over = true;
    return false;
}

/* From the text's end back to the last thing in it: there is a line to show. */
static void leave_end(struct cursor *cursor)
{
    size_t at = cursor->at;

    if (at < cursor->text.len)
        return;
    while (at > 0 && strchr(" \t\r\n", cursor->text.data[at - 1]))
        at--;
    while (at > 0 && ((unsigned char)cursor->text.data[--at] & 0xc0) == 0x80)
        ;
    cursor_to_offset(cursor, at);
}

static bool tell_fault(struct builder *builder)
{
    struct reader_fault fault;

    reader_fault(&builder->reader, &builder->scratch, &fault);
    if (fault.has_offset)
        cursor_to_offset(&builder->cursor,
                         fault.offset + builder->source->text.len - builder->reader.text.len);
    else
        cursor_to_index(&builder->cursor, fault.at.index);
    leave_end(&builder->cursor);
    problems_add_at(builder->problems, builder->source, builder->cursor.line,
                    builder->cursor.column, "%s", fault.words);
    return give_up(builder);
}

/* The next event, with the cursor where it begins. */
static bool next_event(struct builder *builder)
{
    if (builder->is_over)
        return false;
    if (!reader_next(&builder->reader))
        return tell_fault(builder);
    cursor_to_index(&builder->cursor, builder->reader.event.start_mark.index);
    return true;
}

static struct node node_here(const struct builder *builder, enum node_kind kind)
{
    return (struct node){.kind = kind,
                         .source = builder->source,
                         .line = builder->cursor.line,
                         .column = builder->cursor.column};
}

static bool count_nodes(struct builder *builder, size_t count, const struct node *at)
{
    builder->node_count += count;
    if (builder->node_count <= MOST_NODES)
        return true;
    problems_add(builder->problems, at, "the file has more than %d values, keys and aliases",
                 MOST_NODES);
    return give_up(builder);
}

static bool check_levels(struct builder *builder, unsigned levels, const struct node *at)
{
    if (levels <= READER_MOST_LEVELS)
        return true;
    problems_add(builder->problems, at, "lists and maps are nested more than %d deep",
                 READER_MOST_LEVELS);
    return give_up(builder);
}

/* A new anchor for the node that begins here. The later of two with one name is found first. */
static bool open_anchor(struct builder *builder, const struct node *at)
{
    struct bytes name = reader_anchor(&builder->reader.event);

    if (builder->anchor_count == READER_MOST_ANCHORS) {
        problems_add(builder->problems, at, "the document has more than %d anchors",
                     READER_MOST_ANCHORS);
        return give_up(builder);
    }
    *ARENA_APPEND(&builder->scratch, builder->anchors, builder->anchor_count) =
        (struct anchor){.name = arena_copy_bytes(&builder->scratch, name), .is_open = true};
    return true;
}

static const struct anchor *find_anchor(const struct builder *builder, struct bytes name)
{
    for (size_t i = builder->anchor_count; i > 0; i--) {
        if (bytes_equal(builder->anchors[i - 1].name, name))
            return &builder->anchors[i - 1];
    }
    return NULL;
}

static void refuse_alias(struct builder *builder, const struct node *at, struct bytes name,
                         bool is_inside)
{
    const char *shown = text_quote(&builder->scratch, name);

    if (is_inside)
        problems_add(builder->problems, at, "the alias \"*%s\" stands inside what it refers to",
                     shown);
    else
        problems_add(builder->problems, at,
                     "there is no anchor \"&%s\" before this; text that begins with \"*\" must be "
                     "in quotes",
                     shown);
    builder->is_unclear = true;
}

static bool read_alias(struct builder *builder, unsigned level, struct node *out, unsigned *levels)
{
    struct bytes name = reader_anchor(&builder->reader.event);
    const struct anchor *anchor = find_anchor(builder, name);
    struct node here = node_here(builder, NODE_NULL);

    *out = here;
    *levels = 0;
    if (!anchor || anchor->is_open) {
        refuse_alias(builder, &here, name, anchor != NULL);
        return count_nodes(builder, 1, &here);
    }
    *out = anchor->node;
    out->line = here.line;
    out->column = here.column;
    *levels = anchor->levels;
    return check_levels(builder, level + anchor->levels - 1, &here) &&
           count_nodes(builder, anchor->size, &here);
}

/* libyaml hides the tag `!`, which makes a string of any scalar, but the text still has it. */
static bool has_bare_tag(const struct builder *builder)
{
    struct bytes text = builder->cursor.text;
    size_t at = builder->cursor.at;

    if (at < text.len && text.data[at] == '&') {
        while (at < text.len && !strchr(" \t\r\n", text.data[at]))
            at++;
        while (at < text.len && strchr(" \t\r\n", text.data[at]))
            at++;
    }
    return at < text.len && text.data[at] == '!';
}

/* `contact: #research` has no value: where it would stand, a comment does. */
static bool is_before_comment(const struct builder *builder)
{
    struct bytes text = builder->cursor.text;
    size_t at = builder->cursor.at;

    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at + 1 < text.len && text.data[at] == '#' && !strchr(" \t\r\n#", text.data[at + 1]);
}

static void read_scalar(struct builder *builder, struct node *out)
{
    const yaml_event_t *event = &builder->reader.event;
    struct error err;

    out->text = arena_copy_bytes(builder->arena, reader_scalar_text(event));
    if (!reader_scalar_kind(event, &out->kind, &err)) {
        problems_add(builder->problems, out, "%s", err.text);
        builder->is_unclear = true;
    } else if (out->kind != NODE_STRING && !event->data.scalar.tag && has_bare_tag(builder)) {
        out->kind = NODE_STRING;
    }
    out->is_comment = out->kind == NODE_NULL && out->text.len == 0 && is_before_comment(builder);
    out->is_true = out->kind == NODE_BOOL && (out->text.data[0] | 0x20) == 't';
}

static bool read_node(struct builder *builder, unsigned level, struct node *out, unsigned *levels);

static void raise(unsigned *highest, unsigned levels)
{
    if (*highest < levels)
        *highest = levels;
}

static bool read_list(struct builder *builder, unsigned level, struct node *out, unsigned *levels)
{
    struct node *children = NULL;

    while (next_event(builder) && builder->reader.event.type != YAML_SEQUENCE_END_EVENT) {
        struct node child;
        unsigned below;

        if (!read_node(builder, level + 1, &child, &below))
            return false;
        *ARENA_APPEND(builder->arena, children, out->count) = child;
        raise(levels, below + 1);
    }
    out->children = children;
    return !builder->is_over;
}

enum key_form { KEY_PLAIN, KEY_MERGE, KEY_TEMPLATE };

/* Of the key that the current event begins. */
static enum key_form key_form_here(const struct builder *builder)
{
    size_t at = builder->cursor.at;

    if (reader_is_merge_key(&builder->reader.event))
        return KEY_MERGE;
    if (at > 0 && bytes_has_prefix(bytes_tail(builder->cursor.text, at - 1), BYTES("{{")))
        return KEY_TEMPLATE;
    return KEY_PLAIN;
}

/* Is what was read good for a key? Its text is taken as it is written. */
static bool make_key(struct builder *builder, enum key_form form, struct node *key)
{
    bool is_empty = key->kind == NODE_STRING && key->text.len == 0;
    const char *fault = NULL;

    if (form == KEY_MERGE)
        fault = "merge keys (\"<<\") are not supported; write the members out";
    else if (form == KEY_TEMPLATE && key->kind == NODE_MAP)
        fault = "a key must be text, not a map; a template such as {{ .Values.x }} must be "
                "rendered first";
    else if (key->kind == NODE_LIST || key->kind == NODE_MAP)
        fault = "a key must be text, not a list or a map";
    else if (key->kind == NODE_NULL)
        fault = "a key must be text, not null; to name something \"null\", put it in quotes";
    else if (is_empty)
        fault = "a key must not be empty";
    else if (memchr(key->text.data, '\0', key->text.len))
        fault = "a key must not hold the character U+0000";
    key->kind = NODE_STRING;
    if (!fault)
        return true;
    problems_add(builder->problems, key, "%s", fault);
    /* Without a member that has no name the rest means what it says. */
    builder->is_unclear |= !is_empty;
    return false;
}

static bool read_member(struct builder *builder, unsigned level, struct node member[2],
                        unsigned *levels, bool *is_sound)
{
    enum key_form form = key_form_here(builder);
    unsigned below = 0;

    if (!read_node(builder, level + 1, &member[0], &below))
        return false;
    raise(levels, below + 1);
    *is_sound = make_key(builder, form, &member[0]);
    if (!next_event(builder) || !read_node(builder, level + 1, &member[1], &below))
        return false;
    raise(levels, below + 1);
    return true;
}

static void tell_repeated_keys(struct builder *builder, const struct node *map)
{
    struct node_repeat *repeats;
    size_t count = node_find_repeats(map, &builder->scratch, &repeats);

    for (size_t i = 0; i < count; i++)
        problems_add(builder->problems, repeats[i].again,
                     "duplicate key \"%s\"; it is on line %u already",
                     text_quote(&builder->scratch, repeats[i].again->text), repeats[i].first->line);
}

static bool read_map(struct builder *builder, unsigned level, struct node *out, unsigned *levels)
{
    struct node *children = NULL;
    bool has_lost = false;
    size_t count = 0;

    while (next_event(builder) && builder->reader.event.type != YAML_MAPPING_END_EVENT) {
        struct node member[2];
        bool is_sound;

        if (!read_member(builder, level, member, levels, &is_sound))
            return false;
        has_lost |= !is_sound;
        for (size_t i = 0; i < 2 && is_sound; i++)
            *ARENA_APPEND(builder->arena, children, count) = member[i];
    }
    for (size_t i = 0; i + 1 < count; i += 2)
        children[i + 1].key = &children[i];
    out->children = children;
    out->count = count / 2;
    /* Told already: an empty map would be a second mistake. */
    builder->is_unclear |= has_lost && count == 0;
    tell_repeated_keys(builder, out);
    return !builder->is_over;
}

static bool read_collection(struct builder *builder, unsigned level, struct node *out,
                            unsigned *levels)
{
    struct error err;

    if (!check_levels(builder, level, out))
        return false;
    if (!reader_check_collection_tag(&builder->reader.event, &err)) {
        problems_add(builder->problems, out, "%s", err.text);
        builder->is_unclear = true;
    }
    *levels = 1;
    if (builder->reader.event.type == YAML_MAPPING_START_EVENT) {
        out->kind = NODE_MAP;
        return read_map(builder, level, out, levels);
    }
    out->kind = NODE_LIST;
    return read_list(builder, level, out, levels);
}

/* Read the node that the current event begins. `level` is the one it has if it is a list or map;
 * `levels` tells how many there are in it. */
static bool read_node(struct builder *builder, unsigned level, struct node *out, unsigned *levels)
{
    size_t before = builder->node_count, slot = builder->anchor_count;
    bool has_anchor = reader_anchor(&builder->reader.event).len > 0;
    bool is_read = true;

    if (builder->reader.event.type == YAML_ALIAS_EVENT)
        return read_alias(builder, level, out, levels);
    *out = node_here(builder, NODE_NULL);
    *levels = 0;
    if (!count_nodes(builder, 1, out) || (has_anchor && !open_anchor(builder, out)))
        return false;
    if (builder->reader.event.type == YAML_SCALAR_EVENT)
        read_scalar(builder, out);
    else
        is_read = read_collection(builder, level, out, levels);
    if (is_read && has_anchor) {
        struct anchor *anchor = &builder->anchors[slot];

        anchor->node = *out;
        anchor->size = builder->node_count - before;
        anchor->levels = *levels;
        anchor->is_open = false;
    }
    return is_read;
}

static void read_document(struct builder *builder, struct nodes *out)
{
    struct node root;
    unsigned levels;

    builder->anchor_count = 0;
    builder->is_unclear = false;
    if (!next_event(builder) || !read_node(builder, 1, &root, &levels) || !next_event(builder))
        return;
    assert(builder->reader.event.type == YAML_DOCUMENT_END_EVENT);
    out->is_cut |= builder->is_unclear;
    if (builder->is_unclear || (root.kind == NODE_NULL && root.text.len == 0))
        return;
    *ARENA_APPEND(builder->arena, out->items, out->count) =
        memcpy(arena_alloc(builder->arena, sizeof(root)), &root, sizeof(root));
}

/* What is wrong with the character at `at`, which has `len` bytes; NULL if nothing is. */
static const char *character_fault(struct bytes text, size_t at, size_t len)
{
    unsigned char c = (unsigned char)text.data[at];
    struct bytes rest = bytes_tail(text, at);

    if (len == 1)
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r'
                   ? c == 0x7f ? "the character U+007F is not allowed in YAML" : NULL
                   : "control characters are not allowed in YAML";
    if (len == 0)
        return "the text is not valid UTF-8";
    if (bytes_has_prefix(rest, BYTES("\xef\xbb\xbf")))
        return at ? "a byte order mark (U+FEFF) is allowed at the beginning only" : NULL;
    if (bytes_has_prefix(rest, BYTES("\xc2\x85")) ||
        bytes_has_prefix(rest, BYTES("\xe2\x80\xa8")) ||
        bytes_has_prefix(rest, BYTES("\xe2\x80\xa9")))
        return "the characters U+0085, U+2028 and U+2029 end a line for some readers of YAML and "
               "not for others; in double quotes write \\N, \\L and \\P";
    if ((c == 0xc2 && (unsigned char)text.data[at + 1] < 0xa0) ||
        bytes_has_prefix(rest, BYTES("\xef\xbf\xbe")) ||
        bytes_has_prefix(rest, BYTES("\xef\xbf\xbf")))
        return "control characters are not allowed in YAML";
    if (text_is_control(rest.data, len))
        return "a character that turns the direction of text makes a file look other than it is "
               "read; in double quotes write \\u and its code";
    return NULL;
}

static bool check_characters(const struct source *source, struct problems *problems)
{
    struct bytes text = source->text;

    for (size_t at = 0, len; at < text.len; at += len) {
        const char *fault;

        len = text_character(text, at);
        fault = character_fault(text, at, len);
        if (fault) {
            struct cursor cursor;

            cursor_init(&cursor, text);
            cursor_to_offset(&cursor, at);
            problems_add_at(problems, source, cursor.line, cursor.column, "%s", fault);
            return false;
        }
    }
    return true;
}

/* Not in bytes: it begins with a mark of that, or one of its first two bytes is 0. */
static bool is_wide(struct bytes text)
{
    return bytes_has_prefix(text, BYTES("\xff\xfe")) || bytes_has_prefix(text, BYTES("\xfe\xff")) ||
           (text.len > 1 && memchr(text.data, '\0', 2));
}

static bool check_text(const struct source *source, struct problems *problems)
{
    struct bytes text = source->text;
    const char *fault = NULL;

    if (text.len > MOST_TEXT)
        fault = "the file is larger than 16 MiB";
    else if (is_wide(text))
        fault = "the file is UTF-16 or UTF-32; write it as UTF-8";
    else if (reader_has_many_tag_directives(text))
        fault = "the file has more than 64 %TAG directives";
    if (!fault)
        return check_characters(source, problems);
    problems_add_at(problems, source, 0, 0, "%s", fault);
    return false;
}

void node_parse(const struct source *source, struct arena *arena, struct nodes *out,
                struct problems *problems)
{
    struct builder builder = {.source = source, .arena = arena, .problems = problems};

    *out = (struct nodes){.is_cut = !check_text(source, problems)};
    if (out->is_cut)
        return;
    reader_init(&builder.reader, source->text);
    cursor_init(&builder.cursor, source->text);
    while (next_event(&builder) && builder.reader.event.type != YAML_STREAM_END_EVENT) {
        if (builder.reader.event.type == YAML_DOCUMENT_START_EVENT)
            read_document(&builder, out);
    }
    out->is_cut |= builder.is_over;
    reader_release(&builder.reader);
    arena_release(&builder.scratch);
}
