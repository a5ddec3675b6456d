/* node: what can be asked of a tree; node_parse.c makes it. */
#include "base/node.h"

#include <stdlib.h>

#include "base/yaml_reader.h"

static const struct node *find_key(const struct node *node, struct bytes name)
{
    if (!node || node->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < node->count; i++) {
        if (bytes_equal(node->children[2 * i].text, name))
            return &node->children[2 * i];
    }
    return NULL;
}

const struct node *node_find_key(const struct node *node, const char *name)
{
    return find_key(node, bytes_from(name));
}

const struct node *node_find(const struct node *node, const char *name)
{
    const struct node *key = node_find_key(node, name);

    return key ? key + 1 : NULL;
}

const struct node *node_find_place(const struct node *node, const char *path)
{
    const struct node *key = NULL;

    for (const char *part = path;; part++) {
        size_t len = strcspn(part, ".");

        key = find_key(node, (struct bytes){part, len});
        part += len;
        if (!key || !*part)
            return key;
        node = key + 1;
    }
}

const struct node *node_place(const struct node *node)
{
    return node->key ? node->key : node;
}

static int by_text(const void *left, const void *right)
{
    const struct node *const *a = left, *const *b = right;
    int order = bytes_compare((*a)->text, (*b)->text);

    return order ? order : (*a > *b) - (*a < *b);
}

/* Sorted rather than hashed: nobody can choose keys that make it slow. */
size_t node_find_repeats(const struct node *node, struct arena *arena, struct node_repeat **out)
{
    size_t step = node->kind == NODE_MAP ? 2 : 1;
    const struct node **scalars;
    size_t count = 0, found = 0, first = 0;

    *out = NULL;
    if (node->count < 2 || (node->kind != NODE_MAP && node->kind != NODE_LIST))
        return 0;
    scalars = arena_alloc_raw(arena, node->count * sizeof(const struct node *));
    for (size_t i = 0; i < node->count; i++) {
        const struct node *child = &node->children[step * i];

        if (child->kind != NODE_LIST && child->kind != NODE_MAP)
            scalars[count++] = child;
    }
    qsort(scalars, count, sizeof(const struct node *), by_text);
    for (size_t i = 1; i < count; i++) {
        if (!bytes_equal(scalars[first]->text, scalars[i]->text))
            first = i;
        else
            *ARENA_APPEND(arena, *out, found) = (struct node_repeat){scalars[first], scalars[i]};
    }
    return found;
}

const char *node_kind_name(enum node_kind kind)
{
    static const char *const names[] = {
        [NODE_NULL] = "null",      [NODE_BOOL] = "true or false", [NODE_INTEGER] = "an integer",
        [NODE_FLOAT] = "a number", [NODE_STRING] = "a string",    [NODE_LIST] = "a list",
        [NODE_MAP] = "a map",
    };

    return names[kind];
}

const char *node_describe(const struct node *node, struct arena *arena)
{
    switch (node->kind) {
    case NODE_STRING:
        return arena_printf(arena, "\"%s\"", text_quote(arena, node->text));
    case NODE_BOOL:
    case NODE_INTEGER:
    case NODE_FLOAT:
        return text_quote(arena, node->text);
    default:
        return node_kind_name(node->kind);
    }
}

static void write_children(const struct node *node, struct buf *buf)
{
    for (size_t i = 0; i < node->count && !buf->is_full; i++) {
        if (i > 0)
            buf_add_char(buf, ',');
        if (node->kind == NODE_LIST) {
            node_write_json(&node->children[i], buf);
            continue;
        }
        buf_add_json(buf, node->children[2 * i].text);
        buf_add_char(buf, ':');
        node_write_json(&node->children[2 * i + 1], buf);
    }
}

void node_write_json(const struct node *node, struct buf *buf)
{
    bool is_number = node->kind == NODE_INTEGER || node->kind == NODE_FLOAT;

    if (node->kind == NODE_LIST || node->kind == NODE_MAP) {
        buf_add_char(buf, node->kind == NODE_LIST ? '[' : '{');
        write_children(node, buf);
        buf_add_char(buf, node->kind == NODE_LIST ? ']' : '}');
    } else if (node->kind == NODE_NULL) {
        buf_add(buf, BYTES("null"));
    } else if (node->kind == NODE_BOOL) {
        buf_add_text(buf, node->is_true ? "true" : "false");
    } else if (is_number && scalar_is_json_number(node->text)) {
        buf_add(buf, node->text);
    } else {
        buf_add_json(buf, node->text);
    }
}

const char *node_library_version(void)
{
    return yaml_get_version_string();
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

bool node_read_integer(const struct node *node, int64_t *out)
{
    struct bytes text = node->text;
    bool is_negative = text.data[0] == '-';
    size_t at = is_negative || text.data[0] == '+';
    int base = 10;
    int64_t value = 0;

    if (text.len > 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'o')) {
        base = text.data[1] == 'x' ? 16 : 8;
        at = 2;
    }
    for (; at < text.len; at++) {
        int digit = digit_value(text.data[at]);

        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}
