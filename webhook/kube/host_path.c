#include "kube/host_path.h"

/* Without its last component. */
static size_t parent_len(const char *path, size_t len)
{
    while (len > 0 && path[--len] != '/')
        ;
    return len;
}

struct bytes host_path_resolve(struct bytes path, struct arena *arena)
{
    char *out = arena_alloc_raw(arena, path.len + 2);
    const char *at = path.data, *end = path.len ? memchr(path.data, '\0', path.len) : NULL;
    size_t len = 0;

    if (!end)
        end = at + path.len;
    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        struct bytes part = {at, (size_t)((slash ? slash : end) - at)};

        at += part.len + 1;
        if (part.len == 0 || bytes_is(part, "."))
            continue;
        if (bytes_is(part, "..")) {
            len = parent_len(out, len);
            continue;
        }
        out[len++] = '/';
        memcpy(out + len, part.data, part.len);
        len += part.len;
        /* On the way, because "/var/run/.." is "/". */
        if (bytes_is((struct bytes){out, len}, "/var/run")) {
            memcpy(out, "/run", 4);
            len = 4;
        }
    }
    if (len == 0)
        out[len++] = '/';
    return (struct bytes){out, len};
}

bool host_path_is_in(struct bytes path, struct bytes top)
{
    return bytes_has_prefix(path, top) &&
           (path.len == top.len || top.len == 1 || path.data[top.len] == '/');
}
