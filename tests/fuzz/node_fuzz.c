/* node_fuzz: whatever the text, its tree is bounded, its places lie where the text has what they
 * say, and its JSON is JSON. */
#include <jansson.h>

#include "base/cursor.h"
#include "base/json.h"
#include "base/node.h"
#include "fuzz.h"

enum { MOST_NODES = 100000, MOST_LEVELS = 64, MOST_JSON = 64 * 1024 * 1024, LONGEST_KEY = 1000 };

struct walk {
    struct cursor cursor;
    size_t count;
};

/* The first word of a plain scalar stands at its place. */
static void check_word(struct bytes rest, struct bytes text)
{
    size_t len = 0;

    if (rest.len == 0 || strchr("\"'|>&!*", rest.data[0]))
        return;
    while (len < text.len && !strchr(" \t\r\n", text.data[len]) &&
           (unsigned char)text.data[len] < 0x80)
        len++;
    CHECK(bytes_has_prefix(rest, (struct bytes){text.data, len}));
}

static void check_place(struct walk *walk, const struct node *node)
{
    struct bytes text = walk->cursor.text;

    CHECK(++walk->count <= MOST_NODES);
    CHECK(node->line > 0 && node->column > 0);
    CHECK(cursor_to_place(&walk->cursor, node->line, node->column));
    CHECK(walk->cursor.column == node->column);
    if (node->kind != NODE_LIST && node->kind != NODE_MAP && node->text.len > 0)
        check_word(bytes_tail(text, walk->cursor.at), node->text);
    if (node->kind != NODE_LIST && node->kind != NODE_MAP)
        CHECK(node->text.data[node->text.len] == '\0');
}

static void check_key(const struct node *key)
{
    CHECK(key->kind == NODE_STRING);
    CHECK(key->text.len > 0);
}

static void check_node(struct walk *walk, const struct node *node, unsigned level)
{
    bool is_map = node->kind == NODE_MAP;

    check_place(walk, node);
    if (node->kind != NODE_LIST && !is_map)
        return;
    CHECK(level <= MOST_LEVELS);
    for (size_t i = 0; i < node->count; i++) {
        const struct node *child = &node->children[is_map ? 2 * i + 1 : i];

        CHECK(child->key == (is_map ? child - 1 : NULL));
        if (is_map) {
            check_key(child->key);
            check_node(walk, child->key, level + 1);
        }
        check_node(walk, child, level + 1);
    }
}

static void check_json(struct bytes json, struct arena *arena)
{
    struct document document;
    json_error_t error;
    json_t *other = json_loadb(json.data, json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    CHECK(other || json_error_code(&error) == json_error_numeric_overflow);
    json_decref(other);
    document_parse(json, MOST_LEVELS, arena, &document);
    CHECK(document.grammar == DOCUMENT_SOUND);
    CHECK(document.fault == DOCUMENT_SOUND || document.fault == DOCUMENT_DUPLICATE);
}

static bool has_long_key(const struct node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct node *child = &node->children[node->kind == NODE_MAP ? 2 * i + 1 : i];

        if ((child->key && child->key->text.len > LONGEST_KEY) || has_long_key(child))
            return true;
    }
    return false;
}

/* JSON is YAML, but for what YAML takes for line ends and the length of keys: reading it again
 * gives it again. */
static void check_again(const struct node *node, struct bytes json, struct arena *arena)
{
    struct source source = {"again", json};
    struct problems problems = {.arena = arena};
    struct nodes nodes;
    struct buf buf;

    for (size_t i = 0; i < json.len; i++) {
        if ((unsigned char)json.data[i] >= 0x7f)
            return;
    }
    if (has_long_key(node))
        return;
    node_parse(&source, arena, &nodes, &problems);
    CHECK(nodes.count == 1);
    buf_init(&buf, arena, MOST_JSON);
    node_write_json(nodes.items[0], &buf);
    CHECK(bytes_equal(buf_bytes(&buf), json));
}

static void check_document(struct walk *walk, const struct node *node, struct arena *arena)
{
    struct buf buf;

    check_node(walk, node, 1);
    buf_init(&buf, arena, MOST_JSON);
    node_write_json(node, &buf);
    if (buf.is_full)
        return;
    check_json(buf_bytes(&buf), arena);
    check_again(node, buf_bytes(&buf), arena);
}

static void check_problems(const struct source *source, struct problems *problems,
                           struct arena *arena)
{
    struct cursor cursor;
    struct buf buf;

    problems_sort(problems);
    cursor_init(&cursor, source->text);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];

        CHECK(problem->line == 0 || cursor_to_place(&cursor, problem->line, problem->column));
        CHECK(problem->line == 0 || cursor.column == problem->column);
        CHECK(!strchr(problem->text, '\n'));
    }
    buf_init(&buf, arena, MOST_JSON);
    problems_write(problems, &buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {"fuzz.yaml", {(const char *)data, size}};
    struct arena arena = {0};
    struct problems problems = {.arena = &arena};
    struct walk walk = {.count = 0};
    struct nodes nodes;

    node_parse(&source, &arena, &nodes, &problems);
    cursor_init(&walk.cursor, source.text);
    for (size_t i = 0; i < nodes.count; i++)
        check_document(&walk, nodes.items[i], &arena);
    check_problems(&source, &problems, &arena);
    arena_release(&arena);
    return 0;
}
