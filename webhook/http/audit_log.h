/* audit_log: a file that gets one JSON line a decision, each in one write. */
#pragma once

#include <time.h>

#include "decide.h"

struct audit_log;

/* Appends; "-" is standard output. `path` must outlive it. */
struct audit_log *audit_log_new(const char *path, struct error *err) MUST_CHECK;

void audit_log_free(struct audit_log *log);

/* The same path anew, after somebody moved the file away. On a failure the old file goes on. */
bool audit_log_reopen(struct audit_log *log, struct error *err) MUST_CHECK;

struct audit_times {
    struct timespec when; /* the review came */
    uint64_t judging;     /* how long that took; nanoseconds, as is the next */
    uint64_t waiting;     /* from the review's last byte on until what it reserves was written; 0:
                             nothing     had to be */
};

/* `log` may be NULL. Uses `arena` for the line. */
void audit_log_write(struct audit_log *log, const struct decision *decision,
                     const struct audit_times *times, struct arena *arena);

/* Lines that could not be written. */
unsigned long audit_log_failures(const struct audit_log *log);
