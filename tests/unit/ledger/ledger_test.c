#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <unistd.h>

#include "unit/ledger/scene.h"

#define GPU "nvidia.com/gpu"
#define MIG "nvidia.com/mig-1g.5gb"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* Rule 1: the union by uid of what is seen and what is reserved, with the larger amount. */
static void a_pod_that_is_seen_and_reserved_counts_once_with_the_larger_amount(void **state)
{
    struct scene scene;
    struct pod_text seen = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text reserved = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    scene_init(&scene, one_tenant);
    scene_load(&scene, scene_pod(&scene, &seen));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1");
    assert_true(scene_create(&scene, &reserved));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3");
    scene_load(&scene, scene_pod(&scene, &seen));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3");
    scene_delete(&scene, &seen);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    scene_release(&scene);
}

static void pods_of_different_uids_add_up(void **state)
{
    struct scene scene;
    struct pod_text seen = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text reserved = {.name = "b", .uid = "u2", .asks = GPU ": 2"};

    scene_init(&scene, one_tenant);
    scene_load(&scene, scene_pod(&scene, &seen));
    assert_true(scene_create(&scene, &reserved));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3");
    scene_release(&scene);
}

static void exactly_the_cap_is_let_in_and_one_share_more_is_not(void **state)
{
    struct scene scene;
    struct pod_text half = {.name = "half",
                            .uid = "u1",
                            .metadata = "\"annotations\":{\"gpu-fraction\":\"0.5\"}"};
    struct pod_text rest = {.name = "rest",
                            .uid = "u2",
                            .asks = GPU ": 3",
                            .metadata = half.metadata};
    struct pod_text more = {.name = "more", .uid = "u3", .asks = MIG ": 1"};

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &half));
    assert_true(scene_create(&scene, &rest));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    assert_false(scene_create(&scene, &more));
    scene_delete(&scene, &half);
    assert_true(scene_create(&scene, &more));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3 9/14");
    scene_release(&scene);
}

/* Rule 2: dry runs reserve nothing. */
static void a_dry_run_reserves_nothing(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 4"};
    const char *review;

    scene_init(&scene, one_tenant);
    review = scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL);
    for (int i = 0; i < 3; i++)
        assert_true(scene_settle(&scene, review, false).is_allowed);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    assert_true(scene_settle(&scene, review, true).is_allowed);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    review = scene_review(&scene, "DELETE", "pods", NULL, scene_pod(&scene, &pod));
    assert_true(scene_settle(&scene, review, false).is_allowed);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    scene_release(&scene);
}

static void what_is_denied_reserves_nothing(void **state)
{
    struct scene scene;
    struct pod_text large = {.name = "a", .uid = "u1", .asks = GPU ": 5"};

    scene_init(&scene, one_tenant);
    assert_false(scene_create(&scene, &large));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    scene_release(&scene);
}

/* Rule 2: one reservation an object. */
static void reviews_repeated_for_one_create_share_one_reservation(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct pod_text raised = {.name = "a", .uid = "u1", .asks = GPU ": 4"};
    struct pod_text other = {.name = "b", .uid = "u2", .asks = GPU ": 1"};
    struct outcome outcome;

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    outcome =
        scene_settle(&scene, scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL),
                     true);
    assert_true(outcome.is_allowed && amount_is_zero(outcome.usage.gpus));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "3");
    assert_true(scene_create(&scene, &raised));
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    assert_false(scene_create(&scene, &other));
    pod.name = NULL;
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    scene_release(&scene);
}

