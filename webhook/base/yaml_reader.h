/* yaml_reader: libyaml's events, with what libyaml leaves to its callers: tags, the core schema,
 * and errors in our words. For base/node.c and base/yaml_json.c; nothing else sees libyaml.
 *
 * Nesting is for the caller to bound, event by event: inside libyaml its cost is quadratic. */
#pragma once

#include <yaml.h>

#include "base/arena.h"
#include "base/node.h"

/* The bounds that everything read as YAML has; one more is refused. */
enum {
    READER_MOST_LEVELS = 64,         /* the outermost map or list is level 1 */
    READER_MOST_ANCHORS = 256,       /* a document */
    READER_MOST_TAG_DIRECTIVES = 64, /* a text: libyaml compares each with all others */
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one read */
    struct bytes text;  /* what is read, without a byte order mark */
};

/* `text` must outlive the reader. */
void reader_init(struct reader *reader, struct bytes text);
void reader_release(struct reader *reader);

/* The next event. False where the text is no YAML: reader_fault tells why. The last event is
 * YAML_STREAM_END_EVENT. */
bool reader_next(struct reader *reader) MUST_CHECK;

struct reader_fault {
    const char *words; /* without a place */
    bool has_offset;   /* else `at` is libyaml's mark */
    size_t offset;     /* in bytes, for what is no text at all */
    yaml_mark_t at;
};

void reader_fault(const struct reader *reader, struct arena *arena, struct reader_fault *out);

/* Does the text have more %TAG directives than libyaml handles quickly? */
bool reader_has_many_tag_directives(struct bytes text);

struct bytes reader_scalar_text(const yaml_event_t *event);

/* The kind of a scalar event by its tag, else by its style and text. Fails on a tag that is not
 * one of YAML's own, or that the text doesn't fit. */
bool reader_scalar_kind(const yaml_event_t *event, enum node_kind *out,
                        struct error *err) MUST_CHECK;

/* Fails on a tag that a list or map can't have here. */
bool reader_check_collection_tag(const yaml_event_t *event, struct error *err) MUST_CHECK;

/* A plain `<<` as a key: what YAML 1.1 merges. */
bool reader_is_merge_key(const yaml_event_t *event);

/* The name of the event's anchor, or of the anchor that an alias refers to; empty if none. */
struct bytes reader_anchor(const yaml_event_t *event);

/* How the YAML 1.2 core schema reads a plain scalar. */
enum node_kind scalar_kind(struct bytes text);

/* Is the text of an integer or float a JSON number, too? */
bool scalar_is_json_number(struct bytes text);
