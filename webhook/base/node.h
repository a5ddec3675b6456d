/* node: YAML as a tree that remembers where each thing stood.
 *
 * Plain scalars are read as the YAML 1.2 core schema reads them: `yes`, `on` and `no` are strings,
 * 0o17 and 0xff are integers, quoted ones are always strings. Of tags, !!str, !!int, !!float,
 * !!bool, !!null, !!map and !!seq are known, where the text suits them. */
#pragma once

#include "base/problems.h"

enum node_kind { NODE_NULL, NODE_BOOL, NODE_INTEGER, NODE_FLOAT, NODE_STRING, NODE_LIST, NODE_MAP };

/* A text that was read, for messages: problems show its lines. */
struct source {
    const char *name; /* the path as messages show it */
    struct bytes text;
};

/* INVARIANT: nodes below an alias are shared with where they were written, so nobody changes a node
 * once node_parse has given it. */
struct node {
    enum node_kind kind;
    bool is_true;      /* NODE_BOOL */
    bool is_comment;   /* NODE_NULL: a text was written, but it begins with # */
    struct bytes text; /* scalars: the value's characters (may hold NUL); NUL-terminated */
    const struct source *source;
    /* From 1; of an alias: where the alias stands. Column counts characters. */
    uint32_t line, column;
    const struct node *children; /* NODE_LIST: the elements. NODE_MAP: key, value, key, ... */
    size_t count;                /* elements, or members */
    const struct node *key;      /* of a member's value: the member's key; else NULL */
};

struct nodes {
    struct node **items; /* one a document; an empty document is left out */
    size_t count;
    bool is_cut; /* documents may be missing: not all of the text could be read */
};

/* Read every document of one file. Every mistake goes to `problems` at its place. Where the text
 * stops being YAML, or a bound is passed, reading ends with one problem and the documents before it
 * are given. Of the others those are given whose mistakes leave no doubt what is meant: none,
 * duplicate keys (the first counts), or empty ones (left out). `source` must outlive the nodes.
 *
 * Keys are text as it is written (`yes: 1` has the key "yes"); null, empty text, lists and maps as
 * keys are mistakes, as are merge keys (`<<`), aliases without an anchor or inside what they refer
 * to, and tags not named above. Bounds: 16 MiB, 100,000 nodes after aliases in the file, keys
 * counted, 64 levels of lists and maps, 256 anchors a document, 64 %TAG directives. A UTF-8 BOM at
 * the beginning, CRLF and CR are fine; invalid UTF-8, UTF-16, control characters, what ends a line
 * for some readers only (U+0085, U+2028, U+2029) and what turns the direction of text are mistakes,
 * and nothing of such a file is read. */
void node_parse(const struct source *source, struct arena *arena, struct nodes *out,
                struct problems *problems);

/* The value of a map's member; NULL if there is none or `node` is NULL or no map. */
const struct node *node_find(const struct node *node, const char *name);
/* The key's own node, where one wants to point at it. */
const struct node *node_find_key(const struct node *node, const char *name);
/* node_find along "gpus.guaranteed"; gives the *key's* node of the last part; NULL if there is
 * none. */
const struct node *node_find_place(const struct node *node, const char *path);

/* The best place for what concerns the whole of a value, or what it lacks: the key that holds it,
 * else the node itself. */
const struct node *node_place(const struct node *node);

/* A scalar whose text an earlier one of the same list, or map, has too. */
struct node_repeat {
    const struct node *first, *again;
};

/* The repeated keys of a map, or the repeated scalars of a list; gives how many. */
size_t node_find_repeats(const struct node *node, struct arena *arena, struct node_repeat **out);

/* "a list", "a string", ... for messages. */
const char *node_kind_name(enum node_kind kind);

/* What was written, for messages: "16x" (in quotes), 12, true, null, a list, a map. Lives in
 * `arena`. */
const char *node_describe(const struct node *node, struct arena *arena);

/* The value of a NODE_INTEGER; false where it needs more than 64 bits. */
bool node_read_integer(const struct node *node, int64_t *out) MUST_CHECK;

/* The node as JSON text, for what is handed on as a Kubernetes object. Numbers as they are written
 * where that is JSON, else as strings. `buf` may get full. */
void node_write_json(const struct node *node, struct buf *buf);

/* libyaml's. */
const char *node_library_version(void);
