#include "http/metrics.h"

#include <pthread.h>

#include "base/memory.h"
#include "http/series.h"

enum { MAX_SERIES = 10000, PHASES = 2 };

enum verdict_kind { VERDICT_ALLOWED, VERDICT_DENIED, VERDICT_MUTATED, VERDICT_KINDS };

static const char *const phase_names[PHASES] = {"mutate", "validate"};
static const char *const verdict_names[] = {"allowed", "denied", "mutated"};
static const char *const enforcement_names[] = {"deny", "warn", "audit"};
static const char *const refusal_names[] = {
    "not_a_review", "path", "method", "too_large", "bad_http", "policy_set_changing",
};

static const struct bucket {
    uint64_t nanoseconds;
    const char *seconds;
} buckets[] = {
    {10000, "0.00001"}, {20000, "0.00002"}, {50000, "0.00005"},  {100000, "0.0001"},
    {200000, "0.0002"}, {500000, "0.0005"}, {1000000, "0.001"},  {2000000, "0.002"},
    {5000000, "0.005"}, {10000000, "0.01"}, {20000000, "0.02"},  {50000000, "0.05"},
    {100000000, "0.1"}, {200000000, "0.2"}, {500000000, "0.5"},  {1000000000, "1"},
    {2000000000, "2"},  {5000000000, "5"},  {10000000000, "10"},
};

enum { BUCKETS = sizeof(buckets) / sizeof(*buckets) };

struct histogram {
    uint64_t counts[BUCKETS + 1]; /* the last one: more than all */
    uint64_t nanoseconds;
};

struct counts {
    struct series_table decisions;  /* first: tenant; kind: phase * VERDICT_KINDS + verdict */
    struct series_table violations; /* first: rule; second: tenant; kind: enforcement */
    struct histogram durations[PHASES];
    struct histogram waits;
    uint64_t refusals[REFUSAL_COUNT];
};

struct metrics_shard {
    pthread_mutex_t lock;
    struct counts counts; /* guarded by lock */
    char apart[64];       /* from the next one's cache line */
};

struct metrics {
    size_t shard_count;
    struct metrics_shard *shards;
};

static void counts_init(struct counts *counts)
{
    *counts = (struct counts){.decisions.max = MAX_SERIES, .violations.max = MAX_SERIES};
}

struct metrics *metrics_new(size_t shard_count)
{
    struct metrics *metrics = memory_alloc(sizeof(*metrics));

    metrics->shards = memory_alloc(shard_count * sizeof(struct metrics_shard));
    metrics->shard_count = shard_count;
    for (size_t i = 0; i < shard_count; i++) {
        pthread_mutex_init(&metrics->shards[i].lock, NULL);
        counts_init(&metrics->shards[i].counts);
    }
    return metrics;
}

static void counts_release(struct counts *counts)
{
    series_release(&counts->decisions);
    series_release(&counts->violations);
}

void metrics_free(struct metrics *metrics)
{
    for (size_t i = 0; i < metrics->shard_count; i++) {
        pthread_mutex_destroy(&metrics->shards[i].lock);
        counts_release(&metrics->shards[i].counts);
    }
    free(metrics->shards);
    free(metrics);
}

struct metrics_shard *metrics_shard(struct metrics *metrics, size_t at)
{
    return &metrics->shards[at];
}

static void histogram_count(struct histogram *histogram, uint64_t nanoseconds)
{
    size_t at = 0;

    while (at < BUCKETS && nanoseconds > buckets[at].nanoseconds)
        at++;
    histogram->counts[at]++;
    histogram->nanoseconds += nanoseconds;
}

static enum enforcement enforcement_of(const struct findings *findings, const char *rule)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (!strcmp(findings->items[i].rule->name, rule))
            return findings->items[i].rule->enforcement;
    }
    return ENFORCE_DENY;
}

const char *decision_enforcement(const struct decision *decision, const char *rule)
{
    return enforcement_names[enforcement_of(&decision->findings, rule)];
}

const char *decision_tenant(const struct decision *decision)
{
    return decision->tenant ? decision->tenant->name : "";
}

