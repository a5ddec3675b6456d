#include "base/schema_diff.h"

#include <stdlib.h>

#include "base/instant.h"

enum { OLD, NEW, SIDES };
enum { MAX_TEXT_BYTES = 16 * 1024 * 1024 };

/* Two structs being compared: a whole object, an object inside one, or an entry of a list. */
struct pair {
    const struct schema *schema;
    const char *path, *table; /* of the structs; "": the outermost ones */
    const char *data[SIDES];
    const struct node *map[SIDES];   /* what each was read from; NULL: left out */
    const struct node *place[SIDES]; /* the same, or where it would stand */
    struct arena *arena;
    struct schema_changes *out;
};

/* A member of both. */
struct member {
    const struct pair *pair;
    const struct field *field;
    const char *path, *table;
    const void *value[SIDES];
    const struct node *node[SIDES]; /* NULL: left out */
};

/* One entry of a list, or one member of a map, by its text. */
struct entry {
    const char *key, *text;
    const struct node *node;
    const void *data;
    const struct glob *glob;
};

struct entries {
    struct entry *items;
    size_t count;
};

static const struct node *place_of(const struct member *member, int side)
{
    return member->node[side] ? node_place(member->node[side]) : member->pair->place[side];
}

static struct schema_change *add_change(const struct member *member, const char *old,
                                        const char *new)
{
    const struct pair *pair = member->pair;
    struct schema_change *change = ARENA_APPEND(pair->arena, pair->out->items, pair->out->count);

    *change = (struct schema_change){.path = member->path,
                                     .table = member->table,
                                     .field = member->field,
                                     .old = {old, place_of(member, OLD), NULL},
                                     .new = {new, place_of(member, NEW), NULL}};
    return change;
}

/* ---- a node on one line */

/* As text that ends where it ends: keys may hold NUL. */
static const char *clean(struct bytes text, struct arena *arena)
{
    return text_clean(arena, text, MAX_TEXT_BYTES);
}

static int compare_keys(const void *a, const void *b)
{
    return bytes_compare((*(const struct node *const *)a)->text,
                         (*(const struct node *const *)b)->text);
}

static void write_node(const struct node *node, struct buf *buf);

static void write_map(const struct node *node, struct buf *buf)
{
    const struct node **keys = arena_alloc(buf->arena, node->count * sizeof(*keys));

    for (size_t i = 0; i < node->count; i++)
        keys[i] = &node->children[2 * i];
    if (node->count)
        qsort(keys, node->count, sizeof(*keys), compare_keys);
    buf_add_char(buf, '{');
    for (size_t i = 0; i < node->count; i++) {
        buf_add_text(buf, i ? ", " : "");
        buf_add_text(buf, clean(keys[i]->text, buf->arena));
        buf_add_text(buf, ": ");
        write_node(keys[i] + 1, buf);
    }
    buf_add_char(buf, '}');
}

static void write_node(const struct node *node, struct buf *buf)
{
    if (node->kind == NODE_MAP) {
        write_map(node, buf);
    } else if (node->kind == NODE_LIST) {
        buf_add_char(buf, '[');
        for (size_t i = 0; i < node->count; i++) {
            buf_add_text(buf, i ? ", " : "");
            write_node(&node->children[i], buf);
        }
        buf_add_char(buf, ']');
    } else {
        buf_add_text(buf, clean(node->text, buf->arena));
    }
}

const char *schema_diff_text(const struct node *node, struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, 4 * MAX_TEXT_BYTES);
    buf_add_text(&buf, "");
    write_node(node, &buf);
    return buf.data;
}

/* ---- single values */

static const char *amount_text(const struct member *member, int side)
{
    bool is_set =
        member->node[side] || (member->field->is_derived && member->pair->map[side] != NULL);

    return is_set ? amount_write(*(const struct amount *)member->value[side], member->pair->arena)
                  : NULL;
}

