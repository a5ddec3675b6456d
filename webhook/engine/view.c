#include "engine/view.h"

void view_init(struct view *view)
{
    *view = (struct view){0};
}

void view_release(struct view *view)
{
    arena_release(&view->arena);
}

/* The slot that holds the name, or the free one where it would go. */
static const struct view_object **find_slot(const struct view_table *table, struct bytes name)
{
    size_t at = bytes_hash(name);

    for (;; at++) {
        const struct view_object **slot = &table->slots[at & (table->slot_count - 1)];

        if (!*slot || bytes_equal((*slot)->name, name))
            return slot;
    }
}

static void grow(struct view *view, struct view_table *table)
{
    struct view_table larger = {.slot_count = table->slot_count ? table->slot_count * 2 : 16,
                                .count = table->count};

    larger.slots = arena_alloc(&view->arena, larger.slot_count * sizeof(*larger.slots));
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i])
            *find_slot(&larger, table->slots[i]->name) = table->slots[i];
    }
    *table = larger;
}

static struct value copy_labels(struct view *view, struct value labels)
{
    struct document *document;

    if (value_count(labels) == 0)
        return (struct value){0};
    document = arena_alloc(&view->arena, sizeof(*document));
    document_parse(arena_copy_bytes(&view->arena, value_raw(labels)), 2, &view->arena, document);
    return document_root(document);
}

void view_add(struct view *view, enum view_kind kind, const struct view_object *object)
{
    struct view_table *table = &view->tables[kind];
    struct view_object *copy = arena_alloc(&view->arena, sizeof(*copy));
    const struct view_object **slot;

    *copy = *object;
    copy->name = arena_copy_bytes(&view->arena, object->name);
    copy->labels = copy_labels(view, object->labels);
    if ((table->count + 1) * 2 > table->slot_count)
        grow(view, table);
    slot = find_slot(table, copy->name);
    table->count += *slot == NULL;
    *slot = copy;
}

void view_remove(struct view *view, enum view_kind kind, struct bytes name)
{
    struct view_table *table = &view->tables[kind], old = *table;

    *table = (struct view_table){0};
    for (size_t i = 0; i < old.slot_count; i++) {
        if (!old.slots[i] || bytes_equal(old.slots[i]->name, name))
            continue;
        if ((table->count + 1) * 2 > table->slot_count)
            grow(view, table);
        *find_slot(table, old.slots[i]->name) = old.slots[i];
        table->count++;
    }
}

static void add_kind(struct view *view, const struct view *from, enum view_kind kind)
{
    const struct view_table *table = &from->tables[kind];

    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i])
            view_add(view, kind, table->slots[i]);
    }
}

void view_add_all(struct view *view, const struct view *from)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++)
        add_kind(view, from, (enum view_kind)kind);
}

void view_add_others(struct view *view, const struct view *from, enum view_kind than)
{
    for (int kind = 0; kind < VIEW_KINDS; kind++) {
        if (kind != (int)than)
            add_kind(view, from, (enum view_kind)kind);
    }
}

const struct view_object *view_find(const struct view *view, enum view_kind kind, struct bytes name)
{
    if (!view || view->tables[kind].slot_count == 0)
        return NULL;
    return *find_slot(&view->tables[kind], name);
}

struct value view_labels(const struct view *view, enum view_kind kind, struct bytes name)
{
    const struct view_object *known = view_find(view, kind, name);

    return known ? known->labels : (struct value){0};
}
