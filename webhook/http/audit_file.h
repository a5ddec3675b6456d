/* audit_file: where the audit log's lines go: a file, a FIFO, or standard output. For one thread.
 *
 * No call waits for a reader: a FIFO or pipe is given what it has room for. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct audit_file_config {
    const char *path; /* "-": standard output */
    int64_t
        max_bytes; /* a file that would be larger becomes PATH.1, if it is a file; 0: none does */
    int64_t keep;  /* so many of them stay: PATH.1 to PATH.keep, the last one the oldest; 0: five */
};

struct audit_file {
    struct audit_file_config config;
    int fd; /* -1: a FIFO without a reader yet */
    bool is_regular;
    bool is_torn;      /* it ends within a line that won't be completed */
    bool is_open;      /* the last byte written ended no line */
    int64_t rotate_at; /* so large it may grow, since it could not be rotated; 0: it could */
};

/* What `config` points to must outlive it. */
bool audit_file_open(struct audit_file *file, const struct audit_file_config *config,
                     struct error *err) MUST_CHECK;

/* The same path anew, after somebody moved the file away: begins with a whole line. On a failure
 * the old file goes on. Not of standard output. */
bool audit_file_reopen(struct audit_file *file, struct error *err) MUST_CHECK;

/* Did somebody remove it? What is written to it then, nobody will read. */
bool audit_file_is_removed(const struct audit_file *file);

/* Write some of `lines`: how many bytes it was. 0: none can be for now, after a wait of a tenth of
 * a second at most where nobody reads; or none at all, and `err` says why. Where the last call
 * ended within a line, `lines` begins with its rest. */
size_t audit_file_write(struct audit_file *file, struct bytes lines, struct error *err);

void audit_file_close(struct audit_file *file);
