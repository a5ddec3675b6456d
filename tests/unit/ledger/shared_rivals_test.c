/* Two installations of fairgate with different policy sets before one API server: each sees what
 * the other reserves, and keeps to its own caps. */
#include "ledger/shared.h"
#include "unit/ledger/pair.h"

#define GPU "nvidia.com/gpu"

/* Knows all objects that there are, and has made those of its own tenants. */
static void join(struct scene *scene, const char *yaml, struct scene *first)
{
    scene_init(scene, yaml);
    scene->store = first->store;
    live_start(scene->ledger, &scene_times);
    for (int kind = 0; kind < LIVE_WATCHES; kind++)
        scene_list(scene, (enum live_kind)kind, NULL);
    shared_list_begin(scene->ledger);
    scene_fetch(scene, "research");
    scene_fetch(scene, "video");
    shared_list_end(scene->ledger);
    scene_know(scene);
}

static void leave(struct scene *scene)
{
    scene->store = NULL;
    scene_release(scene);
}

static void look_at_both(struct scene *scene)
{
    scene_fetch(scene, "research");
    scene_fetch(scene, "video");
}

/* Each writes once more, and sees what the other has written. */
static void go_on(struct scene *a, struct scene *b)
{
    struct pod_text in_a = {.name = "next-a", .uid = "next-a", .asks = GPU ": 1"};
    struct pod_text in_b = {.name = "next-b", .uid = "next-b", .asks = GPU ": 1"};

    look_at_both(a);
    look_at_both(b);
    (void)scene_create(a, &in_a);
    (void)scene_create(b, &in_b);
    look_at_both(a);
    look_at_both(b);
}

/* One namespace, which is research's to the one and video's to the other. */
static void what_both_have_reserved_stays_reserved(void **state)
{
    struct scene a, b;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};
    struct pod_text late = {.name = "late", .uid = "u2", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&a, "research: {namespaces: [research], gpus: {guaranteed: 5}}");
    join(&b, "video: {namespaces: [research], gpus: {guaranteed: 5}}", &a);
    assert_true(scene_create(&a, &pod));
    assert_true(scene_create(&b, &pod));
    go_on(&a, &b);
    assert_string_equal(scene_gpus(&a), "5/5");
    assert_string_equal(scene_gpus(&b), "5/5");
    assert_false(scene_create(&a, &late));
    assert_false(scene_create(&b, &late));
    leave(&b);
    scene_release(&a);
}

/* What the other one has reserved first isn't reserved by that in one's own object. */
static void each_reserves_in_its_own_object(void **state)
{
    struct scene a, b;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&a, "research: {namespaces: [research], gpus: {guaranteed: 5}}");
    join(&b, "video: {namespaces: [research], gpus: {guaranteed: 5}}", &a);
    assert_true(scene_create(&b, &pod));
    look_at_both(&a);
    assert_int_equal(pair_count(&a), 0);
    assert_true(scene_create(&a, &pod));
    assert_int_equal(pair_count(&a), 1);
    leave(&b);
    scene_release(&a);
}

static const char *why_not(struct scene *scene, const char *tenant)
{
    const char *why;

    (void)shared_read_state(scene->ledger, tenant, &scene->arena, &why);
    return why;
}

/* Both have both tenants, and don't agree on whose the namespace is. That can't be decided. */
static void what_two_tenants_of_ones_own_have_reserved_is_damage(void **state)
{
    struct scene a, b;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&a, "research: {namespaces: [research], gpus: {guaranteed: 5}}\n"
                        "video: {namespaces: [video], gpus: {guaranteed: 5}}");
    join(&b,
         "research: {namespaces: [video], gpus: {guaranteed: 5}}\n"
         "video: {namespaces: [research], gpus: {guaranteed: 5}}",
         &a);
    look_at_both(&a);
    assert_true(scene_create(&a, &pod));
    assert_true(scene_create(&b, &pod));
    look_at_both(&a);
    look_at_both(&b);
    assert_null(why_not(&a, "research"));
    assert_string_equal(why_not(&a, "video"),
                        "TenantUsage \"video\": spec.reservations: \"research/a\" is reserved in "
                        "TenantUsage \"research\", too");
    assert_string_equal(scene_gpus(&a), "3/3");
    assert_string_equal(why_not(&b, "research"),
                        "TenantUsage \"research\": spec.reservations: \"research/a\" is reserved "
                        "in TenantUsage \"video\", too");
    assert_string_equal(scene_gpus(&b), "3/3");
    leave(&b);
    scene_release(&a);
}

/* The same, where the other one's reservation is known before the review comes. */
static void what_another_tenant_of_ones_own_has_reserved_is_not_let_in(void **state)
{
    struct scene a, b;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 3"};

    (void)state;
    scene_init_live(&a, "research: {namespaces: [research], gpus: {guaranteed: 5}}\n"
                        "video: {namespaces: [video], gpus: {guaranteed: 5}}");
    join(&b, "video: {namespaces: [research], gpus: {guaranteed: 5}}", &a);
    look_at_both(&a);
    assert_true(scene_create(&b, &pod));
    look_at_both(&a);
    assert_false(scene_create(&a, &pod));
    assert_string_equal(scene_gpus(&a), "3/3");
    leave(&b);
    scene_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_both_have_reserved_stays_reserved),
        cmocka_unit_test(each_reserves_in_its_own_object),
        cmocka_unit_test(what_two_tenants_of_ones_own_have_reserved_is_damage),
        cmocka_unit_test(what_another_tenant_of_ones_own_has_reserved_is_not_let_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
