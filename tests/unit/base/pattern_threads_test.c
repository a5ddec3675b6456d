#include <pthread.h>

#include "base/pattern.h"
#include "unit/unit.h"

enum { THREADS = 8, ROUNDS = 2000 };

struct shared {
    const struct regex *plain, *costly;
};

/* Gives back how many answers were wrong; cmocka's own checks are for the main thread only. */
static void *match_often(void *what)
{
    const struct shared *shared = what;
    char costly[41];
    size_t wrong = 0;

    memset(costly, 'a', sizeof(costly));
    costly[40] = 'b';
    for (int i = 0; i < ROUNDS; i++) {
        wrong += regex_matches(shared->plain, BYTES("team-42")) != REGEX_YES;
        wrong += regex_matches(shared->plain, BYTES("team-")) != REGEX_NO;
        if (i % 100 == 0)
            wrong += regex_matches(shared->costly, (struct bytes){costly, 41}) != REGEX_ERROR;
    }
    return (void *)wrong;
}

static void threads_share_a_regex(void **state)
{
    struct arena arena = {0};
    struct shared shared;
    pthread_t threads[THREADS];
    struct error err;

    assert_true(regex_compile(BYTES("[a-z]+-[0-9]+"), &arena, &shared.plain, &err));
    assert_true(regex_compile(BYTES("(a+)+"), &arena, &shared.costly, &err));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_often, &shared), 0);
    assert_null(match_often(&shared));
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_regex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
