#include "ledger/held_pod.h"
#include "unit/unit.h"

static struct held_pod held_from(const char *json, struct arena *arena)
{
    struct document *document = arena_alloc(arena, sizeof(*document));
    struct held_pod held;
    struct error err;
    struct pod pod;

    document_parse(bytes_from(json), 64, arena, document);
    assert_true(document_is_sound(document));
    assert_true(pod_parse(document_root(document), arena, &pod, &err));
    held_pod_init(&held, &pod, BYTES("research"), BYTES("review-1"), arena);
    return held;
}

static void a_pod_without_uid_is_known_by_its_name_or_its_review(void **state)
{
    static const struct {
        const char *json, *uid;
        bool has_uid;
    } rows[] = {
        {"{\"metadata\":{\"uid\":\"u\",\"name\":\"a\"}}", "u", true},
        {"{\"metadata\":{\"name\":\"a\"}}", "research/a", false},
        {"{\"metadata\":{\"generateName\":\"a-\"}}", "research/review-1", false},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < 3; i++) {
        struct held_pod held = held_from(rows[i].json, &arena);

        assert_true(bytes_is(held.uid, rows[i].uid));
        assert_int_equal(held.has_uid, rows[i].has_uid);
    }
    arena_release(&arena);
}

static void its_owner_and_the_class_that_counts_are_kept(void **state)
{
    static const struct {
        const char *json, *owner, *priority_class;
    } rows[] = {
        {"{\"metadata\":{\"name\":\"a\"}}", "", ""},
        {"{\"metadata\":{\"name\":\"a\",\"ownerReferences\":["
         "{\"kind\":\"A\",\"name\":\"x\"},"
         "{\"kind\":\"Job\",\"name\":\"train\",\"controller\":true}]},"
         "\"spec\":{\"priorityClassName\":\"p1\"}}",
         "Job/train", "p1"},
        {"{\"metadata\":{\"name\":\"a\",\"ownerReferences\":["
         "{\"kind\":\"A\\n\",\"name\":\"x\",\"controller\":true}]}}",
         "A\\u000a/x", ""},
        {"{\"metadata\":{\"name\":\"a\",\"labels\":{\"priorityClassName\":\"p2\"}},"
         "\"spec\":{\"priorityClassName\":\"p1\"}}",
         "", "p1"},
        {"{\"metadata\":{\"name\":\"a\",\"labels\":{\"priorityClassName\":\"p2\"}},"
         "\"spec\":{\"priorityClassName\":\"p1\",\"schedulerName\":\"kai-scheduler\"}}",
         "", "p2"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct held_pod held = held_from(rows[i].json, &arena), copy, other = held;

        assert_true(bytes_is(held.owner, rows[i].owner));
        assert_true(bytes_is(held.priority_class, rows[i].priority_class));
        held_pod_copy(&held, arena_alloc(&arena, held_pod_room(&held)), &copy);
        assert_true(held_pod_equal(&held, &copy));
        other.owner = other.priority_class = BYTES("");
        assert_int_equal(held_pod_equal(&held, &other),
                         held.owner.len + held.priority_class.len == 0);
        held_pod_merge(&held, &other, &arena, &other);
        assert_true(held_pod_equal(&held, &other));
    }
    arena_release(&arena);
}

/* What demand_weigh reads is the same number, in a bounded length. */
static void numbers_are_kept_and_other_annotations_are_not(void **state)
{
    static const struct {
        const char *written, *kept; /* NULL: not at all */
    } rows[] = {
        {"0.5", "0.5"},
        {"1", "1"},
        {"+2", "+2"},
        {".25", ".25"},
        {"4096", "4096"},
        {"1Ki", "1Ki"},
        {"0.50000000000000000000000000000", "0.50000000000000000000000000000"},
        {"0.5000000000000000000000000000000", "0.5"},
        {"7.00000000000000000000000000000001", "7.000000001"},
        {"00000000000000000000000000000000001234567890", "1234567890"},
        {"", NULL},
        {"half", NULL},
        {"5 GPUs", NULL},
        {"-1", NULL},
        {"1.2.3", NULL},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct held_pod held =
            held_from(arena_printf(&arena,
                                   "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"k\":\"%s\"}}}",
                                   rows[i].written),
                      &arena);

        assert_int_equal(held.ask.annotation_count, rows[i].kept ? 1 : 0);
        if (rows[i].kept && !bytes_is(held.ask.annotations[0].value, rows[i].kept))
            fail_msg("%s: %.*s", rows[i].written, BYTES_ARG(held.ask.annotations[0].value));
    }
    arena_release(&arena);
}

static void merging_keeps_the_larger_of_each_and_what_is_newer_of_the_rest(void **state)
{
    static const char old_json[] =
        "{\"metadata\":{\"uid\":\"u\",\"name\":\"a\","
        "\"labels\":{\"jobset.sigs.k8s.io/jobset-name\":\"j\"},"
        "\"annotations\":{\"x\":\"0.5\",\"y\":\"2\",\"z\":\"1\"}},\"spec\":{\"nodeName\":\"n1\","
        "\"nodeSelector\":{\"nvidia.com/gpu.product\":\"A\"},\"containers\":[{\"resources\":{"
        "\"requests\":{\"cpu\":\"1\",\"memory\":\"5\"}}}]}}";
    static const char next_json[] =
        "{\"metadata\":{\"uid\":\"u\",\"name\":\"a\",\"annotations\":{\"x\":\"0.75\",\"y\":\"1\","
        "\"w\":\"3\"}},\"spec\":{\"nodeSelector\":{\"nvidia.com/gpu.product\":\"B\"},"
        "\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"2\",\"gpu\":\"1\"}}}]}}";
    static const char any_json[] = "{\"metadata\":{\"uid\":\"u\",\"name\":\"a\"}}";
    struct arena arena = {0};
    struct held_pod old = held_from(old_json, &arena), next = held_from(next_json, &arena);
    struct held_pod any = held_from(any_json, &arena), merged;
    const struct resource_amounts *requests = &merged.ask.requests;
    static const struct annotation annotations[] = {{BYTES("x"), BYTES("0.75")},
                                                    {BYTES("y"), BYTES("2")},
                                                    {BYTES("z"), BYTES("1")},
                                                    {BYTES("w"), BYTES("3")}};

    old.gone_at = 7;
    held_pod_merge(&old, &next, &arena, &merged);
    assert_int_equal(requests->count, 3);
    assert_int_equal(resource_find(requests, BYTES("cpu"))->num, 2);
    assert_int_equal(resource_find(requests, BYTES("memory"))->num, 5);
    assert_int_equal(resource_find(requests, BYTES("gpu"))->num, 1);
    assert_int_equal(merged.ask.annotation_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(bytes_equal(merged.ask.annotations[i].name, annotations[i].name));
        assert_true(bytes_equal(merged.ask.annotations[i].value, annotations[i].value));
    }
    assert_int_equal(merged.ask.products.count, 2);
    assert_true(bytes_is(merged.node, "n1") && bytes_is(merged.workload, "jobset.j"));
    assert_int_equal(merged.gone_at, 7);
    next.node = BYTES("n2");
    next.gone_at = 9;
    held_pod_merge(&old, &next, &arena, &merged);
    assert_true(bytes_is(merged.node, "n2") && merged.gone_at == 9);
    /* Pinned to nothing weighs as the largest, so it stays so. */
    held_pod_merge(&old, &any, &arena, &merged);
    assert_int_equal(merged.ask.products.count, 0);
    held_pod_merge(&any, &old, &arena, &merged);
    assert_int_equal(merged.ask.products.count, 0);
    assert_int_equal(old.ask.products.count, 1);
    arena_release(&arena);
}

static void a_copy_refers_to_nothing_but_its_room(void **state)
{
    static const char json[] =
        "{\"metadata\":{\"uid\":\"u\",\"name\":\"a\",\"annotations\":{\"x\":\"0.5\"}},"
        "\"spec\":{\"nodeName\":\"n1\",\"nodeSelector\":{\"nvidia.com/gpu.product\":\"A\"},"
        "\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]}}";
    struct arena arena = {0}, copies = {0};
    struct held_pod held = held_from(arena_copy(&arena, bytes_from(json)), &arena), copy;

    held_pod_copy(&held, arena_alloc(&copies, held_pod_room(&held)), &copy);
    arena_release(&arena);
    assert_true(bytes_is(copy.uid, "u") && bytes_is(copy.name, "a") && bytes_is(copy.node, "n1"));
    assert_true(bytes_is(copy.ask.requests.items[0].name, "cpu"));
    assert_true(bytes_is(copy.ask.annotations[0].name, "x"));
    assert_true(bytes_is(copy.ask.annotations[0].value, "0.5"));
    assert_string_equal(copy.ask.products.items[0], "A");
    arena_release(&copies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_without_uid_is_known_by_its_name_or_its_review),
        cmocka_unit_test(its_owner_and_the_class_that_counts_are_kept),
        cmocka_unit_test(numbers_are_kept_and_other_annotations_are_not),
        cmocka_unit_test(merging_keeps_the_larger_of_each_and_what_is_newer_of_the_rest),
        cmocka_unit_test(a_copy_refers_to_nothing_but_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
