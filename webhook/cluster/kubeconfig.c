#include "cluster/kubeconfig.h"

#include <curl/curl.h>

#include "base/base64.h"
#include "base/file.h"
#include "cluster/pem.h"

enum { MAX_FILE_BYTES = 1 << 20, MAX_TOKEN_BYTES = 64 * 1024, MAX_SERVER_BYTES = 2048 };

struct reading {
    const struct source *source;
    struct arena *arena;
    struct error *err;
};

static const char *place_of(const struct reading *reading, const struct node *node)
{
    return arena_printf(reading->arena, "%s:%u:%u", reading->source->name, node->line,
                        node->column);
}

/* `what` may be NULL. */
static bool fail(const struct reading *reading, const struct node *node, const char *what,
                 const char *problem)
{
    return error_set(reading->err, "%s: %s%s%s", place_of(reading, node), what ? what : "",
                     what ? ": " : "", problem);
}

static bool is_set(const struct node *node)
{
    return node && node->kind != NODE_NULL;
}

/* A member's text; NULL where it is absent, null or empty. */
static bool read_text(const struct reading *reading, const struct node *map, const char *name,
                      const char **out)
{
    const struct node *node = node_find(map, name);

    *out = NULL;
    if (!is_set(node))
        return true;
    if (node->kind != NODE_STRING)
        return fail(reading, node, name,
                    arena_printf(reading->arena, "expected text, got %s",
                                 node_describe(node, reading->arena)));
    if (memchr(node->text.data, '\0', node->text.len))
        return fail(reading, node, name, "a NUL character in it");
    if (node->text.len > 0)
        *out = node->text.data;
    return true;
}

/* A member that is a map; NULL where it is absent or null. */
static bool read_map(const struct reading *reading, const struct node *map, const char *name,
                     const struct node **out)
{
    const struct node *node = node_find(map, name);

    *out = NULL;
    if (!is_set(node))
        return true;
    if (node->kind != NODE_MAP)
        return fail(reading, node, name,
                    arena_printf(reading->arena, "expected a map, got %s",
                                 node_describe(node, reading->arena)));
    *out = node;
    return true;
}

static bool is_empty(const struct node *node)
{
    if (node->kind == NODE_LIST || node->kind == NODE_MAP)
        return node->count == 0;
    return node->kind == NODE_NULL || (node->kind == NODE_STRING && node->text.len == 0);
}

/* What would change who we are, or where we go, must not be passed over. */
static bool refuse(const struct reading *reading, const struct node *map, const char *const *names)
{
    for (; *names; names++) {
        const struct node *node = node_find(map, *names);

        if (node && !is_empty(node))
            return fail(reading, node_place(node), *names, "not supported");
    }
    return true;
}

static bool has_control_character(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

static bool read_path(const struct reading *reading, const struct node *map, const char *name,
                      const char **out)
{
    const char *path, *slash = strrchr(reading->source->name, '/');

    if (!read_text(reading, map, name, &path))
        return false;
    if (path && has_control_character(path))
        return fail(reading, node_find(map, name), name, "a control character in it");
    if (path && path[0] != '/')
        path = arena_printf(reading->arena, "%.*s/%s",
                            slash ? (int)(slash - reading->source->name) : 1,
                            slash ? reading->source->name : ".", path);
    *out = path;
    return true;
}

/* `name`, a path, or `name`-data, base64. */
static bool read_pem(const struct reading *reading, const struct node *map, const char *name,
                     struct kubeconfig_pem *out)
{
    const char *data_name = arena_printf(reading->arena, "%s-data", name), *data;

    if (!read_path(reading, map, name, &out->file) || !read_text(reading, map, data_name, &data))
        return false;
    if (data) {
        out->place = arena_printf(reading->arena, "%s: %s",
                                  place_of(reading, node_find(map, data_name)), data_name);
        if (!base64_decode(bytes_from(data), reading->arena, &out->text) || out->text.len == 0)
            return fail(reading, node_find(map, data_name), data_name, "expected base64");
    } else if (out->file) {
        out->place =
            arena_printf(reading->arena, "%s: %s", place_of(reading, node_find(map, name)), name);
    }
    return true;
}

static bool is_host_name(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", *c))
            return false;
    }
    return *text != '\0' && strlen(text) <= 253;
}

