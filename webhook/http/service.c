#include "http/service.h"

#include "base/log.h"
#include "base/node.h"
#include "policy/load.h"

static void free_set(void *set)
{
    policy_set_free(set);
}

static bool load_states(struct service *service, struct error *err)
{
    const struct strings *states = &service->config.states;

    if (states->count == 0)
        return true;
    service->ledger = ledger_new();
    for (size_t i = 0; i < states->count; i++) {
        if (!ledger_load(service->ledger, states->items[i], NULL, err))
            return false;
    }
    return true;
}

static bool find_cluster(struct service *service, struct error *err)
{
    const struct service_config *config = &service->config;

    if (!config->kubeconfig && !config->is_in_cluster)
        return true;
    if (config->kubeconfig && config->is_in_cluster)
        return error_set(err, "--kubeconfig and --in-cluster: give one of them");
    if (config->states.count)
        return error_set(err, "--state is for a server without a cluster: give either that or %s",
                         config->kubeconfig ? "--kubeconfig" : "--in-cluster");
    if (!kubeconfig_find(config->kubeconfig, &service->arena, &service->cluster, err))
        return error_wrap(err, config->kubeconfig ? "--kubeconfig" : "--in-cluster");
    service->ledger = ledger_new();
    live_start(service->ledger, &config->times);
    return true;
}

bool service_watch(struct service *service, struct error *err)
{
    if (!service->cluster.server)
        return true;
    service->feed =
        feed_start(&service->cluster, service->ledger, service->config.times.max_age, err);
    return service->feed;
}

/* INVARIANT: the ledger takes the new tenancy before readers get the new set, and the old set is
 * freed after both, so that the ledger never weighs by a tenancy that is gone. */
static void put_in_force(struct service *service, struct policy_set *set)
{
    if (service->ledger)
        ledger_adopt(service->ledger, &set->tenancy);
    snapshot_cell_swap(&service->policies, set, free_set);
    atomic_store(&service->policy_reloads.loaded_at, time(NULL));
}

static void log_problem(const struct problem *problem, struct arena *arena)
{
    const char *where = problem->line > 0 ? arena_printf(arena, "%s:%u:%u", problem->source->name,
                                                         problem->line, problem->column)
                                          : problem->source->name;

    if (problem->is_warning)
        log_warning("policy set", "at", where, "problem", problem->text);
    else
        log_error("policy set", "at", where, "problem", problem->text);
}

void service_log_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        log_problem(&problems->items[i], problems->arena);
}

void service_init(struct service *service, const struct service_config *config, size_t thread_count)
{
    tls_init();
    service->config = *config;
    service->metrics = metrics_new(thread_count);
    snapshot_cell_init(&service->policies);
    snapshot_cell_init(&service->waits_for);
}

/* NULL: none of the options would do nothing. */
static const char *find_misfit(const struct audit_log_config *config)
{
    const char *path = config->file.path;

    if (!path && config->file.max_bytes)
        return "--audit-log-max-size is for an --audit-log, which is missing";
    if (!path && config->has_reviews)
        return "--audit-log-reviews is for an --audit-log, which is missing";
    if (!config->file.max_bytes && config->file.keep)
        return "--audit-log-keep is for an --audit-log-max-size, which is missing";
    if (config->file.max_bytes && !strcmp(path, "-"))
        return "--audit-log-max-size is for a file, and not for standard output";
    return NULL;
}

static bool open_audit_log(struct service *service, struct error *err)
{
    const struct audit_log_config *config = &service->config.audit_log;
    const char *misfit = find_misfit(config);

    if (misfit)
        return error_set(err, "%s", misfit);
    if (config->file.path && !(service->audit_log = audit_log_new(config, err)))
        return error_wrap(err, "--audit-log");
    return true;
}

bool service_open(struct service *service, struct error *err)
{
    return find_cluster(service, err) && load_states(service, err) && open_audit_log(service, err);
}

static void forget_files(struct service *service)
{
    tls_free(service->tls);
    path_secret_free(service->path_secret);
    policy_set_free(service->unsound);
    service->tls = NULL;
    service->path_secret = NULL;
    service->unsound = NULL;
}

static bool read_certificate(struct service *service, struct error *err)
{
    service->tls = tls_new(&service->config.tls, err);
    atomic_store(&service->tls_reloads.loaded_at, time(NULL));
    return service->tls;
}

