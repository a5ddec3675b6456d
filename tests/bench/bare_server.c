/* What h2o can do on one thread: TLS, HTTP/1.1, the whole body read, a constant AdmissionReview for
 * an answer. The bench holds fairgate against it.
 *
 *     bare_server CERTIFICATE KEY      prints the port that it listens on */
#include <arpa/inet.h>
#include <errno.h>
#include <h2o.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>

enum { MAX_BODY_BYTES = 32 * 1024 * 1024, IDLE_MS = 120000 };

static const char answer[] =
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":{\"uid\":"
    "\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"allowed\":true,\"auditAnnotations\":{\"tenant\":"
    "\"research\",\"policy-set\":\"sha256:"
    "0000000000000000000000000000000000000000000000000000000000000000\"}}}";

static h2o_globalconf_t http;
static h2o_context_t context;
static h2o_accept_ctx_t accept_context;

static int on_req(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    if (!req->entity.len)
        return -1;
    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = sizeof(answer) - 1;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/json"));
    h2o_send_inline(req, answer, sizeof(answer) - 1);
    return 0;
}

static void on_connection(h2o_socket_t *listener, const char *err)
{
    h2o_socket_t *connection = err ? NULL : h2o_evloop_socket_accept(listener);

    if (connection)
        h2o_accept(&accept_context, connection);
}

static void configure(void)
{
    h2o_hostconf_t *host;
    h2o_handler_t *handler;

    h2o_config_init(&http);
    http.server_name = (h2o_iovec_t){NULL, 0};
    http.http1.upgrade_to_http2 = 0;
    http.http1.req_timeout = IDLE_MS;
    http.max_request_entity_size = MAX_BODY_BYTES;
    host = h2o_config_register_host(&http, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    handler = h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(*handler));
    handler->on_req = on_req;
}

static SSL_CTX *tls_context(const char *certificate, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        return NULL;
    return tls;
}

/* A free port of loopback; 0 where there is none. */
static unsigned listen_somewhere(h2o_evloop_t *loop)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    h2o_socket_t *listener;

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    listener = h2o_evloop_socket_create(loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_connection);
    return ntohs(address.sin_port);
}

int main(int argc, char **argv)
{
    SSL_CTX *tls = argc == 3 ? tls_context(argv[1], argv[2]) : NULL;
    h2o_evloop_t *loop = h2o_evloop_create();
    unsigned port;

    if (!tls) {
        fprintf(stderr, "usage: bare_server CERTIFICATE KEY\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    configure();
    h2o_context_init(&context, loop, &http);
    accept_context = (h2o_accept_ctx_t){.ctx = &context, .hosts = http.hosts, .ssl_ctx = tls};
    port = listen_somewhere(loop);
    if (!port) {
        fprintf(stderr, "bare_server: %s\n", strerror(errno));
        return 2;
    }
    printf("%u\n", port);
    fflush(stdout);
    while (h2o_evloop_run(loop, INT32_MAX) == 0 || errno == EINTR)
        continue;
    return 1;
}
