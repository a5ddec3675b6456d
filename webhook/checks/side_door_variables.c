/* Variables by which a container asks its runtime for devices. They are told by their names, in
 * containers of every kind; what counts is what the runtime gets, so that a value from elsewhere is
 * taken for any. */
#include "checks/side_doors.h"

static const struct variable_row {
    const char *start, *end; /* of the name; end: NULL where `start` is all of it */
    enum side_door door;
} rows[] = {
    {"CUDA_MPS_PIPE_DIRECTORY", NULL, DOOR_HOST_NAMESPACES},
    {"NVIDIA_IMEX_CHANNELS", NULL, DOOR_DRIVER_VARIABLES},
    {"NVIDIA_MIG_", "_DEVICES", DOOR_DRIVER_VARIABLES},
    {"NVIDIA_GDS", NULL, DOOR_DRIVER_VARIABLES},
    {"NVIDIA_MOFED", NULL, DOOR_DRIVER_VARIABLES},
    {"NVIDIA_GDRCOPY", NULL, DOOR_DRIVER_VARIABLES},
    {"NVIDIA_NVSWITCH", NULL, DOOR_DRIVER_VARIABLES},
    {"CUDA_DISABLE_CONTROL", NULL, DOOR_DRIVER_VARIABLES},
};

/* The annotation that says how KAI's ConfigMaps for a pod are named. */
static const char kais_map[] = "runai/shared-gpu-configmap";

/* What libraries read in the container, of the devices that it has. */
static const char *const harmless[] = {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
                                       "ROCR_VISIBLE_DEVICES", "ASCEND_RT_VISIBLE_DEVICES"};

/* NVIDIA_, AMD_, HABANA_, ASCEND_, CAMBRICON_SPLIT_, ...: which of them a runtime reads is set on
 * the node. */
static bool is_read_by_runtime(struct bytes name)
{
    if (!bytes_has_suffix(name, BYTES("_VISIBLE_DEVICES")) ||
        bytes_has_prefix(name, BYTES("RAY_EXPERIMENTAL_NOSET_")))
        return false;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (bytes_is(name, harmless[i]))
            return false;
    }
    return true;
}

/* DOOR_COUNT: none. */
static enum side_door door_of(struct bytes name)
{
    if (is_read_by_runtime(name))
        return DOOR_VISIBLE_DEVICES;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (door_names(name, rows[i].start, rows[i].end))
            return rows[i].door;
    }
    return DOOR_COUNT;
}

/* On the node it ends at a NUL or an equals sign. */
static struct bytes name_of(struct value entry)
{
    struct bytes name = value_text(value_member(entry, "name"));

    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '\0' || name.data[i] == '=')
            return (struct bytes){name.data, i};
    }
    return name;
}

bool door_reads_variable(struct value entry)
{
    return door_of(name_of(entry)) < DOOR_COUNT;
}

/* Variables stay as they are, but not the annotations by which some are KAI's (below). */
static bool are_judged(const struct facts *facts)
{
    struct value before = value_path(facts->review->old_object, "metadata.annotations");

    return !(facts->evaluation & EVALUATE_POD_UPDATE) ||
           value_is_set(value_member(before, kais_map));
}

void door_find_variables(struct door_search *search)
{
    const struct pod *pod = &search->facts->pod;

    for (size_t i = 0; are_judged(search->facts) && i < pod->container_count; i++) {
        const struct container *container = &pod->containers[i];
        size_t index = 0;

        if (!door_judges(search, container))
            continue;
        for (struct value e = value_first(container->env); value_type(e);
             e = value_next(e), index++) {
            struct bytes name = name_of(e);
            enum side_door door = door_of(name);

            if (door < DOOR_COUNT && search->denied & 1u << door)
                *ARENA_APPEND(search->facts->arena, search->variables, search->variable_count) =
                    (struct door_variable){container, e, index, name, door};
        }
    }
}

static struct bytes annotation(const struct door_search *search, const char *name)
{
    return value_text(value_member(search->facts->pod.annotations, name));
}

/* The container that KAI gives the share of a GPU that annotations ask for. */
static bool has_kais_share(const struct door_search *search, const struct container *container)
{
    return search->facts->demand.is_annotated && facts_is_placed_by_kai(&search->facts->pod) &&
           (annotation(search, "gpu-fraction").len || annotation(search, "gpu-memory").len) &&
           facts_is_kais_container(search->facts, container);
}

/* Is it the ConfigMap in which KAI says which device it gives the container? Its webhook refers to
 * it before rules are judged, and its binder writes it. */
