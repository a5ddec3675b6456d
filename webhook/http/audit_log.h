/* audit_log: a file that gets one JSON line a decision, from a thread of its own.
 *
 * Whoever decides leaves its line in a queue and goes on: a file that is slow, full or not read
 * delays nobody. What the queue has no room for is dropped and counted, and a line in the file says
 * how many are missing where they are. */
#pragma once

#include "http/audit_file.h"
#include "http/audit_line.h"

struct audit_log;

struct audit_log_figures {
    unsigned long dropped; /* lines of decisions that never came to be in the file */
    size_t queued;         /* those that wait */
};

struct audit_log_config {
    struct audit_file_config file;
    bool has_reviews; /* lines have them, less what is secret */
};

/* What `config` points to must outlive it. */
struct audit_log *audit_log_new(const struct audit_log_config *config,
                                struct error *err) MUST_CHECK;

/* Where nobody writes to it any more. */
void audit_log_free(struct audit_log *log);

/* `log` may be NULL. Uses `arena` for the line. */
void audit_log_write(struct audit_log *log, const struct decision *decision,
                     const struct audit_times *times, struct arena *arena);

/* Soon: the same path anew, after somebody moved the file away. Every line is in one of the two. On
 * a failure the old file goes on; standard output does in any case. */
void audit_log_reopen(struct audit_log *log);

/* Tell in the log when lines begin to be dropped, or can't be written, and when that is over. To be
 * called a few times a second, by one thread. */
void audit_log_tell(struct audit_log *log);

/* Write what is queued, for three seconds at most, and tell of what is left. */
void audit_log_end(struct audit_log *log);

struct audit_log_figures audit_log_figures(struct audit_log *log);
