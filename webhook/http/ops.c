#include "http/ops.h"

#include "base/clock.h"
#include "http/loop.h"
#include "http/ops_process.h"
#include "http/ops_tenants.h"
#include "http/ops_usages.h"
#include "http/reply.h"

enum { METRICS_MAX_BYTES = 64 * 1024 * 1024, OPS_MAX_REQUEST_BYTES = 4096, OPS_IDLE_MS = 60000 };

static void write_reloads(struct buf *buf, const char *name, const char *help,
                          const struct reloads *reloads)
{
    metrics_write_head(buf, name, "counter", help);
    buf_printf(buf, "%s{result=\"ok\"} %lu\n%s{result=\"failed\"} %lu\n", name,
               atomic_load(&reloads->succeeded), name, atomic_load(&reloads->failed));
}

static void write_policy_set(struct service *service, const struct policy_set *set, struct buf *buf)
{
    metrics_write_head(buf, "fairgate_policy_set_info", "gauge",
                       "The policy set in force, by its digest.");
    buf_add_text(buf, "fairgate_policy_set_info{");
    metrics_write_label(buf, "digest", bytes_from(set->digest));
    buf_add_text(buf, "} 1\n");
    metrics_write_value(buf, "fairgate_policy_set_loaded_timestamp_seconds", "gauge",
                        "When the policy set in force was read.",
                        atomic_load(&service->policy_reloads.loaded_at));
    write_reloads(buf, "fairgate_policy_reloads_total", "Reloads of the policy set, by result.",
                  &service->policy_reloads);
    metrics_write_value(
        buf, "fairgate_policy_last_reload_successful", "gauge",
        "0: the policy set in the folder can't be used, and an older one is in force.",
        !atomic_load(&service->policy_reloads.has_failed));
}

static void write_path_secret(struct service *service, struct buf *buf)
{
    write_reloads(buf, "fairgate_path_secret_reloads_total",
                  "Reloads of the path secret, by result.", &service->path_secret_reloads);
    metrics_write_value(buf, "fairgate_path_secret_last_reload_successful", "gauge",
                        "0: the path secret's file can't be used, and an older one is in force.",
                        !atomic_load(&service->path_secret_reloads.has_failed));
}

static void write_exceptions(const struct grants *grants, struct buf *buf)
{
    static const char name[] = "fairgate_exception_end_timestamp_seconds";
    int64_t now = clock_seconds();

    metrics_write_head(buf, name, "gauge", "When an exception that is in force ends.");
    for (size_t i = 0; i < grants->exception_count; i++) {
        const struct exception *exception = grants->exceptions[i];

        if (!window_holds(&exception->window, now))
            continue;
        buf_printf(buf, "%s{", name);
        metrics_write_label(buf, "exception", bytes_from(exception->name));
        buf_printf(buf, "} %lld\n", (long long)exception->window.until);
    }
}

static void write_certificate(struct service *service, struct buf *buf)
{
    metrics_write_value(buf, "fairgate_certificate_expiry_timestamp_seconds", "gauge",
                        "When the certificate in force ends.", tls_expires(service->tls));
    metrics_write_value(buf, "fairgate_certificate_loaded_timestamp_seconds", "gauge",
                        "When the certificate in force was read.",
                        atomic_load(&service->tls_reloads.loaded_at));
    write_reloads(buf, "fairgate_certificate_reloads_total",
                  "Reloads of certificate and key, by result.", &service->tls_reloads);
    metrics_write_value(
        buf, "fairgate_certificate_last_reload_successful", "gauge",
        "0: certificate and key can't be used as they are, and older ones are in force.",
        !atomic_load(&service->tls_reloads.has_failed));
}

static void write_connections(const struct ops *ops, struct buf *buf)
{
    size_t connections = 0, cut_off = 0;

    for (size_t i = 0; i < ops->loop_count; i++) {
        connections += loop_connections(ops->loops[i]);
        cut_off += loop_cut_off(ops->loops[i]);
    }
    metrics_write_value(buf, "fairgate_connections", "gauge",
                        "Open connections of those who send reviews.", (long long)connections);
    metrics_write_value(buf, "fairgate_connections_cut_off_total", "counter",
                        "Connections ended because too much of too many requests was held.",
                        (long long)cut_off);
}

