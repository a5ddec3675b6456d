/* Rules 6 to 9 of the caps (docs/operations.md), each by what goes wrong without it: two replicas,
 * whose views and copies differ, and one TenantUsage. */
#include "unit/unit.h"

#include "ledger/object_read.h"
#include "ledger/shared_inner.h"
#include "unit/ledger/pair.h"

#define GPU "nvidia.com/gpu"

static enum shared_state state_of(struct scene *scene)
{
    const char *why;
    enum shared_state state = shared_read_state(scene->ledger, "research", &scene->arena, &why);

    assert_true(!why == (state == SHARED_READY));
    return state;
}

static const char *creation(struct scene *scene, const struct pod_text *pod)
{
    return scene_review(scene, "CREATE", "pods", scene_pod(scene, pod), NULL);
}

/* Rule 6: of two that fit one by one, only one is written by the copy that both have. */
static void a_write_from_an_old_copy_fails_and_is_judged_anew(void **state)
{
    struct pair pair;
    struct pod_text first = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct pod_text second = {.name = "b", .uid = "u2", .asks = GPU ": 2"};
    const char *review;
    struct outcome outcome;

    (void)state;
    pair_init(&pair);
    review = creation(&pair.b, &second);
    assert_true(scene_create(&pair.a, &first));
    assert_false(scene_transact(&pair.b, &review, &outcome, 1));
    assert_true(outcome.is_allowed);
    assert_string_equal(scene_gpus(&pair.b), "0/0");
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "3/3");
    assert_false(scene_create(&pair.b, &second));
    pair_release(&pair);
}

static void those_that_wait_together_are_written_together(void **state)
{
    struct pair pair;
    const char *reviews[5];
    struct outcome outcomes[5];
    struct bytes before;

    (void)state;
    pair_init(&pair);
    for (size_t i = 0; i < 5; i++) {
        struct pod_text pod = {.name = arena_printf(&pair.a.arena, "p%zu", i),
                               .uid = arena_printf(&pair.a.arena, "u%zu", i),
                               .asks = GPU ": 1"};

        reviews[i] = creation(&pair.a, &pod);
    }
    before = value_text(value_path(pair_object(&pair.a), "metadata.resourceVersion"));
    assert_true(scene_transact(&pair.a, reviews, outcomes, 5));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(outcomes[i].is_allowed, i < 4);
    assert_int_equal(pair_count(&pair.a), 4);
    assert_int_equal(object_version(
                         value_text(value_path(pair_object(&pair.a), "metadata.resourceVersion"))),
                     object_version(before) + 1);
    pair_release(&pair);
}

/* Rule 7, both ways: the write came through and its answer did not; neither did. */
static void after_an_unknown_outcome_the_object_tells(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct scene *scene = &pair.a;
    struct shared_txn *txn;
    struct shared_body body;
    const char *written;

    (void)state;
    pair_init(&pair);
    txn = shared_begin(scene->ledger, "research", NULL);
    assert_true(scene_settle_in(scene, creation(scene, &pod), txn).is_allowed);
    assert_true(shared_write(txn, &scene->arena, &body));
    assert_non_null(fake_store_write(scene->store, body.text, body.is_new, &scene->arena));
    shared_abort(txn);
    assert_string_equal(scene_gpus(scene), "0/0");
    scene_fetch(scene, "research");
    assert_string_equal(scene_gpus(scene), "3/3");
    written = fake_store_read(scene->store, "research", &scene->arena);
    assert_true(scene_create(scene, &pod));
    assert_string_equal(fake_store_read(scene->store, "research", &scene->arena), written);
    txn = shared_begin(scene->ledger, "research", NULL);
    pod.name = "b", pod.uid = "u2", pod.asks = GPU ": 1";
    assert_true(scene_settle_in(scene, creation(scene, &pod), txn).is_allowed);
    assert_true(shared_write(txn, &scene->arena, &body));
    shared_abort(txn);
    scene_fetch(scene, "research");
    assert_string_equal(scene_gpus(scene), "3/3");
    assert_true(scene_create(scene, &pod));
    assert_string_equal(scene_gpus(scene), "4/4");
    pair_release(&pair);
}

