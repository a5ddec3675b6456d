/* review_handler: POST /mutate and /validate. */
#pragma once

#include <h2o.h>

#include "http/service.h"

/* One thread's; loop_data of its loop. */
struct reviewer {
    struct service *service;
    struct metrics_shard *metrics;
    struct arena arena; /* of the request being judged; empty in between */
    struct snapshot_reader policies, view;
};

/* Set up the server that reviews are sent to. */
void review_handler_configure(h2o_globalconf_t *http, uint64_t idle_milliseconds);
