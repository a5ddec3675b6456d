/* node_affinity: where a pod can land, as far as a node label decides it. */
#pragma once

#include "base/strings.h"
#include "kube/pod.h"

/* The label that says a node's name, nearly always. */
#define HOSTNAME_LABEL "kubernetes.io/hostname"

struct confinement {
    bool may_be_outside; /* some node with another value of the label, or without it, fits */
    bool may_be_inside;  /* some node with an allowed value fits, as far as this label decides */
};

/* Judge spec.nodeSelector and the required node affinity as the scheduler does
 * (k8s.io/component-helpers, nodeaffinity): terms are alternatives, the expressions of a term all
 * hold, an empty term matches nothing. Other labels are taken to fit. */
void node_affinity_confine(const struct pod *pod, struct bytes label, const struct strings *allowed,
                           struct confinement *out);

/* Does a term of node affinity require the label to be one of `allowed` already? */
bool node_affinity_term_confines(struct value term, struct bytes label,
                                 const struct strings *allowed);

/* An empty term: it matches no node. */
bool node_affinity_term_is_empty(struct value term);
