#include <jansson.h>

#include "kube/patch.h"
#include "unit/random.h"
#include "unit/arena.h"

/* NULL, and a text in `err`, where it doesn't apply. */
static const char *apply(const char *json, const struct patch *patch, struct error *err)
{
    struct bytes out = {"untouched", 9};

    *err = (struct error){0};
    if (patch_apply(patch, parse_json(json), &arena, &out, err))
        return arena_copy(&arena, out);
    assert_true(bytes_is(out, "untouched"));
    return NULL;
}

static void add_operation(struct patch *patch, const char *name, const char *path,
                          const char *value)
{
    if (!strcmp(name, "add"))
        patch_add(patch, path, value);
    else if (!strcmp(name, "replace"))
        patch_replace(patch, path, value);
    else
        patch_remove(patch, path);
}

static const struct patch *single(const char *name, const char *path, const char *value)
{
    struct patch *patch = arena_alloc(&arena, sizeof(*patch));

    patch->arena = &arena;
    add_operation(patch, name, path, value);
    return patch;
}

static void is_written_as_the_api_server_reads_it(void **state)
{
    struct patch patch = {.arena = &arena};
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    patch_write(&patch, &buf);
    assert_string_equal(buf.data, "[]");
    patch_add(&patch, "/metadata/labels", "{\"a\":\"b\"}");
    patch_replace(&patch, "/spec/schedulerName", "\"kai-scheduler\"");
    patch_remove(&patch, "/metadata/annotations/a~1\"b");
    patch_add(&patch, "/spec/tolerations/-", "null");
    buf_init(&buf, &arena, 65536);
    patch_write(&patch, &buf);
    assert_string_equal(buf.data,
                        "[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"a\":\"b\"}},"
                        "{\"op\":\"replace\",\"path\":\"/spec/schedulerName\",\"value\":"
                        "\"kai-scheduler\"},"
                        "{\"op\":\"remove\",\"path\":\"/metadata/annotations/a~1\\\"b\"},"
                        "{\"op\":\"add\",\"path\":\"/spec/tolerations/-\",\"value\":null}]");
}

