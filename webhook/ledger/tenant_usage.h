/* tenant_usage: the API object that holds one tenant's reservations, read and written. Pure.
 *
 * A digest over all of `spec` finds out who else wrote it. The object's name goes into it, and its
 * uid once `unknown` is gone, so that no object can be put in another's place, nor brought back
 * after a loss. */
#pragma once

#include "ledger/held_pod.h"

#define TENANT_USAGE_API "fairgate.dev/v1alpha1"

enum {
    TENANT_USAGE_MAX_BYTES = 1024 * 1024,
    TENANT_USAGE_MAX_ITEMS = 32 * 1024,
    TENANT_USAGE_MAX_TEXT = 2048, /* of each name and other text in it */
    TENANT_USAGE_MAX_DEPTH = 16,
};

/* JSON's own numbers are exact so far. */
#define TENANT_USAGE_MAX_NUMBER ((uint64_t)1 << 53)

struct floors {
    uint64_t pods, claims; /* resourceVersions; 0: none */
};

struct usage_item {
    uint64_t number;
    bool is_growth;
    struct held_pod pod; /* has_uid is true */
};

struct tenant_usage {
    struct bytes name, uid, version; /* metadata; the latter are empty where it isn't there yet */
    uint64_t last;                   /* the number of the latest reservation that was ever made */
    struct floors floors;
    struct bytes series;      /* within which numbers are given once: another one with each
                                 object that is made, or mended */
    struct bytes unknown;     /* why what was let in before isn't known; empty: it is */
    struct usage_item *items; /* in the order in which they stand, group after group */
    size_t count;
    struct value status; /* as it was read; absent: none */
};

/* False: a field can't be read, or the digest is not that of the spec (err names the field); `out`
 * has what could be read. Everything refers to the document or lives in `arena`; what several items
 * have in common is there once. */
bool tenant_usage_read(struct value object, struct arena *arena, struct tenant_usage *out,
                       struct error *err) MUST_CHECK;

/* The object as JSON for a POST or, where it has a version, a PUT. Items are put into groups, in
 * the order in which the first of each appears. `status`: JSON, may be empty. The buf is_full where
 * the object has more than its size, or anything in it more than a bound above. */
void tenant_usage_write(const struct tenant_usage *usage, struct bytes status, struct buf *out);
