#include "http/ops_tenants.h"

#include "base/clock.h"
#include "http/metrics.h"

enum { MILLION = 1000000 };

/* What is told of a tenant by one number; false: it has none. */
struct tenant_gauge {
    const char *name, *help;
    bool (*read)(const struct ledger_usage *usage, struct amount *out);
};

static bool read_reserved(const struct ledger_usage *usage, struct amount *out)
{
    *out = usage->reserved;
    return true;
}

static bool read_guaranteed(const struct ledger_usage *usage, struct amount *out)
{
    *out = usage->guaranteed;
    return usage->has_guaranteed;
}

static bool read_burst(const struct ledger_usage *usage, struct amount *out)
{
    *out = usage->burst;
    return usage->has_burst;
}

static bool read_pods(const struct ledger_usage *usage, struct amount *out)
{
    *out = amount_of((int64_t)usage->pods);
    return true;
}

static bool read_exceptions(const struct ledger_usage *usage, struct amount *out)
{
    *out = amount_of((int64_t)usage->exceptions);
    return true;
}

static const struct tenant_gauge gauges[] = {
    {"fairgate_tenant_gpus_reserved",
     "Of the GPUs that a tenant holds, those of pods that the view does not show yet.",
     read_reserved},
    {"fairgate_tenant_gpus_guaranteed",
     "Up to here a tenant may hold GPUs with any class it may use.", read_guaranteed},
    {"fairgate_tenant_gpus_burst", "Up to here a tenant may hold GPUs with its burst classes.",
     read_burst},
    {"fairgate_tenant_pods", "Pods of a tenant that count for something it may hold.", read_pods},
    {"fairgate_exceptions_in_force", "Exceptions for a tenant that are in force.", read_exceptions},
};

/* name{tenant="...",label="value"}; `label` NULL: the tenant alone. */
static void write_name(struct buf *buf, const char *name, struct bytes tenant, const char *label,
                       const char *value)
{
    buf_printf(buf, "%s{", name);
    metrics_write_label(buf, "tenant", tenant);
    if (label) {
        buf_add_char(buf, ',');
        metrics_write_label(buf, label, bytes_from(value));
    }
    buf_add_text(buf, "} ");
}

/* A whole number, or a decimal of six digits after the point. */
static void write_amount(struct buf *buf, struct amount amount)
{
    int64_t den = amount.den ? amount.den : 1, rest = amount.num % den;
    long long millionths = (long long)((__int128)rest * MILLION / den);

    buf_printf(buf, "%lld", (long long)(amount.num / den));
    if (rest)
        buf_printf(buf, ".%06lld", millionths);
    buf_add_char(buf, '\n');
}

static void write_gauge(const struct tenant_gauge *gauge, const struct ledger_usage *usage,
                        size_t count, struct buf *buf)
{
    struct amount amount;

    metrics_write_head(buf, gauge->name, "gauge", gauge->help);
    for (size_t i = 0; i < count; i++) {
        if (!gauge->read(&usage[i], &amount))
            continue;
        write_name(buf, gauge->name, bytes_from(usage[i].tenant), NULL, NULL);
        write_amount(buf, amount);
    }
}

static void write_modes(const struct ledger_usage *usage, size_t count, struct buf *buf)
{
    static const char name[] = "fairgate_tenant_gpus";

    metrics_write_head(buf, name, "gauge",
                       "GPUs that a tenant holds, by how; shares of one counted as such.");
    for (size_t i = 0; i < count; i++) {
        for (int mode = 0; mode < MODE_COUNT; mode++) {
            write_name(buf, name, bytes_from(usage[i].tenant), "mode", mode_names[mode]);
            write_amount(buf, usage[i].by_mode[mode]);
        }
    }
}

static void write_classes(const struct ledger_usage *usage, size_t count, struct buf *buf)
{
    static const char name[] = "fairgate_tenant_ladder_gpus";

    metrics_write_head(buf, name, "gauge",
                       "GPUs that a tenant holds, by priority class of the ladder; empty: others.");
    for (size_t i = 0; i < count; i++) {
        for (size_t class = 0; class < usage[i].class_count; class ++) {
            write_name(buf, name, bytes_from(usage[i].tenant), "class",
                       usage[i].by_class[class].name);
            write_amount(buf, usage[i].by_class[class].gpus);
        }
    }
}

static void write_times(struct gpu_time *time, struct buf *buf)
{
    static const char name[] = "fairgate_tenant_gpu_seconds_total";
    struct series **series = series_sort(&time->times, buf->arena);

    metrics_write_head(buf, name, "counter",
                       "GPUs that a tenant has held times seconds since this replica's start.");
    for (size_t i = 0; i < time->times.count; i++) {
        write_name(buf, name, series[i]->first, "mode", mode_names[series[i]->kind]);
        buf_printf(buf, "%llu.%06llu\n", (unsigned long long)(series[i]->count / MILLION),
                   (unsigned long long)(series[i]->count % MILLION));
    }
}

/* What all tenants hold now, added to what they held over time. Returns how many there are. */
static size_t look(struct ledger *ledger, struct gpu_time *time, struct arena *arena,
                   struct ledger_usage **out)
{
    size_t count;

    ledger_report(ledger, clock_seconds(), arena, out, &count);
    gpu_time_add(time, *out, count, clock_milliseconds());
    return count;
}

void ops_tenants_look(struct ledger *ledger, struct gpu_time *time)
{
    struct arena arena = {0};
    struct ledger_usage *usage;

    look(ledger, time, &arena, &usage);
    arena_release(&arena);
}

void ops_write_tenants(struct ledger *ledger, struct gpu_time *time, struct buf *buf)
{
    struct ledger_usage *usage;
    size_t count = look(ledger, time, buf->arena, &usage);

    write_modes(usage, count, buf);
    write_classes(usage, count, buf);
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
        write_gauge(&gauges[i], usage, count, buf);
    write_times(time, buf);
}
