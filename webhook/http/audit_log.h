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

/* `log` may be NULL. Uses `arena` for the line. */
void audit_log_write(struct audit_log *log, const struct decision *decision,
                     const struct timespec *when, uint64_t nanoseconds, struct arena *arena);

/* Lines that could not be written. */
unsigned long audit_log_failures(const struct audit_log *log);
