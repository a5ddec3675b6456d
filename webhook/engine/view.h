/* view: what is known of the cluster beside its pods: a snapshot that never changes once it is
 * made. */
#pragma once

#include "base/json.h"

struct view_object {
    struct bytes name;
    struct value labels; /* an object of strings, or absent */
    int64_t value;       /* PriorityClass */
    bool is_global_default;
};

enum view_kind { VIEW_NAMESPACES, VIEW_NODES, VIEW_CLASSES, VIEW_KINDS };

struct view_table {
    const struct view_object **slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
};

struct view {
    struct arena arena; /* holds everything below */
    struct view_table tables[VIEW_KINDS];
};

/* A view's making: add, then read. Texts and labels are copied; of one name the last one holds. */
void view_init(struct view *view);
void view_add(struct view *view, enum view_kind kind, const struct view_object *object);
void view_remove(struct view *view, enum view_kind kind, struct bytes name);
/* Everything that `from` has, too. */
void view_add_all(struct view *view, const struct view *from);
/* Everything of the other kinds. */
void view_add_others(struct view *view, const struct view *from, enum view_kind than);
void view_release(struct view *view);

/* NULL where there is none, or `view` is NULL. */
const struct view_object *view_find(const struct view *view, enum view_kind kind,
                                    struct bytes name);

/* Its labels; absent where the object is not in view. */
struct value view_labels(const struct view *view, enum view_kind kind, struct bytes name);
