/* Who waits for the committer, and how it takes turns. */
#include "unit/unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "ledger/shared_inner.h"
#include "unit/cluster/replica.h"

#define GPU "nvidia.com/gpu"

static const char four[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* ---- writes */

static void nothing_is_answered_before_it_is_written(void **state)
{
    struct replica replica;
    struct waiter *a;

    replica_init(&replica, four);
    fake_api_hold();
    a = replica_submit(&replica, "a", 3);
    fake_api_wait_held();
    assert_false(waiter_is_done(a));
    assert_string_equal(replica_stored_gpus(&replica, four), "0/0");
    fake_api_release();
    assert_string_equal(waiter_verdict(a), "allowed");
    assert_string_equal(replica_stored_gpus(&replica, four), "3/3");
    assert_int_equal(fake_api_writes(), 1);
    assert_int_equal(fake_api_reads(), 0);
    replica_release(&replica);
}

static void those_that_wait_together_are_written_at_once(void **state)
{
    const char *const expected[] = {"allowed", "allowed", "allowed", "denied", "denied"};
    static const char *const names[] = {"b", "c", "d", "e", "f"};
    struct waiter *first, *waiters[COUNT(names)];
    const struct commit_counts *counts;
    struct replica replica;

    replica_init(&replica, four);
    counts = committer_counts(replica.committer);
    fake_api_hold();
    first = replica_submit(&replica, "a", 1);
    fake_api_wait_held();
    for (size_t i = 0; i < COUNT(names); i++)
        waiters[i] = replica_submit(&replica, names[i], 1);
    assert_int_equal(committer_waiting(replica.committer), 6);
    fake_api_release();
    assert_string_equal(waiter_verdict(first), "allowed");
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(waiter_verdict(waiters[i]), expected[i]);
    assert_int_equal(fake_api_writes(), 2);
    assert_int_equal(counts->writes[STORE_DONE], 2);
    assert_int_equal(counts->requests, 6);
    assert_int_equal(counts->sizes[0], 1); /* one */
    assert_int_equal(counts->sizes[2], 1); /* up to five */
    replica_release(&replica);
}

static void what_changes_nothing_is_not_written(void **state)
{
    struct replica replica;

    replica_init(&replica, four);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "a", 5)), "denied");
    assert_int_equal(fake_api_writes(), 0);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "a", 4)), "allowed");
    assert_string_equal(waiter_verdict(replica_submit(&replica, "a", 4)),
                        "allowed"); /* reviewed once more */
    assert_int_equal(fake_api_writes(), 1);
    replica_release(&replica);
}

/* The view shows what was let in, and that is to be written as soon as may be. */
static void make_stale(struct replica *replica, const char *name)
{
    struct scene *scene = &replica->scene;

    pthread_mutex_lock(&replica->lock);
    scene_see(scene, &(struct pod_text){.name = name,
                                        .uid = name,
                                        .asks = GPU ": 3",
                                        .metadata = "\"resourceVersion\":\"7\""});
    live_progress(scene->ledger, LIVE_PODS, BYTES("7"));
    pthread_mutex_lock(&scene->ledger->lock);
    shared_find(scene->ledger, BYTES("research"))->due = 0;
    pthread_mutex_unlock(&scene->ledger->lock);
    pthread_mutex_unlock(&replica->lock);
}

static void nobody_waits_for_what_others_have_reserved(void **state)
{
    struct replica replica;

    replica_init(&replica, four);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "a", 3)), "allowed");
    make_stale(&replica, "a");
    fake_api_hold();
    assert_string_equal(waiter_verdict(replica_submit(&replica, "b", 2)), "denied");
    fake_api_wait_held();
    fake_api_release();
    assert_string_equal(waiter_verdict(replica_submit(&replica, "c", 1)), "allowed");
    assert_int_equal(committer_counts(replica.committer)->requests, 2);
    replica_release(&replica);
}

/* ---- size */

