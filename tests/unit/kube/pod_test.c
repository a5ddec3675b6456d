#include "base/buf.h"
#include "kube/pod.h"
#include "unit/arena.h"

static bool parse(const char *json, struct pod *pod, struct error *err)
{
    *err = (struct error){0};
    return pod_parse(parse_json(json), &arena, pod, err);
}

static void expect_text(struct bytes text, const char *expected)
{
    assert_string_equal(arena_copy(&arena, text), expected);
}

static void reads_what_is_asked_of_a_pod(void **state)
{
    struct pod pod;
    struct error err;

    assert_true(
        parse("{\"metadata\":{\"name\":\"train-0\",\"generateName\":\"train-\",\"uid\":\"u\","
              "\"namespace\":\"research\",\"labels\":{\"a\":\"1\"},\"annotations\":{\"b\":\"2\"},"
              "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","
              "\"ownerReferences\":[{\"uid\":\"x\"},{\"uid\":\"y\",\"controller\":true},"
              "{\"uid\":\"z\",\"controller\":false}]},"
              "\"spec\":{\"nodeName\":\"n\",\"schedulerName\":\"s\",\"runtimeClassName\":\"r\","
              "\"priorityClassName\":\"p\",\"preemptionPolicy\":\"Never\",\"priority\":-5,"
              "\"nodeSelector\":{\"k\":\"v\"},\"tolerations\":[{}],\"resourceClaims\":[{},{}],"
              "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":"
              "{\"nodeSelectorTerms\":[{},{},{}]}},\"podAffinity\":{"
              "\"requiredDuringSchedulingIgnoredDuringExecution\":[{}]}}},"
              "\"status\":{\"phase\":\"Running\"}}",
              &pod, &err));
    expect_text(pod.name, "train-0");
    expect_text(pod.generate_name, "train-");
    expect_text(pod.uid, "u");
    expect_text(pod.namespace, "research");
    expect_text(pod.owner_uid, "y");
    assert_true(pod.deletion_timestamp.len > 0);
    expect_text(pod.phase, "Running");
    expect_text(value_text(value_member(pod.labels, "a")), "1");
    expect_text(value_text(value_member(pod.annotations, "b")), "2");
    expect_text(pod.node_name, "n");
    expect_text(pod.scheduler_name, "s");
    expect_text(pod.runtime_class, "r");
    expect_text(pod.priority_class, "p");
    expect_text(pod.preemption_policy, "Never");
    assert_true(pod.has_priority);
    assert_int_equal(pod.priority, -5);
    assert_int_equal(value_count(pod.node_selector), 1);
    assert_int_equal(value_count(pod.tolerations), 1);
    assert_int_equal(value_count(pod.resource_claims), 2);
    assert_int_equal(value_count(pod.node_terms), 3);
    assert_int_equal(value_count(pod.pod_terms), 1);
}

static void a_pod_may_lack_everything(void **state)
{
    static const char *const pods[] = {
        "{}",
        "{\"metadata\":null,\"spec\":null,\"status\":null}",
        "{\"metadata\":{\"name\":null,\"labels\":null,\"annotations\":null,"
        "\"deletionTimestamp\":null,\"ownerReferences\":null},\"spec\":{\"containers\":null,"
        "\"initContainers\":null,\"ephemeralContainers\":null,\"volumes\":null,\"priority\":null,"
        "\"resources\":null,\"overhead\":null,\"affinity\":null,\"nodeSelector\":null}}",
        "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":null,\"resources\":{\"limits\":null,"
        "\"requests\":{\"cpu\":null}}}],\"affinity\":{\"nodeAffinity\":null,\"podAffinity\":{"
        "\"requiredDuringSchedulingIgnoredDuringExecution\":null}}}}",
    };

    for (size_t i = 0; i < COUNT(pods); i++) {
        struct pod pod;
        struct error err;

        assert_true(parse(pods[i], &pod, &err));
        assert_int_equal(pod.requests.count, 0);
        assert_int_equal(pod.image_count, 0);
        assert_int_equal(value_type(pod.node_terms), VALUE_ABSENT);
        assert_false(pod.deletion_timestamp.len || pod.has_priority);
    }
}

