/* Rules 6 to 9 of the caps (docs/operations.md), each by what goes wrong without it: two replicas,
 * whose views and copies differ, and one TenantUsage. */
#include "unit/unit.h"

#include "ledger/object_read.h"
#include "ledger/shared_inner.h"
#include "unit/ledger/live_scene.h"

#define GPU "nvidia.com/gpu"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* Both share the store of the first. */
struct pair {
    struct scene a, b;
};

static void start_other(struct pair *pair)
{
    scene_init(&pair->b, one_tenant);
    pair->b.store = pair->a.store;
    live_start(pair->b.ledger, &scene_times);
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        scene_list(&pair->b, (enum live_kind)kind, NULL);
    shared_list_begin(pair->b.ledger);
    scene_fetch(&pair->b, "research");
    shared_list_end(pair->b.ledger);
}

static void init(struct pair *pair)
{
    scene_init_live(&pair->a, one_tenant);
    start_other(pair);
}

static void release(struct pair *pair)
{
    pair->b.store = NULL;
    scene_release(&pair->b);
    scene_release(&pair->a);
}

/* An event with a resourceVersion. */
static void show(struct scene *scene, const struct pod_text *pod, unsigned version, bool is_gone)
{
    struct pod_text copy = *pod;
    const char *text = arena_printf(&scene->arena, "%u", version);

    copy.metadata = arena_printf(&scene->arena, "\"resourceVersion\":\"%u\"", version);
    if (is_gone)
        scene_see_gone(scene, &copy);
    else
        scene_see(scene, &copy);
    live_progress(scene->ledger, LIVE_PODS, bytes_from(text));
}

static enum shared_state state_of(struct scene *scene)
{
    const char *why;
    enum shared_state state = shared_read_state(scene->ledger, "research", &scene->arena, &why);

    assert_true(!why == (state == SHARED_READY));
    return state;
}

static struct value object_of(struct scene *scene)
{
    return scene_parse(scene, fake_store_read(scene->store, "research", &scene->arena));
}

static void assert_spec(struct scene *scene, const char *path, const char *expected)
{
    struct bytes text = value_text(value_path(value_member(object_of(scene), "spec"), path));

    assert_string_equal(arena_copy(&scene->arena, text), expected);
}

static size_t count_reservations(struct scene *scene)
{
    struct tenant_usage usage;
    struct error err = {0};

    if (!tenant_usage_read(object_of(scene), &scene->arena, &usage, &err))
        fail_msg("%s", err.text);
    return usage.count;
}

/* A write that nobody has asked for, as soon as there is a reason for it. */
static void refresh(struct scene *scene)
{
    struct shared_tenant *each;

    TAILQ_FOREACH(each, &scene->ledger->shared.all, in_all)
    each->due = 0;
    assert_true(scene_write(scene, "research"));
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
    init(&pair);
    review = creation(&pair.b, &second);
    assert_true(scene_create(&pair.a, &first));
    assert_false(scene_transact(&pair.b, &review, &outcome, 1));
    assert_true(outcome.is_allowed);
    assert_string_equal(scene_gpus(&pair.b), "0/0");
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "3/3");
    assert_false(scene_create(&pair.b, &second));
    release(&pair);
}

static void those_that_wait_together_are_written_together(void **state)
{
    struct pair pair;
    const char *reviews[5];
    struct outcome outcomes[5];
    struct bytes before;

    (void)state;
    init(&pair);
    for (size_t i = 0; i < 5; i++) {
        struct pod_text pod = {.name = arena_printf(&pair.a.arena, "p%zu", i),
                               .uid = arena_printf(&pair.a.arena, "u%zu", i),
                               .asks = GPU ": 1"};

        reviews[i] = creation(&pair.a, &pod);
    }
    before = value_text(value_path(object_of(&pair.a), "metadata.resourceVersion"));
    assert_true(scene_transact(&pair.a, reviews, outcomes, 5));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(outcomes[i].is_allowed, i < 4);
    assert_int_equal(count_reservations(&pair.a), 4);
    assert_int_equal(object_version(
                         value_text(value_path(object_of(&pair.a), "metadata.resourceVersion"))),
                     object_version(before) + 1);
    release(&pair);
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
    init(&pair);
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
    release(&pair);
}

/* Rule 8, (a): what one view has shown leaves, and a view that hasn't shown it yet is no use. */
static void nobody_judges_with_a_view_before_the_floor(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    show(&pair.a, &pod, 500, false);
    refresh(&pair.a);
    assert_int_equal(count_reservations(&pair.a), 0);
    assert_spec(&pair.a, "floors.pods", "500");
    assert_int_equal(state_of(&pair.a), SHARED_READY);
    scene_fetch(&pair.b, "research");
    assert_int_equal(state_of(&pair.b), SHARED_BEHIND);
    assert_false(shared_wait_floor(pair.b.ledger, "research", 1));
    show(&pair.b, &pod, 500, false);
    assert_int_equal(state_of(&pair.b), SHARED_READY);
    assert_true(shared_wait_floor(pair.b.ledger, "research", 1));
    assert_string_equal(scene_gpus(&pair.b), "3/0");
    release(&pair);
}

