/* service: what all threads of the server share, and how it is renewed while they go on. */
#pragma once

#include "base/problems.h"
#include "base/strings.h"
#include "cluster/committer.h"
#include "cluster/feed.h"
#include "http/audit_log.h"
#include "http/metrics.h"
#include "http/path_secret.h"
#include "http/tls.h"
#include "ledger/ledger.h"

struct service_config {
    const char *policies; /* a folder */
    struct strings states;
    const char *kubeconfig; /* NULL: none */
    bool is_in_cluster;
    struct live_times times;
    struct tls_files tls;
    struct audit_log_config audit_log; /* without a path: none */
    const char *path_secret;           /* a file; NULL: none */
};

/* What became of what was read anew. */
struct reloads {
    atomic_ulong succeeded, failed;
    atomic_bool has_failed; /* the last one: something older than the files is in force */
    atomic_llong loaded_at; /* when what is in force was read, in seconds since 1970 */
};

struct service {
    struct service_config config;
    struct snapshot_cell policies; /* struct policy_set */
    struct ledger *ledger;         /* NULL: nobody has a view */
    struct kubeconfig cluster;     /* where the API server is, if the view is a live one */
    struct feed *feed;             /* NULL: it isn't */
    struct committer *committer;   /* NULL: it isn't */
    struct arena arena;            /* holds what `cluster` points to */
    struct tls *tls;
    struct audit_log *audit_log;     /* NULL: none */
    struct path_secret *path_secret; /* NULL: none */
    struct metrics *metrics;
    struct policy_set *unsound; /* read at the start, and full of mistakes */

    struct snapshot_cell waits_for; /* char: lines about files that can't be used yet; or none */
    atomic_bool is_serving;         /* all of the above is there; it is told before then, too */
    atomic_bool is_draining;
    atomic_bool was_ready; /* all of the cluster that decisions need has been listed once */
    struct reloads policy_reloads, tls_reloads, path_secret_reloads;
};

void service_init(struct service *service, const struct service_config *config,
                  size_t thread_count);

/* Find what lasts as long as the process: the cluster, or the states, and the audit log. */
bool service_open(struct service *service, struct error *err) MUST_CHECK;

/* What can't be used of the files that are renewed while it serves; an empty text: nothing. */
struct file_faults {
    struct problems *mistakes; /* of the policy set; set by the owner */
    struct error policies, certificate, path_secret;
};

/* Read these files, all of them; again where that failed, until no thread needs them. What the
 * mistakes show lives until then, or as long as the service. */
bool service_read(struct service *service, struct file_faults *faults) MUST_CHECK;

/* Each problem of a policy set as a line of the log. */
void service_log_problems(const struct problems *problems);

/* Begin to watch the cluster, if there is one. */
bool service_watch(struct service *service, struct error *err) MUST_CHECK;

/* Where no thread uses it. */
void service_release(struct service *service);

/* Read the policy set anew and put it in force. False: it can't be used, or its files no longer
 * have that fingerprint, and nothing has changed; with `tells` the log and the metrics have it.
 * Called by one thread at a time, none of which serves requests; so are the next two. */
bool service_reload_policies(struct service *service, uint64_t fingerprint, bool tells);

/* The same of certificate, key and the clients' authority. */
bool service_reload_certificates(struct service *service, uint64_t fingerprint, bool tells);

/* The same of the word that paths end with. */
bool service_reload_path_secret(struct service *service, uint64_t fingerprint, bool tells);