/* Rule 8, (a): what one view has shown leaves, and a view that hasn't shown it yet is no use. */
static void nobody_judges_with_a_view_before_the_floor(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    pair_show(&pair.a, &pod, 500, false);
    pair_refresh(&pair.a);
    assert_int_equal(pair_count(&pair.a), 0);
    pair_assert_spec(&pair.a, "floors.pods", "500");
    assert_int_equal(state_of(&pair.a), SHARED_READY);
    scene_fetch(&pair.b, "research");
    assert_int_equal(state_of(&pair.b), SHARED_BEHIND);
    assert_false(shared_wait_floor(pair.b.ledger, "research", 1));
    pair_show(&pair.b, &pod, 500, false);
    assert_int_equal(state_of(&pair.b), SHARED_READY);
    assert_true(shared_wait_floor(pair.b.ledger, "research", 1));
    assert_string_equal(scene_gpus(&pair.b), "3/0");
    pair_release(&pair);
}

static void what_the_view_showed_as_gone_leaves_without_a_floor(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    pair_show(&pair.a, &pod, 500, true);
    pair_refresh(&pair.a);
    assert_int_equal(pair_count(&pair.a), 0);
    pair_assert_spec(&pair.a, "floors.pods", "0");
    pair_release(&pair);
}

/* The copy comes later than the event of the pod. */
static void what_is_seen_before_its_reservation_is_not_reserved(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    pair_show(&pair.b, &pod, 500, false);
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "3/0");
    pair_refresh(&pair.b);
    assert_int_equal(pair_count(&pair.b), 0);
    pair_assert_spec(&pair.b, "floors.pods", "500");
    pair_release(&pair);
}

/* Rule 8, (b): by a replica that did not make it, by its own clock. */
static void what_never_came_leaves_after_its_time_and_a_read(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct live_due due;

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    scene_age(&pair.a, SCENE_MAX_REQUEST + 1000);
    scene_fetch(&pair.b, "research");
    assert_false(live_next_due(pair.b.ledger, 0, &pair.b.arena, &due));
    scene_wait_due(&pair.b, &due);
    scene_resolve(&pair.b, &due, NULL);
    pair_refresh(&pair.b);
    assert_int_equal(pair_count(&pair.b), 0);
    assert_string_equal(scene_gpus(&pair.a), "3/3");
    scene_fetch(&pair.a, "research");
    assert_string_equal(scene_gpus(&pair.a), "0/0");
    pair_release(&pair);
}

/* Rule 9: a first start is a lost object. */
static void nothing_is_let_in_until_all_that_came_before_is_known(void **state)
{
    static const struct floors largest = {.pods = 700};
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    const char *tenant;

    (void)state;
    scene_init(&scene, pair_tenant);
    scene.store = fake_store_new();
    live_start(scene.ledger, &scene_times);
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        scene_list(&scene, (enum live_kind)kind, NULL);
    assert_int_equal(state_of(&scene), SHARED_UNSEEN);
    assert_int_equal(shared_next_chore(scene.ledger, "", &scene.arena, &tenant), CHORE_NONE);
    shared_list_begin(scene.ledger);
    shared_list_end(scene.ledger);
    assert_int_equal(state_of(&scene), SHARED_MISSING);
    assert_int_equal(shared_next_chore(scene.ledger, "", &scene.arena, &tenant), CHORE_WRITE);
    assert_true(scene_write(&scene, tenant));
    assert_int_equal(state_of(&scene), SHARED_UNKNOWN);
    assert_string_equal(scene_gpus(&scene),
                        "TenantUsage \"research\" was made anew, and what was let in before will "
                        "be known in 45 s at the earliest");
    assert_int_equal(shared_next_chore(scene.ledger, "", &scene.arena, &tenant), CHORE_NONE);
    shared_know(scene.ledger, "research", &largest); /* nobody asked for that list */
    assert_int_equal(shared_next_chore(scene.ledger, "", &scene.arena, &tenant), CHORE_NONE);
    scene_age_unknown(&scene);
    assert_int_equal(shared_next_chore(scene.ledger, "", &scene.arena, &tenant), CHORE_LIST);
    shared_know(scene.ledger, tenant, &largest);
    assert_int_equal(state_of(&scene), SHARED_UNKNOWN);
    assert_int_equal(shared_next_chore(scene.ledger, "", &scene.arena, &tenant), CHORE_WRITE);
    assert_true(scene_write(&scene, tenant));
    assert_int_equal(state_of(&scene), SHARED_BEHIND);
    live_progress(scene.ledger, LIVE_PODS, BYTES("700"));
    assert_int_equal(state_of(&scene), SHARED_READY);
    assert_true(scene_create(&scene, &pod));
    scene_release(&scene);
}

