#include "unit/ledger/fake_store.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

struct fake_store {
    pthread_mutex_t lock;
    json_t *objects;
    unsigned long version; /* counts the writes, as etcd's revision does */
};

struct fake_store *fake_store_new(void)
{
    struct fake_store *store = calloc(1, sizeof(*store));

    pthread_mutex_init(&store->lock, NULL);
    store->objects = json_object();
    store->version = 1000;
    return store;
}

void fake_store_free(struct fake_store *store)
{
    if (!store)
        return;
    json_decref(store->objects);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static json_t *metadata_of(json_t *object)
{
    return json_object_get(object, "metadata");
}

static const char *text_of(json_t *metadata, const char *member)
{
    const char *text = json_string_value(json_object_get(metadata, member));

    return text ? text : "";
}

static const char *write_out(json_t *object, struct arena *arena)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = arena_copy(arena, bytes_from(text));

    free(text);
    return copy;
}

static void renew(struct fake_store *store, json_t *metadata)
{
    char version[32];

    snprintf(version, sizeof(version), "%lu", ++store->version);
    json_object_set_new(metadata, "resourceVersion", json_string(version));
}

static bool may_write(json_t *metadata, json_t *old)
{
    const char *version = text_of(metadata, "resourceVersion");

    if (!old)
        return !*version;
    return strcmp(version, text_of(metadata_of(old), "resourceVersion")) == 0;
}

static const char *write_locked(struct fake_store *store, json_t *object, bool is_new,
                                struct arena *arena)
{
    json_t *metadata = metadata_of(object);
    const char *name = text_of(metadata, "name");
    json_t *old = json_object_get(store->objects, name);
    char uid[32];

    if (is_new ? old != NULL : !old || !may_write(metadata, old))
        return NULL;
    renew(store, metadata);
    snprintf(uid, sizeof(uid), "tu-%lu", store->version);
    json_object_set_new(metadata, "uid", json_string(old ? text_of(metadata_of(old), "uid") : uid));
    json_object_set(store->objects, name, object);
    return write_out(object, arena);
}

const char *fake_store_write(struct fake_store *store, struct bytes body, bool is_new,
                             struct arena *arena)
{
    json_t *object = json_loadb(body.data, body.len, 0, NULL);
    const char *answer;

    assert_non_null(object);
    pthread_mutex_lock(&store->lock);
    answer = write_locked(store, object, is_new, arena);
    pthread_mutex_unlock(&store->lock);
    json_decref(object);
    return answer;
}

const char *fake_store_read(struct fake_store *store, const char *name, struct arena *arena)
{
    const char *text;
    json_t *object;

    pthread_mutex_lock(&store->lock);
    object = json_object_get(store->objects, name);
    text = object ? write_out(object, arena) : NULL;
    pthread_mutex_unlock(&store->lock);
    return text;
}

void fake_store_edit(struct fake_store *store, const char *name, const char *path, const char *json)
{
    json_t *object = json_object_get(store->objects, name);
    size_t len = strcspn(path, ".");
    char member[64];

    renew(store, metadata_of(object));
    for (; path[len]; path += len + 1, len = strcspn(path, ".")) {
        snprintf(member, sizeof(member), "%.*s", (int)len, path);
        object = json_is_array(object) ? json_array_get(object, strtoul(member, NULL, 10))
                                       : json_object_get(object, member);
    }
    assert_int_equal(json_object_set_new(object, path, json_loads(json, JSON_DECODE_ANY, NULL)), 0);
}

void fake_store_delete(struct fake_store *store, const char *name)
{
    json_object_del(store->objects, name);
}
