#include "unit/ledger/pair.h"

#include "ledger/object_read.h"
#include "ledger/shared_inner.h"

const char pair_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

static void start_other(struct pair *pair)
{
    scene_init(&pair->b, pair_tenant);
    pair->b.store = pair->a.store;
    live_start(pair->b.ledger, &scene_times);
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        scene_list(&pair->b, (enum live_kind)kind, NULL);
    shared_list_begin(pair->b.ledger);
    scene_fetch(&pair->b, "research");
    shared_list_end(pair->b.ledger);
}

void pair_init(struct pair *pair)
{
    scene_init_live(&pair->a, pair_tenant);
    start_other(pair);
}

void pair_release(struct pair *pair)
{
    pair->b.store = NULL;
    scene_release(&pair->b);
    scene_release(&pair->a);
}

void pair_show(struct scene *scene, const struct pod_text *pod, unsigned version, bool is_gone)
{
    struct pod_text copy = *pod;
    const char *text = arena_printf(&scene->arena, "%u", version);

    copy.metadata = arena_printf(&scene->arena, "\"resourceVersion\":\"%u\"", version);
    if (is_gone)
        scene_see_gone(scene, &copy);
    else
        scene_see(scene, &copy);
    live_progress(scene->ledger, LIVE_PODS, bytes_from(text));
}

struct value pair_object(struct scene *scene)
{
    return scene_parse(scene, fake_store_read(scene->store, "research", &scene->arena));
}

void pair_assert_spec(struct scene *scene, const char *path, const char *expected)
{
    struct bytes text = value_text(value_path(value_member(pair_object(scene), "spec"), path));

    assert_string_equal(arena_copy(&scene->arena, text), expected);
}

size_t pair_count(struct scene *scene)
{
    struct tenant_usage usage;
    struct error err = {0};

    if (!tenant_usage_read(pair_object(scene), &scene->arena, &usage, &err))
        fail_msg("%s", err.text);
    return usage.count;
}

void pair_refresh(struct scene *scene)
{
    struct shared_tenant *each;

    TAILQ_FOREACH(each, &scene->ledger->shared.all, in_all)
    each->due = 0;
    assert_true(scene_write(scene, "research"));
}
