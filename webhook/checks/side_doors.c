/* sideDoors: every way to a GPU that bypasses the request for one.
 *
 * Of a pod that is there already only what can still be changed is judged: ephemeral containers and
 * annotations, with the request for a GPU that they may be. Where a door stands in files of its
 * own, side_doors.h says so. */
#include "checks/side_doors.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "kube/host_path.h"

struct door_settings {
    const struct node *node;
    unsigned deny, except; /* 1 << enum side_door */
    int word;              /* of the shorthand, which has but one */
};

static const char *const names[] = {
    [DOOR_PRIVILEGED] = "privileged",
    [DOOR_CAPABILITIES] = "capabilities",
    [DOOR_HOST_DEVICES] = "hostDevices",
    [DOOR_HOST_SOCKETS] = "hostSockets",
    [DOOR_HOST_NAMESPACES] = "hostNamespaces",
    [DOOR_VISIBLE_DEVICES] = "visibleDevices",
    [DOOR_DRIVER_VARIABLES] = "driverVariables",
    [DOOR_VOLUME_MOUNT_DEVICES] = "volumeMountDevices",
    [DOOR_DEVICE_ANNOTATIONS] = "deviceAnnotations",
    [DOOR_RUNTIME_CLASS] = "runtimeClass",
    [DOOR_NODE_NAME] = "nodeName",
    [DOOR_MONITORING] = "monitoring",
    [DOOR_ENV_FROM] = "envFrom",
    [DOOR_HOST_NETWORK] = "hostNetwork",
    [DOOR_COUNT] = NULL,
};

/* What each of them denies, as docs/policy-language.md says it. */
static const char *const summaries[] = {
    [DOOR_PRIVILEGED] = "a privileged container",
    [DOOR_CAPABILITIES] = "adds SYS_ADMIN, MKNOD or ALL (any case, with or without `CAP_`)",
    [DOOR_HOST_DEVICES] =
        "mounts a host path that is, holds or leads to device files: `/`, `/dev` and below, "
        "`/proc`, `/sys`, `/run/nvidia`",
    [DOOR_HOST_SOCKETS] =
        "mounts the kubelet's, the runtime's, NRI's or CDI's directories, or the static pods'",
    [DOOR_HOST_NAMESPACES] = "`hostPID`, `hostIPC`, or the MPS pipe directory",
    [DOOR_VISIBLE_DEVICES] =
        "sets a `*_VISIBLE_DEVICES` variable that a runtime reads to anything but nothing, "
        "`void` or `none`, or takes it from elsewhere (`valueFrom`)",
    [DOOR_DRIVER_VARIABLES] =
        "`NVIDIA_IMEX_CHANNELS`, `NVIDIA_MIG_*_DEVICES`, `NVIDIA_GDS`, `NVIDIA_MOFED`, "
        "`NVIDIA_GDRCOPY`, `NVIDIA_NVSWITCH`, `CUDA_DISABLE_CONTROL`",
    [DOOR_VOLUME_MOUNT_DEVICES] = "mounts under `/var/run/nvidia-container-devices`",
    [DOOR_DEVICE_ANNOTATIONS] =
        "CDI, NRI and other annotations that inject devices, or that only a scheduler "
        "should write",
    [DOOR_RUNTIME_CLASS] = "a GPU runtime class without a request for a GPU",
    [DOOR_NODE_NAME] = "names its node itself (unless a node or `Cluster.admins` creates it)",
    [DOOR_MONITORING] = "a resource that shows every GPU of the node",
    [DOOR_ENV_FROM] = "a GPU container that takes variables wholesale from a ConfigMap or Secret",
    [DOOR_HOST_NETWORK] = "the node's network, from which its credentials can be had",
    [DOOR_COUNT] = NULL,
};

/* These stop many honest pods. */
static const unsigned by_name_only = 1u << DOOR_ENV_FROM | 1u << DOOR_HOST_NETWORK;

static const char *const deny_words[] = {"deny", NULL};

static const struct field shorthand = {
    .name = "sideDoors",
    .type = FIELD_ENUM,
    .words = deny_words,
    .or_else = "a map",
    .offset = offsetof(struct door_settings, word),
};

