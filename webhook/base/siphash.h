/* siphash: SipHash-1-3, a hash with a secret key: whoever does not know the key can't write texts
 * that collide. https://www.aumasson.jp/siphash/siphash.pdf
 *
 *     struct siphash hash = siphash_start(key);
 *     siphash_add(&hash, text);
 *     ... siphash_finish(&hash) ...
 *
 * A text goes in by words of eight bytes, the last one with the text's length, so that two texts
 * one after the other hash as neither the same bytes split elsewhere nor one text. */
#pragma once

#include <endian.h>
#include <stdint.h>

#include "base/bytes.h"

struct siphash {
    uint64_t v0, v1, v2, v3;
};

/* The secret of this process; nothing of it shows outside. */
void siphash_process_key(uint64_t key[2]);

/* A text's hash by it. */
uint64_t siphash_text(struct bytes text);

static inline uint64_t siphash_rotate(uint64_t word, int by)
{
    return word << by | word >> (64 - by);
}

static inline __attribute__((always_inline)) void siphash_round(struct siphash *hash)
{
    hash->v0 += hash->v1;
    hash->v1 = siphash_rotate(hash->v1, 13) ^ hash->v0;
    hash->v0 = siphash_rotate(hash->v0, 32);
    hash->v2 += hash->v3;
    hash->v3 = siphash_rotate(hash->v3, 16) ^ hash->v2;
    hash->v0 += hash->v3;
    hash->v3 = siphash_rotate(hash->v3, 21) ^ hash->v0;
    hash->v2 += hash->v1;
    hash->v1 = siphash_rotate(hash->v1, 17) ^ hash->v2;
    hash->v2 = siphash_rotate(hash->v2, 32);
}

static inline __attribute__((always_inline)) void siphash_add_word(struct siphash *hash,
                                                                   uint64_t word)
{
    hash->v3 ^= word;
    siphash_round(hash);
    hash->v0 ^= word;
}

static inline struct siphash siphash_start(const uint64_t key[2])
{
    return (struct siphash){key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                            key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
}

static inline __attribute__((always_inline)) void siphash_add(struct siphash *hash,
                                                              struct bytes text)
{
    uint64_t word = 0;
    size_t at = 0;

    for (; text.len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text.data + at, sizeof(word));
        siphash_add_word(hash, le64toh(word));
    }
    word = 0;
    if (at < text.len)
        memcpy(&word, text.data + at, text.len - at);
    siphash_add_word(hash, le64toh(word) | (uint64_t)text.len << 56);
}

static inline __attribute__((always_inline)) uint64_t siphash_finish(struct siphash *hash)
{
    hash->v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        siphash_round(hash);
    return hash->v0 ^ hash->v1 ^ hash->v2 ^ hash->v3;
}