static void what_the_view_showed_as_gone_leaves_without_a_floor(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    show(&pair.a, &pod, 500, true);
    refresh(&pair.a);
    assert_int_equal(count_reservations(&pair.a), 0);
    assert_spec(&pair.a, "floors.pods", "0");
    release(&pair);
}

/* The copy comes later than the event of the pod. */
static void what_is_seen_before_its_reservation_is_not_reserved(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    show(&pair.b, &pod, 500, false);
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "3/0");
    refresh(&pair.b);
    assert_int_equal(count_reservations(&pair.b), 0);
    assert_spec(&pair.b, "floors.pods", "500");
    release(&pair);
}

/* Rule 8, (b): by a replica that did not make it, by its own clock. */
static void what_never_came_leaves_after_its_time_and_a_read(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct live_due due;

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &pod));
    scene_age(&pair.a, SCENE_MAX_REQUEST + 1000);
    scene_fetch(&pair.b, "research");
    assert_false(live_next_due(pair.b.ledger, 0, &pair.b.arena, &due));
    scene_wait_due(&pair.b, &due);
    scene_resolve(&pair.b, &due, NULL);
    refresh(&pair.b);
    assert_int_equal(count_reservations(&pair.b), 0);
    assert_string_equal(scene_gpus(&pair.a), "3/3");
    scene_fetch(&pair.a, "research");
    assert_string_equal(scene_gpus(&pair.a), "0/0");
    release(&pair);
}

/* Rules 3 and 8: a growth of what is reserved already takes its place, under a number of its own;
 * no event settles it. */
static void a_growth_leaves_by_a_read_only(void **state)
{
    struct pair pair;
    struct pod_text one = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text two = {.name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct live_due due;

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &one));
    assert_true(scene_resize(&pair.a, &one, &two));
    assert_int_equal(count_reservations(&pair.a), 1);
    assert_int_equal(object_version(value_raw(value_path(object_of(&pair.a), "spec.last"))), 2);
    show(&pair.a, &one, 500, false);
    show(&pair.a, &two, 501, false);
    refresh(&pair.a);
    assert_int_equal(count_reservations(&pair.a), 1);
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "2/2");
    scene_wait_due(&pair.b, &due);
    two.metadata = "\"resourceVersion\":\"501\"";
    scene_resolve(&pair.b, &due, scene_pod(&pair.b, &two));
    two.metadata = NULL;
    assert_int_equal(count_reservations(&pair.b), 1);
    show(&pair.b, &two, 501, false);
    refresh(&pair.b);
    assert_int_equal(count_reservations(&pair.b), 0);
    assert_spec(&pair.b, "floors.pods", "501");
    release(&pair);
}

/* Rule 8: two replicas propose the same growth, under the same number. The one whose write fails
 * counts from when it saw the other's, not from when it proposed its own. */
static void a_growth_is_as_old_as_the_sight_of_it(void **state)
{
    struct pair pair;
    struct pod_text one = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text two = {.name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct shared_txn *txn;
    const char *review;
    struct live_due due;

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &one));
    scene_fetch(&pair.b, "research");
    txn = shared_begin(pair.a.ledger, "research", NULL);
    review = scene_review(&pair.a, "UPDATE", "pods/resize", scene_pod(&pair.a, &two),
                          scene_pod(&pair.a, &one));
    assert_true(scene_settle_in(&pair.a, review, txn).is_allowed);
    scene_age(&pair.a, SCENE_MAX_REQUEST - 1000);
    assert_true(scene_resize(&pair.b, &one, &two));
    scene_fetch(&pair.a, "research");
    shared_abort(txn);
    scene_age(&pair.a, 2000);
    assert_false(live_next_due(pair.a.ledger, 0, &pair.a.arena, &due));
    assert_string_equal(scene_gpus(&pair.a), "2/2");
    release(&pair);
}

static void what_a_transaction_replaced_comes_back_when_it_is_aborted(void **state)
{
    struct pair pair;
    struct pod_text one = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text three = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct shared_txn *txn;
    const char *review;

    (void)state;
    init(&pair);
    assert_true(scene_create(&pair.a, &one));
    txn = shared_begin(pair.a.ledger, "research", NULL);
    review = scene_review(&pair.a, "UPDATE", "pods/resize", scene_pod(&pair.a, &three),
                          scene_pod(&pair.a, &one));
    assert_true(scene_settle_in(&pair.a, review, txn).is_allowed);
    assert_string_equal(scene_gpus(&pair.a), "3/3");
    shared_abort(txn);
    assert_string_equal(scene_gpus(&pair.a), "1/1");
    show(&pair.a, &one, 500, false);
    assert_string_equal(scene_gpus(&pair.a), "1/0");
    release(&pair);
}

/* Rule 9: a first start is a lost object. */
static void nothing_is_let_in_until_all_that_came_before_is_known(void **state)
{
    static const struct floors largest = {.pods = 700};
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    const char *tenant;

    (void)state;
    scene_init(&scene, one_tenant);
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
    init(&pair);
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
    release(&pair);
}

