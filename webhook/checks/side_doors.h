/* side_doors: what the files of the check sideDoors share. */
#pragma once

#include "engine/check.h"

/* In the order of the table in docs/policy-language.md. */
enum side_door {
    DOOR_PRIVILEGED,
    DOOR_CAPABILITIES,
    DOOR_HOST_DEVICES,
    DOOR_HOST_SOCKETS,
    DOOR_HOST_NAMESPACES,
    DOOR_VISIBLE_DEVICES,
    DOOR_DRIVER_VARIABLES,
    DOOR_VOLUME_MOUNT_DEVICES,
    DOOR_DEVICE_ANNOTATIONS,
    DOOR_RUNTIME_CLASS,
    DOOR_NODE_NAME,
    DOOR_MONITORING,
    DOOR_ENV_FROM,
    DOOR_HOST_NETWORK,
    DOOR_COUNT
};

/* A variable that opens a door by its name. */
struct door_variable {
    const struct container *container;
    struct value entry; /* of `env`, */
    size_t index;       /* which one of it */
    struct bytes name;
    enum side_door door;
};

/* What is looked for in one pod. */
struct door_search {
    const struct facts *facts;
    struct findings *findings;
    unsigned denied;     /* 1 << enum side_door: the doors of the rule */
    enum side_door door; /* the one that is looked at */
    struct door_variable *variables;
    size_t variable_count;
};

/* A name by its start and end; no end: `start` is all of it. */
static inline bool door_names(struct bytes name, const char *start, const char *end)
{
    struct bytes first = bytes_from(start), last = bytes_from(end);

    return bytes_has_prefix(name, first) &&
           (end ? bytes_has_suffix(bytes_tail(name, first.len), last) : name.len == first.len);
}

/* Something at `field` opens the door that is looked at; with what to do, unless the rule says. */
void door_tell(const struct door_search *search, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Is a container of this kind judged? Of a pod that is there already those that can be added. */
bool door_judges(const struct door_search *search, const struct container *container);

/* The path of an element of one of its lists; "" where nobody reads it. */
const char *door_field(const struct door_search *search, const struct container *container,
                       const char *list, size_t index);

/* `the container "main"`, with its kind where that isn't the usual one. */
const char *door_container(const struct door_search *search, const struct container *container);

/* Is the entry of an `env` one that is judged, whatever its value is? */
bool door_reads_variable(struct value entry);

/* Note the variables that open one of the doors of the rule. */
void door_find_variables(struct door_search *search);

void door_look_at_paths(const struct door_search *search);
void door_look_at_visible_devices(const struct door_search *search);
void door_look_at_variables(const struct door_search *search);
void door_look_at_env_from(const struct door_search *search);
void door_look_at_annotations(const struct door_search *search);
