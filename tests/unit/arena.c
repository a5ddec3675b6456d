#include "unit/arena.h"

#include "base/buf.h"

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

struct bytes repeat_text(const char *before, const char *text, size_t count, const char *after)
{
    struct buf buf;

    buf_init(&buf, &arena, 64 * 1024 * 1024);
    buf_add_text(&buf, before);
    for (size_t i = 0; i < count; i++)
        buf_add_text(&buf, text);
    buf_add_text(&buf, after);
    assert_false(buf.is_full);
    return buf_bytes(&buf);
}
