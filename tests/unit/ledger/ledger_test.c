/* What is written down of the requests that are let in, and what each leaves out. */
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
    fake.asks = GPU ": 1";
    assert_true(scene_create(&scene, &fake));
    assert_string_equal(scene_usage(&scene, "blue", GPU ": 1"), "2");
    assert_string_equal(scene_usage(&scene, "red", GPU ": 1"), "4");
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

/* What was no number before weighs nothing afterwards. */
static void an_update_by_which_a_pod_asks_for_more_raises_its_record(void **state)
{
    struct scene scene;
    struct pod_text old = {.name = "a",
                           .uid = "u1",
                           .asks = "cpu: 1",
                           .metadata = "\"annotations\":{\"gpu-memory\":\"some\",\"note\":\"n\"}"};
    struct pod_text half = {.name = "a",
                            .uid = "u1",
                            .asks = "cpu: 1",
                            .metadata = "\"annotations\":{\"gpu-fraction\":\"0.5\"}"};
    struct pod_text whole = {.name = "a",
                             .uid = "u1",
                             .asks = "cpu: 1",
                             .metadata = "\"annotations\":{\"gpu-fraction\":\"1\"}"};

    scene_init(&scene, one_tenant);
    scene_load(&scene, scene_pod(&scene, &old));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
    assert_true(scene_update(&scene, &old, &half));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1/2");
    assert_true(scene_update(&scene, &half, &whole));
    assert_true(scene_update(&scene, &whole, &half));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "1");
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

/* The judge is called with the lock held: what would take it again would never return. */
static bool settle_plain_pods(void *context, const struct facts *facts, const struct usage *usage)
{
    struct scene *scene = context;
    struct pod_text plain = {.name = "plain", .uid = "u2", .asks = "cpu: 1"};
    const char *object = scene_pod(scene, &plain);

    assert_non_null(usage);
    assert_true(scene_create(scene, &plain));
    assert_true(scene_settle(scene, scene_review(scene, "UPDATE", "pods", object, object), true)
                    .is_settled);
    return false;
}

static void pods_that_ask_for_nothing_capped_take_no_lock(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    const struct ledger_judge judge = {settle_plain_pods, &scene};
    struct facts *facts;

    scene_init(&scene, one_tenant);
    facts =
        scene_facts(&scene, scene_review(&scene, "CREATE", "pods", scene_pod(&scene, &pod), NULL));
    alarm(120);
    assert_int_equal(ledger_settle(scene.ledger, facts, true, judge, NULL), LEDGER_SETTLED);
    alarm(0);
    scene_release(&scene);
}

/* A record that no policy counts for now must not come back when a later one counts it again. */
static void a_delete_releases_what_does_not_count_for_now(void **state)
{
    static const char counting[] =
        "cluster: {accelerators: [{resource: example.com/npu, mode: whole, gpus: 2}]}\n"
        "research: {namespaces: [research], gpus: {guaranteed: 4}}";
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = "example.com/npu: 1"};

    scene_init(&scene, counting);
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "2");
    scene_adopt(&scene, one_tenant);
    scene_delete(&scene, &pod);
    scene_adopt(&scene, counting);
    assert_string_equal(scene_usage(&scene, "research", GPU ": 1"), "0");
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
        cmocka_unit_test(an_update_by_which_a_pod_asks_for_more_raises_its_record),
        cmocka_unit_test(a_resize_of_a_pod_that_was_not_known_is_recorded),
        cmocka_unit_test(pods_that_ask_for_nothing_capped_take_no_lock),
        cmocka_unit_test(a_delete_releases_what_does_not_count_for_now),
        cmocka_unit_test(a_mirror_pod_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