/* What stands in a URL; NULL for nothing. To be freed by curl_free. */
static char *url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = url_part(url, part);

    curl_free(text);
    return text;
}

/* What is wrong with a server's URL; NULL if nothing is. */
static const char *url_problem(CURLU *url, const char *text)
{
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);

    if (strncmp(text, "https://", 8) != 0)
        return "expected https://HOST[:PORT]: TLS is verified always";
    if (strlen(text) > MAX_SERVER_BYTES)
        return "the URL is too long";
    if (code != CURLUE_OK)
        return curl_url_strerror(code);
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
        has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return "expected https://HOST[:PORT][/PATH] and no more";
    return NULL;
}

static const char *trim_slashes(const char *text, struct arena *arena)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '/')
        len--;
    return arena_copy(arena, (struct bytes){text, len});
}

static const char *server_problem(const char *text)
{
    CURLU *url = curl_url();
    const char *problem = url ? url_problem(url, text) : "out of memory";

    curl_url_cleanup(url);
    return problem;
}

static bool read_server(const struct reading *reading, const struct node *cluster,
                        struct kubeconfig *out)
{
    const char *server, *problem;

    if (!read_text(reading, cluster, "server", &server) ||
        !read_text(reading, cluster, "tls-server-name", &out->tls_server_name))
        return false;
    if (!server)
        return fail(reading, node_place(cluster), "server", "there is none");
    problem = server_problem(server);
    if (problem)
        return fail(reading, node_find(cluster, "server"), "server", problem);
    if (out->tls_server_name && !is_host_name(out->tls_server_name))
        return fail(reading, node_find(cluster, "tls-server-name"), "tls-server-name",
                    "expected a host name");
    out->server = trim_slashes(server, reading->arena);
    return true;
}

static bool read_cluster(const struct reading *reading, const struct node *cluster,
                         struct kubeconfig *out)
{
    static const char *const refused[] = {"proxy-url", NULL};
    const struct node *insecure = node_find(cluster, "insecure-skip-tls-verify");

    if (is_set(insecure) && (insecure->kind != NODE_BOOL || insecure->is_true))
        return fail(reading, node_place(insecure), "insecure-skip-tls-verify",
                    "not supported: TLS is verified always");
    return refuse(reading, cluster, refused) && read_server(reading, cluster, out) &&
           read_pem(reading, cluster, "certificate-authority", &out->ca);
}

/* Fit for an HTTP header. */
static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    }
    return text.len > 0 && text.len <= MAX_TOKEN_BYTES;
}

static bool read_user_token(const struct reading *reading, const struct node *user,
                            struct kubeconfig *out)
{
    if (!read_text(reading, user, "token", &out->token) ||
        !read_path(reading, user, "tokenFile", &out->token_file))
        return false;
    if (out->token && !is_token(bytes_from(out->token)))
        return fail(reading, node_find(user, "token"), "token",
                    "expected printable characters without blanks");
    if (out->token_file)
        out->token_file_place = arena_printf(reading->arena, "%s: tokenFile",
                                             place_of(reading, node_find(user, "tokenFile")));
    return true;
}

static bool read_user(const struct reading *reading, const struct node *user,
                      struct kubeconfig *out)
{
    static const char *const refused[] = {"exec", "auth-provider", "username",  "password",
                                          "as",   "as-uid",        "as-groups", "as-user-extra",
                                          NULL};

    if (!refuse(reading, user, refused) || !read_user_token(reading, user, out) ||
        !read_pem(reading, user, "client-certificate", &out->certificate) ||
        !read_pem(reading, user, "client-key", &out->key))
        return false;
    if (out->certificate.place && !out->key.place)
        return fail(reading, node_place(user), "client-key", "missing beside client-certificate");
    if (out->key.place && !out->certificate.place)
        return fail(reading, node_place(user), "client-certificate", "missing beside client-key");
    return true;
}

