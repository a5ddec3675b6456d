/* reply: answers to HTTP requests, in one way everywhere. Never a redirect, never Retry-After: the
 * API server would follow the one and repeat a review for the other. */
#pragma once

#include <h2o.h>

#include "base/bytes.h"

/* The body is copied. */
void reply_send(h2o_req_t *req, int status, const char *content_type, struct bytes body);

/* One line of plain text, which is what the API server shows for a failed call; a newline is
 * added. */
void reply_send_line(h2o_req_t *req, int status, const char *line);

/* GET and HEAD, or POST alone, ... : 405 otherwise. `allowed` is the header's text. */
void reply_send_not_allowed(h2o_req_t *req, const char *allowed);

/* The path, normalised, without the query. */
struct bytes reply_path(const h2o_req_t *req);
struct bytes reply_method(const h2o_req_t *req);

/* What both listeners have in common; `on_req` gets every request. */
h2o_pathconf_t *reply_configure(h2o_globalconf_t *http,
                                int (*on_req)(h2o_handler_t *, h2o_req_t *));
