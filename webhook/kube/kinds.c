#include "kube/kinds.h"

#include "base/buf.h"

static const struct kind_row rows[] = {
    {"", "pods", "Pod", KIND_POD, NULL},
    {"", "bindings", "Binding", KIND_BINDING, NULL},
    {"", "namespaces", "Namespace", KIND_NAMESPACE, NULL},
    {"scheduling.k8s.io", "priorityclasses", "PriorityClass", KIND_PRIORITY_CLASS, NULL},
    {"resource.k8s.io", "resourceclaims", "ResourceClaim", KIND_CLAIM, NULL},
    {"resource.k8s.io", "resourceclaimtemplates", "ResourceClaimTemplate", KIND_CLAIM_TEMPLATE,
     NULL},
    {"", "podtemplates", "PodTemplate", KIND_TEMPLATE, "template"},
    {"", "replicationcontrollers", "ReplicationController", KIND_TEMPLATE, "spec.template"},
    {"apps", "deployments", "Deployment", KIND_TEMPLATE, "spec.template"},
    {"apps", "statefulsets", "StatefulSet", KIND_TEMPLATE, "spec.template"},
    {"apps", "daemonsets", "DaemonSet", KIND_TEMPLATE, "spec.template"},
    {"apps", "replicasets", "ReplicaSet", KIND_TEMPLATE, "spec.template"},
    {"batch", "jobs", "Job", KIND_TEMPLATE, "spec.template"},
    {"batch", "cronjobs", "CronJob", KIND_TEMPLATE, "spec.jobTemplate.spec.template"},
    {"jobset.x-k8s.io", "jobsets", "JobSet", KIND_TEMPLATE,
     "spec.replicatedJobs[].template.spec.template"},
    {"leaderworkerset.x-k8s.io", "leaderworkersets", "LeaderWorkerSet", KIND_TEMPLATE,
     "spec.leaderWorkerTemplate.leaderTemplate spec.leaderWorkerTemplate.workerTemplate"},
    {"kubeflow.org", "pytorchjobs", "PyTorchJob", KIND_TEMPLATE,
     "spec.pytorchReplicaSpecs.*.template"},
    {"kubeflow.org", "tfjobs", "TFJob", KIND_TEMPLATE, "spec.tfReplicaSpecs.*.template"},
    {"kubeflow.org", "mpijobs", "MPIJob", KIND_TEMPLATE, "spec.mpiReplicaSpecs.*.template"},
    {"kubeflow.org", "xgboostjobs", "XGBoostJob", KIND_TEMPLATE, "spec.xgbReplicaSpecs.*.template"},
    {"kubeflow.org", "jaxjobs", "JAXJob", KIND_TEMPLATE, "spec.jaxReplicaSpecs.*.template"},
    {"ray.io", "rayclusters", "RayCluster", KIND_TEMPLATE,
     "spec.headGroupSpec.template spec.workerGroupSpecs[].template"},
    {"ray.io", "rayjobs", "RayJob", KIND_TEMPLATE,
     "spec.rayClusterSpec.headGroupSpec.template "
     "spec.rayClusterSpec.workerGroupSpecs[].template spec.submitterPodTemplate"},
    {"ray.io", "rayservices", "RayService", KIND_TEMPLATE,
     "spec.rayClusterConfig.headGroupSpec.template "
     "spec.rayClusterConfig.workerGroupSpecs[].template"},
    {"batch.volcano.sh", "jobs", "Job", KIND_TEMPLATE, "spec.tasks[].template"},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

const struct kind_row *kinds_find(const struct review *review)
{
    static const struct kind_row pod_binding = {"", "pods", "Binding", KIND_BINDING, NULL};

    if (bytes_is(review->resource, "pods") && review->resource_group.len == 0 &&
        bytes_is(review->sub_resource, "binding"))
        return &pod_binding;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (bytes_is(review->resource, rows[i].resource) &&
            bytes_is(review->resource_group, rows[i].group))
            return &rows[i];
    }
    return NULL;
}

const struct kind_row *kinds_find_manifest(struct bytes group, struct bytes kind)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (bytes_is(kind, rows[i].kind_name) && bytes_is(group, rows[i].group))
            return &rows[i];
    }
    return NULL;
}

/* Follow what is left of one path; `written` is how people write what was followed. */
static void follow(struct value value, struct bytes path, const char *written, struct arena *arena,
                   struct templates *out)
{
    const char *dot = path.len ? memchr(path.data, '.', path.len) : NULL;
    size_t len = dot ? (size_t)(dot - path.data) : path.len;
    struct bytes part = {path.data, len};
    struct bytes rest = dot ? bytes_tail(path, len + 1) : (struct bytes){0};
    bool is_array = bytes_has_suffix(part, BYTES("[]"));
    size_t index = 0;

    if (path.len == 0) {
        if (value_type(value) == VALUE_OBJECT)
            *ARENA_APPEND(arena, out->items, out->count) = (struct template){value, written};
        return;
    }
    if (bytes_is(part, "*")) {
        for (struct value v = value_first(value); value_type(v); v = value_next(v))
            follow(v, rest, arena_printf(arena, "%s.%s", written, text_quote(arena, value_name(v))),
                   arena, out);
        return;
    }
    if (is_array)
        part.len -= 2;
    value = value_member_named(value, part);
    written = arena_printf(arena, "%s%s%.*s", written, *written ? "." : "", BYTES_ARG(part));
    if (!is_array) {
        follow(value, rest, written, arena, out);
        return;
    }
    for (struct value v = value_first(value); value_type(v); v = value_next(v), index++)
        follow(v, rest, arena_printf(arena, "%s[%zu]", written, index), arena, out);
}

void kinds_find_templates(const struct kind_row *row, struct value object, struct arena *arena,
                          struct templates *out)
{
    const char *at = row->templates;

    *out = (struct templates){0};
    while (at && *at) {
        const char *blank = strchr(at, ' ');
        size_t len = blank ? (size_t)(blank - at) : strlen(at);

        follow(object, (struct bytes){at, len}, "", arena, out);
        at += len + (blank != NULL);
    }
}
