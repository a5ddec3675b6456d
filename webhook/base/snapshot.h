/* snapshot: something immutable that is swapped whole while others read it, and freed when its last
 * reader leaves.
 *
 * A reader keeps a reference of its own from one read to the next, so that reading takes no lock
 * and writes nothing shared as long as nothing was swapped. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

struct snapshot {
    void *what;
    void (*free_what)(void *what);
    atomic_uint references;
};

struct snapshot_cell {
    pthread_mutex_t lock;
    struct snapshot *current; /* guarded by lock; NULL: nothing yet */
    atomic_ulong version;     /* changes with every swap */
};

/* One reader's hold. A zeroed one holds nothing. Used by one thread at a time. */
struct snapshot_reader {
    struct snapshot *held;
    unsigned long version;
};

void snapshot_cell_init(struct snapshot_cell *cell);
void snapshot_cell_release(struct snapshot_cell *cell);

/* Put `what` in place of what was there; free_what is called when nobody reads it any more, by any
 * thread. */
void snapshot_cell_swap(struct snapshot_cell *cell, void *what, void (*free_what)(void *what));

/* What is there now; stays valid until this reader reads again or is released. NULL if there is
 * nothing. */
void *snapshot_read(struct snapshot_cell *cell, struct snapshot_reader *reader);
void snapshot_reader_release(struct snapshot_reader *reader);
