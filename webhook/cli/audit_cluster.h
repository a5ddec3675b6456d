/* audit_cluster: all that a cluster has of what is judged, or that judging needs, listed once. */
#pragma once

#include "base/arena.h"

struct kubeconfig;

/* As JSON objects one after another, of at most 1 GiB, which stay as long as the process. What the
 * API server doesn't know is passed over, unless every cluster has it. */
bool audit_fetch_state(const struct kubeconfig *kubeconfig, struct bytes *out,
                       struct error *err) MUST_CHECK;
