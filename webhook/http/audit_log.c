#include "http/audit_log.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum {
    LINE_MAX_BYTES = 512 * 1024, /* above its largest parts, which are bounded far below */
    QUEUE_MAX_BYTES = 16 * 1024 * 1024,
    GAP_MAX_BYTES = 256, /* of the line that tells of missing ones */
    COLLECT_MS = 5,      /* lines that come within it are written together */
    RETRY_MS = 100,
    END_MS = 3000, /* with the 95 s of draining below the 100 s that a pod has */
    END_SLACK_MS = 500,
};

struct lines {
    char *data; /* QUEUE_MAX_BYTES, and room for a gap's line */
    size_t len;
    unsigned long missing; /* dropped behind them; nothing is added once there is one */
};

struct audit_log {
    const char *path;
    bool has_reviews;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, ended;

    /* guarded by lock */
    struct lines filling;
    size_t queued; /* lines of decisions that are not in the file, those being written included */
    unsigned long dropped;
    struct error problem; /* why nothing can be written for now; empty text: it can */
    bool is_idle;         /* the writer waits for `wake` */
    bool wants_reopen, has_ended;
    int64_t end_by; /* 0: not told to end */
    bool is_joined; /* of whoever calls audit_log_end */

    /* the writer's own */
    struct audit_file file;
    struct lines writing;
    size_t at; /* so much of it is written */

    pthread_mutex_t telling;
    /* guarded by telling */
    bool is_told;
    unsigned long dropped_before, dropped_seen;
};

/* ---- the writer's thread */

static void pause_for(long milliseconds)
{
    const struct timespec time = {.tv_nsec = milliseconds * 1000000};

    nanosleep(&time, NULL);
}

static bool has_work(const struct audit_log *log)
{
    return log->filling.len > 0 || log->filling.missing > 0 || log->wants_reopen;
}

/* False: it is to end, and there is nothing left. */
static bool wait_for_work(struct audit_log *log)
{
    bool has_any;

    pthread_mutex_lock(&log->lock);
    while (!has_work(log) && !log->end_by) {
        log->is_idle = true;
        pthread_cond_wait(&log->wake, &log->lock);
    }
    log->is_idle = false;
    has_any = has_work(log);
    pthread_mutex_unlock(&log->lock);
    return has_any;
}

static void add_gap(struct lines *lines)
{
    struct arena arena = {0};
    struct bytes line;
    struct buf buf;

    buf_init(&buf, &arena, GAP_MAX_BYTES);
    audit_line_write_gap(lines->missing, &buf);
    line = buf_bytes(&buf);
    memcpy(lines->data + lines->len, line.data, line.len);
    lines->len += line.len;
    arena_release(&arena);
}

static void take_lines(struct audit_log *log)
{
    struct lines empty = {.data = log->writing.data};

    pthread_mutex_lock(&log->lock);
    log->writing = log->filling;
    log->filling = empty;
    pthread_mutex_unlock(&log->lock);
    log->at = 0;
    if (log->writing.missing)
        add_gap(&log->writing);
}

/* The new file begins with a whole line, which the old one may have a part of. */
static bool open_anew(struct audit_log *log, struct error *err)
{
    if (!audit_file_reopen(&log->file, err))
        return false;
    while (log->at > 0 && log->writing.data[log->at - 1] != '\n')
        log->at--;
    log_info("audit log opened anew", "file", log->path);
    return true;
}

static void reopen(struct audit_log *log)
{
    struct error err = {0};

    if (!open_anew(log, &err))
        log_error("audit log not opened anew, the old file goes on", "error", err.text);
}

/* False: the time is over. */
static bool heed_wishes(struct audit_log *log)
{
    bool wants_reopen, is_over;

    pthread_mutex_lock(&log->lock);
    wants_reopen = log->wants_reopen;
    log->wants_reopen = false;
    is_over = log->end_by && clock_milliseconds() > log->end_by;
    pthread_mutex_unlock(&log->lock);
    if (wants_reopen)
        reopen(log);
    return !is_over;
}

static size_t count_lines(struct bytes text)
{
    size_t count = 0;

    for (const char *end; (end = memchr(text.data, '\n', text.len)); count++)
        text = bytes_tail(text, (size_t)(end - text.data) + 1);
    return count;
}

static void note_written(struct audit_log *log, size_t written, const struct error *problem)
{
    size_t count = count_lines((struct bytes){log->writing.data + log->at, written});

    log->at += written;
    if (log->at == log->writing.len && log->writing.missing)
        count--;
    pthread_mutex_lock(&log->lock);
    log->queued -= count;
    log->problem = *problem;
    pthread_mutex_unlock(&log->lock);
}

static size_t write_some(struct audit_log *log, struct error *problem)
{
    struct bytes rest;

    if (audit_file_is_removed(&log->file) && !open_anew(log, problem))
        return 0;
    rest = (struct bytes){log->writing.data + log->at, log->writing.len - log->at};
    return audit_file_write(&log->file, rest, problem);
}

/* What can't be written now is tried again until it can: meanwhile the queue takes what it has room
 * for. False: the time is over. */
static bool write_lines(struct audit_log *log)
{
    while (heed_wishes(log)) {
        struct error problem = {0};
        size_t written;

        if (log->at == log->writing.len)
            return true;
        written = write_some(log, &problem);
        note_written(log, written, &problem);
        if (*problem.text)
            pause_for(RETRY_MS);
    }
    return false;
}

