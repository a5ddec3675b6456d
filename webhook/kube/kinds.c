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
    {"kubeflow.org", "paddlejobs", "PaddleJob", KIND_TEMPLATE,
     "spec.paddleReplicaSpecs.*.template"},
    {"batch.volcano.sh", "jobs", "Job", KIND_TEMPLATE, "spec.tasks[].template"},
    {"argoproj.io", "rollouts", "Rollout", KIND_TEMPLATE, "spec.template"},
    {"serving.knative.dev", "services", "Service", KIND_TEMPLATE, "spec.template"},
    {"serving.knative.dev", "configurations", "Configuration", KIND_TEMPLATE, "spec.template"},
    {"apps.kruise.io", "clonesets", "CloneSet", KIND_TEMPLATE, "spec.template"},
    {"apps.kruise.io", "statefulsets", "StatefulSet", KIND_TEMPLATE, "spec.template"},
    {"apps.kruise.io", "daemonsets", "DaemonSet", KIND_TEMPLATE, "spec.template"},
    {"apps.openshift.io", "deploymentconfigs", "DeploymentConfig", KIND_TEMPLATE, "spec.template"},
    {"scheduling.k8s.io", "podgroups", "PodGroup", KIND_GROUP, "spec"},
    {"scheduling.k8s.io", "compositepodgroups", "CompositePodGroup", KIND_GROUP, "spec"},
    {"scheduling.k8s.io", "workloads", "Workload", KIND_GROUP,
     "spec.podGroupTemplates[] spec.compositePodGroupTemplates[]* "
     "spec.compositePodGroupTemplates[]*.podGroupTemplates[]"},
    {"scheduling.volcano.sh", "podgroups", "PodGroup", KIND_GROUP, "spec"},
    {"scheduling.run.ai", "podgroups", "PodGroup", KIND_GROUP, "spec"},
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

/* Of so many templates the paths are written down. More are counted only: an object has no so many
 * that are judged. */
enum { MAX_WRITTEN = 1024, MAX_PATH_BYTES = 64 * 1024 };

/* What was followed, from the last part up. */
struct trail {
    const struct trail *up;
    struct bytes name; /* of a member; empty: an element of an array */
    size_t index;
};

struct following {
    struct arena *arena;
    struct templates *out;
};

static void write_trail(const struct trail *trail, struct buf *buf)
{
    if (!trail)
        return;
    write_trail(trail->up, buf);
    if (trail->name.len)
        buf_printf(buf, "%s%s", buf->len ? "." : "", text_quote(buf->arena, trail->name));
    else
        buf_printf(buf, "[%zu]", trail->index);
}

static void add_template(const struct following *following, struct value value,
                         const struct trail *trail)
{
    struct templates *out = following->out;
    const char *path = "";
    struct buf buf;

    if (out->count < MAX_WRITTEN) {
        buf_init(&buf, following->arena, MAX_PATH_BYTES);
        write_trail(trail, &buf);
        path = buf.data;
    }
    *ARENA_APPEND(following->arena, out->items, out->count) = (struct template){value, path};
}

/* Follow what is left of one path. */
static void follow(const struct following *following, struct value value, struct bytes path,
                   const struct trail *trail)
{
    const char *dot = path.len ? memchr(path.data, '.', path.len) : NULL;
    size_t len = dot ? (size_t)(dot - path.data) : path.len;
    struct bytes part = {path.data, len};
    struct bytes rest = dot ? bytes_tail(path, len + 1) : (struct bytes){0};
    bool is_nested = bytes_has_suffix(part, BYTES("[]*"));
    bool is_array = is_nested || bytes_has_suffix(part, BYTES("[]"));
    struct trail member = {.up = trail, .name = part}, element = {.up = &member};

    if (path.len == 0) {
        if (value_type(value) == VALUE_OBJECT)
            add_template(following, value, trail);
        return;
    }
    if (bytes_is(part, "*")) {
        for (struct value v = value_first(value); value_type(v); v = value_next(v)) {
            member.name = value_name(v);
            follow(following, v, rest, &member);
        }
        return;
    }
    if (is_array)
        member.name.len -= is_nested ? 3 : 2;
    value = value_member_named(value, member.name);
    if (!is_array) {
        follow(following, value, rest, &member);
        return;
    }
    for (struct value v = value_first(value); value_type(v); v = value_next(v), element.index++) {
        follow(following, v, rest, &element);
        if (is_nested)
            follow(following, v, path, &element);
    }
}

void kinds_find_templates(const struct kind_row *row, struct value object, struct arena *arena,
                          struct templates *out)
{
    const struct following following = {arena, out};
    const char *at = row->templates;

    *out = (struct templates){0};
    while (at && *at) {
        const char *blank = strchr(at, ' ');
        size_t len = blank ? (size_t)(blank - at) : strlen(at);

        follow(&following, object, (struct bytes){at, len}, NULL);
        at += len + (blank != NULL);
    }
}