static void a_uid_that_another_tenant_holds_leaves_out_nothing(void **state)
{
    struct scene scene;
    struct pod_text blue = {.namespace = "blue", .name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct pod_text red = {.namespace = "red", .name = "a", .uid = "u2", .asks = GPU ": 3"};
    struct pod_text fake = {.namespace = "red", .name = "b", .uid = "u1", .asks = GPU ": 2"};

    scene_init(&scene, "blue: {namespaces: [blue], gpus: {guaranteed: 4}}\n"
                       "red: {namespaces: [red], gpus: {guaranteed: 4}}");
    assert_true(scene_create(&scene, &blue));
    assert_true(scene_create(&scene, &red));
    assert_false(scene_create(&scene, &fake));
    scene_release(&scene);
}

/* Rule 2: another object of the name is left out of the decision about its replacement, and counts
 * in all others. */
static void a_create_leaves_out_others_of_its_name_in_its_own_decision_only(void **state)
{
    struct scene scene;
    struct pod_text old = {.name = "train-0", .uid = "u1", .asks = GPU ": 3"};
    struct pod_text fresh = {.name = "train-0", .uid = "u2", .asks = GPU ": 4"};
    struct pod_text third = {.name = "train-0", .uid = "u3", .asks = GPU ": 1"};
    struct pod_text other = {.name = "train-1", .uid = "u4", .asks = GPU ": 1"};

    scene_init(&scene, "research: {namespaces: [research, more], gpus: {guaranteed: 4}}");
    scene_load(&scene, scene_pod(&scene, &old));
    assert_true(scene_create(&scene, &fresh));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "7");
    assert_false(scene_create(&scene, &other));
    third.namespace = "more";
    assert_false(scene_create(&scene, &third));
    third.namespace = "research";
    assert_true(scene_create(&scene, &third));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "8");
    scene_delete(&scene, &old);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "5");
    scene_delete(&scene, &fresh);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1");
    scene_release(&scene);
}

/* Rule 4: a DELETE releases nothing but the object that it is about. */
static void a_delete_of_another_object_of_the_name_releases_nothing(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 4"};
    struct pod_text other = {.name = "a", .uid = "u2", .asks = GPU ": 4"};

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    scene_delete(&scene, &other);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    scene_delete(&scene, &pod);
    scene_delete(&scene, &pod);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    scene_release(&scene);
}

/* A collection's DELETE has the name in the old object only; a hand-made one has no uid. */
static void pods_are_found_by_name_where_no_uid_is_known(void **state)
{
    struct scene scene;
    struct pod_text seen = {.name = "a", .asks = GPU ": 1"};
    struct pod_text known = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    const char *review;

    scene_init(&scene, one_tenant);
    scene_load(&scene, scene_pod(&scene, &seen));
    scene_delete(&scene, &known);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    assert_true(scene_create(&scene, &known));
    assert_true(scene_create(&scene, &seen));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "2");
    scene_delete(&scene, &seen);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1");
    review = arena_printf(
        &scene.arena,
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
        "\"uid\":\"r\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},\"resource\":{"
        "\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},\"namespace\":\"research\","
        "\"operation\":\"DELETE\",\"oldObject\":%s,\"userInfo\":{\"username\":\"alice\"}}}",
        scene_pod(&scene, &seen));
    assert_true(scene_settle(&scene, review, true).is_settled);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    scene_release(&scene);
}

static void pods_without_uid_and_name_are_told_apart_by_their_reviews(void **state)
{
    struct scene scene;
    struct pod_text pod = {.asks = GPU ": 2", .metadata = "\"generateName\":\"train-\""};

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_true(scene_create(&scene, &pod));
    assert_false(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "4");
    scene_release(&scene);
}

/* Rule 3: a growth is judged without what the pod held, and is held from then on. */
static void a_resize_is_judged_without_the_pods_own_record_and_raises_it(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a", .uid = "u1", .asks = "cpu: 4, " GPU ": 1"};
    struct pod_text large = {.name = "a", .uid = "u1", .asks = "cpu: 8, " GPU ": 1"};
    struct pod_text huge = {.name = "a", .uid = "u1", .asks = "cpu: 9, " GPU ": 1"};
    struct pod_text other = {.name = "b", .uid = "u2", .asks = "cpu: 2"};

    scene_init(&scene, "research: {namespaces: [research], resources: {cpu: 10}}");
    assert_true(scene_create(&scene, &small));
    assert_true(scene_create(&scene, &other));
    assert_false(scene_resize(&scene, &small, &huge));
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "1 cpu=6");
    assert_true(scene_resize(&scene, &small, &large));
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "1 cpu=10");
    assert_true(scene_resize(&scene, &large, &small));
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "1 cpu=10");
    scene_delete(&scene, &small);
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "0 cpu=2");
    scene_release(&scene);
}

