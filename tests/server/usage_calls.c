/* usage_calls: calls for a TenantUsage, and what came of them, a line each.
 *
 *   usage_calls KUBECONFIG
 *
 * Reads lines "get NAME MILLISECONDS", "put NAME MILLISECONDS BODY" and "post NAME MILLISECONDS
 * BODY"; prints "done UID VERSION", or "conflict", "missing", "refused", "too-large" or "unknown"
 * with the milliseconds to wait and the problem. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cluster/usage_store.h"

static const char *const result_names[] = {
    [STORE_DONE] = "done",       [STORE_CONFLICT] = "conflict", [STORE_MISSING] = "missing",
    [STORE_REFUSED] = "refused", [STORE_UNKNOWN] = "unknown",
};

static enum store_verb verb_of(const char *word)
{
    return !strcmp(word, "get") ? STORE_GET : !strcmp(word, "put") ? STORE_PUT : STORE_POST;
}

static void ask(struct usage_store *store, char *line)
{
    char *rest = NULL;
    const char *verb = strtok_r(line, " ", &rest), *tenant = strtok_r(NULL, " ", &rest);
    const char *milliseconds = strtok_r(NULL, " \n", &rest);
    const char *body = strtok_r(NULL, "\n", &rest);
    struct store_call call = {verb_of(verb), tenant, bytes_from(body),
                              clock_milliseconds() + strtoll(milliseconds, NULL, 10)};
    struct store_answer answer;
    struct arena arena = {0};
    struct error err = {0};
    enum store_result result = usage_store_call(store, &call, &arena, &answer, &err);

    if (result == STORE_DONE) {
        struct bytes uid = value_text(value_path(answer.object, "metadata.uid"));
        struct bytes version = value_text(value_path(answer.object, "metadata.resourceVersion"));

        printf("done %.*s %.*s\n", BYTES_ARG(uid), BYTES_ARG(version));
    } else {
        printf("%s %u %s\n", err.is_limit ? "too-large" : result_names[result], answer.retry_after,
               err.text);
    }
    fflush(stdout);
    arena_release(&arena);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct kubeconfig kubeconfig;
    struct usage_store *store;
    struct error err = {0};
    size_t size = 0;
    char *line = NULL;

    signal(SIGPIPE, SIG_IGN);
    if (argc != 2 || !kubeconfig_read(argv[1], &arena, &kubeconfig, &err))
        return 2;
    store = usage_store_new(&kubeconfig);
    while (getline(&line, &size, stdin) > 0)
        ask(store, line);
    usage_store_free(store);
    arena_release(&arena);
    free(line);
    return 0;
}
