#include "http/reply.h"

#include "base/arena.h"

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

void reply_send(h2o_req_t *req, int status, const char *content_type, struct bytes body)
{
    req->res.status = status;
    req->res.reason = reason(status);
    /* Without it h2o answers in chunks, or closes the connection. */
    req->res.content_length = body.len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, content_type,
                   strlen(content_type));
    h2o_send_inline(req, body.data, body.len);
}

void reply_send_line(h2o_req_t *req, int status, const char *line)
{
    size_t len = strlen(line);
    char *body = h2o_mem_alloc_pool(&req->pool, len + 1);

    memcpy(body, line, len);
    body[len] = '\n';
    reply_send(req, status, "text/plain; charset=utf-8", (struct bytes){body, len + 1});
}

void reply_send_not_allowed(h2o_req_t *req, const char *allowed)
{
    char line[128];

    snprintf(line, sizeof(line), "method not allowed here; allowed: %s", allowed);
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("allow"), 0, NULL, allowed,
                          strlen(allowed));
    reply_send_line(req, 405, line);
}

struct bytes reply_path(const h2o_req_t *req)
{
    return (struct bytes){req->path_normalized.base, req->path_normalized.len};
}

struct bytes reply_method(const h2o_req_t *req)
{
    return (struct bytes){req->method.base, req->method.len};
}

h2o_pathconf_t *reply_configure(h2o_globalconf_t *http, int (*on_req)(h2o_handler_t *, h2o_req_t *))
{
    h2o_hostconf_t *host;
    h2o_pathconf_t *path;
    h2o_handler_t *handler;

    h2o_config_init(http);
    http->server_name = (h2o_iovec_t){NULL, 0};
    /* Without ALPN, too, a client could speak HTTP/2, whose known weaknesses the packaged library
     * has. */
    http->http1.upgrade_to_http2 = 0;
    host = h2o_config_register_host(http, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    path = h2o_config_register_path(host, "/", 0);
    handler = h2o_create_handler(path, sizeof(*handler));
    handler->on_req = on_req;
    return &host->fallback_path;
}
