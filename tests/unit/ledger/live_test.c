/* The live view: rules 1 to 5 of the caps (docs/operations.md), each by what goes wrong without it;
 * rule 3 is in live_growth_test.c. */
#include "unit/unit.h"

#include "base/clock.h"
#include "ledger/ledger_inner.h"
#include "unit/ledger/live_scene.h"

#define GPU "nvidia.com/gpu"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

static void nothing_is_known_before_all_is_listed(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, one_tenant);
    live_start(scene.ledger, &scene_times);
    assert_string_equal(scene_gpus(&scene), "the view of namespaces isn't there yet");
    assert_null(ledger_view(scene.ledger, &scene.reader));
    scene_list(&scene, LIVE_NAMESPACES, NULL);
    scene_list(&scene, LIVE_NODES, NULL);
    scene_list(&scene, LIVE_CLASSES, NULL);
    assert_string_equal(scene_gpus(&scene), "the view of deviceclasses isn't there yet");
    scene_list(&scene, LIVE_DEVICE_CLASSES, NULL);
    scene_list(&scene, LIVE_CLAIM_TEMPLATES, NULL);
    assert_string_equal(scene_gpus(&scene), "the view of resourceclaims isn't there yet");
    assert_null(ledger_view(scene.ledger, &scene.reader));
    scene_list(&scene, LIVE_CLAIMS, NULL);
    assert_string_equal(scene_gpus(&scene), "the view of pods isn't there yet");
    assert_non_null(ledger_view(scene.ledger, &scene.reader));
    live_list_begin(scene.ledger, LIVE_PODS);
    assert_string_equal(scene_gpus(&scene), "the view of pods isn't there yet");
    live_list_end(scene.ledger, LIVE_PODS);
    assert_string_equal(scene_gpus(&scene), "the view of tenantusages isn't there yet");
    scene_release(&scene);
}

static void what_is_out_of_contact_is_not_relied_on(void **state)
{
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    atomic_fetch_sub(&scene.ledger->watches[LIVE_PODS].contact, 31500);
    assert_string_equal(scene_gpus(&scene), "the view of pods is 31 s old");
    assert_non_null(ledger_view(scene.ledger, &scene.reader));
    live_contact(scene.ledger, LIVE_PODS, clock_milliseconds());
    assert_string_equal(scene_gpus(&scene), "0/0");
    atomic_fetch_sub(&scene.ledger->watches[LIVE_NODES].contact, 31500);
    assert_null(ledger_view(scene.ledger, &scene.reader));
    scene_release(&scene);
}

/* Rule 1. */
static void what_is_seen_and_reserved_counts_once(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 2"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_gpus(&scene), "2/2");
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    assert_true(TAILQ_EMPTY(&scene.ledger->holdings.reservations));
    scene_release(&scene);
}

static void reservations_are_counted_by_age(void **state)
{
    struct scene scene;
    struct pod_text old = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text young = {.name = "b", .uid = "u2", .asks = GPU ": 1"};
    size_t counts[LIVE_AGES];

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &old));
    scene_age(&scene, 16000);
    assert_true(scene_create(&scene, &young));
    live_count_ages(scene.ledger, counts);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1] + counts[2], 0);
    assert_int_equal(counts[3], 1);
    scene_age(&scene, 10000000);
    live_count_ages(scene.ledger, counts);
    assert_int_equal(counts[LIVE_AGES - 1], 2);
    scene_release(&scene);
}

/* Rule 2. */
static void reviews_repeated_for_one_create_share_one_reservation(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 2"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_gpus(&scene), "2/2");
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_release(&scene);
}

