/* What a decision is told of what its tenant holds. */

#include "unit/ledger/scene.h"

#define GPU "nvidia.com/gpu"
#define MIG "nvidia.com/mig-1g.5gb"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

static void resources_are_summed_by_glob(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = MIG ": 2, nvidia.com/mig-2g.10gb: 1"};

    scene_init(&scene, "research: {namespaces: [research], "
                       "resources: {'nvidia.com/mig-*': 4, cpu: 8}}");
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "4/7 nvidia.com/mig-*=3 cpu=0");
    scene_release(&scene);
}

static void modes_are_held_inside_the_namespace_or_the_tenant(void **state)
{
    static const struct {
        const char *scope, *here, *elsewhere;
    } rows[] = {
        {"none", "1 9/14", "1 9/14"},
        {"pod", "1 9/14", "1 9/14"},
        {"namespace", "1 9/14 whole=pod research/a mig=pod research/b", "1 9/14 shared=pod more/c"},
        {"tenant", "1 9/14 whole=pod research/a mig=pod research/b shared=pod more/c",
         "1 9/14 whole=pod research/a mig=pod research/b shared=pod more/c"},
    };
    struct scene scene;
    struct pod_text whole = {.name = "a", .asks = GPU ": 1"};
    struct pod_text mig = {.name = "b", .asks = MIG ": 1"};
    struct pod_text shared = {.namespace = "more",
                              .name = "c",
                              .metadata = "\"annotations\":{\"gpu-fraction\":\"0.5\"}"};

    scene_init(&scene, one_tenant);
    scene_load(&scene, scene_pod(&scene, &whole));
    scene_load(&scene, scene_pod(&scene, &mig));
    scene_load(&scene, scene_pod(&scene, &shared));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scene_adopt(&scene,
                    arena_printf(&scene.arena,
                                 "research: {namespaces: [research, more], gpus: {guaranteed: 4}, "
                                 "sharing: {exclusive: %s}}",
                                 rows[i].scope));
        assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), rows[i].here);
        assert_string_equal(scene_usage(&scene, "more", GPU ": 1"), rows[i].elsewhere);
    }
    scene_release(&scene);
}

