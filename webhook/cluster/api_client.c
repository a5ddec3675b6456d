/* A multi handle with one easy handle: so that api_client_stop can wake whatever waits. */
#include "cluster/api_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/version.h"

enum {
    CONNECT_SECONDS = 10,
    LOW_BYTES_A_SECOND = 10,
    TOKEN_MILLISECONDS = 60 * 1000,
    POLL_MILLISECONDS = 1000,
    PIECE_BYTES = 128 * 1024,
    MOST_STATUS_BYTES = 64 * 1024,
    MOST_RETRY_AFTER = 3600,
    STATUS_DEPTH = 32,
    MOST_MESSAGE_BYTES = 300,
};

struct api_client {
    const struct kubeconfig *kubeconfig;
    struct arena arena; /* texts that libcurl is given once */
    const char *base;   /* the URL that paths are added to */
    const char *host;   /* the header, where it isn't the URL's; or NULL */
    struct curl_slist *connect_to;
    CURLM *multi;
    CURL *easy;
    atomic_bool is_stopped;

    struct arena token_arena;
    const char *token; /* NULL: none */
    int64_t token_due; /* when its file is read again */
    bool is_unknown;   /* the last answer was 401: a new connection shows who we are anew */
};

/* A call under way. */
struct call {
    struct api_client *client;
    const struct api_request *request;
    struct api_answer *answer;
    struct error *err;
    struct arena arena;
    struct buf status; /* the body of an answer that isn't what was wanted */
    char problem[CURL_ERROR_SIZE];
};

void api_client_add_escaped(struct buf *buf, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
            c == '.' || c == '_' || c == '~')
            buf_add_char(buf, (char)c);
        else
            buf_printf(buf, "%%%02X", c);
    }
}

static void start_library(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        abort();
}

static const char *url_part(CURLU *url, CURLUPart part, struct arena *arena)
{
    char *text = NULL;
    const char *copy = "";

    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
        copy = arena_copy(arena, bytes_from(text));
    curl_free(text);
    return copy;
}

/* Where the certificate has another name than the host: the URL has that name, and the connection
 * goes to the host all the same. */
static void use_server_name(struct api_client *client, const char *name)
{
    CURLU *url = curl_url();
    const char *host, *port, *path;

    curl_url_set(url, CURLUPART_URL, client->kubeconfig->server, 0);
    host = url_part(url, CURLUPART_HOST, &client->arena);
    port = url_part(url, CURLUPART_PORT, &client->arena);
    path = url_part(url, CURLUPART_PATH, &client->arena);
    curl_url_cleanup(url);
    client->base = arena_printf(&client->arena, "https://%s:%s%s", name, port,
                                strcmp(path, "/") != 0 ? path : "");
    client->host = arena_printf(&client->arena, "Host: %s:%s", host, port);
    client->connect_to = curl_slist_append(NULL, arena_printf(&client->arena, "%s:%s:%s:%s", name,
                                                              port, host, port));
}

static void set_blob(CURL *easy, CURLoption option, struct bytes text)
{
    struct curl_blob blob = {(void *)text.data, text.len, CURL_BLOB_NOCOPY};

    curl_easy_setopt(easy, option, &blob);
}

static void set_trust(const struct api_client *client)
{
    const struct kubeconfig_pem *ca = &client->kubeconfig->ca;
    CURL *easy = client->easy;

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* INVARIANT: in a session that is resumed neither side shows a certificate that was renewed. */
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (!ca->place)
        return;
    /* INVARIANT: with a CA of our own the system's are out, the folder of them as well. */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    if (ca->text.len > 0)
        set_blob(easy, CURLOPT_CAINFO_BLOB, ca->text);
    else
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca->file);
}

static void set_credentials(const struct api_client *client)
{
    const struct kubeconfig_pem *certificate = &client->kubeconfig->certificate;
    const struct kubeconfig_pem *key = &client->kubeconfig->key;
    CURL *easy = client->easy;

    if (!certificate->place)
        return;
    if (certificate->text.len > 0)
        set_blob(easy, CURLOPT_SSLCERT_BLOB, certificate->text);
    else
        curl_easy_setopt(easy, CURLOPT_SSLCERT, certificate->file);
    if (key->text.len > 0)
        set_blob(easy, CURLOPT_SSLKEY_BLOB, key->text);
    else
        curl_easy_setopt(easy, CURLOPT_SSLKEY, key->file);
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or it would ask at the terminal */
}

static size_t take_body(char *data, size_t size, size_t count, void *context);

