/* audit_cluster: all that a cluster has of what is judged, or that judging needs, listed once. */
#pragma once

#include "base/arena.h"

struct kubeconfig;

/* A file for as long as the process runs, as `kubectl get ... -o json` would fill one; lives in
 * `arena`. What the API server doesn't know is passed over, unless every cluster has it. */
bool audit_fetch_state(const struct kubeconfig *kubeconfig, struct arena *arena, const char **out,
                       struct error *err) MUST_CHECK;
