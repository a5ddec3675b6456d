#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

/* How long a peer may leave what was sent unacknowledged, or stay silent, before its connection
 * goes: h2o itself never gives up on one that doesn't read. */
enum { USER_TIMEOUT_MS = 30000, KEEPALIVE_IDLE_S = 60, KEEPALIVE_STEP_S = 10, KEEPALIVE_STEPS = 3 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_port(const char *text, in_port_t *out)
{
    unsigned port = 0;

    if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
        return false;
    for (; *text; text++)
        port = port * 10 + (unsigned)(*text - '0');
    *out = htons((uint16_t)port);
    return port <= UINT16_MAX;
}

static bool parse(const char *text, union address *out, socklen_t *len)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN];
    size_t host_len = colon ? (size_t)(colon - text) : 0;
    bool is_v6 = host_len > 2 && text[0] == '[' && text[host_len - 1] == ']';
    in_port_t port;

    if (is_v6) {
        text++;
        host_len -= 2;
    }
    if (host_len == 0 || host_len >= sizeof(host) || !parse_port(colon + 1, &port))
        return false;
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    memset(out, 0, sizeof(*out));
    if (is_v6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = port;
        *len = sizeof(out->v6);
        return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = port;
    *len = sizeof(out->v4);
    return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1;
}

/* Accepted connections inherit all of it. */
static void set_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_STEPS},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static void write_address(struct listener *listener)
{
    union address address;
    socklen_t len = sizeof(address);
    char host[INET6_ADDRSTRLEN] = "";

    if (getsockname(listener->fd, &address.any, &len) != 0)
        return;
    if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
        snprintf(listener->address, sizeof(listener->address), "[%s]:%u", host,
                 ntohs(address.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
        snprintf(listener->address, sizeof(listener->address), "%s:%u", host,
                 ntohs(address.v4.sin_port));
    }
}

bool listener_bind(const char *address, struct listener *out, struct error *err)
{
    union address where;
    socklen_t len;
    int fd;

    if (!parse(address, &where, &len))
        return error_set(err,
                         "\"%s\": expected an address and a port such as 0.0.0.0:8443 or "
                         "[::]:8443",
                         address);
    fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set(err, "%s: %s", address, strerror(errno));
    set_options(fd);
    if (bind(fd, &where.any, len) != 0) {
        error_set(err, "%s: %s", address, strerror(errno));
        close(fd);
        return false;
    }
    out->fd = fd;
    write_address(out);
    return true;
}

bool listener_open(struct listener *listener, struct error *err)
{
    if (listen(listener->fd, BACKLOG) != 0)
        return error_set(err, "%s: %s", listener->address, strerror(errno));
    return true;
}
