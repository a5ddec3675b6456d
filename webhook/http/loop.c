#include "http/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

/* What is asked of a loop from outside. */
enum { SHUTDOWN = 1 << 0, STOP_ACCEPTING = 1 << 1 };

/* How much of a refused request is read and dropped, and for how long. */
enum { LINGER_MAX_BYTES = 64 * 1024 * 1024, LINGER_SECONDS = 10 };

/* A request that is worth cutting off when memory is short. */
enum { LARGE_BYTES = 256 * 1024 };

struct loop {
    struct loop_config config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    h2o_socket_t *listener;
    h2o_timeout_entry_t retry; /* linked while accepting had to pause for want of resources */
    h2o_multithread_receiver_t receiver, returns;
    h2o_multithread_message_t shutdown, stop;
    atomic_uint wishes;
    atomic_bool has_stopped_accepting;
    atomic_size_t connections, cut_off;
    h2o_timeout_entry_t watch;  /* linked while there are connections */
    h2o_timeout_entry_t second; /* where config.on_second is */
    size_t buffered;            /* what a round of the watch adds up */
    int listener_fd;
    sem_t is_set_up;
};

static void on_connection(h2o_socket_t *listener, const char *err);

static bool may_accept(const struct loop *loop)
{
    return !atomic_load(&loop->has_stopped_accepting) &&
           atomic_load(&loop->connections) < loop->config.max_connections;
}

static void resume(struct loop *loop)
{
    if (may_accept(loop) && !h2o_timeout_is_linked(&loop->retry) &&
        !h2o_socket_is_reading(loop->listener))
        h2o_socket_read_start(loop->listener, on_connection);
}

/* Bytes that a connection holds of a request that isn't complete. */
static size_t buffered_by(h2o_req_t *req)
{
    return req->entity.base ? 0 : req->conn->callbacks->get_socket(req->conn)->input->capacity;
}

static int add_buffered(h2o_req_t *req, void *data)
{
    struct loop *loop = data;

    loop->buffered += buffered_by(req);
    return 0;
}

static int cut_off_large(h2o_req_t *req, void *data)
{
    struct loop *loop = data;
    size_t buffered = buffered_by(req);

    if (buffered < LARGE_BYTES)
        return 0;
    /* h2o sees the end of the stream and lets go of it. */
    shutdown(h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn)), SHUT_RD);
    atomic_fetch_add(&loop->cut_off, 1);
    loop->buffered -= buffered;
    return loop->buffered <= loop->config.max_buffered;
}

static void on_watch(h2o_timeout_entry_t *entry)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, watch, entry);
    h2o_protocol_callbacks_t *http1 = &loop->config.http->http1.callbacks;

    loop->buffered = 0;
    http1->foreach_request(&loop->context, add_buffered, loop);
    if (loop->buffered > loop->config.max_buffered)
        http1->foreach_request(&loop->context, cut_off_large, loop);
    if (atomic_load(&loop->connections) > 0)
        h2o_timeout_link(loop->context.loop, &loop->context.hundred_ms_timeout, &loop->watch);
}

static void on_own_second(h2o_timeout_entry_t *entry)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, second, entry);

    loop->config.on_second(loop->config.data);
    h2o_timeout_link(loop->context.loop, &loop->context.one_sec_timeout, &loop->second);
}

static void on_retry(h2o_timeout_entry_t *entry)
{
    resume(H2O_STRUCT_FROM_MEMBER(struct loop, retry, entry));
}

static void on_close(void *data)
{
    struct loop *loop = data;

    atomic_fetch_sub(&loop->connections, 1);
    resume(loop);
}

static void count_in(struct loop *loop, h2o_socket_t *connection)
{
    connection->on_close.cb = on_close;
    connection->on_close.data = loop;
    atomic_fetch_add(&loop->connections, 1);
}

