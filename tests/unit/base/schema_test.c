#include "base/schema.h"
#include "unit/arena.h"

struct caps {
    const struct node *node;
    struct amount guaranteed, burst;
    bool was_finished;
};

static void finish_caps(void *out, struct arena *unused, struct problems *problems)
{
    struct caps *caps = out;

    (void)unused;
    caps->was_finished = true;
    if (!node_find(caps->node, "burst"))
        caps->burst = caps->guaranteed;
    if (amount_compare(caps->burst, caps->guaranteed) < 0)
        problems_add(problems, node_find(caps->node, "burst"), "burst is below guaranteed");
}

static const struct field caps_fields[] = {
    {.name = "guaranteed",
     .type = FIELD_AMOUNT,
     .offset = offsetof(struct caps, guaranteed),
     .is_required = true},
    {.name = "burst", .type = FIELD_AMOUNT, .offset = offsetof(struct caps, burst)},
    {0},
};

static const struct schema caps_schema = {"gpus", caps_fields, sizeof(struct caps), finish_caps};

struct owner {
    const struct node *node;
    const char *team;
};

static const struct field owner_fields[] = {
    {.name = "team", .type = FIELD_STRING, .offset = offsetof(struct owner, team)},
    {0},
};

static const struct schema owner_schema = {"owner", owner_fields, sizeof(struct owner), NULL};

struct thing {
    const struct node *node;
    const char *name, *note;
    bool is_required;
    int64_t port, count;
    int mode;
    unsigned modes;
    struct strings users;
    struct globs namespaces;
    struct string_map labels;
    struct regex_map patterns;
    struct caps gpus;
    struct owner owner;
    struct objects rows;
    const char *custom;
    struct amount custom_amount;
};

static const char *const modes[] = {"whole", "mig", "shared", NULL};

/* A string, or an amount in a list. */
static bool read_custom(const struct node *node, struct arena *where, void *out,
                        struct problems *problems)
{
    if (node->kind == NODE_LIST && node->count == 1)
        return schema_read_amount(&node->children[0], where,
                                  (struct amount *)((char *)out - offsetof(struct thing, custom) +
                                                    offsetof(struct thing, custom_amount)),
                                  problems);
    return schema_read_string(node, where, out, problems);
}

#define AT(member) .offset = offsetof(struct thing, member)

static const struct field thing_fields[] = {
    {.name = "name", .type = FIELD_STRING, AT(name)},
    {.name = "note", .type = FIELD_STRING, AT(note), .may_be_empty = true},
    {.name = "required", .type = FIELD_BOOL, AT(is_required)},
    {.name = "port", .type = FIELD_INTEGER, AT(port), .min = 1, .max = 65535},
    {.name = "count", .type = FIELD_INTEGER, AT(count)},
    {.name = "mode", .type = FIELD_ENUM, AT(mode), .words = modes},
    {.name = "modes", .type = FIELD_ENUMS, AT(modes), .words = modes},
    {.name = "users", .type = FIELD_STRINGS, AT(users), .may_be_empty = true},
    {.name = "namespaces", .type = FIELD_GLOBS, AT(namespaces)},
    {.name = "labels", .type = FIELD_STRING_MAP, AT(labels)},
    {.name = "patterns", .type = FIELD_REGEX_MAP, AT(patterns)},
    {.name = "gpus", .type = FIELD_OBJECT, AT(gpus), .schema = &caps_schema},
    {.name = "owner", .type = FIELD_OBJECT, AT(owner), .schema = &owner_schema},
    {.name = "rows", .type = FIELD_OBJECTS, AT(rows), .schema = &caps_schema},
    {.name = "custom", .type = FIELD_CUSTOM, AT(custom), .read = read_custom},
    {0},
};

static const struct schema thing_schema = {"thing", thing_fields, sizeof(struct thing), NULL};

struct reading {
    struct source source;
    struct problems problems;
    struct thing thing;
    bool is_sound;
};

static struct reading *read_thing(const char *text)
{
    struct reading *reading = arena_alloc(&arena, sizeof(*reading));
    struct nodes nodes;

