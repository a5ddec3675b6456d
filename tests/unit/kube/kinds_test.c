#include "base/buf.h"
#include "kube/kinds.h"
#include "unit/arena.h"

static const struct {
    const char *group, *resource, *sub_resource, *kind_name;
    enum kind kind;
} requests[] = {
    {"", "pods", "", "Pod", KIND_POD},
    {"", "pods", "resize", "Pod", KIND_POD},
    {"", "pods", "ephemeralcontainers", "Pod", KIND_POD},
    {"", "pods", "status", "Pod", KIND_POD},
    {"", "pods", "binding", "Binding", KIND_BINDING},
    {"", "bindings", "", "Binding", KIND_BINDING},
    {"", "namespaces", "", "Namespace", KIND_NAMESPACE},
    {"scheduling.k8s.io", "priorityclasses", "", "PriorityClass", KIND_PRIORITY_CLASS},
    {"apps", "deployments", "", "Deployment", KIND_TEMPLATE},
    {"apps", "deployments", "scale", "Deployment", KIND_TEMPLATE},
    {"apps", "statefulsets", "", "StatefulSet", KIND_TEMPLATE},
    {"apps", "daemonsets", "", "DaemonSet", KIND_TEMPLATE},
    {"apps", "replicasets", "", "ReplicaSet", KIND_TEMPLATE},
    {"batch", "jobs", "", "Job", KIND_TEMPLATE},
    {"batch", "cronjobs", "", "CronJob", KIND_TEMPLATE},
    {"", "replicationcontrollers", "", "ReplicationController", KIND_TEMPLATE},
    {"jobset.x-k8s.io", "jobsets", "", "JobSet", KIND_TEMPLATE},
    {"leaderworkerset.x-k8s.io", "leaderworkersets", "", "LeaderWorkerSet", KIND_TEMPLATE},
    {"kubeflow.org", "pytorchjobs", "", "PyTorchJob", KIND_TEMPLATE},
    {"ray.io", "rayclusters", "", "RayCluster", KIND_TEMPLATE},
    {"batch.volcano.sh", "jobs", "", "Job", KIND_TEMPLATE},
    {"", "configmaps", "", NULL, KIND_OTHER},
    {"", "deployments", "", NULL, KIND_OTHER},
    {"extensions", "deployments", "", NULL, KIND_OTHER},
    {"example.com", "pods", "", NULL, KIND_OTHER},
    {"example.com", "pods", "binding", NULL, KIND_OTHER},
    {"example.com", "namespaces", "", NULL, KIND_OTHER},
    {"metrics.k8s.io", "pods", "", NULL, KIND_OTHER},
    {"", "pod", "", NULL, KIND_OTHER},
    {"", "Pods", "", NULL, KIND_OTHER},
    {"", "", "", NULL, KIND_OTHER},
};

static void requests_are_known_by_group_resource_and_subresource(void **state)
{
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct review review = {.resource_group = bytes_from(requests[i].group),
                                .resource = bytes_from(requests[i].resource),
                                .sub_resource = bytes_from(requests[i].sub_resource)};
        const struct kind_row *row = kinds_find(&review);

        if ((row != NULL) != (requests[i].kind_name != NULL))
            fail_msg("%s/%s: %s", requests[i].group, requests[i].resource,
                     row ? "is known" : "isn't known");
        if (!row)
            continue;
        assert_int_equal(row->kind, requests[i].kind);
        assert_string_equal(row->kind_name, requests[i].kind_name);
    }
}

