#include "http/audit_line.h"

#include "base/instant.h"
#include "http/metrics.h"

enum { NAME_MAX_BYTES = 1024, MESSAGE_MAX_BYTES = 4096 };

static void add_name(struct buf *buf, const char *name)
{
    buf_add_char(buf, ',');
    buf_add_json(buf, bytes_from(name));
    buf_add_char(buf, ':');
}

static void add_text(struct buf *buf, const char *name, struct bytes value)
{
    add_name(buf, name);
    buf_add_json(buf, bytes_from(text_clean(buf->arena, value, NAME_MAX_BYTES)));
}

static void add_list(struct buf *buf, const char *name, const struct strings *list)
{
    add_name(buf, name);
    buf_add_char(buf, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(buf, ',');
        buf_add_json(buf, bytes_from(list->items[i]));
    }
    buf_add_char(buf, ']');
}

static void add_message(struct buf *buf, const char *message)
{
    size_t len = strcspn(message, "\n");

    add_name(buf, "message");
    buf_add_json(buf, (struct bytes){message, len < MESSAGE_MAX_BYTES ? len : MESSAGE_MAX_BYTES});
}

static void write_time(const struct timespec *when, struct buf *buf)
{
    buf_printf(buf, "{\"time\":\"%.19s.%03ldZ\"", instant_write(when->tv_sec, buf->arena),
               when->tv_nsec / 1000000);
}

void audit_line_write(const struct decision *decision, const struct audit_times *times,
                      struct buf *buf)
{
    const struct review *review = &decision->review;

    write_time(&times->when, buf);
    add_text(buf, "uid", review->uid);
    add_text(buf, "phase", bytes_from(decision->phase == PHASE_MUTATE ? "mutate" : "validate"));
    add_text(buf, "operation", bytes_from(operation_name(review->operation)));
    add_text(buf, "kind", review->kind);
    if (review->sub_resource.len)
        add_text(buf, "subResource", review->sub_resource);
    add_text(buf, "namespace", review->namespace);
    add_text(buf, "name", review->name);
    add_text(buf, "user", review->user);
    buf_printf(buf, ",\"dryRun\":%s", review->is_dry_run ? "true" : "false");
    if (*decision_tenant(decision))
        add_text(buf, "tenant", bytes_from(decision_tenant(decision)));
    buf_printf(buf, ",\"allowed\":%s", decision->verdict.is_allowed ? "true" : "false");
    add_list(buf, "rules", &decision->verdict.rules);
    if (decision->verdict.exceptions.count)
        add_list(buf, "exceptions", &decision->verdict.exceptions);
    if (decision->verdict.message)
        add_message(buf, decision->verdict.message);
    add_text(buf, "policySet", bytes_from(decision->policies->digest));
    buf_printf(buf, ",\"microseconds\":%llu", (unsigned long long)(times->judging / 1000));
    if (times->waiting)
        buf_printf(buf, ",\"waitedMicroseconds\":%llu",
                   (unsigned long long)(times->waiting / 1000));
    buf_add_text(buf, "}\n");
}

void audit_line_write_gap(unsigned long missing, struct buf *buf)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    write_time(&now, buf);
    buf_printf(buf, ",\"missing\":%lu}\n", missing);
}
