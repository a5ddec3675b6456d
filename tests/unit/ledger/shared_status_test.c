/* When the status of a TenantUsage is written, of which nobody but people reads anything. */
#include "ledger/shared_inner.h"
#include "unit/ledger/pair.h"

#define GPU "nvidia.com/gpu"

static void let_status_be_due(struct scene *scene)
{
    struct shared_tenant *each;

    TAILQ_FOREACH(each, &scene->ledger->shared.all, in_all)
    each->due -= 2000;
}

/* The tenant that has something to be done; NULL: none. */
static const char *pending_chore(struct scene *scene)
{
    const char *tenant;

    (void)shared_next_chore(scene->ledger, "", &scene->arena, &tenant);
    return tenant;
}

static const char *stored_reserved(struct scene *scene)
{
    struct bytes text = value_text(value_path(pair_object(scene), "status.reserved"));

    return arena_copy(&scene->arena, text);
}

/* However often it is written, by whomever: once a second the status tells what there is. */
static void the_status_is_told_though_there_is_no_pause(void **state)
{
    struct pair pair;
    struct pod_text pod = {.asks = GPU ": 1"};

    (void)state;
    pair_init(&pair);
    pod.name = pod.uid = "a";
    assert_true(scene_create(&pair.a, &pod));
    assert_string_equal(stored_reserved(&pair.a), "0");
    scene_fetch(&pair.b, "research");
    let_status_be_due(&pair.a);
    pod.name = pod.uid = "b";
    assert_true(scene_create(&pair.b, &pod));
    scene_fetch(&pair.a, "research");
    pod.name = pod.uid = "c";
    assert_true(scene_create(&pair.a, &pod));
    assert_string_equal(stored_reserved(&pair.a), "3");
    pair_release(&pair);
}

/* A status that was only passed on tells nothing of what was written with it. */
static void the_status_is_told_when_nobody_asks_any_more(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    assert_string_equal(stored_reserved(&pair.a), "0");
    let_status_be_due(&pair.a);
    scene_do_chores(&pair.a);
    assert_string_equal(stored_reserved(&pair.a), "1");
    let_status_be_due(&pair.a);
    assert_null(pending_chore(&pair.a));
    pair_release(&pair);
}

static const char *stored_caps(struct scene *scene)
{
    struct value status = value_member(pair_object(scene), "status");
    struct bytes guaranteed = value_text(value_member(status, "guaranteed"));
    struct bytes burst = value_text(value_member(status, "burst"));

    return arena_printf(&scene->arena, "%.*s/%.*s", BYTES_ARG(guaranteed), BYTES_ARG(burst));
}

/* Though nothing else happens. */
static void assert_told(struct scene *scene, const char *caps)
{
    let_status_be_due(scene);
    assert_non_null(pending_chore(scene));
    scene_do_chores(scene);
    assert_string_equal(stored_caps(scene), caps);
    let_status_be_due(scene);
    assert_null(pending_chore(scene));
}

/* 4 guaranteed and 6 burst; a grant of 2 that begins and ends, and a reservation of 1 that does. */
static void the_status_is_told_when_a_grant_begins_and_when_it_ends(void **state)
{
    struct scene scene;
    struct window *grant, *reservation;

    (void)state;
    scene_init_live(&scene, "research: {namespaces: [research], gpus: {guaranteed: 4, burst: 6}, "
                            "priority: {burst: [p2]}}\n"
                            "exceptions: {e: {tenants: [research], grant: {gpus: 2}, "
                            "from: '9000-01-01T00:00:00Z', until: '9001-01-01T00:00:00Z'}}\n"
                            "reservations: {r: {tenant: research, gpus: 1, "
                            "from: '9000-01-01T00:00:00Z', until: '9001-01-01T00:00:00Z'}}");
    grant = &scene.tenancy->grants.exceptions[0]->window;
    reservation = &scene.tenancy->grants.reservations[0]->window;
    assert_string_equal(stored_caps(&scene), "4/6");
    grant->from = 0;
    assert_told(&scene, "6/8");
    reservation->from = 0;
    assert_told(&scene, "7/9");
    grant->until = 1;
    assert_told(&scene, "5/7");
    reservation->until = 1;
    assert_told(&scene, "4/6");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_told_though_there_is_no_pause),
        cmocka_unit_test(the_status_is_told_when_nobody_asks_any_more),
        cmocka_unit_test(the_status_is_told_when_a_grant_begins_and_when_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
