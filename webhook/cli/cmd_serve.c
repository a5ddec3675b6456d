/* serve: answer the API server's admission calls until told to stop. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "http/server.h"

enum {
    DEFAULT_IDLE_MS = 120000, /* the API server keeps idle connections for 90 s */
    DEFAULT_STALENESS_MS = 30000,
    DEFAULT_GRACE_MS = 5000,
    DEFAULT_REQUEST_MS = 45000, /* the API server works on a create for 34 s at most */
    SECOND_MS = 1000,
    HOUR_MS = 3600 * 1000,
    MAX_THREADS = 256,
    LEAST_AUDIT_LOG_BYTES = 64 * 1024,
    MAX_AUDIT_LOGS = 1000,
    MAX_OPTIONS = 32
};

static int serve(const struct command *command, const struct server_config *config,
                 struct arena *arena)
{
    struct problems problems = {.arena = arena};
    struct error err = {0};
    struct server *server = server_new(config);
    int status;

    if (server_start(server, &problems, &err))
        return server_wait(server) ? EXIT_YES : EXIT_NO;
    status = problems.error_count ? output_mistakes(command, config->service.policies, &problems)
                                  : options_complain(command, "%s", err.text);
    server_free(server);
    return status;
}

static const char purpose[] =
    "Answers AdmissionReviews sent to /mutate and /validate over TLS, by the policy set in DIR. "
    "Health, readiness and metrics are on the admin address: /healthz, /readyz, /metrics. Policy "
    "set, certificate, key and path secret are read anew when their files change, at SIGHUP at "
    "once; what has mistakes changes nothing. With a cluster, what can't be used at the start is "
    "waited for: /readyz tells what. SIGTERM makes it not ready, and ends it when what is under "
    "way is answered.";

static const char examples[] =
    "fairgate serve --policies policies --tls-cert server.crt --tls-key server.key --in-cluster\n"
    "fairgate serve --policies policies --tls-cert server.crt --tls-key server.key --state "
    "cluster.json\n";

static const char exits[] = "0  drained after SIGTERM or SIGINT\n"
                            "1  told to stop a second time\n"
                            "2  something it needs is missing or wrong; nothing was served\n";

/* What it reads. */
static size_t add_file_options(struct server_config *config, struct option_row *rows)
{
    struct service_config *service = &config->service;
    const struct option_row files[] = {
        {.name = "policies",
         .argument = "DIR",
         .help = "The policy set: every .yaml and .yml file below DIR.",
         .is_required = true,
         .text = &service->policies},
        {.name = "tls-cert",
         .argument = "FILE",
         .help = "The certificate, followed by those that lead to its authority, as PEM.",
         .is_required = true,
         .text = &service->tls.certificate},
        {.name = "tls-key",
         .argument = "FILE",
         .help = "Its private key as PEM, without passphrase.",
         .is_required = true,
         .text = &service->tls.key},
        {.name = "client-ca",
         .argument = "FILE",
         .help = "Clients must show a certificate of one of these authorities; default: anyone "
                 "may call.",
         .text = &service->tls.client_ca},
        {.name = "state",
         .argument = "FILE",
         .help = "What the cluster holds, as kubectl prints it, JSON or YAML; may be given more "
                 "than once. Without any, what depends on it is denied.",
         .list = &service->states},
        {.name = "kubeconfig",
         .argument = "FILE",
         .help = "Watch the cluster of this kubeconfig's current context.",
         .text = &service->kubeconfig},
        {.name = "in-cluster",
         .help = "Watch the cluster that this runs in, as its service account.",
         .flag = &service->is_in_cluster},
        {.name = "path-secret-file",
         .argument = "FILE",
         .help =
             "Take reviews at /mutate/SECRET and /validate/SECRET only; FILE has the secret, a "
             "line of 16 to 256 letters, digits, - and _. When it changes, the secret before is "
             "taken on until the next change.",
         .text = &service->path_secret},
    };

    memcpy(rows, files, sizeof(files));
    return sizeof(files) / sizeof(*files);
}

