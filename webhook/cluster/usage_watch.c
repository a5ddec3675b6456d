#include "cluster/usage_watch.h"

#include "cluster/usage_store.h"

static void begin_list(void *context)
{
    shared_list_begin(context);
}

/* One that can't be read is damaged: the ledger sees to that. */
static bool add_item(void *context, struct value object, struct error *err)
{
    (void)err;
    shared_take(context, object);
    return true;
}

static void end_list(void *context, struct bytes resource_version)
{
    (void)resource_version;
    shared_list_end(context);
}

static bool take_event(void *context, enum watch_event event, struct value object,
                       struct error *err)
{
    (void)err;
    if (event == WATCH_DELETED)
        shared_lose(context, value_text(value_path(object, "metadata.name")),
                    value_text(value_path(object, "metadata.uid")));
    else if (event != WATCH_BOOKMARK)
        shared_take(context, object);
    return true;
}

struct watch *usage_watch_start(const struct kubeconfig *kubeconfig, struct ledger *ledger,
                                unsigned quiet_seconds)
{
    const struct watch_config config = {
        .group = USAGE_GROUP,
        .version = USAGE_VERSION,
        .resource = USAGE_RESOURCE,
        .verbs = USAGE_VERBS,
        .remedy = USAGE_REMEDY,
        .quiet_seconds = quiet_seconds,
        .sink = {ledger, begin_list, add_item, end_list, take_event},
    };

    return watch_start(kubeconfig, &config);
}
