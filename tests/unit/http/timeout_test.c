#include "unit/unit.h"

#include "http/timeout.h"

static void a_call_says_how_long_it_waits(void **state)
{
    static const struct {
        const char *query;
        int64_t milliseconds;
    } rows[] = {
        {"timeout=10s", 10000},
        {"timeout=1s", 1000},
        {"timeout=500ms", 500},
        {"timeout=1m", 30000}, /* the longest that a webhook may take */
        {"timeout=30s", 30000},
        {"timeout=31s", 30000},
        {"timeout=2h45m0s", 30000},
        {"timeout=1s500ms", 1500},
        {"timeout=0m5s", 5000},
        {"a=b&timeout=3s", 3000},
        {"timeout=3s&a=b", 3000},
        {"timeout=99999999999999999999s", 30000},
        /* What can't be read is as if it weren't there. */
        {"", 10000},
        {"a=b", 10000},
        {"Timeout=3s", 10000},
        {"xtimeout=3s", 10000},
        {"timeout=", 10000},
        {"timeout=3", 10000},
        {"timeout=s", 10000},
        {"timeout=3d", 10000},
        {"timeout=-3s", 10000},
        {"timeout=0s", 10000},
        {"timeout=1.5s", 10000},
        {"timeout=3%73", 10000},
        {"timeout=3s ", 10000},
        {"timeout", 10000},
        {"&&&", 10000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (timeout_read(bytes_from(rows[i].query)) != rows[i].milliseconds)
            fail_msg("%s: %lld", rows[i].query, (long long)timeout_read(bytes_from(rows[i].query)));
    }
}

static void the_query_need_not_end_with_a_nul(void **state)
{
    static const char text[] = "timeout=12s&timeout=3s";

    (void)state;
    assert_int_equal(timeout_read((struct bytes){text, 10}), 10000); /* timeout=12 */
    assert_int_equal(timeout_read((struct bytes){text, 11}), 12000);
}

static void some_of_it_is_for_the_way_back(void **state)
{
    static const struct {
        int64_t timeout, budget;
    } rows[] = {{30000, 27000}, {10000, 9000}, {2000, 1800}, {1000, 800},
                {500, 300},     {400, 200},    {100, 50},    {1, 1}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(timeout_budget(rows[i].timeout), rows[i].budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_says_how_long_it_waits),
        cmocka_unit_test(the_query_need_not_end_with_a_nul),
        cmocka_unit_test(some_of_it_is_for_the_way_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
