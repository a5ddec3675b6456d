#include "base/snapshot.h"

#include "base/arena.h"

static void drop(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) > 1)
        return;
    if (snapshot->what && snapshot->free_what)
        snapshot->free_what(snapshot->what);
    free(snapshot);
}

void snapshot_cell_init(struct snapshot_cell *cell)
{
    pthread_mutex_init(&cell->lock, NULL);
    cell->current = NULL;
    atomic_init(&cell->version, 1);
}

void snapshot_cell_release(struct snapshot_cell *cell)
{
    drop(cell->current);
    cell->current = NULL;
    pthread_mutex_destroy(&cell->lock);
}

void snapshot_cell_swap(struct snapshot_cell *cell, void *what, void (*free_what)(void *what))
{
    struct snapshot *fresh = malloc(sizeof(*fresh)), *old;

    if (!fresh)
        abort();
    fresh->what = what;
    fresh->free_what = free_what;
    atomic_init(&fresh->references, 1);
    pthread_mutex_lock(&cell->lock);
    old = cell->current;
    cell->current = fresh;
    atomic_fetch_add(&cell->version, 1);
    pthread_mutex_unlock(&cell->lock);
    drop(old);
}

void *snapshot_read(struct snapshot_cell *cell, struct snapshot_reader *reader)
{
    if (atomic_load(&cell->version) != reader->version) {
        struct snapshot *old = reader->held;

        pthread_mutex_lock(&cell->lock);
        reader->held = cell->current;
        reader->version = atomic_load(&cell->version);
        if (reader->held)
            atomic_fetch_add(&reader->held->references, 1);
        pthread_mutex_unlock(&cell->lock);
        drop(old);
    }
    return reader->held ? reader->held->what : NULL;
}

void snapshot_reader_release(struct snapshot_reader *reader)
{
    drop(reader->held);
    *reader = (struct snapshot_reader){0};
}