/* Rule 9: what was reserved may come yet, and a write under way must not. */
static void a_lost_object_is_made_anew_as_unknown(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct outcome outcome;
    const char *review;

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    scene_fetch(&pair.b, "research");
    fake_store_delete(pair.a.store, "research");
    scene_fetch(&pair.a, "research");
    assert_int_equal(state_of(&pair.a), SHARED_MISSING);
    assert_true(scene_write(&pair.a, "research"));
    pod.name = "b", pod.uid = "u2", pod.asks = GPU ": 1";
    review = creation(&pair.b, &pod);
    assert_false(scene_transact(&pair.b, &review, &outcome, 1));
    scene_fetch(&pair.b, "research");
    assert_int_equal(state_of(&pair.b), SHARED_UNKNOWN);
    scene_transact(&pair.b, &review, &outcome, 1);
    assert_int_equal(outcome.result, LEDGER_STALE);
    scene_know(&pair.a);
    scene_fetch(&pair.b, "research");
    assert_int_equal(state_of(&pair.b), SHARED_READY);
    pair_release(&pair);
}

/* The same within a transaction: what is written must not be the new object. */
static void what_was_judged_by_a_lost_object_is_not_written(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct shared_txn *txn;
    struct shared_body body;

    (void)state;
    pair_init(&pair);
    txn = shared_begin(pair.a.ledger, "research", NULL);
    assert_true(scene_settle_in(&pair.a, creation(&pair.a, &pod), txn).is_allowed);
    fake_store_delete(pair.a.store, "research");
    scene_fetch(&pair.a, "research");
    assert_true(shared_write(txn, &pair.a.arena, &body));
    assert_false(body.is_new);
    assert_null(fake_store_write(pair.a.store, body.text, body.is_new, &pair.a.arena));
    shared_abort(txn);
    pair_release(&pair);
}

/* Somebody writes into it: what can be read counts, and nothing more is let in. */
static void a_damaged_object_is_mended_as_unknown(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    const char *why;

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    fake_store_edit(pair.a.store, "research", "spec.last", "\"nonsense\"");
    scene_fetch(&pair.a, "research");
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    shared_read_state(pair.a.ledger, "research", &pair.a.arena, &why);
    assert_string_equal(why,
                        "TenantUsage \"research\": spec.last: expected a number, got a string");
    assert_string_equal(scene_gpus(&pair.a), why);
    assert_false(TAILQ_EMPTY(&pair.a.ledger->holdings.reservations));
    assert_true(scene_write(&pair.a, "research"));
    assert_int_equal(state_of(&pair.a), SHARED_UNKNOWN);
    assert_int_equal(pair_count(&pair.a), 1);
    scene_know(&pair.a);
    assert_int_equal(state_of(&pair.a), SHARED_READY);
    assert_string_equal(scene_gpus(&pair.a), "1/1");
    pair_release(&pair);
}

