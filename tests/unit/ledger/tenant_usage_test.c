#include "ledger/tenant_usage.h"

#include "base/buf.h"
#include "base/file.h"
#include "unit/arena.h"

static struct bytes write_usage(const struct tenant_usage *usage)
{
    struct buf out;

    buf_init(&out, &arena, TENANT_USAGE_MAX_BYTES);
    tenant_usage_write(usage, BYTES("{\"used\":\"1\"}"), &out);
    assert_false(out.is_full);
    return buf_bytes(&out);
}

static struct value parse_bytes(struct bytes text)
{
    struct document *document = arena_alloc(&arena, sizeof(*document));

    document_parse(text, 64, &arena, document);
    assert_true(document_is_sound(document));
    return document_root(document);
}

static void read_sound(struct bytes text, struct tenant_usage *out)
{
    struct error err = {0};

    if (!tenant_usage_read(parse_bytes(text), &arena, out, &err))
        fail_msg("%s\n%.*s", err.text, BYTES_ARG(text));
}

static void assert_bytes(struct bytes actual, struct bytes expected)
{
    if (!bytes_equal(actual, expected))
        fail_msg("expected \"%.*s\", got \"%.*s\"", BYTES_ARG(expected), BYTES_ARG(actual));
}

static void assert_usage_equal(const struct tenant_usage *a, const struct tenant_usage *b)
{
    assert_bytes(a->name, b->name);
    assert_bytes(a->uid, b->uid);
    assert_bytes(a->version, b->version);
    assert_bytes(a->series, b->series);
    assert_bytes(a->unknown, b->unknown);
    assert_int_equal(a->last, b->last);
    assert_int_equal(a->floors.pods, b->floors.pods);
    assert_int_equal(a->floors.claims, b->floors.claims);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].number, b->items[i].number);
        assert_int_equal(a->items[i].is_growth, b->items[i].is_growth);
        assert_true(held_pod_equal(&a->items[i].pod, &b->items[i].pod));
    }
}

/* By name, as they are read again. */
static struct resource_amount requests[] = {
    {BYTES("a/fraction"), {1, 1000000000}},
    {BYTES("b/mixed"), {4611686018427387905, 2}},
    {BYTES("c/largest"), {INT64_MAX, 1}},
    {BYTES("cpu"), {5, 2}},
    {BYTES("d/finest"), {INT64_MAX, 1000000000}},
    {BYTES("nvidia.com/gpu"), {8, 1}},
    {BYTES("z/none"), {0, 1}},
};
static struct annotation annotations[] = {{BYTES("gpu-fraction"), BYTES("0.5")},
                                          {BYTES("gpu-memory"), BYTES("+4Ki")}};
static const char *products[] = {"NVIDIA-H100", "NVIDIA \"A100\""};
static struct claim_ref refs[] = {{BYTES("gpu"), BYTES("claim-1"), BYTES("")},
                                  {BYTES("other"), BYTES(""), BYTES("template")}};
static struct device_ask devices[] = {
    {BYTES(CLASS_RESOURCE_PREFIX "gpu"), BYTES("nvidia.com/gpu"), {2, 1}, .is_all = true},
    {BYTES(CLASS_RESOURCE_PREFIX "mig"), {0}, {3, 1}, DEVICE_SHARED, .is_alternative = true},
    {BYTES(CLASS_RESOURCE_PREFIX "x"), {0}, {1, 1}, DEVICE_REQUESTED, .is_admin = true},
};
static const struct claimed claimed = {{refs, 2}, {devices, 3}, true}, nothing_claimed;

