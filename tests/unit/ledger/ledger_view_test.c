/* What exists, whose it is, and by what it is weighed. */

#include "unit/ledger/scene.h"

#define GPU "nvidia.com/gpu"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

static void ended_and_exempt_pods_do_not_count(void **state)
{
    static const char *const phases[] = {"Succeeded", "Failed", "Running", "Pending"};
    struct scene scene;

    scene_init(&scene, "cluster: {exempt: {namespaces: [kube-system]}}\n"
                       "research: {namespaces: [research, kube-*], gpus: {guaranteed: 4}}");
    for (size_t i = 0; i < 4; i++) {
        struct pod_text pod = {.name = phases[i],
                               .asks = GPU ": 1",
                               .status = arena_printf(&scene.arena, "\"phase\":\"%s\"", phases[i])};

        scene_load(&scene, scene_pod(&scene, &pod));
        pod.namespace = "kube-system";
        scene_load(&scene, scene_pod(&scene, &pod));
    }
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "2");
    scene_release(&scene);
}

static void a_terminating_pod_counts_until_its_node_is_gone_and_its_grace_period_over(void **state)
{
    static const char node[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}}";
    struct scene scene;
    struct pod_text on_node = {.name = "a",
                               .asks = GPU ": 1",
                               .metadata = "\"deletionTimestamp\":\"2026-11-21T09:00:00Z\"",
                               .spec = "\"nodeName\":\"n1\""};
    struct pod_text off_node = {.name = "b",
                                .asks = GPU ": 2",
                                .metadata = on_node.metadata,
                                .spec = "\"nodeName\":\"n2\""};
    struct pod_text later = {.name = "c",
                             .asks = GPU ": 4",
                             .metadata = "\"deletionTimestamp\":\"2026-11-21T10:00:00Z\"",
                             .spec = "\"nodeName\":\"n2\""};
    struct pod_text nowhere = {.name = "d", .asks = GPU ": 8", .metadata = on_node.metadata};
    struct pod_text alive = {.name = "e", .asks = GPU ": 16", .spec = "\"nodeName\":\"n2\""};

    scene_init(&scene, "research: {namespaces: [research], gpus: {guaranteed: 64}}");
    scene.now = 1795251600; /* 2026-11-21T09:00:00Z */
    scene_load(&scene, scene_pod(&scene, &on_node));
    scene_load(&scene, scene_pod(&scene, &off_node));
    scene_load(&scene, scene_pod(&scene, &later));
    scene_load(&scene, scene_pod(&scene, &nowhere));
    scene_load(&scene, scene_pod(&scene, &alive));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "31");
    scene_load(&scene, node);
    scene.now--;
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "31");
    scene.now++;
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "29");
    scene.now += 3600;
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "25");
    scene_release(&scene);
}

static void pods_go_with_their_namespace_to_another_tenant(void **state)
{
    struct scene scene;
    struct pod_text pod = {.namespace = "red", .name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct pod_text other = {.namespace = "blue", .name = "a", .uid = "u2", .asks = GPU ": 1"};

    scene_init(&scene, "blue: {namespaces: [blue], gpus: {guaranteed: 8}, "
                       "sharing: {exclusive: tenant}}\n"
                       "red: {namespaces: [red], gpus: {guaranteed: 8}, "
                       "sharing: {exclusive: namespace}}");
    assert_true(scene_create(&scene, &pod));
    assert_true(scene_create(&scene, &other));
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "1 whole=pod blue/a");
    scene_label(&scene, "red", "\"fairgate.dev/tenant\":\"blue\"");
    assert_string_equal(scene_usage(&scene, "red", GPU ": 1"), "4 whole=pod blue/a");
    scene_delete(&scene, &other);
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "3 whole=pod red/a");
    scene_label(&scene, "red", "\"fairgate.dev/tenant\":\"nobody\"");
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "0");
    scene_label(&scene, "red", "");
    assert_string_equal(scene_usage(&scene, "red", GPU ": 1"), "3 whole=pod red/a");
    scene_release(&scene);
}

