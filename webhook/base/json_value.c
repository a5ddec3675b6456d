/* json_value: finding one's way in a document that was read. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/json_item.h"

enum { LONGEST_PLACE = 1024, LONGEST_NAME = 253 };

/* NULL for an absent value. */
static const struct document_item *find_item(struct value value)
{
    const struct document *document = value.document;

    return document && value.index < document->item_count ? &document->items[value.index] : NULL;
}

static struct value value_at(const struct document *document, const struct document_item *item,
                             uint32_t end)
{
    uint32_t index = (uint32_t)(item - document->items);

    return index < end ? (struct value){document, index, end} : (struct value){0};
}

static struct bytes text_of(const struct document *document, const struct document_item *item)
{
    return item_text(item, document->decoded);
}

struct value document_root(const struct document *document)
{
    if (document->item_count < 2)
        return (struct value){0};
    return value_at(document, document->items + 1, document->item_count);
}

enum value_type value_type(struct value value)
{
    const struct document_item *item = find_item(value);

    return item ? item_type(item) : VALUE_ABSENT;
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {
        [VALUE_ABSENT] = "nothing", [VALUE_NULL] = "null",        [VALUE_FALSE] = "false",
        [VALUE_TRUE] = "true",      [VALUE_NUMBER] = "a number",  [VALUE_STRING] = "a string",
        [VALUE_ARRAY] = "an array", [VALUE_OBJECT] = "an object",
    };

    return names[type];
}

bool value_is_set(struct value value)
{
    return value_type(value) > VALUE_NULL;
}

/* Lengths and first letters tell most names apart. */
static inline bool has_name(const struct document *document, const struct document_item *item,
                            struct bytes name)
{
    struct bytes text = text_of(document, item);

    return text.len == name.len && (name.len == 0 || (text.data[0] == name.data[0] &&
                                                      memcmp(text.data, name.data, name.len) == 0));
}

struct value value_member_named(struct value value, struct bytes name)
{
    const struct document_item *object = find_item(value), *item, *end;

    if (value_type(value) != VALUE_OBJECT)
        return (struct value){0};
    end = object + object->span;
    for (item = object + 1; item < end; item = item_after(item + 1)) {
        if (has_name(value.document, item, name))
            return value_at(value.document, item + 1, value.index + object->span);
    }
    return (struct value){0};
}

struct value value_path(struct value value, const char *path)
{
    for (;;) {
        size_t len = strcspn(path, ".");

        value = value_member_named(value, (struct bytes){path, len});
        if (!path[len])
            return value;
        path += len + 1;
    }
}

struct value value_first(struct value value)
{
    enum value_type type = value_type(value);
    const struct document_item *item = find_item(value);

    if (type < VALUE_ARRAY)
        return (struct value){0};
    return value_at(value.document, item + 1 + (type == VALUE_OBJECT), value.index + item->span);
}

struct value value_next(struct value value)
{
    const struct document_item *item = find_item(value);

    if (value_type(value) == VALUE_ABSENT)
        return (struct value){0};
    return value_at(value.document, item_after(item) + (item[-1].info & ITEM_NAME ? 1 : 0),
                    value.end);
}

struct bytes value_name(struct value value)
{
    const struct document_item *item = find_item(value);

    if (value_type(value) == VALUE_ABSENT || !(item[-1].info & ITEM_NAME))
        return (struct bytes){0};
    return text_of(value.document, item - 1);
}

size_t value_count(struct value value)
{
    const struct document_item *item = find_item(value);
    size_t count;

    if (value_type(value) < VALUE_ARRAY)
        return 0;
    count = item->info >> ITEM_COUNT_SHIFT;
    if (count < ITEM_COUNT_MAX)
        return count;
    count = 0;
    for (struct value v = value_first(value); value_type(v); v = value_next(v))
        count++;
    return count;
}

struct bytes value_text(struct value value)
{
    if (value_type(value) != VALUE_STRING)
        return (struct bytes){0};
    return text_of(value.document, find_item(value));
}

struct bytes value_number(struct value value)
{
    return value_type(value) == VALUE_NUMBER ? value_raw(value) : (struct bytes){0};
}

struct bytes value_raw(struct value value)
{
    const struct document_item *item = find_item(value);

    if (value_type(value) == VALUE_ABSENT)
        return (struct bytes){0};
    return (struct bytes){value.document->text.data + item->start, item->end - item->start};
}

/* Pairs of containers that are still to be compared. A list and no recursion: nesting comes from
 * outside. */
struct pair {
    struct value a, b;
};

struct pairs {
    struct arena arena;
    struct pair *items;
    size_t count;
};

/* Compares scalars now and containers later. */
static bool are_alike(struct value a, struct value b, struct pairs *pairs)
{
    enum value_type type = value_type(a);

    if (type != value_type(b))
        return false;
    if (type == VALUE_STRING)
        return bytes_equal(value_text(a), value_text(b));
    if (type == VALUE_NUMBER)
        return bytes_equal(value_raw(a), value_raw(b));
    if (type < VALUE_ARRAY)
        return true;
    if (value_count(a) != value_count(b))
        return false;
    *ARENA_APPEND(&pairs->arena, pairs->items, pairs->count) = (struct pair){a, b};
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(value_name(*(const struct value *)a),
                         value_name(*(const struct value *)b));
}

