/* watch: one resource of the cluster, listed and then watched for as long as the program runs, by a
 * thread of its own. What comes goes to a sink.
 *
 * Freshness. That a connection is open proves nothing, and a quiet resource sends nothing for a
 * minute. So each watch asks the API server to end it (timeoutSeconds) after `quiet_seconds` or
 * somewhat less, and the next one begins at once over the same connection where the last one ended:
 * an end, a bookmark or an event each show that the API server is there, still lets us read, and
 * has sent what its cache holds. That a watch begins shows nothing of what it will bring. One of
 * them comes every `quiet_seconds`; where none does, the connection is given up a quarter of that
 * later. After a failure a watch of one second comes first, so that it is soon known to be up to
 * date again. What this doesn't show is how far the API server itself is behind etcd: whoever must
 * know that of one object (that it isn't there, say) has to ask with a consistent read of its own.
 *
 * Failures of any kind are tried again, after a pause that grows from 0.2 s to 10 s (or as
 * Retry-After says, up to a minute) until a watch lasts. A watch goes on where it was; it is listed
 * anew where the API server says that this is too long ago (410), where it sent what can't be read,
 * and after each four failures. The log has a line when a problem begins, changes, or is over. */
#pragma once

#include "cluster/event_reader.h"
#include "cluster/kubeconfig.h"

enum { WATCH_QUIET_SECONDS = 20 };

/* What the watch's thread calls, one call at a time. Objects and texts live until the call returns.
 * The objects are those of the resource, with their fields checked for nothing; items of a list
 * have neither kind nor apiVersion.
 *
 * A function that returns false (with err set) says that it can't take the object: everything is
 * listed anew, after a pause. */
struct watch_sink {
    void *context;

    /* A list begins: its items follow, and then list_end. If the list fails, there is no list_end,
     * and some time later another list_begin; what the items said is void then. Until list_end what
     * was known before still stands. */
    void (*list_begin)(void *context);
    bool (*list_item)(void *context, struct value object, struct error *err);
    /* What no item named is gone. `resource_version` is empty where the resource does not exist. */
    void (*list_end)(void *context, struct bytes resource_version);

    /* WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED (the object as it last was) or WATCH_BOOKMARK
     * (nothing changed up to the object's resourceVersion). */
    bool (*event)(void *context, enum watch_event event, struct value object, struct error *err);

    /* A sign of life as above, at this time of clock_milliseconds(). NULL: nobody asks for it. */
    void (*contact)(void *context, int64_t when);
};

struct watch_config {
    const char *group, *version, *resource; /* "", "v1", "pods"; copied */
    const char *verbs;                      /* that somebody needs of it; see API_READS */
    const char
        *remedy;      /* the command by which the API server comes to know the resource; or NULL */
    bool is_optional; /* where it doesn't know it, there are none of it */
    unsigned quiet_seconds; /* 0: WATCH_QUIET_SECONDS. Less than a view may be old */
    struct watch_sink sink;
};

struct watch_state {
    bool is_synced;    /* it was listed once */
    bool is_absent;    /* the resource does not exist */
    long long contact; /* clock_milliseconds() of the last sign as above; 0: none yet */
    unsigned long long lists, watches, events, failures; /* begun, begun, taken, failed */
    char problem[512]; /* why it does not go on, in one line; "" where it does */
};

struct watch;

/* `kubeconfig` must outlive the watch. Never NULL. */
struct watch *watch_start(const struct kubeconfig *kubeconfig, const struct watch_config *config);

/* End it, wait for its thread, free it. Takes no longer than a call to the sink. NULL is fine. */
void watch_stop(struct watch *watch);

/* For any thread. */
void watch_read_state(struct watch *watch, struct watch_state *out);