static void a_batch_that_is_too_large_is_cut_in_halves(void **state)
{
    static const enum trouble plan[] = {TROUBLE_TOO_LARGE, TROUBLE_TOO_LARGE, TROUBLE_TOO_LARGE,
                                        TROUBLE_NONE};
    static const char *const names[] = {"b", "c", "d", "e"};
    struct waiter *first, *waiters[COUNT(names)];
    struct replica replica;
    unsigned allowed = 0, limited = 0;

    replica_init(&replica, "research: {namespaces: [research], gpus: {guaranteed: 9}}");
    fake_api_hold();
    first = replica_submit(&replica, "a", 1);
    fake_api_wait_held();
    for (size_t i = 0; i < COUNT(names); i++)
        waiters[i] = replica_submit(&replica, names[i], 1);
    fake_api_plan_writes(plan, TROUBLE_NONE); /* for four, two, one; then others fit */
    fake_api_release();
    assert_string_equal(waiter_verdict(first), "allowed");
    for (size_t i = 0; i < COUNT(names); i++) {
        waiter_wait(waiters[i]);
        allowed += waiters[i]->is_allowed;
        limited += waiters[i]->is_limit;
        if (waiters[i]->is_limit)
            assert_string_equal(
                waiters[i]->why,
                "TenantUsage \"research\" can't be written: it would have more than 1048576 bytes");
        free(waiters[i]);
    }
    assert_int_equal(allowed, 3);
    assert_int_equal(limited, 1);
    replica_release(&replica);
}

static void no_more_than_so_many_wait(void **state)
{
    enum { MOST = 10000 };
    static struct commit_request requests[MOST + 1];
    struct replica replica;
    struct waiter *first;

    replica_init(&replica, four);
    fake_api_hold();
    first = replica_submit(&replica, "a", 1);
    fake_api_wait_held();
    for (size_t i = 0; i < MOST; i++) {
        requests[i] = (struct commit_request){.tenant = "research", .deadline = INT64_MAX};
        assert_int_equal(committer_submit(replica.committer, &requests[i]), i < MOST - 1);
    }
    assert_int_equal(committer_waiting(replica.committer), MOST);
    assert_false(waiter_is_done(first));
    committer_stop(replica.committer); /* those that wait are dropped */
    free(first);
    scene_release(&replica.scene);
}

static void what_waits_takes_so_much_memory_at_most(void **state)
{
    struct commit_request large = {.tenant = "research", .deadline = INT64_MAX, .size = 255 << 20};
    struct commit_request other = {.tenant = "research", .deadline = INT64_MAX, .size = 2 << 20};
    struct replica replica;
    struct waiter *first;

    replica_init(&replica, four);
    fake_api_hold();
    first = replica_submit(&replica, "a", 1);
    fake_api_wait_held();
    assert_true(committer_submit(replica.committer, &large));
    assert_false(committer_submit(replica.committer, &other));
    committer_stop(replica.committer);
    free(first);
    scene_release(&replica.scene);
}

/* ---- tenants */

static const char two[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}\n"
                          "serving: {namespaces: [serving], gpus: {guaranteed: 4}}";

static void a_request_goes_to_the_tenant_that_it_belongs_to(void **state)
{
    struct replica replica;
    struct waiter *waiter;

    replica_init(&replica, two);
    pthread_mutex_lock(&replica.lock);
    waiter = memory_alloc(sizeof(*waiter));
    waiter->text = scene_review(&replica.scene, "CREATE", "pods",
                                scene_pod(&replica.scene, &(struct pod_text){.namespace = "serving",
                                                                             .name = "a",
                                                                             .uid = "a",
                                                                             .asks = GPU ": 1"}),
                                NULL);
    pthread_mutex_unlock(&replica.lock);
    waiter->replica = &replica;
    waiter->request =
        (struct commit_request){.tenant = "research", .deadline = clock_milliseconds() + LONG_MS};
    assert_true(committer_submit(replica.committer, &waiter->request));
    assert_string_equal(waiter_verdict(waiter), "allowed");
    assert_string_equal(replica_gpus(&replica), "0/0"); /* research's */
    assert_int_equal(fake_api_writes(), 1);
    replica_release(&replica);
}

