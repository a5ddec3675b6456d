#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "ledger/state_files.h"
#include "unit/unit.h"

#define POD(name) "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name "\"}}"

/* What was read, in words: its pods, then the names in the view. */
static const char *describe(const struct state *read, struct arena *arena)
{
    static const struct {
        enum view_kind kind;
        const char *name;
    } objects[] = {{VIEW_NAMESPACES, "red"},
                   {VIEW_NODES, "n1"},
                   {VIEW_NODES, "n2"},
                   {VIEW_CLASSES, "p1"}};
    struct buf buf;

    buf_init(&buf, arena, 65536);
    for (size_t i = 0; i < read->pod_count; i++)
        buf_printf(&buf, "%s%.*s/%.*s", i ? " " : "", BYTES_ARG(read->pods[i]->namespace),
                   BYTES_ARG(read->pods[i]->name));
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        if (view_find(&read->view, objects[i].kind, bytes_from(objects[i].name)))
            buf_printf(&buf, " +%s", objects[i].name);
    }
    return buf.len ? buf.data : "";
}

static void lists_and_objects_are_read_as_json_and_yaml(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"\n  \n", ""},
        {"---\n---\n", ""},
        {POD("a"), "default/a"},
        {"\r\n\t " POD("a") "\n" POD("b"), "default/a default/b"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" POD("a") "," POD("b") "]}",
         "default/a default/b"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}", ""},
        {"[" POD("a") "," POD("b") "]", "default/a default/b"},
        {"[]", ""},
        {"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"a\","
         "\"namespace\":\"red\"}}]}",
         "red/a"},
        {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: red}\n", "red/a"},
        {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n"
         "apiVersion: v1\nkind: Namespace\nmetadata: {name: red}\n---\n---\n"
         "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n",
         "default/a +red +n1"},
        {"apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n"
         "- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n2\nkind: List\n",
         "default/a +n2"},
        {"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: p1}\nvalue: 3\n",
         " +p1"},
        /* Of no concern, and so of any shape. */
        {"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":3}", ""},
        {"{\"apiVersion\":\"example.com/v1\",\"kind\":\"Pod\",\"spec\":[]}", ""},
        {"{\"apiVersion\":\"fairgate.dev/v1alpha1\",\"kind\":\"Tenant\"}", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct state read = {0};
        struct arena arena = {0};
        struct error err = {0};

        if (!state_parse(bytes_from(rows[i].text), &read, &err))
            fail_msg("%s: %s", rows[i].text, err.text);
        assert_string_equal(describe(&read, &arena), rows[i].expected);
        state_release(&read);
        arena_release(&arena);
    }
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"{", "byte 1: expected a key in quotes, but the text ends"},
        {"[1]", "byte 1: expected an object"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\","
         "\"kind\":\"PodList\",\"items\":[" POD("a") "]}]}",
         "byte 42: PodList: a list inside a list is not read; write its items instead"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"PodList\",\"items\":{\"a\":1}}",
         "byte 0: PodList: \"items\" of a list: expected a list, got an object"},
        {"{\"a\":1}", "byte 0: an object without apiVersion and kind"},
        {POD("a") "{\"apiVersion\":\"v1\",\"kind\":7}",
         "byte 56: kind: expected a string, got a number"},
        {"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{}}",
         "byte 0: AdmissionReview: a request, not an object that exists"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", "byte 0: Pod: metadata.name: there is none"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"\"}}",
         "byte 0: Node: metadata.name: there is none"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}",
         "byte 0: Pod a: duplicate key \"name\" at byte 55"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"r\"}"
         ","
         "\"spec\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"four\"}}}]}}",
         "byte 0: Pod r/a: spec.containers[0].resources.limits.cpu: expected a quantity such as 2, "
         "500m or "
         "16Gi, got \"four\""},
        {"apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\napiVersion: v1\nkind: Pod\n"
         "metadata: {name: a, deletionTimestamp: yesterday}\n",
         "line 5: Pod a: metadata.deletionTimestamp: expected an instant such as "
         "2026-11-20T00:00:00Z, got \"yesterday\""},
        {"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: p}\nvalue: x\n",
         "line 1: PriorityClass p: value: expected an integer, got a string"},
        {"hello", "line 1: expected a map or a list of maps"},
        {"a: [",
         "line 2: not valid YAML: did not find expected node content, while parsing a flow node"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct state read = {0};
        struct error err = {0};

        assert_false(state_parse(bytes_from(rows[i].text), &read, &err));
        assert_string_equal(err.text, rows[i].error);
        state_release(&read);
    }
}