static void a_resize_of_a_pod_that_was_not_known_is_recorded(void **state)
{
    struct scene scene;
    struct pod_text before = {.name = "a", .uid = "u1", .asks = "cpu: 4, memory: 2Gi"};
    struct pod_text after = {.name = "a", .uid = "u1", .asks = "cpu: 2, memory: 3Gi"};
    struct pod_text nameless = {.name = "b", .asks = "cpu: 1"};
    struct pod_text named = {.name = "b", .uid = "u2", .asks = "cpu: 2"};

    scene_init(&scene, "research: {namespaces: [research], resources: {cpu: 10, memory: 20}}");
    scene_adopt(&scene,
                "research: {namespaces: [research], resources: {cpu: 10, memory: 10737418240}}");
    assert_true(scene_resize(&scene, &before, &after));
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "0 cpu=4 memory=3221225472");
    scene_load(&scene, scene_pod(&scene, &nameless));
    assert_true(scene_resize(&scene, &nameless, &named));
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "0 cpu=6 memory=3221225472");
    scene_release(&scene);
}

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

static void modes_are_held_inside_the_namespace_or_the_tenant(void **state)
{
    static const struct {
        const char *scope, *here, *elsewhere;
    } rows[] = {
        {"none", "1 9/14", "1 9/14"},
        {"pod", "1 9/14", "1 9/14"},
        {"namespace", "1 9/14 whole=research/a mig=research/b", "1 9/14 shared=more/c"},
        {"tenant", "1 9/14 whole=research/a mig=research/b shared=more/c",
         "1 9/14 whole=research/a mig=research/b shared=more/c"},
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
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "2/7 mig=research/z");
    assert_false(scene_create(&scene, &replacement));
    scene_delete(&scene, &second);
    assert_true(scene_create(&scene, &replacement)); /* only what it replaces was in the way */
    scene_delete(&scene, &first);
    assert_string_equal(scene_usage(&scene, "research", MIG ": 1"), "1 whole=research/z");
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
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "1 whole=blue/a");
    scene_label(&scene, "red", "\"fairgate.dev/tenant\":\"blue\"");
    assert_string_equal(scene_usage(&scene, "red", GPU ": 1"), "4 whole=blue/a");
    scene_delete(&scene, &other);
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "3 whole=red/a");
    scene_label(&scene, "red", "\"fairgate.dev/tenant\":\"nobody\"");
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "0");
    scene_label(&scene, "red", "");
    assert_string_equal(scene_usage(&scene, "red", GPU ": 1"), "3 whole=red/a");
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

/* The judge is called with the lock held: what would take it again would never return. */
static bool settle_plain_pods(void *context, const struct facts *facts, const struct usage *usage)
{
    struct scene *scene = context;
    struct pod_text plain = {.name = "plain", .uid = "u2", .asks = "cpu: 1"};
    const char *object = scene_pod(scene, &plain);

    assert_non_null(usage);
    assert_true(scene_create(scene, &plain));
    assert_true(
        scene_settle(scene, scene_review(scene, "DELETE", "pods", NULL, object), true).is_settled);
    assert_true(scene_settle(scene, scene_review(scene, "UPDATE", "pods", object, object), true)
                    .is_settled);
    return false;
}

static void pods_that_ask_for_nothing_capped_take_no_lock(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct facts *facts;

    scene_init(&scene, one_tenant);
    facts =
        scene_facts(&scene, scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL));
    alarm(30);
    assert_true(ledger_settle(scene.ledger, facts, true, settle_plain_pods, &scene));
    alarm(0);
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