static struct usage_item items[] = {
    {1,
     false,
     {false,
      BYTES("u1"),
      true,
      BYTES("a"),
      BYTES("train-0"),
      BYTES("n1"),
      BYTES("w"),
      BYTES("Job/train"),
      BYTES("p2"),
      {{requests, 7}, {products, 2}, annotations, 2, &claimed},
      0}},
    {4,
     true,
     {false,
      BYTES("u4"),
      true,
      BYTES("a"),
      BYTES("train-1"),
      BYTES(""),
      BYTES("w"),
      BYTES("Job/train"),
      BYTES("p2"),
      {{requests, 7}, {products, 2}, annotations, 2, &claimed},
      0}},
    {2, false, {.uid = BYTES("u2"), .has_uid = true, .namespace = BYTES("a"), .name = BYTES("b")}},
    {3,
     false,
     {.is_claim = true,
      .uid = BYTES("u3"),
      .has_uid = true,
      .namespace = BYTES("a"),
      .name = BYTES("b"),
      .ask = {.claimed = &nothing_claimed}}},
    {5,
     false,
     {.uid = BYTES("odd %20 uid"),
      .has_uid = true,
      .namespace = BYTES("n \"s"),
      .name = BYTES(""),
      .node = BYTES("a \x01 node\n")}},
};

static const struct tenant_usage whole = {.name = BYTES("research"),
                                          .uid = BYTES("object-uid"),
                                          .version = BYTES("77"),
                                          .last = 9,
                                          .floors = {UINT64_MAX, 12},
                                          .series = BYTES("s1"),
                                          .items = items,
                                          .count = 5};

static void what_is_written_is_read_again(void **state)
{
    struct tenant_usage again, lost = whole;
    struct bytes text = write_usage(&whole);

    read_sound(text, &again);
    assert_usage_equal(&again, &whole);
    assert_bytes(value_raw(again.status), BYTES("{\"used\":\"1\"}"));
    assert_bytes(write_usage(&again), text);
    lost.uid = lost.version = BYTES("");
    lost.series = BYTES("other");
    lost.unknown = BYTES("it was deleted");
    lost.count = 0;
    read_sound(write_usage(&lost), &again);
    assert_usage_equal(&again, &lost);
}

static const char status[] =
    "{\"guaranteed\":\"16\",\"burst\":\"24\",\"used\":\"12 1/2\",\"reserved\":\"2\",\"free\":"
    "\"3 1/2\",\"freeBurst\":\"11 1/2\",\"byMode\":{\"whole\":\"12\",\"shared\":\"1/2\"},\"b"
    "yPriorityClass\":{\"p2-batch\":\"12\",\"(none)\":\"1/2\"},\"byNamespace\":{\"resea"
    "rch-a\":\"12 1/2\"},\"resources\":[{\"name\":\"memory\",\"max\":\"64Gi\",\"used\":\"16"
    "Gi\",\"free\":\"48Gi\"}],\"holders\":[{\"namespace\":\"research-a\",\"name\":\"Job/t"
    "rain\",\"gpus\":\"12\"},{\"namespace\":\"research-a\",\"name\":\"Pod/x\",\"gpus\":\"1/"
    "2\"}],\"notSeen\":[{\"namespace\":\"research-a\",\"name\":\"Pod/train-1\",\"gpus\":"
    "\"2\"}],\"gone\":{\"pods\":1,\"gpus\":\"8\"}}";

/* The story shows that the API server keeps all of it. */
static void an_object_with_all_fields_is_the_one_of_the_story(void **state)
{
    static const char path[] = "tests/e2e/scenarios/tenant-usage-object/written.json";
    struct tenant_usage usage = whole;
    struct bytes expected;
    struct error err;
    struct buf out;

    usage.name = BYTES("tenant-usage-object");
    usage.uid = usage.version = BYTES("");
    usage.series = BYTES("5f0c");
    usage.unknown = BYTES("the object was deleted");
    buf_init(&out, &arena, TENANT_USAGE_MAX_BYTES);
    tenant_usage_write(&usage, bytes_from(status), &out);
    buf_add_char(&out, '\n');
    if (!file_read(path, 1024 * 1024, &arena, &expected, &err))
        fail_msg("%s", err.text);
    assert_bytes(buf_bytes(&out), expected);
}

