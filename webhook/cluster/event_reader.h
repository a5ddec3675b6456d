/* event_reader: a WATCH's body, read as it comes: an event a line. */
#pragma once

#include "base/buf.h"
#include "base/json.h"

enum watch_event {
    WATCH_ADDED,
    WATCH_MODIFIED,
    WATCH_DELETED,
    WATCH_BOOKMARK, /* the object has a resourceVersion and no more */
    WATCH_ERROR,    /* the object is a Status */
};

/* Called with each event; the object lives until the call returns. Return false to stop (with err
 * set). */
typedef bool (*event_fn)(void *context, enum watch_event event, struct value object,
                         struct error *err);

struct event_reader {
    event_fn event;
    void *context;
    struct arena line_arena, document_arena;
    struct buf line; /* the beginning of a line whose end is not there yet */
};

void event_reader_init(struct event_reader *reader, event_fn event, void *context);
void event_reader_release(struct event_reader *reader);

/* The next piece of the body. A line has at most 16 MiB. What follows the last line's end is no
 * event. */
bool event_reader_feed(struct event_reader *reader, struct bytes piece,
                       struct error *err) MUST_CHECK;