static void set_manners(const struct api_client *client)
{
    CURL *easy = client->easy;

    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT,
                     arena_printf((struct arena *)&client->arena, "fairgate/%s", version));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or a stop would wait for a name server */
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)PIECE_BYTES);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
}

struct api_client *api_client_new(const struct kubeconfig *kubeconfig)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct api_client *client = memory_alloc(sizeof(*client));

    pthread_once(&once, start_library);
    client->kubeconfig = kubeconfig;
    client->base = kubeconfig->server;
    client->token = kubeconfig->token;
    client->multi = curl_multi_init();
    client->easy = curl_easy_init();
    if (!client->multi || !client->easy)
        abort();
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, 1L); /* a new one ends the old one */
    if (kubeconfig->tls_server_name)
        use_server_name(client, kubeconfig->tls_server_name);
    set_trust(client);
    set_credentials(client);
    set_manners(client);
    return client;
}

void api_client_free(struct api_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->easy);
    curl_multi_cleanup(client->multi);
    curl_slist_free_all(client->connect_to);
    arena_release(&client->token_arena);
    arena_release(&client->arena);
    free(client);
}

void api_client_stop(struct api_client *client)
{
    atomic_store(&client->is_stopped, true);
    curl_multi_wakeup(client->multi);
}

bool api_client_is_stopped(const struct api_client *client)
{
    return atomic_load(&client->is_stopped);
}

bool api_client_wait(struct api_client *client, unsigned milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds, now;

    while (!api_client_is_stopped(client) && (now = clock_milliseconds()) < end) {
        if (curl_multi_poll(client->multi, NULL, 0, (int)(end - now), NULL) != CURLM_OK)
            return false;
    }
    return !api_client_is_stopped(client);
}

/* Service account tokens are renewed in their file. One that can't be read leaves the old one. */
static void renew_token(struct api_client *client)
{
    const char *path = client->kubeconfig->token_file, *token;
    int64_t now = clock_milliseconds();
    struct arena arena = {0};
    struct error ignored;

    if (!path || now < client->token_due)
        return;
    client->token_due = now + TOKEN_MILLISECONDS;
    if (kubeconfig_read_token(path, &arena, &token, &ignored)) {
        arena_reset(&client->token_arena);
        client->token = arena_copy(&client->token_arena, bytes_from(token));
    }
    arena_release(&arena);
}

static unsigned status_of(const struct call *call)
{
    long status = 0;

    curl_easy_getinfo(call->client->easy, CURLINFO_RESPONSE_CODE, &status);
    return status > 0 ? (unsigned)status : 0;
}

static bool is_success(unsigned status)
{
    return status == 200 || status == 201;
}

static bool take_piece(const struct api_request *request, struct bytes piece, struct error *err)
{
    struct buf *kept = request->kept;

    if (request->body)
        return request->body(request->context, piece, err);
    if (!kept)
        return true;
    buf_add(kept, piece);
    return !kept->is_full || error_set(err, "the object has more than %zu bytes", kept->max);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;
    struct bytes piece = {data, size * count};

    if (!is_success(status_of(call))) {
        buf_add(&call->status, piece);
        return piece.len;
    }
    if (take_piece(call->request, piece, call->err))
        return piece.len;
    call->answer->is_refused = true;
    return CURL_WRITEFUNC_ERROR;
}

static bool has_content(enum api_method method)
{
    return method != API_GET && method != API_DELETE;
}

static struct curl_slist *make_headers(const struct api_client *client, enum api_method method,
                                       struct arena *arena)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

    if (has_content(method)) {
        headers = curl_slist_append(headers, method == API_APPLY
                                                 ? "Content-Type: application/apply-patch+yaml"
                                                 : "Content-Type: application/json");
        headers = curl_slist_append(headers, "Expect:"); /* or a large one would wait to be asked */
    }
    if (client->token)
        headers = curl_slist_append(headers,
                                    arena_printf(arena, "Authorization: Bearer %s", client->token));
    if (client->host)
        headers = curl_slist_append(headers, client->host);
    return headers;
}

static void set_method(CURL *easy, const struct api_request *request)
{
    static const char *const names[API_DELETE + 1] = {
        [API_PUT] = "PUT", [API_APPLY] = "PATCH", [API_DELETE] = "DELETE"};

    if (!has_content(request->method)) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->content.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->content.data);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, names[request->method]);
}

