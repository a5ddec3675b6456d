#include "base/arena.h"
#include "unit/unit.h"

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 40000, 3, 200000, 1};
    struct arena arena = {0};
    char *memory[10];

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        memory[i] = arena_alloc(&arena, sizes[i]);
        assert_int_equal((uintptr_t)memory[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(memory[i][at], 0);
        memset(memory[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < 10; i++) {
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(memory[i][at], i + 1);
    }
    arena_release(&arena);
    assert_null(arena.chunk);
}

static void memory_is_zeroed_after_a_reset_too(void **state)
{
    struct arena arena = {0};
    char *memory = arena_alloc_raw(&arena, 1000);

    (void)state;
    memset(memory, 0xff, 1000);
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    memory = arena_alloc(&arena, 1000);
    for (size_t at = 0; at < 1000; at++)
        assert_int_equal(memory[at], 0);
    assert_int_equal(arena.used, 1008); /* whole units of alignment */
    arena_release(&arena);
}

static void what_was_last_grows_in_place(void **state)
{
    struct arena arena = {0};
    char *text = arena_alloc_raw(&arena, 10);
    char *grown;

    (void)state;
    memcpy(text, "123456789", 10);
    assert_ptr_equal(arena_grow(&arena, text, 10, 16), text);
    assert_ptr_equal(arena_grow(&arena, text, 16, 1000), text);
    assert_string_equal(text, "123456789");
    arena_alloc(&arena, 1);
    grown = arena_grow(&arena, text, 1000, 2000);
    assert_ptr_not_equal(grown, text);
    assert_string_equal(grown, "123456789");
    assert_ptr_not_equal(arena_grow(&arena, NULL, 0, 8), NULL);
    arena_release(&arena);
}

static void growing_past_the_chunk_copies(void **state)
{
    struct arena arena = {0};
    size_t size = 64;
    unsigned char *memory = arena_alloc_raw(&arena, size);

    (void)state;
    for (size_t at = 0; at < size; at++)
        memory[at] = (unsigned char)at;
    for (; size < 1 << 20; size *= 2) {
        memory = arena_grow(&arena, memory, size, size * 2);
        for (size_t at = size; at < size * 2; at++)
            memory[at] = (unsigned char)at;
    }
    for (size_t at = 0; at < size; at++)
        assert_int_equal(memory[at], (unsigned char)at);
    arena_release(&arena);
}

static void arrays_grow_one_by_one(void **state)
{
    struct arena arena = {0};
    size_t *numbers = NULL;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        size_t *item = ARENA_APPEND(&arena, numbers, count);

        assert_int_equal(*item, 0);
        *item = i;
        if (i % 7 == 0)
            arena_alloc(&arena, 1);
    }
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(numbers[i], i);
    arena_release(&arena);
}

static void texts_are_copied_and_printed(void **state)
{
    struct arena arena = {0};
    struct bytes copy = arena_copy_bytes(&arena, BYTES("a\0b"));

    (void)state;
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_string_equal(arena_copy(&arena, (struct bytes){0}), "");
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_printf(&arena, "%s", ""), "");
    arena_release(&arena);
}

static char releases[8];

static void note_release(void *what)
{
    size_t len = strlen(releases);

    releases[len] = *(char *)what;
    releases[len + 1] = '\0';
}

static void releases_are_called_once_last_one_first(void **state)
{
    static char a = 'a', b = 'b', c = 'c';
    struct arena arena = {0};

    (void)state;
    arena_on_release(&arena, note_release, &a);
    arena_on_release(&arena, note_release, &b);
    arena_reset(&arena);
    assert_string_equal(releases, "ba");
    arena_on_release(&arena, note_release, &c);
    arena_release(&arena);
    assert_string_equal(releases, "bac");
    arena_release(&arena);
    assert_string_equal(releases, "bac");
}

static void a_reset_keeps_one_chunk_that_is_not_large(void **state)
{
    struct arena arena = {0};
    char *first = arena_alloc(&arena, 100);

    (void)state;
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    arena_release(&arena);

    arena_alloc(&arena, 2 << 20);
    arena_reset(&arena);
    assert_null(arena.chunk);
    arena_reset(&arena);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(memory_is_zeroed_after_a_reset_too),
        cmocka_unit_test(what_was_last_grows_in_place),
        cmocka_unit_test(growing_past_the_chunk_copies),
        cmocka_unit_test(arrays_grow_one_by_one),
        cmocka_unit_test(texts_are_copied_and_printed),
        cmocka_unit_test(releases_are_called_once_last_one_first),
        cmocka_unit_test(a_reset_keeps_one_chunk_that_is_not_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