/* False where nobody waits, or nothing can be taken for now. */
static bool take_connection(struct loop *loop)
{
    h2o_socket_t *connection;

    errno = 0;
    connection = h2o_evloop_socket_accept(loop->listener);
    if (!connection) {
        /* The listener stays readable when descriptors or memory are out: without a pause the loop
         * would spin. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            h2o_socket_read_stop(loop->listener);
            h2o_timeout_link(loop->context.loop, &loop->context.hundred_ms_timeout, &loop->retry);
        }
        return false;
    }
    count_in(loop, connection);
    if (!h2o_timeout_is_linked(&loop->watch))
        h2o_timeout_link(loop->context.loop, &loop->context.hundred_ms_timeout, &loop->watch);
    h2o_accept(&loop->accept, connection);
    return true;
}

/* One at a time, so that a burst spreads over the loops. */
static void on_connection(h2o_socket_t *listener, const char *err)
{
    struct loop *loop = listener->data;

    if (err)
        return;
    take_connection(loop);
    if (!may_accept(loop))
        h2o_socket_read_stop(listener);
}

/* A connection of which only the end is awaited. */
struct rest {
    struct loop *loop;
    h2o_socket_t *socket;
    h2o_timeout_entry_t second;
    size_t bytes_left;
    int seconds_left;
};

static void end_rest(struct rest *rest)
{
    h2o_timeout_unlink(&rest->second);
    h2o_socket_close(rest->socket);
    free(rest);
}

static void on_rest(h2o_socket_t *socket, const char *err)
{
    struct rest *rest = socket->data;
    size_t got = socket->input->size;

    h2o_buffer_consume(&socket->input, got);
    if (err || got >= rest->bytes_left)
        end_rest(rest);
    else
        rest->bytes_left -= got;
}

static void on_second(h2o_timeout_entry_t *entry)
{
    struct rest *rest = H2O_STRUCT_FROM_MEMBER(struct rest, second, entry);
    h2o_context_t *context = &rest->loop->context;

    if (--rest->seconds_left == 0)
        end_rest(rest);
    else
        h2o_timeout_link(context->loop, &context->one_sec_timeout, entry);
}

/* h2o closes its descriptor once the answer is out; the connection stays for the sake of this. */
void loop_linger(const h2o_req_t *req)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, context, req->conn->ctx);
    h2o_socket_t *socket = req->conn->callbacks->get_socket(req->conn);
    int fd = fcntl(h2o_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
    struct rest *rest;

    if (fd < 0)
        return;
    rest = memory_alloc(sizeof(*rest));
    rest->loop = loop;
    rest->bytes_left = LINGER_MAX_BYTES;
    rest->seconds_left = LINGER_SECONDS;
    rest->second.cb = on_second;
    rest->socket = h2o_evloop_socket_create(loop->context.loop, fd, 0);
    rest->socket->data = rest;
    count_in(loop, rest->socket);
    h2o_socket_read_start(rest->socket, on_rest);
    h2o_timeout_link(loop->context.loop, &loop->context.one_sec_timeout, &rest->second);
}

static void stop_accepting(struct loop *loop)
{
    if (atomic_load(&loop->has_stopped_accepting))
        return;
    while (may_accept(loop) && take_connection(loop))
        continue;
    atomic_store(&loop->has_stopped_accepting, true);
    h2o_timeout_unlink(&loop->retry);
    h2o_socket_read_stop(loop->listener);
    h2o_socket_close(loop->listener);
}

static void on_wish(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, receiver, receiver);
    unsigned wishes = atomic_load(&loop->wishes);

    h2o_linklist_init_anchor(messages); /* each lives in the loop, and is sent once */
    if (wishes & SHUTDOWN)
        h2o_context_request_shutdown(&loop->context);
    if (wishes & STOP_ACCEPTING)
        stop_accepting(loop);
}

static void on_return(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    H2O_STRUCT_FROM_MEMBER(struct loop, returns, receiver)->config.on_return(messages);
}

/* `message` is sent once. */
static void wish(struct loop *loop, unsigned what, h2o_multithread_message_t *message)
{
    atomic_fetch_or(&loop->wishes, what);
    h2o_multithread_send_message(&loop->receiver, message);
}

/* INVARIANT: in the loop's own thread, because h2o takes the buffers of sockets from pools of the
 * thread that made them. */
static void set_up(struct loop *loop)
{
    const struct loop_config *config = &loop->config;

    h2o_context_init(&loop->context, h2o_evloop_create(), config->http);
    h2o_multithread_register_receiver(loop->context.queue, &loop->receiver, on_wish);
    if (config->on_return)
        h2o_multithread_register_receiver(loop->context.queue, &loop->returns, on_return);
    loop->retry.cb = on_retry;
    loop->watch.cb = on_watch;
    loop->accept = (h2o_accept_ctx_t){.ctx = &loop->context,
                                      .hosts = config->http->hosts,
                                      .ssl_ctx = config->tls};
    loop->listener =
        h2o_evloop_socket_create(loop->context.loop, loop->listener_fd, H2O_SOCKET_FLAG_DONT_READ);
    loop->listener->data = loop;
    h2o_socket_read_start(loop->listener, on_connection);
    loop->second.cb = on_own_second;
    if (config->on_second)
        h2o_timeout_link(loop->context.loop, &loop->context.one_sec_timeout, &loop->second);
}

static void *run(void *data)
{
    struct loop *loop = data;

    set_up(loop);
    sem_post(&loop->is_set_up);
    for (;;) {
        if (h2o_evloop_run(loop->context.loop, INT32_MAX) != 0 && errno != EINTR) {
            log_error("event loop failed", "error", strerror(errno));
            abort();
        }
    }
}

struct loop *loop_start(const struct loop_config *config, struct error *err)
{
    struct loop *loop = memory_alloc(sizeof(*loop));
    pthread_t thread;
    int failure;

    loop->config = *config;
    loop->listener_fd = dup(config->listener);
    if (loop->listener_fd < 0) {
        error_set(err, "a thread's listener: %s", strerror(errno));
        free(loop);
        return NULL;
    }
    sem_init(&loop->is_set_up, 0, 0);
    failure = pthread_create(&thread, NULL, run, loop);
    if (failure != 0) {
        error_set(err, "a thread: %s", strerror(failure));
        close(loop->listener_fd);
        free(loop);
        return NULL;
    }
    pthread_detach(thread);
    while (sem_wait(&loop->is_set_up) != 0)
        continue;
    return loop;
}

static struct loop *loop_of(const h2o_req_t *req)
{
    return H2O_STRUCT_FROM_MEMBER(struct loop, context, req->conn->ctx);
}

void *loop_data(const h2o_req_t *req)
{
    return loop_of(req)->config.data;
}

h2o_multithread_receiver_t *loop_returns(const h2o_req_t *req)
{
    return &loop_of(req)->returns;
}

void loop_request_shutdown(struct loop *loop)
{
    wish(loop, SHUTDOWN, &loop->shutdown);
}

void loop_stop_accepting(struct loop *loop)
{
    wish(loop, STOP_ACCEPTING, &loop->stop);
}

bool loop_has_stopped_accepting(const struct loop *loop)
{
    return atomic_load(&loop->has_stopped_accepting);
}

size_t loop_connections(const struct loop *loop)
{
    return atomic_load(&loop->connections);
}

size_t loop_cut_off(const struct loop *loop)
{
    return atomic_load(&loop->cut_off);
}