static const struct field fields[] = {
    {.name = "deny",
     .type = FIELD_ENUMS,
     .words = names,
     .meanings = summaries,
     .all = "all",
     .is_required = true,
     .offset = offsetof(struct door_settings, deny),
     .summary = "the side doors that are shut, or all"},
    {.name = "except",
     .type = FIELD_ENUMS,
     .words = names,
     .offset = offsetof(struct door_settings, except),
     .summary = "of all, those that are left open"},
    {0},
};

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    struct door_settings *settings = out;
    const unsigned all = (1u << DOOR_COUNT) - 1;
    const struct node *except = node_find_key(settings->node, "except");
    const struct node *deny = node_find(settings->node, "deny");

    (void)arena;
    if (!deny)
        settings->deny = all & ~by_name_only;
    if (except && deny && deny->kind == NODE_LIST)
        problems_add(problems, except, "\"except\" is for \"deny: all\" only");
    settings->deny &= ~settings->except;
    if (settings->deny == 0)
        problems_add(problems, except, "\"except\" leaves no side door to deny");
}

static const struct schema settings_schema = {.name = "sideDoors",
                                              .fields = fields,
                                              .size = sizeof(struct door_settings),
                                              .shorthand = &shorthand,
                                              .finish = finish};

bool door_judges(const struct door_search *search, const struct container *container)
{
    return search->facts->evaluation != EVALUATE_POD_EPHEMERAL ||
           container->kind == CONTAINER_EPHEMERAL;
}

const char *door_container(const struct door_search *search, const struct container *container)
{
    static const char *const kinds[] = {[CONTAINER_MAIN] = "",
                                        [CONTAINER_INIT] = "init ",
                                        [CONTAINER_SIDECAR] = "sidecar ",
                                        [CONTAINER_EPHEMERAL] = "ephemeral "};
    struct arena *arena = search->facts->arena;

    return arena_printf(arena, "the %scontainer \"%s\"", kinds[container->kind],
                        text_quote(arena, container->name));
}

const char *door_field(const struct door_search *search, const struct container *container,
                       const char *list, size_t index)
{
    if (findings_are_full(search->findings))
        return "";
    return arena_printf(search->facts->arena, "%s.%s[%zu]",
                        facts_field(search->facts, container->value), list, index);
}

static void look_at_privileged(const struct door_search *search)
{
    const struct pod *pod = &search->facts->pod;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container *container = &pod->containers[i];
        struct value value = value_member(container->security, "privileged");

        if (value_is_set(value) && value_type(value) != VALUE_FALSE &&
            door_judges(search, container))
            door_tell(search, facts_field(search->facts, value), "runs %s privileged",
                      door_container(search, container));
    }
}

/* In any case, with or without CAP_. */
static bool gives_devices(struct bytes capability)
{
    static const char *const capabilities[] = {"SYS_ADMIN", "MKNOD", "ALL"};
    struct bytes name = capability;

    if (name.len >= 4 && !strncasecmp(name.data, "CAP_", 4))
        name = bytes_tail(name, 4);
    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        if (name.len == strlen(capabilities[i]) &&
            !strncasecmp(name.data, capabilities[i], name.len))
            return true;
    }
    return false;
}

static void look_at_capabilities(const struct door_search *search)
{
    const struct pod *pod = &search->facts->pod;
    struct arena *arena = search->facts->arena;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container *container = &pod->containers[i];
        struct value added = value_path(container->security, "capabilities.add");
        size_t index = 0;

        for (struct value v = value_first(added); value_type(v); v = value_next(v), index++) {
            if (gives_devices(value_text(v)) && door_judges(search, container))
                door_tell(search,
                          door_field(search, container, "securityContext.capabilities.add", index),
                          "adds the capability %s to %s", text_quote(arena, value_text(v)),
                          door_container(search, container));
        }
    }
}

