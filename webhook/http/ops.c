#include "http/ops.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "http/loop.h"
#include "http/ops_usages.h"
#include "http/reply.h"

enum { METRICS_MAX_BYTES = 64 * 1024 * 1024, OPS_MAX_REQUEST_BYTES = 4096, OPS_IDLE_MS = 60000 };

static void write_value(struct buf *buf, const char *name, const char *type, const char *help,
                        long long value)
{
    metrics_write_head(buf, name, type, help);
    buf_printf(buf, "%s %lld\n", name, value);
}

static void write_reloads(struct buf *buf, const char *name, const char *help,
                          const struct reloads *reloads)
{
    metrics_write_head(buf, name, "counter", help);
    buf_printf(buf, "%s{result=\"ok\"} %lu\n%s{result=\"failed\"} %lu\n", name,
               atomic_load(&reloads->succeeded), name, atomic_load(&reloads->failed));
}

static void write_policy_set(struct ops *ops, struct buf *buf)
{
    struct service *service = ops->service;
    const struct policy_set *set = snapshot_read(&service->policies, &ops->policies);

    metrics_write_head(buf, "fairgate_policy_set_info", "gauge",
                       "The policy set in force, by its digest.");
    buf_add_text(buf, "fairgate_policy_set_info{");
    metrics_write_label(buf, "digest", bytes_from(set->digest));
    buf_add_text(buf, "} 1\n");
    write_value(buf, "fairgate_policy_set_loaded_timestamp_seconds", "gauge",
                "When the policy set in force was read.",
                atomic_load(&service->policy_reloads.loaded_at));
    write_reloads(buf, "fairgate_policy_reloads_total", "Reloads of the policy set, by result.",
                  &service->policy_reloads);
    write_value(buf, "fairgate_policy_last_reload_successful", "gauge",
                "0: the policy set in the folder can't be used, and an older one is in force.",
                !atomic_load(&service->policy_reloads.has_failed));
}

static void write_certificate(struct service *service, struct buf *buf)
{
    write_value(buf, "fairgate_certificate_expiry_timestamp_seconds", "gauge",
                "When the certificate in force ends.", tls_expires(service->tls));
    write_value(buf, "fairgate_certificate_loaded_timestamp_seconds", "gauge",
                "When the certificate in force was read.",
                atomic_load(&service->tls_reloads.loaded_at));
    write_reloads(buf, "fairgate_certificate_reloads_total",
                  "Reloads of certificate and key, by result.", &service->tls_reloads);
    write_value(buf, "fairgate_certificate_last_reload_successful", "gauge",
                "0: certificate and key can't be used as they are, and older ones are in force.",
                !atomic_load(&service->tls_reloads.has_failed));
}

/* A decimal of at most six digits after the point. */
static void write_decimal(struct buf *buf, struct amount amount)
{
    int64_t den = amount.den ? amount.den : 1, rest = amount.num % den;
    long long millionths = (long long)((__int128)rest * 1000000 / den);

    buf_printf(buf, "%lld.%06lld\n", (long long)(amount.num / den), millionths);
}

static void begin_tenant(struct buf *buf, const char *name, const char *tenant)
{
    buf_printf(buf, "%s{", name);
    metrics_write_label(buf, "tenant", bytes_from(tenant));
}

static void write_gpus(struct buf *buf, const char *name, const struct ledger_usage *usage,
                       struct amount amount)
{
    begin_tenant(buf, name, usage->tenant);
    buf_add_text(buf, "} ");
    write_decimal(buf, amount);
}

static void write_caps(const struct ledger_usage *usage, size_t count, struct buf *buf)
{
    metrics_write_head(buf, "fairgate_tenant_gpus_guaranteed", "gauge",
                       "Up to here a tenant may hold GPUs with any class it may use.");
    for (size_t i = 0; i < count; i++) {
        if (usage[i].has_guaranteed)
            write_gpus(buf, "fairgate_tenant_gpus_guaranteed", &usage[i], usage[i].guaranteed);
    }
    metrics_write_head(buf, "fairgate_tenant_gpus_burst", "gauge",
                       "Up to here a tenant may hold GPUs with its burst classes.");
    for (size_t i = 0; i < count; i++) {
        if (usage[i].has_burst)
            write_gpus(buf, "fairgate_tenant_gpus_burst", &usage[i], usage[i].burst);
    }
}

