/* json: one JSON text (RFC 8259) as a flat, read-only document, made in one pass.
 *
 * Two classes of fault. Broken grammar ends the reading; what was read before it can still be
 * looked at (containers that were open count as ended there). Any other fault is noted, the first
 * one is kept, and reading goes on: a duplicate key, invalid UTF-8, an unpaired surrogate, nesting
 * deeper than the bound, bytes after the value. A document with either must not be trusted for
 * anything but finding out whom to answer.
 *
 * Names start with document_ and value_, because json_ belongs to jansson. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

enum value_type {
    VALUE_ABSENT, /* no such member or element */
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_ARRAY,
    VALUE_OBJECT,
};

enum document_fault {
    DOCUMENT_SOUND,
    DOCUMENT_BROKEN,    /* not JSON's grammar, or it ends too early */
    DOCUMENT_DUPLICATE, /* two members of one object with one name (compared after unescaping) */
    DOCUMENT_ENCODING,  /* invalid UTF-8, or a \uD800..\uDFFF escape without its partner */
    DOCUMENT_DEPTH,     /* nesting beyond max_depth: what is below is checked, but not kept */
    DOCUMENT_TRAILING,  /* something but white space after the value */
};

struct document_item;

struct document {
    struct bytes text; /* what was read; must outlive the document */
    const struct document_item *items;
    uint32_t item_count;
    const char *decoded; /* a copy of it in which strings are decoded, each where it begins */

    enum document_fault grammar; /* DOCUMENT_SOUND or DOCUMENT_BROKEN */
    size_t broken_at;            /* offset in text, where broken */
    enum document_fault fault;   /* the first of the other faults, or DOCUMENT_SOUND */
    size_t fault_at;             /* its offset in text */

    unsigned max_depth; /* as asked for */
};

/* A value in a document: cheap to copy. A zeroed one is VALUE_ABSENT, and every question about an
 * absent value has an empty answer, so that paths can be followed without checks between. */
struct value {
    const struct document *document;
    uint32_t index; /* in items */
    uint32_t end;   /* where the items of its container end; for value_next */
};

/* Read `text`, at most 4 GiB. `max_depth` is the deepest nesting kept; the outermost array or
 * object is level 1. A container below that does not exist, nor does the member whose value it is.
 * Always gives a document; see the faults above. Memory: from `arena`, at most some 25 bytes for
 * each byte of text and 48 for each level that is kept. Time: in proportion to the text, whatever
 * its content. */
void document_parse(struct bytes text, unsigned max_depth, struct arena *arena,
                    struct document *out);

/* Sound in both classes. */
bool document_is_sound(const struct document *document);

/* What is wrong, in words, with the offset: "duplicate key \"a\" at byte 17". For a sound document
 * "". Lives in `arena`. */
const char *document_problem(const struct document *document, struct arena *arena);

struct value document_root(const struct document *document);

enum value_type value_type(struct value value);

/* "an object", "a string", ... for messages; "nothing" for an absent one. */
const char *value_type_name(enum value_type type);

/* Is it there, and not null? */
bool value_is_set(struct value value);

/* The member of an object; absent where there is none or `value` is no object. With duplicate keys
 * the first one. Names compare byte for byte (Kubernetes does so, too: sigs.k8s.io/json). */
struct value value_member_named(struct value value, struct bytes name);

static inline struct value value_member(struct value value, const char *name)
{
    return value_member_named(value, bytes_from(name));
}

/* value_member along "spec.template.metadata" (member names without dots only). */
struct value value_path(struct value value, const char *path);

/* The elements of an array or the members' values of an object, in order:
 *     for (struct value v = value_first(array); value_type(v); v = value_next(v))
 * value_first of anything else is absent. value_next is for values that came from value_first or
 * value_next only. */
struct value value_first(struct value value);
struct value value_next(struct value value);

/* The name of a member that value_first or value_next gave from an object. */
struct bytes value_name(struct value value);

/* How many elements or members; 0 for what is neither. */
size_t value_count(struct value value);

/* A string's text, decoded; it may hold NUL, and, in a document with DOCUMENT_ENCODING, invalid
 * UTF-8 (an unpaired surrogate is U+FFFD). {NULL, 0} for any other type. */
struct bytes value_text(struct value value);

/* A number as it was written. {NULL, 0} for any other type. */
struct bytes value_number(struct value value);

/* The value's own bytes in document->text, white space around it left out; what a patch splices.
 * {NULL, 0} for an absent one. */
struct bytes value_raw(struct value value);

/* Deep equality as JSON values: members in any order, numbers by their text, strings decoded.
 * For documents without doubled names. */
bool value_equal(struct value a, struct value b);

/* A copy of the value, the root of a document of its own, that refers to nothing but `room`, which
 * has value_room() bytes and is aligned as for a pointer. Of an absent value: none, and 0. */
size_t value_room(struct value value);
struct value value_copy(struct value value, void *room);

/* Where the value stands in its document, as people write it: spec.containers[0].image or, for
 * names with other characters, metadata.labels["a/b"]. Slow: for messages. Lives in `arena`. */
const char *value_place(struct value value, struct arena *arena);
