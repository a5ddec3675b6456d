/* Views that share what is the same in them, each made of the one before, while others read them:
 * every view shows the change that it was made by, and all before. Says most under the thread
 * sanitizer. */
#include <pthread.h>

#include "base/memory.h"
#include "base/snapshot.h"
#include "engine/view.h"
#include "unit/unit.h"

enum { READERS = 3, NAMES = 100, CHANGES = 4000 };

static struct snapshot_cell cell;
static atomic_bool is_over;
static atomic_ulong broken;

static void free_view(void *view)
{
    view_release(view);
    free(view);
}

static void add(struct view *view, int n, int64_t value)
{
    char name[16];
    struct view_object object = {.value = value};

    snprintf(name, sizeof(name), "n%d", n);
    object.name = bytes_from(name);
    view_add(view, VIEW_NODES, &object);
}

/* Node n was changed by the changes n, n + NAMES, n + 2 * NAMES, ...: each node is that much behind
 * the one that was changed last. */
static void *run_reader(void *unused)
{
    struct snapshot_reader reader = {0};

    while (!atomic_load(&is_over)) {
        const struct view *view = snapshot_read(&cell, &reader);
        const struct view_object *class = view_find(view, VIEW_CLASSES, BYTES("last"));

        for (int n = 0; n < NAMES; n++) {
            char name[16];
            const struct view_object *node;

            snprintf(name, sizeof(name), "n%d", n);
            node = view_find(view, VIEW_NODES, bytes_from(name));
            if (!node || node->value % NAMES != n || node->value > class->value ||
                node->value + NAMES <= class->value)
                atomic_fetch_add(&broken, 1);
        }
    }
    snapshot_reader_release(&reader);
    return NULL;
}

static void change(int64_t number)
{
    const struct view_object last = {.name = BYTES("last"), .value = number};
    struct view *view = memory_alloc(sizeof(*view));

    view_init(view);
    if (cell.current)
        view_copy(view, cell.current->what);
    view_add(view, VIEW_CLASSES, &last);
    add(view, (int)(number % NAMES), number);
    snapshot_cell_swap(&cell, view, free_view);
}

static void views_are_made_while_others_are_read(void **state)
{
    pthread_t readers[READERS];
    int64_t number = 0;

    snapshot_cell_init(&cell);
    while (number < NAMES)
        change(number++);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, run_reader, NULL), 0);
    while (number < CHANGES)
        change(number++);
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    snapshot_cell_release(&cell);
    assert_int_equal(atomic_load(&broken), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views_are_made_while_others_are_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