static void containers_and_images_are_of_all_kinds(void **state)
{
    static const struct {
        const char *name;
        enum container_kind kind;
    } containers[] = {
        {"i", CONTAINER_INIT}, {"s", CONTAINER_SIDECAR}, {"j", CONTAINER_INIT},
        {"m", CONTAINER_MAIN}, {"n", CONTAINER_MAIN},    {"e", CONTAINER_EPHEMERAL},
    };
    static const char *const images[] = {"1", "2", "3", "4", "5", "6"};
    struct pod pod;
    struct error err;

    assert_true(parse(
        "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"5\","
        "\"restartPolicy\":\"Always\"}],\"volumes\":[{\"name\":\"v\",\"image\":{\"reference\":"
        "\"6\"}},{\"emptyDir\":{}},{\"image\":{}},{\"image\":{\"reference\":\"\"}}],"
        "\"containers\":[{\"name\":\"m\",\"image\":\"4\",\"restartPolicy\":\"Always\"},"
        "{\"name\":\"n\"}],\"initContainers\":[{\"name\":\"i\",\"image\":\"1\"},{\"name\":\"s\","
        "\"image\":\"2\",\"restartPolicy\":\"Always\"},{\"name\":\"j\",\"image\":\"3\","
        "\"restartPolicy\":\"OnFailure\"}]}}",
        &pod, &err));
    assert_int_equal(pod.container_count, COUNT(containers));
    for (size_t i = 0; i < COUNT(containers); i++) {
        expect_text(pod.containers[i].name, containers[i].name);
        assert_int_equal(pod.containers[i].kind, containers[i].kind);
    }
    assert_int_equal(pod.image_count, COUNT(images));
    for (size_t i = 0; i < COUNT(images); i++)
        expect_text(pod.images[i].image, images[i]);
    assert_string_equal(value_place(pod.images[5].value, &arena),
                        "spec.volumes[0].image.reference");
}

static const struct {
    const char *pod, *error;
} wrong_pods[] = {
    {"{\"metadata\":[]}", "metadata: expected an object, got an array"},
    {"{\"metadata\":{\"name\":1}}", "metadata.name: expected a string, got a number"},
    {"{\"metadata\":{\"labels\":[]}}", "metadata.labels: expected an object, got an array"},
    {"{\"metadata\":{\"labels\":{\"a/b\":true}}}",
     "metadata.labels[\"a/b\"]: expected a string, got true"},
    {"{\"metadata\":{\"annotations\":{\"a\":null}}}",
     "metadata.annotations.a: expected a string, got null"},
    {"{\"metadata\":{\"ownerReferences\":{}}}",
     "metadata.ownerReferences: expected an array, got an object"},
    {"{\"metadata\":{\"ownerReferences\":[{\"controller\":\"true\"}]}}",
     "metadata.ownerReferences[0].controller: expected true or false, got a string"},
    {"{\"metadata\":{\"ownerReferences\":[{\"controller\":true,\"uid\":1}]}}",
     "metadata.ownerReferences[0].uid: expected a string, got a number"},
    {"{\"spec\":\"x\"}", "spec: expected an object, got a string"},
    {"{\"status\":1}", "status: expected an object, got a number"},
    {"{\"spec\":{\"containers\":{}}}", "spec.containers: expected an array, got an object"},
    {"{\"spec\":{\"containers\":[1]}}", "spec.containers[0]: expected an object, got a number"},
    {"{\"spec\":{\"containers\":[{},{\"image\":7}]}}",
     "spec.containers[1].image: expected a string, got a number"},
    {"{\"spec\":{\"initContainers\":[{\"restartPolicy\":true}]}}",
     "spec.initContainers[0].restartPolicy: expected a string, got true"},
    {"{\"spec\":{\"ephemeralContainers\":[\"e\"]}}",
     "spec.ephemeralContainers[0]: expected an object, got a string"},
    {"{\"spec\":{\"containers\":[{\"resources\":[]}]}}",
     "spec.containers[0].resources: expected an object, got an array"},
    {"{\"spec\":{\"containers\":[{\"resources\":{\"limits\":7}}]}}",
     "spec.containers[0].resources.limits: expected an object, got a number"},
    {"{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"nvidia.com/gpu\":{}}}}]}}",
     "spec.containers[0].resources.requests[\"nvidia.com/gpu\"]: expected a quantity"},
    {"{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"x\"}}}]}}",
     "spec.containers[0].resources.requests.cpu: expected a quantity"},
    {"{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"-1\"}}}]}}",
     "spec.containers[0].resources.requests.cpu: expected a quantity not below zero"},
    {"{\"spec\":{\"resources\":{\"requests\":{\"cpu\":true}}}}",
     "spec.resources.requests.cpu: expected a quantity, got true"},
    {"{\"spec\":{\"overhead\":{\"cpu\":\"\"}}}", "spec.overhead.cpu: expected a quantity"},
    {"{\"spec\":{\"volumes\":{}}}", "spec.volumes: expected an array, got an object"},
    {"{\"spec\":{\"volumes\":[{},\"data\"]}}", "spec.volumes[1]: expected an object, got a string"},
    {"{\"spec\":{\"volumes\":[{\"image\":\"x\"}]}}",
     "spec.volumes[0].image: expected an object, got a string"},
    {"{\"spec\":{\"volumes\":[{\"image\":{\"reference\":1}}]}}",
     "spec.volumes[0].image.reference: expected a string, got a number"},
    {"{\"spec\":{\"nodeSelector\":{\"a\":1}}}",
     "spec.nodeSelector.a: expected a string, got a number"},
    {"{\"spec\":{\"priority\":\"1\"}}", "spec.priority: expected an integer, got a string"},
    {"{\"spec\":{\"priority\":1.5}}", "spec.priority: expected an integer of 64 bits, got 1.5"},
    {"{\"spec\":{\"priorityClassName\":[]}}",
     "spec.priorityClassName: expected a string, got an array"},
    {"{\"spec\":{\"tolerations\":\"x\"}}", "spec.tolerations: expected an array, got a string"},
    {"{\"spec\":{\"affinity\":[]}}", "spec.affinity: expected an object, got an array"},
    {"{\"spec\":{\"affinity\":{\"nodeAffinity\":1}}}",
     "spec.affinity.nodeAffinity: expected an object, got a number"},
    {"{\"spec\":{\"affinity\":{\"nodeAffinity\":"
     "{\"requiredDuringSchedulingIgnoredDuringExecution\":[]}}}}",
     "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution: expected an "
     "object, got an array"},
    {"{\"spec\":{\"affinity\":{\"podAffinity\":"
     "{\"requiredDuringSchedulingIgnoredDuringExecution\":{}}}}}",
     "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution: expected an "
     "array, got an object"},
};