static void count_violations(struct counts *counts, const struct decision *decision,
                             struct bytes tenant)
{
    const struct strings *rules = &decision->verdict.rules;

    for (size_t i = 0; i < rules->count; i++) {
        struct series series = {.first = bytes_from(rules->items[i]), .second = tenant, .count = 1};

        series.kind = enforcement_of(&decision->findings, rules->items[i]);
        series_count(&counts->violations, &series);
    }
}

void metrics_count_decision(struct metrics_shard *shard, const struct decision *decision,
                            uint64_t nanoseconds)
{
    struct series series = {.first = bytes_from(decision_tenant(decision)), .count = 1};
    enum verdict_kind verdict = !decision->verdict.is_allowed ? VERDICT_DENIED
                                : decision->patch.count > 0   ? VERDICT_MUTATED
                                                              : VERDICT_ALLOWED;

    series.kind = decision->phase * VERDICT_KINDS + verdict;
    pthread_mutex_lock(&shard->lock);
    histogram_count(&shard->counts.durations[decision->phase], nanoseconds);
    series_count(&shard->counts.decisions, &series);
    count_violations(&shard->counts, decision, series.first);
    pthread_mutex_unlock(&shard->lock);
}

void metrics_count_wait(struct metrics_shard *shard, uint64_t nanoseconds)
{
    pthread_mutex_lock(&shard->lock);
    histogram_count(&shard->counts.waits, nanoseconds);
    pthread_mutex_unlock(&shard->lock);
}

void metrics_count_refusal(struct metrics_shard *shard, enum refusal refusal)
{
    pthread_mutex_lock(&shard->lock);
    shard->counts.refusals[refusal]++;
    pthread_mutex_unlock(&shard->lock);
}

static void histogram_add(struct histogram *sum, const struct histogram *histogram)
{
    sum->nanoseconds += histogram->nanoseconds;
    for (size_t i = 0; i <= BUCKETS; i++)
        sum->counts[i] += histogram->counts[i];
}

static void add(struct counts *sum, const struct counts *counts)
{
    series_count_all(&sum->decisions, &counts->decisions);
    series_count_all(&sum->violations, &counts->violations);
    for (size_t phase = 0; phase < PHASES; phase++)
        histogram_add(&sum->durations[phase], &counts->durations[phase]);
    histogram_add(&sum->waits, &counts->waits);
    for (size_t i = 0; i < REFUSAL_COUNT; i++)
        sum->refusals[i] += counts->refusals[i];
}

void metrics_write_head(struct buf *buf, const char *name, const char *type, const char *help)
{
    buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_write_value(struct buf *buf, const char *name, const char *type, const char *help,
                         long long value)
{
    metrics_write_head(buf, name, type, help);
    buf_printf(buf, "%s %lld\n", name, value);
}

void metrics_write_label(struct buf *buf, const char *name, struct bytes value)
{
    buf_printf(buf, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];

        if (c == '\\' || c == '"' || c == '\n')
            buf_add_char(buf, '\\');
        buf_add_char(buf, c == '\n' ? 'n' : c);
    }
    buf_add_char(buf, '"');
}

static void write_decisions(struct series_table *table, struct buf *buf)
{
    struct series **series = series_sort(table, buf->arena);

    metrics_write_head(buf, "fairgate_decisions_total", "counter",
                       "Reviews answered, by phase, verdict and the tenant they concern.");
    for (size_t i = 0; i < table->count; i++) {
        buf_printf(buf, "fairgate_decisions_total{phase=\"%s\",verdict=\"%s\",",
                   phase_names[series[i]->kind / VERDICT_KINDS],
                   verdict_names[series[i]->kind % VERDICT_KINDS]);
        metrics_write_label(buf, "tenant", series[i]->first);
        buf_printf(buf, "} %llu\n", (unsigned long long)series[i]->count);
    }
}

