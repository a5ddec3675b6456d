/* metrics: what is counted of the requests, and the text that Prometheus reads.
 *
 * Each thread counts in a shard of its own, under a lock that only a scrape ever contends for. */
#pragma once

#include "base/buf.h"
#include "decide.h"

struct metrics;
struct metrics_shard;

/* Requests that get no AdmissionReview for an answer. */
enum refusal {
    REFUSED_NOT_A_REVIEW,
    REFUSED_PATH,
    REFUSED_METHOD,
    REFUSED_TOO_LARGE,
    REFUSED_BAD_HTTP,
    REFUSED_POLICY_SET_CHANGING,
    REFUSAL_COUNT
};

/* Whom a decision concerns; "" where it is nobody's. */
const char *decision_tenant(const struct decision *decision);

/* How a rule that the decision found broken is enforced: "deny", "warn" or "audit". */
const char *decision_enforcement(const struct decision *decision, const char *rule);

struct metrics *metrics_new(size_t shard_count);
void metrics_free(struct metrics *metrics);
struct metrics_shard *metrics_shard(struct metrics *metrics, size_t at);

void metrics_count_decision(struct metrics_shard *shard, const struct decision *decision,
                            uint64_t nanoseconds);
/* How long its answer waited until what it reserves was written. */
void metrics_count_wait(struct metrics_shard *shard, uint64_t nanoseconds);
void metrics_count_refusal(struct metrics_shard *shard, enum refusal refusal);

/* All shards' sums; what may yet be counted for one of these tenants is 0. */
void metrics_write(struct metrics *metrics, const struct tenancy *tenancy, struct buf *buf);

/* The lines before a metric's samples. `type` is counter, gauge or histogram. */
void metrics_write_head(struct buf *buf, const char *name, const char *type, const char *help);

/* A metric that has one sample, without labels. */
void metrics_write_value(struct buf *buf, const char *name, const char *type, const char *help,
                         long long value);

/* name="value", escaped as the text format wants. */
void metrics_write_label(struct buf *buf, const char *name, struct bytes value);
