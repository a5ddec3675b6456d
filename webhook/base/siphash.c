#include "base/siphash.h"

#include <sys/auxv.h>

/* The kernel hands sixteen random bytes to each process: getauxval(3). They need no call that could
 * fail, and nothing of them shows outside. */
void siphash_process_key(uint64_t key[2])
{
    const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */

    key[0] = key[1] = 0;
    if (random)
        memcpy(key, random, 2 * sizeof(key[0]));
}

uint64_t siphash_text(struct bytes text)
{
    struct siphash hash;
    uint64_t key[2];

    siphash_process_key(key);
    hash = siphash_start(key);
    siphash_add(&hash, text);
    return siphash_finish(&hash);
}