    reading->source = (struct source){"f.yaml", bytes_from(text)};
    reading->problems.arena = &arena;
    node_parse(&reading->source, &arena, &nodes, &reading->problems);
    assert_int_equal(reading->problems.count, 0);
    assert_int_equal(nodes.count, 1);
    reading->is_sound =
        schema_read(&thing_schema, nodes.items[0], &arena, &reading->thing, &reading->problems);
    return reading;
}

/* "LINE:COLUMN text", a line each, sorted. */
static const char *problems_of(struct reading *reading)
{
    struct buf buf;

    problems_sort(&reading->problems);
    buf_init(&buf, &arena, 1024 * 1024);
    for (size_t i = 0; i < reading->problems.count; i++) {
        const struct problem *problem = &reading->problems.items[i];

        buf_printf(&buf, "%u:%u %s\n", problem->line, problem->column, problem->text);
    }
    return buf.data ? buf.data : "";
}

static void sound_things_are_read(void **state)
{
    struct reading *reading = read_thing("name: \"12\"\n"
                                         "note: \"\"\n"
                                         "required: true\n"
                                         "port: 0x1F\n"
                                         "count: -9223372036854775808\n"
                                         "mode: shared\n"
                                         "modes: [shared, whole]\n"
                                         "users: [a, \"12\"]\n"
                                         "namespaces: [research, \"research-*\"]\n"
                                         "labels: {a/b: c, empty: \"\"}\n"
                                         "patterns: {team: \"[a-z]+\"}\n"
                                         "gpus: {guaranteed: 1/4}\n"
                                         "owner: {team: yes}\n"
                                         "rows:\n"
                                         "- {guaranteed: 16, burst: 16.5}\n"
                                         "- {guaranteed: \"0\"}\n"
                                         "custom: on\n");
    const struct thing *thing = &reading->thing;
    const struct caps *rows = thing->rows.items;

    (void)state;
    assert_string_equal(problems_of(reading), "");
    assert_true(reading->is_sound);
    assert_int_equal(thing->node->kind, NODE_MAP);
    assert_string_equal(thing->name, "12");
    assert_string_equal(thing->note, "");
    assert_true(thing->is_required);
    assert_int_equal(thing->port, 31);
    assert_true(thing->count == INT64_MIN);
    assert_int_equal(thing->mode, 2);
    assert_int_equal(thing->modes, 5);
    assert_int_equal(thing->users.count, 2);
    assert_string_equal(thing->users.items[1], "12");
    assert_int_equal(thing->namespaces.count, 2);
    assert_true(globs_match(&thing->namespaces, BYTES("research-7")));
    assert_int_equal(thing->labels.count, 2);
    assert_string_equal(thing->labels.items[0].key, "a/b");
    assert_string_equal(thing->labels.items[0].value, "c");
    assert_int_equal(thing->labels.items[1].node->column, 18);
    assert_string_equal(thing->labels.items[1].value, "");
    assert_int_equal(thing->patterns.count, 1);
    assert_int_equal(regex_matches(thing->patterns.items[0].regex, BYTES("nlp")), REGEX_YES);
    assert_int_equal(amount_compare(thing->gpus.guaranteed, (struct amount){1, 4}), 0);
    assert_int_equal(amount_compare(thing->gpus.burst, (struct amount){1, 4}), 0);
    assert_ptr_equal(thing->gpus.node, node_find(thing->node, "gpus"));
    assert_string_equal(thing->owner.team, "yes");
    assert_int_equal(thing->rows.count, 2);
    assert_int_equal(amount_compare(rows[0].burst, (struct amount){33, 2}), 0);
    assert_int_equal(rows[1].node->line, 16);
    assert_true(amount_is_zero(rows[1].guaranteed));
    assert_string_equal(thing->custom, "on");
}

