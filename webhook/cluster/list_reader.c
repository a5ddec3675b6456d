/* Items are cut out of the list by brackets and strings alone; what is in them, and all that is
 * around them, is read by base/json.h. */
#include "cluster/list_reader.h"

#include "cluster/api_object.h"

enum { MAX_ITEM_BYTES = 16 << 20, MAX_REST_BYTES = 256 << 10 };

enum place {
    OUTSIDE,    /* not in the items */
    ITEMS_NAME, /* behind the name "items" and its colon */
    ITEMS_OPEN, /* behind the bracket */
    ITEM,       /* in an item */
    ITEM_ENDED, /* behind one */
    ITEM_COMMA, /* behind the comma between two */
};

static const char items_name[] = "\"items\"";

void list_reader_init(struct list_reader *reader, list_item_fn item, void *context)
{
    *reader = (struct list_reader){.item = item, .context = context, .place = OUTSIDE};
    buf_init(&reader->rest, &reader->arena, MAX_REST_BYTES);
    buf_init(&reader->buffer, &reader->item_arena, MAX_ITEM_BYTES);
}

void list_reader_release(struct list_reader *reader)
{
    arena_release(&reader->arena);
    arena_release(&reader->item_arena);
    arena_release(&reader->document_arena);
    *reader = (struct list_reader){0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Strings and brackets. */
static void step(struct list_reader *reader, char c)
{
    if (reader->is_escaped)
        reader->is_escaped = false;
    else if (reader->in_string && c == '\\')
        reader->is_escaped = true;
    else if (c == '"')
        reader->in_string = !reader->in_string;
    else if (!reader->in_string && (c == '{' || c == '['))
        reader->depth++;
    else if (!reader->in_string && (c == '}' || c == ']') && reader->depth > 0)
        reader->depth--;
}

static bool give_item(struct list_reader *reader, struct error *err)
{
    struct value object;
    bool goes_on;

    if (reader->buffer.is_full)
        return error_set_limit(err, "items[%zu]: more than %d bytes", reader->count,
                               MAX_ITEM_BYTES);
    if (!api_object_parse(buf_bytes(&reader->buffer), &reader->document_arena, &object, err))
        return error_wrap(err, "items[%zu]", reader->count);
    goes_on = reader->item(reader->context, object, err);
    arena_reset(&reader->document_arena);
    arena_reset(&reader->item_arena);
    buf_init(&reader->buffer, &reader->item_arena, MAX_ITEM_BYTES);
    reader->count++;
    return goes_on;
}

/* To the end of the item, or of the piece; gives how far that was. The depth is counted from the
 * item on. */
static size_t item_span(struct list_reader *reader, struct bytes piece)
{
    static const bool matters[256] = {
        ['"'] = true, ['\\'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true,
    };

    for (size_t at = 0; at < piece.len; at++) {
        if (!matters[(unsigned char)piece.data[at]] && !reader->is_escaped)
            continue;
        step(reader, piece.data[at]);
        if (reader->depth == 0)
            return at + 1;
    }
    return piece.len;
}

static bool feed_item(struct list_reader *reader, struct bytes *piece, struct error *err)
{
    size_t span = item_span(reader, *piece);

    buf_add(&reader->buffer, (struct bytes){piece->data, span});
    *piece = bytes_tail(*piece, span);
    if (reader->depth > 0 && !reader->buffer.is_full)
        return true;
    reader->place = ITEM_ENDED;
    return give_item(reader, err);
}

/* Between items. */
static bool feed_separator(struct list_reader *reader, struct bytes *piece, struct error *err)
{
    char c = piece->data[0];

    if (c == '{' && reader->place != ITEM_ENDED) {
        reader->place = ITEM;
        reader->depth = 0;
        return true;
    }
    if (c == ']' && reader->place != ITEM_COMMA) {
        reader->place = OUTSIDE;
        reader->depth = 1;
        buf_add_char(&reader->rest, c);
    } else if (c == ',' && reader->place == ITEM_ENDED) {
        reader->place = ITEM_COMMA;
    } else if (!is_blank(c)) {
        return error_set(err, "items: expected %s behind item %zu",
                         reader->place == ITEM_ENDED ? "a comma or the end" : "an object",
                         reader->count);
    }
    *piece = bytes_tail(*piece, 1);
    return true;
}

/* Is this the colon behind the name of the list's items? */
static bool is_items_colon(const struct list_reader *reader, char c)
{
    struct bytes rest = buf_bytes(&reader->rest);

    while (rest.len > 0 && is_blank(rest.data[rest.len - 1]))
        rest.len--;
    return c == ':' && reader->depth == 1 && !reader->in_string &&
           rest.len == reader->key_at + sizeof(items_name) - 1 &&
           bytes_is(bytes_tail(rest, reader->key_at), items_name);
}

static bool feed_outside(struct list_reader *reader, struct bytes *piece, struct error *err)
{
    char c = piece->data[0];

    if (c == '"' && !reader->in_string)
        reader->key_at = reader->rest.len;
    if (is_items_colon(reader, c))
        reader->place = ITEMS_NAME;
    else if (reader->place == ITEMS_NAME && c == '[')
        reader->place = ITEMS_OPEN;
    else if (reader->place == ITEMS_NAME && !is_blank(c))
        reader->place = OUTSIDE; /* null, or what no list has */
    step(reader, c);
    buf_add_char(&reader->rest, c);
    *piece = bytes_tail(*piece, 1);
    return !reader->rest.is_full ||
           error_set_limit(err, "more than %d bytes around the items", MAX_REST_BYTES);
}

bool list_reader_feed(struct list_reader *reader, struct bytes piece, struct error *err)
{
    while (piece.len > 0) {
        bool goes_on;

        if (reader->place == ITEM)
            goes_on = feed_item(reader, &piece, err);
        else if (reader->place == OUTSIDE || reader->place == ITEMS_NAME)
            goes_on = feed_outside(reader, &piece, err);
        else
            goes_on = feed_separator(reader, &piece, err);
        if (!goes_on)
            return false;
    }
    return true;
}

bool list_reader_end(struct list_reader *reader, struct list_end *out, struct error *err)
{
    struct value list;

    if (reader->place != OUTSIDE || reader->depth > 0)
        return error_set(err, "the list breaks off behind item %zu", reader->count);
    if (!api_object_parse_strictly(buf_bytes(&reader->rest), &reader->arena, &list, err))
        return false;
    if (value_count(value_member(list, "items")) > 0)
        return error_set(err, "items: not written as Kubernetes writes them");
    if (!api_object_resource_version(list, &out->resource_version, err))
        return false;
    out->continues = value_text(value_path(list, "metadata.continue"));
    return true;
}
