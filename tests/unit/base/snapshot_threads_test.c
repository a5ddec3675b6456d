/* Readers and swaps at once: what a reader holds is whole and not yet freed, what it reads never
 * goes back in time, and all is freed in the end. Says most under the thread sanitizer. */
#include <stdbool.h>

#include "base/snapshot.h"
#include "unit/unit.h"

enum { READERS = 4, SWAPPERS = 2, SWAPS = 4000, WORDS = 16 };

/* Every word says the same number, as long as it is alive. */
struct thing {
    unsigned long words[WORDS];
};

static struct snapshot_cell cell;
static atomic_ulong made, freed, broken;
static atomic_bool is_over;

static void free_thing(void *what)
{
    struct thing *thing = what;

    for (int i = 0; i < WORDS; i++)
        thing->words[i] = 0;
    free(thing);
    atomic_fetch_add(&freed, 1);
}

static void swap_once(unsigned long number)
{
    struct thing *thing = malloc(sizeof(*thing));

    for (int i = 0; i < WORDS; i++)
        thing->words[i] = number;
    atomic_fetch_add(&made, 1);
    snapshot_cell_swap(&cell, thing, free_thing);
}

/* Swappers use numbers of their own, each in ascending order: SWAPPERS * n + which. */
static void *run_swapper(void *argument)
{
    unsigned long which = (unsigned long)(uintptr_t)argument;

    for (unsigned long i = 1; i <= SWAPS; i++)
        swap_once(SWAPPERS * i + which);
    return NULL;
}

static void look_at(const struct thing *thing, unsigned long *last)
{
    unsigned long number = thing->words[0];

    for (int i = 0; i < WORDS; i++) {
        if (thing->words[i] != number || number == 0)
            atomic_fetch_add(&broken, 1);
    }
    if (number < last[number % SWAPPERS])
        atomic_fetch_add(&broken, 1);
    last[number % SWAPPERS] = number;
}

static void *run_reader(void *unused)
{
    struct snapshot_reader reader = {0};
    unsigned long last[SWAPPERS] = {0};

    for (unsigned round = 0; !atomic_load(&is_over); round++) {
        const struct thing *thing = snapshot_read(&cell, &reader);

        if (thing) {
            look_at(thing, last);
            /* Still there, whatever was swapped meanwhile. */
            look_at(thing, last);
        }
        if (round % 64 == 0)
            snapshot_reader_release(&reader);
    }
    snapshot_reader_release(&reader);
    return NULL;
}

static void readers_and_swaps_at_once(void **state)
{
    pthread_t readers[READERS], swappers[SWAPPERS];

    snapshot_cell_init(&cell);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, run_reader, NULL), 0);
    for (uintptr_t i = 0; i < SWAPPERS; i++)
        assert_int_equal(pthread_create(&swappers[i], NULL, run_swapper, (void *)i), 0);
    for (int i = 0; i < SWAPPERS; i++)
        pthread_join(swappers[i], NULL);
    assert_true(atomic_load(&freed) < atomic_load(&made)); /* the last one is in the cell */
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&freed), SWAPPERS * SWAPS - 1);
    snapshot_cell_release(&cell);
    assert_int_equal(atomic_load(&made), SWAPPERS * SWAPS);
    assert_int_equal(atomic_load(&freed), SWAPPERS * SWAPS);
    assert_int_equal(atomic_load(&broken), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(readers_and_swaps_at_once)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