static void a_mirror_pod_counts(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a",
                           .uid = "u1",
                           .asks = GPU ": 1",
                           .metadata = "\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}"};

    scene_init(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1");
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
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"),
                        "9223372036854775807 whole=research/a mig=research/a shared=research/a");
    ledger_report(scene.ledger, &scene.arena, &usage, &count);
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
    struct facts *facts;

    scene_init(&scene, one_tenant);
    facts =
        scene_facts(&scene, scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL));
    assert_true(ledger_settle(NULL, facts, true, scene_judge, &outcome));
    assert_true(outcome.is_called && outcome.has_usage && !outcome.is_allowed);
    assert_string_equal(outcome.usage.why_not,
                        "no view of the cluster: the server was started without --state");
    outcome = (struct outcome){0};
    facts = scene_facts(&scene,
                        scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &plain), NULL));
    assert_true(ledger_settle(NULL, facts, true, scene_judge, &outcome));
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
    ledger_report(scene.ledger, &scene.arena, &usage, &count);
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
        assert_true(ledger_load(scene.ledger, files[i], &err));
        /* train-0 4, pinned 1, mig 1/4 (no product is pinned), frac 1/2; and two of serve with a
         * GPU and eight CPUs, and store-0 with half a CPU. The second file has the same pods again.
         */
        assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "5 3/4");
        assert_string_equal(scene_usage(&scene, "serving", GPU ": 1"), "2 cpu=16 1/2");
    }
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_that_is_seen_and_reserved_counts_once_with_the_larger_amount),
        cmocka_unit_test(pods_of_different_uids_add_up),
        cmocka_unit_test(exactly_the_cap_is_let_in_and_one_share_more_is_not),
        cmocka_unit_test(a_dry_run_reserves_nothing),
        cmocka_unit_test(what_is_denied_reserves_nothing),
        cmocka_unit_test(reviews_repeated_for_one_create_share_one_reservation),
        cmocka_unit_test(a_uid_that_another_tenant_holds_leaves_out_nothing),
        cmocka_unit_test(a_create_leaves_out_others_of_its_name_in_its_own_decision_only),
        cmocka_unit_test(a_delete_of_another_object_of_the_name_releases_nothing),
        cmocka_unit_test(pods_are_found_by_name_where_no_uid_is_known),
        cmocka_unit_test(pods_without_uid_and_name_are_told_apart_by_their_reviews),
        cmocka_unit_test(a_resize_is_judged_without_the_pods_own_record_and_raises_it),
        cmocka_unit_test(a_resize_of_a_pod_that_was_not_known_is_recorded),
        cmocka_unit_test(resources_are_summed_by_glob),
        cmocka_unit_test(ended_and_exempt_pods_do_not_count),
        cmocka_unit_test(a_terminating_pod_counts_until_its_node_is_gone_and_its_grace_period_over),
        cmocka_unit_test(modes_are_held_inside_the_namespace_or_the_tenant),
        cmocka_unit_test(the_holder_of_a_mode_is_the_earliest_other_pod),
        cmocka_unit_test(placements_are_those_of_other_pods_of_the_workload_by_name),
        cmocka_unit_test(a_binding_sees_its_pod_and_the_rest_of_the_workload),
        cmocka_unit_test(pods_go_with_their_namespace_to_another_tenant),
        cmocka_unit_test(the_view_has_what_was_let_in),
        cmocka_unit_test(everything_is_weighed_by_the_tenancy_that_was_adopted_last),
        cmocka_unit_test(facts_read_by_another_tenancy_are_not_judged),
        cmocka_unit_test(facts_of_a_namespace_that_changed_hands_are_not_judged),
        cmocka_unit_test(pods_that_ask_for_nothing_capped_take_no_lock),
        cmocka_unit_test(a_template_sees_usage_and_writes_nothing),
        cmocka_unit_test(a_mirror_pod_counts),
        cmocka_unit_test(a_share_with_many_digits_counts),
        cmocka_unit_test(a_sum_that_does_not_fit_leaves_no_room),
        cmocka_unit_test(a_pod_that_can_not_be_weighed_leaves_no_room),
        cmocka_unit_test(without_a_ledger_usage_is_not_known),
        cmocka_unit_test(the_report_has_every_tenant_by_name),
        cmocka_unit_test(the_recorded_cluster_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
