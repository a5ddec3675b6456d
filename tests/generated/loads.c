/* loads: how many mistakes the loader finds in a policy set and its test cases. Reads folders from
 * standard input, one a line, and writes a line for each: a number, or "unreadable". */
#include <stdio.h>

#include "cli/policy_test.h"
#include "policy/policy_set.h"

static void judge(const char *folder)
{
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct policy_tests tests = {0};
    struct error err = {0};
    struct policy_set *set = policy_set_load(folder, &problems, &err);

    if (set && policy_tests_load(folder, &arena, &tests, &problems, &err))
        printf("%zu\n", problems.error_count);
    else
        printf("unreadable\n");
    fflush(stdout);
    policy_set_free(set);
    arena_release(&arena);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        line[len - 1] = '\0';
        judge(line);
    }
    free(line);
    return 0;
}