static void the_view_has_what_was_let_in(void **state)
{
    static const char class[] =
        "{\"apiVersion\":\"scheduling.k8s.io/v1\",\"kind\":\"PriorityClass\",\"metadata\":{"
        "\"name\":\"p1\"},\"value\":7,\"globalDefault\":true}";
    struct scene scene;
    struct snapshot_reader late = {0};
    const struct view *before, *after;
    const struct view_object *object;

    scene_init(&scene, one_tenant);
    before = ledger_view(scene.ledger, &late);
    scene_label(&scene, "red", "\"a\":\"1\"");
    scene_settle(&scene, scene_review(&scene, "CREATE", "priorityclasses", class, NULL), true);
    assert_null(view_find(before, VIEW_NAMESPACES, BYTES("red")));
    after = ledger_view(scene.ledger, &late);
    object = view_find(after, VIEW_NAMESPACES, BYTES("red"));
    assert_true(bytes_is(value_text(value_member(object->labels, "a")), "1"));
    object = view_find(after, VIEW_CLASSES, BYTES("p1"));
    assert_true(object->value == 7 && object->is_global_default);
    scene_label(&scene, "red", "\"a\":\"1\"");
    scene_settle(&scene, scene_review(&scene, "UPDATE", "priorityclasses", class, class), true);
    assert_ptr_equal(ledger_view(scene.ledger, &late), after); /* nothing changed */
    scene_settle(&scene, scene_review(&scene, "DELETE", "priorityclasses", NULL, class), true);
    after = ledger_view(scene.ledger, &late);
    assert_null(view_find(after, VIEW_CLASSES, BYTES("p1")));
    scene_label(&scene, "red", "");
    after = ledger_view(scene.ledger, &late);
    assert_int_equal(value_count(view_find(after, VIEW_NAMESPACES, BYTES("red"))->labels), 0);
    snapshot_reader_release(&late);
    scene_release(&scene);
}

static void everything_is_weighed_by_the_tenancy_that_was_adopted_last(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 2, example.com/npu: 3"};

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "2");
    scene_adopt(&scene,
                "cluster: {accelerators: [{resource: example.com/npu, mode: whole, gpus: 1/3}]}\n"
                "a: {namespaces: [a]}\n"
                "other: {namespaces: [research], gpus: {guaranteed: 9}, "
                "resources: {example.com/npu: 9}}");
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3 example.com/npu=3");
    scene_adopt(&scene, "other: {namespaces: [other], gpus: {guaranteed: 9}}");
    assert_string_equal(scene_usage(&scene, "other", GPU ": 1"), "0");
    scene_release(&scene);
}

static void facts_read_by_another_tenancy_are_not_judged(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct outcome outcome;
    const char *review;

    scene_init(&scene, one_tenant);
    review = scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL);
    scene.tenancy = scene_tenancy(&scene, one_tenant);
    outcome = scene_settle(&scene, review, true);
    assert_false(outcome.is_settled || outcome.is_called);
    ledger_adopt(scene.ledger, scene.tenancy);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    assert_true(scene_settle(&scene, review, true).is_settled);
    scene_release(&scene);
}

static void facts_of_a_namespace_that_changed_hands_are_not_judged(void **state)
{
    struct scene scene;
    struct snapshot_reader reader = {0};
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct outcome outcome;
    const char *review;

    scene_init(&scene, "research: {namespaces: [research], gpus: {guaranteed: 4}}\n"
                       "other: {namespaces: [other], gpus: {guaranteed: 1}}");
    review = scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL);
    scene.view = ledger_view(scene.ledger, &reader);
    scene_label(&scene, "somewhere", "\"a\":\"1\"");
    assert_true(scene_settle(&scene, review, false).is_settled); /* another, that's all */
    scene_label(&scene, "research", "\"fairgate.dev/tenant\":\"other\"");
    outcome = scene_settle(&scene, review, true);
    assert_false(outcome.is_settled || outcome.is_called);
    scene.view = NULL;
    outcome = scene_settle(&scene, review, true);
    assert_true(outcome.is_settled && !outcome.is_allowed);
    snapshot_reader_release(&reader);
    scene_release(&scene);
}

static void the_recorded_cluster_can_be_read(void **state)
{
    static const char *const files[] = {"tests/state/cluster-state.list.json",
                                        "tests/state/cluster-pods.list.yaml"};
    struct scene scene;
    struct error err;

    scene_init(&scene, "research: {namespaces: [research], gpus: {guaranteed: 16}}\n"
                       "serving: {namespaces: [serving], gpus: {guaranteed: 16}, "
                       "resources: {cpu: 64}}");
    for (int i = 0; i < 2; i++) {
        assert_true(ledger_load(scene.ledger, files[i], NULL, &err));
        /* train-0 4, pinned 1, mig 1/4 (no product is pinned), frac 1/2, dra-pod 1 by its
         * template and the claim shared-gpus 4; and two of serve with a GPU and eight CPUs, and
         * store-0 with half a CPU. The second file has the same pods again.
         */
        assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "10 3/4");
        assert_string_equal(scene_usage(&scene, "serving", GPU ": 1"), "2 cpu=16 1/2");
    }
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ended_and_exempt_pods_do_not_count),
        cmocka_unit_test(a_terminating_pod_counts_until_its_node_is_gone_and_its_grace_period_over),
        cmocka_unit_test(pods_go_with_their_namespace_to_another_tenant),
        cmocka_unit_test(the_view_has_what_was_let_in),
        cmocka_unit_test(everything_is_weighed_by_the_tenancy_that_was_adopted_last),
        cmocka_unit_test(facts_read_by_another_tenancy_are_not_judged),
        cmocka_unit_test(facts_of_a_namespace_that_changed_hands_are_not_judged),
        cmocka_unit_test(the_recorded_cluster_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
