/* json: the reader's loop. It is the hottest of the program, and attackers write its input.
 *
 * No recursion. What nests too deeply runs through the same steps, compiled a second time without
 * the keeping. A value is known by its first byte; whatever is wrong with it is found at the byte
 * that cannot follow. */
#include "base/json.h"

#include "base/json_reader.h"

enum {
    SMALL_OBJECT = 32, /* so many names are compared one with another, more by a hash table */
    FIRST_LEVELS = 64,
};

NEVER_INLINE struct spot reader_broken(struct reader *reader, struct spot spot)
{
    reader->out->grammar = DOCUMENT_BROKEN;
    reader->out->broken_at = (size_t)(spot.at - reader->text);
    spot.at = NULL;
    return spot;
}

/* The first one in the text is kept, whatever the order in which they are found. */
NEVER_INLINE void reader_note(struct reader *reader, enum document_fault fault, size_t at)
{
    struct document *out = reader->out;

    if (out->fault != DOCUMENT_SOUND && out->fault_at <= at)
        return;
    out->fault = fault;
    out->fault_at = at;
}

/* `[0,0` makes the most items, one in two bytes, but an open bracket is one by itself. */
NEVER_INLINE struct document_item *reader_grow(struct reader *reader)
{
    size_t len = (size_t)(reader->end - reader->text);
    size_t most = len / 2 + (len < reader->max_depth ? len : reader->max_depth) + 4;
    size_t old = (size_t)(reader->items_end - reader->items);
    size_t capacity = old * 2 < most ? old * 2 : most;
    ptrdiff_t container = reader->container - reader->items;

    reader->items = arena_grow(reader->arena, reader->items, old * sizeof(*reader->items),
                               capacity * sizeof(*reader->items));
    reader->items_end = reader->items + capacity;
    reader->container = reader->items + container;
    return reader->items + old;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static NEVER_INLINE struct spot skip_spaces(struct reader *reader, struct spot spot)
{
    while (is_space(*spot.at))
        spot.at++;
    return spot.at < reader->end ? spot : reader_broken(reader, spot);
}

/* Where the next token starts; the text must not end before one. */
static ALWAYS_INLINE struct spot next_token(struct reader *reader, struct spot spot)
{
    if (LIKELY((unsigned char)*spot.at > ' '))
        return spot;
    return skip_spaces(reader, spot);
}

static ALWAYS_INLINE struct spot push_value(struct reader *reader, struct spot spot,
                                            const char *start, uint32_t info)
{
    spot.top = reader_push(reader, spot.top, start, spot.at, info);
    reader->container->end++;
    return spot;
}

/* Pass the rest of a string, quote included; of one that is not plain, only its plain beginning. */
static ALWAYS_INLINE bool pass_plain_string(const struct reader *reader, struct spot *spot)
{
    spot->at = plain_end(reader, spot->at);
    if (UNLIKELY(*spot->at != '"'))
        return false;
    spot->at++;
    return true;
}

static struct bytes name_text(const struct reader *reader, const struct document_item *name)
{
    return item_text(name, reader->text);
}

/* The last item is a name that shares its bit with an earlier one: is it the same? */
static NEVER_INLINE void compare_name(struct reader *reader, const struct document_item *top)
{
    const struct document_item *name = top - 1, *other = reader->container + 1;
    struct bytes text = name_text(reader, name);

    if (reader->container->end > SMALL_OBJECT)
        return; /* close_large_object will see it */
    for (; other < name; other = item_after(other + 1)) {
        if (bytes_equal(name_text(reader, other), text)) {
            reader_note(reader, DOCUMENT_DUPLICATE, name->start);
            return;
        }
    }
}

/* Quick, not strong: what it confuses is compared. The byte before an empty name is its quote. */
static ALWAYS_INLINE unsigned name_hash(struct bytes name)
{
    return ((unsigned)name.len * 11 + (unsigned char)name.data[(ptrdiff_t)name.len - 1]) % 64;
}

static ALWAYS_INLINE void check_name(struct reader *reader, struct bytes name,
                                     const struct document_item *top)
{
    uint64_t bit = UINT64_C(1) << name_hash(name);
    uint64_t seen = *reader->seen;

    *reader->seen = seen | bit;
    if (UNLIKELY(seen & bit))
        compare_name(reader, top);
}

static NEVER_INLINE struct spot read_hard_name(struct reader *reader, struct spot spot,
                                               const char *start, bool keep)
{
    spot = reader_hard_string(reader, spot, start, keep ? VALUE_STRING | ITEM_NAME : 0);
    if (spot.at && keep)
        check_name(reader, name_text(reader, spot.top - 1), spot.top);
    return spot;
}

/* Pass the colon behind a name. Stops before the value. */
static ALWAYS_INLINE struct spot read_colon(struct reader *reader, struct spot spot)
{
    if (LIKELY(spot.at[0] == ':' && (unsigned char)spot.at[1] > ' ')) {
        spot.at++;
        return spot;
    }
    spot = next_token(reader, spot);
    if (!spot.at || *spot.at != ':')
        return spot.at ? reader_broken(reader, spot) : spot;
    spot.at++;
    return next_token(reader, spot);
}

/* A member's name, perhaps behind spaces, and its colon. Stops before the value. */
static ALWAYS_INLINE struct spot read_name(struct reader *reader, struct spot spot, bool keep)
{
    const char *start;

    if (UNLIKELY(*spot.at != '"')) {
        spot = skip_spaces(reader, spot);
        if (!spot.at || *spot.at != '"')
            return spot.at ? reader_broken(reader, spot) : spot;
    }
    start = spot.at++;
    if (LIKELY(pass_plain_string(reader, &spot))) {
        struct bytes name = {start + 1, (size_t)(spot.at - start) - 2};

        if (keep) {
            spot.top = reader_push(reader, spot.top, start, spot.at, VALUE_STRING | ITEM_NAME);
            check_name(reader, name, spot.top);
        }
    } else {
        spot = read_hard_name(reader, spot, start, keep);
        if (!spot.at)
            return spot;
    }
    return read_colon(reader, spot);
}

static NEVER_INLINE struct spot read_hard_value(struct reader *reader, struct spot spot,
                                                const char *start, bool keep)
{
    spot = reader_hard_string(reader, spot, start, keep ? VALUE_STRING : 0);
    if (spot.at && keep)
        reader->container->end++;
    return spot;
}

static ALWAYS_INLINE struct spot read_string(struct reader *reader, struct spot spot, bool keep)
{
    const char *start = spot.at++;

    if (UNLIKELY(!pass_plain_string(reader, &spot)))
        return read_hard_value(reader, spot, start, keep);
    return keep ? push_value(reader, spot, start, VALUE_STRING) : spot;
}

static struct spot read_digits(struct reader *reader, struct spot spot)
{
    if (!is_digit(*spot.at))
        return reader_broken(reader, spot);
    while (is_digit(*spot.at))
        spot.at++;
    return spot;
}

static bool stands_at(struct spot spot, char low, char high)
{
    return spot.at && (*spot.at == low || *spot.at == high);
}

static struct spot read_number(struct reader *reader, struct spot spot, bool keep)
{
    const char *start = spot.at;

    spot.at += *start == '-';
    if (stands_at(spot, '0', '0'))
        spot.at++;
    else
        spot = read_digits(reader, spot);
    if (stands_at(spot, '.', '.')) {
        spot.at++;
        spot = read_digits(reader, spot);
    }
    if (stands_at(spot, 'e', 'E')) {
        spot.at++;
        spot.at += stands_at(spot, '+', '-');
        spot = read_digits(reader, spot);
    }
    if (!spot.at)
        return spot;
    /* Where the text ends inside a container, nobody knows whether the number was whole. */
    if (spot.at == reader->end ? reader->container != reader->items
                               : !is_space(*spot.at) && !memchr(",]}", *spot.at, 3))
        return reader_broken(reader, spot);
    return keep ? push_value(reader, spot, start, VALUE_NUMBER) : spot;
}

static struct spot read_literal(struct reader *reader, struct spot spot, bool keep)
{
    const char *start = spot.at;
    enum value_type type = *start == 't' ? VALUE_TRUE : *start == 'f' ? VALUE_FALSE : VALUE_NULL;
    const char *word = *start == 't' ? "true" : *start == 'f' ? "false" : "null";

    for (; *word; word++, spot.at++) {
        if (*spot.at != *word)
            return reader_broken(reader, spot);
    }
    return keep ? push_value(reader, spot, start, type) : spot;
}

static NEVER_INLINE struct spot read_word(struct reader *reader, struct spot spot, bool keep)
{
    if (is_digit(*spot.at) || *spot.at == '-')
        return read_number(reader, spot, keep);
    return read_literal(reader, spot, keep);
}

static NEVER_INLINE void close_large_object(struct reader *reader,
                                            const struct document_item *object)
{
    const struct document_item *found;

    found = item_table_find_double(&reader->table, object, reader->text);
    if (found)
        reader_note(reader, DOCUMENT_DUPLICATE, found->start);
}

/* Room for twice as many open levels. */
static NEVER_INLINE void grow_levels(struct reader *reader)
{
    size_t old = (size_t)(reader->seen_last - reader->seen_first) + 1;
    size_t capacity = old * 2 < reader->max_depth + 1 ? old * 2 : reader->max_depth + 1;
    uint64_t *seen = arena_alloc_raw(reader->arena, capacity * sizeof(*seen));

    memcpy(seen, reader->seen_first, old * sizeof(*seen));
    reader->seen = seen + (reader->seen - reader->seen_first);
    reader->seen_first = seen;
    reader->seen_last = seen + capacity - 1;
}

static NEVER_INLINE void grow_dropped(struct reader *reader)
{
    size_t old = reader->dropped_capacity, capacity = old ? old * 2 : 16;

    reader->dropped = arena_grow(reader->arena, reader->dropped, old * sizeof(*reader->dropped),
                                 capacity * sizeof(*reader->dropped));
    reader->dropped_capacity = capacity;
}

static void open_dropped(struct reader *reader, bool is_object)
{
    size_t word = reader->dropped_depth / 64;
    uint64_t bit = UINT64_C(1) << reader->dropped_depth % 64;

    if (word == reader->dropped_capacity)
        grow_dropped(reader);
    if (is_object)
        reader->dropped[word] |= bit;
    else
        reader->dropped[word] &= ~bit;
    reader->dropped_depth++;
}

static ALWAYS_INLINE enum value_type container_type(const char *bracket)
{
    return *bracket == '{' ? VALUE_OBJECT : VALUE_ARRAY;
}

static ALWAYS_INLINE struct document_item *open_kept(struct reader *reader,
                                                     struct document_item *top, const char *start)
{
    top = reader_push(reader, top, start, reader->text, container_type(start));
    reader->container->end++;
    top[-1].span = (uint32_t)(top - 1 - reader->container);
    reader->container = top - 1;
    *++reader->seen = 0;
    return top;
}

static ALWAYS_INLINE void close_kept(struct reader *reader, struct spot spot)
{
    struct document_item *item = reader->container;
    uint32_t count = item->end;

    reader->container -= item->span;
    reader->seen--;
    item->end = (uint32_t)(spot.at - reader->text);
    item->span = (uint32_t)(spot.top - item);
    item->info |= (LIKELY(count < ITEM_COUNT_MAX) ? count : ITEM_COUNT_MAX) << ITEM_COUNT_SHIFT;
    if (UNLIKELY(count > SMALL_OBJECT) && item_type(item) == VALUE_OBJECT)
        close_large_object(reader, item);
}

static ALWAYS_INLINE bool is_outermost(const struct reader *reader, bool keep)
{
    return keep ? reader->container == reader->items : reader->dropped_depth == 0;
}

static ALWAYS_INLINE bool is_in_object(const struct reader *reader, bool keep)
{
    size_t level = reader->dropped_depth - 1;

    if (keep)
        return item_type(reader->container) == VALUE_OBJECT;
    return reader->dropped[level / 64] >> level % 64 & 1;
}

static struct spot drop_container(struct reader *reader, struct spot spot);

static ALWAYS_INLINE bool is_bracket(char c)
{
    return c == '{' || c == '[';
}

/* An opening bracket. Stops behind it, or, where nothing is left open, behind what it opened. */
static ALWAYS_INLINE struct spot enter(struct reader *reader, struct spot spot, bool keep,
                                       bool *is_open)
{
    char *start = spot.at;

    *is_open = false;
    if (keep && UNLIKELY(reader->seen == reader->seen_last)) {
        if ((size_t)(reader->seen - reader->seen_first) == reader->max_depth)
            return drop_container(reader, spot);
        grow_levels(reader);
    }
    spot.at++;
    spot = next_token(reader, spot);
    /* A closing bracket comes two after its opening one in the table of characters. */
    if (spot.at && *spot.at == *start + 2) {
        spot.at++;
        return keep ? push_value(reader, spot, start, container_type(start)) : spot;
    }
    *is_open = true;
    if (keep)
        spot.top = open_kept(reader, spot.top, start);
    else
        open_dropped(reader, *start == '{');
    return spot;
}

/* Behind a value: pass the comma, or close the container. */
static ALWAYS_INLINE struct spot leave(struct reader *reader, struct spot spot, bool keep,
                                       bool *is_open)
{
    bool is_object = is_in_object(reader, keep);

    spot = next_token(reader, spot);
    if (UNLIKELY(!spot.at))
        return spot;
    *is_open = *spot.at == ',';
    if (!*is_open && UNLIKELY(*spot.at != (is_object ? '}' : ']')))
        return reader_broken(reader, spot);
    spot.at++;
    if (*is_open)
        return is_object ? spot : next_token(reader, spot);
    if (keep)
        close_kept(reader, spot);
    else
        reader->dropped_depth--;
    return spot;
}

/* From an element or a member of the innermost container on, up to a bracket that opens another
 * one, or up to behind a value that no comma follows. */
static ALWAYS_INLINE struct spot read_items(struct reader *reader, struct spot spot, bool is_object,
                                            bool keep, bool *is_at_bracket)
{
    *is_at_bracket = false;
    for (;;) {
        if (is_object)
            spot = read_name(reader, spot, keep);
        if (UNLIKELY(!spot.at))
            return spot;
        if (LIKELY(*spot.at == '"')) {
            spot = read_string(reader, spot, keep);
        } else if (is_bracket(*spot.at)) {
            *is_at_bracket = true;
            return spot;
        } else {
            spot = read_word(reader, spot, keep);
        }
        if (UNLIKELY(!spot.at || *spot.at != ','))
            return spot;
        spot.at++;
        if (!is_object)
            spot = next_token(reader, spot);
    }
}

/* The value at `spot` and all that is in it. */
static ALWAYS_INLINE struct spot read_tree(struct reader *reader, struct spot spot, bool keep)
{
    bool is_at_bracket = is_bracket(*spot.at), is_open = false;

    if (!is_at_bracket)
        return *spot.at == '"' ? read_string(reader, spot, keep) : read_word(reader, spot, keep);
    do {
        if (is_at_bracket)
            spot = enter(reader, spot, keep, &is_open);
        else
            spot = leave(reader, spot, keep, &is_open);
        is_at_bracket = false;
        if (!spot.at || !is_open)
            continue;
        if (is_in_object(reader, keep))
            spot = read_items(reader, spot, true, keep, &is_at_bracket);
        else
            spot = read_items(reader, spot, false, keep, &is_at_bracket);
    } while (spot.at && !(is_outermost(reader, keep)));
    return spot;
}

/* A container below max_depth, and the name before it, if it has one. */
static NEVER_INLINE struct spot drop_container(struct reader *reader, struct spot spot)
{
    reader_note(reader, DOCUMENT_DEPTH, (size_t)(spot.at - reader->text));
    if (spot.top[-1].info & ITEM_NAME)
        spot.top--;
    return read_tree(reader, spot, false);
}

/* Gives the number of items. */
static uint32_t read_document(struct reader *reader)
{
    struct spot spot = {reader->text, reader->items + 1};

    spot = next_token(reader, spot);
    if (spot.at)
        spot = read_tree(reader, spot, true);
    if (!spot.at) {
        if (spot.top[-1].info & ITEM_NAME)
            spot.top--;
        spot.at = reader->text + reader->out->broken_at;
        while (!is_outermost(reader, true))
            close_kept(reader, spot);
        return (uint32_t)(spot.top - reader->items);
    }
    while (is_space(*spot.at))
        spot.at++;
    if (spot.at < reader->end)
        reader_note(reader, DOCUMENT_TRAILING, (size_t)(spot.at - reader->text));
    return (uint32_t)(spot.top - reader->items);
}

static void copy_text(struct reader *reader, struct bytes text)
{
    size_t blocks = text.len / MARKED_AT_ONCE + 1;
    uint64_t *marks = arena_alloc_raw(reader->arena, blocks * sizeof(*marks));

    reader->text = arena_alloc_raw(reader->arena, blocks * MARKED_AT_ONCE);
    reader->end = reader->text + text.len;
    if (text.len)
        memcpy(reader->text, text.data, text.len);
    memset(reader->end, 0, MARKED_AT_ONCE - text.len % MARKED_AT_ONCE);
    json_mark(reader->text, blocks, marks);
    reader->marks = marks;
}

void document_parse(struct bytes text, unsigned max_depth, struct arena *arena,
                    struct document *out)
{
    uint64_t seen[FIRST_LEVELS];
    size_t levels = max_depth < FIRST_LEVELS ? max_depth : FIRST_LEVELS - 1;
    size_t capacity = text.len / 8 + 16;
    struct reader reader = {.seen = seen,
                            .seen_first = seen,
                            .seen_last = seen + levels,
                            .max_depth = max_depth,
                            .table.arena = arena,
                            .arena = arena,
                            .out = out};

    *out = (struct document){.text = text, .max_depth = max_depth};
    if (text.len > UINT32_MAX) {
        out->grammar = DOCUMENT_BROKEN;
        out->broken_at = UINT32_MAX;
        return;
    }
    copy_text(&reader, text);
    reader.items = arena_alloc_raw(arena, capacity * sizeof(*reader.items));
    reader.items[0] = (struct document_item){0};
    reader.items_end = reader.items + capacity;
    reader.container = reader.items;
    out->item_count = read_document(&reader);
    out->items = reader.items;
    out->decoded = reader.text;
}
