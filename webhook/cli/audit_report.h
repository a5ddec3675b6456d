/* audit_report: what an audit found, as a table, as JSON, or as PolicyReports. */
#pragma once

#include <jansson.h>

#include "cli/audit.h"

void audit_print_table(const struct audit *audit);
json_t *audit_write_json(const struct audit *audit);

/* wgpolicyk8s.io/v1alpha2: a PolicyReport for each namespace that has results, and a
 * ClusterPolicyReport for those of tenants and of what has no namespace; an array. Each holds at
 * most 1,000 results, and counts all. */
json_t *audit_write_reports(const struct audit *audit);
