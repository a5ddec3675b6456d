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
