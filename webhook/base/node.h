/* node: YAML as a tree that remembers where each thing stood. Wraps libyaml; nothing else includes
 * it.
 *
 * Plain scalars are read as the YAML 1.2 core schema reads them: `yes`, `on` and `no` are strings,
 * 0o17 and 0xff are integers, quoted ones are always strings. */
#pragma once

#include <stdint.h>

#include "base/problems.h"

enum node_kind { NODE_NULL, NODE_BOOL, NODE_INTEGER, NODE_FLOAT, NODE_STRING, NODE_LIST, NODE_MAP };

/* A text that was read, for messages: problems show its lines. */
struct source {
    const char *name; /* the path as messages show it */
    struct bytes text;
};

struct node {
    enum node_kind kind;
    struct bytes text; /* scalars: the value's characters (may hold NUL) */
    bool is_true;      /* NODE_BOOL */
    const struct source *source;
    uint32_t line,
        column; /* from 1; of an alias: where the alias stands. Column counts characters. */
    struct node *children; /* NODE_LIST: the elements. NODE_MAP: key, value, key, value, ... */
    size_t count;          /* elements, or members */
};

struct nodes {
    struct node **items; /* one a document; an empty document is left out */
    size_t count;
};

enum node_use {
    NODE_POLICY, /* what people write: anchors and aliases bounded, merge keys (`<<`) refused by
                    name, keys must be strings, duplicate keys are problems */
};

/* Read every document of one file. Every mistake goes to `problems` at its place; documents that
 * are sound are still given. Bounds: 16 MiB, 100,000 nodes after aliases (in the file), nesting 64;
 * a UTF-8 BOM and CRLF are fine; invalid UTF-8, UTF-16 and NUL bytes are problems. `source` must
 * outlive the nodes. */
void node_parse(const struct source *source, struct arena *arena, struct nodes *out,
                struct problems *problems);

/* The value of a map's member; NULL if there is none or `node` is NULL or no map. */
const struct node *node_find(const struct node *node, const char *name);
/* The key's own node, where one wants to point at it. */
const struct node *node_find_key(const struct node *node, const char *name);
/* node_find along "gpus.guaranteed"; gives the *key's* node of the last part; NULL if there is
 * none. */
const struct node *node_find_place(const struct node *node, const char *path);

/* "a list", "a string", ... for messages. */
const char *node_kind_name(enum node_kind kind);

/* The node as JSON text, for what is handed on as a Kubernetes object. Numbers as they are written
 * where that is JSON, else as strings. `buf` may get full. */
struct buf;
void node_write_json(const struct node *node, struct buf *buf);
