/* tallies: the GPUs of a tenant summed up by who holds them, by priority class and by namespace,
 * kept while pods come and go, so that the largest are found at once. */
#pragma once

#include "base/amount.h"
#include "base/table.h"

struct holding;
struct holdings;
struct tally_heap;

enum tally_kind {
    TALLY_HOLDERS, /* pods by their controller, others each for itself */
    TALLY_CLASSES,
    TALLY_NAMESPACES,
    TALLY_KINDS
};

struct tally {
    struct table_link link;
    struct tally_heap *heap;
    uint32_t place;    /* in the heap */
    uint32_t count;    /* of the holdings that it sums up */
    struct amount sum; /* GPUs */
    bool is_beyond;    /* doesn't fit 64 bits, or didn't at a time */
    bool is_single;    /* of one pod or claim that has no controller, whose texts these are then */
    bool is_claim;
    struct bytes namespace; /* of a class: empty */
    struct bytes name;      /* of a namespace: empty */
};

/* The largest stands first, each before the two behind it. */
struct tally_heap {
    struct tally **items;
    uint32_t count, capacity;
};

/* What `holding`, which has its tenant and its weight, adds; and takes away again. */
void tallies_add(struct holdings *holdings, struct holding *holding);
void tallies_remove(struct holdings *holdings, struct holding *holding);

struct amount tally_amount(const struct tally *tally);

/* Which of two is told first: the larger one, of equal ones that with the first name: <0, 0, >0. */
int tally_compare(const struct tally *a, const struct tally *b);

/* The one of a class; NULL: nothing is held with it. */
const struct tally *tallies_find_class(const struct holdings *holdings,
                                       const struct tally_heap *heap, struct bytes class_name);

enum { TALLIES_MOST = 64 };

/* The `most` (at most TALLIES_MOST) that are told first, in that order; how many there are. */
size_t tallies_find(const struct tally_heap *heap, size_t most, const struct tally **out);
