/* reading: what schema.c tells of a value that it can't take. Each returns false, unless it says
 * otherwise. */
#pragma once

#include "base/node.h"
#include "base/strings.h"

/* What is being read, for messages. */
struct reading {
    const char *name; /* the member's, or the list's whose entry it is; NULL: it has none */
    bool is_entry;
    struct arena *arena;
    struct problems *problems;
};

/* "perPod": */
const char *reading_prefix(const struct reading *reading);

/* "perPod", or "allowed": an entry */
const char *reading_subject(const struct reading *reading);

/* In the header, so that compilers see what they return. "expected a map, got 12": */
static inline bool reading_unexpected(const struct reading *reading, const struct node *node,
                                      const char *wanted)
{
    problems_add(reading->problems, node, "%sexpected %s, got %s", reading_prefix(reading), wanted,
                 node_describe(node, reading->problems->arena));
    return false;
}

static inline bool reading_empty(const struct reading *reading, const struct node *node)
{
    problems_add(reading->problems, node, "%s must not be empty", reading_subject(reading));
    return false;
}

/* True where it isn't null. */
static inline bool reading_has_value(const struct reading *reading, const struct node *node)
{
    if (node->kind != NODE_NULL)
        return true;
    problems_add(reading->problems, node_place(node), "%s has no value%s", reading_subject(reading),
                 node->is_comment ? ": what begins with \"#\" is a comment; put it in quotes" : "");
    return false;
}

bool reading_no_pattern(const struct reading *reading, const struct node *node,
                        const struct error *err);

/* The entries that the list has twice. */
void reading_repeated(const struct reading *reading, const struct node *list);

/* An unknown key; true where no field that is known is likely to be meant. */
bool reading_unknown(const struct reading *reading, const struct strings *known,
                     const struct node *key);

/* A field that the map lacks; one whose key is mistyped is told already. */
bool reading_missing(const struct reading *reading, const struct strings *known, const char *name,
                     const struct node *node);