static bool is_kais_map(const struct door_search *search, const struct container *container,
                        struct bytes name, const char *suffix)
{
    const struct pod *pod = &search->facts->pod;
    size_t index = (size_t)(container - pod->containers);
    size_t inits = value_count(pod->container_lists[0]);
    struct bytes start = annotation(search, kais_map);
    bool is_init = index < inits;

    if (start.len == 0 || !bytes_has_prefix(name, start) || !has_kais_share(search, container))
        return false;
    return bytes_is(bytes_tail(name, start.len),
                    arena_printf(search->facts->arena, "-%s%zu%s", is_init ? "i" : "",
                                 is_init ? index : index - inits, suffix));
}

static bool is_kais_value(const struct door_search *search, const struct door_variable *variable)
{
    struct value reference = value_path(variable->entry, "valueFrom.configMapKeyRef");

    return bytes_is(variable->name, "NVIDIA_VISIBLE_DEVICES") &&
           bytes_is(value_text(value_member(reference, "key")), "NVIDIA_VISIBLE_DEVICES") &&
           is_kais_map(search, variable->container, value_text(value_member(reference, "name")),
                       "");
}

static void tell_variable(const struct door_search *search, const struct door_variable *variable)
{
    struct arena *arena = search->facts->arena;
    struct value from = value_member(variable->entry, "valueFrom");
    struct bytes value = value_text(value_member(variable->entry, "value"));
    const char *field = door_field(search, variable->container, "env", variable->index);
    const char *name = text_quote(arena, variable->name);
    const char *where = door_container(search, variable->container);

    search->findings->value = value_is_set(from) ? value_raw(from) : value;
    if (value_is_set(from))
        door_tell(search, field, "takes %s from elsewhere (valueFrom) in %s", name, where);
    else
        door_tell(search, field, "sets %s to \"%s\" in %s", name, text_clean(arena, value, 200),
                  where);
}

/* Does the runtime take it for none? A name that ends before its text does has more in it. */
static bool shows_nothing(const struct door_variable *variable)
{
    struct bytes value = value_text(value_member(variable->entry, "value"));

    return !value_is_set(value_member(variable->entry, "valueFrom")) &&
           variable->name.len == value_text(value_member(variable->entry, "name")).len &&
           (value.len == 0 || bytes_is(value, "void") || bytes_is(value, "none"));
}

void door_look_at_visible_devices(const struct door_search *search)
{
    for (size_t i = 0; i < search->variable_count; i++) {
        const struct door_variable *variable = &search->variables[i];

        if (variable->door == search->door && !shows_nothing(variable) &&
            !is_kais_value(search, variable))
            tell_variable(search, variable);
    }
}

void door_look_at_variables(const struct door_search *search)
{
    for (size_t i = 0; i < search->variable_count; i++) {
        if (search->variables[i].door == search->door)
            tell_variable(search, &search->variables[i]);
    }
}

/* Which containers see the pod's GPUs? Where annotations ask for them their scheduler says which
 * one, and an ephemeral container asks for nothing, whatever it sees. */
static bool may_have_gpu(const struct door_search *search, const struct container *container)
{
    const struct facts *facts = search->facts;

    return facts->demand.is_accelerated &&
           (facts->demand.is_annotated || container->kind == CONTAINER_EPHEMERAL ||
            facts_container_asks(facts, container, true));
}

static void look_at_sources(const struct door_search *search, const struct container *container)
{
    size_t index = 0;

    for (struct value v = value_first(container->env_from); value_type(v);
         v = value_next(v), index++) {
        bool is_map = value_is_set(value_member(v, "configMapRef"));
        struct bytes name =
            value_text(value_path(v, is_map ? "configMapRef.name" : "secretRef.name"));

        if (is_map && is_kais_map(search, container, name, "-evar"))
            continue;
        search->findings->value = value_raw(v);
        door_tell(search, door_field(search, container, "envFrom", index),
                  "takes all variables of the %s \"%s\" in %s", is_map ? "ConfigMap" : "Secret",
                  text_quote(search->facts->arena, name), door_container(search, container));
    }
}

void door_look_at_env_from(const struct door_search *search)
{
    const struct pod *pod = &search->facts->pod;

    for (size_t i = 0; i < pod->container_count; i++) {
        const struct container *container = &pod->containers[i];

        if (value_count(container->env_from) && door_judges(search, container) &&
            may_have_gpu(search, container))
            look_at_sources(search, container);
    }
}
