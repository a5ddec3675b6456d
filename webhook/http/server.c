#include "http/server.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/listener.h"
#include "http/loop.h"
#include "http/ops.h"
#include "http/parking.h"
#include "http/renewal.h"
#include "http/review_handler.h"
#include "http/waiting.h"

enum {
    MAX_CONNECTIONS = 10000,
    /* Of bodies that are still coming in. One that is judged is at most as large as it may be, and
     * there is one a thread. */
    MAX_BUFFERED_BYTES = 512 * 1024 * 1024,
    MAX_OPS_CONNECTIONS = 100,
    SPARE_DESCRIPTORS = 128, /* beside those of connections */
    DRAIN_STEP_MS = 20,
    /* The API server leaves its idle connections after 90 s; h2o can't close them by itself. */
    DRAIN_MAX_MS = 95000,
    LARGEST_HEAP_BYTES = 1024 * 1024
};

struct server {
    struct server_config config;
    struct service service;
    h2o_globalconf_t review_http, ops_http;
    struct listener review_listener, ops_listener;
    struct reviewer *reviewers;
    struct parking_worker workers[COMMITTER_WORKERS];
    struct ops ops;
    struct renewal renewal;
    struct loop *ops_loop; /* NULL: nobody is told anything yet */
    sigset_t signals;      /* that end it */
};

