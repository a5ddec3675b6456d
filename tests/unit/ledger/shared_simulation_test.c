/* Replicas that share a tenant's cap, in a world where anything may be late, lost or gone: random
 * steps, one at a time. At every instant what exists holds no more than the cap; in the end nothing
 * stays reserved. A create or a resize takes at most REQ; everything else may take any time. */
#include "unit/unit.h"

#include <stdio.h>

#include "ledger/shared_inner.h"
#include "unit/ledger/live_scene.h"

enum { REPLICAS = 3, MAX_PODS = 400, MAX_EVENTS = 2000, STEPS = 1500, CAP = 6, SEEDS = 60 };

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 6}}";

enum state { PENDING, THERE, OVER };

struct actor {
    char name[16], uid[16];
    int size, growing; /* the size that an allowed resize will give it; 0: none */
    enum state state;
    unsigned long version;
};

struct event {
    size_t pod;
    unsigned long version;
    int size;
    bool is_gone;
};

struct replica {
    struct scene scene;
    size_t next; /* the event that its watch shows next */
};

struct play {
    struct fake_store *store;
    struct replica replicas[REPLICAS];
    struct actor pods[MAX_PODS];
    size_t pod_count;
    struct event events[MAX_EVENTS];
    size_t event_count;
    unsigned long version;
    unsigned seed;
    bool is_interrupted;
    unsigned long persisted;
};

static unsigned roll(struct play *play, unsigned sides)
{
    play->seed = play->seed * 1103515245 + 12345;
    return (play->seed >> 16) % sides;
}

static struct pod_text text_of(struct play *play, struct replica *replica, const struct actor *pod,
                               int size, unsigned long version)
{
    struct arena *arena = &replica->scene.arena;

    (void)play;
    return (struct pod_text){
        .name = pod->name,
        .uid = pod->uid,
        .asks = arena_printf(arena, "nvidia.com/gpu: %d", size),
        .metadata = arena_printf(arena, "\"resourceVersion\":\"%lu\"", version),
    };
}

/* ---- what exists */

static void check_cap(const struct play *play)
{
    int sum = 0;

    for (size_t i = 0; i < play->pod_count; i++) {
        if (play->pods[i].state == THERE)
            sum += play->pods[i].size;
    }
    if (sum > CAP)
        fail_msg("%d of %d GPUs exist", sum, CAP);
}

static void tell(struct play *play, struct actor *pod, bool is_gone)
{
    assert_true(play->event_count < MAX_EVENTS);
    pod->version = ++play->version;
    play->events[play->event_count++] =
        (struct event){(size_t)(pod - play->pods), pod->version, pod->size, is_gone};
    check_cap(play);
}

static void persist(struct play *play, struct actor *pod)
{
    if (pod->state == PENDING) {
        pod->state = THERE;
    } else {
        pod->size = pod->growing;
        pod->growing = 0;
    }
    play->persisted++;
    tell(play, pod, false);
}

/* What was let in comes, or fails after all. */
static void finish(struct play *play, struct actor *pod)
{
    bool is_pending = pod->state == PENDING || (pod->state == THERE && pod->growing);

    if (!is_pending)
        return;
    if (roll(play, 4))
        persist(play, pod);
    else if (pod->state == PENDING)
        pod->state = OVER;
    else
        pod->growing = 0;
}

/* One that isn't over, if a few looks find one. */
static struct actor *pick(struct play *play)
{
    struct actor *found = NULL;

    for (int i = 0; i < 20 && play->pod_count && (!found || found->state == OVER); i++)
        found = &play->pods[roll(play, (unsigned)play->pod_count)];
    return found;
}

static void end_pod(struct play *play, struct actor *pod)
{
    if (pod->state != THERE)
        return;
    pod->state = OVER;
    pod->growing = 0;
    tell(play, pod, true);
}

/* ---- what replicas are shown */

static void show_next(struct play *play, struct replica *replica)
{
    const struct event *event;
    struct pod_text text;
    char version[32];

    if (replica->next == play->event_count)
        return;
    event = &play->events[replica->next++];
    text = text_of(play, replica, &play->pods[event->pod], event->size, event->version);
    if (event->is_gone)
        scene_see_gone(&replica->scene, &text);
    else
        scene_see(&replica->scene, &text);
    snprintf(version, sizeof(version), "%lu", event->version);
    live_progress(replica->scene.ledger, LIVE_PODS, bytes_from(version));
}