/* What a field of one value has; NULL: nothing. */
static const char *value_text(const struct member *member, int side)
{
    const struct field *field = member->field;
    const void *value = member->value[side];
    struct arena *arena = member->pair->arena;

    switch (field->type) {
    case FIELD_STRING:
        return *(const char *const *)value;
    case FIELD_BOOL:
        return *(const bool *)value ? "true" : "false";
    case FIELD_INTEGER:
        return arena_printf(arena, "%lld", (long long)*(const int64_t *)value);
    case FIELD_INSTANT:
        return member->node[side] ? instant_write(*(const int64_t *)value, arena) : NULL;
    case FIELD_AMOUNT:
        return amount_text(member, side);
    case FIELD_ENUM:
        /* The only word there is stands for nothing where it is left out. */
        return field->words[1] || member->node[side] ? field->words[*(const int *)value] : NULL;
    default:
        return member->node[side] ? schema_diff_text(member->node[side], arena) : NULL;
    }
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static void diff_value(const struct member *member)
{
    const char *old = value_text(member, OLD), *new = value_text(member, NEW);

    /* What follows from another field on both sides is told there. */
    if (is_same_text(old, new) ||
        (member->field->is_derived && !member->node[OLD] && !member->node[NEW]))
        return;
    add_change(member, old, new);
}

/* ---- lists and maps */

static struct entry *add_entry(const struct member *member, const char *key, const char *text,
                               const struct node *node, struct entries *out)
{
    struct entry *entry = ARENA_APPEND(member->pair->arena, out->items, out->count);

    *entry = (struct entry){.key = key, .text = text, .node = node};
    return entry;
}

/* Where a text stands in a list; NULL: it doesn't. */
static const struct node *find_item(const struct node *list, const char *text)
{
    for (size_t i = 0; list && list->kind == NODE_LIST && i < list->count; i++) {
        if (bytes_is(list->children[i].text, text))
            return &list->children[i];
    }
    return NULL;
}

static void collect_words(const struct member *member, int side, struct entries *out)
{
    unsigned bits = *(const unsigned *)member->value[side];
    unsigned other = *(const unsigned *)member->value[!side], all = 0;

    for (size_t i = 0; member->field->words[i]; i++)
        all |= 1u << i;
    /* Beside a list that was left out, one of every word says the same. */
    for (size_t i = 0; member->field->words[i] && (bits != all || other); i++) {
        if (bits & 1u << i)
            add_entry(member, member->field->words[i], NULL,
                      find_item(member->node[side], member->field->words[i]), out);
    }
}

static void collect_node_map(const struct member *member, int side, struct entries *out)
{
    const struct node *map = member->node[side];

    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        add_entry(member, clean(map->children[2 * i].text, member->pair->arena),
                  schema_diff_text(&map->children[2 * i + 1], member->pair->arena),
                  &map->children[2 * i], out);
}

static const char *identify(const struct schema *schema, const struct node *node,
                            struct arena *arena)
{
    struct strings parts = {0};

    for (const char *const *name = schema->identity; name && *name; name++) {
        const struct node *part = node_find(node, *name);

        if (part)
            strings_add(&parts, arena, schema_diff_text(part, arena));
    }
    return parts.count ? strings_join(&parts, parts.count, arena) : schema_diff_text(node, arena);
}

static void collect_objects(const struct member *member, int side, struct entries *out)
{
    const struct objects *objects = member->value[side];
    const struct schema *schema = member->field->schema;

    for (size_t i = 0; i < objects->count; i++) {
        const char *data = (const char *)objects->items + i * schema->size;
        const struct node *node = *(const struct node *const *)data;

        add_entry(member, identify(schema, node, member->pair->arena), NULL, node, out)->data =
            data;
    }
}

static void collect_texts(const struct member *member, int side, struct entries *out)
{
    const struct strings *strings = member->value[side];

    for (size_t i = 0; i < strings->count; i++)
        add_entry(member, strings->items[i], NULL, find_item(member->node[side], strings->items[i]),
                  out);
}

static void collect_globs(const struct member *member, int side, struct entries *out)
{
    const struct globs *globs = member->value[side];

    for (size_t i = 0; i < globs->count; i++)
        add_entry(member, globs->items[i].text, NULL,
                  find_item(member->node[side], globs->items[i].text), out)
            ->glob = &globs->items[i];
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static struct entries collect(const struct member *member, int side)
{
    struct entries entries = {0};

    switch (member->field->type) {
    case FIELD_STRINGS:
        collect_texts(member, side, &entries);
        break;
    case FIELD_GLOBS:
        collect_globs(member, side, &entries);
        break;
    case FIELD_ENUMS:
        collect_words(member, side, &entries);
        break;
    case FIELD_OBJECTS:
        collect_objects(member, side, &entries);
        break;
    default: /* maps: what is written says it all */
        collect_node_map(member, side, &entries);
    }
    if (entries.count)
        qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
    return entries;
}

/* The entry that says the same, or for a glob one that covers it; NULL: none. */
static const struct entry *find_entry(const struct entries *entries, const struct entry *wanted)
{
    const struct entry *same = entries->count ? bsearch(wanted, entries->items, entries->count,
                                                        sizeof(*wanted), compare_entries)
                                              : NULL;

    for (size_t i = 0; i < entries->count && !same && wanted->glob; i++) {
        if (glob_covers(entries->items[i].glob, wanted->glob))
            same = &entries->items[i];
    }
    return same;
}

static void diff_structs(const struct pair *pair);

static struct member member_of_entry(const struct member *list, const char *key)
{
    struct member member = *list;

    member.path = arena_printf(list->pair->arena, "%s[%s]", list->path, key);
    return member;
}

static void diff_entry(const struct member *list, const struct entry *old, const struct entry *new)
{
    struct member member = member_of_entry(list, old ? old->key : new->key);
    const struct pair pair = {.schema = list->field->schema,
                              .path = member.path,
                              .table = list->table,
                              .data = {old ? old->data : NULL, new ? new->data : NULL},
                              .map = {old ? old->node : NULL, new ? new->node : NULL},
                              .place = {old ? old->node : NULL, new ? new->node : NULL},
                              .arena = list->pair->arena,
                              .out = list->pair->out};

    member.node[OLD] = old ? old->node : NULL;
    member.node[NEW] = new ? new->node : NULL;
    if (old && new &&pair.schema)
        diff_structs(&pair);
    else if (old && new && !is_same_text(old->text, new->text))
        add_change(&member, old->text, new->text);
    else if (!old || !new) {
        /* A member of a map has a value; an entry of a list is there or isn't. */
        bool is_entry = !(old ? old : new)->text;
        struct schema_change *change;

        if (is_entry && !pair.schema)
            member.path = list->path;
        change = add_change(&member, old ? (is_entry ? old->key : old->text) : NULL,
                            new ? (is_entry ? new->key : new->text) : NULL);
        change->is_entry = is_entry;
        change->old.entry = pair.data[OLD];
        change->new.entry = pair.data[NEW];
    }
}

static const char *join(const struct entries *entries, struct arena *arena)
{
    struct strings keys = {0};

    for (size_t i = 0; i < entries->count; i++)
        strings_add(&keys, arena, entries->items[i].key);
    return entries->count ? strings_join(&keys, keys.count, arena) : NULL;
}

static void diff_entries(const struct member *member)
{
    struct entries old = collect(member, OLD), new = collect(member, NEW);
    enum field_type type = member->field->type;
    bool is_list = type == FIELD_STRINGS || type == FIELD_GLOBS || type == FIELD_ENUMS;

    if (is_list && !old.count != !new.count) {
        add_change(member, join(&old, member->pair->arena), join(&new, member->pair->arena));
        return;
    }
    for (size_t i = 0; i < old.count; i++) {
        const struct entry *same = find_entry(&new, &old.items[i]);

        if (!same || !old.items[i].glob)
            diff_entry(member, &old.items[i], same);
    }
    for (size_t i = 0; i < new.count; i++) {
        if (!find_entry(&old, &new.items[i]))
            diff_entry(member, NULL, &new.items[i]);
    }
}

/* ---- structs */

/* May only one of several fields be given, so that they share their place in the struct? */
static bool is_alternative(const struct schema *schema, const struct field *field)
{
    for (const char *const *name = schema->choice; schema->is_only_one && name && *name; name++) {
        if (!strcmp(*name, field->name))
            return true;
    }
    return false;
}

static void diff_object(const struct member *member)
{
    const struct pair *outer = member->pair;
    const struct pair pair = {.schema = member->field->schema,
                              .path = member->path,
                              .table = member->table,
                              .data = {member->value[OLD], member->value[NEW]},
                              .map = {member->node[OLD], member->node[NEW]},
                              .place = {place_of(member, OLD), place_of(member, NEW)},
                              .arena = outer->arena,
                              .out = outer->out};

    if (!member->node[OLD] && !member->node[NEW])
        return;
    diff_structs(&pair);
}

static void diff_member(const struct member *member)
{
    const struct node *old = member->node[OLD], *new = member->node[NEW];

    if (is_alternative(member->pair->schema, member->field) && (!old || !new)) {
        if (old || new)
            add_change(member, old ? schema_diff_text(old, member->pair->arena) : NULL,
                       new ? schema_diff_text(new, member->pair->arena) : NULL);
        return;
    }
    switch (member->field->type) {
    case FIELD_OBJECT:
        diff_object(member);
        break;
    case FIELD_STRINGS:
    case FIELD_ENUMS:
    case FIELD_GLOBS:
    case FIELD_STRING_MAP:
    case FIELD_REGEX_MAP:
    case FIELD_OBJECTS:
        diff_entries(member);
        break;
    case FIELD_CUSTOM:
        if ((old || new) && (!old || old->kind == NODE_MAP) && (!new || new->kind == NODE_MAP)) {
            diff_entries(member);
            break;
        }
        diff_value(member);
        break;
    default:
        diff_value(member);
    }
}

static void diff_structs(const struct pair *pair)
{
    for (const struct field *field = pair->schema->fields; field->name; field++) {
        struct member member = {.pair = pair, .field = field};
        const char *dot = *pair->path ? "." : "";

        member.path = arena_printf(pair->arena, "%s%s%s", pair->path, dot, field->name);
        member.table = arena_printf(pair->arena, "%s%s%s", pair->table, dot, field->name);
        for (int side = 0; side < SIDES; side++) {
            member.value[side] = pair->data[side] + field->offset;
            member.node[side] = node_find(pair->map[side], field->name);
        }
        diff_member(&member);
    }
}

void schema_diff(const struct schema *schema, const void *old, const void *new, struct arena *arena,
                 struct schema_changes *out)
{
    const struct node *old_node = *(const struct node *const *)old;
    const struct node *new_node = *(const struct node *const *)new;
    const struct pair pair = {.schema = schema,
                              .path = "",
                              .table = "",
                              .data = {old, new},
                              .map = {old_node, new_node},
                              .place = {old_node, new_node},
                              .arena = arena,
                              .out = out};

    *out = (struct schema_changes){0};
    diff_structs(&pair);
}
