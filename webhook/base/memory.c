#include "base/memory.h"

void *memory_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    if (memory)
        return memory;
    fprintf(stderr, "fairgate: out of memory: %zu bytes wanted\n", size);
    abort();
}

struct bytes memory_place(char **room, struct bytes text)
{
    struct bytes copy = {*room, text.len};

    if (text.len)
        memcpy(*room, text.data, text.len);
    *room += text.len;
    return copy;
}