static void what_several_have_in_common_stands_once(void **state)
{
    struct usage_item shuffled[] = {items[0], items[2], items[1]};
    struct tenant_usage usage = {.name = BYTES("t"), .last = 4, .items = shuffled, .count = 3};
    struct value groups = value_path(parse_bytes(write_usage(&usage)), "spec.reservations");
    struct value group = value_first(groups);

    assert_int_equal(value_count(groups), 2);
    assert_bytes(value_raw(value_member(group, "objects")),
                 BYTES("\"1 u1 train-0 n1\\n4+ u4 train-1\""));
    assert_bytes(value_raw(value_path(group, "asks.requests")),
                 BYTES("{\"a/fraction\":\"0.000000001\",\"b/mixed\":\"2305843009213693952.5\","
                       "\"c/largest\":\"9223372036854775807\",\"cpu\":\"2.5\","
                       "\"d/finest\":\"9223372036.854775807\",\"nvidia.com/gpu\":\"8\","
                       "\"z/none\":\"0\"}"));
    assert_bytes(value_raw(value_member(value_next(group), "objects")), BYTES("\"2 u2 b\""));
}

/* `before`, which stands once in `text`, by `after`. */
static struct bytes replace(struct bytes text, const char *before, const char *after)
{
    char *copy = arena_copy(&arena, text), *found = strstr(copy, before);

    if (!found || strstr(found + 1, before))
        fail_msg("\"%s\" doesn't stand once in %s", before, copy);
    return bytes_from(
        arena_printf(&arena, "%.*s%s%s", (int)(found - copy), copy, after, found + strlen(before)));
}

/* The digest finds what no field's own check does. */
static void an_edit_of_any_field_is_found(void **state)
{
    static const char *const edits[][2] = {
        {"\"last\":9", "\"last\":10"},
        {"\"pods\":\"18446744073709551615\"", "\"pods\":\"1\""},
        {"\"resourceclaims\":\"12\"", "\"resourceclaims\":\"13\""},
        {",\"owner\":\"Job/train\"", ""},
        {"\"priorityClass\":\"p2\"", "\"priorityClass\":\"p1\""},
        {"\"workload\":\"w\"", "\"workload\":\"\""},
        {"\"cpu\":\"2.5\"", "\"cpu\":\"2.50\""},
        {"\"NVIDIA-H100\",", ""},
        {"\"gpu-fraction\":\"0.5\",", ""},
        {"\"claim\":\"claim-1\"", "\"claim\":\"claim-2\""},
        {"\"alternative\":true", "\"alternative\":false"},
        {"1 u1 train-0 n1\\n", ""},
        {"4+ u4 train-1", "4 u4 train-1"},
        {"\"name\":\"research\"", "\"name\":\"search\""},
        {"\"uid\":\"object-uid\"", "\"uid\":\"other-uid\""},
        {"\"digest\":\"sha256:", "\"digest\":\"sha256:0"},
    };
    struct bytes text = write_usage(&whole);
    struct tenant_usage usage;
    struct error err;

    for (size_t i = 0; i < COUNT(edits); i++) {
        struct bytes edited = replace(text, edits[i][0], edits[i][1]);

        if (tenant_usage_read(parse_bytes(edited), &arena, &usage, &err))
            fail_msg("%s: not found", edits[i][1]);
        assert_string_equal(err.text, "spec: its digest is another one: somebody else wrote it");
    }
}

/* The API server sorts them. */
static void the_order_of_members_is_nobodys_edit(void **state)
{
    struct bytes text = write_usage(&whole);
    struct tenant_usage usage;

    text = replace(text, "\"last\":9,", "");
    text = replace(text, "\"resourceclaims\":\"12\"}", "\"resourceclaims\":\"12\"},\"last\":9");
    text = replace(text, "\"cpu\":\"2.5\",", "");
    text = replace(text, "\"z/none\":\"0\"", "\"z/none\":\"0\",\"cpu\":\"2.5\"");
    read_sound(text, &usage);
    assert_usage_equal(&usage, &whole);
}

