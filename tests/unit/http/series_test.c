#include "http/series.h"
#include "unit/unit.h"

static void count(struct series_table *table, const char *first, unsigned kind)
{
    const struct series series = {.first = bytes_from(first),
                                  .second = BYTES("x"),
                                  .kind = kind,
                                  .count = 1};

    series_count(table, &series);
}

static uint64_t counted(const struct series_table *table, const char *first, unsigned kind)
{
    struct arena arena = {0};
    struct series **series = series_sort(table, &arena);
    uint64_t found = 0;

    for (size_t i = 0; i < table->count; i++) {
        if (bytes_is(series[i]->first, first) && series[i]->kind == kind)
            found = series[i]->count;
    }
    arena_release(&arena);
    return found;
}

static void what_passes_the_maximum_is_counted_as_other(void **state)
{
    struct series_table table = {.max = 2};

    count(&table, "a", 0);
    count(&table, "b", 0);
    count(&table, "c", 0);
    count(&table, "d", 0);
    count(&table, "e", 1);
    count(&table, "b", 0);
    assert_int_equal(counted(&table, "a", 0), 1);
    assert_int_equal(counted(&table, "b", 0), 2);
    assert_int_equal(counted(&table, "c", 0), 0);
    assert_int_equal(counted(&table, "other", 0), 2);
    assert_int_equal(counted(&table, "other", 1), 1);
    assert_int_equal(table.count, 4); /* one more a kind */
    series_release(&table);
}

static void sums_of_tables_keep_to_the_maximum_too(void **state)
{
    struct series_table some = {.max = 100}, sum = {.max = 1};

    count(&some, "a", 0);
    count(&some, "b", 0);
    count(&sum, "c", 0);
    series_count_all(&sum, &some);
    assert_int_equal(counted(&sum, "c", 0), 1);
    assert_int_equal(counted(&sum, "other", 0), 2);
    assert_int_equal(sum.count, 2);
    series_release(&some);
    series_release(&sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_the_maximum_is_counted_as_other),
        cmocka_unit_test(sums_of_tables_keep_to_the_maximum_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
