#include "http/gpu_time.h"
#include "unit/unit.h"

static uint64_t millionths(const struct gpu_time *time, const char *tenant, enum mode mode)
{
    struct arena arena = {0};
    struct series **series = series_sort(&time->times, &arena);
    uint64_t found = UINT64_MAX;

    for (size_t i = 0; i < time->times.count; i++) {
        if (bytes_is(series[i]->first, tenant) && series[i]->kind == mode)
            found = series[i]->count;
    }
    arena_release(&arena);
    return found;
}

static void gpus_count_for_as_long_as_they_are_held(void **state)
{
    struct gpu_time time = {.looked_at = 5000};
    struct ledger_usage usage[] = {
        {.tenant = "a", .by_mode = {[MODE_WHOLE] = {2, 1}, [MODE_MIG] = {3, 7}}},
        {.tenant = "b"},
    };

    gpu_time_add(&time, usage, 2, 6000);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 2000000);
    assert_int_equal(millionths(&time, "a", MODE_MIG), 428571);
    assert_int_equal(millionths(&time, "b", MODE_SHARED), 0);
    /* At once again: no second counts twice. */
    gpu_time_add(&time, usage, 2, 6000);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 2000000);
    usage[0].by_mode[MODE_WHOLE] = amount_of(1);
    gpu_time_add(&time, usage, 2, 6500);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 2500000);
    gpu_time_release(&time);
}

static void what_a_tenant_had_stays_when_it_goes(void **state)
{
    struct gpu_time time = {.looked_at = 1};
    const struct ledger_usage usage = {.tenant = "a", .by_mode = {[MODE_WHOLE] = {1, 1}}};

    gpu_time_add(&time, &usage, 1, 1001);
    gpu_time_add(&time, NULL, 0, 9001);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 1000000);
    gpu_time_add(&time, &usage, 1, 10001);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 2000000);
    gpu_time_release(&time);
}

static void sums_beyond_all_numbers_count_as_a_million(void **state)
{
    struct gpu_time time = {.looked_at = 1};
    const struct ledger_usage usage = {.tenant = "a", .by_mode = {[MODE_WHOLE] = {INT64_MAX, 1}}};

    gpu_time_add(&time, &usage, 1, 1001);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 1000000000000);
    gpu_time_release(&time);
}

static void the_first_look_counts_nothing(void **state)
{
    struct gpu_time time = {0};
    const struct ledger_usage usage = {.tenant = "a", .by_mode = {[MODE_WHOLE] = {8, 1}}};

    gpu_time_add(&time, &usage, 1, 123456789);
    assert_int_equal(millionths(&time, "a", MODE_WHOLE), 0);
    gpu_time_release(&time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpus_count_for_as_long_as_they_are_held),
        cmocka_unit_test(what_a_tenant_had_stays_when_it_goes),
        cmocka_unit_test(sums_beyond_all_numbers_count_as_a_million),
        cmocka_unit_test(the_first_look_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
