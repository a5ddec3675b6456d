/* Paths of the node that are, hold or lead to its devices, or to who hands them out. All hostPath
 * volumes are judged by their path, mounted or not, since an ephemeral container can still mount
 * them; a subPath only leads further down. */
#include "checks/side_doors.h"
#include "kube/host_path.h"

static const struct path_row {
    const char *path; /* and all below */
    enum side_door door;
    const char *what;
} rows[] = {
    {"/dev", DOOR_HOST_DEVICES, "the node's devices"},
    {"/proc", DOOR_HOST_DEVICES, "the driver's files and the roots of processes"},
    {"/sys", DOOR_HOST_DEVICES, "the node's devices"},
    {"/run/nvidia", DOOR_HOST_DEVICES, "the driver's root, with devices"},
    {"/var/lib/kubelet", DOOR_HOST_SOCKETS, "the kubelet's files and sockets"},
    {"/etc/kubernetes", DOOR_HOST_SOCKETS, "static pods and the kubelet's credentials"},
    {"/run/containerd", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/var/lib/containerd", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/etc/containerd", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/run/crio", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/etc/crio", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/var/lib/containers", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/run/docker.sock", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/run/docker", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/run/cri-dockerd.sock", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/var/lib/docker", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/etc/docker", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/etc/nvidia-container-runtime", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/run/k3s", DOOR_HOST_SOCKETS, "the container runtime"},
    {"/var/lib/rancher", DOOR_HOST_SOCKETS, "the kubelet and the container runtime"},
    {"/run/nri", DOOR_HOST_SOCKETS, "NRI's socket"},
    {"/etc/nri", DOOR_HOST_SOCKETS, "NRI's plugins"},
    {"/opt/nri", DOOR_HOST_SOCKETS, "NRI's plugins"},
    {"/etc/cdi", DOOR_HOST_SOCKETS, "CDI's devices"},
    {"/run/cdi", DOOR_HOST_SOCKETS, "CDI's devices"},
    {"/run/nvidia/mps", DOOR_HOST_NAMESPACES, "the MPS pipe directory"},
    {"/tmp/nvidia-mps", DOOR_HOST_NAMESPACES, "the MPS pipe directory"},
};

/* The first row of a door that the rule denies, so that a path is told of once. */
static const struct path_row *find_row(const struct door_search *search, struct bytes path)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bytes top = bytes_from(rows[i].path);

        if (search->denied & 1u << rows[i].door &&
            (host_path_is_in(path, top) || host_path_is_in(top, path)))
            return &rows[i];
    }
    return NULL;
}

static void tell_path(const struct door_search *search, const struct host_path *mount,
                      const struct path_row *row, struct bytes resolved)
{
    struct arena *arena = search->facts->arena;
    bool leads = !host_path_is_in(resolved, bytes_from(row->path));

    search->findings->value = value_text(mount->path);
    door_tell(search, facts_field(search->facts, mount->path),
              "has the host path \"%s\" in its volume \"%s\", which %s%s%s",
              text_clean(arena, value_text(mount->path), 200), text_quote(arena, mount->volume),
              leads ? "leads to " : "is ", leads ? arena_printf(arena, "%s: ", row->path) : "",
              row->what);
}

void door_look_at_paths(const struct door_search *search)
{
    static const unsigned judged = EVALUATE_POD_CREATE | EVALUATE_TEMPLATE;
    const struct pod *pod = &search->facts->pod;

    for (size_t i = 0; search->facts->evaluation & judged && i < pod->host_path_count; i++) {
        struct bytes resolved =
            host_path_resolve(value_text(pod->host_paths[i].path), search->facts->arena);
        const struct path_row *row = find_row(search, resolved);

        if (row && row->door == search->door)
            tell_path(search, &pod->host_paths[i], row, resolved);
    }
}
