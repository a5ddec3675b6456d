#include "cluster/upkeep.h"

#include <pthread.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/strings.h"
#include "cluster/lister.h"
#include "ledger/object_read.h"

enum {
    ROUND_MS = 200,
    MOST_PAGE_MS = 30 * 1000,
    MOST_IDLE_SECONDS = 10,
    FAILED_PAUSE_MS = 2000, /* after a list that failed */
};

static const char pods[] = "/api/v1/pods", claims[] = "/apis/resource.k8s.io/v1/resourceclaims";

struct upkeep {
    struct upkeep_config config;
    struct api_client *client;
    pthread_t thread;
    bool has_problem; /* with a list, and the log knows of it */
};

static bool take_version(void *context, struct value object, struct error *err)
{
    uint64_t *largest = context, version;
    struct bytes text = value_text(value_path(object, "metadata.resourceVersion"));
    struct arena arena = {0};

    version = object_version(text);
    if (!version)
        error_set(err, "metadata.resourceVersion: expected a number, got \"%s\"",
                  text_quote(&arena, text));
    else if (version > *largest)
        *largest = version;
    arena_release(&arena);
    return version;
}

/* The largest resourceVersion among the items; 0 where there is none, or no such resource. */
static bool list(struct upkeep *upkeep, const char *path, bool is_optional, uint64_t *largest,
                 struct error *err)
{
    const struct list_call call = {
        .path = path,
        .milliseconds = MOST_PAGE_MS,
        .most_idle_seconds = MOST_IDLE_SECONDS,
        .item = take_version,
        .context = largest,
    };
    struct list_result listed;
    struct api_answer answer;

    *largest = 0;
    return lister_read(upkeep->client, &call, &listed, &answer, err) ||
           (is_optional && answer.status == 404) || error_wrap(err, "list %s", path);
}

static bool list_both(struct upkeep *upkeep, struct floors *largest)
{
    struct error err = {0};

    if (list(upkeep, pods, false, &largest->pods, &err) &&
        list(upkeep, claims, true, &largest->claims, &err)) {
        upkeep->has_problem = false;
        return true;
    }
    if (!upkeep->has_problem && !api_client_is_stopped(upkeep->client))
        log_warning("what was let in before can't be found out", "problem", err.text);
    upkeep->has_problem = true;
    return false;
}

/* INVARIANT: the lists are sent after it was said, for each of these tenants, that they are due. */
static void find_out(struct upkeep *upkeep, const struct strings *tenants)
{
    struct floors largest;

    if (!list_both(upkeep, &largest)) {
        api_client_wait(upkeep->client, FAILED_PAUSE_MS);
        return;
    }
    for (size_t i = 0; i < tenants->count; i++)
        shared_know(upkeep->config.ledger, tenants->items[i], &largest);
}

static void do_round(struct upkeep *upkeep)
{
    const struct upkeep_config *config = &upkeep->config;
    struct strings unknown = {0};
    struct arena arena = {0};
    const char *tenant = "";
    enum shared_chore chore;

    while ((chore = shared_next_chore(config->ledger, tenant, &arena, &tenant)) != CHORE_NONE) {
        if (chore == CHORE_LIST)
            strings_add(&unknown, &arena, tenant);
        else
            config->write(config->context, tenant);
    }
    if (unknown.count > 0)
        find_out(upkeep, &unknown);
    arena_release(&arena);
}

static void *run(void *context)
{
    struct upkeep *upkeep = context;

    while (api_client_wait(upkeep->client, ROUND_MS))
        do_round(upkeep);
    return NULL;
}

struct upkeep *upkeep_start(const struct upkeep_config *config, struct error *err)
{
    struct upkeep *upkeep = memory_alloc(sizeof(*upkeep));
    int code;

    upkeep->config = *config;
    upkeep->client = api_client_new(config->kubeconfig);
    code = pthread_create(&upkeep->thread, NULL, run, upkeep);
    if (code == 0)
        return upkeep;
    error_set(err, "a thread for TenantUsages can't be made: %s", strerror(code));
    api_client_free(upkeep->client);
    free(upkeep);
    return NULL;
}

void upkeep_stop(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    api_client_stop(upkeep->client);
    pthread_join(upkeep->thread, NULL);
    api_client_free(upkeep->client);
    free(upkeep);
}
