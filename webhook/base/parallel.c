#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_WORKERS = 16 };

struct job {
    atomic_size_t next;
    size_t count;
    void (*work)(void *context, size_t item, unsigned worker);
    void *context;
};

struct worker {
    struct job *job;
    unsigned number;
    pthread_t thread;
};

unsigned parallel_workers(size_t count)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors < 1              ? 1
                  : processors > MOST_WORKERS ? MOST_WORKERS
                                              : (size_t)processors;

    return (unsigned)(count < 1 ? 1 : count < most ? count : most);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    struct job *job = worker->job;

    for (size_t i = atomic_fetch_add(&job->next, 1); i < job->count;
         i = atomic_fetch_add(&job->next, 1))
        job->work(job->context, i, worker->number);
    return NULL;
}

void parallel_run(size_t count, void (*work)(void *context, size_t item, unsigned worker),
                  void *context)
{
    struct job job = {.count = count, .work = work, .context = context};
    struct worker workers[MOST_WORKERS];
    unsigned wanted = parallel_workers(count), started = 1;

    workers[0] = (struct worker){.job = &job};
    for (; started < wanted; started++) {
        workers[started] = (struct worker){.job = &job, .number = started};
        if (pthread_create(&workers[started].thread, NULL, run, &workers[started]) != 0)
            break;
    }
    run(&workers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
}