static void write_modes(const struct ledger_usage *usage, size_t count, struct buf *buf)
{
    metrics_write_head(buf, "fairgate_tenant_gpus_by_mode", "gauge",
                       "GPUs that a tenant holds, by how it holds them.");
    for (size_t i = 0; i < count; i++) {
        for (int mode = 0; mode < MODE_COUNT; mode++) {
            begin_tenant(buf, "fairgate_tenant_gpus_by_mode", usage[i].tenant);
            buf_add_char(buf, ',');
            metrics_write_label(buf, "mode", bytes_from(mode_names[mode]));
            buf_add_text(buf, "} ");
            write_decimal(buf, usage[i].by_mode[mode]);
        }
    }
}

static void write_classes(const struct ledger_usage *usage, size_t count, struct buf *buf)
{
    metrics_write_head(buf, "fairgate_tenant_gpus_by_class", "gauge",
                       "GPUs that a tenant holds, by priority class of the ladder; empty: others.");
    for (size_t i = 0; i < count; i++) {
        for (size_t class = 0; class < usage[i].class_count; class ++) {
            begin_tenant(buf, "fairgate_tenant_gpus_by_class", usage[i].tenant);
            buf_add_char(buf, ',');
            metrics_write_label(buf, "class", bytes_from(usage[i].by_class[class].name));
            buf_add_text(buf, "} ");
            write_decimal(buf, usage[i].by_class[class].gpus);
        }
    }
}

static void write_usage(struct ledger *ledger, struct buf *buf)
{
    struct ledger_usage *usage;
    size_t count;

    ledger_report(ledger, clock_seconds(), buf->arena, &usage, &count);
    metrics_write_head(buf, "fairgate_tenant_gpus", "gauge",
                       "GPUs that a tenant holds, shares of one counted as such.");
    for (size_t i = 0; i < count; i++)
        write_gpus(buf, "fairgate_tenant_gpus", &usage[i], usage[i].gpus);
    metrics_write_head(buf, "fairgate_tenant_gpus_reserved", "gauge",
                       "Of the GPUs that a tenant holds, those of pods that the view does not "
                       "show yet.");
    for (size_t i = 0; i < count; i++)
        write_gpus(buf, "fairgate_tenant_gpus_reserved", &usage[i], usage[i].reserved);
    write_caps(usage, count, buf);
    write_modes(usage, count, buf);
    write_classes(usage, count, buf);
    metrics_write_head(buf, "fairgate_tenant_pods", "gauge",
                       "Pods of a tenant that count for something it may hold.");
    for (size_t i = 0; i < count; i++) {
        begin_tenant(buf, "fairgate_tenant_pods", usage[i].tenant);
        buf_printf(buf, "} %zu\n", usage[i].pods);
    }
    metrics_write_head(buf, "fairgate_exceptions_in_force", "gauge",
                       "Exceptions for a tenant that are in force.");
    for (size_t i = 0; i < count; i++) {
        begin_tenant(buf, "fairgate_exceptions_in_force", usage[i].tenant);
        buf_printf(buf, "} %zu\n", usage[i].exceptions);
    }
}

static void write_process(const struct ops *ops, struct buf *buf)
{
    FILE *file = fopen("/proc/self/statm", "re");
    size_t connections = 0, cut_off = 0;
    long pages = 0;

    for (size_t i = 0; i < ops->loop_count; i++) {
        connections += loop_connections(ops->loops[i]);
        cut_off += loop_cut_off(ops->loops[i]);
    }
    write_value(buf, "fairgate_connections", "gauge", "Open connections of those who send reviews.",
                (long long)connections);
    write_value(buf, "fairgate_connections_cut_off_total", "counter",
                "Connections ended because too much of too many requests was held.",
                (long long)cut_off);
    metrics_write_head(buf, "fairgate_build_info", "gauge", "The program's version.");
    buf_add_text(buf, "fairgate_build_info{");
    metrics_write_label(buf, "version", bytes_from(version));
    buf_add_text(buf, "} 1\n");
    if (!file)
        return;
    if (fscanf(file, "%*d %ld", &pages) == 1) /* NOLINT(cert-err34-c): the kernel's own figure */
        write_value(buf, "process_resident_memory_bytes", "gauge", "Memory in use.",
                    pages * sysconf(_SC_PAGESIZE));
    fclose(file);
}

static void write_view(struct service *service, struct buf *buf)
{
    metrics_write_head(buf, "fairgate_view_age_seconds", "gauge",
                       "How long ago a watch proved that it is up to date; -1: not yet.");
    for (int kind = 0; kind < LIVE_WATCHES; kind++) {
        int64_t age = live_age(service->ledger, (enum live_kind)kind);

        if (!live_is_asked(service->ledger, (enum live_kind)kind))
            continue;
        buf_add_text(buf, "fairgate_view_age_seconds{");
        metrics_write_label(buf, "watch", bytes_from(live_names[kind]));
        buf_printf(buf, "} %.3f\n", age < 0 ? -1.0 : (double)age / 1000);
    }
    write_value(buf, "fairgate_reservations_expired_total", "counter",
                "Reservations given up because their pod never came.",
                (long long)live_expired(service->ledger));
}

