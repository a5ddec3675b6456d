#include "cli/certs_cluster.h"

#include <jansson.h>

#include "base/base64.h"
#include "base/buf.h"
#include "cluster/api_client.h"

#define WEBHOOK_GROUP "admissionregistration.k8s.io"

enum {
    CALL_MILLISECONDS = 30000,
    MOST_OBJECT_BYTES = 16 * 1024 * 1024,
    MOST_PATH_BYTES = 1024,
    MOST_TRIES = 5,
};

enum { AUTHORITY, SERVER, VALIDATING, MUTATING, OBJECT_COUNT };

/* What there is of a kind at the API server. */
static const struct object_kind {
    const char *group, *version, *kind, *resource;
    bool is_secret;
} kinds[OBJECT_COUNT] = {
    [AUTHORITY] = {"", "v1", "Secret", "secrets", true},
    [SERVER] = {"", "v1", "Secret", "secrets", true},
    [VALIDATING] = {WEBHOOK_GROUP, "v1", "ValidatingWebhookConfiguration",
                    "validatingwebhookconfigurations", false},
    [MUTATING] = {WEBHOOK_GROUP, "v1", "MutatingWebhookConfiguration",
                  "mutatingwebhookconfigurations", false},
};

/* One try. */
struct rotation_try {
    const struct certs_cluster *cluster;
    struct api_client *client;
    struct arena *arena;
    struct error *err;

    const char *names[OBJECT_COUNT];
    json_t *objects[OBJECT_COUNT];           /* NULL: it isn't there */
    json_t *trusting[ROTATION_MOST_TRUSTED]; /* the clientConfig of each webhook; borrowed */
    size_t of[ROTATION_MOST_TRUSTED];        /* which object that is in */
    struct rotation_state state;
    bool is_conflict; /* somebody else wrote what we read */
};

/* ---- calls */

static const char *path_of(const struct rotation_try *try, size_t i, bool is_new)
{
    const struct object_kind *kind = &kinds[i];
    struct buf path;

    buf_init(&path, try->arena, MOST_PATH_BYTES);
    buf_printf(&path, *kind->group ? "/apis/%s/%s" : "/api%s/%s", kind->group, kind->version);
    if (kind->is_secret) {
        buf_add_text(&path, "/namespaces/");
        api_client_add_escaped(&path, bytes_from(try->cluster->namespace));
    }
    buf_printf(&path, "/%s", kind->resource);
    if (!is_new) {
        buf_add_char(&path, '/');
        api_client_add_escaped(&path, bytes_from(try->names[i]));
    }
    return path.data;
}

/* What a 403 wants. */
static void name_rule(const struct rotation_try *try, size_t i, const char *verb)
{
    const struct object_kind *kind = &kinds[i];
    bool is_create = !strcmp(verb, "create"); /* which can't be granted by name */

    error_wrap(try->err,
               "a %s must allow {apiGroups: [\"%s\"], resources: [\"%s\"]%s%s%s, verbs: "
               "[\"%s\"]}",
               kind->is_secret ? "Role in the namespace" : "ClusterRole", kind->group,
               kind->resource, is_create ? "" : ", resourceNames: [\"",
               is_create ? "" : try->names[i], is_create ? "" : "\"]", verb);
}

static const char *verb_of(enum api_method method)
{
    return method == API_GET ? "get" : method == API_PUT ? "update" : "create";
}

static bool keep_object(struct rotation_try *try, size_t i, struct bytes text)
{
    json_t *object = json_loadb(text.data ? text.data : "", text.len, 0, NULL);

    json_decref(try->objects[i]);
    try->objects[i] = object;
    return json_is_object(object) || error_set(try->err, "the API server answers no object");
}

static bool call(struct rotation_try *try, size_t i, const struct api_request *wanted,
                 struct api_answer *answer)
{
    struct api_request request = *wanted;
    struct buf body;

