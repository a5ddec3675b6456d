/* mutated: the object that /mutate leaves of each review, as `eval` and `test` go on with it.
 *
 *   mutated POLICIES [STATE...]
 *
 * Reads a review a line, writes an object a line; an empty line where the review has none. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/judge.h"
#include "policy/load.h"

static void fail(const char *what, const struct error *err)
{
    fprintf(stderr, "mutated: %s: %s\n", what, err->text);
    exit(2);
}

static void print_mutated(struct judge *judge, struct bytes line, struct arena *arena)
{
    struct judgement judgement = {0};
    struct error err = {0};

    if (!judge_review(judge, line, arena, &judgement, &err))
        fail("a review", &err);
    if (judgement.object.len)
        fwrite(judgement.object.data, 1, judgement.object.len, stdout);
    putchar('\n');
}

static void print_all(struct judge *judge)
{
    struct arena arena = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        print_mutated(judge, (struct bytes){line, (size_t)len}, &arena);
        arena_reset(&arena);
    }
    free(line);
    arena_release(&arena);
}

int main(int argc, char **argv)
{
    struct ledger *ledger = ledger_new();
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct error err = {0};
    struct policy_set *set = argc > 1 ? policy_set_load(argv[1], &problems, &err) : NULL;
    struct judge judge;

    if (!set || problems.error_count)
        fail("the policy set", &err);
    for (int i = 2; i < argc; i++) {
        if (!ledger_load(ledger, argv[i], NULL, &err))
            fail("the state", &err);
    }
    judge_init(&judge, set, ledger, 0, JUDGE_MUTATE);
    print_all(&judge);
    judge_release(&judge);
    ledger_free(ledger);
    policy_set_free(set);
    arena_release(&arena);
    return 0;
}