/* Somebody raises a floor to where no view ever gets. */
static void floors_that_were_damaged_end_with_unknown(void **state)
{
    struct pair pair;

    (void)state;
    pair_init(&pair);
    fake_store_edit(pair.a.store, "research", "spec.floors.pods", "\"18446744073709551615\"");
    scene_fetch(&pair.a, "research");
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    assert_true(scene_write(&pair.a, "research"));
    scene_know(&pair.a);
    assert_int_equal(state_of(&pair.a), SHARED_READY);
    pair_assert_spec(&pair.a, "floors.pods", "0");
    pair_release(&pair);
}

/* A replica that saw neither the damage nor the mending must not take new numbers for old ones. */
static void numbers_count_within_a_series(void **state)
{
    struct pair pair;
    struct pod_text pod = {.asks = GPU ": 1"};

    (void)state;
    pair_init(&pair);
    for (int i = 0; i < 3; i++) {
        pod.name = pod.uid = arena_printf(&pair.a.arena, "old-%d", i);
        assert_true(scene_create(&pair.a, &pod));
    }
    scene_fetch(&pair.b, "research");
    fake_store_edit(pair.a.store, "research", "spec.reservations", "[]");
    scene_fetch(&pair.a, "research");
    assert_true(scene_write(&pair.a, "research"));
    scene_know(&pair.a);
    pod.name = pod.uid = "new";
    assert_true(scene_create(&pair.a, &pod));
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "1/1");
    pair_release(&pair);
}

static void an_older_object_in_its_place_is_damage(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct value old;

    (void)state;
    pair_init(&pair);
    old = value_member(pair_object(&pair.a), "spec");
    assert_true(scene_create(&pair.a, &pod));
    fake_store_edit(pair.a.store, "research", "spec", arena_copy(&pair.a.arena, value_raw(old)));
    scene_fetch(&pair.a, "research");
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    pair_release(&pair);
}

/* As it was before what it has let go; whose floor the view that lacks it then needn't reach. */
static void floors_that_go_back_are_damage(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct value old;

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    old = value_member(pair_object(&pair.a), "spec");
    scene_fetch(&pair.b, "research");
    pair_show(&pair.a, &pod, 500, false);
    pair_refresh(&pair.a);
    scene_fetch(&pair.b, "research");
    fake_store_edit(pair.a.store, "research", "spec", arena_copy(&pair.a.arena, value_raw(old)));
    scene_fetch(&pair.b, "research");
    assert_int_equal(state_of(&pair.b), SHARED_DAMAGED);
    pair_release(&pair);
}

/* All is known by a list that was asked for long ago. */
static void unknown_that_comes_back_is_damage(void **state)
{
    struct pair pair;
    struct value old;

    (void)state;
    pair_init(&pair);
    fake_store_delete(pair.a.store, "research");
    scene_fetch(&pair.a, "research");
    assert_true(scene_write(&pair.a, "research"));
    old = value_member(pair_object(&pair.a), "spec");
    scene_know(&pair.a);
    assert_int_equal(state_of(&pair.a), SHARED_READY);
    fake_store_edit(pair.a.store, "research", "spec", arena_copy(&pair.a.arena, value_raw(old)));
    scene_fetch(&pair.a, "research");
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    pair_release(&pair);
}

/* The status is anybody's to edit: no digest is over it. */
static void a_status_that_fills_the_object_is_not_kept(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    char *huge;

    (void)state;
    pair_init(&pair);
    huge = arena_alloc(&pair.a.arena, TENANT_USAGE_MAX_BYTES + 3);
    memset(huge, 'x', TENANT_USAGE_MAX_BYTES + 2);
    huge[0] = huge[TENANT_USAGE_MAX_BYTES + 1] = '"';
    fake_store_edit(pair.a.store, "research", "status", huge);
    scene_fetch(&pair.a, "research");
    assert_true(scene_create(&pair.a, &pod));
    assert_int_equal(pair_count(&pair.a), 1);
    pair_release(&pair);
}

static void an_older_copy_is_passed_over(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct value old;

    (void)state;
    pair_init(&pair);
    old = pair_object(&pair.a);
    assert_true(scene_create(&pair.a, &pod));
    shared_take(pair.a.ledger, old);
    assert_string_equal(scene_gpus(&pair.a), "1/1");
    assert_true(scene_create(&pair.a, &pod));
    pair_release(&pair);
}

