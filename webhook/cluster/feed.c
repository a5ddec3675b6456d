#include "cluster/feed.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/api_client.h"
#include "cluster/api_object.h"
#include "cluster/usage_watch.h"

enum {
    STEP_MS = 200,
    LOOK_UP_MS = 2000, /* between two rounds of look-ups */
    MOST_LOOK_UP_MS = 10000,
    MOST_FETCH_MS = 2000,
    FETCH_PAUSE_MS = 1000, /* after one that failed */
    MAX_OBJECT_BYTES = 16 * 1024 * 1024,
};

static const char *const groups[LIVE_WATCHES] = {
    [LIVE_CLASSES] = "scheduling.k8s.io",          [LIVE_DEVICE_CLASSES] = "resource.k8s.io",
    [LIVE_CLAIM_TEMPLATES] = "resource.k8s.io",    [LIVE_CLAIMS] = "resource.k8s.io",
    [LIVE_NETWORK_POLICIES] = "networking.k8s.io",
};

/* Kubernetes has these from 1.34 on, where nobody switched them off. */
static const bool are_optional[LIVE_WATCHES] = {
    [LIVE_DEVICE_CLASSES] = true, [LIVE_CLAIM_TEMPLATES] = true, [LIVE_CLAIMS] = true};

/* Objects of these are looked up one by one, too. */
static const bool are_looked_up[LIVE_WATCHES] = {[LIVE_NAMESPACES] = true,
                                                 [LIVE_CLAIM_TEMPLATES] = true,
                                                 [LIVE_CLAIMS] = true,
                                                 [LIVE_PODS] = true};

/* One watch's way to the ledger. */
struct inlet {
    struct feed *feed;
    enum live_kind kind;
    struct watch *watch; /* guarded by the feed's lock */
};

/* May objects of a kind be read one by one? */
struct permission {
    bool is_known;
    char problem[512]; /* why not; "": they may, as far as is known */
};

struct feed {
    const struct kubeconfig *kubeconfig;
    struct ledger *ledger;
    unsigned quiet_seconds; /* see watch.h */
    struct inlet inlets[LIVE_WATCHES];
    struct watch *usages;      /* that of TenantUsages */
    struct api_client *client; /* for look-ups */
    pthread_t thread;
    pthread_mutex_t lock;
    struct permission permissions[LIVE_WATCHES]; /* guarded by the lock */
    bool has_problem;                            /* the log knows of one with look-ups: */
    unsigned problem;                            /* the status of it; the thread's own */

    pthread_mutex_t fetch_lock;
    struct api_client *fetcher; /* guarded by fetch_lock, as is the next */
    int64_t failed_at;          /* when a fetch failed last; 0: none did */
};

/* ---- what the watches' threads call */

static void begin_list(void *context)
{
    struct inlet *inlet = context;

    live_list_begin(inlet->feed->ledger, inlet->kind);
}

/* What can't be read is told and passed over: to list it again would show the same. */
static void tell_unread(const struct inlet *inlet, struct value object, const struct error *err)
{
    struct bytes namespace = value_text(value_path(object, "metadata.namespace"));
    struct bytes name = value_text(value_path(object, "metadata.name"));
    struct arena arena = {0};

    log_warning("an object of the cluster can't be read and does not count", "resource",
                live_names[inlet->kind], "object",
                arena_printf(&arena, "%s%s%s", text_quote(&arena, namespace),
                             namespace.len ? "/" : "", text_quote(&arena, name)),
                "problem", err->text);
    arena_release(&arena);
}

static bool add_item(void *context, struct value object, struct error *err)
{
    struct inlet *inlet = context;

    if (!live_list_item(inlet->feed->ledger, inlet->kind, object, err))
        tell_unread(inlet, object, err);
    return true;
}

static void end_list(void *context, struct bytes resource_version)
{
    struct inlet *inlet = context;

    live_list_end(inlet->feed->ledger, inlet->kind);
    live_progress(inlet->feed->ledger, inlet->kind, resource_version);
}

static bool take_event(void *context, enum watch_event event, struct value object,
                       struct error *err)
{
    struct inlet *inlet = context;