static void wrong_types_are_named_with_their_path(void **state)
{
    for (size_t i = 0; i < COUNT(wrong_pods); i++) {
        struct pod pod;
        struct error err;

        if (parse(wrong_pods[i].pod, &pod, &err))
            fail_msg("%s: no error", wrong_pods[i].pod);
        if (!strstr(err.text, wrong_pods[i].error) ||
            strstr(err.text, wrong_pods[i].error) != err.text)
            fail_msg("%s: %s", wrong_pods[i].pod, err.text);
        assert_false(err.is_limit);
    }
}

static void add_items(struct buf *buf, const char *name, int count)
{
    buf_printf(buf, ",\"%s\":[", name);
    for (int i = 0; i < count; i++)
        buf_add_text(buf, i ? ",{}" : "{}");
    buf_add_char(buf, ']');
}

static void add_texts(struct buf *buf, const char *name, int count)
{
    buf_printf(buf, ",\"%s\":{", name);
    for (int i = 0; i < count; i++)
        buf_printf(buf, "%s\"%d\":\"\"", i ? "," : "", i);
    buf_add_char(buf, '}');
}

static void bounds_are_where_the_contract_has_them(void **state)
{
    static const struct {
        int init, main, ephemeral, volumes, labels, annotations;
        const char *error;
    } rows[] = {
        {1024, 0, 0, 1024, 4096, 4096, NULL},
        {24, 900, 100, 0, 0, 0, NULL},
        {0, 1024, 0, 0, 0, 0, NULL},
        {0, 1025, 0, 0, 0, 0, "the pod has more than 1024 containers"},
        {1025, 0, 0, 0, 0, 0, "the pod has more than 1024 containers"},
        {0, 0, 1025, 0, 0, 0, "the pod has more than 1024 containers"},
        {24, 900, 101, 0, 0, 0, "the pod has more than 1024 containers"},
        {512, 513, 0, 0, 0, 0, "the pod has more than 1024 containers"},
        {0, 0, 0, 1025, 0, 0, "the pod has 1025 volumes, more than 1024"},
        {0, 0, 0, 0, 4097, 0, "the object has 4097 labels, more than 4096"},
        {0, 0, 0, 0, 0, 4097, "the object has 4097 annotations, more than 4096"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pod pod;
        struct error err;
        struct buf buf;

        buf_init(&buf, &arena, 1024 * 1024);
        buf_add_text(&buf, "{\"metadata\":{\"name\":\"p\"");
        add_texts(&buf, "labels", rows[i].labels);
        add_texts(&buf, "annotations", rows[i].annotations);
        buf_add_text(&buf, "},\"spec\":{\"nodeName\":\"\"");
        add_items(&buf, "initContainers", rows[i].init);
        add_items(&buf, "containers", rows[i].main);
        add_items(&buf, "ephemeralContainers", rows[i].ephemeral);
        add_items(&buf, "volumes", rows[i].volumes);
        buf_add_text(&buf, "}}");
        assert_int_equal(parse(buf.data, &pod, &err), rows[i].error == NULL);
        assert_string_equal(err.text, rows[i].error ? rows[i].error : "");
        assert_int_equal(err.is_limit, rows[i].error != NULL);
    }
}

#define REQUIRED "\"requiredDuringSchedulingIgnoredDuringExecution\":"

static void terms_of_the_pod_affinity_are_bounded(void **state)
{
    static const char before[] = "{\"spec\":{\"affinity\":{\"podAffinity\":{" REQUIRED "[{}";
    struct error err;
    struct pod pod;

    assert_true(parse(repeat_text(before, ",{}", 1023, "]}}}}").data, &pod, &err));
    assert_false(parse(repeat_text(before, ",{}", 1024, "]}}}}").data, &pod, &err));
    assert_string_equal(err.text, "the pod's pod affinity has more than 1024 terms");
    assert_true(err.is_limit);
}

/* 256 of one container, and the rest of another. */
static void uses_of_claims_are_bounded(void **state)
{
    static const char one[] = "{\"spec\":{\"initContainers\":[{\"resources\":{\"claims\":[{}";
    const char *before =
        repeat_text(one, ",{}", 255, "]}}],\"containers\":[{\"resources\":{\"claims\":[{}").data;
    struct error err;
    struct pod pod;

    (void)state;
    assert_true(parse(repeat_text(before, ",{}", 767, "]}}]}}").data, &pod, &err));
    assert_false(parse(repeat_text(before, ",{}", 768, "]}}]}}").data, &pod, &err));
    assert_string_equal(err.text, "the pod's containers use claims more than 1024 times");
    assert_true(err.is_limit);
}

static void parts_are_counted(void **state)
{
    static const struct {
        const char *spec;
        size_t parts;
    } rows[] = {
        {"{}", 0},
        {"{\"containers\":[{},{}],\"initContainers\":[{}],\"volumes\":[1,2,3]}", 6},
        {"{\"ephemeralContainers\":[{}],\"tolerations\":[{}],\"containers\":{\"a\":1}}", 2},
        {"{\"containers\":[{\"resources\":{\"claims\":[{},{}]}},{}],\"initContainers\":["
         "{\"resources\":{\"claims\":[{}]}}]}",
         6},
        {"{\"affinity\":{\"nodeAffinity\":{" REQUIRED "{\"nodeSelectorTerms\":[{},"
         "{\"matchExpressions\":[{\"values\":[1,2]},{}]}]}}}}",
         6},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(pod_count_parts(parse_json(rows[i].spec)), rows[i].parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_what_is_asked_of_a_pod, release_arena),
        cmocka_unit_test_teardown(a_pod_may_lack_everything, release_arena),
        cmocka_unit_test_teardown(containers_and_images_are_of_all_kinds, release_arena),
        cmocka_unit_test_teardown(wrong_types_are_named_with_their_path, release_arena),
        cmocka_unit_test_teardown(bounds_are_where_the_contract_has_them, release_arena),
        cmocka_unit_test_teardown(terms_of_the_pod_affinity_are_bounded, release_arena),
        cmocka_unit_test_teardown(uses_of_claims_are_bounded, release_arena),
        cmocka_unit_test_teardown(parts_are_counted, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