/* What it writes down of each decision. */
static size_t add_audit_options(struct server_config *config, struct option_row *rows)
{
    struct service_config *service = &config->service;
    const struct option_row audit[] = {
        {.name = "audit-log",
         .argument = "FILE",
         .help =
             "Append one JSON line a decision to FILE; - is standard output. SIGUSR1 opens FILE "
             "anew, after somebody moved it away.",
         .text = &service->audit_log.file.path},
        {.name = "audit-log-max-size",
         .argument = "SIZE",
         .help = "A file that would be larger is renamed to FILE.1, FILE.1 to FILE.2, and so on; "
                 "100Mi, for example. Default: it grows until somebody moves it away.",
         .size = &service->audit_log.file.max_bytes,
         .min = LEAST_AUDIT_LOG_BYTES,
         .max = 1LL << 40},
        {.name = "audit-log-keep",
         .argument = "N",
         .help = "So many of these stay; default: 5.",
         .number = &service->audit_log.file.keep,
         .min = 1,
         .max = MAX_AUDIT_LOGS},
        {.name = "audit-log-reviews",
         .help = "Lines have the review, less what is or may be secret, so that fairgate eval can "
                 "judge it again.",
         .flag = &service->audit_log.has_reviews},
    };

    memcpy(rows, audit, sizeof(audit));
    return sizeof(audit) / sizeof(*audit);
}

/* How it serves. */
static size_t add_server_options(struct server_config *config, struct option_row *rows)
{
    const struct option_row server[] = {
        {.name = "listen",
         .argument = "ADDRESS",
         .help = "Where reviews are taken; default: 0.0.0.0:8443. :8443 is every address, IPv6 and "
                 "IPv4. "
                 "Port 0 is any that is free.",
         .text = &config->listen},
        {.name = "admin",
         .argument = "ADDRESS",
         .help = "Where health and metrics are told, in the clear; default: 127.0.0.1:8080.",
         .text = &config->admin},
        {.name = "idle-timeout",
         .argument = "TIME",
         .help = "How long a connection may take from one answer to the end of the next request; "
                 "default: 120s. The API server wants more than 90s.",
         .milliseconds = &config->idle_milliseconds,
         .min = 100,
         .max = 24 * HOUR_MS},
        {.name = "request-timeout",
         .argument = "TIME",
         .help =
             "With a cluster: the longest that the API server takes over one create, with slack; "
             "default: 45s. What was let in and does not come counts so long at least.",
         .milliseconds = &config->service.times.max_request,
         .min = SECOND_MS,
         .max = HOUR_MS},
        {.name = "max-staleness",
         .argument = "TIME",
         .help = "With a cluster: how old the view of it may be; default: 30s. What depends on an "
                 "older one is denied.",
         .milliseconds = &config->service.times.max_age,
         .min = 2 * SECOND_MS,
         .max = HOUR_MS},
        {.name = "drain-grace",
         .argument = "TIME",
         .help = "How long new connections are taken after SIGTERM, until everybody knows that "
                 "others serve now; default: 5s.",
         .milliseconds = &config->grace_milliseconds,
         .max = 60 * SECOND_MS},
        {.name = "threads",
         .argument = "N",
         .help = "Threads that serve reviews; default: one a processor.",
         .number = &config->thread_count,
         .min = 1,
         .max = MAX_THREADS},
    };

    memcpy(rows, server, sizeof(server));
    return sizeof(server) / sizeof(*server);
}

int cmd_serve(int argc, char **argv)
{
    struct server_config config = {
        .listen = "0.0.0.0:8443",
        .admin = "127.0.0.1:8080",
        .idle_milliseconds = DEFAULT_IDLE_MS,
        .grace_milliseconds = DEFAULT_GRACE_MS,
        .thread_count = sysconf(_SC_NPROCESSORS_ONLN),
        .service.times = {.max_age = DEFAULT_STALENESS_MS, .max_request = DEFAULT_REQUEST_MS},
    };
    struct option_row options[MAX_OPTIONS];
    struct command command = {
        .name = "serve",
        .purpose = purpose,
        .examples = examples,
        .exits = exits,
        .options = options,
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    command.option_count = add_file_options(&config, options);
    command.option_count += add_audit_options(&config, options + command.option_count);
    command.option_count += add_server_options(&config, options + command.option_count);
    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = serve(&command, &config, &arena);
    arena_release(&arena);
    return arguments.status;
}
