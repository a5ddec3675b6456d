/* loop: a thread that takes connections and serves them with h2o. */
#pragma once

#include <h2o.h>
#include <stdatomic.h>

#include "base/error.h"

struct loop_config {
    h2o_globalconf_t *http; /* shared, never changed once a loop runs */
    SSL_CTX *tls;           /* NULL: without */
    int listener;           /* shared by the loops of one address */
    size_t max_connections;
    size_t max_buffered; /* bytes of requests that are not complete; the largest are cut off */
    void *data;          /* of whoever handles requests: loop_data */
    /* Called with what was sent to loop_returns, which it leaves empty; NULL: nothing is. */
    void (*on_return)(h2o_linklist_t *messages);
    /* Called in the loop's thread once a second, with `data`; NULL: nothing is. */
    void (*on_second)(void *data);
};

struct loop;

/* Starts the thread, with all signals blocked that the caller blocks. It runs until the process
 * ends, because h2o has no way to give up what it holds. */
struct loop *loop_start(const struct loop_config *config, struct error *err) MUST_CHECK;

/* config.data of the loop that serves a request. */
void *loop_data(const h2o_req_t *req);

/* By which another thread gives something back to the loop that serves a request. */
h2o_multithread_receiver_t *loop_returns(const h2o_req_t *req);

/* To be called before the connection of a request is closed that was refused while its body was
 * still coming: what comes is read and dropped for a while, since closing would reset the
 * connection, and the client would not see the answer. */
void loop_linger(const h2o_req_t *req);

/* From another thread, once: every answer from now on is its connection's last. */
void loop_request_shutdown(struct loop *loop);

/* From another thread, once: take the connections that wait already, then no more. */
void loop_stop_accepting(struct loop *loop);

/* False until loop_stop_accepting has had its effect. */
bool loop_has_stopped_accepting(const struct loop *loop);

/* How many are open now. */
size_t loop_connections(const struct loop *loop);

/* How many were ended because of max_buffered. */
size_t loop_cut_off(const struct loop *loop);