    buf_init(&body, try->arena, MOST_OBJECT_BYTES);
    request.path = path_of(try, i, request.method == API_POST);
    request.milliseconds = CALL_MILLISECONDS;
    request.kept = &body;
    if (api_client_call(try->client, &request, answer, try->err)) {
        if (keep_object(try, i, buf_bytes(&body)))
            return true;
    } else {
        try->is_conflict = answer->status == 409;
        if (answer->status == 403)
            name_rule(try, i, verb_of(request.method));
    }
    return error_wrap(try->err, "%s \"%s\"", kinds[i].kind, try->names[i]);
}

static bool read_object(struct rotation_try *try, size_t i)
{
    const struct api_request request = {.method = API_GET};
    struct api_answer answer;

    return call(try, i, &request, &answer) ||
           api_client_found_none(&answer, kinds[i].group, kinds[i].resource, try->err);
}

/* Replace what was read, or make it where nothing was. */
static bool write_object(struct rotation_try *try, size_t i)
{
    bool is_there = json_object_get(json_object_get(try->objects[i], "metadata"), "uid");
    char *text = json_dumps(try->objects[i], JSON_COMPACT);
    const struct api_request request = {.method = is_there ? API_PUT : API_POST,
                                        .content = bytes_from(text)};
    struct api_answer answer;
    bool is_written = call(try, i, &request, &answer);

    free(text);
    return is_written;
}

/* ---- what is there */

static struct bytes decode(const struct rotation_try *try, const json_t *text)
{
    struct bytes out = {0};

    if (!json_is_string(text) ||
        !base64_decode((struct bytes){json_string_value(text), json_string_length(text)},
                       try->arena, &out))
        return (struct bytes){0};
    return out;
}

static struct bytes secret_entry(const struct rotation_try *try, size_t i, const char *name)
{
    return decode(try, json_object_get(json_object_get(try->objects[i], "data"), name));
}

static bool add_trusting(struct rotation_try *try, size_t object, json_t *webhook)
{
    json_t *config = json_object_get(webhook, "clientConfig");
    size_t count = try->state.trusted_count;

    if (!json_is_object(config))
        return true;
    if (count == ROTATION_MOST_TRUSTED)
        return error_set_limit(try->err, "more than %d webhooks are called \"%s\"",
                               ROTATION_MOST_TRUSTED, try->cluster->webhooks);
    try->trusting[count] = config;
    try->of[count] = object;
    try->state.trusted[count] = decode(try, json_object_get(config, "caBundle"));
    try->state.trusted_count++;
    return true;
}

static bool read_trusting(struct rotation_try *try, size_t object)
{
    json_t *webhooks = json_object_get(try->objects[object], "webhooks"), *webhook;
    size_t i;

    json_array_foreach(webhooks, i, webhook)
    {
        if (!add_trusting(try, object, webhook))
            return false;
    }
    return true;
}

static bool read_all(struct rotation_try *try)
{
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        if (!read_object(try, i))
            return false;
    }
    try->state.authority = secret_entry(try, AUTHORITY, "tls.crt");
    try->state.authority_key = secret_entry(try, AUTHORITY, "tls.key");
    try->state.server.certificate = secret_entry(try, SERVER, "tls.crt");
    try->state.server.key = secret_entry(try, SERVER, "tls.key");
    try->state.bundle = secret_entry(try, SERVER, "ca.crt");
    return read_trusting(try, VALIDATING) && read_trusting(try, MUTATING);
}

/* ---- what is to be there */

static json_t *encode(const struct rotation_try *try, struct bytes text)
{
    struct buf buf;

    buf_init(&buf, try->arena, MOST_OBJECT_BYTES);
    base64_add(&buf, text);
    return json_stringn(buf.data, buf.len);
}

static void set_entry(const struct rotation_try *try, size_t i, const char *name, struct bytes text)
{
    json_t *object = try->objects[i];

    if (!json_is_object(json_object_get(object, "data")))
        json_object_set_new(object, "data", json_object());
    json_object_set_new(json_object_get(object, "data"), name, encode(try, text));
}

