/* What replicas that write the same object know of each other. */
#include "unit/unit.h"

#include "base/clock.h"
#include "unit/cluster/replica.h"

static const char nine[] = "research: {namespaces: [research], gpus: {guaranteed: 9}}";

static void *fetch(void *context)
{
    struct replica *replica = context;

    pthread_mutex_lock(&replica->lock);
    scene_fetch(&replica->scene, "research");
    pthread_mutex_unlock(&replica->lock);
    return NULL;
}

static void a_write_that_would_fail_is_known_to(void **state)
{
    struct replica here, there;
    struct shared_txn *txn;
    pthread_t thread;

    replica_init(&here, nine);
    replica_init_second(&there, nine, &here);
    txn = shared_begin(there.scene.ledger, "research", NULL);
    assert_string_equal(waiter_verdict(replica_submit(&here, "a", 1)), "allowed");
    assert_false(shared_wait_newer(txn, clock_milliseconds() + 1));
    assert_int_equal(pthread_create(&thread, NULL, fetch, &there), 0);
    assert_true(shared_wait_newer(txn, clock_milliseconds() + LONG_MS));
    pthread_join(thread, NULL);
    assert_true(shared_wait_newer(txn, 0));
    shared_abort(txn);
    replica_release_second(&there);
    replica_release(&here);
}

static void an_object_that_is_gone_is_another(void **state)
{
    struct replica here;
    struct shared_txn *txn;

    replica_init(&here, nine);
    txn = shared_begin(here.scene.ledger, "research", NULL);
    assert_false(shared_wait_newer(txn, 0));
    shared_lose(here.scene.ledger, BYTES("research"), BYTES(""));
    assert_true(shared_wait_newer(txn, 0));
    shared_abort(txn);
    replica_release(&here);
}

/* Whether the replica's next write would be one of several replicas'. Nothing is written. */
static bool is_contended(struct replica *replica, const char *name)
{
    struct scene *scene = &replica->scene;
    struct shared_txn *txn = shared_begin(scene->ledger, "research", NULL);
    const struct pod_text pod = {.name = name, .uid = name, .asks = "nvidia.com/gpu: 1"};
    struct shared_body body;

    scene_settle_in(scene, scene_review(scene, "CREATE", "pods", scene_pod(scene, &pod), NULL),
                    txn);
    assert_true(shared_write(txn, &scene->arena, &body));
    shared_abort(txn);
    return body.is_contended;
}

static void who_writes_alone_gives_nobody_a_turn(void **state)
{
    struct replica here, there;

    replica_init(&here, nine);
    replica_init_second(&there, nine, &here);
    assert_string_equal(waiter_verdict(replica_submit(&here, "a", 1)), "allowed");
    assert_string_equal(waiter_verdict(replica_submit(&here, "b", 1)), "allowed");
    fetch(&here); /* its own write, as the watch shows it */
    assert_false(is_contended(&here, "x"));
    fetch(&there);
    assert_true(is_contended(&there, "y"));
    assert_string_equal(waiter_verdict(replica_submit(&there, "c", 1)), "allowed");
    fetch(&here);
    assert_true(is_contended(&here, "z"));
    /* And for a while, whoever is the last to write. */
    assert_string_equal(waiter_verdict(replica_submit(&here, "d", 1)), "allowed");
    assert_true(is_contended(&here, "d2"));
    replica_release_second(&there);
    replica_release(&here);
}

static void what_the_watch_has_shown_is_not_read_once_more(void **state)
{
    struct replica here;
    struct arena *arena = &here.scene.arena;
    struct waiter *waiter;
    const char *text;

    replica_init(&here, nine);
    fake_api_hold();
    waiter = replica_submit(&here, "a", 1);
    fake_api_wait_held();
    text = fake_store_read(here.scene.store, "research", arena);
    assert_non_null(fake_store_write(here.scene.store, bytes_from(text), false, arena));
    fetch(&here);
    fake_api_release();
    assert_string_equal(waiter_verdict(waiter), "allowed");
    assert_int_equal(fake_api_reads(), 0);
    assert_int_equal(fake_api_writes(), 2);
    replica_release(&here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_would_fail_is_known_to),
        cmocka_unit_test(an_object_that_is_gone_is_another),
        cmocka_unit_test(who_writes_alone_gives_nobody_a_turn),
        cmocka_unit_test(what_the_watch_has_shown_is_not_read_once_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
