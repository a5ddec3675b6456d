#include "cli/audit_cluster.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cluster/lister.h"

enum { MOST_PAGE_MS = 60 * 1000, MOST_IDLE_SECONDS = 20 };

static const struct resource {
    const char *path, *group, *name, *api_version, *kind;
    bool is_optional; /* Kubernetes has it from 1.34 on, where nobody switched it off */
} resources[] = {
    {"/api/v1/namespaces", "", "namespaces", "v1", "Namespace", false},
    {"/api/v1/nodes", "", "nodes", "v1", "Node", false},
    {"/apis/scheduling.k8s.io/v1/priorityclasses", "scheduling.k8s.io", "priorityclasses",
     "scheduling.k8s.io/v1", "PriorityClass", false},
    {"/apis/resource.k8s.io/v1/deviceclasses", "resource.k8s.io", "deviceclasses",
     "resource.k8s.io/v1", "DeviceClass", true},
    {"/apis/resource.k8s.io/v1/resourceclaimtemplates", "resource.k8s.io", "resourceclaimtemplates",
     "resource.k8s.io/v1", "ResourceClaimTemplate", true},
    {"/apis/resource.k8s.io/v1/resourceclaims", "resource.k8s.io", "resourceclaims",
     "resource.k8s.io/v1", "ResourceClaim", true},
    {"/apis/networking.k8s.io/v1/networkpolicies", "networking.k8s.io", "networkpolicies",
     "networking.k8s.io/v1", "NetworkPolicy", false},
    {"/api/v1/resourcequotas", "", "resourcequotas", "v1", "ResourceQuota", false},
    {"/api/v1/limitranges", "", "limitranges", "v1", "LimitRange", false},
    {"/api/v1/pods", "", "pods", "v1", "Pod", false},
    {"/api/v1/replicationcontrollers", "", "replicationcontrollers", "v1", "ReplicationController",
     false},
    {"/apis/apps/v1/deployments", "apps", "deployments", "apps/v1", "Deployment", false},
    {"/apis/apps/v1/statefulsets", "apps", "statefulsets", "apps/v1", "StatefulSet", false},
    {"/apis/apps/v1/daemonsets", "apps", "daemonsets", "apps/v1", "DaemonSet", false},
    {"/apis/apps/v1/replicasets", "apps", "replicasets", "apps/v1", "ReplicaSet", false},
    {"/apis/batch/v1/jobs", "batch", "jobs", "batch/v1", "Job", false},
    {"/apis/batch/v1/cronjobs", "batch", "cronjobs", "batch/v1", "CronJob", false},
};

struct fetching {
    FILE *file;
    const struct resource *resource;
};

/* Items of a list don't say what they are. */
static bool write_item(void *context, struct value object, struct error *err)
{
    const struct fetching *fetching = context;
    struct bytes raw = value_raw(object);

    if (value_count(object) == 0)
        return true;
    return fprintf(fetching->file, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",%.*s\n",
                   fetching->resource->api_version, fetching->resource->kind,
                   BYTES_ARG(bytes_tail(raw, 1))) > 0 ||
           error_set(err, "%s can't be kept", fetching->resource->name);
}

static bool fetch(struct api_client *client, struct fetching *fetching, struct error *err)
{
    const struct resource *resource = fetching->resource;
    struct list_call call = {.path = resource->path,
                             .milliseconds = MOST_PAGE_MS,
                             .most_idle_seconds = MOST_IDLE_SECONDS,
                             .item = write_item,
                             .context = fetching};
    struct list_result result;
    struct api_answer answer = {0};

    if (lister_read(client, &call, &result, &answer, err))
        return true;
    if (resource->is_optional && answer.status == 404) {
        *err = (struct error){0};
        return true;
    }
    if (answer.status == 403)
        api_client_name_rule(resource->group, resource->name, "\"list\"", "", err);
    return error_wrap(err, "%s", resource->name);
}

bool audit_fetch_state(const struct kubeconfig *kubeconfig, struct arena *arena, const char **out,
                       struct error *err)
{
    int memory = memfd_create("state", MFD_CLOEXEC);
    struct fetching fetching = {.file = memory < 0 ? NULL : fdopen(memory, "w")};
    struct api_client *client;
    bool is_fetched = true;

    if (!fetching.file)
        return error_set(err, "there is no memory for what the cluster has");
    client = api_client_new(kubeconfig);
    for (size_t i = 0; i < sizeof(resources) / sizeof(*resources) && is_fetched; i++) {
        fetching.resource = &resources[i];
        is_fetched = fetch(client, &fetching, err);
    }
    api_client_free(client);
    if (is_fetched && fflush(fetching.file) != 0)
        is_fetched = error_set(err, "there is no memory for what the cluster has");
    *out = arena_printf(arena, "/proc/self/fd/%d", memory);
    return is_fetched;
}
