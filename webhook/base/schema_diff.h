/* schema_diff: what differs between two structs that one schema filled, field by field, whatever
 * the order in which things were written.
 *
 * What is left out on one side, and written with the default on the other, is no difference. Lists
 * of texts, maps and lists of structs are compared entry by entry. */
#pragma once

#include "base/schema.h"

/* One side of a difference. */
struct diff_side {
    const char *text;        /* the value, or the entry of a list; NULL: it isn't there */
    const struct node *node; /* where it stands; where it isn't there: what it would stand in */
    const void *entry;       /* the struct, where a whole entry of FIELD_OBJECTS came or went */
};

struct schema_change {
    const char *path;  /* "gpus.perPod", "rules[images].images.allow", "resources[cpu]" */
    const char *table; /* the same without entries: "rules.images.allow" */
    const struct field *field;
    bool is_entry; /* of a list: it came, or went */
    struct diff_side old, new;
};

struct schema_changes {
    struct schema_change *items;
    size_t count;
};

/* `old` and `new` are structs of `schema`, read without a mistake. Changes come in the order of the
 * tables, entries in that of their texts. A list that is empty on one side is one change. */
void schema_diff(const struct schema *schema, const void *old, const void *new, struct arena *arena,
                 struct schema_changes *out);

/* A node on one line, the same for all orders of its members. */
const char *schema_diff_text(const struct node *node, struct arena *arena);