static void a_pod_is_remembered_with_what_counts(void **state)
{
    static const char text[] =
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata:\n"
        "  name: train-0\n"
        "  namespace: research\n"
        "  uid: u1\n"
        "  deletionTimestamp: \"2026-11-21T09:00:00Z\"\n"
        "  labels: {jobset.sigs.k8s.io/jobset-name: train}\n"
        "  annotations: {gpu-fraction: \"0.5\", note: half, empty: \"\"}\n"
        "spec:\n"
        "  nodeName: n1\n"
        "  nodeSelector: {nvidia.com/gpu.product: H100}\n"
        "  containers:\n"
        "  - resources: {requests: {cpu: 500m}, limits: {nvidia.com/gpu: 2}}\n"
        "  - resources: {requests: {cpu: 2}}\n";
    struct state read = {0};
    struct error err = {0};
    const struct held_pod *pod;

    assert_true(state_parse(bytes_from(text), &read, &err));
    assert_int_equal(read.pod_count, 1);
    pod = read.pods[0];
    assert_true(bytes_is(pod->uid, "u1") && pod->has_uid);
    assert_true(bytes_is(pod->namespace, "research") && bytes_is(pod->name, "train-0"));
    assert_true(bytes_is(pod->node, "n1") && bytes_is(pod->workload, "jobset.train"));
    assert_int_equal(pod->gone_at, 1795251600);
    assert_int_equal(pod->ask.requests.count, 2);
    assert_int_equal(amount_compare(*resource_find(&pod->ask.requests, BYTES("cpu")),
                                    (struct amount){5, 2}),
                     0);
    assert_int_equal(pod->ask.products.count, 1);
    assert_string_equal(pod->ask.products.items[0], "H100");
    assert_int_equal(pod->ask.annotation_count, 1);
    assert_true(bytes_is(pod->ask.annotations[0].name, "gpu-fraction"));
    state_release(&read);
}

static void pods_that_have_ended_are_left_out(void **state)
{
    static const char *const phases[] = {"Succeeded", "Failed", "Running", "Pending", "Unknown"};

    for (size_t i = 0; i < 5; i++) {
        struct arena arena = {0};
        struct state read = {0};
        struct error err = {0};
        const char *text = arena_printf(&arena,
                                        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
                                        "status: {phase: %s}\n",
                                        phases[i]);

        assert_true(state_parse(bytes_from(text), &read, &err));
        assert_int_equal(read.pod_count, i < 2 ? 0 : 1);
        state_release(&read);
        arena_release(&arena);
    }
}

static void errors_name_the_file(void **state)
{
    char path[] = "/tmp/fairgate-state-XXXXXX";
    struct state read = {0};
    struct error err = {0};
    struct arena arena = {0};
    int fd = mkstemp(path);

    assert_true(fd >= 0 && write(fd, "{\"a\":1}", 7) == 7);
    close(fd);
    assert_false(state_read(path, &read, &err));
    assert_string_equal(err.text,
                        arena_printf(&arena, "%s: byte 0: an object without apiVersion and kind",
                                     path));
    unlink(path);
    assert_false(state_read(path, &read, &err));
    assert_string_equal(err.text, arena_printf(&arena, "%s: No such file or directory", path));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_and_objects_are_read_as_json_and_yaml),
        cmocka_unit_test(what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(a_pod_is_remembered_with_what_counts),
        cmocka_unit_test(pods_that_have_ended_are_left_out),
        cmocka_unit_test(errors_name_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
