#include "cluster/usage_store.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cluster/api_client.h"
#include "cluster/api_object.h"

enum { MAX_OBJECT_BYTES = 16 * 1024 * 1024, MAX_PATH_BYTES = 4096 };

static const char collection[] = "/apis/" USAGE_GROUP "/" USAGE_VERSION "/" USAGE_RESOURCE;

struct usage_store {
    struct api_client *client;
};

struct usage_store *usage_store_new(const struct kubeconfig *kubeconfig)
{
    struct usage_store *store = memory_alloc(sizeof(*store));

    store->client = api_client_new(kubeconfig);
    return store;
}

void usage_store_free(struct usage_store *store)
{
    if (!store)
        return;
    api_client_free(store->client);
    free(store);
}

bool usage_store_wait(struct usage_store *store, unsigned milliseconds)
{
    return api_client_wait(store->client, milliseconds);
}

void usage_store_stop(struct usage_store *store)
{
    api_client_stop(store->client);
}

bool usage_store_is_stopped(const struct usage_store *store)
{
    return api_client_is_stopped(store->client);
}

static const char *path_of(const struct store_call *call, struct arena *arena)
{
    struct buf path;

    buf_init(&path, arena, MAX_PATH_BYTES);
    buf_add_text(&path, collection);
    if (call->verb != STORE_POST) {
        buf_add_char(&path, '/');
        api_client_add_escaped(&path, bytes_from(call->tenant));
    }
    return path.data;
}

/* An answer that can't be read tells nothing, whatever its status. */
static bool read_object(struct bytes body, const struct store_call *call, struct arena *arena,
                        struct store_answer *out, struct error *err)
{
    struct bytes version, name;
    struct value object;

    if (!api_object_parse_strictly(body, arena, &object, err) ||
        !api_object_resource_version(object, &version, err))
        return error_wrap(err, "what the API server answers");
    name = value_text(value_path(object, "metadata.name"));
    if (!bytes_is(name, call->tenant) || !value_text(value_path(object, "metadata.uid")).len)
        return error_set(err, "what the API server answers is another object: %s",
                         text_quote(arena, name));
    out->object = object;
    return true;
}

static enum store_result fail(const struct api_answer *answer, struct error *err)
{
    switch (answer->status) {
    case 401: /* api_client reads the token anew */
    case 429:
        return STORE_UNKNOWN;
    case 403:
        api_client_name_rule(USAGE_GROUP, USAGE_RESOURCE, USAGE_VERBS, API_SERVER_REMEDY, err);
        return STORE_REFUSED;
    case 404:
        if (api_client_found_none(answer, USAGE_GROUP, USAGE_RESOURCE, err))
            return STORE_MISSING;
        error_wrap(err, "there is no such resource (%s)", USAGE_REMEDY);
        return STORE_REFUSED;
    case 409:
        return STORE_CONFLICT;
    case 413:
        err->is_limit = true;
        return STORE_REFUSED;
    default:
        return answer->status >= 400 && answer->status < 500 ? STORE_REFUSED : STORE_UNKNOWN;
    }
}

enum store_result usage_store_call(struct usage_store *store, const struct store_call *call,
                                   struct arena *arena, struct store_answer *out, struct error *err)
{
    static const enum api_method methods[] = {
        [STORE_GET] = API_GET, [STORE_PUT] = API_PUT, [STORE_POST] = API_POST};
    int64_t left = call->deadline - clock_milliseconds();
    struct buf body;
    struct api_request request = {.method = methods[call->verb],
                                  .path = path_of(call, arena),
                                  .content = call->body,
                                  .milliseconds = (unsigned)left,
                                  .kept = &body};
    struct api_answer answer;

    *out = (struct store_answer){0};
    if (left <= 0) {
        error_set(err, "no time is left to ask the API server");
        return STORE_UNKNOWN;
    }
    buf_init(&body, arena, MAX_OBJECT_BYTES);
    if (api_client_call(store->client, &request, &answer, err))
        return read_object(buf_bytes(&body), call, arena, out, err) ? STORE_DONE : STORE_UNKNOWN;
    out->retry_after = answer.retry_after * 1000;
    return answer.is_refused ? STORE_UNKNOWN : fail(&answer, err);
}
