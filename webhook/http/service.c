#include "http/service.h"

#include "base/log.h"
#include "base/node.h"

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
        if (!ledger_load(service->ledger, states->items[i], err))
            return false;
    }
    return true;
}

static bool find_cluster(struct service *service, struct error *err)
{
    const struct service_config *config = &service->config;
    bool is_found;

    if (!config->kubeconfig && !config->is_in_cluster)
        return true;
    if (config->kubeconfig && config->is_in_cluster)
        return error_set(err, "--kubeconfig and --in-cluster: give one of them");
    if (config->states.count)
        return error_set(err, "--state is for a server without a cluster: give either that or %s",
                         config->kubeconfig ? "--kubeconfig" : "--in-cluster");
    is_found = config->kubeconfig
                   ? kubeconfig_read(config->kubeconfig, &service->arena, &service->cluster, err)
                   : kubeconfig_in_cluster(KUBECONFIG_SERVICE_ACCOUNT, &service->arena,
                                           &service->cluster, err);
    if (!is_found)
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
    atomic_store(&service->loaded_at, time(NULL));
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

void service_init(struct service *service, const struct service_config *config, size_t thread_count)
{
    service->config = *config;
    service->metrics = metrics_new(thread_count);
    snapshot_cell_init(&service->policies);
}

static bool load_policies(struct service *service, struct problems *problems, struct error *err)
{
    struct policy_set *set = policy_set_load(service->config.policies, problems, err);

    if (!set)
        return false;
    if (problems->error_count > 0) {
        service->unsound = set;
        return false;
    }
    for (size_t i = 0; i < problems->count; i++)
        log_problem(&problems->items[i], problems->arena);
    put_in_force(service, set);
    return true;
}

bool service_open(struct service *service, struct problems *problems, struct error *err)
{
    const char *audit_log = service->config.audit_log;

    service->tls = tls_new(&service->config.tls, err);
    if (!service->tls || !find_cluster(service, err) || !load_states(service, err) ||
        !load_policies(service, problems, err))
        return false;
    if (audit_log)
        service->audit_log = audit_log_new(audit_log, err);
    return !audit_log || service->audit_log;
}

void service_release(struct service *service)
{
    feed_stop(service->feed);
    tls_free(service->tls);
    ledger_free(service->ledger);
    snapshot_cell_release(&service->policies);
    policy_set_free(service->unsound);
    audit_log_free(service->audit_log);
    metrics_free(service->metrics);
    arena_release(&service->arena);
}

static void reload_policies(struct service *service, struct arena *arena)
{
    struct problems problems = {.arena = arena};
    struct error err = {0};
    struct policy_set *set = policy_set_load(service->config.policies, &problems, &err);

    for (size_t i = 0; i < problems.count; i++)
        log_problem(&problems.items[i], arena);
    if (set && problems.error_count == 0) {
        const char *digest = arena_copy(arena, bytes_from(set->digest));

        put_in_force(service, set);
        atomic_fetch_add(&service->reloads, 1);
        log_info("policy set reloaded", "digest", digest);
        return;
    }
    policy_set_free(set);
    atomic_fetch_add(&service->failed_reloads, 1);
    log_error("policy set not reloaded, the old one goes on", "error",
              set ? arena_printf(arena, "%zu mistake%s", problems.error_count,
                                 problems.error_count == 1 ? "" : "s")
                  : err.text);
}

static void reload_certificates(struct service *service)
{
    struct error err = {0};

    if (tls_reload(service->tls, &err)) {
        atomic_fetch_add(&service->tls_reloads, 1);
        log_info("certificate reloaded", "file", service->config.tls.certificate);
    } else {
        atomic_fetch_add(&service->failed_tls_reloads, 1);
        log_error("certificate not reloaded, the old one goes on", "error", err.text);
    }
}

void service_reload(struct service *service)
{
    struct arena arena = {0};
    struct error err = {0};

    reload_policies(service, &arena);
    reload_certificates(service);
    if (service->audit_log && !audit_log_reopen(service->audit_log, &err))
        log_error("audit log not opened anew, the old file goes on", "error", err.text);
    arena_release(&arena);
}
