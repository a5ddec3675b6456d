#include "unit/ledger/live_scene.h"

#include "ledger/shared_inner.h"

const struct live_times scene_times = {.max_age = 30000, .max_request = SCENE_MAX_REQUEST};

struct value scene_parse(struct scene *scene, const char *text)
{
    struct document *document = arena_alloc(&scene->arena, sizeof(*document));

    document_parse(bytes_from(text), 64, &scene->arena, document);
    assert_true(document_is_sound(document));
    return document_root(document);
}

void scene_list(struct scene *scene, enum live_kind kind, const char *const *texts)
{
    struct error err;

    live_list_begin(scene->ledger, kind);
    for (; texts && *texts; texts++)
        assert_true(live_list_item(scene->ledger, kind, scene_parse(scene, *texts), &err));
    live_list_end(scene->ledger, kind);
}

void scene_see(struct scene *scene, const struct pod_text *pod)
{
    struct error err;

    assert_true(live_event(scene->ledger, LIVE_PODS, false,
                           scene_parse(scene, scene_pod(scene, pod)), &err));
}

void scene_see_gone(struct scene *scene, const struct pod_text *pod)
{
    struct error err;

    assert_true(live_event(scene->ledger, LIVE_PODS, true,
                           scene_parse(scene, scene_pod(scene, pod)), &err));
}

static void do_chore(struct scene *scene, const char *tenant, enum shared_chore chore)
{
    static const struct floors none;

    if (chore == CHORE_LIST)
        shared_know(scene->ledger, tenant, &none);
    else
        scene_write(scene, tenant);
}

void scene_do_chores(struct scene *scene)
{
    const char *tenant = "";
    enum shared_chore chore;

    while ((chore = shared_next_chore(scene->ledger, tenant, &scene->arena, &tenant)))
        do_chore(scene, tenant, chore);
}

void scene_age_unknown(struct scene *scene)
{
    struct shared_tenant *each;

    TAILQ_FOREACH(each, &scene->ledger->shared.all, in_all)
    each->round_began -= SCENE_MAX_REQUEST + 1;
}

void scene_know(struct scene *scene)
{
    scene_do_chores(scene);
    scene_age_unknown(scene);
    scene_do_chores(scene);
    scene_do_chores(scene);
}

void scene_init_live(struct scene *scene, const char *yaml)
{
    scene_init(scene, yaml);
    scene->store = fake_store_new();
    live_start(scene->ledger, &scene_times);
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        scene_list(scene, (enum live_kind)kind, NULL);
    shared_list_begin(scene->ledger);
    shared_list_end(scene->ledger);
    scene_know(scene);
}

void scene_age(struct scene *scene, int64_t milliseconds)
{
    struct reservation *each;

    for (each = TAILQ_FIRST(&scene->ledger->holdings.reservations); each;
         each = TAILQ_NEXT(each, in_all))
        each->made_at -= milliseconds;
}

void scene_wait_due(struct scene *scene, struct live_due *out)
{
    scene_age(scene, SCENE_MAX_REQUEST + 1000);
    assert_true(live_next_due(scene->ledger, 0, &scene->arena, out));
}

void scene_resolve(struct scene *scene, const struct live_due *due, const char *text)
{
    struct value object = text ? scene_parse(scene, text) : (struct value){0};
    struct error err;

    assert_true(live_resolve(scene->ledger, due, object, &err));
}

const char *scene_gpus(struct scene *scene)
{
    struct pod_text fresh = {.name = "fresh", .uid = "fresh", .asks = "nvidia.com/gpu: 1"};
    struct outcome outcome =
        scene_settle(scene, scene_review(scene, "CREATE", "pods", scene_pod(scene, &fresh), NULL),
                     false);

    if (!outcome.usage.is_known)
        return outcome.usage.problem.text;
    return arena_printf(&scene->arena, "%s/%s", amount_write(outcome.usage.gpus, &scene->arena),
                        amount_write(outcome.usage.reserved, &scene->arena));
}