static void block_signals(struct server *server)
{
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* the audit log at a limit of its size is an error like others */
    sigemptyset(&server->signals);
    sigaddset(&server->signals, SIGTERM);
    sigaddset(&server->signals, SIGINT);
    all = server->signals;
    sigaddset(&all, SIGHUP);
    sigaddset(&all, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* How many connections there may be; as many descriptors as the system grants are asked for. */
static size_t max_connections(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return MAX_CONNECTIONS;
    if (limit.rlim_cur < MAX_CONNECTIONS + SPARE_DESCRIPTORS && limit.rlim_cur < limit.rlim_max) {
        rlim_t wanted = MAX_CONNECTIONS + SPARE_DESCRIPTORS;

        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= MAX_CONNECTIONS + SPARE_DESCRIPTORS)
        return MAX_CONNECTIONS;
    return limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS
                                                  : SPARE_DESCRIPTORS;
}

static bool bind_both(struct server *server, struct error *err)
{
    return (listener_bind(server->config.listen, &server->review_listener, err) ||
            error_wrap(err, "--listen")) &&
           (listener_bind(server->config.admin, &server->ops_listener, err) ||
            error_wrap(err, "--admin"));
}

static bool start_reviewers(struct server *server, struct error *err)
{
    size_t count = (size_t)server->config.thread_count;

    server->reviewers = memory_alloc(count * sizeof(*server->reviewers));
    server->ops.loops = memory_alloc(count * sizeof(struct loop *));
    for (size_t i = 0; i < count; i++) {
        const struct loop_config config = {
            .http = &server->review_http,
            .tls = tls_context(server->service.tls),
            .listener = server->review_listener.fd,
            .max_connections = max_connections() / count,
            .max_buffered = MAX_BUFFERED_BYTES / count,
            .data = &server->reviewers[i],
            .on_return = parking_return,
        };

        server->reviewers[i].service = &server->service;
        server->reviewers[i].metrics = metrics_shard(server->service.metrics, i);
        server->ops.loops[i] = loop_start(&config, err);
        if (!server->ops.loops[i])
            return false;
    }
    server->ops.loop_count = count;
    return true;
}

/* Behind the loops' shards of the metrics come those of the committer. */
static bool start_committer(struct server *server, struct error *err)
{
    struct service *service = &server->service;
    struct committer_config config = {.kubeconfig = &service->cluster,
                                      .ledger = service->ledger,
                                      .ops = &parking_ops};

    if (!service->feed)
        return true;
    for (size_t i = 0; i < COMMITTER_WORKERS; i++) {
        struct reviewer *reviewer = &server->workers[i].reviewer;

        reviewer->service = service;
        reviewer->metrics =
            metrics_shard(service->metrics, (size_t)server->config.thread_count + i);
        config.worker_states[i] = &server->workers[i];
    }
    service->committer = committer_start(&config, err);
    return service->committer;
}

static void close_listener(struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

static bool start_ops(struct server *server, struct error *err)
{
    const struct loop_config config = {
        .http = &server->ops_http,
        .listener = server->ops_listener.fd,
        .max_connections = MAX_OPS_CONNECTIONS,
        .max_buffered = MAX_BUFFERED_BYTES,
        .data = &server->ops,
        .on_second = ops_on_second,
    };

    if (server->ops_loop)
        return true;
    if (!listener_open(&server->ops_listener, err))
        return error_wrap(err, "--admin");
    server->ops.gpu_time.looked_at = clock_milliseconds();
    server->ops.started_at = clock_seconds();
    server->ops_loop = loop_start(&config, err);
    return server->ops_loop;
}

/* Somebody else keeps the ConfigMap and the Secrets that a cluster's server has its files from: it
 * goes on when they are mended. False: it is to end. */
static bool wait_for_files(struct server *server, struct error *err)
{
    struct waiting waiting = {.service = &server->service,
                              .renewal = &server->renewal,
                              .ends = &server->signals,
                              .admin = server->ops_listener.address};

    if (!start_ops(server, err))
        return false;
    if (!waiting_read(&waiting))
        atomic_store(&server->service.is_draining, true);
    return true;
}

static bool read_files(struct server *server, struct problems *problems, struct error *err)
{
    struct file_faults faults = {.mistakes = problems};

    renewal_init(&server->renewal, &server->service);
    if (service_read(&server->service, &faults)) {
        service_log_problems(problems);
        return true;
    }
    if (server->service.cluster.server)
        return wait_for_files(server, err);
    return waiting_tell_first(&faults, err);
}

/* What judges. */
static bool start_service(struct server *server, struct error *err)
{
    return (listener_open(&server->review_listener, err) || error_wrap(err, "--listen")) &&
           service_watch(&server->service, err) && start_committer(server, err) &&
           start_reviewers(server, err) && start_ops(server, err) &&
           renewal_start(&server->renewal, err);
}

struct server *server_new(const struct server_config *config)
{
    struct server *server = memory_alloc(sizeof(*server));

    server->config = *config;
    server->review_listener.fd = server->ops_listener.fd = -1;
    server->ops.service = &server->service;
    service_init(&server->service, &config->service,
                 (size_t)config->thread_count + COMMITTER_WORKERS);
    review_handler_configure(&server->review_http, (uint64_t)config->idle_milliseconds);
    ops_configure(&server->ops_http);
    return server;
}

bool server_start(struct server *server, struct problems *problems, struct error *err)
{
    block_signals(server);
    /* What a large review took goes back to the system when it is freed. Left alone, the limit
     * rises with what is freed, and each thread keeps the most that it ever had. */
    mallopt(M_MMAP_THRESHOLD, LARGEST_HEAP_BYTES);
    /* No temporary files for large bodies: the root may be read-only. */
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
    if (!service_open(&server->service, err) || !bind_both(server, err) ||
        !read_files(server, problems, err))
        return false;
    if (atomic_load(&server->service.is_draining))
        return true;
    if (!start_service(server, err))
        return false;
    atomic_store(&server->service.is_serving, true);
    /* The loops have their own: when they close them, nobody listens any more. */
    close_listener(&server->review_listener);
    close_listener(&server->ops_listener);
    return true;
}

void server_free(struct server *server)
{
    if (server->ops_loop || server->reviewers)
        return; /* whose threads still use it */
    close_listener(&server->review_listener);
    close_listener(&server->ops_listener);
    h2o_config_dispose(&server->review_http);
    h2o_config_dispose(&server->ops_http);
    service_release(&server->service);
    free(server->ops.loops);
    free(server->reviewers);
    free(server);
}

static void log_start(struct server *server)
{
    struct snapshot_reader reader = {0};
    const struct policy_set *set = snapshot_read(&server->service.policies, &reader);
    char threads[32];

    snprintf(threads, sizeof(threads), "%lld", (long long)server->config.thread_count);
    if (server->service.ledger && !server->service.feed)
        log_warning("stand-alone: what exists is the state files and what this server let in "
                    "since; a DELETE review is taken for a deletion");
    log_info("serving", "listen", server->review_listener.address, "admin",
             server->ops_listener.address, "threads", threads, "policySet", set->digest);
    snapshot_reader_release(&reader);
}

static size_t count_connections(const struct server *server)
{
    size_t sum = 0;

    for (size_t i = 0; i < server->ops.loop_count; i++)
        sum += loop_connections(server->ops.loops[i]);
    return sum;
}

static bool has_drained(const struct server *server)
{
    for (size_t i = 0; i < server->ops.loop_count; i++) {
        if (!loop_has_stopped_accepting(server->ops.loops[i]))
            return false;
    }
    return count_connections(server) == 0;
}

static bool drain(struct server *server)
{
    const struct timespec step = {.tv_nsec = DRAIN_STEP_MS * 1000000};
    int64_t begun = clock_milliseconds(), passed;
    bool is_accepting = true;

    for (size_t i = 0; i < server->ops.loop_count; i++)
        loop_request_shutdown(server->ops.loops[i]);
    while ((passed = clock_milliseconds() - begun) < DRAIN_MAX_MS) {
        if (is_accepting && passed >= server->config.grace_milliseconds) {
            for (size_t i = 0; i < server->ops.loop_count; i++)
                loop_stop_accepting(server->ops.loops[i]);
            is_accepting = false;
        }
        if (has_drained(server))
            return true;
        if (sigtimedwait(&server->signals, NULL, &step) > 0)
            return false;
    }
    return true; /* what is still open by now is idle: nobody waits for an answer */
}

bool server_wait(struct server *server)
{
    bool is_drained;
    char left[32];

    if (!atomic_load(&server->service.is_draining)) {
        log_start(server);
        while (sigwaitinfo(&server->signals, NULL) < 0)
            continue;
    }
    /* Whoever reads the line finds the server not ready. */
    atomic_store(&server->service.is_draining, true);
    log_info("draining");
    is_drained = drain(server);
    if (server->service.audit_log)
        audit_log_end(server->service.audit_log);
    if (is_drained) {
        log_info("drained");
        return true;
    }
    snprintf(left, sizeof(left), "%zu", count_connections(server));
    log_warning("ended with connections open", "connections", left);
    return false;
}

const char *server_library_version(void)
{
    return H2O_VERSION;
}