static void look_at_namespaces(const struct door_search *search)
{
    static const unsigned judged = EVALUATE_POD_CREATE | EVALUATE_TEMPLATE;
    const struct facts *facts = search->facts;

    if (facts->evaluation & judged && facts->pod.has_host_pid)
        door_tell(search, facts_path(facts, "spec.hostPID"), "has the node's processes (hostPID)");
    if (facts->evaluation & judged && facts->pod.has_host_ipc)
        door_tell(search, facts_path(facts, "spec.hostIPC"), "has the node's memory (hostIPC)");
    door_look_at_paths(search);
    door_look_at_variables(search);
}

static void look_at_mounts(const struct door_search *search)
{
    const struct pod *pod = &search->facts->pod;
    struct arena *arena = search->facts->arena;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container *container = &pod->containers[i];
        size_t index = 0;

        for (struct value v = value_first(container->mounts);
             value_type(v) && door_judges(search, container); v = value_next(v), index++) {
            struct bytes path = value_text(value_member(v, "mountPath"));

            if (!host_path_is_in(host_path_resolve(path, arena),
                                 BYTES("/run/nvidia-container-devices")))
                continue;
            search->findings->value = path;
            door_tell(search, door_field(search, container, "volumeMounts", index),
                      "asks for devices by a mount at \"%s\" in %s", text_clean(arena, path, 200),
                      door_container(search, container));
        }
    }
}

/* nvidia, nvidia-cdi, nvidia-legacy, kata-nvidia-gpu, kata-qemu-nvidia-gpu, amd, habana, ... */
static bool is_gpu_runtime(struct bytes name)
{
    static const char *const words[] = {"nvidia", "gpu", "amd", "habana", "gaudi"};

    for (size_t at = 0; at < name.len;) {
        size_t end = at;

        while (end < name.len && name.data[end] != '-' && name.data[end] != '.')
            end++;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (bytes_is((struct bytes){name.data + at, end - at}, words[i]))
                return true;
        }
        at = end + 1;
    }
    return false;
}

static void look_at_runtime_class(const struct door_search *search)
{
    const struct facts *facts = search->facts;

    if (facts->pod.runtime_class.len && !facts->demand.is_accelerated &&
        is_gpu_runtime(facts->pod.runtime_class))
        door_tell(search, facts_path(facts, "spec.runtimeClassName"),
                  "runs under \"%s\", a runtime class for GPUs, and asks for none",
                  text_quote(facts->arena, facts->pod.runtime_class));
}

/* Whoever wrote a template: its pods are made by a controller. */
static void look_at_node_name(const struct door_search *search)
{
    const struct facts *facts = search->facts;
    bool is_trusted = facts->evaluation != EVALUATE_TEMPLATE &&
                      (facts->is_admin || review_has_group(facts->review, "system:nodes"));

    if (facts->pod.node_name.len && !is_trusted)
        door_tell(search, facts_path(facts, "spec.nodeName"),
                  "names its node \"%s\" itself, past the scheduler",
                  text_quote(facts->arena, facts->pod.node_name));
}

static bool shows_all(const struct facts *facts, struct bytes resource)
{
    const struct accelerator_name name = {.key = ACCELERATOR_RESOURCE, .text = resource};
    struct accelerator_weight weight;

    return accelerators_weigh(&facts->tenancy->cluster.accelerators, &name, &facts->ask.products,
                              &weight) &&
           weight.is_unbounded;
}

static const char *resource_field(const struct facts *facts, const struct container *container,
                                  struct bytes resource)
{
    struct value limits = value_member(container->resources, "limits");
    struct value value = value_member_named(limits, resource);

    if (!value_is_set(value))
        value = value_member_named(value_member(container->resources, "requests"), resource);
    return facts_field(facts, value);
}

static void look_at_monitoring(const struct door_search *search)
{
    const struct facts *facts = search->facts;

    for (size_t i = 0; facts->demand.is_unbounded && i < facts->pod.container_count; i++) {
        const struct container *container = &facts->pod.containers[i];

        for (size_t j = 0; j < container->requests.count; j++) {
            const struct resource_amount *item = &container->requests.items[j];

            if (!amount_is_zero(item->amount) && shows_all(facts, item->name))
                door_tell(search, resource_field(facts, container, item->name),
                          "asks for %s in %s, which shows every GPU of the node",
                          text_quote(facts->arena, item->name), door_container(search, container));
        }
    }
}

