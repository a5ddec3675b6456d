#include "unit/arena.h"

struct arena arena;

int release_arena(void **state)
{
    arena_release(&arena);
    return 0;
}

struct value parse_json(const char *text)
{
    struct document *document = arena_alloc(&arena, sizeof(*document));

    document_parse(bytes_from(text), 64, &arena, document);
    assert_true(document_is_sound(document));
    return document_root(document);
}