static void what_is_left_out_keeps_its_default(void **state)
{
    struct thing thing = {.name = "default", .port = 80, .is_required = true};
    struct source source = {"f.yaml", BYTES("{note: x}\n")};
    struct problems problems = {.arena = &arena};
    struct nodes nodes;

    (void)state;
    node_parse(&source, &arena, &nodes, &problems);
    assert_true(schema_read(&thing_schema, nodes.items[0], &arena, &thing, &problems));
    assert_string_equal(thing.name, "default");
    assert_int_equal(thing.port, 80);
    assert_true(thing.is_required);
    assert_null(thing.gpus.node);
    assert_false(thing.gpus.was_finished);
}

struct row {
    const char *text, *problems;
};

#define KNOWN                                                                                      \
    "known here: name, note, required, port, count, mode, modes, users, namespaces, labels, "      \
    "patterns, gpus, owner, rows, custom\n"

static const struct row rows[] = {
    /* not a map */
    {"[a]\n", "1:1 \"thing\": expected a map, got a list\n"},
    {"abc\n", "1:1 \"thing\": expected a map, got \"abc\"\n"},
    /* unknown */
    {"nmae: x\n", "1:1 unknown field \"nmae\"; did you mean \"name\"?\n"},
    {"note: x\nzzzzzz: {a: b}\n", "2:1 unknown field \"zzzzzz\"; " KNOWN},
    {"\"a\\u001bb\": x\n", "1:1 unknown field \"a\\u001bb\"; " KNOWN},
    {"gpus: {guaranteed: 1, brust: 2}\n",
     "1:23 unknown field \"brust\"; did you mean \"burst\"?\n"},
    /* missing */
    {"gpus: {burst: 1}\n", "1:1 \"guaranteed\" is required here\n"},
    {"note: x\ngpus:\n  burst: 1\n", "2:1 \"guaranteed\" is required here\n"},
    {"rows:\n- guaranteed: 1\n- burst: 1\n", "3:3 \"guaranteed\" is required here\n"},
    {"gpus: {}\n", "1:1 \"guaranteed\" is required here\n"},
    /* no value */
    {"name:\n", "1:1 \"name\" has no value\n"},
    {"gpus: ~\n", "1:1 \"gpus\" has no value\n"},
    {"name: #a\n",
     "1:1 \"name\" has no value: what begins with \"#\" is a comment; put it in quotes\n"},
    {"name: # a\n", "1:1 \"name\" has no value\n"},
    {"users: null\n", "1:1 \"users\" has no value\n"},
    {"custom:\n", "1:1 \"custom\" has no value\n"},
    {"labels: {a: , b: ~}\n", "1:10 \"a\" has no value\n1:15 \"b\" has no value\n"},
    {"namespaces:\n- a\n- ~\n", "3:3 \"namespaces\": an entry has no value\n"},
    {"rows: [~]\n", "1:8 \"rows\": an entry has no value\n"},
    /* empty */
    {"name: \"\"\n", "1:7 \"name\" must not be empty\n"},
    {"users: []\n", ""},
    {"namespaces: []\n", "1:13 \"namespaces\" must not be empty\n"},
    {"modes: []\n", "1:8 \"modes\" must not be empty\n"},
    {"rows: []\n", "1:7 \"rows\" must not be empty\n"},
    {"labels: {}\n", "1:9 \"labels\" must not be empty\n"},
    {"patterns: {}\n", "1:11 \"patterns\" must not be empty\n"},
    {"owner: {}\n", "1:8 \"owner\" must not be empty\n"},
    {"users: [\"\"]\n", "1:9 \"users\": an entry must not be empty\n"},
    {"gpus: {guaranteed: \"\"}\n", "1:20 \"guaranteed\" must not be empty\n"},
    {"custom: \"\"\n", "1:9 \"custom\" must not be empty\n"},
    {"patterns: {a: \"\"}\n", "1:15 \"a\" must not be empty\n"},
    /* strings */
    {"name: 12\n", "1:7 \"name\": expected a string, got 12; put it in quotes: \"12\"\n"},
    {"name: 1.0\n", "1:7 \"name\": expected a string, got 1.0; put it in quotes: \"1.0\"\n"},
    {"name: true\n", "1:7 \"name\": expected a string, got true; put it in quotes: \"true\"\n"},
    {"name: [a]\n", "1:7 \"name\": expected a string, got a list\n"},
    {"name: {a: b}\n", "1:7 \"name\": expected a string, got a map\n"},
    {"name: \"a\\0b\"\n", "1:7 \"name\" must not hold the character U+0000\n"},
    {"labels: {a: 1}\n", "1:13 \"a\": expected a string, got 1; put it in quotes: \"1\"\n"},
    {"labels: {a: [b]}\n", "1:13 \"a\": expected a string, got a list\n"},
    {"labels: [a]\n", "1:9 \"labels\": expected a map of strings, got a list\n"},
    {"custom: 1\n", "1:9 \"custom\": expected a string, got 1; put it in quotes: \"1\"\n"},
    /* true or false */
    {"required: yes\n", "1:11 \"required\": expected true or false, got \"yes\"\n"},
    {"required: \"true\"\n", "1:11 \"required\": expected true or false, got \"true\"\n"},
    {"required: 1\n", "1:11 \"required\": expected true or false, got 1\n"},
    /* integers */
    {"port: 0\n", "1:7 \"port\": expected an integer from 1 to 65535, got 0\n"},
    {"port: 65536\n", "1:7 \"port\": expected an integer from 1 to 65535, got 65536\n"},
    {"port: 65535\n", ""},
    {"port: -1\n", "1:7 \"port\": expected an integer from 1 to 65535, got -1\n"},
    {"port: 1.0\n", "1:7 \"port\": expected an integer, got 1.0\n"},
    {"port: \"1\"\n", "1:7 \"port\": expected an integer, got \"1\"\n"},
    {"count: 9223372036854775807\n", ""},
    {"count: 9223372036854775808\n",
     "1:8 \"count\": expected an integer of at most 64 bits, got 9223372036854775808\n"},
    {"count: -9223372036854775809\n",
     "1:8 \"count\": expected an integer of at most 64 bits, got -9223372036854775809\n"},
    {"port: 99999999999999999999\n",
     "1:7 \"port\": expected an integer from 1 to 65535, got 99999999999999999999\n"},
    /* amounts */
    {"gpus: {guaranteed: 16x}\n",
     "1:20 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \"16x\"\n"},
    {"gpus: {guaranteed: [1]}\n",
     "1:20 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got a list\n"},
    {"gpus: {guaranteed: true}\n",
     "1:20 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got true\n"},
    {"gpus: {guaranteed: 1e3}\n",
     "1:20 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \"1e3\"\n"},
    {"gpus: {guaranteed: 0x10}\n",
     "1:20 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \"0x10\"\n"},
    {"gpus: {guaranteed: .inf}\n",
     "1:20 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \".inf\"\n"},
    {"gpus: {guaranteed: -1}\n",
     "1:20 \"guaranteed\": expected an amount, which is never below zero, got -1\n"},
    {"gpus: {guaranteed: -1/4}\n",
     "1:20 \"guaranteed\": expected an amount, which is never below zero, got \"-1/4\"\n"},
    {"custom: [x]\n", "1:10 expected an amount such as 8, 0.5 or 1/4, got \"x\"\n"},
    /* words */
    {"mode: wholes\n",
     "1:7 \"mode\": expected one of whole, mig, shared; got \"wholes\"; did you mean \"whole\"?\n"},
    {"mode: Whole\n",
     "1:7 \"mode\": expected one of whole, mig, shared; got \"Whole\"; did you mean \"whole\"?\n"},
    {"mode: zzz\n", "1:7 \"mode\": expected one of whole, mig, shared; got \"zzz\"\n"},
    {"mode: 1\n", "1:7 \"mode\": expected one of whole, mig, shared; got 1\n"},
    {"mode: [mig]\n", "1:7 \"mode\": expected one of whole, mig, shared; got a list\n"},
    {"modes: mig\n", "1:8 \"modes\": expected a list of words, got \"mig\"\n"},
    {"modes: [mig, zzz, mig]\n", "1:14 \"modes\": expected one of whole, mig, shared; got \"zzz\"\n"
                                 "1:19 \"modes\": \"mig\" is in the list already, on line 1\n"},
    /* lists */
    {"users: a\n", "1:8 \"users\": expected a list of strings, got \"a\"\n"},
    {"users: {a: b}\n", "1:8 \"users\": expected a list of strings, got a map\n"},
    {"users:\n- a\n- b\n- a\n- \"b\"\n",
     "4:3 \"users\": \"a\" is in the list already, on line 2\n"
     "5:3 \"users\": \"b\" is in the list already, on line 3\n"},
    {"users: [a, 1, [b]]\n", "1:12 \"users\": expected a string, got 1; put it in quotes: \"1\"\n"
                             "1:15 \"users\": expected a string, got a list\n"},
    {"namespaces: [a, a]\n", "1:17 \"namespaces\": \"a\" is in the list already, on line 1\n"},
    {"rows: {guaranteed: 1}\n", "1:7 \"rows\": expected a list of maps, got a map\n"},
    {"rows: [a]\n", "1:8 \"rows\": expected a map, got \"a\"\n"},
    /* patterns */
    {"patterns: {team: \"[a-z\"}\n", "1:18 \"team\": \"[a-z\" is no pattern: missing terminating ] "
                                     "for character class at offset 4\n"},
    /* what concerns several fields is judged where they could be read */
    {"gpus: {guaranteed: 2, burst: 1}\n", "1:30 burst is below guaranteed\n"},
    {"gpus: {guaranteed: 2, burst: 1x}\n",
     "1:30 \"burst\": expected an amount such as 8, 0.5 or 1/4, got \"1x\"\n"},
    {"gpus: {guaranteed: 2, burst: 1, x: 3}\n",
     "1:30 burst is below guaranteed\n"
     "1:33 unknown field \"x\"; known here: guaranteed, burst\n"},
    /* everything is told, each once */
    {"name: 1\nport: x\nmode: y\nowner: &o {tem: z}\nrows: [{guaranteed: a}, {guaranteed: b}]\n",
     "1:7 \"name\": expected a string, got 1; put it in quotes: \"1\"\n"
     "2:7 \"port\": expected an integer, got \"x\"\n"
     "3:7 \"mode\": expected one of whole, mig, shared; got \"y\"\n"
     "4:12 unknown field \"tem\"; did you mean \"team\"?\n"
     "5:21 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \"a\"\n"
     "5:38 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \"b\"\n"},
    {"gpus: &g {guaranteed: 1x}\nrows: [*g, *g]\n",
     "1:23 \"guaranteed\": expected an amount such as 8, 0.5 or 1/4, got \"1x\"\n"},
};

static void mistakes_are_told_at_their_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading *reading = read_thing(rows[i].text);
        const char *problems = problems_of(reading);

        if (strcmp(problems, rows[i].problems) != 0)
            print_error("row: %s\n", rows[i].text);
        assert_string_equal(problems, rows[i].problems);
        assert_int_equal(reading->is_sound, rows[i].problems[0] == '\0');
    }
}

static void a_pattern_too_long_is_refused(void **state)
{
    const char *name = arena_printf(&arena, "%0254d", 0);
    struct reading *reading = read_thing(arena_printf(&arena, "namespaces: [a, \"%s\"]\n", name));

    (void)state;
    assert_int_equal(reading->problems.count, 1);
    assert_int_equal(reading->problems.items[0].column, 17);
    assert_non_null(strstr(reading->problems.items[0].text, "is no pattern: "));
    assert_int_equal(reading->thing.namespaces.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sound_things_are_read, release_arena),
        cmocka_unit_test_teardown(what_is_left_out_keeps_its_default, release_arena),
        cmocka_unit_test_teardown(mistakes_are_told_at_their_places, release_arena),
        cmocka_unit_test_teardown(a_pattern_too_long_is_refused, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
