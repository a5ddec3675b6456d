#include "base/table.h"

#include <sys/random.h>

#include "base/memory.h"

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

/* https://www.aumasson.jp/siphash/siphash.pdf, with one round a word and three at the end. */
struct sip {
    uint64_t v0, v1, v2, v3, word;
    size_t len;
};

static uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

static void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void sip_add_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static void sip_add(struct sip *s, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        s->word |= (uint64_t)(unsigned char)text.data[i] << (s->len % 8 * 8);
        if (++s->len % 8 == 0) {
            sip_add_word(s, s->word);
            s->word = 0;
        }
    }
}

uint64_t table_hash(const struct table *table, struct bytes key, struct bytes more)
{
    uint64_t k0 = table->secret[0], k1 = table->secret[1], len = key.len;
    struct sip s = {k0 ^ 0x736f6d6570736575,
                    k1 ^ 0x646f72616e646f6d,
                    k0 ^ 0x6c7967656e657261,
                    k1 ^ 0x7465646279746573,
                    0,
                    0};

    sip_add_word(&s, len);
    sip_add(&s, key);
    sip_add(&s, more);
    sip_add_word(&s, s.word | (uint64_t)s.len << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
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
