/* An object is written while the ledger goes on: what leaves it meanwhile is in the text all the
 * same, whole. */
#include <pthread.h>

#include "ledger/shared.h"
#include "unit/ledger/pair.h"

#define GPU "nvidia.com/gpu"

enum { PODS = 300, LEAST_WRITES = 20 };

struct writer {
    struct scene *scene; /* of the other thread */
    pthread_t thread;
    atomic_bool is_over;
    atomic_int writes;
    int damaged;
};

static const char *creation(struct scene *scene, int number)
{
    struct pod_text pod = {.name = arena_printf(&scene->arena, "p%d", number),
                           .uid = arena_printf(&scene->arena, "u%d", number),
                           .asks = GPU ": 1"};

    return scene_review(scene, "CREATE", "pods", scene_pod(scene, &pod), NULL);
}

static void write_once(struct writer *writer, struct scene *scene)
{
    struct shared_txn *txn = shared_begin(scene->ledger, "research", NULL);
    struct outcome outcome = scene_settle_in(scene, creation(scene, PODS), txn);
    struct shared_body body;
    struct tenant_usage usage;
    struct error err;

    if (outcome.is_allowed && shared_write(txn, &scene->arena, &body)) {
        writer->damaged +=
            !tenant_usage_read(scene_parse(scene, arena_copy(&scene->arena, body.text)),
                               &scene->arena, &usage, &err);
        atomic_fetch_add(&writer->writes, 1);
    }
    shared_abort(txn);
}

static void *run(void *what)
{
    struct writer *writer = what;
    struct scene scene = {.ledger = writer->scene->ledger, .tenancy = writer->scene->tenancy};

    while (!atomic_load(&writer->is_over)) {
        write_once(writer, &scene);
        arena_reset(&scene.arena);
    }
    snapshot_reader_release(&scene.reader);
    arena_release(&scene.arena);
    return NULL;
}

static void let_in_all(struct scene *scene)
{
    const char *reviews[PODS];
    struct outcome outcomes[PODS];

    for (int i = 0; i < PODS; i++)
        reviews[i] = creation(scene, i);
    assert_true(scene_transact(scene, reviews, outcomes, PODS));
    assert_int_equal(pair_count(scene), PODS);
}

/* Each is shown while the text is written that still has it. */
static void show_all(struct scene *scene, struct writer *writer)
{
    for (int i = 0; i < PODS; i++) {
        struct pod_text pod = {.name = arena_printf(&scene->arena, "p%d", i),
                               .uid = arena_printf(&scene->arena, "u%d", i),
                               .asks = GPU ": 1"};
        int before = atomic_load(&writer->writes);

        pair_show(scene, &pod, 2000 + (unsigned)i, false);
        while (i % (PODS / LEAST_WRITES) == 0 && atomic_load(&writer->writes) == before)
            continue;
    }
}

static void what_leaves_meanwhile_is_written_whole(void **state)
{
    struct scene scene;
    struct writer writer = {.scene = &scene};

    (void)state;
    scene_init_live(&scene, "research: {namespaces: [research], gpus: {guaranteed: 1000}}");
    let_in_all(&scene);
    assert_int_equal(pthread_create(&writer.thread, NULL, run, &writer), 0);
    show_all(&scene, &writer);
    atomic_store(&writer.is_over, true);
    pthread_join(writer.thread, NULL);
    assert_int_equal(writer.damaged, 0);
    assert_true(atomic_load(&writer.writes) >= LEAST_WRITES);
    assert_string_equal(scene_gpus(&scene), "300/0");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_leaves_meanwhile_is_written_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
