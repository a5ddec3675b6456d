/* pod_request: what a pod asks for: of each container, and all in all. For pod.c. */
#pragma once

#include "kube/pod.h"

/* `resources` of a container or a pod; what has a limit and no request asks for its limit. */
bool resources_read(struct value value, struct arena *arena, struct resource_amounts *requests,
                    struct resource_amounts *limits, struct error *err) MUST_CHECK;

/* Read the pod's own resources, its overhead, and what its `status` says that it was given; then
 * reckon the effective request (see pod_parse). The containers were read before. */
bool pod_request_compute(struct pod *pod, struct value status, struct arena *arena,
                         struct error *err) MUST_CHECK;
