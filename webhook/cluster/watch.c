#include "cluster/watch.h"

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/api_client.h"
#include "cluster/api_object.h"
#include "cluster/lister.h"

enum {
    MOST_PATH_BYTES = 64 * 1024,
    FIRST_PAUSE = 200,
    LONGEST_PAUSE = 10 * 1000,
    LONGEST_RETRY_AFTER = 60,
    FAILURES_TO_LIST = 4,
};

/* What keeps problems apart, beside their words, which may differ at each try. */
struct problem_kind {
    unsigned status;
    int transport;
    bool is_garbage, is_listing;
};

struct watch {
    struct arena arena;
    struct watch_config config;
    const char *name;
    const char *path;
    struct api_client *client;
    pthread_t thread;

    pthread_mutex_t lock;
    struct watch_state state; /* guarded by lock */

    /* The thread's own. */
    char version[LISTER_VERSION_BYTES + 1]; /* where the next watch begins; "": list first */
    unsigned failures;                      /* since a watch lasted */
    bool is_doubtful; /* it failed, or took long, since it was last known to be up to date */
    bool is_absent;   /* the API server does not have the resource */
    bool has_problem;
    struct problem_kind problem; /* the one that the log knows of */
};

/* ---- state */

static void note_contact(struct watch *watch, int64_t when)
{
    pthread_mutex_lock(&watch->lock);
    if (when > watch->state.contact)
        watch->state.contact = when;
    pthread_mutex_unlock(&watch->lock);
    if (watch->config.sink.contact)
        watch->config.sink.contact(watch->config.sink.context, when);
}

static void count(struct watch *watch, unsigned long long *counter)
{
    pthread_mutex_lock(&watch->lock);
    ++*counter;
    pthread_mutex_unlock(&watch->lock);
}

static void note_synced(struct watch *watch, bool is_absent)
{
    pthread_mutex_lock(&watch->lock);
    watch->state.is_synced = true;
    watch->state.is_absent = is_absent;
    pthread_mutex_unlock(&watch->lock);
}

static void set_problem(struct watch *watch, const char *text)
{
    pthread_mutex_lock(&watch->lock);
    snprintf(watch->state.problem, sizeof(watch->state.problem), "%s", text);
    pthread_mutex_unlock(&watch->lock);
}

/* It goes on: nothing is wrong any more. */
static void note_well(struct watch *watch)
{
    if (!watch->has_problem)
        return;
    watch->has_problem = false;
    set_problem(watch, "");
    log_info("the watch goes on", "resource", watch->name);
}

static void note_problem(struct watch *watch, bool is_listing, const struct api_answer *answer,
                         const struct error *err)
{
    struct problem_kind kind = {answer->status, answer->transport, answer->is_refused, is_listing};
    const struct problem_kind *old = &watch->problem;
    bool is_known = watch->has_problem && kind.status == old->status &&
                    kind.transport == old->transport && kind.is_garbage == old->is_garbage &&
                    kind.is_listing == old->is_listing;

    set_problem(watch, err->text);
    if (!is_known)
        log_warning("the watch has a problem", "resource", watch->name, "problem", err->text);
    watch->has_problem = true;
    watch->problem = kind;
}

/* ---- list */

static void end_list(struct watch *watch, const struct list_result *listed, int64_t began)
{
    int64_t now = clock_milliseconds();
    struct arena arena = {0};

    watch->config.sink.list_end(watch->config.sink.context, bytes_from(listed->version));
    memcpy(watch->version, listed->version, sizeof(watch->version));
    watch->is_absent = false;
    note_synced(watch, false);
    /* The list shows what there was when it was asked for. */
    note_contact(watch, began);
    watch->is_doubtful |= now - began > watch->config.quiet_seconds * 250;
    log_info("listed", "resource", watch->name, "objects",
             arena_printf(&arena, "%zu", listed->count), "milliseconds",
             arena_printf(&arena, "%lld", (long long)(now - began)));
    arena_release(&arena);
}

/* The API server does not know the resource: an empty list, to be asked for now and then. */
static void note_absent(struct watch *watch)
{
    watch->config.sink.list_end(watch->config.sink.context, BYTES(""));
    if (!watch->is_absent)
        log_info("the API server does not have the resource", "resource", watch->name);
    watch->is_absent = true;
    watch->failures = 0;
    note_synced(watch, true);
    note_contact(watch, clock_milliseconds());
    note_well(watch);
    api_client_wait(watch->client, watch->config.quiet_seconds * 750);
}

