/* random: numbers that are the same in every run, for tests that try many things. */
#pragma once

#include <stdint.h>

/* xorshift64*; a seed other than 0. */
struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(2685821657736338717);
}

/* 0 to count - 1. */
static inline unsigned random_below(struct random *random, unsigned count)
{
    return (unsigned)((random_next(random) >> 32) % count);
}

/* True in one of `count` cases. */
static inline int random_one_in(struct random *random, unsigned count)
{
    return random_below(random, count) == 0;
}
