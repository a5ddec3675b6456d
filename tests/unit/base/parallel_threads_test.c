/* Every item is somebody's, once. Says most under the thread sanitizer. */
#include "base/parallel.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "unit/unit.h"

enum { ITEMS = 10000 };

struct counting {
    atomic_int times[ITEMS];         /* each item was worked on */
    size_t items[16];                /* each worker's own: no lock */
    atomic_bool is_number_too_large; /* a worker's */
    size_t count;
};

static void work(void *context, size_t item, unsigned worker)
{
    struct counting *counting = context;

    counting->times[item]++;
    counting->items[worker]++;
    if (worker >= parallel_workers(counting->count))
        counting->is_number_too_large = true;
}

static void each_item_is_worked_on_once(void **state)
{
    static const size_t counts[] = {0, 1, 2, 15, ITEMS};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        static struct counting counting;
        size_t sum = 0;

        memset(&counting, 0, sizeof(counting));
        counting.count = counts[i];
        parallel_run(counts[i], work, &counting);
        for (size_t j = 0; j < ITEMS; j++)
            assert_int_equal(counting.times[j], j < counts[i]);
        for (size_t j = 0; j < 16; j++)
            sum += counting.items[j];
        assert_int_equal(sum, counts[i]);
        assert_false(counting.is_number_too_large);
    }
}

static void there_is_always_somebody_who_works(void **state)
{
    (void)state;
    assert_int_equal(parallel_workers(0), 1);
    assert_int_equal(parallel_workers(1), 1);
    assert_in_range(parallel_workers(1000), 1, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_worked_on_once),
        cmocka_unit_test(there_is_always_somebody_who_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
