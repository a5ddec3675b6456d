#include "cli/audit_cluster.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cluster/lister.h"

enum { MOST_PAGE_MS = 60 * 1000, MOST_IDLE_SECONDS = 20, MAX_STATE_BYTES = 1 << 30 };

static const char no_memory[] = "there is no memory for what the cluster has";

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
    size_t size;
    const struct resource *resource;
    struct arena arena; /* of an item */
};

static void add_member(struct buf *buf, const char *comma, struct value member)
{
    buf_add_text(buf, comma);
    buf_add_json(buf, value_name(member));
    buf_add_char(buf, ':');
    buf_add(buf, value_raw(member));
}

/* Without managedFields, which can be most of an object, and which nothing reads. */
static void add_metadata(struct buf *buf, struct value metadata)
{
    const char *comma = "";

    buf_add_text(buf, ",\"metadata\":{");
    for (struct value v = value_first(metadata); value_type(v); v = value_next(v)) {
        if (bytes_is(value_name(v), "managedFields"))
            continue;
        add_member(buf, comma, v);
        comma = ",";
    }
    buf_add_char(buf, '}');
}

/* Items of most lists don't say what they are. */
static void add_item(struct buf *buf, const struct resource *resource, struct value object)
{
    buf_printf(buf, "{\"apiVersion\":\"%s\",\"kind\":\"%s\"", resource->api_version,
               resource->kind);
    for (struct value v = value_first(object); value_type(v); v = value_next(v)) {
        struct bytes name = value_name(v);

        if (bytes_is(name, "metadata"))
            add_metadata(buf, v);
        else if (!bytes_is(name, "apiVersion") && !bytes_is(name, "kind"))
            add_member(buf, ",", v);
    }
    buf_add_text(buf, "}\n");
}

static bool write_item(void *context, struct value object, struct error *err)
{
    struct fetching *fetching = context;
    struct buf buf;
    bool is_written;

    buf_init(&buf, &fetching->arena, MAX_STATE_BYTES - fetching->size);
    add_item(&buf, fetching->resource, object);
    fetching->size += buf.len;
    is_written = !buf.is_full && fwrite(buf.data, buf.len, 1, fetching->file) == 1;
    arena_reset(&fetching->arena);
    return is_written || (buf.is_full ? error_set_limit(err, "the cluster has more than 1 GiB")
                                      : error_set(err, "%s", no_memory));
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

/* It stays where it is. */
static bool map_file(FILE *file, size_t size, struct bytes *out, struct error *err)
{
    void *text = MAP_FAILED;

    if (fflush(file) == 0)
        text = mmap(NULL, size + 1, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    if (text == MAP_FAILED)
        return error_set(err, "%s", no_memory);
    *out = (struct bytes){text, size};
    return true;
}

bool audit_fetch_state(const struct kubeconfig *kubeconfig, struct bytes *out, struct error *err)
{
    int memory = memfd_create("state", MFD_CLOEXEC);
    struct fetching fetching = {.file = memory < 0 ? NULL : fdopen(memory, "w")};
    struct api_client *client;
    bool is_fetched = true;

    if (!fetching.file)
        return error_set(err, "%s", no_memory);
    client = api_client_new(kubeconfig);
    for (size_t i = 0; i < sizeof(resources) / sizeof(*resources) && is_fetched; i++) {
        fetching.resource = &resources[i];
        is_fetched = fetch(client, &fetching, err);
    }
    api_client_free(client);
    is_fetched = is_fetched && map_file(fetching.file, fetching.size, out, err);
    fclose(fetching.file);
    arena_release(&fetching.arena);
    return is_fetched;
}
