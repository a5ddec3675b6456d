/* workload: which group of pods a pod is one of, as the frameworks that make groups mark them. */
#pragma once

#include "kube/pod.h"

/* A label value: what JobSet, LeaderWorkerSet, Kubeflow, Ray, Volcano or KAI mark as the pod's
 * group, else the uid of its controlling owner; empty for a pod that has neither. A name or
 * uid that is no label value is hashed. */
struct bytes workload_of(const struct pod *pod, struct arena *arena);