/* Rule 4. */
static void only_the_view_releases(void **state)
{
    struct scene scene;
    struct pod_text a = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text b = {.name = "b", .uid = "u2", .asks = GPU ": 1"};
    struct pod_text c = {.name = "c", .uid = "u3", .asks = GPU ": 1"};
    const char *rest[] = {NULL, NULL};

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &a));
    scene_see(&scene, &a);
    scene_see(&scene, &b);
    scene_see(&scene, &c);
    scene_delete(&scene, &a);
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_see_gone(&scene, &a);
    assert_string_equal(scene_gpus(&scene), "2/0");
    b.status = "\"phase\":\"Succeeded\"";
    scene_see(&scene, &b);
    assert_string_equal(scene_gpus(&scene), "1/0");
    rest[0] = scene_pod(&scene, &c);
    scene_list(&scene, LIVE_PODS, rest);
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene_list(&scene, LIVE_PODS, NULL);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* Rule 4: what is gone before it was ever shown as there. */
static void an_event_of_the_end_releases_what_was_reserved(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    scene_see_gone(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* Rule 5: neither time nor a list voids a reservation, but time and then a read. */
static void what_never_came_is_void_by_a_read_after_its_time(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text other = {.name = "a", .uid = "u9", .asks = "cpu: 1"};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    assert_false(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_list(&scene, LIVE_PODS, NULL);
    scene_age(&scene, SCENE_MAX_REQUEST + 1000);
    scene_list(&scene, LIVE_PODS, NULL);
    assert_string_equal(scene_gpus(&scene), "1/1");
    assert_true(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_resolve(&scene, &due, NULL);
    assert_string_equal(scene_gpus(&scene), "0/0");

    assert_true(scene_create(&scene, &pod));
    scene_wait_due(&scene, &due);
    scene_resolve(&scene, &due, scene_pod(&scene, &other));
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* Rule 5: a read of the pod itself is as good as an event. */
static void a_read_that_shows_the_pod_makes_it_seen(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    scene_wait_due(&scene, &due);
    scene_resolve(&scene, &due, scene_pod(&scene, &pod));
    assert_string_equal(scene_gpus(&scene), "1/0");
    assert_false(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_release(&scene);
}

/* Reserved anew while the read was under way. */
static void a_read_settles_no_reservation_that_is_younger(void **state)
{
    struct scene scene;
    struct pod_text one = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text two = {.name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct pod_text three = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &one);
    assert_true(scene_resize(&scene, &one, &two));
    scene_wait_due(&scene, &due);
    assert_true(scene_resize(&scene, &one, &three));
    scene_resolve(&scene, &due, scene_pod(&scene, &one));
    scene_see(&scene, &one);
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

/* Rule 4: a read is as good as an event, but may be older than a list that came meanwhile. */
static void a_read_that_a_list_overtook_changes_nothing(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(scene_create(&scene, &pod));
    scene_wait_due(&scene, &due);
    live_list_begin(scene.ledger, LIVE_PODS);
    scene_resolve(&scene, &due, scene_pod(&scene, &pod));
    assert_false(live_next_due(scene.ledger, 0, &scene.arena, &due));
    live_list_end(scene.ledger, LIVE_PODS);
    assert_string_equal(scene_gpus(&scene), "1/1");
    scene_resolve(&scene, &due, scene_pod(&scene, &pod));
    assert_string_equal(scene_gpus(&scene), "1/1");
    assert_true(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_resolve(&scene, &due, NULL);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

static void a_list_is_as_old_as_its_beginning(void **state)
{
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    live_list_begin(scene.ledger, LIVE_PODS);
    scene.ledger->watches[LIVE_PODS].began -= 31500;
    live_list_end(scene.ledger, LIVE_PODS);
    assert_string_equal(scene_gpus(&scene), "the view of pods is 31 s old");
    scene_release(&scene);
}

static void see_node(struct scene *scene, const char *name, bool is_gone)
{
    const char *node = arena_printf(&scene->arena, "{\"metadata\":{\"name\":\"%s\"}}", name);
    struct error err;

    assert_true(live_event(scene->ledger, LIVE_NODES, is_gone, scene_parse(scene, node), &err));
}

/* Rule 4: what runs on a node that is there again, counts again. */
static void a_terminating_pod_counts_while_its_node_is_there(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a",
                           .uid = "u1",
                           .asks = GPU ": 1",
                           .metadata = "\"deletionTimestamp\":\"2020-01-01T00:00:00Z\"",
                           .spec = "\"nodeName\":\"n1\""};

    (void)state;
    scene_init_live(&scene, one_tenant);
    see_node(&scene, "n0", false);
    see_node(&scene, "n1", false);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "1/0");
    see_node(&scene, "n1", true);
    assert_string_equal(scene_gpus(&scene), "0/0");
    see_node(&scene, "n2", false);
    assert_string_equal(scene_gpus(&scene), "0/0");
    see_node(&scene, "n1", false);
    assert_string_equal(scene_gpus(&scene), "1/0");
    see_node(&scene, "n1", true);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* Where a cluster has no node left, that is known, too. */
static void a_terminating_pod_goes_with_the_last_node(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a",
                           .uid = "u1",
                           .asks = GPU ": 1",
                           .metadata = "\"deletionTimestamp\":\"2020-01-01T00:00:00Z\"",
                           .spec = "\"nodeName\":\"n1\""};

    (void)state;
    scene_init_live(&scene, one_tenant);
    see_node(&scene, "n1", false);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "1/0");
    see_node(&scene, "n1", true);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_list(&scene, LIVE_NODES, NULL);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

static void what_no_policy_counts_is_not_kept(void **state)
{
    static const char capped[] =
        "research: {namespaces: [research], gpus: {guaranteed: 4}, resources: {cpu: 4}}";
    struct scene scene;
    struct pod_text plain = {.name = "a", .uid = "u1", .asks = "cpu: 2"};
    const char *all[] = {NULL, NULL};

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &plain);
    assert_true(TAILQ_EMPTY(&scene.ledger->holdings.all));
    scene_adopt(&scene, one_tenant);
    assert_false(live_wants_list(scene.ledger, LIVE_PODS));
    scene_adopt(&scene, capped);
    live_contact(scene.ledger, LIVE_PODS, clock_milliseconds());
    assert_string_equal(scene_gpus(&scene), "the view of pods isn't there yet");
    assert_true(live_wants_list(scene.ledger, LIVE_PODS));
    assert_false(live_wants_list(scene.ledger, LIVE_PODS));
    all[0] = scene_pod(&scene, &plain);
    scene_list(&scene, LIVE_PODS, all);
    assert_string_equal(scene_usage(&scene, "research", "cpu: 1"), "0 cpu=2");
    scene_release(&scene);
}

/* A list that began by the old policy set doesn't show what the new one counts. */
static void a_list_that_is_under_way_is_not_enough_for_a_new_policy_set(void **state)
{
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    live_list_begin(scene.ledger, LIVE_PODS);
    scene_adopt(&scene,
                "cluster: {accelerators: [{resource: example.com/npu, mode: whole, gpus: 2}]}\n"
                "research: {namespaces: [research], gpus: {guaranteed: 4}}");
    assert_true(live_wants_list(scene.ledger, LIVE_PODS));
    live_list_end(scene.ledger, LIVE_PODS);
    assert_string_equal(scene_gpus(&scene), "the view of pods isn't there yet");
    scene_list(&scene, LIVE_PODS, NULL);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

static void namespaces_move_with_their_labels(void **state)
{
    static const char *const namespaces[] = {
        "{\"metadata\":{\"name\":\"research\",\"labels\":{\"fairgate.dev/tenant\":\"research\"}}}",
        NULL};
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};

    (void)state;
    scene_init_live(&scene, "research: {gpus: {guaranteed: 4}}");
    scene_list(&scene, LIVE_NAMESPACES, namespaces);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene_list(&scene, LIVE_NAMESPACES, NULL);
    scene_list(&scene, LIVE_NAMESPACES, namespaces);
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene_release(&scene);
}

/* An event of one node, and a decision after it. */
static void a_terminating_pod_goes_with_its_node(void **state)
{
    static const char *const nodes[] = {"{\"metadata\":{\"name\":\"n1\"}}",
                                        "{\"metadata\":{\"name\":\"n2\"}}", NULL};
    struct scene scene;
    struct pod_text pod = {.name = "a",
                           .uid = "u1",
                           .asks = GPU ": 1",
                           .metadata = "\"deletionTimestamp\":\"2026-11-21T09:00:00Z\"",
                           .spec = "\"nodeName\":\"n1\""};
    struct error err;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene.now = 1795251600; /* 2026-11-21T09:00:00Z */
    scene_list(&scene, LIVE_NODES, nodes);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "1/0");
    assert_true(live_event(scene.ledger, LIVE_NODES, true, scene_parse(&scene, nodes[1]), &err));
    assert_string_equal(scene_gpus(&scene), "1/0");
    assert_true(live_event(scene.ledger, LIVE_NODES, false, scene_parse(&scene, nodes[1]), &err));
    assert_true(live_event(scene.ledger, LIVE_NODES, true, scene_parse(&scene, nodes[0]), &err));
    scene.now--;
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene.now++;
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_all_is_listed),
        cmocka_unit_test(what_is_out_of_contact_is_not_relied_on),
        cmocka_unit_test(what_is_seen_and_reserved_counts_once),
        cmocka_unit_test(reservations_are_counted_by_age),
        cmocka_unit_test(reviews_repeated_for_one_create_share_one_reservation),
        cmocka_unit_test(only_the_view_releases),
        cmocka_unit_test(an_event_of_the_end_releases_what_was_reserved),
        cmocka_unit_test(what_never_came_is_void_by_a_read_after_its_time),
        cmocka_unit_test(a_read_that_shows_the_pod_makes_it_seen),
        cmocka_unit_test(a_read_settles_no_reservation_that_is_younger),
        cmocka_unit_test(a_read_that_a_list_overtook_changes_nothing),
        cmocka_unit_test(a_list_is_as_old_as_its_beginning),
        cmocka_unit_test(a_terminating_pod_counts_while_its_node_is_there),
        cmocka_unit_test(a_terminating_pod_goes_with_the_last_node),
        cmocka_unit_test(what_no_policy_counts_is_not_kept),
        cmocka_unit_test(a_list_that_is_under_way_is_not_enough_for_a_new_policy_set),
        cmocka_unit_test(namespaces_move_with_their_labels),
        cmocka_unit_test(a_terminating_pod_goes_with_its_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
