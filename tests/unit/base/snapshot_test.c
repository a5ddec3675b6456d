#include "base/snapshot.h"
#include "unit/unit.h"

/* A thing that counts how often it was freed; it lives on, so that a second time is seen. */
struct thing {
    int freed;
};

static void free_thing(void *what)
{
    struct thing *thing = what;

    thing->freed++;
}

static void an_empty_cell_gives_nothing(void **state)
{
    struct snapshot_reader reader = {0};
    struct snapshot_cell cell;

    snapshot_cell_init(&cell);
    assert_null(snapshot_read(&cell, &reader));
    assert_null(snapshot_read(&cell, &reader));
    snapshot_reader_release(&reader);
    snapshot_reader_release(&reader);
    snapshot_cell_release(&cell);
}

static void a_reader_keeps_what_it_read_until_it_reads_again(void **state)
{
    struct thing first = {0}, second = {0};
    struct snapshot_reader reader = {0}, late = {0};
    struct snapshot_cell cell;

    snapshot_cell_init(&cell);
    snapshot_cell_swap(&cell, &first, free_thing);
    assert_ptr_equal(snapshot_read(&cell, &reader), &first);
    assert_ptr_equal(snapshot_read(&cell, &reader), &first);
    snapshot_cell_swap(&cell, &second, free_thing);
    assert_int_equal(first.freed, 0);
    assert_ptr_equal(snapshot_read(&cell, &late), &second);
    assert_int_equal(first.freed, 0);
    assert_ptr_equal(snapshot_read(&cell, &reader), &second);
    assert_int_equal(first.freed, 1);
    snapshot_reader_release(&late);
    snapshot_reader_release(&reader);
    assert_int_equal(second.freed, 0);
    snapshot_cell_release(&cell);
    assert_int_equal(second.freed, 1);
    assert_int_equal(first.freed, 1);
}

static void what_nobody_read_is_freed_by_the_next_swap(void **state)
{
    struct thing things[3] = {{0}};
    struct snapshot_cell cell;

    snapshot_cell_init(&cell);
    for (int i = 0; i < 3; i++) {
        snapshot_cell_swap(&cell, &things[i], free_thing);
        assert_int_equal(things[i].freed, 0);
        if (i > 0)
            assert_int_equal(things[i - 1].freed, 1);
    }
    snapshot_cell_release(&cell);
    assert_int_equal(things[2].freed, 1);
}

static void the_last_reader_out_frees(void **state)
{
    struct thing thing = {0};
    struct snapshot_reader a = {0}, b = {0};
    struct snapshot_cell cell;

    snapshot_cell_init(&cell);
    snapshot_cell_swap(&cell, &thing, free_thing);
    snapshot_read(&cell, &a);
    snapshot_read(&cell, &b);
    snapshot_cell_release(&cell);
    assert_int_equal(thing.freed, 0);
    snapshot_reader_release(&a);
    assert_int_equal(thing.freed, 0);
    snapshot_reader_release(&b);
    assert_int_equal(thing.freed, 1);
    assert_null(a.held);
}

/* A released reader can read again; nothing is put in by NULL, and that needs no freeing. */
static void nothing_can_be_swapped_in(void **state)
{
    struct thing thing = {0};
    struct snapshot_reader reader = {0};
    struct snapshot_cell cell;

    snapshot_cell_init(&cell);
    snapshot_cell_swap(&cell, &thing, free_thing);
    snapshot_read(&cell, &reader);
    snapshot_reader_release(&reader);
    assert_int_equal(thing.freed, 0);
    assert_ptr_equal(snapshot_read(&cell, &reader), &thing);
    snapshot_cell_swap(&cell, NULL, NULL);
    assert_null(snapshot_read(&cell, &reader));
    assert_int_equal(thing.freed, 1);
    snapshot_cell_swap(&cell, &thing, NULL);
    assert_ptr_equal(snapshot_read(&cell, &reader), &thing);
    snapshot_reader_release(&reader);
    snapshot_cell_release(&cell);
    assert_int_equal(thing.freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_cell_gives_nothing),
        cmocka_unit_test(a_reader_keeps_what_it_read_until_it_reads_again),
        cmocka_unit_test(what_nobody_read_is_freed_by_the_next_swap),
        cmocka_unit_test(the_last_reader_out_frees),
        cmocka_unit_test(nothing_can_be_swapped_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
