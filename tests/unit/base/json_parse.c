#include "unit/base/json_parse.h"

#include <stdlib.h>

struct document *parse_bytes(struct bytes text, unsigned max_depth)
{
    struct document *document = arena_alloc(&arena, sizeof(*document));
    char *copy = malloc(text.len ? text.len : 1);

    if (text.len)
        memcpy(copy, text.data, text.len);
    arena_on_release(&arena, free, copy);
    document_parse((struct bytes){copy, text.len}, max_depth, &arena, document);
    return document;
}

struct value parse(const char *text)
{
    return document_root(parse_bytes(bytes_from(text), 256));
}

void assert_text(struct bytes actual, const char *expected)
{
    if (!bytes_is(actual, expected))
        fail_msg("expected \"%s\", got \"%.*s\"", expected, BYTES_ARG(actual));
}
