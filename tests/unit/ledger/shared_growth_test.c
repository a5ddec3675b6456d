/* Growths that are reserved in a TenantUsage: rules 3 and 8 of the caps (docs/operations.md), each
 * by what goes wrong without it. */
#include "unit/unit.h"

#include "ledger/object_read.h"
#include "ledger/shared_inner.h"
#include "unit/ledger/pair.h"

#define GPU "nvidia.com/gpu"

/* Rules 3 and 8: a growth of what is reserved already takes its place, under a number of its own;
 * no event settles it. */
static void a_growth_leaves_by_a_read_only(void **state)
{
    struct pair pair;
    struct pod_text one = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text two = {.name = "a", .uid = "u1", .asks = GPU ": 2"};
    struct live_due due;

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &one));
    assert_true(scene_resize(&pair.a, &one, &two));
    assert_int_equal(pair_count(&pair.a), 1);
    assert_int_equal(object_version(value_raw(value_path(pair_object(&pair.a), "spec.last"))), 2);
    pair_show(&pair.a, &one, 500, false);
    pair_show(&pair.a, &two, 501, false);
    pair_refresh(&pair.a);
    assert_int_equal(pair_count(&pair.a), 1);
    scene_fetch(&pair.b, "research");
    assert_string_equal(scene_gpus(&pair.b), "2/2");
    scene_wait_due(&pair.b, &due);
    two.metadata = "\"resourceVersion\":\"501\"";
    scene_resolve(&pair.b, &due, scene_pod(&pair.b, &two));
    two.metadata = NULL;
    assert_int_equal(pair_count(&pair.b), 1);
    pair_show(&pair.b, &two, 501, false);
    pair_refresh(&pair.b);
    assert_int_equal(pair_count(&pair.b), 0);
    pair_assert_spec(&pair.b, "floors.pods", "501");
    pair_release(&pair);
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
    pair_init(&pair);
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
    pair_release(&pair);
}

static void what_a_transaction_replaced_comes_back_when_it_is_aborted(void **state)
{
    struct pair pair;
    struct pod_text one = {.name = "a", .uid = "u1", .asks = GPU ": 1"};
    struct pod_text three = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct shared_txn *txn;
    const char *review;

    (void)state;
    pair_init(&pair);
    assert_true(scene_create(&pair.a, &one));
    txn = shared_begin(pair.a.ledger, "research", NULL);
    review = scene_review(&pair.a, "UPDATE", "pods/resize", scene_pod(&pair.a, &three),
                          scene_pod(&pair.a, &one));
    assert_true(scene_settle_in(&pair.a, review, txn).is_allowed);
    assert_string_equal(scene_gpus(&pair.a), "3/3");
    shared_abort(txn);
    assert_string_equal(scene_gpus(&pair.a), "1/1");
    pair_show(&pair.a, &one, 500, false);
    assert_string_equal(scene_gpus(&pair.a), "1/0");
    pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_growth_leaves_by_a_read_only),
        cmocka_unit_test(a_growth_is_as_old_as_the_sight_of_it),
        cmocka_unit_test(what_a_transaction_replaced_comes_back_when_it_is_aborted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
