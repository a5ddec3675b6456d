#include "engine/view.h"

#include "base/memory.h"

/* One in a table. Its labels and then its name are behind it. */
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

void view_add(struct view *view, enum view_kind kind, const struct view_object *object)
{
    struct value labels = labels_of(object);
    size_t labels_room = value_room(labels);
    struct kept_object *kept = memory_alloc(sizeof(*kept) + labels_room + object->name.len);
    char *rest = (char *)(kept + 1) + labels_room;

    kept->object = *object;
    kept->object.labels = value_copy(labels, kept + 1);
    kept->object.name = kept->item.name = memory_place(&rest, object->name);
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