static void make_secret(struct rotation_try *try, size_t i)
{
    if (!try->objects[i])
        try->objects[i] = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:{s:s}}}", "apiVersion", "v1",
                                    "kind", "Secret", "type", "kubernetes.io/tls", "metadata",
                                    "name", try->names[i], "namespace", try->cluster->namespace,
                                    "labels", "app.kubernetes.io/managed-by", "fairgate-certs");
}

static bool write_authority(struct rotation_try *try, const struct rotation_plan *plan)
{
    if (!plan->has_new_authority)
        return true;
    make_secret(try, AUTHORITY);
    set_entry(try, AUTHORITY, "tls.crt", plan->authority.certificate);
    set_entry(try, AUTHORITY, "tls.key", plan->authority.key);
    return write_object(try, AUTHORITY);
}

static bool write_trusted(struct rotation_try *try, size_t object, const struct rotation_plan *plan)
{
    bool is_changed = false;

    for (size_t i = 0; i < try->state.trusted_count; i++) {
        if (try->of[i] != object || !plan->is_distrusted[i])
            continue;
        json_object_set_new(try->trusting[i], "caBundle", encode(try, plan->trusted));
        is_changed = true;
    }
    return !is_changed || write_object(try, object);
}

static bool write_server(struct rotation_try *try, const struct rotation_plan *plan)
{
    if (!plan->has_new_bundle && !plan->has_new_server)
        return true;
    make_secret(try, SERVER);
    set_entry(try, SERVER, "ca.crt", plan->bundle);
    set_entry(try, SERVER, "tls.crt", plan->server.certificate);
    set_entry(try, SERVER, "tls.key", plan->server.key);
    return write_object(try, SERVER);
}

/* INVARIANT: in this order, so that what is in force works after each write: the next run finds a
 * CA that nobody trusts yet, or that some do, and goes on. */
static bool carry_out(struct rotation_try *try, const struct rotation_plan *plan)
{
    return write_authority(try, plan) && write_trusted(try, VALIDATING, plan) &&
           write_trusted(try, MUTATING, plan) && write_server(try, plan);
}

static void list_missing(const struct rotation_try *try, struct strings *missing)
{
    *missing = (struct strings){0};
    for (size_t i = VALIDATING; i <= MUTATING; i++) {
        const json_t *object = try->objects[i];
        bool is_empty = json_array_size(json_object_get(object, "webhooks")) == 0;

        if (object && !(is_empty && try->cluster->expects_webhooks))
            continue;
        strings_add(missing, try->arena,
                    arena_printf(try->arena, "%s%s \"%s\"", object ? "webhook in the " : "",
                                 kinds[i].kind, try->names[i]));
    }
}

static bool rotate_once(struct rotation_try *try, const struct rotation_rules *rules,
                        struct certs_rotation *out)
{
    bool is_done =
        read_all(try) && rotation_make_plan(&try->state, rules, try->arena, &out->plan, try->err);

    if (is_done)
        list_missing(try, &out->missing);
    is_done = is_done && (try->cluster->is_dry || carry_out(try, &out->plan));
    for (size_t i = 0; i < OBJECT_COUNT; i++)
        json_decref(try->objects[i]);
    return is_done;
}

bool certs_cluster_rotate(const struct certs_cluster *cluster, const struct rotation_rules *rules,
                          struct arena *arena, struct certs_rotation *out, struct error *err)
{
    struct api_client *client = api_client_new(cluster->kubeconfig);
    bool is_done = false, is_conflict = true;

    for (int i = 0; i < MOST_TRIES && !is_done && is_conflict; i++) {
        struct rotation_try try = {.cluster = cluster,
                                   .client = client,
                                   .arena = arena,
                                   .err = err,
                                   .names = {cluster->authority_secret, cluster->server_secret,
                                             cluster->webhooks, cluster->webhooks}};

        is_done = rotate_once(&try, rules, out);
        is_conflict = try.is_conflict;
    }
    api_client_free(client);
    return is_done;
}