/* The entry of a list (`clusters`) with that name, and what it holds (`cluster`); NULL where there
 * is no such entry. */
static bool find_entry(const struct reading *reading, const struct node *list, const char *name,
                       const char *member, const struct node **out)
{
    *out = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct node *entry = &list->children[i], *found;
        const char *entry_name;

        if (entry->kind != NODE_MAP)
            return fail(reading, entry, NULL, "expected a map");
        if (!read_text(reading, entry, "name", &entry_name))
            return false;
        if (!entry_name || strcmp(entry_name, name) != 0)
            continue;
        if (*out)
            return fail(reading, node_find(entry, "name"), "name", "there twice");
        if (!read_map(reading, entry, member, &found))
            return false;
        *out = found ? found : entry;
    }
    return true;
}

/* What the root's `list_name` holds under that name. `from` refers to it. */
static bool read_entry(const struct reading *reading, const struct node *root,
                       const char *const list_and_member[2], const struct node *from,
                       const struct node **out)
{
    const struct node *list = node_find(root, list_and_member[0]);

    *out = NULL;
    if (is_set(list) && list->kind != NODE_LIST)
        return fail(reading, list, list_and_member[0], "expected a list");
    if (is_set(list) && !find_entry(reading, list, from->text.data, list_and_member[1], out))
        return false;
    return *out || fail(reading, from, from->key->text.data,
                        arena_printf(reading->arena, "%s: not among the %s",
                                     node_describe(from, reading->arena), list_and_member[0]));
}

static bool read_context(const struct reading *reading, const struct node *root,
                         const struct node **out)
{
    static const char *const where[] = {"contexts", "context"};
    const char *name;

    if (!read_text(reading, root, "current-context", &name))
        return false;
    if (!name)
        return error_set(reading->err, "%s: current-context: there is none", reading->source->name);
    return read_entry(reading, root, where, node_find(root, "current-context"), out);
}

static bool read_root(const struct reading *reading, const struct node *root,
                      struct kubeconfig *out)
{
    static const char *const clusters[] = {"clusters", "cluster"}, *const users[] = {"users",
                                                                                     "user"};
    const struct node *context = NULL, *cluster = NULL, *user = NULL;
    const char *cluster_name = NULL, *user_name = NULL, *kind = NULL;

    if (root->kind != NODE_MAP)
        return fail(reading, root, NULL, "expected a kubeconfig");
    if (!read_text(reading, root, "kind", &kind))
        return false;
    if (kind && strcmp(kind, "Config") != 0)
        return fail(reading, node_find(root, "kind"), "kind", "expected Config");
    if (!read_context(reading, root, &context) ||
        !read_text(reading, context, "cluster", &cluster_name) ||
        !read_text(reading, context, "user", &user_name))
        return false;
    if (!cluster_name)
        return fail(reading, node_place(context), "cluster", "there is none in the context");
    if (!read_entry(reading, root, clusters, node_find(context, "cluster"), &cluster) ||
        !read_cluster(reading, cluster, out))
        return false;
    /* Without a user we are anonymous, which the API server may allow. */
    return !user_name || (read_entry(reading, root, users, node_find(context, "user"), &user) &&
                          read_user(reading, user, out));
}

static bool fail_with(const struct reading *reading, const struct problem *problem)
{
    if (problem->line == 0)
        return error_set(reading->err, "%s: %s", reading->source->name, problem->text);
    return error_set(reading->err, "%s:%u:%u: %s", reading->source->name, problem->line,
                     problem->column, problem->text);
}

bool kubeconfig_parse(const struct source *source, struct arena *arena, struct kubeconfig *out,
                      struct error *err)
{
    struct reading reading = {source, arena, err};
    struct problems problems = {.arena = arena};
    struct kubeconfig kubeconfig = {0};
    struct nodes nodes;

    node_parse(source, arena, &nodes, &problems);
    problems_sort(&problems);
    for (size_t i = 0; i < problems.count; i++) {
        if (!problems.items[i].is_warning)
            return fail_with(&reading, &problems.items[i]);
    }
    if (nodes.count != 1)
        return error_set(err, "%s: expected one document, got %zu", source->name, nodes.count);
    if (!read_root(&reading, nodes.items[0], &kubeconfig))
        return false;
    *out = kubeconfig;
    return true;
}

