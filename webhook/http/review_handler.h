/* review_handler: POST /mutate and /validate. */
#pragma once

#include <h2o.h>

/* Set up the server that reviews are sent to; loop_data of its loops is a struct reviewer. */
void review_handler_configure(h2o_globalconf_t *http, uint64_t idle_milliseconds);