    if (event != WATCH_BOOKMARK &&
        !live_event(inlet->feed->ledger, inlet->kind, event == WATCH_DELETED, object, err))
        tell_unread(inlet, object, err);
    live_progress(inlet->feed->ledger, inlet->kind,
                  value_text(value_path(object, "metadata.resourceVersion")));
    return true;
}

static void note_contact(void *context, int64_t when)
{
    struct inlet *inlet = context;

    live_contact(inlet->feed->ledger, inlet->kind, when);
}

static struct watch *start_watch(struct inlet *inlet)
{
    const char *group = groups[inlet->kind];
    const struct watch_config config = {
        .group = group ? group : "",
        .version = "v1",
        .resource = live_names[inlet->kind],
        .verbs = are_looked_up[inlet->kind] ? API_READS : "\"list\", \"watch\"",
        .is_optional = are_optional[inlet->kind],
        .quiet_seconds = inlet->feed->quiet_seconds,
        .sink = {inlet, begin_list, add_item, end_list, take_event, note_contact},
    };

    return watch_start(inlet->feed->kubeconfig, &config);
}

/* ---- the feed's own thread */

/* One GET of an object, and what came of it. */
struct look_up {
    struct feed *feed;
    struct api_client *client;
    enum live_kind kind;
    const char *path; /* NULL: too long */
    unsigned milliseconds;
    struct api_answer answer;
    struct value object; /* absent where it was none */
    struct arena arena;  /* holds path and object */
    struct buf body;
};

static const char *group_of(enum live_kind kind)
{
    return groups[kind] ? groups[kind] : "";
}

/* A consistent read: it names no resourceVersion. Of a namespace `name` is empty. */
static const char *path_of(enum live_kind kind, struct bytes namespace, struct bytes name,
                           struct arena *arena)
{
    struct buf path;

    buf_init(&path, arena, 4096);
    buf_printf(&path, "/%s%s/v1/namespaces/", groups[kind] ? "apis/" : "api", group_of(kind));
    api_client_add_escaped(&path, namespace);
    if (name.len)
        buf_printf(&path, "/%s/", live_names[kind]);
    api_client_add_escaped(&path, name);
    return path.is_full ? NULL : path.data;
}

static bool says_not_found(const struct look_up *look_up, const struct error *err)
{
    return api_client_found_none(&look_up->answer, group_of(look_up->kind),
                                 live_names[look_up->kind], err);
}

/* A permission that is missing is told once, until it is there. */
static void note_permission(struct look_up *look_up, struct error *err)
{
    struct permission *permission = &look_up->feed->permissions[look_up->kind];
    const char *resource = live_names[look_up->kind];
    bool is_refused = look_up->answer.status == 403, was_refused;

    if (is_refused) {
        api_client_name_rule(group_of(look_up->kind), resource, API_READS, API_SERVER_REMEDY, err);
        error_wrap(err, "get %s", resource);
    }
    pthread_mutex_lock(&look_up->feed->lock);
    was_refused = permission->problem[0];
    permission->is_known = true;
    snprintf(permission->problem, sizeof(permission->problem), "%s", is_refused ? err->text : "");
    pthread_mutex_unlock(&look_up->feed->lock);
    if (is_refused && !was_refused)
        log_warning("a permission is missing", "resource", resource, "problem", err->text);
    else if (was_refused && !is_refused)
        log_info("the permission is there", "resource", resource);
}

static bool ask(struct look_up *look_up, struct error *err)
{
    bool is_read;
    const struct api_request request = {.path = look_up->path,
                                        .milliseconds = look_up->milliseconds,
                                        .kept = &look_up->body};

    if (!look_up->path)
        return error_set(err, "the name is too long");
    buf_init(&look_up->body, &look_up->arena, MAX_OBJECT_BYTES);
    is_read = api_client_call(look_up->client, &request, &look_up->answer, err);
    if (is_read || look_up->answer.status == 403 || says_not_found(look_up, err))
        note_permission(look_up, err);
    return is_read;
}

static bool get_object(struct look_up *look_up, struct error *err)
{
    return ask(look_up, err) &&
           api_object_parse(buf_bytes(&look_up->body), &look_up->arena, &look_up->object, err);
}

