#include "engine/workload.h"
#include "unit/arena.h"

static const char *workload(const char *metadata)
{
    struct value object = parse_json(arena_printf(&arena, "{\"metadata\":{%s}}", metadata));
    struct error err = {0};
    struct pod pod;

    assert_true(pod_parse(object, &arena, &pod, &err));
    return arena_copy(&arena, workload_of(&pod, &arena));
}

#define OWNER(uid, controller)                                                                     \
    "\"ownerReferences\":[{\"uid\":\"" uid "\",\"controller\":" controller "}]"

/* One group as each framework marks it. */
static const struct {
    const char *where, *key;
} marks[] = {
    {"labels", "leaderworkerset.sigs.k8s.io/group-key"},
    {"labels", "jobset.sigs.k8s.io/jobset-name"},
    {"labels", "training.kubeflow.org/job-name"},
    {"labels", "ray.io/cluster"},
    {"labels", "volcano.sh/job-name"},
    {"annotations", "scheduling.k8s.io/group-name"},
    {"annotations", "pod-group-name"},
};

static const char *marked(size_t i, const char *name, const char *more)
{
    return workload(
        arena_printf(&arena, "\"%s\":{\"%s\":\"%s\"}%s", marks[i].where, marks[i].key, name, more));
}

/* k8s.io/apimachinery: (([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?, at most 63. */
static void expect_label_value(const char *text)
{
    static const char ends[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(text);

    assert_in_range(len, 1, 63);
    assert_non_null(memchr(ends, text[0], strlen(ends)));
    assert_non_null(memchr(ends, text[len - 1], strlen(ends)));
    for (size_t i = 0; i < len; i++)
        assert_true(strchr("-_.", text[i]) || strchr(ends, text[i]));
}

static void pods_of_one_group_are_one_workload(void **state)
{
    for (size_t i = 0; i < COUNT(marks); i++) {
        const char *name = marked(i, "train", "");

        expect_label_value(name);
        assert_string_equal(marked(i, "train", "," OWNER("u-1", "true")), name);
        assert_string_equal(marked(i, "train", ",\"name\":\"train-7\""), name);
        assert_string_not_equal(marked(i, "train2", ""), name);
        assert_string_not_equal(marked(i, "Train", ""), name);
        /* A RayCluster and a JobSet of one name are two. */
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(marked(j, "train", ""), name);
    }
}

static void a_pod_of_no_group_is_its_controllers(void **state)
{
    static const struct {
        const char *metadata, *workload;
    } rows[] = {
        {"\"name\":\"alone\"", ""},
        {OWNER("6a0f3b7e-2c55-4d0e-9a51-0d9f54a5d0c1", "true"),
         "6a0f3b7e-2c55-4d0e-9a51-0d9f54a5d0c1"},
        {OWNER("u-1", "false"), ""},
        {"\"ownerReferences\":[{\"uid\":\"u-1\"}]", ""},
        {"\"ownerReferences\":[]", ""},
        {"\"labels\":{\"app\":\"x\"},\"annotations\":{\"a\":\"b\"}," OWNER("u-1", "true"), "u-1"},
        /* An empty mark is none; a label's name as an annotation, too, and the other way round. */
        {"\"labels\":{\"ray.io/cluster\":\"\"}," OWNER("u-1", "true"), "u-1"},
        {"\"annotations\":{\"ray.io/cluster\":\"x\"}", ""},
        {"\"labels\":{\"pod-group-name\":\"x\"}", ""},
        {"\"labels\":{\"fairgate.dev/workload\":\"x\"}", ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(workload(rows[i].metadata), rows[i].workload);
}

/* Annotations and uids may be anything, labels can't. */
static void a_workload_is_always_a_label_value(void **state)
{
    static const char *const names[] = {
        "research/train",
        "a b",
        "-a",
        "a-",
        ".",
        "\xc3\xa9",
        "x\\u0000y",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
        "01234567890123456789012345678901234567890123456789012345678901a",
        "01234567890123456789012345678901234567890123456789012345678901b",
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *owned = workload(
            arena_printf(&arena, "\"ownerReferences\":[{\"uid\":\"%s\",\"controller\":true}]",
                         names[i]));

        expect_label_value(owned);
        for (size_t mark = 0; mark < COUNT(marks); mark++) {
            const char *name = marked(mark, names[i], "");

            expect_label_value(name);
            assert_string_not_equal(name, owned);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(marked(mark, names[j], ""), name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pods_of_one_group_are_one_workload, release_arena),
        cmocka_unit_test_teardown(a_pod_of_no_group_is_its_controllers, release_arena),
        cmocka_unit_test_teardown(a_workload_is_always_a_label_value, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