static bool read_path_secret(struct service *service, struct error *err)
{
    if (service->config.path_secret)
        service->path_secret = path_secret_new(service->config.path_secret, err);
    return !service->config.path_secret || service->path_secret;
}

static bool read_policies(struct service *service, struct file_faults *faults)
{
    struct policy_set *set =
        policy_set_load(service->config.policies, faults->mistakes, &faults->policies);

    if (set && faults->mistakes->error_count == 0)
        put_in_force(service, set);
    else
        service->unsound = set;
    return set && faults->mistakes->error_count == 0;
}

bool service_read(struct service *service, struct file_faults *faults)
{
    bool has_certificate, has_path_secret;

    forget_files(service);
    has_certificate = read_certificate(service, &faults->certificate);
    has_path_secret = read_path_secret(service, &faults->path_secret);
    return read_policies(service, faults) && has_certificate && has_path_secret;
}

void service_release(struct service *service)
{
    committer_stop(service->committer);
    feed_stop(service->feed);
    forget_files(service);
    ledger_free(service->ledger);
    snapshot_cell_release(&service->policies);
    snapshot_cell_release(&service->waits_for);
    audit_log_free(service->audit_log);
    metrics_free(service->metrics);
    arena_release(&service->arena);
}

static void note_success(struct reloads *reloads)
{
    atomic_store(&reloads->has_failed, false);
    atomic_fetch_add(&reloads->succeeded, 1);
}

static void note_failure(struct reloads *reloads)
{
    atomic_store(&reloads->has_failed, true);
    atomic_fetch_add(&reloads->failed, 1);
}

/* NULL: it may be put in force. */
static const char *find_fault(const struct policy_set *set, const struct problems *problems,
                              const struct error *err)
{
    if (!set)
        return err->text;
    if (problems->error_count > 0)
        return arena_printf(problems->arena, "%zu mistake%s", problems->error_count,
                            problems->error_count == 1 ? "" : "s");
    return set->is_empty ? "there is no policy in the folder any more" : NULL;
}

static void take_set(struct service *service, struct policy_set *set,
                     const struct problems *problems)
{
    const char *digest = arena_copy(problems->arena, bytes_from(set->digest));

    service_log_problems(problems);
    put_in_force(service, set);
    note_success(&service->policy_reloads);
    log_info("policy set reloaded", "digest", digest);
}

static void refuse_set(struct service *service, const char *fault, const struct problems *problems)
{
    service_log_problems(problems);
    note_failure(&service->policy_reloads);
    log_error("policy set not reloaded, the old one goes on", "error", fault);
}

bool service_reload_policies(struct service *service, uint64_t fingerprint, bool tells)
{
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct error err = {0};
    struct policy_set *set = policy_set_load(service->config.policies, &problems, &err);
    const char *fault = find_fault(set, &problems, &err);
    bool is_whole = load_fingerprint(service->config.policies) == fingerprint;
    bool is_taken = is_whole && !fault;

    if (is_taken)
        take_set(service, set, &problems);
    else if (is_whole && tells)
        refuse_set(service, fault, &problems);
    if (!is_taken)
        policy_set_free(set);
    arena_release(&arena);
    return is_taken;
}

bool service_reload_certificates(struct service *service, uint64_t fingerprint, bool tells)
{
    struct error err = {0};

    if (tls_reload(service->tls, fingerprint, &err)) {
        atomic_store(&service->tls_reloads.loaded_at, time(NULL));
        note_success(&service->tls_reloads);
        log_info("certificate reloaded", "file", service->config.tls.certificate);
        return true;
    }
    if (tells) {
        note_failure(&service->tls_reloads);
        log_error("certificate not reloaded, the old one goes on", "error", err.text);
    }
    return false;
}

bool service_reload_path_secret(struct service *service, uint64_t fingerprint, bool tells)
{
    struct error err = {0};

    if (path_secret_reload(service->path_secret, fingerprint, &err)) {
        note_success(&service->path_secret_reloads);
        log_info("path secret reloaded, the one before goes on beside it", "file",
                 service->config.path_secret);
        return true;
    }
    if (tells) {
        note_failure(&service->path_secret_reloads);
        log_error("path secret not reloaded, the old one goes on", "error", err.text);
    }
    return false;
}
