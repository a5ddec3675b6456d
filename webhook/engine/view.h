/* view: what is known of the cluster beside its pods: a snapshot that never changes once others
 * read it. */
#pragma once

#include "base/trie.h"
#include "kube/claim.h"

struct view_object {
    struct bytes name;   /* of what is in a namespace "namespace/name" */
    struct value labels; /* an object of strings, or absent */
    int64_t value;       /* PriorityClass */
    bool is_global_default;
    bool is_made;                   /* ResourceClaim: by the cluster, for a pod */
    struct device_asks devices;     /* of claims and their templates */
    struct bytes extended_resource; /* DeviceClass: spec.extendedResourceName; empty: none */
    struct bytes class_resource;    /* DeviceClass: CLASS_RESOURCE_PREFIX and its name */
};

enum view_kind {
    VIEW_NAMESPACES,
    /* INVARIANT: of their labels decisions read HOSTNAME_LABEL and fabric.nodeLabel alone; a live
     * view keeps no others. */
    VIEW_NODES,
    VIEW_CLASSES, /* PriorityClasses */
    VIEW_DEVICE_CLASSES,
    VIEW_CLAIM_TEMPLATES,
    VIEW_CLAIMS,
    /* What namespaces may have to hold, by rules (namespaceHas): a live view has a kind of these
     * only where some rule asks. */
    VIEW_NETWORK_POLICIES,
    VIEW_RESOURCE_QUOTAS,
    VIEW_LIMIT_RANGES,
    VIEW_KINDS,
    VIEW_ASKED = VIEW_NETWORK_POLICIES /* the first of them */
};

struct view {
    struct trie kinds[VIEW_KINDS];
    struct trie namespaces[VIEW_KINDS - VIEW_ASKED]; /* that hold some of a kind */
};

/* A view's making: add, then read. Texts and labels are copied; of one name the last one holds. */
void view_init(struct view *view);
void view_add(struct view *view, enum view_kind kind, const struct view_object *object);
void view_remove(struct view *view, enum view_kind kind, struct bytes name);
void view_release(struct view *view);

/* Views made of others share with them what is the same, and take no time for it. */

/* Make an empty one what `from` is. */
void view_copy(struct view *view, const struct view *from);
/* Everything that `from` has, too. */
void view_add_all(struct view *view, const struct view *from);
/* Of a kind what `from` has, and nothing else. */
void view_set_kind(struct view *view, enum view_kind kind, const struct view *from);

/* NULL where there is none, or `view` is NULL. */
const struct view_object *view_find(const struct view *view, enum view_kind kind,
                                    struct bytes name);

/* Is there any of a kind, of VIEW_ASKED or after it, in the namespace? */
bool view_has_any(const struct view *view, enum view_kind kind, struct bytes namespace);

/* Its labels; absent where the object is not in view. */
struct value view_labels(const struct view *view, enum view_kind kind, struct bytes name);

/* Is all the same that decisions need of them? */
bool view_objects_equal(const struct view_object *a, const struct view_object *b);
bool view_kinds_equal(const struct view *a, const struct view *b, enum view_kind kind);

/* How many there are. */
size_t view_count(const struct view *view, enum view_kind kind);

/* Call `each` with all of a kind, in no particular order. */
void view_each(const struct view *view, enum view_kind kind,
               void (*each)(void *context, const struct view_object *object), void *context);
