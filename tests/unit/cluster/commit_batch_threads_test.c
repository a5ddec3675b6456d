/* The committer before an API server with which much goes wrong. */
#include "unit/unit.h"

#include "unit/cluster/replica.h"

static const char four[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* ---- what goes wrong */

static void after_a_conflict_all_is_judged_anew(void **state)
{
    struct replica here, there;
    struct waiter *waiter;

    replica_init(&here, four);
    replica_init_second(&there, four, &here);
    assert_string_equal(waiter_verdict(replica_submit(&here, "a", 3)), "allowed");
    /* The other one does not know yet. */
    assert_string_equal(replica_gpus(&there), "0/0");
    waiter = replica_submit(&there, "b", 2);
    waiter_wait(waiter);
    assert_int_equal(waiter->judged, 2);
    assert_string_equal(waiter_verdict(waiter), "denied");
    assert_int_equal(committer_counts(there.committer)->writes[STORE_CONFLICT], 1);
    replica_release_second(&there);
    replica_release(&here);
}

static void each_trouble_comes_to_an_end(void **state)
{
    static const struct {
        enum trouble writes[8], reads[8];
        unsigned write_count, read_count;
    } rows[] = {
        {{TROUBLE_LOST}, {TROUBLE_NONE}, 1, 1},  /* present means allowed */
        {{TROUBLE_NEVER}, {TROUBLE_NONE}, 2, 1}, /* absent means once more */
        {{TROUBLE_RACED}, {TROUBLE_NONE}, 2, 1},
        {{TROUBLE_RACED, TROUBLE_RACED, TROUBLE_RACED}, {TROUBLE_NONE}, 4, 3},
        {{TROUBLE_NEVER, TROUBLE_RACED, TROUBLE_LOST}, {TROUBLE_NONE}, 3, 3},
        {{TROUBLE_LOST}, {TROUBLE_NEVER, TROUBLE_NEVER, TROUBLE_NEVER}, 1, 4},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct replica replica;

        replica_init(&replica, four);
        fake_api_plan_writes(rows[i].writes, TROUBLE_NONE);
        fake_api_plan_reads(rows[i].reads, TROUBLE_NONE);
        assert_string_equal(waiter_verdict(replica_submit(&replica, "a", 3)), "allowed");
        assert_int_equal(fake_api_writes(), rows[i].write_count);
        assert_int_equal(fake_api_reads(), rows[i].read_count);
        assert_string_equal(replica_gpus(&replica), "3/3");
        assert_string_equal(replica_stored_gpus(&replica, four), "3/3");
        replica_release(&replica);
    }
}

static void what_can_not_be_written_in_time_is_denied(void **state)
{
    static const enum trouble rows[] = {TROUBLE_NEVER, TROUBLE_RACED};
    static const char words[] = "TenantUsage \"research\" could not be written in time: trouble ";

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct replica replica;
        struct waiter *soon, *later;

        replica_init(&replica, four);
        fake_api_plan_writes(NULL, rows[i]);
        soon = replica_submit_in(&replica, "research", "a", 1, SHORT_MS);
        later = replica_submit(&replica, "b", 1);
        assert_memory_equal(waiter_verdict(soon), words, sizeof(words) - 1);
        assert_false(waiter_is_done(later));
        fake_api_plan_writes(NULL, TROUBLE_NONE);
        assert_string_equal(waiter_verdict(later), "allowed");
        assert_string_equal(replica_stored_gpus(&replica, four), "1/1");
        replica_release(&replica);
    }
}

static void reads_that_tell_nothing_end_in_time(void **state)
{
    struct replica replica;

    replica_init(&replica, four);
    fake_api_plan_writes(NULL, TROUBLE_LOST);
    fake_api_plan_reads(NULL, TROUBLE_NEVER);
    assert_non_null(
        strstr(waiter_verdict(replica_submit_in(&replica, "research", "a", 1, SHORT_MS)),
               "in time"));
    /* Whether it was reserved or not: it is not what this replica lets in. */
    fake_api_plan_reads(NULL, TROUBLE_NONE);
    fake_api_plan_writes(NULL, TROUBLE_NONE);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "b", 4)), "denied");
    assert_string_equal(waiter_verdict(replica_submit(&replica, "b", 3)), "allowed");
    replica_release(&replica);
}