static void pointers_escape_tilde_and_slash(void **state)
{
    static const struct {
        struct bytes key;
        const char *pointer;
    } rows[] = {
        {BYTES("a"), "/x/a"},
        {BYTES(""), "/x/"},
        {BYTES("example.com/team"), "/x/example.com~1team"},
        {BYTES("~"), "/x/~0"},
        {BYTES("~1"), "/x/~01"},
        {BYTES("~0"), "/x/~00"},
        {BYTES("/~/"), "/x/~1~0~1"},
        {BYTES("a\"b"), "/x/a\"b"},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(pointer_join(&arena, "/x", rows[i].key), rows[i].pointer);
    assert_string_equal(pointer_join(&arena, "", BYTES("spec")), "/spec");
    assert_string_equal(pointer_join_index(&arena, "/a", 0), "/a/0");
    assert_string_equal(pointer_join_index(&arena, "/a", 1024), "/a/1024");
}

/* RFC 6901, section 5; and what escapes must not be decoded twice. */
static void escaped_parts_name_their_members(void **state)
{
    static const char json[] = "{\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7,\"k\\\"l\":6,"
                               "\"~1\":9,\"/\":10,\"\\u00e9\":11}";
    static const struct {
        const char *path, *result;
    } rows[] = {
        {"/", "{\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7,\"k\\\"l\":6,\"~1\":9,\"/\":10,"
              "\"\\u00e9\":11}"},
        {"/a~1b", "{\"\":0,\"c%d\":2,\"m~n\":8,\" \":7,\"k\\\"l\":6,\"~1\":9,\"/\":10,"
                  "\"\\u00e9\":11}"},
        {"/m~0n", "{\"\":0,\"a/b\":1,\"c%d\":2,\" \":7,\"k\\\"l\":6,\"~1\":9,\"/\":10,"
                  "\"\\u00e9\":11}"},
        {"/k\"l", "{\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7,\"~1\":9,\"/\":10,"
                  "\"\\u00e9\":11}"},
        {"/~01", "{\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7,\"k\\\"l\":6,\"/\":10,"
                 "\"\\u00e9\":11}"},
        {"/~1", "{\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7,\"k\\\"l\":6,\"~1\":9,"
                "\"\\u00e9\":11}"},
        {"/\xc3\xa9", "{\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7,\"k\\\"l\":6,\"~1\":9,"
                      "\"/\":10}"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;

        assert_string_equal(apply(json, single("remove", rows[i].path, NULL), &err),
                            rows[i].result);
    }
}

static const char document[] = "{\"map\":{\"a\":1},\"list\":[0,1,2],\"none\":null,\"text\":\"x\","
                               "\"empty\":{},\"nothing\":[]}";

static void some_operations_do_not_apply(void **state)
{
    static const struct {
        const char *name, *path;
    } rows[] = {
        /* a parent that isn't there, or is null, or is no container */
        {"add", "/missing/a"},
        {"add", "/map/b/c"},
        {"add", "/none/a"},
        {"add", "/text/a"},
        {"add", "/text/0"},
        {"add", "/list/3/a"},
        {"add", "/list/0/a"},
        {"replace", "/missing/a"},
        {"remove", "/missing/a"},
        {"remove", "/none/a"},
        /* nothing to remove or replace */
        {"remove", "/missing"},
        {"remove", "/map/b"},
        {"remove", "/map/"},
        {"remove", "/empty/a"},
        {"remove", "/list/3"},
        {"remove", "/list/-"},
        {"remove", "/nothing/0"},
        {"replace", "/missing"},
        {"replace", "/map/b"},
        {"replace", "/list/3"},
        {"replace", "/list/-"},
        /* no index, or one out of range */
        {"add", "/list/4"},
        {"add", "/nothing/1"},
        {"add", "/list/a"},
        {"add", "/list/"},
        {"add", "/list/-1"},
        {"add", "/list/+1"},
        {"add", "/list/1e0"},
        {"add", "/list/1.0"},
        {"add", "/list/18446744073709551616"},
        {"add", "/list/4294967296"},
        {"remove", "/list/18446744073709551616"},
        {"remove", "/list/4294967296"},
        {"remove", "/list/-1"},
        {"remove", "/list/a"},
        /* no path in an object */
        {"add", ""},
        {"remove", ""},
        {"add", "map"},
        {"add", "map/a"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;

        if (apply(document, single(rows[i].name, rows[i].path, "7"), &err))
            fail_msg("%s %s applies", rows[i].name, rows[i].path);
        assert_non_null(strstr(err.text, "patch: "));
    }
}

static void one_that_fails_fails_the_patch(void **state)
{
    struct patch patch = {.arena = &arena};
    struct error err;

    patch_add(&patch, "/map/b", "2");
    patch_remove(&patch, "/map/c");
    patch_add(&patch, "/map/d", "3");
    assert_null(apply(document, &patch, &err));
    assert_string_equal(err.text, "patch: remove /map/c does not apply");
}

static void each_operation_sees_what_those_before_it_did(void **state)
{
    static const char *const steps[][3] = {
        {"add", "/metadata", "{}"},
        {"add", "/metadata/labels", "{}"},
        {"add", "/metadata/labels/a~1b", "\"1\""},
        {"add", "/list/-", "1"},
        {"add", "/list/0", "0"},
        {"add", "/list/2", "{\"x\":[]}"},
        {"add", "/list/2/x/-", "true"},
        {"remove", "/list/0", NULL},
        {"replace", "/list/0", "[\"one\"]"},
        {"replace", "/metadata/labels/a~1b", "null"},
        {"add", "/metadata/labels/-", "2"},
        {"remove", "/gone", NULL},
    };
    struct patch patch = {.arena = &arena};
    struct error err;
    const char *result;

    for (size_t i = 0; i < COUNT(steps); i++)
        add_operation(&patch, steps[i][0], steps[i][1], steps[i][2]);
    result = apply("{\"list\":[],\"gone\":{\"a\":[1,2,3]}}", &patch, &err);
    assert_non_null(result);
    assert_true(
        value_equal(parse_json(result),
                    parse_json("{\"list\":[[\"one\"],{\"x\":[true]}],\"metadata\":{\"labels\":"
                               "{\"a/b\":null,\"-\":2}}}")));
}

static void an_empty_patch_changes_nothing(void **state)
{
    struct patch patch = {.arena = &arena};
    struct error err;

    assert_string_equal(apply(" { \"a\" : 1 } ", &patch, &err), "{ \"a\" : 1 }");
}

/* Odd white space, escapes and numbers. */
static const char odd[] =
    "{ \"a\"\t: 1.0e+01 ,\n \"b\" : [ 1 , {\"c\":\"\\u0041\\/\"} , \"],}\" ]\n,"
    "\"d\":{ } , \"e\" : [\t] , \"f\\\"\": -0 }";

static void replacing_touches_the_value_alone(void **state)
{
    struct error err;

    assert_string_equal(apply(odd, single("replace", "/b/1/c", "2"), &err),
                        "{ \"a\"\t: 1.0e+01 ,\n \"b\" : [ 1 , {\"c\":2} , \"],}\" ]\n,"
                        "\"d\":{ } , \"e\" : [\t] , \"f\\\"\": -0 }");
    assert_string_equal(apply(odd, single("replace", "/a", "2"), &err),
                        "{ \"a\"\t: 2 ,\n \"b\" : [ 1 , {\"c\":\"\\u0041\\/\"} , \"],}\" ]\n,"
                        "\"d\":{ } , \"e\" : [\t] , \"f\\\"\": -0 }");
    assert_string_equal(apply(odd, single("add", "/d", "[]"), &err),
                        "{ \"a\"\t: 1.0e+01 ,\n \"b\" : [ 1 , {\"c\":\"\\u0041\\/\"} , \"],}\" ]\n,"
                        "\"d\":[] , \"e\" : [\t] , \"f\\\"\": -0 }");
}

/* How many bytes two texts share at both ends together, at most the whole of the shorter. */
static size_t shared_bytes(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b), shorter = a_len < b_len ? a_len : b_len;
    size_t front = 0, back = 0;

    while (front < shorter && a[front] == b[front])
        front++;
    while (front + back < shorter && a[a_len - 1 - back] == b[b_len - 1 - back])
        back++;
    return front + back;
}

static void adding_inserts_and_removing_cuts_in_one_place(void **state)
{
    static const struct {
        const char *name, *path;
        size_t most; /* bytes that may come or go */
    } rows[] = {
        {"add", "/g", strlen(",\"g\":77")},
        {"add", "/d/x", strlen("\"x\":77")},
        {"add", "/e/0", strlen("77")},
        {"add", "/e/-", strlen("77")},
        {"add", "/b/0", strlen("77,")},
        {"add", "/b/1", strlen("77,")},
        {"add", "/b/3", strlen(",77")},
        {"add", "/b/-", strlen(",77")},
        {"add", "/b/1/d", strlen(",\"d\":77")},
        {"remove", "/a", strlen(" \"a\"\t: 1.0e+01 ,")},
        {"remove", "/d", strlen("\n,\"d\":{ } ")},
        {"remove", "/f\"", strlen(" , \"f\\\"\": -0")},
        {"remove", "/b/0", strlen(" 1 ,")},
        {"remove", "/b/1", strlen(" , {\"c\":\"\\u0041\\/\"}")},
        {"remove", "/b/2", strlen(" , \"],}\"")},
        {"remove", "/b/1/c", strlen("\"c\":\"\\u0041\\/\"")},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;
        const char *result = apply(odd, single(rows[i].name, rows[i].path, "77"), &err);
        size_t old_len = strlen(odd), len;

        assert_non_null(result);
        len = strlen(result);
        parse_json(result);
        assert_int_equal(shared_bytes(odd, result), len < old_len ? len : old_len);
        assert_in_range(len < old_len ? old_len - len : len - old_len, 1, rows[i].most);
    }
}

/* The same, applied to a tree of jansson's: RFC 6902. */

static bool reference_index(const char *part, size_t *out)
{
    *out = 0;
    for (const char *at = part; *at; at++) {
        if (*at < '0' || *at > '9')
            return false;
        *out = *out * 10 + (size_t)(*at - '0');
    }
    return *part && strlen(part) < 9;
}

static json_t *reference_child(json_t *parent, const char *part)
{
    size_t index;

    if (json_is_object(parent))
        return json_object_get(parent, part);
    return reference_index(part, &index) ? json_array_get(parent, index) : NULL;
}

static bool reference_change_array(json_t *array, const char *name, const char *part, json_t *value)
{
    size_t index, count = json_array_size(array);

    if (!strcmp(name, "add") && !strcmp(part, "-"))
        return json_array_append(array, value) == 0;
    if (!reference_index(part, &index))
        return false;
    if (!strcmp(name, "add"))
        return index <= count && json_array_insert(array, index, value) == 0;
    if (!strcmp(name, "replace"))
        return index < count && json_array_set(array, index, value) == 0;
    return json_array_remove(array, index) == 0;
}

static bool reference_change(json_t *parent, const char *name, const char *part, json_t *value)
{
    if (json_is_array(parent))
        return reference_change_array(parent, name, part, value);
    if (!json_is_object(parent))
        return false;
    if (strcmp(name, "add") != 0 && !json_object_get(parent, part))
        return false;
    if (!strcmp(name, "remove"))
        return json_object_del(parent, part) == 0;
    return json_object_set(parent, part, value) == 0;
}

enum { MAX_PARTS = 4 };

struct random_path {
    const char *parts[MAX_PARTS];
    size_t count;
};

static bool reference_apply(json_t *tree, const char *name, const struct random_path *path,
                            json_t *value)
{
    json_t *parent = tree;

    for (size_t i = 0; i + 1 < path->count && parent; i++)
        parent = reference_child(parent, path->parts[i]);
    return parent && reference_change(parent, name, path->parts[path->count - 1], value);
}

static const char *const keys[] = {"a", "b", "~", "/", "a/b", "~1", "-", "0", "1", "", "\xc3\xa9"};

static json_t *make_tree(struct random *random, int depth)
{
    unsigned what = random_below(random, depth > 0 ? 8 : 4);
    json_t *tree;

    if (what == 0)
        return json_null();
    if (what == 1)
        return json_integer(random_below(random, 100));
    if (what == 2)
        return json_string(keys[random_below(random, COUNT(keys))]);
    if (what == 3)
        return json_boolean(random_below(random, 2));
    tree = what < 6 ? json_object() : json_array();
    for (unsigned i = random_below(random, 5); i > 0; i--) {
        if (what < 6)
            json_object_set_new(tree, keys[random_below(random, COUNT(keys))],
                                make_tree(random, depth - 1));
        else
            json_array_append_new(tree, make_tree(random, depth - 1));
    }
    return tree;
}

static const char *dump(const json_t *tree, size_t flags)
{
    char *text = json_dumps(tree, JSON_ENCODE_ANY | flags);
    const char *copy = arena_copy(&arena, bytes_from(text));

    free(text);
    return copy;
}

/* A path that mostly leads somewhere. */
static struct random_path make_path(struct random *random, json_t *tree)
{
    static const char *const indexes[] = {"0", "1", "2", "3", "4", "-", "x"};
    size_t depth = 1 + random_below(random, MAX_PARTS);
    struct random_path path = {0};

    while (path.count < depth) {
        const char *part = keys[random_below(random, COUNT(keys))];

        if (json_is_array(tree))
            part = indexes[random_below(random, COUNT(indexes))];
        else if (json_object_size(tree) > 0 && !random_one_in(random, 4)) {
            void *at = json_object_iter(tree);

            for (size_t skip = random_below(random, (unsigned)json_object_size(tree)); skip > 0;
                 skip--)
                at = json_object_iter_next(tree, at);
            part = arena_copy(&arena, bytes_from(json_object_iter_key(at)));
        }
        path.parts[path.count++] = part;
        tree = reference_child(tree, part);
        if (!tree)
            break;
    }
    return path;
}

/* RFC 6901, by replacing: not what the program does. */
static const char *write_path(const struct random_path *path)
{
    struct buf buf;

    buf_init(&buf, &arena, 4096);
    for (size_t i = 0; i < path->count; i++) {
        buf_add_char(&buf, '/');
        for (const char *at = path->parts[i]; *at; at++)
            buf_printf(&buf, *at == '~' ? "~0" : *at == '/' ? "~1" : "%c", *at);
    }
    return buf.data;
}

static const char *join_path(const struct random_path *path)
{
    const char *pointer = "";

    for (size_t i = 0; i < path->count; i++)
        pointer = pointer_join(&arena, pointer, bytes_from(path->parts[i]));
    return pointer;
}

static void check_result(const char *text, const struct patch *patch, const json_t *expected)
{
    struct error err;
    const char *result = apply(text, patch, &err);
    json_t *got;
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    patch_write(patch, &buf);
    if ((result != NULL) != (expected != NULL))
        fail_msg("%s: %s: %s", text, buf.data, result ? "applies" : err.text);
    if (!result)
        return;
    got = json_loads(result, JSON_REJECT_DUPLICATES, NULL);
    if (!got || !json_equal(got, expected))
        fail_msg("%s: %s: expected %s, got %s", text, buf.data, dump(expected, 0), result);
    json_decref(got);
}

static json_t *make_root(struct random *random)
{
    json_t *root = make_tree(random, 4);

    while (!json_is_object(root)) {
        json_decref(root);
        root = make_tree(random, 4);
    }
    return root;
}

static void random_patches_do_what_a_reference_does(void **state)
{
    static const char *const names[] = {"add", "replace", "remove"};
    struct random random = {6902};
    int applied = 0;

    for (int i = 0; i < 10000; i++) {
        json_t *tree = make_root(&random);
        const char *text = dump(tree, random_one_in(&random, 2) ? JSON_INDENT(1) : JSON_COMPACT);
        struct patch patch = {.arena = &arena};
        bool applies = true;

        for (unsigned left = 1 + random_below(&random, 4); left > 0 && applies; left--) {
            const char *name = names[random_below(&random, COUNT(names))];
            struct random_path path = make_path(&random, tree);
            json_t *value = make_tree(&random, 2);

            assert_string_equal(join_path(&path), write_path(&path));
            add_operation(&patch, name, write_path(&path), dump(value, JSON_COMPACT));
            applies = reference_apply(tree, name, &path, value);
            json_decref(value);
        }
        check_result(text, &patch, applies ? tree : NULL);
        applied += applies;
        json_decref(tree);
        arena_reset(&arena);
    }
    assert_in_range(applied, 1000, 9000);
}

/* Two changes to each of many containers, as hideUnrequestedGpus makes them: nothing is read or
 * written once for each of them. */
static void many_changes_take_no_more_room_than_a_few(void **state)
{
    enum { CONTAINERS = 1024, BYTES_EACH = 1000 };
    const char *filler = repeat_text("", "x", BYTES_EACH, "").data;
    const char *one = arena_printf(&arena, "{\"name\":\"%s\"},", filler);
    struct value object =
        parse_json(repeat_text("{\"spec\":{\"containers\":[", one, CONTAINERS, "{}]}}").data);
    struct patch patch = {.arena = &arena};
    struct value container;
    struct bytes result;
    struct error err;
    size_t before;

    for (int i = 0; i < CONTAINERS; i++) {
        patch_add(&patch, arena_printf(&arena, "/spec/containers/%d/env", i), "[]");
        patch_add(&patch, arena_printf(&arena, "/spec/containers/%d/env/-", i), "{\"name\":1}");
    }
    before = arena.used;
    assert_true(patch_apply(&patch, object, &arena, &result, &err));
    assert_in_range(arena.used - before, CONTAINERS * BYTES_EACH, 5 * CONTAINERS * BYTES_EACH);
    container = value_first(value_path(parse_json(arena_copy(&arena, result)), "spec.containers"));
    for (int i = 0; i < CONTAINERS; i++, container = value_next(container))
        assert_int_equal(value_count(value_member(container, "env")), 1);
    assert_int_equal(value_count(container), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(is_written_as_the_api_server_reads_it, release_arena),
        cmocka_unit_test_teardown(pointers_escape_tilde_and_slash, release_arena),
        cmocka_unit_test_teardown(escaped_parts_name_their_members, release_arena),
        cmocka_unit_test_teardown(some_operations_do_not_apply, release_arena),
        cmocka_unit_test_teardown(one_that_fails_fails_the_patch, release_arena),
        cmocka_unit_test_teardown(each_operation_sees_what_those_before_it_did, release_arena),
        cmocka_unit_test_teardown(an_empty_patch_changes_nothing, release_arena),
        cmocka_unit_test_teardown(replacing_touches_the_value_alone, release_arena),
        cmocka_unit_test_teardown(adding_inserts_and_removing_cuts_in_one_place, release_arena),
        cmocka_unit_test_teardown(random_patches_do_what_a_reference_does, release_arena),
        cmocka_unit_test_teardown(many_changes_take_no_more_room_than_a_few, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
