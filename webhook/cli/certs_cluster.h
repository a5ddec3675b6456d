/* certs_cluster: certificates that are kept in Secrets, and believed by webhooks. */
#pragma once

#include "certs/rotation.h"
#include "cluster/kubeconfig.h"

struct certs_cluster {
    const struct kubeconfig *kubeconfig;
    const char *namespace;
    const char *server_secret;    /* tls.crt, tls.key, ca.crt: the bundle */
    const char *authority_secret; /* tls.crt, tls.key of the CA */
    const char *webhooks;         /* the webhook configurations of both kinds that have this name */
    bool is_dry;                  /* nothing is written */
    bool expects_webhooks;        /* a configuration without any counts as missing */
};

/* What was done, or would be. */
struct certs_rotation {
    struct rotation_plan plan;
    struct strings missing; /* what `webhooks` names and isn't there, in words */
};

/* Make a plan of what the API server has, and carry it out; again where somebody else wrote at the
 * same time. Every write names the resourceVersion that was read. The process must ignore
 * SIGPIPE. */
bool certs_cluster_rotate(const struct certs_cluster *cluster, const struct rotation_rules *rules,
                          struct arena *arena, struct certs_rotation *out,
                          struct error *err) MUST_CHECK;