static void send_metrics(struct ops *ops, h2o_req_t *req)
{
    struct service *service = ops->service;
    struct arena arena = {0};
    struct buf buf;

    buf_init(&buf, &arena, METRICS_MAX_BYTES);
    metrics_write(service->metrics, &buf);
    write_policy_set(ops, &buf);
    write_certificate(service, &buf);
    if (service->ledger)
        write_usage(service->ledger, &buf);
    if (service->feed)
        write_view(service, &buf);
    if (service->committer)
        ops_write_usages(service, &buf);
    if (service->audit_log)
        write_value(&buf, "fairgate_audit_log_failures_total", "counter",
                    "Lines that could not be written to the audit log.",
                    (long long)audit_log_failures(service->audit_log));
    write_process(ops, &buf);
    reply_send(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_bytes(&buf));
    arena_release(&arena);
}

/* A line for each watch that is behind, with the reason; true: none is. */
static bool write_watches(struct service *service, struct buf *buf)
{
    bool is_fresh = true;

    for (int kind = 0; service->feed && kind < LIVE_WATCHES; kind++) {
        int64_t age = live_age(service->ledger, (enum live_kind)kind);
        const char *name = live_names[kind];
        struct watch_state state;

        if (!live_is_asked(service->ledger, (enum live_kind)kind) ||
            (age >= 0 && age <= service->config.times.max_age))
            continue;
        feed_read_state(service->feed, (enum live_kind)kind, &state);
        is_fresh = false;
        if (age < 0)
            buf_printf(buf, "%s: not listed yet%s%s\n", name, *state.problem ? ": " : "",
                       state.problem);
        else
            buf_printf(buf, "%s: out of contact for %lld s%s%s\n", name, (long long)age / 1000,
                       *state.problem ? ": " : "", state.problem);
    }
    return is_fresh;
}

/* A line for each permission that is missing though the watches do without it. */
static void write_permissions(struct service *service, struct buf *buf)
{
    char problem[512];

    for (int kind = 0; service->feed && kind < LIVE_WATCHES; kind++) {
        feed_read_problem(service->feed, (enum live_kind)kind, problem, sizeof(problem));
        if (*problem)
            buf_printf(buf, "%s: %s\n", live_names[kind], problem);
    }
}

/* A server that was ready stays so when its view grows old: what doesn't depend on the view is
 * judged all the same, and elsewhere it would be no younger. */
static void send_readiness(struct ops *ops, h2o_req_t *req)
{
    struct service *service = ops->service;
    struct arena arena = {0};
    struct buf watches, answer;
    int status = 503;
    bool is_ready;

    buf_init(&watches, &arena, METRICS_MAX_BYTES);
    buf_init(&answer, &arena, METRICS_MAX_BYTES);
    is_ready = write_watches(service, &watches);
    if (service->committer && !ops_write_usages_problem(service, &watches))
        is_ready = false;
    if (is_ready)
        atomic_store(&service->was_ready, true);
    write_permissions(service, &watches);
    if (atomic_load(&service->is_draining)) {
        buf_add_text(&answer, "draining\n");
    } else if (!atomic_load(&service->was_ready)) {
        buf_add_text(&answer, "not ready\n");
    } else {
        buf_add_text(&answer, "ok\n");
        status = 200;
    }
    buf_add(&answer, buf_bytes(&watches));
    reply_send(req, status, "text/plain; charset=utf-8", buf_bytes(&answer));
    arena_release(&arena);
}

static int on_req(h2o_handler_t *self, h2o_req_t *req)
{
    struct ops *ops = loop_data(req);
    struct bytes path = reply_path(req);

    (void)self;
    if (!bytes_is(reply_method(req), "GET") && !bytes_is(reply_method(req), "HEAD"))
        reply_send_not_allowed(req, "GET, HEAD");
    else if (bytes_is(path, "/healthz"))
        reply_send_line(req, 200, "ok");
    else if (bytes_is(path, "/readyz"))
        send_readiness(ops, req);
    else if (bytes_is(path, "/metrics"))
        send_metrics(ops, req);
    else
        reply_send_line(req, 404, "no such path; there are /healthz, /readyz and /metrics");
    return 0;
}

void ops_configure(h2o_globalconf_t *http)
{
    reply_configure(http, on_req);
    http->max_request_entity_size = OPS_MAX_REQUEST_BYTES;
    http->http1.req_timeout = OPS_IDLE_MS;
}
