/* The live view: what a pod that is there grows by (rule 3 of the caps), by what goes wrong without
 * it. */
#include "ledger/ledger_inner.h"
#include "unit/ledger/live_scene.h"

#define GPU "nvidia.com/gpu"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* Rule 3: neither the pod's first sight nor its create, told once more, takes a growth away. */
static void a_create_that_is_repeated_leaves_a_growth_as_it_is(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text large = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &small));
    assert_true(scene_resize(&scene, &small, &large));
    assert_true(scene_create(&scene, &small));
    scene_see(&scene, &small);
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

/* What is let in of a pod that is seen is more than what is seen. */
static void what_is_reserved_for_a_pod_that_is_seen_is_a_growth(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text large = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &small);
    assert_true(scene_create(&scene, &large));
    scene_see(&scene, &small);
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

/* A pod that came, grew and went while the watch showed nothing. */
static void a_growth_ends_with_a_list_that_is_younger_than_its_read(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text large = {.name = "a",
                             .uid = "u1",
                             .asks = GPU ": 3",
                             .metadata = "\"resourceVersion\":\"12\""};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &small));
    assert_true(scene_resize(&scene, &small, &large));
    scene_wait_due(&scene, &due);
    scene_resolve(&scene, &due, scene_pod(&scene, &large));
    assert_string_equal(scene_gpus(&scene), "3/3");
    scene_list(&scene, LIVE_PODS, NULL);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* Rule 3: an event on its way that shows the pod as it was takes nothing from its growth. */
static void a_growth_stays_until_the_view_shows_what_a_later_read_did(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a",
                             .uid = "u1",
                             .asks = GPU ": 1",
                             .metadata = "\"resourceVersion\":\"10\""};
    struct pod_text touched = {.name = "a",
                               .uid = "u1",
                               .asks = GPU ": 1",
                               .metadata = "\"resourceVersion\":\"11\",\"labels\":{\"a\":\"b\"}"};
    struct pod_text large = {.name = "a",
                             .uid = "u1",
                             .asks = GPU ": 3",
                             .metadata = "\"resourceVersion\":\"12\""};
    struct pod_text shrunk = {.name = "a",
                              .uid = "u1",
                              .asks = GPU ": 2",
                              .metadata = "\"resourceVersion\":\"13\""};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &small);
    assert_true(scene_resize(&scene, &small, &large));
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_see(&scene, &touched);
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_see(&scene, &large);
    scene_see(&scene, &shrunk);
    assert_string_equal(scene_gpus(&scene), "3/0"); /* another growth may be under way */
    assert_false(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_wait_due(&scene, &due);
    assert_true(bytes_is(due.uid, "u1") && bytes_is(due.name, "a") &&
                bytes_is(due.namespace, "research"));
    scene_resolve(&scene, &due, scene_pod(&scene, &shrunk));
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_release(&scene);
}

/* Rule 3, the read being ahead of the watch. */
static void a_growth_waits_for_the_event_of_the_version_that_was_read(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a",
                             .uid = "u1",
                             .asks = GPU ": 1",
                             .metadata = "\"resourceVersion\":\"10\""};
    struct pod_text large = {.name = "a",
                             .uid = "u1",
                             .asks = GPU ": 3",
                             .metadata = "\"resourceVersion\":\"12\""};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &small);
    assert_true(scene_resize(&scene, &small, &large));
    scene_wait_due(&scene, &due);
    scene_resolve(&scene, &due, scene_pod(&scene, &large));
    assert_string_equal(scene_gpus(&scene), "3/0");
    small.metadata = "\"resourceVersion\":\"11\"";
    scene_see(&scene, &small);
    assert_string_equal(scene_gpus(&scene), "3/0");
    assert_false(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_see(&scene, &large);
    assert_true(TAILQ_EMPTY(&scene.ledger->holdings.reservations));
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

/* Rule 3: a pod that is resized before the view shows it. */
static void a_growth_outlives_the_first_sight_of_its_pod(void **state)
{
    struct scene scene;
    struct pod_text small = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text large = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &small));
    assert_true(scene_resize(&scene, &small, &large));
    scene_see(&scene, &small);
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

/* An event of the time before a pod asked for its first GPU. */
static void a_first_share_outlives_an_event_without_it(void **state)
{
    struct scene scene;
    struct pod_text plain = {.name = "a", .uid = "u1", .asks = "cpu: 1"};
    struct pod_text sharing = {.name = "a",
                               .uid = "u1",
                               .asks = "cpu: 1",
                               .metadata = "\"annotations\":{\"gpu-fraction\":\"0.5\"}"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &plain);
    assert_true(scene_update(&scene, &plain, &sharing));
    assert_string_equal(scene_gpus(&scene), "1/2/1/2");
    scene_see(&scene, &plain);
    assert_string_equal(scene_gpus(&scene), "1/2/0");
    scene_see(&scene, &sharing);
    assert_string_equal(scene_gpus(&scene), "1/2/0");
    scene_release(&scene);
}

/* A pod counts for what it asks for, also when it runs on with what it had: docs/security.md tells
 * who sees to that. What is reserved for it goes on counting (rule 1) until a later read shows that
 * it can't come any more. */
static void a_share_that_is_taken_back_counts_until_that_is_sure(void **state)
{
    struct scene scene;
    struct pod_text half = {.name = "a",
                            .uid = "u1",
                            .asks = "cpu: 1",
                            .metadata = "\"resourceVersion\":\"10\","
                                        "\"annotations\":{\"gpu-fraction\":\"0.5\"}"};
    struct pod_text more = {.name = "a",
                            .uid = "u1",
                            .asks = "cpu: 1",
                            .metadata = "\"resourceVersion\":\"11\","
                                        "\"annotations\":{\"gpu-fraction\":\"0.75\"}"};
    struct pod_text none = {.name = "a",
                            .uid = "u1",
                            .asks = "cpu: 1",
                            .metadata = "\"resourceVersion\":\"12\""};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &half);
    assert_true(scene_update(&scene, &half, &none));
    assert_string_equal(scene_gpus(&scene), "1/2/0");
    assert_true(scene_update(&scene, &half, &more));
    assert_string_equal(scene_gpus(&scene), "3/4/0");
    scene_see(&scene, &none);
    assert_string_equal(scene_gpus(&scene), "3/4/0");
    scene_wait_due(&scene, &due);
    scene_resolve(&scene, &due, scene_pod(&scene, &none));
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_see(&scene, &half);
    scene_see(&scene, &none);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_create_that_is_repeated_leaves_a_growth_as_it_is),
        cmocka_unit_test(what_is_reserved_for_a_pod_that_is_seen_is_a_growth),
        cmocka_unit_test(a_growth_ends_with_a_list_that_is_younger_than_its_read),
        cmocka_unit_test(a_growth_stays_until_the_view_shows_what_a_later_read_did),
        cmocka_unit_test(a_growth_waits_for_the_event_of_the_version_that_was_read),
        cmocka_unit_test(a_growth_outlives_the_first_sight_of_its_pod),
        cmocka_unit_test(a_first_share_outlives_an_event_without_it),
        cmocka_unit_test(a_share_that_is_taken_back_counts_until_that_is_sure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
