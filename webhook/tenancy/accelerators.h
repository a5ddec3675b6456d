/* accelerators: what counts as a GPU, in which mode, and how much of one. */
#pragma once

#include "base/amount.h"
#include "base/schema.h"

enum mode { MODE_WHOLE, MODE_MIG, MODE_SHARED, MODE_COUNT };

/* "whole", "mig", "shared"; NULL-terminated, in the order of enum mode. */
extern const char *const mode_names[];

enum accelerator_key { ACCELERATOR_RESOURCE, ACCELERATOR_DEVICE_CLASS, ACCELERATOR_ANNOTATION };

/* A row of Cluster.accelerators. */
struct accelerator_row {
    const struct node *node;
    enum accelerator_key key;
    struct glob name;
    int mode;      /* enum mode */
    bool is_value; /* gpus: value: the annotation's number is the amount */
    struct amount gpus;
    bool has_product;
    struct glob product; /* over the node label nvidia.com/gpu.product */
    bool has_per;
    struct amount per; /* bytes of memory of one GPU, where the annotation's number is MiB */
};

extern const struct schema accelerator_schema;

/* The policy set's rows by key and specificity; made once, immutable. */
struct accelerators {
    const struct accelerator_row **rows;
    size_t count;
};

void accelerators_init(struct accelerators *accelerators, const struct objects *rows,
                       struct arena *arena);

/* The same rows? */
bool accelerators_are_alike(const struct accelerators *a, const struct accelerators *b);

/* What is weighed: one unit of a resource or a device class, or an annotation with its number. */
struct accelerator_name {
    enum accelerator_key key;
    struct bytes text;
    struct amount number; /* of an annotation */
};

struct accelerator_weight {
    bool is_known;
    enum mode mode;
    struct amount gpus; /* of an annotation: for its number; the largest there is, where that is
                         * more */
    bool is_unbounded;  /* shows every GPU of its node */
    bool is_general;    /* by the built-in row for what no other row knows */
    const struct accelerator_row *row;         /* NULL: from the built-in table */
    const struct builtin_accelerator *builtin; /* NULL: from the policy set */
};

/* Does the name count as an accelerator (possibly with weight 0)? `products`: the GPU products that
 * the pod's node selection pins; none pinned: the largest row that could apply. False where it is
 * no accelerator. */
bool accelerators_weigh(const struct accelerators *accelerators,
                        const struct accelerator_name *name, const struct strings *products,
                        struct accelerator_weight *out);

struct accelerator_weights {
    struct accelerator_weight *items;
    size_t count;
};

/* Every row that could weigh the name, as they are tried: those for boards of one product, then the
 * one for all others. None: it is no accelerator. `resolved` is what the name counts as: the device
 * class, of an implicit extended resource that no row names. */
void accelerators_list(const struct accelerators *accelerators, const struct accelerator_name *name,
                       struct arena *arena, struct accelerator_name *resolved,
                       struct accelerator_weights *out);

/* The built-in table, for `fairgate accelerators` and the documentation; one row after another. */
struct builtin_accelerator {
    enum accelerator_key key;
    const char *name; /* or a prefix, where is_prefix */
    size_t name_len;
    bool is_prefix;
    enum mode mode;
    struct amount gpus;
    const char *product; /* glob, or NULL */
    const char *note;    /* what it is, and why it weighs that */
    bool is_value, is_unbounded;
};

extern const struct builtin_accelerator builtin_accelerators[];
extern const size_t builtin_accelerator_count;
