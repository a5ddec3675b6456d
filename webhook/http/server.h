/* server: the listeners, the threads behind them, and the signals that govern them. */
#pragma once

#include "http/service.h"

struct server_config {
    struct service_config service;
    const char *listen, *admin;
    int64_t idle_milliseconds;  /* from one answer to the end of the next request */
    int64_t grace_milliseconds; /* in which connections are taken after SIGTERM */
    int64_t thread_count;
};

struct server;

/* What `config` points to must outlive the server. */
struct server *server_new(const struct server_config *config);

/* Everything is read and all addresses are taken before reviews are. With a cluster, files that
 * can't be used are waited for, and the admin address tells which; without one it is false then:
 * `problems` has mistakes of the policy set, or `err` tells what else is wrong. Blocks the signals
 * that the server handles; call it before other threads are started. */
bool server_start(struct server *server, struct problems *problems, struct error *err) MUST_CHECK;

/* Of a server that did not start. */
void server_free(struct server *server);

/* Serve until SIGTERM or SIGINT, then drain. True: every connection came to its
 * end. The process must end thereafter, because threads still run. */
bool server_wait(struct server *server) MUST_CHECK;

const char *server_library_version(void);