/* The same within a transaction: what is written must not be the new object. */
static void what_was_judged_by_a_lost_object_is_not_written(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct shared_txn *txn;
    struct shared_body body;

    (void)state;
    init(&pair);
    txn = shared_begin(pair.a.ledger, "research", NULL);
    assert_true(scene_settle_in(&pair.a, creation(&pair.a, &pod), txn).is_allowed);
    fake_store_delete(pair.a.store, "research");
    scene_fetch(&pair.a, "research");
    assert_true(shared_write(txn, &pair.a.arena, &body));
    assert_false(body.is_new);
    assert_null(fake_store_write(pair.a.store, body.text, body.is_new, &pair.a.arena));
    shared_abort(txn);
    release(&pair);
}

/* Somebody writes into it: what can be read counts, and nothing more is let in. */
static void a_damaged_object_is_mended_as_unknown(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    const char *why;

    (void)state;
    init(&pair);
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
    assert_int_equal(count_reservations(&pair.a), 1);
    scene_know(&pair.a);
    assert_int_equal(state_of(&pair.a), SHARED_READY);
    assert_string_equal(scene_gpus(&pair.a), "1/1");
    release(&pair);
}

/* A replica that saw neither the damage nor the mending must not take new numbers for old ones. */
static void numbers_count_within_a_series(void **state)
{
    struct pair pair;
    struct pod_text pod = {.asks = GPU ": 1"};

    (void)state;
    init(&pair);
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
    release(&pair);
}

static void an_older_object_in_its_place_is_damage(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct value old;

    (void)state;
    init(&pair);
    old = value_member(object_of(&pair.a), "spec");
    assert_true(scene_create(&pair.a, &pod));
    fake_store_edit(pair.a.store, "research", "spec", arena_copy(&pair.a.arena, value_raw(old)));
    scene_fetch(&pair.a, "research");
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    release(&pair);
}

static void an_older_copy_is_passed_over(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct value old;

    (void)state;
    init(&pair);
    old = object_of(&pair.a);
    assert_true(scene_create(&pair.a, &pod));
    shared_take(pair.a.ledger, old);
    assert_string_equal(scene_gpus(&pair.a), "1/1");
    assert_true(scene_create(&pair.a, &pod));
    release(&pair);
}

/* A write that is answered with something else than what was written is no write. */
static void a_changed_answer_is_not_relied_on(void **state)
{
    struct pair pair;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct shared_txn *txn;
    struct shared_body body;

    (void)state;
    init(&pair);
    txn = shared_begin(pair.a.ledger, "research", NULL);
    assert_true(scene_settle_in(&pair.a, creation(&pair.a, &pod), txn).is_allowed);
    assert_true(shared_write(txn, &pair.a.arena, &body));
    assert_non_null(fake_store_write(pair.a.store, body.text, body.is_new, &pair.a.arena));
    fake_store_edit(pair.a.store, "research", "spec.reservations", "[]");
    assert_false(shared_commit(txn, object_of(&pair.a)));
    assert_int_equal(state_of(&pair.a), SHARED_DAMAGED);
    release(&pair);
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
    init(&pair);
    txn = shared_begin(pair.a.ledger, "research", &problem);
    outcome = scene_settle_in(&pair.a, creation(&pair.a, &pod), txn);
    assert_true(outcome.is_settled && !outcome.is_allowed);
    assert_string_equal(outcome.usage.problem.text, "no answer");
    assert_false(shared_write(txn, &pair.a.arena, &body));
    shared_abort(txn);
    release(&pair);
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
    init(&pair);
    assert_true(scene_settle(&pair.a, creation(&pair.a, &pod), false).is_settled);
    facts = scene_facts(&pair.a, creation(&pair.a, &plain));
    assert_int_equal(ledger_settle(pair.a.ledger, facts, true, judge, NULL), LEDGER_SETTLED);
    facts = scene_facts(&pair.a, creation(&pair.a, &pod));
    assert_int_equal(ledger_settle(pair.a.ledger, facts, true, judge, NULL), LEDGER_WAITS);
    release(&pair);
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
        cmocka_unit_test(a_growth_leaves_by_a_read_only),
        cmocka_unit_test(a_growth_is_as_old_as_the_sight_of_it),
        cmocka_unit_test(what_a_transaction_replaced_comes_back_when_it_is_aborted),
        cmocka_unit_test(nothing_is_let_in_until_all_that_came_before_is_known),
        cmocka_unit_test(a_lost_object_is_made_anew_as_unknown),
        cmocka_unit_test(what_was_judged_by_a_lost_object_is_not_written),
        cmocka_unit_test(a_damaged_object_is_mended_as_unknown),
        cmocka_unit_test(numbers_count_within_a_series),
        cmocka_unit_test(an_older_object_in_its_place_is_damage),
        cmocka_unit_test(an_older_copy_is_passed_over),
        cmocka_unit_test(a_changed_answer_is_not_relied_on),
        cmocka_unit_test(a_reason_why_usage_is_unknown_reaches_the_judge),
        cmocka_unit_test(what_does_not_reserve_needs_no_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
