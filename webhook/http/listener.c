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

/* What is asked for, in words. */
struct place {
    char host[INET6_ADDRSTRLEN]; /* "": every address that there is */
    bool is_v6;
    in_port_t port;
};

static bool parse(const char *text, struct place *out)
{
    const char *colon = strrchr(text, ':');
    size_t host_len = colon ? (size_t)(colon - text) : 0;

    out->is_v6 = host_len > 2 && text[0] == '[' && text[host_len - 1] == ']';
    if (out->is_v6) {
        text++;
        host_len -= 2;
    }
    if (!colon || host_len >= sizeof(out->host) || !parse_port(colon + 1, &out->port))
        return false;
    memcpy(out->host, text, host_len);
    out->host[host_len] = '\0';
    return true;
}

static bool find_address(const struct place *place, union address *out)
{
    const char *everywhere = place->is_v6 ? "::" : "0.0.0.0";
    const char *host = *place->host ? place->host : everywhere;

    memset(out, 0, sizeof(*out));
    if (place->is_v6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = place->port;
        return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = place->port;
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

static bool bind_address(const char *text, const union address *where, struct listener *out,
                         struct error *err)
{
    bool is_v6 = where->any.sa_family == AF_INET6;
    int fd = socket(where->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_set(err, "%s: %s", text, strerror(errno));
    set_options(fd);
    if (is_v6) /* whatever the system's default is, "::" is IPv4's addresses, too */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    if (bind(fd, &where->any, is_v6 ? sizeof(where->v6) : sizeof(where->v4)) != 0) {
        error_set(err, "%s: %s", text, strerror(errno));
        close(fd);
        return false;
    }
    out->fd = fd;
    write_address(out);
    return true;
}

/* A kernel without IPv6. */
static bool lacks_v6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EAFNOSUPPORT;
}

bool listener_bind(const char *address, struct listener *out, struct error *err)
{
    union address where;
    struct place place;
    bool is_sound = parse(address, &place);

    if (is_sound && !*place.host)
        place.is_v6 = !lacks_v6();
    if (!is_sound || !find_address(&place, &where))
        return error_set(err,
                         "\"%s\": expected an address and a port such as 0.0.0.0:8443, [::]:8443, "
                         "or :8443 for every address",
                         address);
    return bind_address(address, &where, out, err);
}

bool listener_open(struct listener *listener, struct error *err)
{
    if (listen(listener->fd, BACKLOG) != 0)
        return error_set(err, "%s: %s", listener->address, strerror(errno));
    return true;
}