/* Only a pod of the same namespace can be replaced by one of its name. */
static void a_name_elsewhere_is_another_pods(void **state)
{
    struct scene scene;
    struct pod_text pod = {.namespace = "more", .name = "a-fresh-pod", .asks = MIG ": 1"};

    scene_init(&scene, "research: {namespaces: [research, more], gpus: {guaranteed: 4}, "
                       "sharing: {exclusive: tenant}}");
    scene_load(&scene, scene_pod(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1/7 mig=pod more/a-fresh-pod");
    assert_string_equal(scene_usage(&scene, "more", GPU ": 1"), "0");
    scene_release(&scene);
}

static void the_holder_of_a_mode_is_the_earliest_other_pod(void **state)
{
    struct scene scene;
    struct pod_text first = {.name = "z", .uid = "u1", .asks = MIG ": 1"};
    struct pod_text second = {.name = "a", .uid = "u2", .asks = MIG ": 1"};
    struct pod_text replacement = {.name = "z", .uid = "u3", .asks = GPU ": 1"};

    scene_init(&scene, "research: {namespaces: [research], gpus: {guaranteed: 4}, "
                       "sharing: {exclusive: namespace}}");
    assert_true(scene_create(&scene, &first));
    assert_true(scene_create(&scene, &second));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "2/7 mig=pod research/z");
    assert_false(scene_create(&scene, &replacement));
    scene_delete(&scene, &second);
    assert_true(scene_create(&scene, &replacement)); /* only what it replaces was in the way */
    scene_delete(&scene, &first);
    assert_string_equal(scene_usage(&scene, "research", MIG ": 1"), "1 whole=pod research/z");
    scene_release(&scene);
}

static const char fabric_tenant[] = "research: {namespaces: [research, more], gpus: {guaranteed: "
                                    "64}, fabric: {domains: [a], span: one}}";

static struct pod_text workload_pod(const char *name, const char *job)
{
    return (struct pod_text){.name = name, .uid = name, .asks = GPU ": 1", .metadata = job};
}

#define JOB_A "\"labels\":{\"jobset.sigs.k8s.io/jobset-name\":\"a\"}"
#define JOB_B "\"labels\":{\"jobset.sigs.k8s.io/jobset-name\":\"b\"}"

/* "pod@node", each with a blank behind it. */
static const char *placements(struct scene *scene, const char *review)
{
    struct outcome outcome = scene_settle(scene, review, false);
    struct buf buf;

    buf_init(&buf, &scene->arena, 4096);
    buf_add_text(&buf, "");
    for (size_t i = 0; i < outcome.usage.placement_count; i++)
        buf_printf(&buf, "%s@%.*s ", outcome.usage.placements[i].pod,
                   BYTES_ARG(outcome.usage.placements[i].node));
    return buf.len ? buf.data : "";
}

static const char *placements_for(struct scene *scene, const struct pod_text *pod)
{
    return placements(scene, scene_review(scene, "CREATE", "pods", scene_pod(scene, pod), NULL));
}

static void placements_are_those_of_other_pods_of_the_workload_by_name(void **state)
{
    struct scene scene;
    struct pod_text fresh = workload_pod("m", JOB_A), plain = workload_pod("p", JOB_A);
    struct pod_text elsewhere = workload_pod("e", JOB_A), other = workload_pod("o", JOB_B);
    struct pod_text no_workload = {.name = "x", .uid = "x", .asks = GPU ": 1"};
    static const char *const names[] = {"z", "b", "m2", "unbound"};

    scene_init(&scene, fabric_tenant);
    for (size_t i = 0; i < 4; i++) {
        struct pod_text pod = workload_pod(names[i], JOB_A);

        assert_true(scene_create(&scene, &pod));
        if (i < 3)
            scene_bind(&scene, names[i], "n1");
    }
    plain.asks = "cpu: 1";
    plain.spec = "\"nodeName\":\"n3\"";
    scene_load(&scene, scene_pod(&scene, &plain));
    elsewhere.namespace = "more";
    elsewhere.spec = "\"nodeName\":\"n4\"";
    assert_true(scene_create(&scene, &elsewhere));
    other.spec = "\"nodeName\":\"n5\"";
    assert_true(scene_create(&scene, &other));
    assert_string_equal(placements_for(&scene, &fresh),
                        "research/b@n1 research/m2@n1 research/z@n1 ");
    fresh.name = "b"; /* a replacement */
    assert_string_equal(placements_for(&scene, &fresh), "research/m2@n1 research/z@n1 ");
    assert_string_equal(placements_for(&scene, &no_workload), "");
    scene_adopt(&scene, "research: {namespaces: [research], gpus: {guaranteed: 64}}");
    assert_string_equal(placements_for(&scene, &fresh), "");
    scene_release(&scene);
}

static void a_binding_sees_its_pod_and_the_rest_of_the_workload(void **state)
{
    static const struct {
        const char *pod, *uid;
        bool is_accelerated;
        const char *placements;
    } rows[] = {
        {"a", NULL, true, "research/b@n1 "},
        {"a", "a", true, "research/b@n1 "},
        {"b", NULL, true, ""},
        {"plain", NULL, false, ""},
        {"nobody", NULL, false, ""},
        {"a", "another", false, ""},
    };
    struct scene scene;
    struct pod_text a = workload_pod("a", JOB_A), b = workload_pod("b", JOB_A);
    struct pod_text plain = {.name = "plain", .uid = "plain"};

    scene_init(&scene, fabric_tenant);
    assert_true(scene_create(&scene, &a));
    assert_true(scene_create(&scene, &b));
    assert_true(scene_create(&scene, &plain));
    scene_bind(&scene, "b", "n1");
    scene_bind(&scene, "nobody", "n1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *review = scene_binding(&scene, rows[i].pod, rows[i].uid, "n9");
        struct outcome outcome = scene_settle(&scene, review, false);

        assert_true(outcome.has_usage);
        assert_int_equal(outcome.usage.is_bound_pod_accelerated, rows[i].is_accelerated);
        assert_string_equal(placements(&scene, review), rows[i].placements);
    }
    scene_release(&scene);
}

static void a_template_sees_usage_and_writes_nothing(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct outcome outcome;
    const char *review;

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    /* The uid in a template is its author's, who can't leave anything out of usage by it. */
    review = scene_review(&scene, "CREATE", "replicationcontrollers",
                          arena_printf(&scene.arena,
                                       "{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\","
                                       "\"metadata\":{\"name\":\"rc\",\"namespace\":\"research\"},"
                                       "\"spec\":{\"template\":%s}}",
                                       scene_pod(&scene, &pod)),
                          NULL);
    for (int i = 0; i < 2; i++) {
        outcome = scene_settle(&scene, review, true);
        assert_true(outcome.has_usage && !outcome.is_allowed);
        assert_int_equal(outcome.usage.gpus.num, 3);
    }
    scene_release(&scene);
}

/* The annotation is kept as a number, however many digits it was written with. */
static void a_share_with_many_digits_counts(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a",
                           .uid = "u1",
                           .metadata =
                               "\"annotations\":{\"gpu-fraction\":"
                               "\"0.75000000000000000000000000000000000000000000000000000000\"}"};

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3/4");
    scene_release(&scene);
}