static void tenants_do_not_wait_for_one_whose_view_is_behind(void **state)
{
    static const struct floors ahead = {.pods = 1000000};
    struct replica replica;
    struct waiter *behind[2 * COMMITTER_WORKERS];

    *(&replica) = (struct replica){0};
    scene_init_live(&replica.scene, two);
    fake_store_delete(replica.scene.store, "research");
    scene_fetch(&replica.scene, "research");
    scene_do_chores(&replica.scene); /* made anew */
    scene_age_unknown(&replica.scene);
    shared_next_chore(replica.scene.ledger, "", &replica.scene.arena, &(const char *){NULL});
    shared_know(replica.scene.ledger, "research", &ahead);
    scene_do_chores(&replica.scene);
    fake_api_start(replica.scene.store);
    replica_start(&replica);
    for (size_t i = 0; i < COUNT(behind); i++) {
        pthread_mutex_lock(&replica.lock);
        const char *name = arena_printf(&replica.scene.arena, "r-%zu", i);
        pthread_mutex_unlock(&replica.lock);
        behind[i] = replica_submit_in(&replica, "research", name, 1, i == 0 ? SHORT_MS : LONG_MS);
    }
    assert_string_equal(waiter_verdict(replica_submit_in(&replica, "serving", "s", 4, LONG_MS)),
                        "allowed");
    assert_string_equal(waiter_verdict(behind[0]),
                        "TenantUsage \"research\" could not be written in time: the view of pods "
                        "or resourceclaims is behind that of another replica");
    assert_false(waiter_is_done(behind[1]));
    assert_true(committer_counts(replica.committer)->floor_waits > 0);
    /* It gets there. */
    live_progress(replica.scene.ledger, LIVE_PODS, BYTES("1000000"));
    for (size_t i = 1; i < COUNT(behind); i++)
        assert_string_equal(waiter_verdict(behind[i]), i <= 4 ? "allowed" : "denied");
    replica_release(&replica);
}

static const char five[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}\n"
                           "b: {namespaces: [b], gpus: {guaranteed: 4}}\n"
                           "c: {namespaces: [c], gpus: {guaranteed: 4}}\n"
                           "d: {namespaces: [d], gpus: {guaranteed: 4}}\n"
                           "e: {namespaces: [e], gpus: {guaranteed: 4}}";

static void those_whose_turn_does_not_come_are_denied_in_time(void **state)
{
    static const char *const names[] = {"research", "b", "c", "d"};
    struct waiter *waiters[COUNT(names)], *behind, *elsewhere;
    struct replica replica;

    replica_init(&replica, five);
    fake_api_hold();
    for (unsigned i = 0; i < COUNT(names); i++) {
        waiters[i] = replica_submit_in(&replica, names[i], "p", 4, LONG_MS);
        while (fake_api_writes() <= i)
            sched_yield();
    }
    behind = replica_submit_in(&replica, "research", "q", 1, SHORT_MS);
    elsewhere = replica_submit_in(&replica, "e", "p", 1, SHORT_MS);
    assert_string_equal(waiter_verdict(behind),
                        "TenantUsage \"research\" could not be written in time");
    assert_string_equal(waiter_verdict(elsewhere),
                        "TenantUsage \"e\" could not be written in time");
    assert_int_equal(fake_api_writes(), COUNT(names));
    while (committer_waiting(replica.committer) > COUNT(names))
        sched_yield();
    fake_api_release();
    for (unsigned i = 0; i < COUNT(names); i++)
        assert_string_equal(waiter_verdict(waiters[i]), "allowed");
    assert_string_equal(waiter_verdict(replica_submit_in(&replica, "e", "p", 4, LONG_MS)),
                        "allowed");
    replica_release(&replica);
}

/* ---- chores */