static void look_at_network(const struct door_search *search)
{
    if (search->facts->pod.has_host_network)
        door_tell(search, facts_path(search->facts, "spec.hostNetwork"),
                  "has the node's network (hostNetwork)");
}

/* The doors, in the order of the enum. */
enum {
    NEW_POD = EVALUATE_POD_CREATE | EVALUATE_TEMPLATE,
    NEW_CONTAINER = NEW_POD | EVALUATE_POD_EPHEMERAL
};

static const struct door {
    const char *next;     /* what to do, where the rule has no message */
    unsigned evaluations; /* enum evaluation */
    void (*look)(const struct door_search *search);
} doors[DOOR_COUNT] = {
    [DOOR_PRIVILEGED] = {"leave privileged out; GPUs are asked for as resources", NEW_CONTAINER,
                         look_at_privileged},
    [DOOR_CAPABILITIES] = {"leave the capability out", NEW_CONTAINER, look_at_capabilities},
    [DOOR_HOST_DEVICES] = {"leave the volume out; GPUs are asked for as resources", NEW_POD,
                           door_look_at_paths},
    [DOOR_HOST_SOCKETS] = {"leave the volume out", NEW_POD, door_look_at_paths},
    [DOOR_HOST_NAMESPACES] = {"leave it out; it reaches other tenants' processes", NEW_CONTAINER,
                              look_at_namespaces},
    [DOOR_VISIBLE_DEVICES] = {"leave the variable out; GPUs are asked for as resources",
                              NEW_CONTAINER | EVALUATE_POD_UPDATE, door_look_at_visible_devices},
    [DOOR_DRIVER_VARIABLES] = {"leave the variable out", NEW_CONTAINER, door_look_at_variables},
    [DOOR_VOLUME_MOUNT_DEVICES] = {"leave the mount out; GPUs are asked for as resources",
                                   NEW_CONTAINER, look_at_mounts},
    [DOOR_DEVICE_ANNOTATIONS] = {"leave it out", NEW_POD | EVALUATE_POD_UPDATE,
                                 door_look_at_annotations},
    [DOOR_RUNTIME_CLASS] = {"leave spec.runtimeClassName out, or ask for a GPU",
                            NEW_POD | EVALUATE_POD_UPDATE, look_at_runtime_class},
    [DOOR_NODE_NAME] = {"leave spec.nodeName out; use a node selector or node affinity", NEW_POD,
                        look_at_node_name},
    [DOOR_MONITORING] = {"ask for GPUs by number", NEW_POD, look_at_monitoring},
    [DOOR_ENV_FROM] = {"name the variables one by one under env",
                       NEW_CONTAINER | EVALUATE_POD_START, door_look_at_env_from},
    [DOOR_HOST_NETWORK] = {"leave spec.hostNetwork out", NEW_POD, look_at_network},
};

void door_tell(const struct door_search *search, const char *field, const char *format, ...)
{
    const struct facts *facts = search->facts;
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    findings_add_next(search->findings, field, doors[search->door].next, "%s %s (side door %s)",
                      facts_subject(facts), text, names[search->door]);
}

static void check(const void *settings, const struct facts *facts, struct findings *findings)
{
    struct door_search search = {.facts = facts, .findings = findings};

    search.denied = ((const struct door_settings *)settings)->deny;
    door_find_variables(&search);
    for (search.door = 0; search.door < DOOR_COUNT; search.door++) {
        if (search.denied & 1u << search.door &&
            doors[search.door].evaluations & (unsigned)facts->evaluation)
            doors[search.door].look(&search);
    }
}

const struct check_kind side_doors_check = {
    .name = "sideDoors",
    .summary =
        "ways to a GPU that bypass the request for one; the word deny stands for all of them "
        "but envFrom and hostNetwork",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE | EVALUATE_POD_EPHEMERAL |
                   EVALUATE_POD_START | EVALUATE_TEMPLATE,
    .settings = &settings_schema,
    .check = check,
};
