#include "http/ops_usages.h"

#include "cluster/usage_store.h"

static const char *const write_names[] = {
    [STORE_DONE] = "done",       [STORE_CONFLICT] = "conflict", [STORE_MISSING] = "missing",
    [STORE_REFUSED] = "refused", [STORE_UNKNOWN] = "unknown",
};

static void write_counter(struct buf *buf, const char *name, const char *help,
                          const atomic_ullong *value)
{
    metrics_write_head(buf, name, "counter", help);
    buf_printf(buf, "%s %llu\n", name, atomic_load(value));
}

static void write_writes(const struct commit_counts *counts, struct buf *buf)
{
    static const char name[] = "fairgate_usage_writes_total";

    metrics_write_head(buf, name, "counter", "Writes of a TenantUsage, by what came of them.");
    for (size_t i = 0; i < sizeof(write_names) / sizeof(write_names[0]); i++)
        buf_printf(buf, "%s{result=\"%s\"} %llu\n", name, write_names[i],
                   atomic_load(&counts->writes[i]));
}

static void write_sizes(const struct commit_counts *counts, struct buf *buf)
{
    static const char name[] = "fairgate_usage_write_requests";
    unsigned long long sum = 0;

    metrics_write_head(buf, name, "histogram",
                       "Requests that waited for one and the same write of a TenantUsage.");
    for (size_t i = 0; i < COMMIT_SIZES; i++) {
        sum += atomic_load(&counts->sizes[i]);
        buf_printf(buf, "%s_bucket{le=\"%u\"} %llu\n", name, commit_sizes[i], sum);
    }
    buf_printf(buf, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %llu\n%s_count %llu\n", name, sum, name,
               atomic_load(&counts->requests), name, sum);
}

static void write_ages(struct service *service, struct buf *buf)
{
    static const char name[] = "fairgate_reservations";
    size_t counts[LIVE_AGES];

    live_count_ages(service->ledger, counts);
    metrics_write_head(
        buf, name, "gauge",
        "Reservations, by the seconds that this replica has known them: at most that, "
        "and more than the one before.");
    for (size_t i = 0; i + 1 < LIVE_AGES; i++)
        buf_printf(buf, "%s{age=\"%lld\"} %zu\n", name, (long long)live_ages[i], counts[i]);
    buf_printf(buf, "%s{age=\"older\"} %zu\n", name, counts[LIVE_AGES - 1]);
}

void ops_write_usages(struct service *service, struct buf *buf)
{
    const struct commit_counts *counts = committer_counts(service->committer);
    unsigned long long milliseconds = atomic_load(&counts->floor_wait_ms);

    write_writes(counts, buf);
    write_sizes(counts, buf);
    write_ages(service, buf);
    metrics_write_head(buf, "fairgate_usage_requests_waiting", "gauge",
                       "Requests that wait until what they reserve is written.");
    buf_printf(buf, "fairgate_usage_requests_waiting %zu\n", committer_waiting(service->committer));
    write_counter(buf, "fairgate_usage_floor_waits_total",
                  "Times that the view had to reach what another replica had seen.",
                  &counts->floor_waits);
    metrics_write_head(buf, "fairgate_usage_floor_wait_seconds_total", "counter",
                       "How long that took, all in all.");
    buf_printf(buf, "fairgate_usage_floor_wait_seconds_total %llu.%03llu\n", milliseconds / 1000,
               milliseconds % 1000);
    write_counter(buf, "fairgate_usages_made_total",
                  "TenantUsages that were missing and were made by this replica.", &counts->made);
    write_counter(buf, "fairgate_usages_mended_total",
                  "TenantUsages that somebody else had written to and that this replica mended.",
                  &counts->mended);
}

bool ops_write_usages_problem(struct service *service, struct buf *buf)
{
    struct watch_state state;
    char problem[512];

    feed_read_usages_state(service->feed, &state);
    committer_read_problem(service->committer, problem, sizeof(problem));
    if (!state.is_synced || *state.problem) {
        buf_printf(buf, USAGE_RESOURCE ": %s%s%s\n",
                   state.is_synced ? "the watch has a problem" : "not listed yet",
                   *state.problem ? ": " : "", state.problem);
        return false;
    }
    if (*problem)
        buf_printf(buf, USAGE_RESOURCE ": %s\n", problem);
    else if (!shared_is_complete(service->ledger))
        buf_add_text(buf, USAGE_RESOURCE ": some are still to be made\n");
    else
        return true;
    return false;
}
