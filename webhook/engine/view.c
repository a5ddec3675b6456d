#include "engine/view.h"

#include "base/memory.h"

/* One in a table. What it refers to is behind it. */
struct kept_object {
    struct trie_item item;
    struct view_object object;
};

/* A namespace, and how many of a kind it holds. Its name is behind it. */
struct counted_namespace {
    struct trie_item item;
    size_t count;
};

void view_init(struct view *view)
{
    *view = (struct view){0};
}

void view_release(struct view *view)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++)
        trie_release(&view->kinds[kind]);
    for (int kind = VIEW_ASKED; kind < VIEW_KINDS; kind++)
        trie_release(&view->namespaces[kind - VIEW_ASKED]);
}

static size_t count_in(const struct view *view, enum view_kind kind, struct bytes namespace)
{
    const struct trie_item *item = trie_find(&view->namespaces[kind - VIEW_ASKED], namespace);

    return item ? ((const struct counted_namespace *)item)->count : 0;
}

static void set_count(struct view *view, enum view_kind kind, struct bytes namespace, size_t count)
{
    struct trie *namespaces = &view->namespaces[kind - VIEW_ASKED];
    struct counted_namespace *counted;
    char *room;

    if (count == 0) {
        trie_remove(namespaces, namespace);
        return;
    }
    counted = memory_alloc(sizeof(*counted) + namespace.len);
    room = (char *)(counted + 1);
    counted->item.name = memory_place(&room, namespace);
    counted->count = count;
    trie_put(namespaces, &counted->item);
}

/* Of "namespace/name". */
static struct bytes namespace_of(struct bytes name)
{
    const char *slash = memchr(name.data, '/', name.len);

    return (struct bytes){name.data, slash ? (size_t)(slash - name.data) : 0};
}

/* The object comes, or, `is_gone`, goes: nothing happens where that is so already. */
static void count(struct view *view, enum view_kind kind, struct bytes name, bool is_gone)
{
    struct bytes namespace;
    size_t before;

    if (kind < VIEW_ASKED || !view_find(view, kind, name) == is_gone)
        return;
    namespace = namespace_of(name);
    before = count_in(view, kind, namespace);
    set_count(view, kind, namespace, is_gone ? before - 1 : before + 1);
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
    count(view, kind, copy->name, false);
    trie_put(&view->kinds[kind], &kept->item);
}

void view_remove(struct view *view, enum view_kind kind, struct bytes name)
{
    count(view, kind, name, true);
    trie_remove(&view->kinds[kind], name);
}

void view_copy(struct view *view, const struct view *from)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++)
        trie_copy(&view->kinds[kind], &from->kinds[kind]);
    for (int kind = VIEW_ASKED; kind < VIEW_KINDS; kind++)
        trie_copy(&view->namespaces[kind - VIEW_ASKED], &from->namespaces[kind - VIEW_ASKED]);
}

struct addition {
    struct view *view;
    enum view_kind kind;
};

static void add_counted(void *context, const struct view_object *object)
{
    const struct addition *addition = context;

    view_add(addition->view, addition->kind, object);
}

void view_add_all(struct view *view, const struct view *from)
{
    for (int kind = 0; kind < VIEW_ASKED; kind++)
        trie_put_all(&view->kinds[kind], &from->kinds[kind]);
    for (int kind = VIEW_ASKED; kind < VIEW_KINDS; kind++) {
        struct addition addition = {view, (enum view_kind)kind};

        view_each(from, addition.kind, add_counted, &addition);
    }
}

void view_set_kind(struct view *view, enum view_kind kind, const struct view *from)
{
    trie_release(&view->kinds[kind]);
    trie_copy(&view->kinds[kind], &from->kinds[kind]);
    if (kind < VIEW_ASKED)
        return;
    trie_release(&view->namespaces[kind - VIEW_ASKED]);
    trie_copy(&view->namespaces[kind - VIEW_ASKED], &from->namespaces[kind - VIEW_ASKED]);
}

bool view_has_any(const struct view *view, enum view_kind kind, struct bytes namespace)
{
    return count_in(view, kind, namespace) > 0;
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
           a->is_global_default == b->is_global_default && a->is_made == b->is_made &&
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
