/* table: a hash table of things that carry their link themselves, so that it allocates nothing for
 * one of them.
 *
 * A key is one text or two. It is hashed with a secret that each table draws for itself
 * (SipHash-1-3): nobody outside can choose names that all fall together. What a thing's key is, the
 * owner knows:
 *
 *     for (link = table_first(&table, table_hash(&table, key, more)); link; link =
 *          table_next(link)) { ... the thing around the link, and whether its key is equal ... } */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct table_link {
    struct table_link *next;
    uint64_t hash;
};

struct table {
    struct table_link **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
    uint64_t secret[2];
};

/* The thing that `link` is the `member` of. */
#define TABLE_THING(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

void table_init(struct table *table);

/* The things themselves are left alone. */
void table_release(struct table *table);

/* ("ab", "c") and ("a", "bc") differ. */
uint64_t table_hash(const struct table *table, struct bytes key, struct bytes more);

void table_add(struct table *table, struct table_link *link, uint64_t hash);
void table_remove(struct table *table, struct table_link *link);

/* Those of this hash, in no particular order; NULL after the last. The one that is being looked at
 * may be removed once the next one is known. */
struct table_link *table_first(const struct table *table, uint64_t hash);
struct table_link *table_next(const struct table_link *link);
