/* Many threads at one ledger: what is let in never passes the cap, and what could be let in is. */
#include <pthread.h>
#include <stdio.h>

#include "unit/ledger/scene.h"

enum { THREADS = 8, FREE = 5, ROUNDS = 2000 };

/* All threads are in the same round: create, look, delete. */
struct race {
    struct ledger *ledger;
    const struct tenancy *tenancy;
    pthread_barrier_t barrier;
    atomic_int let_in;
    int wrong_rounds; /* written by the first thread */
};

struct racer {
    struct race *race;
    int number;
    pthread_t thread;
};

static void run_round(struct racer *racer, struct scene *scene, int round)
{
    struct race *race = racer->race;
    const char *uid = arena_printf(&scene->arena, "u%d-%d", racer->number, round);
    struct pod_text pod = {.name = uid, .uid = uid, .asks = "nvidia.com/gpu: 1"};
    bool is_let_in;

    pthread_barrier_wait(&race->barrier);
    is_let_in = scene_create(scene, &pod);
    atomic_fetch_add(&race->let_in, is_let_in);
    pthread_barrier_wait(&race->barrier);
    if (racer->number == 0)
        race->wrong_rounds += atomic_exchange(&race->let_in, 0) != FREE;
    if (is_let_in)
        scene_delete(scene, &pod);
}

static void *run(void *what)
{
    struct racer *racer = what;
    struct scene scene = {.ledger = racer->race->ledger, .tenancy = racer->race->tenancy};

    for (int round = 0; round < ROUNDS; round++) {
        run_round(racer, &scene, round);
        arena_reset(&scene.arena);
    }
    snapshot_reader_release(&scene.reader);
    arena_release(&scene.arena);
    return NULL;
}

static void exactly_as_many_are_let_in_as_there_is_room_for(void **state)
{
    struct scene scene;
    struct race race = {0};
    struct racer racers[THREADS];
    struct pod_text seen = {.name = "seen", .asks = "nvidia.com/gpu: 3"};

    scene_init(&scene, "research: {namespaces: [research], gpus: {guaranteed: 8}}");
    scene_load(&scene, scene_pod(&scene, &seen));
    race.ledger = scene.ledger;
    race.tenancy = scene.tenancy;
    pthread_barrier_init(&race.barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.race = &race, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&race.barrier);
    assert_int_equal(race.wrong_rounds, 0);
    assert_string_equal(scene_usage(&scene, "research", "nvidia.com/gpu: 1"), "3");
    scene_release(&scene);
}

/* Everything at once: creates, resizes, bindings and deletes, while namespaces change hands and
 * policy sets are replaced. */
struct mix {
    struct scene *scene; /* has the ledger */
    const struct tenancy *tenancies[2];
    atomic_int tenancy;
    atomic_bool is_over;
    atomic_ulong settled, stale;
};

static void settle_any(struct mix *mix, struct scene *scene, const char *review)
{
    scene->tenancy = mix->tenancies[atomic_load(&mix->tenancy)];
    if (scene_settle(scene, review, true).is_settled)
        atomic_fetch_add(&mix->settled, 1);
    else
        atomic_fetch_add(&mix->stale, 1);
}

static void settle_pod(struct mix *mix, struct scene *scene, unsigned long number)
{
    const char *name = arena_printf(&scene->arena, "pod-%lu", number % 40);
    struct pod_text pod = {.namespace = number % 2 ? "research" : "more",
                           .name = name,
                           .uid = arena_printf(&scene->arena, "%s-%lu", name, number % 3),
                           .asks = number % 5 ? "nvidia.com/gpu: 1, cpu: 2"
                                              : "nvidia.com/mig-1g.5gb: 1",
                           .metadata = "\"labels\":{\"jobset.sigs.k8s.io/jobset-name\":\"a\"}"};
    const char *object = scene_pod(scene, &pod);

    settle_any(mix, scene, scene_review(scene, "CREATE", "pods", object, NULL));
    settle_any(mix, scene, scene_review(scene, "UPDATE", "pods/resize", object, object));
    if (number % 3)
        settle_any(mix, scene, scene_review(scene, "DELETE", "pods", NULL, object));
    if (number % 7 == 0)
        settle_any(mix, scene, scene_binding(scene, name, pod.uid, "node-1"));
}

static void *run_mix(void *what)
{
    struct mix *mix = what;
    struct scene scene = {.ledger = mix->scene->ledger};
    static atomic_ulong next;

    while (!atomic_load(&mix->is_over)) {
        settle_pod(mix, &scene, atomic_fetch_add(&next, 1) * 2654435761u >> 7);
        arena_reset(&scene.arena);
    }
    snapshot_reader_release(&scene.reader);
    arena_release(&scene.arena);
    return NULL;
}

static void change_hands(struct mix *mix, struct scene *scene, int round)
{
    struct ledger_usage *usage;
    size_t count;

    atomic_store(&mix->tenancy, round % 2);
    ledger_adopt(scene->ledger, mix->tenancies[round % 2]);
    scene->tenancy = mix->tenancies[round % 2];
    scene_label(scene, "more", round % 3 ? "\"fairgate.dev/tenant\":\"other\"" : "");
    ledger_report(scene->ledger, scene->now, &scene->arena, &usage, &count);
    assert_int_equal(count, 2);
}

/* What was added and taken off one by one is what everything weighs together. */
static void check_totals(struct scene *scene)
{
    struct ledger_usage *before, *after;
    size_t count;

    ledger_report(scene->ledger, scene->now, &scene->arena, &before, &count);
    ledger_adopt(scene->ledger, scene->tenancy);
    ledger_report(scene->ledger, scene->now, &scene->arena, &after, &count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(before[i].pods, after[i].pods);
        assert_int_equal(amount_compare(before[i].gpus, after[i].gpus), 0);
        for (int mode = 0; mode < MODE_COUNT; mode++)
            assert_int_equal(amount_compare(before[i].by_mode[mode], after[i].by_mode[mode]), 0);
    }
}

static void everything_may_happen_at_once(void **state)
{
    static const char yaml[] =
        "research: {namespaces: [research, more], gpus: {guaranteed: 8}, "
        "resources: {cpu: 16}, sharing: {exclusive: %s}, fabric: {domains: [a], span: one}}\n"
        "other: {namespaces: [other], gpus: {guaranteed: 8}, sharing: {exclusive: %s}}";
    struct scene scene;
    struct mix mix = {.scene = &scene};
    pthread_t threads[4];

    scene_init(&scene, "research: {namespaces: [research]}");
    mix.tenancies[0] =
        scene_tenancy(&scene, arena_printf(&scene.arena, yaml, "tenant", "namespace"));
    mix.tenancies[1] =
        scene_tenancy(&scene, arena_printf(&scene.arena, yaml, "namespace", "tenant"));
    ledger_adopt(scene.ledger, mix.tenancies[0]);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_mix, &mix), 0);
    for (int round = 0; round < 400; round++)
        change_hands(&mix, &scene, round);
    atomic_store(&mix.is_over, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&mix.settled) > 0);
    check_totals(&scene);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_as_many_are_let_in_as_there_is_room_for),
        cmocka_unit_test(everything_may_happen_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