typedef bool (*pem_check_fn)(struct bytes text, struct error *err);

static bool check_pem_file(const char *path, pem_check_fn check, struct error *err)
{
    struct arena arena = {0};
    struct bytes text;
    bool is_sound = file_read_now(path, MAX_FILE_BYTES, &arena, &text, err) &&
                    (check(text, err) || error_wrap(err, "%s", path));

    arena_release(&arena);
    return is_sound;
}

static bool check_pem(const struct kubeconfig_pem *pem, pem_check_fn check, struct error *err)
{
    if (!pem->place ||
        (pem->text.len > 0 ? check(pem->text, err) : check_pem_file(pem->file, check, err)))
        return true;
    return error_wrap(err, "%s", pem->place);
}

static bool check_token(const struct kubeconfig *kubeconfig, struct error *err)
{
    struct arena arena = {0};
    const char *token = NULL;
    bool is_there = !kubeconfig->token_file ||
                    kubeconfig_read_token(kubeconfig->token_file, &arena, &token, err) ||
                    error_wrap(err, "%s", kubeconfig->token_file_place);

    arena_release(&arena);
    return is_there;
}

static bool check_files(const struct kubeconfig *kubeconfig, struct error *err)
{
    return check_pem(&kubeconfig->ca, pem_check_certificates, err) &&
           check_pem(&kubeconfig->certificate, pem_check_certificates, err) &&
           check_pem(&kubeconfig->key, pem_check_key, err) && check_token(kubeconfig, err);
}

bool kubeconfig_read(const char *path, struct arena *arena, struct kubeconfig *out,
                     struct error *err)
{
    struct source *source = arena_alloc(arena, sizeof(*source));
    struct kubeconfig kubeconfig = {0};

    source->name = arena_copy(arena, bytes_from(path));
    if (!file_read(path, MAX_FILE_BYTES, arena, &source->text, err) ||
        !kubeconfig_parse(source, arena, &kubeconfig, err) || !check_files(&kubeconfig, err))
        return false;
    *out = kubeconfig;
    return true;
}

bool kubeconfig_in_cluster(const char *folder, struct arena *arena, struct kubeconfig *out,
                           struct error *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    struct kubeconfig kubeconfig = {0};
    const char *problem, *server;

    if (!host || !*host || !port || !*port)
        return error_set(err, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: "
                              "this is no pod of a cluster");
    server =
        arena_printf(arena, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    problem = server_problem(server);
    if (problem)
        return error_set(err, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: %s: %s",
                         text_quote(arena, bytes_from(server)), problem);
    kubeconfig.server = server;
    kubeconfig.ca.file = arena_printf(arena, "%s/ca.crt", folder);
    kubeconfig.ca.place = kubeconfig.token_file_place = "service account";
    kubeconfig.token_file = arena_printf(arena, "%s/token", folder);
    if (!check_files(&kubeconfig, err))
        return false;
    *out = kubeconfig;
    return true;
}

bool kubeconfig_read_token(const char *path, struct arena *arena, const char **out,
                           struct error *err)
{
    struct bytes text;

    if (!file_read_now(path, MAX_TOKEN_BYTES, arena, &text, err))
        return false;
    while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) && text.data[text.len - 1])
        text.len--;
    while (text.len > 0 && strchr(" \t\r\n", text.data[0]) && text.data[0])
        text = bytes_tail(text, 1);
    if (text.len == 0)
        return error_set(err, "%s: empty", path);
    if (!is_token(text))
        return error_set(err, "%s: expected printable characters without blanks", path);
    *out = arena_copy(arena, text);
    return true;
}

bool kubeconfig_find(const char *path, struct arena *arena, struct kubeconfig *out,
                     struct error *err)
{
    return path ? kubeconfig_read(path, arena, out, err)
                : kubeconfig_in_cluster("/var/run/secrets/kubernetes.io/serviceaccount", arena, out,
                                        err);
}
