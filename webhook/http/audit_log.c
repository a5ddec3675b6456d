#include "http/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/instant.h"
#include "base/memory.h"
#include "http/metrics.h"

/* Above a line's largest parts: names, groups and the message are bounded far below. */
enum { LINE_MAX_BYTES = 256 * 1024, NAME_MAX_BYTES = 1024, MESSAGE_MAX_BYTES = 4096 };

struct audit_log {
    const char *path;
    int fd; /* stays the same number when the file is opened anew */
    atomic_ulong failures;
};

static int open_file(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0)
        error_set(err, "%s: %s", path, strerror(errno));
    return fd;
}

struct audit_log *audit_log_new(const char *path, struct error *err)
{
    int fd = strcmp(path, "-") != 0 ? open_file(path, err) : STDOUT_FILENO;
    struct audit_log *log;

    if (fd < 0)
        return NULL;
    log = memory_alloc(sizeof(*log));
    log->path = path;
    log->fd = fd;
    return log;
}

void audit_log_free(struct audit_log *log)
{
    if (!log)
        return;
    if (log->fd != STDOUT_FILENO)
        close(log->fd);
    free(log);
}

bool audit_log_reopen(struct audit_log *log, struct error *err)
{
    int fd;

    if (log->fd == STDOUT_FILENO)
        return true;
    fd = open_file(log->path, err);
    if (fd < 0)
        return false;
    /* Threads write meanwhile: each line goes to the old file or to the new one. */
    dup3(fd, log->fd, O_CLOEXEC);
    close(fd);
    return true;
}

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

static void write_line(const struct decision *decision, const struct audit_times *times,
                       struct buf *buf)
{
    const struct review *review = &decision->review;
    const char *time_text = instant_write(times->when.tv_sec, buf->arena);

    buf_printf(buf, "{\"time\":\"%.19s.%03ldZ\"", time_text, times->when.tv_nsec / 1000000);
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

void audit_log_write(struct audit_log *log, const struct decision *decision,
                     const struct audit_times *times, struct arena *arena)
{
    struct bytes line;
    struct buf buf;

    if (!log)
        return;
    buf_init(&buf, arena, LINE_MAX_BYTES);
    write_line(decision, times, &buf);
    line = buf_bytes(&buf);
    if (buf.is_full || write(log->fd, line.data, line.len) != (ssize_t)line.len)
        atomic_fetch_add_explicit(&log->failures, 1, memory_order_relaxed);
}

unsigned long audit_log_failures(const struct audit_log *log)
{
    return atomic_load_explicit(&log->failures, memory_order_relaxed);
}