/* For the log a problem begins, or becomes another; a permission that is missing has been told. */
static void note_look_up(struct feed *feed, const struct look_up *found, struct bytes name,
                         const struct error *err)
{
    struct arena arena = {0};

    if (found->answer.status != 403 &&
        (!feed->has_problem || feed->problem != found->answer.status))
        log_warning("what was reserved can't be looked up and goes on counting", "resource",
                    live_names[found->kind], "name", text_quote(&arena, name), "problem",
                    err->text);
    feed->has_problem = true;
    feed->problem = found->answer.status;
    arena_release(&arena);
}

/* False: the API server is better let alone for a while. */
static bool look_up(struct feed *feed, const struct live_due *due)
{
    struct look_up found = {.feed = feed,
                            .client = feed->client,
                            .kind = due->kind,
                            .milliseconds = MOST_LOOK_UP_MS};
    struct error err = {0};
    bool is_done = false;

    found.path = path_of(due->kind, due->namespace, due->name, &found.arena);
    if (get_object(&found, &err) || says_not_found(&found, &err))
        is_done = live_resolve(feed->ledger, due, found.object, &err);
    if (is_done)
        feed->has_problem = false;
    else if (!api_client_is_stopped(feed->client))
        note_look_up(feed, &found, due->name, &err);
    arena_release(&found.arena);
    return is_done || found.answer.status == 200 || found.answer.status == 404;
}

/* So that a permission that is missing is known before it is needed. */
static void ask_permission(struct feed *feed, enum live_kind kind)
{
    struct look_up found = {.feed = feed,
                            .client = feed->client,
                            .kind = kind,
                            .milliseconds = MOST_LOOK_UP_MS};
    struct permission *permission = &feed->permissions[kind];
    bool is_namespace = kind == LIVE_NAMESPACES;
    struct error ignored = {0};
    struct watch_state state;
    bool is_there;

    feed_read_state(feed, kind, &state);
    if (state.is_absent)
        return;
    pthread_mutex_lock(&feed->lock);
    is_there = permission->is_known && !permission->problem[0];
    pthread_mutex_unlock(&feed->lock);
    if (is_there || api_client_is_stopped(feed->client))
        return;
    found.path =
        path_of(kind, BYTES("default"), is_namespace ? BYTES("") : BYTES("fairgate"), &found.arena);
    ask(&found, &ignored);
    arena_release(&found.arena);
}

static bool fetch(struct feed *feed, enum live_kind kind, const char *path, struct error *err)
{
    struct look_up found = {.feed = feed,
                            .client = feed->fetcher,
                            .kind = kind,
                            .path = path,
                            .milliseconds = MOST_FETCH_MS};
    bool is_done = get_object(&found, err) && live_show(feed->ledger, kind, found.object, err);

    if (!is_done && found.answer.status != 404)
        feed->failed_at = clock_milliseconds();
    arena_release(&found.arena);
    return is_done;
}

bool feed_fetch(struct feed *feed, enum live_kind kind, struct bytes namespace, struct bytes name,
                struct error *err)
{
    struct arena arena = {0};
    const char *path = path_of(kind, namespace, name, &arena);
    bool is_done;

    pthread_mutex_lock(&feed->fetch_lock);
    if (feed->failed_at && clock_milliseconds() - feed->failed_at < FETCH_PAUSE_MS)
        is_done = error_set(err, "the API server did not answer a moment ago");
    else
        is_done = fetch(feed, kind, path, err);
    pthread_mutex_unlock(&feed->fetch_lock);
    arena_release(&arena);
    return is_done;
}

/* Only what is asked for is watched from then on. */
static void restart_watch(struct feed *feed, struct inlet *inlet)
{
    bool is_asked = live_is_asked(feed->ledger, inlet->kind);
    struct watch *old;

    pthread_mutex_lock(&feed->lock);
    old = inlet->watch;
    inlet->watch = NULL;
    pthread_mutex_unlock(&feed->lock);
    watch_stop(old);
    pthread_mutex_lock(&feed->lock);
    inlet->watch = is_asked ? start_watch(inlet) : NULL;
    pthread_mutex_unlock(&feed->lock);
}