static void manifests_are_known_by_group_and_kind(void **state)
{
    static const struct {
        const char *group, *kind, *resource;
    } rows[] = {
        {"", "Pod", "pods"},
        {"", "Namespace", "namespaces"},
        {"", "Binding", "bindings"},
        {"apps", "Deployment", "deployments"},
        {"batch", "Job", "jobs"},
        {"batch.volcano.sh", "Job", "jobs"},
        {"scheduling.k8s.io", "PriorityClass", "priorityclasses"},
        {"", "Job", NULL},
        {"apps", "Pod", NULL},
        {"", "pod", NULL},
        {"", "pods", NULL},
        {"", "", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct kind_row *row =
            kinds_find_manifest(bytes_from(rows[i].group), bytes_from(rows[i].kind));

        assert_int_equal(row != NULL, rows[i].resource != NULL);
        if (!row)
            continue;
        assert_string_equal(row->resource, rows[i].resource);
        assert_string_equal(row->group, rows[i].group);
    }
}

/* Objects whose templates are numbered: {"n":1}, ... */
static const struct {
    const char *group, *kind, *object, *templates;
} holders[] = {
    {"apps", "Deployment", "{\"spec\":{\"template\":{\"n\":1}}}", "spec.template=1"},
    {"apps", "Deployment", "{\"spec\":{\"template\":null}}", ""},
    {"apps", "Deployment", "{\"spec\":{\"template\":[{\"n\":1}]}}", ""},
    {"apps", "Deployment", "{\"spec\":null}", ""},
    {"apps", "Deployment", "{\"template\":{\"n\":1}}", ""},
    {"apps", "Deployment", "{}", ""},
    {"", "Pod", "{\"spec\":{\"template\":{\"n\":1}}}", ""},
    {"", "PodTemplate", "{\"template\":{\"n\":1}}", "template=1"},
    {"", "ReplicationController", "{\"spec\":{\"template\":{\"n\":1}}}", "spec.template=1"},
    {"batch", "CronJob", "{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"n\":1}}}}}",
     "spec.jobTemplate.spec.template=1"},
    {"jobset.x-k8s.io", "JobSet",
     "{\"spec\":{\"replicatedJobs\":[{\"template\":{\"spec\":{\"template\":{\"n\":1}}}},"
     "{\"template\":{\"spec\":{}}},{\"template\":{\"spec\":{\"template\":{\"n\":2}}}}]}}",
     "spec.replicatedJobs[0].template.spec.template=1 "
     "spec.replicatedJobs[2].template.spec.template=2"},
    {"jobset.x-k8s.io", "JobSet", "{\"spec\":{\"replicatedJobs\":[]}}", ""},
    {"jobset.x-k8s.io", "JobSet", "{\"spec\":{\"replicatedJobs\":\"x\"}}", ""},
    {"leaderworkerset.x-k8s.io", "LeaderWorkerSet",
     "{\"spec\":{\"leaderWorkerTemplate\":{\"workerTemplate\":{\"n\":2},\"leaderTemplate\":"
     "{\"n\":1}}}}",
     "spec.leaderWorkerTemplate.leaderTemplate=1 spec.leaderWorkerTemplate.workerTemplate=2"},
    {"leaderworkerset.x-k8s.io", "LeaderWorkerSet",
     "{\"spec\":{\"leaderWorkerTemplate\":{\"workerTemplate\":{\"n\":2}}}}",
     "spec.leaderWorkerTemplate.workerTemplate=2"},
    {"kubeflow.org", "PyTorchJob",
     "{\"spec\":{\"pytorchReplicaSpecs\":{\"Master\":{\"template\":{\"n\":1}},\"Worker\":"
     "{\"template\":{\"n\":2}}}}}",
     "spec.pytorchReplicaSpecs.Master.template=1 spec.pytorchReplicaSpecs.Worker.template=2"},
    {"kubeflow.org", "XGBoostJob",
     "{\"spec\":{\"xgbReplicaSpecs\":{\"Worker\":{\"template\":{\"n\":2}}}}}",
     "spec.xgbReplicaSpecs.Worker.template=2"},
    {"ray.io", "RayCluster",
     "{\"spec\":{\"headGroupSpec\":{\"template\":{\"n\":1}},\"workerGroupSpecs\":["
     "{\"template\":{\"n\":2}},{\"template\":{\"n\":3}}]}}",
     "spec.headGroupSpec.template=1 spec.workerGroupSpecs[0].template=2 "
     "spec.workerGroupSpecs[1].template=3"},
    {"ray.io", "RayJob",
     "{\"spec\":{\"submitterPodTemplate\":{\"n\":3},\"rayClusterSpec\":{\"headGroupSpec\":"
     "{\"template\":{\"n\":1}},\"workerGroupSpecs\":[{\"template\":{\"n\":2}}]}}}",
     "spec.rayClusterSpec.headGroupSpec.template=1 "
     "spec.rayClusterSpec.workerGroupSpecs[0].template=2 spec.submitterPodTemplate=3"},
    {"ray.io", "RayService",
     "{\"spec\":{\"rayClusterConfig\":{\"headGroupSpec\":{\"template\":{\"n\":1}}}}}",
     "spec.rayClusterConfig.headGroupSpec.template=1"},
    {"batch.volcano.sh", "Job",
     "{\"spec\":{\"tasks\":[{\"template\":{\"n\":1}},{\"template\":{\"n\":2}}]}}",
     "spec.tasks[0].template=1 spec.tasks[1].template=2"},
    {"argoproj.io", "Rollout", "{\"spec\":{\"template\":{\"n\":1}}}", "spec.template=1"},
    {"scheduling.k8s.io", "PodGroup", "{\"spec\":{\"n\":1}}", "spec=1"},
    {"scheduling.volcano.sh", "PodGroup", "{\"spec\":{\"n\":1}}", "spec=1"},
    {"scheduling.k8s.io", "Workload",
     "{\"spec\":{\"podGroupTemplates\":[{\"n\":1},{\"n\":2}],\"compositePodGroupTemplates\":["
     "{\"n\":3,\"podGroupTemplates\":[{\"n\":6}]},{\"n\":4,\"compositePodGroupTemplates\":[{\"n\":"
     "5,"
     "\"podGroupTemplates\":[{\"n\":7}]}]}]}}",
     "spec.podGroupTemplates[0]=1 spec.podGroupTemplates[1]=2 "
     "spec.compositePodGroupTemplates[0]=3 spec.compositePodGroupTemplates[1]=4 "
     "spec.compositePodGroupTemplates[1].compositePodGroupTemplates[0]=5 "
     "spec.compositePodGroupTemplates[0].podGroupTemplates[0]=6 "
     "spec.compositePodGroupTemplates[1].compositePodGroupTemplates[0].podGroupTemplates[0]=7"},
    {"batch", "Job", "{\"spec\":{\"tasks\":[{\"template\":{\"n\":1}}]}}", ""},
};

static void templates_are_found_where_each_kind_has_them(void **state)
{
    for (size_t i = 0; i < COUNT(holders); i++) {
        const struct kind_row *row =
            kinds_find_manifest(bytes_from(holders[i].group), bytes_from(holders[i].kind));
        struct templates found;
        struct document document;
        struct buf buf;

        assert_non_null(row);
        document_parse(bytes_from(holders[i].object), 64, &arena, &document);
        assert_true(document_is_sound(&document));
        kinds_find_templates(row, document_root(&document), &arena, &found);
        buf_init(&buf, &arena, 65536);
        for (size_t j = 0; j < found.count; j++)
            buf_printf(&buf, "%s%s=%.*s", j ? " " : "", found.items[j].path,
                       BYTES_ARG(value_number(value_member(found.items[j].value, "n"))));
        assert_string_equal(buf.data ? buf.data : "", holders[i].templates);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(requests_are_known_by_group_resource_and_subresource,
                                  release_arena),
        cmocka_unit_test_teardown(manifests_are_known_by_group_and_kind, release_arena),
        cmocka_unit_test_teardown(templates_are_found_where_each_kind_has_them, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