static void *run(void *data)
{
    struct audit_log *log = data;

    while (wait_for_work(log)) {
        pause_for(COLLECT_MS);
        take_lines(log);
        if (!write_lines(log))
            break;
    }
    pthread_mutex_lock(&log->lock);
    log->dropped += log->queued;
    log->queued = 0;
    log->has_ended = true;
    pthread_cond_signal(&log->ended);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

/* ---- all others */

static bool start(struct audit_log *log, struct error *err)
{
    pthread_condattr_t monotonic;
    int failure;

    pthread_mutex_init(&log->lock, NULL);
    pthread_mutex_init(&log->telling, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wake, NULL);
    pthread_cond_init(&log->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* The pages are taken from the system as they are filled for the first time. */
    log->filling.data = memory_alloc(QUEUE_MAX_BYTES + GAP_MAX_BYTES);
    log->writing.data = memory_alloc(QUEUE_MAX_BYTES + GAP_MAX_BYTES);
    failure = pthread_create(&log->thread, NULL, run, log);
    return failure == 0 || error_set(err, "a thread: %s", strerror(failure));
}

static void dispose(struct audit_log *log)
{
    pthread_mutex_destroy(&log->lock);
    pthread_mutex_destroy(&log->telling);
    pthread_cond_destroy(&log->wake);
    pthread_cond_destroy(&log->ended);
    free(log->filling.data);
    free(log->writing.data);
    audit_file_close(&log->file);
    free(log);
}

struct audit_log *audit_log_new(const struct audit_log_config *config, struct error *err)
{
    struct audit_log *log = memory_alloc(sizeof(*log));

    log->path = config->file.path;
    log->has_reviews = config->has_reviews;
    if (!audit_file_open(&log->file, &config->file, err)) {
        free(log);
        return NULL;
    }
    if (!start(log, err)) {
        dispose(log);
        return NULL;
    }
    return log;
}

void audit_log_free(struct audit_log *log)
{
    if (!log)
        return;
    audit_log_end(log);
    if (log->is_joined)
        dispose(log);
}

static bool put_line(struct audit_log *log, struct bytes line)
{
    struct lines *lines = &log->filling;

    if (log->has_ended || lines->missing || line.len == 0 ||
        line.len > QUEUE_MAX_BYTES - lines->len)
        return false;
    memcpy(lines->data + lines->len, line.data, line.len);
    lines->len += line.len;
    log->queued++;
    return true;
}

static void queue_line(struct audit_log *log, struct bytes line)
{
    bool is_waited_for;

    pthread_mutex_lock(&log->lock);
    if (!put_line(log, line)) {
        log->dropped++;
        log->filling.missing++;
    }
    is_waited_for = log->is_idle;
    log->is_idle = false;
    pthread_mutex_unlock(&log->lock);
    if (is_waited_for)
        pthread_cond_signal(&log->wake);
}

void audit_log_write(struct audit_log *log, const struct decision *decision,
                     const struct audit_times *times, struct arena *arena)
{
    struct buf buf;

    if (!log)
        return;
    buf_init(&buf, arena, LINE_MAX_BYTES);
    audit_line_write(decision, times, log->has_reviews, &buf);
    queue_line(log, buf.is_full ? BYTES("") : buf_bytes(&buf));
}

void audit_log_reopen(struct audit_log *log)
{
    if (!strcmp(log->path, "-"))
        return;
    pthread_mutex_lock(&log->lock);
    log->wants_reopen = true;
    pthread_mutex_unlock(&log->lock);
    pthread_cond_signal(&log->wake);
}

static void tell_begin(const struct audit_log *log, const struct error *problem)
{
    log_error("the audit log can't be written; what can't be held back is dropped", "file",
              log->path, "problem",
              *problem->text ? problem->text : "nobody reads it, or more slowly than it grows");
}

static void tell_end(const struct audit_log *log, const char *message, unsigned long dropped)
{
    char figure[32];

    snprintf(figure, sizeof(figure), "%lu", dropped);
    log_warning(message, "file", log->path, "dropped", figure);
}

void audit_log_tell(struct audit_log *log)
{
    struct error problem;
    unsigned long dropped;
    bool is_bad, has_ended;

    pthread_mutex_lock(&log->telling);
    pthread_mutex_lock(&log->lock);
    problem = log->problem;
    dropped = log->dropped;
    has_ended = log->has_ended;
    is_bad = (*problem.text || log->filling.missing) && !has_ended;
    is_bad = is_bad || dropped != log->dropped_seen;
    pthread_mutex_unlock(&log->lock);
    if (is_bad && !log->is_told) {
        tell_begin(log, &problem);
        log->dropped_before = log->dropped_seen;
        log->is_told = true;
    }
    log->dropped_seen = dropped;
    if (log->is_told && (!is_bad || has_ended)) {
        tell_end(log, has_ended ? "the audit log ends" : "the audit log is written again",
                 dropped - log->dropped_before);
        log->is_told = false;
    }
    pthread_mutex_unlock(&log->telling);
}

void audit_log_end(struct audit_log *log)
{
    int64_t until = clock_milliseconds() + END_MS + END_SLACK_MS;
    const struct timespec time = {until / 1000, until % 1000 * 1000000};
    size_t left;

    pthread_mutex_lock(&log->lock);
    log->end_by = until - END_SLACK_MS;
    pthread_cond_signal(&log->wake);
    while (!log->has_ended && pthread_cond_timedwait(&log->ended, &log->lock, &time) == 0)
        continue;
    log->is_joined = log->has_ended;
    left = log->queued;
    pthread_mutex_unlock(&log->lock);
    audit_log_tell(log);
    if (log->is_joined)
        pthread_join(log->thread, NULL);
    else /* a file system that does not answer keeps it */
        tell_end(log, "the audit log ends", left);
}

struct audit_log_figures audit_log_figures(struct audit_log *log)
{
    struct audit_log_figures figures;

    pthread_mutex_lock(&log->lock);
    figures = (struct audit_log_figures){log->dropped, log->queued};
    pthread_mutex_unlock(&log->lock);
    return figures;
}