static void look_after_watches(struct feed *feed)
{
    for (int kind = 0; kind < LIVE_WATCHES; kind++) {
        if (live_wants_list(feed->ledger, (enum live_kind)kind))
            restart_watch(feed, &feed->inlets[kind]);
    }
}

/* There may be thousands, and what a new policy set needs is not to wait for them. */
static void look_up_due(struct feed *feed)
{
    struct arena arena = {0};
    struct live_due due = {0};

    while (!api_client_is_stopped(feed->client) &&
           live_next_due(feed->ledger, due.number, &arena, &due) && look_up(feed, &due))
        look_after_watches(feed);
    arena_release(&arena);
}

static void *run(void *context)
{
    struct feed *feed = context;
    unsigned passed = LOOK_UP_MS; /* the first round at once */

    while (api_client_wait(feed->client, STEP_MS)) {
        look_after_watches(feed);
        passed += STEP_MS;
        if (passed < LOOK_UP_MS)
            continue;
        passed = 0;
        for (int kind = 0; kind < LIVE_WATCHES; kind++) {
            if (are_looked_up[kind])
                ask_permission(feed, (enum live_kind)kind);
        }
        look_up_due(feed);
    }
    return NULL;
}

/* A sign of life must come well before the view is too old. */
static unsigned quiet_seconds(int64_t max_age)
{
    int64_t seconds = max_age * 2 / 3 / 1000;

    return seconds < 1                     ? 1
           : seconds > WATCH_QUIET_SECONDS ? WATCH_QUIET_SECONDS
                                           : (unsigned)seconds;
}

struct feed *feed_start(const struct kubeconfig *kubeconfig, struct ledger *ledger, int64_t max_age,
                        struct error *err)
{
    struct feed *feed = memory_alloc(sizeof(*feed));
    int code;

    feed->kubeconfig = kubeconfig;
    feed->ledger = ledger;
    feed->quiet_seconds = quiet_seconds(max_age);
    feed->client = api_client_new(kubeconfig);
    feed->fetcher = api_client_new(kubeconfig);
    pthread_mutex_init(&feed->lock, NULL);
    pthread_mutex_init(&feed->fetch_lock, NULL);
    for (int kind = 0; kind < LIVE_WATCHES; kind++) {
        feed->inlets[kind] = (struct inlet){.feed = feed, .kind = (enum live_kind)kind};
        /* The first list shows all that there is. */
        (void)live_wants_list(ledger, (enum live_kind)kind);
        if (live_is_asked(ledger, (enum live_kind)kind))
            feed->inlets[kind].watch = start_watch(&feed->inlets[kind]);
    }
    feed->usages = usage_watch_start(kubeconfig, ledger, feed->quiet_seconds);
    code = pthread_create(&feed->thread, NULL, run, feed);
    if (code == 0)
        return feed;
    error_set(err, "a thread for the view can't be made: %s", strerror(code));
    feed->thread = 0;
    feed_stop(feed);
    return NULL;
}

void feed_stop(struct feed *feed)
{
    if (!feed)
        return;
    api_client_stop(feed->client);
    if (feed->thread)
        pthread_join(feed->thread, NULL);
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        watch_stop(feed->inlets[kind].watch);
    watch_stop(feed->usages);
    pthread_mutex_destroy(&feed->lock);
    pthread_mutex_destroy(&feed->fetch_lock);
    api_client_free(feed->fetcher);
    api_client_free(feed->client);
    free(feed);
}

void feed_read_state(struct feed *feed, enum live_kind kind, struct watch_state *out)
{
    *out = (struct watch_state){0};
    pthread_mutex_lock(&feed->lock);
    if (feed->inlets[kind].watch)
        watch_read_state(feed->inlets[kind].watch, out);
    pthread_mutex_unlock(&feed->lock);
}

void feed_read_usages_state(struct feed *feed, struct watch_state *out)
{
    watch_read_state(feed->usages, out);
}

void feed_read_problem(struct feed *feed, enum live_kind kind, char *out, size_t size)
{
    pthread_mutex_lock(&feed->lock);
    snprintf(out, size, "%s", feed->permissions[kind].problem);
    pthread_mutex_unlock(&feed->lock);
}