static void write_violations(struct series_table *table, struct buf *buf)
{
    struct series **series = series_sort(table, buf->arena);

    metrics_write_head(buf, "fairgate_rule_violations_total", "counter",
                       "Reviews that broke a rule, by rule, tenant and how it is enforced.");
    for (size_t i = 0; i < table->count; i++) {
        buf_add_text(buf, "fairgate_rule_violations_total{");
        metrics_write_label(buf, "rule", series[i]->first);
        buf_add_char(buf, ',');
        metrics_write_label(buf, "tenant", series[i]->second);
        buf_printf(buf, ",enforcement=\"%s\"} %llu\n", enforcement_names[series[i]->kind],
                   (unsigned long long)series[i]->count);
    }
}

/* `label`: phase="mutate", or "". */
static void write_histogram(const struct histogram *histogram, const char *name, const char *label,
                            struct buf *buf)
{
    const char *comma = *label ? "," : "", *open = *label ? "{" : "", *close = *label ? "}" : "";
    unsigned long long sum = 0;

    for (size_t i = 0; i <= BUCKETS; i++) {
        sum += histogram->counts[i];
        buf_printf(buf, "%s_bucket{%s%sle=\"%s\"} %llu\n", name, label, comma,
                   i < BUCKETS ? buckets[i].seconds : "+Inf", sum);
    }
    buf_printf(buf, "%s_sum%s%s%s %llu.%09llu\n", name, open, label, close,
               (unsigned long long)(histogram->nanoseconds / 1000000000),
               (unsigned long long)(histogram->nanoseconds % 1000000000));
    buf_printf(buf, "%s_count%s%s%s %llu\n", name, open, label, close, sum);
}

static void write_durations(const struct counts *counts, struct buf *buf)
{
    static const char durations[] = "fairgate_decision_duration_seconds";
    static const char waits[] = "fairgate_reservation_wait_seconds";

    metrics_write_head(buf, durations, "histogram",
                       "Time that it took to judge a review, without the network.");
    for (size_t phase = 0; phase < PHASES; phase++)
        write_histogram(&counts->durations[phase], durations,
                        arena_printf(buf->arena, "phase=\"%s\"", phase_names[phase]), buf);
    metrics_write_head(
        buf, waits, "histogram",
        "Time from a review's last byte to its answer, where what it reserves had to "
        "be written to a TenantUsage.");
    write_histogram(&counts->waits, waits, "", buf);
}

static void write_counts(struct counts *counts, struct buf *buf)
{
    write_decisions(&counts->decisions, buf);
    write_violations(&counts->violations, buf);
    write_durations(counts, buf);
    metrics_write_head(buf, "fairgate_requests_refused_total", "counter",
                       "Requests that were no review of anybody's, by reason.");
    for (size_t i = 0; i < REFUSAL_COUNT; i++)
        buf_printf(buf, "fairgate_requests_refused_total{reason=\"%s\"} %llu\n", refusal_names[i],
                   (unsigned long long)counts->refusals[i]);
}

/* Counters that could count for a tenant begin at 0: of one whose first sample is a 1, Prometheus
 * sees no increase. Not those of every rule, of which there are too many. */
static void add_zeros(struct counts *sum, struct bytes tenant)
{
    static const char *const rules[] = {"cluster/limits", "cluster/state"};

    for (unsigned kind = 0; kind < PHASES * VERDICT_KINDS; kind++) {
        if (kind != PHASE_VALIDATE * VERDICT_KINDS + VERDICT_MUTATED)
            series_count(&sum->decisions, &(struct series){.first = tenant, .kind = kind});
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        series_count(&sum->violations, &(struct series){.first = bytes_from(rules[i]),
                                                        .second = tenant,
                                                        .kind = ENFORCE_DENY});
}

void metrics_write(struct metrics *metrics, const struct tenancy *tenancy, struct buf *buf)
{
    struct counts sum;

    counts_init(&sum);
    for (size_t i = 0; i < metrics->shard_count; i++) {
        pthread_mutex_lock(&metrics->shards[i].lock);
        add(&sum, &metrics->shards[i].counts);
        pthread_mutex_unlock(&metrics->shards[i].lock);
    }
    add_zeros(&sum, BYTES(""));
    for (size_t i = 0; i < tenancy->tenant_count; i++)
        add_zeros(&sum, bytes_from(tenancy->tenants[i]->name));
    write_counts(&sum, buf);
    counts_release(&sum);
}
