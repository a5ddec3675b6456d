/* audit_line: what the audit log says of one decision. docs/audit-log.md describes it. */
#pragma once

#include <time.h>

#include "decide.h"

struct audit_times {
    struct timespec when; /* the review came */
    uint64_t judging;     /* how long that took; nanoseconds, as is the next */
    uint64_t waiting;     /* from the review's last byte on until what it reserves was written;
                           * 0: nothing had to be */
};

/* One line of JSON, its end included; `has_review`: with the review, less what is secret. */
void audit_line_write(const struct decision *decision, const struct audit_times *times,
                      bool has_review, struct buf *buf);

/* A line that stands where the lines of so many decisions are missing. */
void audit_line_write_gap(unsigned long missing, struct buf *buf);