static void set_call(struct call *call, const struct curl_slist *headers)
{
    const struct api_request *request = call->request;
    CURL *easy = call->client->easy;

    curl_easy_setopt(easy, CURLOPT_URL,
                     arena_printf(&call->arena, "%s%s", call->client->base, request->path));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, call->client->connect_to);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)call->client->is_unknown);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    set_method(easy, request);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->milliseconds);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
                     request->most_idle_seconds ? (long)LOW_BYTES_A_SECOND : 0L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)request->most_idle_seconds);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->problem);
}

/* To its end, or until the client is stopped. */
static CURLcode perform(struct api_client *client)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    int running = 1, left;
    CURLMsg *message;

    if (curl_multi_add_handle(client->multi, client->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    while (running && !api_client_is_stopped(client)) {
        if (curl_multi_perform(client->multi, &running) != CURLM_OK ||
            (running && curl_multi_poll(client->multi, NULL, 0, POLL_MILLISECONDS, NULL)))
            break;
    }
    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    }
    curl_multi_remove_handle(client->multi, client->easy);
    return code;
}

/* What the API server says in a Status; else how the body begins. Lives in the call's arena. */
static const char *read_status(struct call *call)
{
    struct bytes body = buf_bytes(&call->status), message, reason;
    struct document document;

    document_parse(body, STATUS_DEPTH, &call->arena, &document);
    while (body.len > 0 && body.data[body.len - 1] == '\n')
        body.len--;
    message = value_text(value_member(document_root(&document), "message"));
    reason = value_text(value_member(document_root(&document), "reason"));
    if (reason.len < sizeof(call->answer->reason))
        memcpy(call->answer->reason, reason.data ? reason.data : "", reason.len);
    return text_clean(&call->arena, message.len > 0 ? message : body, MOST_MESSAGE_BYTES);
}

static bool fail_with_status(struct call *call)
{
    struct api_client *client = call->client;
    unsigned status = call->answer->status;
    const char *message = read_status(call);
    curl_off_t seconds = 0;

    curl_easy_getinfo(client->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0)
        call->answer->retry_after =
            seconds < MOST_RETRY_AFTER ? (unsigned)seconds : MOST_RETRY_AFTER;
    if (status == 401)
        client->token_due = 0;
    return error_set(call->err, "the API server answers %u%s%s", status, *message ? ": " : "",
                     message);
}

static bool conclude(struct call *call, CURLcode code)
{
    const char *problem = *call->problem ? call->problem : curl_easy_strerror(code);

    call->answer->status = status_of(call);
    call->answer->transport = (int)code;
    call->client->is_unknown = call->answer->status == 401;
    if (call->answer->is_refused)
        return false;
    if (call->answer->status != 0 && !is_success(call->answer->status))
        return fail_with_status(call);
    if (code == CURLE_OK && is_success(call->answer->status))
        return true;
    if (api_client_is_stopped(call->client))
        return error_set(call->err, "stopped");
    if (is_success(call->answer->status))
        return error_set(call->err, "the answer breaks off: %s",
                         text_clean(&call->arena, bytes_from(problem), MOST_MESSAGE_BYTES));
    return error_set(call->err, "no answer from %s: %s", call->client->kubeconfig->server,
                     text_clean(&call->arena, bytes_from(problem), MOST_MESSAGE_BYTES));
}

bool api_client_call(struct api_client *client, const struct api_request *request,
                     struct api_answer *answer, struct error *err)
{
    struct call call = {.client = client, .request = request, .answer = answer, .err = err};
    struct curl_slist *headers;
    bool is_whole;

    *answer = (struct api_answer){0};
    buf_init(&call.status, &call.arena, MOST_STATUS_BYTES);
    renew_token(client);
    headers = make_headers(client, request->method, &call.arena);
    set_call(&call, headers);
    is_whole = conclude(&call, perform(client));
    curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(client->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(headers);
    arena_release(&call.arena);
    return is_whole;
}

bool api_client_found_none(const struct api_answer *answer, const char *group, const char *resource,
                           const struct error *err)
{
    char subject[128];

    snprintf(subject, sizeof(subject), "%s%s%s \"", resource, *group ? "." : "", group);
    return answer->status == 404 && !strcmp(answer->reason, "NotFound") &&
           strstr(err->text, subject) && strstr(err->text, "\" not found");
}

void api_client_name_rule(const char *group, const char *resource, const char *verbs,
                          const char *remedy, struct error *err)
{
    error_wrap(err,
               "a ClusterRole must allow {apiGroups: [\"%s\"], resources: [\"%s\"], verbs: [%s]}%s",
               group, resource, verbs, remedy);
}

const char *api_client_library_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}