static void write_view(struct service *service, struct buf *buf)
{
    metrics_write_head(buf, "fairgate_view_age_seconds", "gauge",
                       "How long ago a watch proved that it is up to date; +Inf: not yet.");
    for (int kind = 0; kind < LIVE_WATCHES; kind++) {
        int64_t age = live_age(service->ledger, (enum live_kind)kind);

        if (!live_is_asked(service->ledger, (enum live_kind)kind))
            continue;
        buf_add_text(buf, "fairgate_view_age_seconds{");
        metrics_write_label(buf, "watch", bytes_from(live_names[kind]));
        if (age < 0)
            buf_add_text(buf, "} +Inf\n");
        else
            buf_printf(buf, "} %lld.%03lld\n", (long long)age / 1000, (long long)age % 1000);
    }
    metrics_write_value(buf, "fairgate_reservations_expired_total", "counter",
                        "Reservations given up because their pod never came.",
                        (long long)live_expired(service->ledger));
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

/* A line for each reason against it. A server that was ready stays so when its view grows old: what
 * doesn't depend on the view is judged all the same, and elsewhere it would be no younger. */
static bool is_ready(struct ops *ops, struct buf *reasons)
{
    struct service *service = ops->service;
    const char *waits_for = snapshot_read(&service->waits_for, &ops->waits_for);
    bool is_complete;

    if (!atomic_load(&service->is_serving)) {
        buf_add_text(reasons, waits_for ? waits_for : "");
        return false;
    }
    is_complete = write_watches(service, reasons);
    if (service->committer && !ops_write_usages_problem(service, reasons))
        is_complete = false;
    write_permissions(service, reasons);
    if (is_complete)
        atomic_store(&service->was_ready, true);
    return atomic_load(&service->was_ready) && !atomic_load(&service->is_draining);
}

static void write_readiness(struct ops *ops, struct buf *buf)
{
    struct buf reasons;

    buf_init(&reasons, buf->arena, METRICS_MAX_BYTES);
    metrics_write_value(buf, "fairgate_ready", "gauge",
                        "1: /readyz says that this replica takes requests; 0: not yet, or no more.",
                        is_ready(ops, &reasons));
}

static void write_audit_log(struct audit_log *log, struct buf *buf)
{
    struct audit_log_figures figures = audit_log_figures(log);

    metrics_write_value(buf, "fairgate_audit_log_failures_total", "counter",
                        "Decisions whose lines are missing in the audit log.",
                        (long long)figures.dropped);
    metrics_write_value(buf, "fairgate_audit_log_queued_lines", "gauge",
                        "Lines that wait to be written to the audit log.",
                        (long long)figures.queued);
}

/* Of what is there once it serves. */
static void write_serving(struct ops *ops, struct buf *buf)
{
    struct service *service = ops->service;
    const struct policy_set *set = snapshot_read(&service->policies, &ops->policies);

    metrics_write(service->metrics, &set->tenancy, buf);
    write_policy_set(service, set, buf);
    write_exceptions(&set->tenancy.grants, buf);
    write_certificate(service, buf);
    if (service->path_secret)
        write_path_secret(service, buf);
    if (service->ledger)
        ops_write_tenants(service->ledger, &ops->gpu_time, buf);
    if (service->feed)
        write_view(service, buf);
    if (service->committer)
        ops_write_usages(service, buf);
    if (service->audit_log)
        write_audit_log(service->audit_log, buf);
    write_connections(ops, buf);
}

static void send_metrics(struct ops *ops, h2o_req_t *req)
{
    struct service *service = ops->service;
    struct arena arena = {0};
    struct buf buf;

    buf_init(&buf, &arena, METRICS_MAX_BYTES);
    if (atomic_load(&service->is_serving))
        write_serving(ops, &buf);
    write_readiness(ops, &buf);
    ops_write_process(ops->started_at, &buf);
    reply_send(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_bytes(&buf));
    arena_release(&arena);
}

static void send_readiness(struct ops *ops, h2o_req_t *req)
{
    struct service *service = ops->service;
    struct arena arena = {0};
    struct buf reasons, answer;
    bool is_well;

    buf_init(&reasons, &arena, METRICS_MAX_BYTES);
    buf_init(&answer, &arena, METRICS_MAX_BYTES);
    is_well = is_ready(ops, &reasons);
    buf_add_text(&answer, is_well                              ? "ok\n"
                          : atomic_load(&service->is_draining) ? "draining\n"
                                                               : "not ready\n");
    buf_add(&answer, buf_bytes(&reasons));
    reply_send(req, is_well ? 200 : 503, "text/plain; charset=utf-8", buf_bytes(&answer));
    arena_release(&arena);
}

void ops_on_second(void *data)
{
    struct ops *ops = data;

    if (atomic_load(&ops->service->is_serving) && ops->service->ledger)
        ops_tenants_look(ops->service->ledger, &ops->gpu_time);
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