static void start_replica(struct play *play, struct replica *replica)
{
    const char *texts[MAX_PODS + 1];
    size_t count = 0;
    char version[32];

    *replica = (struct replica){.next = play->event_count};
    scene_init(&replica->scene, one_tenant);
    replica->scene.store = play->store;
    live_start(replica->scene.ledger, &scene_times);
    for (size_t i = 0; i < play->pod_count; i++) {
        struct actor *pod = &play->pods[i];
        struct pod_text text = text_of(play, replica, pod, pod->size, pod->version);

        if (pod->state == THERE)
            texts[count++] = scene_pod(&replica->scene, &text);
    }
    texts[count] = NULL;
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        scene_list(&replica->scene, (enum live_kind)kind, kind == LIVE_PODS ? texts : NULL);
    snprintf(version, sizeof(version), "%lu", play->version);
    live_progress(replica->scene.ledger, LIVE_PODS, bytes_from(version));
    shared_list_begin(replica->scene.ledger);
    scene_fetch(&replica->scene, "research");
    shared_list_end(replica->scene.ledger);
}

static void stop_replica(struct replica *replica)
{
    replica->scene.store = NULL;
    scene_release(&replica->scene);
}

/* ---- what is asked of them */

/* A write that is done and whose answer is lost, now and then. */
static bool try_to_write(struct play *play, struct replica *replica, struct shared_txn *txn)
{
    struct scene *scene = &replica->scene;
    struct shared_body body;
    const char *text;

    if (!shared_write(txn, &scene->arena, &body)) {
        shared_abort(txn);
        return true;
    }
    text = fake_store_write(play->store, body.text, body.is_new, &scene->arena);
    if (!text || roll(play, 8) == 0) {
        shared_abort(txn);
        return false;
    }
    return shared_commit(txn, scene_parse(scene, text));
}

static void create(struct play *play, struct replica *replica);
static void grow(struct play *play, struct replica *replica, struct actor *pod);

/* What happens between judging and writing: another replica goes on, and its write is seen. */
static void interrupt(struct play *play, struct replica *replica)
{
    struct replica *other = &play->replicas[roll(play, REPLICAS)];

    if (other == replica || play->is_interrupted || roll(play, 3))
        return;
    play->is_interrupted = true;
    if (roll(play, 2))
        create(play, other);
    else if (play->pod_count)
        grow(play, other, pick(play));
    play->is_interrupted = false;
    if (roll(play, 2))
        show_next(play, replica);
    if (roll(play, 2))
        scene_fetch(&replica->scene, "research");
}

/* As the committer does it; gives up at some time, as it does at the deadline. */
static bool is_let_in(struct play *play, struct replica *replica, const char *review)
{
    struct scene *scene = &replica->scene;
    const char *why;

    for (int try = 0; try < 3; try++) {
        struct shared_txn *txn;
        struct outcome outcome;

        if (shared_read_state(scene->ledger, "research", &scene->arena, &why) != SHARED_READY)
            return false;
        txn = shared_begin(scene->ledger, "research", NULL);
        outcome = scene_settle_in(scene, review, txn);
        assert_int_equal(outcome.result, LEDGER_SETTLED);
        interrupt(play, replica);
        if (try_to_write(play, replica, txn))
            return outcome.is_allowed;
        scene_fetch(scene, "research");
    }
    return false;
}

static void create(struct play *play, struct replica *replica)
{
    struct actor *pod = &play->pods[play->pod_count];
    struct pod_text text;

    if (play->pod_count == MAX_PODS)
        return;
    pod->size = 1 + (int)roll(play, 3);
    snprintf(pod->name, sizeof(pod->name), "p%zu", play->pod_count);
    snprintf(pod->uid, sizeof(pod->uid), "u%zu", play->pod_count);
    text = text_of(play, replica, pod, pod->size, 0);
    text.metadata = NULL;
    play->pod_count++;
    if (!is_let_in(play, replica,
                   scene_review(&replica->scene, "CREATE", "pods",
                                scene_pod(&replica->scene, &text), NULL)))
        pod->state = OVER;
}

static void grow(struct play *play, struct replica *replica, struct actor *pod)
{
    int size = pod->size + 1 + (int)roll(play, 2);
    struct pod_text old, new;

    if (pod->state != THERE || pod->growing)
        return;
    old = text_of(play, replica, pod, pod->size, pod->version);
    new = text_of(play, replica, pod, size, pod->version);
    if (is_let_in(play, replica,
                  scene_review(&replica->scene, "UPDATE", "pods/resize",
                               scene_pod(&replica->scene, &new),
                               scene_pod(&replica->scene, &old))) &&
        size > pod->growing) /* another one may have been let in meanwhile */
        pod->growing = size;
}

static void shrink(struct play *play, struct actor *pod)
{
    if (pod->state != THERE || pod->growing || pod->size == 1)
        return;
    pod->size--;
    tell(play, pod, false);
}

/* ---- what they do by themselves */

