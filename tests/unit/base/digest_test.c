#include "base/digest.h"
#include "unit/arena.h"

enum { MAX_TEXTS = 4 };

struct texts {
    struct bytes items[MAX_TEXTS];
    size_t count;
};

static const char *digest_of(const struct texts *texts)
{
    struct digest *digest = digest_new();

    for (size_t i = 0; i < texts->count; i++)
        digest_add(digest, texts->items[i]);
    return digest_finish_take(digest, &arena);
}

static void of_nothing_is_known(void **state)
{
    static const struct texts none = {.count = 0};

    /* FIPS 180-4, of the empty message. */
    assert_string_equal(digest_of(&none), "sha256:e3b0c44298fc1c149afbf4c8996fb924"
                                          "27ae41e4649b934ca495991b7852b855");
}

/* What is one text and what the next can't be confused; neither can their order. */
static void different_texts_have_different_digests(void **state)
{
    static const struct texts rows[] = {
        {{BYTES("")}, 0},
        {{BYTES("")}, 1},
        {{BYTES(""), BYTES("")}, 2},
        {{BYTES("abc")}, 1},
        {{BYTES("abd")}, 1},
        {{BYTES("abc"), BYTES("")}, 2},
        {{BYTES(""), BYTES("abc")}, 2},
        {{BYTES("a"), BYTES("bc")}, 2},
        {{BYTES("ab"), BYTES("c")}, 2},
        {{BYTES("c"), BYTES("ab")}, 2},
        {{BYTES("a"), BYTES("b"), BYTES("c")}, 3},
        {{BYTES("\0")}, 1},
        {{BYTES("\0\0")}, 1},
        {{BYTES("\0\0\0\0\0\0\0\0")}, 1},
        {{BYTES("abc\0")}, 1},
        {{BYTES("a\0b")}, 1},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *digest = digest_of(&rows[i]);

        assert_int_equal(strlen(digest), strlen("sha256:") + 64);
        assert_memory_equal(digest, "sha256:", strlen("sha256:"));
        assert_int_equal(strspn(digest + 7, "0123456789abcdef"), 64);
        assert_string_equal(digest_of(&rows[i]), digest);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(digest_of(&rows[j]), digest);
    }
}

/* A change of any byte of a large text is seen. */
static void every_byte_counts(void **state)
{
    static char text[100000];
    static const size_t places[] = {0, 63, 64, 65, 4096, 65536, sizeof(text) - 1};
    const struct texts texts = {{{text, sizeof(text)}}, 1};
    const char *before = digest_of(&texts);

    for (size_t i = 0; i < COUNT(places); i++) {
        text[places[i]] ^= 1;
        assert_string_not_equal(digest_of(&texts), before);
        text[places[i]] ^= 1;
    }
    assert_string_equal(digest_of(&texts), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(of_nothing_is_known, release_arena),
        cmocka_unit_test_teardown(different_texts_have_different_digests, release_arena),
        cmocka_unit_test_teardown(every_byte_counts, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
