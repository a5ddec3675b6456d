#include "base/reading.h"

const char *reading_prefix(const struct reading *reading)
{
    return reading->name ? arena_printf(reading->problems->arena, "\"%s\": ", reading->name) : "";
}

const char *reading_subject(const struct reading *reading)
{
    if (!reading->name)
        return "this";
    return arena_printf(reading->problems->arena, "\"%s\"%s", reading->name,
                        reading->is_entry ? ": an entry" : "");
}

void reading_repeated(const struct reading *reading, const struct node *list)
{
    struct arena *arena = reading->problems->arena;
    struct node_repeat *repeats;
    size_t count = node_find_repeats(list, arena, &repeats);

    for (size_t i = 0; i < count; i++) {
        if (repeats[i].again->kind != NODE_NULL)
            problems_add(reading->problems, repeats[i].again,
                         "%s%s is in the list already, on line %u", reading_prefix(reading),
                         node_describe(repeats[i].again, arena), repeats[i].first->line);
    }
}

bool reading_no_pattern(const struct reading *reading, const struct node *node,
                        const struct error *err)
{
    problems_add(reading->problems, node, "%s%s is no pattern: %s", reading_prefix(reading),
                 node_describe(node, reading->problems->arena), err->text);
    return false;
}

bool reading_unknown(const struct reading *reading, const struct strings *known,
                     const struct node *key)
{
    struct arena *arena = reading->problems->arena;
    const char *nearest = strings_nearest(known->items, known->count, key->text);

    problems_add(reading->problems, key, "unknown field \"%s\"; %s", text_quote(arena, key->text),
                 nearest ? arena_printf(arena, "did you mean \"%s\"?", nearest)
                         : arena_printf(arena, "known here: %s",
                                        strings_join(known, known->count, arena)));
    return !nearest;
}

bool reading_missing(const struct reading *reading, const struct strings *known, const char *name,
                     const struct node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        const char *nearest =
            strings_nearest(known->items, known->count, node->children[2 * i].text);

        if (nearest && !strcmp(nearest, name))
            return false;
    }
    problems_add(reading->problems, node_place(node), "\"%s\" is required here", name);
    return false;
}