static void resolve(struct play *play, struct replica *replica)
{
    struct scene *scene = &replica->scene;
    struct live_due due = {0};

    while (live_next_due(scene->ledger, due.number, &scene->arena, &due)) {
        size_t number = strtoul(arena_copy(&scene->arena, due.name) + 1, NULL, 10);
        struct actor *pod = &play->pods[number];
        struct pod_text text = text_of(play, replica, pod, pod->size, pod->version);
        bool is_there = number < play->pod_count && pod->state == THERE;

        scene_resolve(scene, &due, is_there ? scene_pod(scene, &text) : NULL);
    }
}

static void do_chores(struct play *play, struct replica *replica)
{
    struct scene *scene = &replica->scene;
    struct floors largest = {0};
    const char *tenant;

    switch (shared_next_chore(scene->ledger, "", &scene->arena, &tenant)) {
    case CHORE_WRITE:
        (void)!try_to_write(play, replica, shared_begin(scene->ledger, tenant, NULL));
        break;
    case CHORE_LIST:
        for (size_t i = 0; i < play->pod_count; i++) {
            if (play->pods[i].state == THERE && play->pods[i].version > largest.pods)
                largest.pods = play->pods[i].version;
        }
        shared_know(scene->ledger, tenant, &largest);
        break;
    case CHORE_NONE:
        break;
    }
}

/* More than REQ passes: what was let in before has come by now, or never will. */
static void pass_time(struct play *play)
{
    for (size_t i = 0; i < play->pod_count; i++)
        finish(play, &play->pods[i]);
    for (int i = 0; i < REPLICAS; i++) {
        struct shared_tenant *each;

        scene_age(&play->replicas[i].scene, SCENE_MAX_REQUEST + 1000);
        scene_age_unknown(&play->replicas[i].scene);
        TAILQ_FOREACH(each, &play->replicas[i].scene.ledger->shared.all, in_all)
        each->due = 0;
    }
}

static void do_harm(struct play *play)
{
    struct arena arena = {0};

    if (!fake_store_read(play->store, "research", &arena))
        return;
    if (roll(play, 2))
        fake_store_delete(play->store, "research");
    else
        fake_store_edit(play->store, "research", "spec.reservations", "[]");
    arena_release(&arena);
}

static void step(struct play *play)
{
    struct replica *replica = &play->replicas[roll(play, REPLICAS)];
    struct actor *pod = pick(play);
    unsigned what = roll(play, 100);

    if (what < 25)
        create(play, replica);
    else if (what < 55)
        show_next(play, replica);
    else if (what < 63 && pod)
        finish(play, pod);
    else if (what < 68 && pod)
        end_pod(play, pod);
    else if (what < 72 && pod)
        grow(play, replica, pod);
    else if (what < 74 && pod)
        shrink(play, pod);
    else if (what < 82)
        scene_fetch(&replica->scene, "research");
    else if (what < 90)
        do_chores(play, replica);
    else if (what < 94)
        resolve(play, replica);
    else if (what < 98)
        pass_time(play);
    else if (what < 99) {
        stop_replica(replica);
        start_replica(play, replica);
    } else if (roll(play, 4) == 0)
        do_harm(play);
}

/* Everything that is under way ends, and all is shown. */
static void settle_down(struct play *play)
{
    for (int round = 0; round < 8; round++) {
        pass_time(play);
        for (int i = 0; i < REPLICAS; i++) {
            while (play->replicas[i].next < play->event_count)
                show_next(play, &play->replicas[i]);
            resolve(play, &play->replicas[i]);
            scene_fetch(&play->replicas[i].scene, "research");
            do_chores(play, &play->replicas[i]);
        }
    }
}

static void check_end(struct play *play)
{
    int sum = 0;

    for (size_t i = 0; i < play->pod_count; i++)
        sum += play->pods[i].state == THERE ? play->pods[i].size : 0;
    for (int i = 0; i < REPLICAS; i++) {
        struct scene *scene = &play->replicas[i].scene;

        scene_fetch(scene, "research");
        assert_string_equal(scene_gpus(scene), arena_printf(&scene->arena, "%d/0", sum));
        assert_true(TAILQ_EMPTY(&scene->ledger->holdings.reservations));
    }
}

static void run(unsigned seed, unsigned long *persisted)
{
    struct play *play = calloc(1, sizeof(*play));

    play->seed = seed;
    play->store = fake_store_new();
    for (int i = 0; i < REPLICAS; i++)
        start_replica(play, &play->replicas[i]);
    for (int i = 0; i < STEPS && play->event_count < MAX_EVENTS - MAX_PODS; i++)
        step(play);
    settle_down(play);
    check_end(play);
    *persisted += play->persisted;
    for (int i = 0; i < REPLICAS; i++)
        stop_replica(&play->replicas[i]);
    fake_store_free(play->store);
    free(play);
}

static void no_order_of_things_exceeds_the_cap(void **state)
{
    unsigned long persisted = 0;

    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        run(seed, &persisted);
    print_message("%lu creates and resizes done\n", persisted);
    assert_true(persisted > SEEDS * 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_of_things_exceeds_the_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
