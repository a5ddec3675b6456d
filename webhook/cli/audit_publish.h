/* audit_publish: the reports of an audit, written to the cluster in place of those of the audit
 * before. */
#pragma once

#include <jansson.h>

#include "cluster/kubeconfig.h"

struct audit_published {
    size_t written, removed;
};

/* `reports` as audit_write_reports makes them. Each is applied by the API server (the field manager
 * is "fairgate"), then those of ours go that aren't among them. Namespaces that went meanwhile are
 * passed over. False: the rest is as it was before. */
bool audit_publish(const struct kubeconfig *kubeconfig, const json_t *reports, struct arena *arena,
                   struct audit_published *out, struct error *err) MUST_CHECK;