static void what_is_refused_is_denied_at_once(void **state)
{
    static const enum trouble once[] = {TROUBLE_REFUSED, TROUBLE_NONE};
    static const enum trouble never[] = {TROUBLE_NEVER, TROUBLE_NONE};
    struct replica replica;
    char problem[512];

    replica_init(&replica, four);
    committer_read_problem(replica.committer, problem, sizeof(problem));
    assert_string_equal(problem, "");
    fake_api_plan_writes(once, TROUBLE_NONE);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "a", 1)),
                        "TenantUsage \"research\" can't be written: trouble 4");
    assert_string_equal(replica_gpus(&replica), "0/0");
    fake_api_plan_writes(never, TROUBLE_NONE);
    fake_api_plan_reads(once, TROUBLE_NONE);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "b", 1)),
                        "TenantUsage \"research\" can't be written: trouble 4");
    committer_stop(replica.committer);
    replica_start(&replica);
    assert_string_equal(waiter_verdict(replica_submit(&replica, "c", 4)), "allowed");
    replica_release(&replica);
}

static void a_problem_is_told_until_something_is_written(void **state)
{
    static const enum trouble once[] = {TROUBLE_REFUSED, TROUBLE_NONE};
    struct replica replica;
    char problem[512];

    replica_init(&replica, four);
    fake_api_plan_writes(once, TROUBLE_NONE);
    waiter_verdict(replica_submit(&replica, "a", 1));
    do
        committer_read_problem(replica.committer, problem, sizeof(problem));
    while (!*problem);
    assert_string_equal(problem, "trouble 4");
    waiter_verdict(replica_submit(&replica, "b", 1));
    do
        committer_read_problem(replica.committer, problem, sizeof(problem));
    while (*problem);
    replica_release(&replica);
}

static void what_comes_back_altered_is_mended_and_not_let_in(void **state)
{
    static const enum trouble once[] = {TROUBLE_ALTERED, TROUBLE_NONE};
    struct replica replica;
    const char *text;

    replica_init(&replica, four);
    fake_api_plan_writes(once, TROUBLE_NONE);
    text = waiter_verdict(replica_submit(&replica, "a", 1));
    assert_non_null(strstr(text, "TenantUsage \"research\" was written to by somebody else"));
    assert_int_equal(committer_counts(replica.committer)->mended, 1);
    replica_release(&replica);
}

static void a_missing_object_is_made_and_nothing_let_in(void **state)
{
    struct replica replica;

    replica_init(&replica, four);
    fake_store_delete(replica.scene.store, "research");
    assert_non_null(
        strstr(waiter_verdict(replica_submit(&replica, "a", 1)), "\"research\" was made anew"));
    assert_int_equal(committer_counts(replica.committer)->made, 1);
    assert_non_null(strstr(replica_stored_gpus(&replica, four), "was made anew"));
    replica_release(&replica);
}

/* ---- what is in force changes */

static void what_was_judged_by_another_policy_set_is_judged_anew(void **state)
{
    struct replica replica;
    struct waiter *waiter;

    replica_init(&replica, four);
    replica.stale = 3;
    waiter = replica_submit(&replica, "a", 3);
    waiter_wait(waiter);
    assert_int_equal(waiter->judged, 4);
    assert_string_equal(waiter_verdict(waiter), "allowed");
    assert_string_equal(replica_gpus(&replica), "3/3");
    replica_release(&replica);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_conflict_all_is_judged_anew),
        cmocka_unit_test(each_trouble_comes_to_an_end),
        cmocka_unit_test(what_can_not_be_written_in_time_is_denied),
        cmocka_unit_test(reads_that_tell_nothing_end_in_time),
        cmocka_unit_test(what_is_refused_is_denied_at_once),
        cmocka_unit_test(a_problem_is_told_until_something_is_written),
        cmocka_unit_test(what_comes_back_altered_is_mended_and_not_let_in),
        cmocka_unit_test(a_missing_object_is_made_and_nothing_let_in),
        cmocka_unit_test(what_was_judged_by_another_policy_set_is_judged_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
