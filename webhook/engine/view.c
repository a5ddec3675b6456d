#include "engine/view.h"

#include "base/memory.h"

/* One in a table. What it refers to is behind it. */
struct kept_object {
    struct trie_item item;
    struct view_object object;
};

void view_init(struct view *view)
{
    *view = (struct view){0};
}

void view_release(struct view *view)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++)
        trie_release(&view->kinds[kind]);
}

static struct value labels_of(const struct view_object *object)
{
    return value_count(object->labels) ? object->labels : (struct value){0};
}

static void place_text(char **room, struct bytes *text)
{
    *text = memory_place(room, *text);
}

void view_add(struct view *view, enum view_kind kind, const struct view_object *object)
{
    struct value labels = labels_of(object);
    size_t devices_room = device_asks_room(&object->devices), labels_room = value_room(labels);
    size_t texts_room =
        object->name.len + object->extended_resource.len + object->class_resource.len;
    struct kept_object *kept =
        memory_alloc(sizeof(*kept) + devices_room + labels_room + texts_room);
    struct view_object *copy = &kept->object;
    char *rest = (char *)(kept + 1);

    *copy = *object;
    device_asks_copy(&object->devices, &rest, &copy->devices);
    copy->labels = value_copy(labels, rest);
    rest += labels_room;
    place_text(&rest, &copy->name);
    place_text(&rest, &copy->extended_resource);
    place_text(&rest, &copy->class_resource);
    kept->item.name = copy->name;
    trie_put(&view->kinds[kind], &kept->item);
}

void view_remove(struct view *view, enum view_kind kind, struct bytes name)
{
    trie_remove(&view->kinds[kind], name);
}

void view_copy(struct view *view, const struct view *from)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++)
        trie_copy(&view->kinds[kind], &from->kinds[kind]);
}

void view_add_all(struct view *view, const struct view *from)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++)
        trie_put_all(&view->kinds[kind], &from->kinds[kind]);
}

void view_set_kind(struct view *view, enum view_kind kind, const struct view *from)
{
    trie_release(&view->kinds[kind]);
    trie_copy(&view->kinds[kind], &from->kinds[kind]);
}

const struct view_object *view_find(const struct view *view, enum view_kind kind, struct bytes name)
{
    const struct trie_item *item = view ? trie_find(&view->kinds[kind], name) : NULL;

    return item ? &((const struct kept_object *)item)->object : NULL;
}

struct value view_labels(const struct view *view, enum view_kind kind, struct bytes name)
{
    const struct view_object *known = view_find(view, kind, name);

    return known ? known->labels : (struct value){0};
}

size_t view_count(const struct view *view, enum view_kind kind)
{
    return view->kinds[kind].count;
}

struct iteration {
    void (*each)(void *context, const struct view_object *object);
    void *context;
};

static void take_item(void *context, const struct trie_item *item)
{
    const struct iteration *iteration = context;

    iteration->each(iteration->context, &((const struct kept_object *)item)->object);
}

void view_each(const struct view *view, enum view_kind kind,
               void (*each)(void *context, const struct view_object *object), void *context)
{
    struct iteration iteration = {each, context};

    if (view)
        trie_each(&view->kinds[kind], take_item, &iteration);
}

bool view_objects_equal(const struct view_object *a, const struct view_object *b)
{
    return bytes_equal(a->name, b->name) && a->value == b->value &&
           a->is_global_default == b->is_global_default &&
           bytes_equal(a->extended_resource, b->extended_resource) &&
           device_asks_equal(&a->devices, &b->devices) &&
           value_count(a->labels) == value_count(b->labels) &&
           (value_count(b->labels) == 0 || value_equal(a->labels, b->labels));
}

struct comparison {
    const struct view *other;
    enum view_kind kind;
    bool differs;
};

static void compare(void *context, const struct view_object *object)
{
    struct comparison *comparison = context;
    const struct view_object *other =
        comparison->differs ? NULL : view_find(comparison->other, comparison->kind, object->name);

    comparison->differs = !other || !view_objects_equal(object, other);
}

bool view_kinds_equal(const struct view *a, const struct view *b, enum view_kind kind)
{
    struct comparison comparison = {.other = b, .kind = kind};

    if (view_count(a, kind) != view_count(b, kind))
        return false;
    view_each(a, kind, compare, &comparison);
    return !comparison.differs;
}