static bool list_all(struct watch *watch, struct api_answer *answer, struct error *err)
{
    const struct watch_sink *sink = &watch->config.sink;
    const struct list_call call = {
        .path = watch->path,
        .milliseconds = 3000 * watch->config.quiet_seconds,
        .most_idle_seconds = watch->config.quiet_seconds,
        .item = sink->list_item,
        .context = sink->context,
    };
    int64_t began = clock_milliseconds();
    struct list_result listed;

    count(watch, &watch->state.lists);
    sink->list_begin(sink->context);
    if (lister_read(watch->client, &call, &listed, answer, err)) {
        end_list(watch, &listed, began);
        return true;
    }
    if (answer->status != 404 || !watch->config.is_optional)
        return false;
    note_absent(watch);
    return true;
}

/* ---- watch */

struct following {
    struct watch *watch;
    struct event_reader reader;
    size_t events;
    bool is_ended;   /* by an ERROR event, */
    bool is_expired; /* because we were too long ago */
};

static bool feed_events(void *context, struct bytes piece, struct error *err)
{
    struct following *following = context;

    return event_reader_feed(&following->reader, piece, err);
}

static bool take_error(struct following *following, struct value status, struct error *err)
{
    struct arena arena = {0};
    struct bytes reason = value_text(value_member(status, "reason"));
    struct bytes message = value_text(value_member(status, "message"));

    following->is_ended = true;
    following->is_expired = bytes_is(value_number(value_member(status, "code")), "410") ||
                            bytes_is(reason, "Expired") || bytes_is(reason, "Gone");
    error_set(err, "the API server ends it: %s",
              text_quote(&arena, message.len > 0 ? message : reason));
    arena_release(&arena);
    return false;
}

static bool take_event(void *context, enum watch_event event, struct value object,
                       struct error *err)
{
    struct following *following = context;
    struct watch *watch = following->watch;
    const struct watch_sink *sink = &watch->config.sink;
    struct bytes version;

    if (event == WATCH_ERROR)
        return take_error(following, object, err);
    if (!api_object_resource_version(object, &version, err) ||
        !sink->event(sink->context, event, object, err))
        return false;
    snprintf(watch->version, sizeof(watch->version), "%.*s", BYTES_ARG(version));
    following->events++;
    count(watch, &watch->state.events);
    watch->is_doubtful = false;
    note_contact(watch, clock_milliseconds());
    note_well(watch);
    return true;
}

static bool get_events(struct following *following, unsigned seconds, struct api_answer *answer,
                       struct error *err)
{
    struct watch *watch = following->watch;
    struct api_request request = {
        .milliseconds = 1000 * (seconds + watch->config.quiet_seconds / 4 + 1),
        .body = feed_events,
        .context = following,
    };
    struct arena arena = {0};
    struct buf path;
    bool is_whole;

    buf_init(&path, &arena, MOST_PATH_BYTES);
    buf_printf(&path, "%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=%u&resourceVersion=",
               watch->path, seconds);
    api_client_add_escaped(&path, bytes_from(watch->version));
    request.path = path.data;
    event_reader_init(&following->reader, take_event, following);
    is_whole = api_client_call(watch->client, &request, answer, err);
    event_reader_release(&following->reader);
    arena_release(&arena);
    return is_whole;
}

/* It was followed to its end. For the log a problem is over only when a watch of full length has
 * lasted. */
static void note_end(struct watch *watch, int64_t when)
{
    note_contact(watch, when);
    if (watch->is_doubtful)
        set_problem(watch, "");
    else
        note_well(watch);
    watch->is_doubtful = false;
}

/* One watch, from where the last one ended; a short one where it must be known soon whether it goes
 * on. */
