/* service: what all threads of the server share, and how it is renewed while they go on. */
#pragma once

#include "base/problems.h"
#include "base/strings.h"
#include "cluster/feed.h"
#include "http/audit_log.h"
#include "http/metrics.h"
#include "http/tls.h"
#include "ledger/ledger.h"

struct service_config {
    const char *policies; /* a folder */
    struct strings states;
    const char *kubeconfig; /* NULL: none */
    bool is_in_cluster;
    struct live_times times;
    struct tls_files tls;
    const char *audit_log; /* NULL: none */
};

struct service {
    struct service_config config;
    struct snapshot_cell policies; /* struct policy_set */
    struct ledger *ledger;         /* NULL: nobody has a view */
    struct kubeconfig cluster;     /* where the API server is, if the view is a live one */
    struct feed *feed;             /* NULL: it isn't */
    struct arena arena;            /* holds what `cluster` points to */
    struct tls *tls;
    struct audit_log *audit_log; /* NULL: none */
    struct metrics *metrics;
    struct policy_set *unsound; /* read at the start, and full of mistakes */

    atomic_bool is_draining;
    atomic_bool was_ready;  /* all of the cluster that decisions need has been listed once */
    atomic_llong loaded_at; /* when the set in force was read, in seconds since 1970 */
    atomic_ulong reloads, failed_reloads;
    atomic_ulong tls_reloads, failed_tls_reloads;
};

void service_init(struct service *service, const struct service_config *config,
                  size_t thread_count);

/* Read everything. False: `problems` has mistakes of the policy set, or `err` tells what else is
 * wrong. What problems show lives as long as the service. */
bool service_open(struct service *service, struct problems *problems, struct error *err) MUST_CHECK;

/* Begin to watch the cluster, if there is one. */
bool service_watch(struct service *service, struct error *err) MUST_CHECK;

/* Where no thread uses it. */
void service_release(struct service *service);

/* Read policy set, certificates and audit log anew, and log how that went. What can't be used
 * changes nothing. Called by one thread at a time, none of which serves requests. */
void service_reload(struct service *service);
