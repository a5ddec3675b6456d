#include "base/json_table.h"

#include <endian.h>
#include <sys/auxv.h>

#include "base/json_item.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_round(struct sip *sip)
{
    sip->v0 += sip->v1;
    sip->v1 = rotate_left(sip->v1, 13) ^ sip->v0;
    sip->v0 = rotate_left(sip->v0, 32);
    sip->v2 += sip->v3;
    sip->v3 = rotate_left(sip->v3, 16) ^ sip->v2;
    sip->v0 += sip->v3;
    sip->v3 = rotate_left(sip->v3, 21) ^ sip->v0;
    sip->v2 += sip->v1;
    sip->v1 = rotate_left(sip->v1, 17) ^ sip->v2;
    sip->v2 = rotate_left(sip->v2, 32);
}

static void sip_add(struct sip *sip, uint64_t word)
{
    sip->v3 ^= word;
    sip_round(sip);
    sip->v0 ^= word;
}

/* SipHash-1-3, https://www.aumasson.jp/siphash/siphash.pdf */
static uint64_t keyed_hash(const uint64_t key[2], struct bytes text)
{
    struct sip sip = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                      key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    uint64_t word;
    size_t at = 0;

    for (; text.len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text.data + at, sizeof(word));
        sip_add(&sip, le64toh(word));
    }
    word = 0;
    if (at < text.len)
        memcpy(&word, text.data + at, text.len - at);
    sip_add(&sip, le64toh(word) | (uint64_t)text.len << 56);
    sip.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&sip);
    return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

/* The kernel hands sixteen random bytes to each process: getauxval(3). They need no call that could
 * fail, and nothing of them shows outside. */
static void find_key(uint64_t key[2])
{
    const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */

    key[0] = key[1] = 0;
    if (random)
        memcpy(key, random, 2 * sizeof(key[0]));
}

/* At most half full. */
static size_t clear_slots(struct item_table *table, size_t name_count)
{
    size_t wanted = 64;

    while (wanted < name_count * 2)
        wanted *= 2;
    if (wanted > table->capacity) {
        table->slots = arena_alloc_raw(table->arena, wanted * sizeof(*table->slots));
        table->capacity = wanted;
    }
    memset(table->slots, 0, wanted * sizeof(*table->slots));
    return wanted;
}

const struct document_item *item_table_find_double(struct item_table *table,
                                                   const struct document_item *object,
                                                   const char *decoded)
{
    const struct document_item *end = object + object->span;
    size_t mask = clear_slots(table, item_count_at_most(object)) - 1;
    uint64_t key[2];

    find_key(key);
    for (const struct document_item *name = object + 1; name < end; name = item_after(name + 1)) {
        struct bytes name_text = item_text(name, decoded);
        uint64_t hash = keyed_hash(key, name_text);
        size_t at = hash & mask;

        /* A slot holds the distance from the object, and above it half of the hash. */
        for (; table->slots[at]; at = (at + 1) & mask) {
            const struct document_item *other = object + (uint32_t)table->slots[at];

            if (table->slots[at] >> 32 == hash >> 32 &&
                bytes_equal(item_text(other, decoded), name_text))
                return name;
        }
        table->slots[at] = hash >> 32 << 32 | (uint32_t)(name - object);
    }
    return NULL;
}