static bool follow(struct watch *watch, struct api_answer *answer, struct error *err)
{
    struct following following = {.watch = watch};
    unsigned quiet = watch->config.quiet_seconds;
    bool is_short = watch->is_doubtful;
    unsigned seconds = is_short ? 1 : quiet - arc4random_uniform(quiet / 4 + 1);
    int64_t began = clock_milliseconds(), took;
    bool is_whole, has_lasted;

    count(watch, &watch->state.watches);
    is_whole = get_events(&following, seconds, answer, err);
    took = clock_milliseconds() - began;
    has_lasted = took >= (int64_t)seconds * 500;
    if (has_lasted && !is_short && (is_whole || following.events > 0))
        watch->failures = 0;
    if (answer->status == 410 ||
        (answer->is_refused && (following.is_expired || !following.is_ended)))
        watch->version[0] = '\0';
    if (!is_whole)
        return false;
    /* INVARIANT: a watch that ends at once is a failure, whatever it brought, or we would run in
     * circles. */
    if (!has_lasted)
        return error_set(err, "it ended after %lld ms; %u s were asked for", (long long)took,
                         seconds);
    note_end(watch, began + took);
    return true;
}

/* ---- the thread */

static unsigned pause_after(const struct watch *watch, const struct api_answer *answer)
{
    unsigned doublings = watch->failures - 1, pause = LONGEST_PAUSE;
    unsigned asked = answer->retry_after;

    if (doublings < 8 && FIRST_PAUSE << doublings < LONGEST_PAUSE)
        pause = FIRST_PAUSE << doublings;
    pause -= arc4random_uniform(pause / 2);
    if (asked > LONGEST_RETRY_AFTER)
        asked = LONGEST_RETRY_AFTER;
    return asked * 1000 > pause ? asked * 1000 + arc4random_uniform(pause) : pause;
}

static void recover(struct watch *watch, bool is_listing, const struct api_answer *answer,
                    struct error *err)
{
    count(watch, &watch->state.failures);
    watch->failures++;
    watch->is_doubtful = true;
    if (watch->failures % FAILURES_TO_LIST == 0)
        watch->version[0] = '\0';
    if (answer->status == 403)
        api_client_name_rule(watch->config.group, watch->config.resource, watch->config.verbs,
                             API_SERVER_REMEDY, err);
    else if (answer->status == 404 && watch->config.remedy)
        error_wrap(err, "there is no such resource (%s)", watch->config.remedy);
    error_wrap(err, "%s %s", is_listing ? "list" : "watch", watch->name);
    note_problem(watch, is_listing, answer, err);
    api_client_wait(watch->client, pause_after(watch, answer));
}

static void *run(void *context)
{
    struct watch *watch = context;

    while (!api_client_is_stopped(watch->client)) {
        bool is_listing = watch->version[0] == '\0';
        struct api_answer answer = {0};
        struct error err = {0};

        if (!(is_listing ? list_all : follow)(watch, &answer, &err) &&
            !api_client_is_stopped(watch->client))
            recover(watch, is_listing, &answer, &err);
    }
    return NULL;
}

static const char *copy(struct watch *watch, const char *text)
{
    return arena_copy(&watch->arena, bytes_from(text));
}

static void name_resource(struct watch *watch, const struct watch_config *config)
{
    const char *group = copy(watch, config->group), *version = copy(watch, config->version);
    const char *resource = copy(watch, config->resource);
    bool is_core = *group == '\0';

    watch->config = *config;
    watch->config.group = group;
    watch->config.version = version;
    watch->config.resource = resource;
    watch->name = is_core ? resource : arena_printf(&watch->arena, "%s.%s", resource, group);
    watch->path = arena_printf(&watch->arena, "/%s%s/%s/%s", is_core ? "api" : "apis/", group,
                               version, resource);
    if (watch->config.quiet_seconds == 0)
        watch->config.quiet_seconds = WATCH_QUIET_SECONDS;
}

/* Signals are for the program's own threads. */
static void start_thread(struct watch *watch)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&watch->thread, NULL, run, watch) != 0)
        abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct watch *watch_start(const struct kubeconfig *kubeconfig, const struct watch_config *config)
{
    struct watch *watch = memory_alloc(sizeof(*watch));

    pthread_mutex_init(&watch->lock, NULL);
    name_resource(watch, config);
    watch->client = api_client_new(kubeconfig);
    start_thread(watch);
    return watch;
}

void watch_stop(struct watch *watch)
{
    if (!watch)
        return;
    api_client_stop(watch->client);
    pthread_join(watch->thread, NULL);
    api_client_free(watch->client);
    pthread_mutex_destroy(&watch->lock);
    arena_release(&watch->arena);
    free(watch);
}

void watch_read_state(struct watch *watch, struct watch_state *out)
{
    pthread_mutex_lock(&watch->lock);
    *out = watch->state;
    pthread_mutex_unlock(&watch->lock);
}
