#include "cluster/event_reader.h"

#include "cluster/api_object.h"

enum { MAX_LINE_BYTES = 16 << 20 };

void event_reader_init(struct event_reader *reader, event_fn event, void *context)
{
    *reader = (struct event_reader){.event = event, .context = context};
    buf_init(&reader->line, &reader->line_arena, MAX_LINE_BYTES);
}

void event_reader_release(struct event_reader *reader)
{
    arena_release(&reader->line_arena);
    arena_release(&reader->document_arena);
    *reader = (struct event_reader){0};
}

static bool read_type(struct value root, enum watch_event *out, struct arena *arena,
                      struct error *err)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
    struct bytes type = value_text(value_member(root, "type"));

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (bytes_is(type, names[i])) {
            *out = (enum watch_event)i;
            return true;
        }
    }
    return error_set(err, "type: expected ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, got \"%s\"",
                     text_quote(arena, type));
}

static bool read_line(struct event_reader *reader, struct bytes line, struct error *err)
{
    enum watch_event type = WATCH_ERROR;
    struct value root, object;

    if (!api_object_parse(line, &reader->document_arena, &root, err) ||
        !read_type(root, &type, &reader->document_arena, err))
        return false;
    object = value_member(root, "object");
    if (value_type(object) != VALUE_OBJECT)
        return error_set(err, "object: expected an object, got %s",
                         value_type_name(value_type(object)));
    return reader->event(reader->context, type, object, err);
}

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\r' && line.data[i] != '\t')
            return false;
    }
    return true;
}

static bool give_line(struct event_reader *reader, struct bytes line, struct error *err)
{
    bool goes_on =
        is_blank(line) || read_line(reader, line, err) || error_wrap(err, "an event of the watch");

    arena_reset(&reader->document_arena);
    return goes_on;
}

/* A piece of a line: most lines come whole, and are read where they are. */
static bool keep(struct event_reader *reader, struct bytes piece, struct error *err)
{
    buf_add(&reader->line, piece);
    return !reader->line.is_full ||
           error_set_limit(err, "an event of the watch: more than %d bytes", MAX_LINE_BYTES);
}

static bool end_line(struct event_reader *reader, struct bytes piece, struct error *err)
{
    bool goes_on;

    if (reader->line.len == 0)
        return give_line(reader, piece, err);
    goes_on = keep(reader, piece, err) && give_line(reader, buf_bytes(&reader->line), err);
    arena_reset(&reader->line_arena);
    buf_init(&reader->line, &reader->line_arena, MAX_LINE_BYTES);
    return goes_on;
}

bool event_reader_feed(struct event_reader *reader, struct bytes piece, struct error *err)
{
    while (piece.len > 0) {
        const char *end = memchr(piece.data, '\n', piece.len);
        size_t len = end ? (size_t)(end - piece.data) : piece.len;
        struct bytes part = {piece.data, len};

        if (!(end ? end_line(reader, part, err) : keep(reader, part, err)))
            return false;
        piece = bytes_tail(piece, end ? len + 1 : len);
    }
    return true;
}