/* Every field in turn is what it can't be; the rest is kept. */
static const struct {
    const char *before, *after, *err;
    size_t count;
} damages[] = {
    {"\"name\":\"research\",", "", "has no metadata.name", 5},
    {"\"name\":\"research\"", "\"name\":7", "metadata.name: expected a string, got a number", 5},
    {"\"uid\":\"object-uid\"", "\"uid\":[]", "metadata.uid: expected a string, got an array", 5},
    {"\"resourceVersion\":\"77\"", "\"resourceVersion\":77",
     "metadata.resourceVersion: expected a string, got a number", 5},
    {"\"last\":9", "\"last\":\"9\"", "spec.last: expected a number, got a string", 5},
    {"\"last\":9", "\"last\":-9", "spec.last: expected the number of a reservation", 5},
    {"\"last\":9", "\"last\":9.0", "spec.last: expected the number of a reservation", 5},
    {"\"last\":9", "\"last\":9007199254740993", "spec.last: expected the number of a reservation",
     5},
    {"\"last\":9", "\"last\":4",
     "spec.reservations[3].objects: line 1: its number is above spec.last", 5},
    {"\"pods\":\"18446744073709551615\"", "\"pods\":\"18446744073709551616\"",
     "spec.floors.pods: expected a resourceVersion", 5},
    {"\"resourceclaims\":\"12\"", "\"resourceclaims\":12",
     "spec.floors.resourceclaims: expected a string, got a number", 5},
    {"\"floors\":{", "\"unknown\":true,\"floors\":{", "spec.unknown: expected a string, got true",
     5},
    {"\"series\":\"s1\"", "\"series\":1", "spec.series: expected a string, got a number", 5},
    {"\"reservations\":[", "\"reservations\":3,\"x\":[",
     "spec.reservations: expected an array, got a number", 0},
    {"\"reservations\":[", "\"reservations\":[7,",
     "spec.reservations[0]: expected an object, got a number", 5},
    {"\"kind\":\"ResourceClaim\"", "\"kind\":\"Node\"",
     "spec.reservations[2]: expected the kind Pod or ResourceClaim", 4},
    {"\"namespace\":\"n \\\"s\",", "", "spec.reservations[3]: has no namespace", 4},
    {"\"owner\":\"Job/train\"", "\"owner\":null,\"owner2\":\"\"",
     "spec: its digest is another one: somebody else wrote it", 5},
    {"\"owner\":\"Job/train\"", "\"owner\":{}",
     "spec.reservations[0].owner: expected a string, got an object", 5},
    {"\"priorityClass\":\"p2\"", "\"priorityClass\":2",
     "spec.reservations[0].priorityClass: expected a string, got a number", 5},
    {"\"workload\":\"w\"", "\"workload\":2",
     "spec.reservations[0].workload: expected a string, got a number", 5},
    {"\"cpu\":\"2.5\"", "\"cpu\":2.5",
     "spec.reservations[0].asks.requests.cpu: expected a string, got a number", 5},
    {"\"cpu\":\"2.5\"", "\"cpu\":\"-2.5\"",
     "spec.reservations[0].asks.requests.cpu: expected a quantity not below zero, got "
     "\"-2.5\"",
     5},
    {"\"c/largest\":\"9223372036854775807\"", "\"c/largest\":\"9223372036854775808\"",
     "spec.reservations[0].asks.requests[\"c/largest\"]: expected a quantity that fits 64 "
     "bits, got \"9223372036854775808\"",
     5},
    {"\"NVIDIA-H100\"", "\"NVIDIA\\u0000\"", "spec.reservations[0].asks.products[0]: has a NUL", 5},
    {"\"NVIDIA-H100\"", "1",
     "spec.reservations[0].asks.products[0]: expected a string, got a number", 5},
    {"\"gpu-fraction\":\"0.5\"", "\"gpu-fraction\":\"half\"",
     "spec.reservations[0].asks.annotations.gpu-fraction: expected a quantity such as "
     "2, 500m or 16Gi, got \"half\"",
     5},
    {"{\"name\":\"other\",\"template\":\"template\"}", "7",
     "spec.reservations[0].asks.claims[1]: expected an object, got a number", 5},
    {"\"claim\":\"claim-1\"", "\"claim\":1",
     "spec.reservations[0].asks.claims[0].claim: expected a string, got a number", 5},
    {"\"count\":\"2\",", "", "spec.reservations[0].asks.devices[0]: has no count", 5},
    {"\"origin\":\"Shared\"", "\"origin\":\"Stolen\"",
     "spec.reservations[0].asks.devices[1].origin: expected Shared or Requested", 5},
    {"\"alternative\":true", "\"alternative\":1",
     "spec.reservations[0].asks.devices[1].alternative: expected true, got a number", 5},
    {"\"incomplete\":true", "\"incomplete\":\"yes\"",
     "spec.reservations[0].asks.incomplete: expected true, got a string", 5},
    {"\"2 u2 b\"", "[]", "spec.reservations[1].objects: expected a string, got an array", 4},
    {"\"2 u2 b\"", "2", "spec.reservations[1].objects: expected a string, got a number", 4},
    {"\"2 u2 b\"", "\"0 u2 b\"",
     "spec.reservations[1].objects: line 1: expected a number, a uid, a name and perhaps a node",
     4},
    {"\"2 u2 b\"", "\"02 u2 b\"",
     "spec.reservations[1].objects: line 1: expected a number, a uid, a name and perhaps a node",
     4},
    {"\"2 u2 b\"", "\"2  b\"",
     "spec.reservations[1].objects: line 1: expected a number, a uid, a name and perhaps a node",
     4},
    {"\"2 u2 b\"", "\"2 u2 b n x\"",
     "spec.reservations[1].objects: line 1: expected a number, a uid, a name and perhaps a node",
     4},
    {"\"2 u2 b\"", "\"2 u2 %2\"",
     "spec.reservations[1].objects: line 1: expected a number, a uid, a name and perhaps a node",
     4},
    {"\"2 u2 b\"", "\"2 u2 b\\n\\n2 u2\"",
     "spec.reservations[1].objects: line 2: expected a number, a uid, a name and perhaps a node",
     6},
};

