#include "base/table.h"

#include <sys/random.h>

#include "base/memory.h"
#include "base/siphash.h"

void table_init(struct table *table)
{
    *table = (struct table){0};
    /* Up to 256 bytes come whole, once the system has started (getrandom(2)). */
    if (getrandom(table->secret, sizeof(table->secret), 0) != sizeof(table->secret))
        abort();
}

void table_release(struct table *table)
{
    free(table->buckets);
    *table = (struct table){0};
}

uint64_t table_hash(const struct table *table, struct bytes key, struct bytes more)
{
    struct siphash hash = siphash_start(table->secret);

    siphash_add(&hash, key);
    siphash_add(&hash, more);
    return siphash_finish(&hash);
}

static struct table_link **find_bucket(const struct table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static void push(struct table *table, struct table_link *link)
{
    struct table_link **bucket = find_bucket(table, link->hash);

    link->next = *bucket;
    *bucket = link;
}

static void grow(struct table *table)
{
    struct table old = *table;

    table->bucket_count = old.bucket_count ? old.bucket_count * 2 : 64;
    table->buckets = memory_alloc(table->bucket_count * sizeof(struct table_link *));
    for (size_t i = 0; i < old.bucket_count; i++) {
        struct table_link *next;

        for (struct table_link *link = old.buckets[i]; link; link = next) {
            next = link->next;
            push(table, link);
        }
    }
    free(old.buckets);
}

void table_add(struct table *table, struct table_link *link, uint64_t hash)
{
    if (table->count >= table->bucket_count)
        grow(table);
    link->hash = hash;
    push(table, link);
    table->count++;
}

void table_remove(struct table *table, struct table_link *link)
{
    struct table_link **at = find_bucket(table, link->hash);

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    table->count--;
}

static struct table_link *skip_others(struct table_link *link, uint64_t hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

struct table_link *table_first(const struct table *table, uint64_t hash)
{
    return table->count ? skip_others(*find_bucket(table, hash), hash) : NULL;
}

struct table_link *table_next(const struct table_link *link)
{
    return skip_others(link->next, link->hash);
}