/* A write that is answered with something else than what was written is no write. */
static void a_changed_answer_is_not_relied_on(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct shared_txn *txn;
    struct shared_body body;

    (void)state;
    pair_init(&pair);
    txn = shared_begin(pair.a.ledger, "research", NULL);
    assert_true(scene_settle_in(&pair.a, creation(&pair.a, &pod), txn).is_allowed);
    assert_true(shared_write(txn, &pair.a.arena, &body));
    assert_non_null(fake_store_write(pair.a.store, body.text, body.is_new, &pair.a.arena));
    fake_store_edit(pair.a.store, "research", "spec.reservations", "[]");
    assert_false(shared_commit(txn, pair_object(&pair.a)));
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    pair_release(&pair);
}

static void a_reason_why_usage_is_unknown_reaches_the_judge(void **state)
{
    static const struct usage_problem problem = {"no answer", false};
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct shared_txn *txn;
    struct outcome outcome;
    struct shared_body body;

    (void)state;
    pair_init(&pair);
    txn = shared_begin(pair.a.ledger, "research", &problem);
    outcome = scene_settle_in(&pair.a, creation(&pair.a, &pod), txn);
    assert_true(outcome.is_settled && !outcome.is_allowed);
    assert_string_equal(outcome.usage.problem.text, "no answer");
    assert_false(shared_write(txn, &pair.a.arena, &body));
    shared_abort(txn);
    pair_release(&pair);
}

static void what_does_not_reserve_needs_no_transaction(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text plain = {.name = "b", .uid = "u2", .asks = "cpu: 1"};
    struct outcome outcome = {0};
    const struct ledger_judge judge = {scene_judge, &outcome};
    struct facts *facts;

    (void)state;
    pair_init(&pair);
    assert_true(scene_settle(&pair.a, creation(&pair.a, &pod), false).is_settled);
    facts = scene_facts(&pair.a, creation(&pair.a, &plain));
    assert_int_equal(ledger_settle(pair.a.ledger, facts, true, judge, NULL), LEDGER_SETTLED);
    facts = scene_facts(&pair.a, creation(&pair.a, &pod));
    assert_int_equal(ledger_settle(pair.a.ledger, facts, true, judge, NULL), LEDGER_WAITS);
    pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_from_an_old_copy_fails_and_is_judged_anew),
        cmocka_unit_test(those_that_wait_together_are_written_together),
        cmocka_unit_test(after_an_unknown_outcome_the_object_tells),
        cmocka_unit_test(nobody_judges_with_a_view_before_the_floor),
        cmocka_unit_test(what_the_view_showed_as_gone_leaves_without_a_floor),
        cmocka_unit_test(what_is_seen_before_its_reservation_is_not_reserved),
        cmocka_unit_test(what_never_came_leaves_after_its_time_and_a_read),
        cmocka_unit_test(nothing_is_let_in_until_all_that_came_before_is_known),
        cmocka_unit_test(a_lost_object_is_made_anew_as_unknown),
        cmocka_unit_test(what_was_judged_by_a_lost_object_is_not_written),
        cmocka_unit_test(a_damaged_object_is_mended_as_unknown),
        cmocka_unit_test(floors_that_were_damaged_end_with_unknown),
        cmocka_unit_test(numbers_count_within_a_series),
        cmocka_unit_test(an_older_object_in_its_place_is_damage),
        cmocka_unit_test(floors_that_go_back_are_damage),
        cmocka_unit_test(unknown_that_comes_back_is_damage),
        cmocka_unit_test(a_status_that_fills_the_object_is_not_kept),
        cmocka_unit_test(an_older_copy_is_passed_over),
        cmocka_unit_test(a_changed_answer_is_not_relied_on),
        cmocka_unit_test(a_reason_why_usage_is_unknown_reaches_the_judge),
        cmocka_unit_test(what_does_not_reserve_needs_no_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