static void a_field_that_cant_be_read_is_named_and_the_rest_is_kept(void **state)
{
    struct bytes text = write_usage(&whole);

    for (size_t i = 0; i < COUNT(damages); i++) {
        struct tenant_usage usage;
        struct error err = {0};

        if (tenant_usage_read(parse_bytes(replace(text, damages[i].before, damages[i].after)),
                              &arena, &usage, &err))
            fail_msg("%s: was read", damages[i].after);
        assert_string_equal(err.text, damages[i].err);
        if (usage.count != damages[i].count)
            fail_msg("%s: %zu items", damages[i].after, usage.count);
        assert_int_equal(usage.last, strstr(damages[i].before, "last") ? 5 : 9);
    }
}

static void a_field_is_named_as_in_the_object_wherever_that_stands(void **state)
{
    struct bytes text = replace(write_usage(&whole), "\"last\":9", "\"last\":[]");
    const char *event =
        arena_printf(&arena, "{\"type\":\"MODIFIED\",\"object\":%.*s}", (int)text.len, text.data);
    struct tenant_usage usage;
    struct error err = {0};

    assert_false(tenant_usage_read(value_member(parse_bytes(bytes_from(event)), "object"), &arena,
                                   &usage, &err));
    assert_string_equal(err.text, "spec.last: expected a number, got an array");
}

static void what_is_left_of_a_damaged_group_is_kept(void **state)
{
    struct bytes text = replace(write_usage(&whole), "\"cpu\":\"2.5\"", "\"cpu\":\"much\"");
    struct tenant_usage usage;
    struct error err;

    assert_false(tenant_usage_read(parse_bytes(text), &arena, &usage, &err));
    assert_int_equal(usage.items[0].pod.ask.requests.count, 6);
    assert_int_equal(resource_find(&usage.items[0].pod.ask.requests, BYTES("nvidia.com/gpu"))->num,
                     8);
    assert_bytes(usage.items[0].pod.owner, BYTES("Job/train"));
}

