/* ops: what operators ask over plain HTTP: /healthz, /readyz, /metrics. */
#pragma once

#include <h2o.h>

#include "http/gpu_time.h"
#include "http/service.h"

struct loop;

/* loop_data of the loop that answers. */
struct ops {
    struct service *service;
    struct loop **loops; /* those that serve reviews */
    size_t loop_count;
    struct snapshot_reader policies, waits_for;
    struct gpu_time gpu_time;
    int64_t started_at; /* in seconds since 1970 */
};

/* Of the loop: `data` is the struct ops. */
void ops_on_second(void *data);

void ops_configure(h2o_globalconf_t *http);
