/* watch_lines: a watch, and what its sink gets, a line each.
 *
 *   watch_lines KUBECONFIG GROUP VERSION RESOURCE SECONDS [optional]
 *
 * Prints "list", "item NAME VERSION", "listed VERSION", "ADDED NAME VERSION" and so on; a name is
 * NAMESPACE/NAME where there is one. An object whose name is "refused" is not taken. Reads lines:
 * "state" prints the watch's state, "stop" (or the end) stops it and prints how many milliseconds
 * that took. KUBECONFIG may be "in-cluster:FOLDER". */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cluster/api_client.h"
#include "cluster/watch.h"

/* Whole lines, from two threads. */
PRINTF_LIKE(1, 2)
static void print_line(const char *format, ...)
{
    va_list args;

    flockfile(stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    funlockfile(stdout);
}

static bool print_object(const char *what, struct value object, struct error *err)
{
    struct bytes namespace = value_text(value_path(object, "metadata.namespace"));
    struct bytes name = value_text(value_path(object, "metadata.name"));
    struct bytes version = value_text(value_path(object, "metadata.resourceVersion"));

    if (bytes_is(name, "refused"))
        return error_set(err, "the sink does not like it");
    print_line("%s %.*s%s%.*s %.*s", what, BYTES_ARG(namespace), namespace.len ? "/" : "",
               BYTES_ARG(name), BYTES_ARG(version));
    return true;
}

static void list_begin(void *context)
{
    (void)context;
    print_line("list");
}

static bool list_item(void *context, struct value object, struct error *err)
{
    (void)context;
    return print_object("item", object, err);
}

static void list_end(void *context, struct bytes version)
{
    (void)context;
    print_line("listed %.*s", BYTES_ARG(version));
}

static bool event(void *context, enum watch_event event, struct value object, struct error *err)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"};

    (void)context;
    return print_object(names[event], object, err);
}

static void print_state(struct watch *watch)
{
    struct watch_state state;

    watch_read_state(watch, &state);
    print_line("state synced=%d absent=%d age=%lld lists=%llu watches=%llu events=%llu "
               "failures=%llu problem=%s",
               state.is_synced, state.is_absent,
               state.contact ? (long long)clock_milliseconds() - state.contact : -1, state.lists,
               state.watches, state.events, state.failures, state.problem);
}

static bool read_access(const char *path, struct arena *arena, struct kubeconfig *out,
                        struct error *err)
{
    static const char prefix[] = "in-cluster:";

    if (!strncmp(path, prefix, sizeof(prefix) - 1))
        return kubeconfig_in_cluster(path + sizeof(prefix) - 1, arena, out, err);
    return kubeconfig_read(path, arena, out, err);
}

static void follow_orders(struct watch *watch)
{
    char line[32];
    int64_t began;

    while (fgets(line, sizeof(line), stdin) && !strcmp(line, "state\n"))
        print_state(watch);
    began = clock_milliseconds();
    watch_stop(watch);
    print_line("stopped %lld", (long long)(clock_milliseconds() - began));
}

int main(int argc, char **argv)
{
    struct watch_config config = {
        .sink = {NULL, list_begin, list_item, list_end, event},
    };
    struct arena arena = {0};
    struct kubeconfig kubeconfig;
    struct error err = {0};

    if (argc < 6)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    config.group = argv[2];
    config.version = argv[3];
    config.resource = argv[4];
    config.verbs = API_READS;
    config.quiet_seconds = (unsigned)strtoul(argv[5], NULL, 10);
    config.is_optional = argc > 6;
    if (!read_access(argv[1], &arena, &kubeconfig, &err)) {
        print_line("refused %s", err.text);
        arena_release(&arena);
        return 2;
    }
    follow_orders(watch_start(&kubeconfig, &config));
    arena_release(&arena);
    return 0;
}