static void what_is_no_object_at_all_is_empty(void **state)
{
    static const char *const rows[][2] = {
        {"[]", "expected an object, got an array"},
        {"{}", "has no metadata.name"},
        {"{\"metadata\":{\"name\":\"a\"}}", "has no spec"},
        {"{\"metadata\":{\"name\":\"a\"},\"spec\":[]}", "spec: expected an object, got an array"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tenant_usage usage;
        struct error err = {0};

        assert_false(tenant_usage_read(parse_json(rows[i][0]), &arena, &usage, &err));
        assert_string_equal(err.text, rows[i][1]);
        assert_int_equal(usage.count, 0);
    }
}

/* Names and uids as long as a Job's. */
static struct tenant_usage *make_many(size_t count)
{
    struct tenant_usage *usage = arena_alloc(&arena, sizeof(*usage));

    *usage = whole;
    usage->count = usage->last = count;
    usage->items = arena_alloc(&arena, count * sizeof(*usage->items));
    for (size_t i = 0; i < count; i++) {
        usage->items[i] = items[0];
        usage->items[i].number = i + 1;
        usage->items[i].pod.node = BYTES("");
        usage->items[i].pod.uid =
            bytes_from(arena_printf(&arena, "7d9f2f3e-1c57-4b7d-a6ad-%012zu", i));
        usage->items[i].pod.name =
            bytes_from(arena_printf(&arena, "train-large-model-0123456789-%06zu", i));
    }
    return usage;
}

static void ten_thousand_reservations_of_a_job_fit(void **state)
{
    struct tenant_usage *many = make_many(10000), again;

    read_sound(write_usage(many), &again);
    assert_usage_equal(&again, many);
}

static bool is_full(const struct tenant_usage *usage, size_t max)
{
    struct buf out;

    buf_init(&out, &arena, max);
    tenant_usage_write(usage, BYTES(""), &out);
    return out.is_full;
}

static void what_is_over_a_bound_is_not_written(void **state)
{
    struct tenant_usage usage = whole;
    struct usage_item item = items[2];
    struct bytes long_text = repeat_text("", "x", TENANT_USAGE_MAX_TEXT + 1, "");
    struct bytes *const texts[] = {&item.pod.uid,      &item.pod.name,           &item.pod.node,
                                   &item.pod.owner,    &item.pod.priority_class, &item.pod.workload,
                                   &item.pod.namespace};

    assert_true(is_full(make_many(20000), TENANT_USAGE_MAX_BYTES));
    assert_false(is_full(&whole, TENANT_USAGE_MAX_BYTES));
    assert_true(is_full(&whole, 1000));
    usage.count = TENANT_USAGE_MAX_ITEMS + 1;
    assert_true(is_full(&usage, TENANT_USAGE_MAX_BYTES));
    usage.items = &item;
    usage.count = 1;
    usage.last = TENANT_USAGE_MAX_NUMBER + 1;
    assert_true(is_full(&usage, TENANT_USAGE_MAX_BYTES));
    usage.last = 9;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct bytes before = *texts[i];

        texts[i]->data = long_text.data;
        texts[i]->len = TENANT_USAGE_MAX_TEXT;
        assert_false(is_full(&usage, TENANT_USAGE_MAX_BYTES));
        texts[i]->len++;
        assert_true(is_full(&usage, TENANT_USAGE_MAX_BYTES));
        *texts[i] = before;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_written_is_read_again, release_arena),
        cmocka_unit_test_teardown(an_object_with_all_fields_is_the_one_of_the_story, release_arena),
        cmocka_unit_test_teardown(what_several_have_in_common_stands_once, release_arena),
        cmocka_unit_test_teardown(an_edit_of_any_field_is_found, release_arena),
        cmocka_unit_test_teardown(the_order_of_members_is_nobodys_edit, release_arena),
        cmocka_unit_test_teardown(a_field_that_cant_be_read_is_named_and_the_rest_is_kept,
                                  release_arena),
        cmocka_unit_test_teardown(a_field_is_named_as_in_the_object_wherever_that_stands,
                                  release_arena),
        cmocka_unit_test_teardown(what_is_left_of_a_damaged_group_is_kept, release_arena),
        cmocka_unit_test_teardown(what_is_no_object_at_all_is_empty, release_arena),
        cmocka_unit_test_teardown(ten_thousand_reservations_of_a_job_fit, release_arena),
        cmocka_unit_test_teardown(what_is_over_a_bound_is_not_written, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