static void a_chore_is_written_without_a_request(void **state)
{
    struct replica replica;

    replica_init(&replica, four);
    fake_store_delete(replica.scene.store, "research");
    shared_lose(replica.scene.ledger, BYTES("research"), BYTES(""));
    fake_api_chore("research");
    while (!atomic_load(&committer_counts(replica.committer)->made))
        sched_yield();
    assert_non_null(strstr(replica_gpus(&replica), "was made anew"));
    /* With nothing to do, nothing is done. */
    fake_api_chore("research");
    while (committer_waiting(replica.committer))
        sched_yield();
    assert_int_equal(fake_api_writes(), 1);
    replica_release(&replica);
}

/* ---- many */

enum { REPLICAS = 3, CREATORS = 8, CREATES = 40, CAP = 100 };

struct creator {
    struct replica *replica;
    unsigned seed, allowed;
    int at;
    pthread_t thread;
};

static void *create(void *context)
{
    struct creator *creator = context;

    for (int i = 0; i < CREATES; i++) {
        struct replica *replica = creator->replica;
        struct waiter *waiter;
        const char *name;

        pthread_mutex_lock(&replica->lock);
        name = arena_printf(&replica->scene.arena, "p-%d-%d", creator->at, i);
        pthread_mutex_unlock(&replica->lock);
        waiter = replica_submit(replica, name, 1);
        waiter_wait(waiter);
        creator->allowed += waiter->is_allowed;
        free(waiter);
    }
    return NULL;
}

static void no_more_is_let_in_than_fits_whatever_goes_wrong(void **state)
{
    static const char hundred[] = "research: {namespaces: [research], gpus: {guaranteed: 100}}";
    static const enum trouble troubles[] = {TROUBLE_LOST,  TROUBLE_NEVER, TROUBLE_RACED,
                                            TROUBLE_LOST,  TROUBLE_LOST,  TROUBLE_RACED,
                                            TROUBLE_NEVER, TROUBLE_RACED, TROUBLE_LOST,
                                            TROUBLE_LOST,  TROUBLE_NONE};
    struct replica replicas[REPLICAS] = {0};
    struct creator creators[REPLICAS * CREATORS] = {0};
    unsigned allowed = 0;

    replica_init(&replicas[0], hundred);
    for (int i = 1; i < REPLICAS; i++)
        replica_init_second(&replicas[i], hundred, &replicas[0]);
    fake_api_plan_writes(troubles, TROUBLE_NONE);
    for (size_t i = 0; i < COUNT(creators); i++) {
        creators[i].replica = &replicas[i % REPLICAS];
        creators[i].at = (int)i;
        assert_int_equal(pthread_create(&creators[i].thread, NULL, create, &creators[i]), 0);
    }
    for (size_t i = 0; i < COUNT(creators); i++) {
        pthread_join(creators[i].thread, NULL);
        allowed += creators[i].allowed;
    }
    assert_int_equal(allowed, CAP);
    assert_string_equal(replica_stored_gpus(&replicas[0], hundred), "100/100");
    for (int i = 1; i < REPLICAS; i++)
        replica_release_second(&replicas[i]);
    replica_release(&replicas[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_answered_before_it_is_written),
        cmocka_unit_test(those_that_wait_together_are_written_at_once),
        cmocka_unit_test(what_changes_nothing_is_not_written),
        cmocka_unit_test(nobody_waits_for_what_others_have_reserved),
        cmocka_unit_test(a_batch_that_is_too_large_is_cut_in_halves),
        cmocka_unit_test(no_more_than_so_many_wait),
        cmocka_unit_test(what_waits_takes_so_much_memory_at_most),
        cmocka_unit_test(a_request_goes_to_the_tenant_that_it_belongs_to),
        cmocka_unit_test(tenants_do_not_wait_for_one_whose_view_is_behind),
        cmocka_unit_test(those_whose_turn_does_not_come_are_denied_in_time),
        cmocka_unit_test(a_chore_is_written_without_a_request),
        cmocka_unit_test(no_more_is_let_in_than_fits_whatever_goes_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
