/* audit_review: a review as the audit log may hold it: to be judged again, without what is, or may
 * be, secret and what no rule reads. */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/* The review at `root`, sound JSON, on one line. */
void audit_review_write(struct value root, struct buf *buf);