static struct value *sorted_members(struct value object, struct arena *arena)
{
    struct value *members = arena_alloc_raw(arena, value_count(object) * sizeof(*members));
    size_t count = 0;

    for (struct value v = value_first(object); value_type(v); v = value_next(v))
        members[count++] = v;
    qsort(members, count, sizeof(*members), compare_names);
    return members;
}

static bool members_are_alike(struct value a, struct value b, struct pairs *pairs)
{
    size_t count = value_count(a), first = pairs->count;
    struct value v = value_first(a), w = value_first(b);
    struct value *members, *others;

    /* Nearly always the members stand in the same order. */
    while (value_type(v) && bytes_equal(value_name(v), value_name(w))) {
        if (!are_alike(v, w, pairs))
            return false;
        v = value_next(v);
        w = value_next(w);
    }
    if (!value_type(v))
        return true;
    pairs->count = first;
    members = sorted_members(a, &pairs->arena);
    others = sorted_members(b, &pairs->arena);
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(value_name(members[i]), value_name(others[i])) ||
            !are_alike(members[i], others[i], pairs))
            return false;
    }
    return true;
}

static bool elements_are_alike(struct value a, struct value b, struct pairs *pairs)
{
    struct value v = value_first(a), w = value_first(b);

    for (; value_type(v); v = value_next(v), w = value_next(w)) {
        if (!are_alike(v, w, pairs))
            return false;
    }
    return true;
}

bool value_equal(struct value a, struct value b)
{
    struct pairs pairs = {0};
    bool is_equal = are_alike(a, b, &pairs);

    for (size_t i = 0; is_equal && i < pairs.count; i++) {
        struct pair pair = pairs.items[i];

        if (value_type(pair.a) == VALUE_OBJECT)
            is_equal = members_are_alike(pair.a, pair.b, &pairs);
        else
            is_equal = elements_are_alike(pair.a, pair.b, &pairs);
    }
    arena_release(&pairs.arena);
    return is_equal;
}

static bool is_plain_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i], lower = (char)(c | 0x20);

        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return name.len > 0 && name.len <= LONGEST_NAME;
}

static void add_name(struct buf *place, struct bytes name)
{
    bool is_cut = name.len > LONGEST_NAME;

    if (is_plain_name(name)) {
        if (place->len)
            buf_add_char(place, '.');
        buf_add(place, name);
        return;
    }
    if (is_cut)
        name.len = LONGEST_NAME;
    while (is_cut && name.len > LONGEST_NAME - 3 &&
           ((unsigned char)name.data[name.len] & 0xc0) == 0x80)
        name.len--;
    buf_add_char(place, '[');
    buf_add_json(place, name);
    buf_add_text(place, is_cut ? "...]" : "]");
}

const char *value_place(struct value value, struct arena *arena)
{
    struct value around;
    struct buf place;

    if (!value_type(value))
        return "";
    buf_init(&place, arena, LONGEST_PLACE);
    around = document_root(value.document);
    while (around.index != value.index) {
        bool is_object = value_type(around) == VALUE_OBJECT;
        struct value v = value_first(around);
        size_t i = 0;

        for (; item_after(find_item(v)) <= find_item(value); i++)
            v = value_next(v);
        if (is_object)
            add_name(&place, value_name(v));
        else
            buf_printf(&place, "[%zu]", i);
        around = v;
    }
    buf_add_text(&place, "");
    return place.is_full ? arena_printf(arena, "%s...", place.data) : place.data ? place.data : "";
}

/* A character that is out of place, for a message. */
static struct bytes character_at(struct bytes text, size_t at)
{
    size_t len = text_character(text, at);

    return (struct bytes){text.data + at, len ? len : 1};
}

/* The name that starts at `at`, as it was written. */
static struct bytes name_at(struct bytes text, size_t at)
{
    size_t end = at + 1;

    while (text.data[end] != '"')
        end += text.data[end] == '\\' ? 2 : 1;
    return (struct bytes){text.data + at + 1, end - at - 1};
}

static const char *fault_problem(const struct document *document, struct arena *arena)
{
    size_t at = document->fault_at;

    switch (document->fault) {
    case DOCUMENT_DUPLICATE:
        return arena_printf(arena, "duplicate key \"%s\" at byte %zu",
                            text_quote(arena, name_at(document->text, at)), at);
    case DOCUMENT_ENCODING:
        return arena_printf(arena, "%s at byte %zu",
                            document->text.data[at] == '\\' ? "unpaired surrogate"
                                                            : "invalid UTF-8",
                            at);
    case DOCUMENT_DEPTH:
        return arena_printf(arena, "nesting deeper than %u at byte %zu", document->max_depth, at);
    case DOCUMENT_TRAILING:
        return arena_printf(arena, "bytes after the end of the JSON text at byte %zu", at);
    default:
        return "";
    }
}

bool document_is_sound(const struct document *document)
{
    return document->grammar == DOCUMENT_SOUND && document->fault == DOCUMENT_SOUND;
}

const char *document_problem(const struct document *document, struct arena *arena)
{
    struct bytes text = document->text;

    if (document->grammar == DOCUMENT_SOUND)
        return fault_problem(document, arena);
    if (text.len > UINT32_MAX)
        return "text longer than 4 GiB";
    if (document->broken_at >= text.len)
        return "text ends too early";
    return arena_printf(arena, "unexpected character '%s' at byte %zu",
                        text_quote(arena, character_at(text, document->broken_at)),
                        document->broken_at);
}