static void a_sum_that_does_not_fit_leaves_no_room(void **state)
{
    struct scene scene;
    struct pod_text first = {.name = "a", .uid = "u1", .asks = GPU ": 9000000000000000000"};
    struct pod_text second = {.name = "b", .uid = "u2", .asks = GPU ": 9000000000000000000"};
    struct pod_text third = {.name = "c", .uid = "u3", .asks = MIG ": 1"};

    scene_init(&scene, "research: {namespaces: [research], gpus: {guaranteed: "
                       "999999999999999999}, resources: {'nvidia.com/*': 999999999999999999}}");
    scene_load(&scene, scene_pod(&scene, &first));
    scene_load(&scene, scene_pod(&scene, &second));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"),
                        "9223372036854775807 nvidia.com/*=9223372036854775807");
    assert_false(scene_create(&scene, &third));
    third.name = "b"; /* would replace the second, but what is left is not known */
    assert_false(scene_create(&scene, &third));
    scene_delete(&scene, &second);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"),
                        "9000000000000000000 nvidia.com/*=9000000000000000000");
    scene_delete(&scene, &first);
    assert_true(scene_create(&scene, &third));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1/7 nvidia.com/*=1");
    scene_release(&scene);
}

static void a_pod_that_can_not_be_weighed_leaves_no_room(void **state)
{
    struct scene scene;
    struct ledger_usage *usage;
    size_t count;
    struct pod_text pod = {.name = "a",
                           .uid = "u1",
                           .asks = "example.com/npu: 9000000000000000000"};

    scene_init(&scene, one_tenant);
    scene_load(&scene, scene_pod(&scene, &pod));
    scene_adopt(&scene,
                "cluster: {accelerators: [{resource: example.com/npu, mode: whole, gpus: 2}]}\n"
                "research: {namespaces: [research], gpus: {guaranteed: 4}, "
                "sharing: {exclusive: namespace}}");
    assert_string_equal(
        scene_usage(&scene, "research", GPU ": 1"),
        "9223372036854775807 whole=pod research/a mig=pod research/a shared=pod research/a");
    ledger_report(scene.ledger, scene.now, &scene.arena, &usage, &count);
    for (int mode = 0; mode < MODE_COUNT; mode++)
        assert_true(usage[0].by_mode[mode].num == INT64_MAX);
    scene_delete(&scene, &(struct pod_text){.name = "a", .uid = "u1", .asks = GPU ": 1"});
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    scene_release(&scene);
}

static void without_a_ledger_usage_is_not_known(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text plain = {.name = "b", .uid = "u2", .asks = "cpu: 1"};
    struct outcome outcome = {0};
    const struct ledger_judge judge = {scene_judge, &outcome};
    struct facts *facts;

    scene_init(&scene, one_tenant);
    facts =
        scene_facts(&scene, scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL));
    assert_int_equal(ledger_settle(NULL, facts, true, judge, NULL), LEDGER_SETTLED);
    assert_true(outcome.is_called && outcome.has_usage && !outcome.is_allowed);
    assert_string_equal(outcome.usage.problem.text,
                        "no view of the cluster: the server was started without --state");
    outcome = (struct outcome){0};
    facts = scene_facts(&scene,
                        scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &plain), NULL));
    assert_int_equal(ledger_settle(NULL, facts, true, judge, NULL), LEDGER_SETTLED);
    assert_true(outcome.is_called && !outcome.has_usage);
    scene_release(&scene);
}

static void the_report_has_every_tenant_by_name(void **state)
{
    struct scene scene;
    struct ledger_usage *usage;
    struct pod_text whole = {.namespace = "b", .name = "a", .asks = GPU ": 2"};
    struct pod_text mig = {.namespace = "b", .name = "b", .asks = MIG ": 1"};
    struct pod_text plain = {.namespace = "b", .name = "c", .asks = "cpu: 1"};
    size_t count;

    scene_init(&scene, "b: {namespaces: [b]}\na: {namespaces: [a]}");
    scene_load(&scene, scene_pod(&scene, &whole));
    scene_load(&scene, scene_pod(&scene, &mig));
    scene_load(&scene, scene_pod(&scene, &plain));
    ledger_report(scene.ledger, scene.now, &scene.arena, &usage, &count);
    assert_int_equal(count, 2);
    assert_string_equal(usage[0].tenant, "a");
    assert_true(amount_is_zero(usage[0].gpus) && usage[0].pods == 0);
    assert_string_equal(usage[1].tenant, "b");
    assert_string_equal(amount_write(usage[1].gpus, &scene.arena), "2 1/7");
    assert_string_equal(amount_write(usage[1].by_mode[MODE_WHOLE], &scene.arena), "2");
    assert_string_equal(amount_write(usage[1].by_mode[MODE_MIG], &scene.arena), "1/7");
    assert_int_equal(usage[1].pods, 3);
    scene_release(&scene);
}

/* Classes that the ladder lacks are no labels of a metric: anybody can think up any number. */
static void the_report_has_each_class_of_the_ladder(void **state)
{
    static struct tier tiers[] = {{.class_name = "p0"}, {.class_name = "p1"}};
    static const char *const classes[] = {"p1", "p1", "p2", "p3"};
    struct scene scene;
    struct ledger_usage *usage;
    size_t count;

    scene_init(&scene, one_tenant);
    for (size_t i = 0; i < COUNT(classes); i++)
        scene_load(&scene,
                   scene_pod(&scene,
                             &(struct pod_text){.name = arena_printf(&scene.arena, "p-%zu", i),
                                                .asks = GPU ": 1",
                                                .spec = arena_printf(&scene.arena,
                                                                     "\"priorityClassName\":\"%s\"",
                                                                     classes[i])}));
    ledger_report(scene.ledger, scene.now, &scene.arena, &usage, &count);
    assert_int_equal(usage[0].class_count, 0);
    ((struct tenancy *)scene.tenancy)->ladder.tiers = (struct objects){tiers, COUNT(tiers)};
    ledger_report(scene.ledger, scene.now, &scene.arena, &usage, &count);
    assert_int_equal(usage[0].class_count, 3);
    assert_string_equal(usage[0].by_class[0].name, "p0");
    assert_true(amount_is_zero(usage[0].by_class[0].gpus));
    assert_string_equal(usage[0].by_class[1].name, "p1");
    assert_int_equal(usage[0].by_class[1].gpus.num, 2);
    assert_string_equal(usage[0].by_class[2].name, "");
    assert_int_equal(usage[0].by_class[2].gpus.num, 2);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_are_summed_by_glob),
        cmocka_unit_test(modes_are_held_inside_the_namespace_or_the_tenant),
        cmocka_unit_test(a_name_elsewhere_is_another_pods),
        cmocka_unit_test(the_holder_of_a_mode_is_the_earliest_other_pod),
        cmocka_unit_test(placements_are_those_of_other_pods_of_the_workload_by_name),
        cmocka_unit_test(a_binding_sees_its_pod_and_the_rest_of_the_workload),
        cmocka_unit_test(a_template_sees_usage_and_writes_nothing),
        cmocka_unit_test(a_share_with_many_digits_counts),
        cmocka_unit_test(a_sum_that_does_not_fit_leaves_no_room),
        cmocka_unit_test(a_pod_that_can_not_be_weighed_leaves_no_room),
        cmocka_unit_test(without_a_ledger_usage_is_not_known),
        cmocka_unit_test(the_report_has_every_tenant_by_name),
        cmocka_unit_test(the_report_has_each_class_of_the_ladder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
