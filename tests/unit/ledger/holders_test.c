/* Who holds the most of what a tenant holds, as denials tell it. */
#include "ledger/holders.h"

#include "base/buf.h"
#include "ledger/ledger_inner.h"
#include "unit/ledger/scene.h"
#include "unit/random.h"

#define GPU "nvidia.com/gpu"
#define OWNER(kind, name)                                                                          \
    "\"ownerReferences\":[{\"kind\":\"" kind "\",\"name\":\"" name "\",\"controller\":true}]"

static const char tenants[] =
    "research: {namespaces: ['research*'], gpus: {guaranteed: 64}, resources: {cpu: 99}}\n"
    "vision: {namespaces: [vision], gpus: {guaranteed: 64}}";

/* "research/Job/train 8, research/a 4" */
static const char *largest(struct scene *scene, size_t most, bool of_cpu)
{
    const struct tenant *tenant = scene->tenancy->tenants[0];
    const struct holders_query query = {.holdings = &scene->ledger->holdings,
                                        .tenant = tenant,
                                        .resource = of_cpu ? tenant->resources.items : NULL};
    struct tally holders[HOLDERS_MOST];
    struct strings told = {0};
    size_t count = holders_find(&query, most, holders);

    assert_true(count <= most);
    for (size_t i = 0; i < count; i++)
        strings_add(&told, &scene->arena,
                    arena_printf(&scene->arena, "%s%.*s/%.*s %s",
                                 holders[i].is_claim ? "claim " : "",
                                 BYTES_ARG(holders[i].namespace), BYTES_ARG(holders[i].name),
                                 amount_write(tally_amount(&holders[i]), &scene->arena)));
    return strings_join(&told, most, &scene->arena);
}

static void load(struct scene *scene, struct pod_text pod)
{
    scene_load(scene, scene_pod(scene, &pod));
}

static void pods_of_one_controller_are_one_holder(void **state)
{
    struct scene scene;

    scene_init(&scene, tenants);
    load(&scene, (struct pod_text){.name = "a", .asks = GPU ": 4", .metadata = OWNER("Job", "x")});
    load(&scene, (struct pod_text){.name = "b", .asks = GPU ": 5", .metadata = OWNER("Job", "x")});
    load(&scene, (struct pod_text){.name = "c", .asks = GPU ": 7", .metadata = OWNER("Set", "x")});
    load(&scene, (struct pod_text){.namespace = "research-2",
                                   .name = "d",
                                   .asks = GPU ": 6",
                                   .metadata = OWNER("Job", "x")});
    load(&scene, (struct pod_text){.name = "e", .asks = GPU ": 8"});
    load(&scene, (struct pod_text){.namespace = "vision", .name = "f", .asks = GPU ": 16"});
    assert_string_equal(largest(&scene, 10, false),
                        "research/Job/x 9, research/e 8, research/Set/x 7, research-2/Job/x 6");
    scene_release(&scene);
}

static void of_equal_ones_the_first_by_namespace_and_name_is_told_first(void **state)
{
    static const char *const names[] = {"d", "b", "e", "a", "c"};
    struct scene scene;

    scene_init(&scene, tenants);
    for (size_t i = 0; i < COUNT(names); i++) {
        load(&scene,
             (struct pod_text){.namespace = "research-2", .name = names[i], .asks = GPU ": 1"});
        load(&scene, (struct pod_text){.name = names[i], .asks = GPU ": 1"});
    }
    assert_string_equal(largest(&scene, 1, false), "research/a 1");
    assert_string_equal(largest(&scene, 6, false),
                        "research/a 1, research/b 1, research/c 1, research/d 1, research/e 1, "
                        "research-2/a 1");
    scene_release(&scene);
}

static void who_holds_nothing_of_it_is_not_told(void **state)
{
    struct scene scene;

    scene_init(&scene, tenants);
    assert_string_equal(largest(&scene, 3, false), "");
    load(&scene, (struct pod_text){.name = "a", .asks = "cpu: 3"});
    load(&scene, (struct pod_text){.name = "b", .asks = GPU ": 2"});
    assert_string_equal(largest(&scene, 3, false), "research/b 2");
    assert_string_equal(largest(&scene, 3, true), "research/a 3");
    scene_release(&scene);
}

static void a_sum_that_does_not_fit_is_the_largest(void **state)
{
    struct scene scene;

    scene_init(&scene, tenants);
    load(&scene, (struct pod_text){.name = "a", .asks = GPU ": 6E", .metadata = OWNER("Job", "x")});
    load(&scene, (struct pod_text){.name = "b", .asks = GPU ": 6E", .metadata = OWNER("Job", "x")});
    load(&scene, (struct pod_text){.name = "c", .asks = GPU ": 7E"});
    assert_string_equal(largest(&scene, 3, false),
                        "research/Job/x 9223372036854775807, research/c 7000000000000000000");
    scene_release(&scene);
}

static void a_claim_of_its_own_is_a_holder(void **state)
{
    struct scene scene;

    scene_init(&scene, tenants);
    scene_load(&scene,
               "{\"apiVersion\":\"resource.k8s.io/v1\",\"kind\":\"ResourceClaim\",\"metadata\":"
               "{\"name\":\"shared\",\"namespace\":\"research\"},\"spec\":{\"devices\":{"
               "\"requests\":[{\"name\":\"g\",\"exactly\":{\"deviceClassName\":\"gpu.nvidia.com\","
               "\"count\":3}}]}}}");
    assert_string_equal(largest(&scene, 3, false), "claim research/shared 3");
    scene_release(&scene);
}

/* Of a resize, and of a name that is taken over. */
static bool tell(void *context, const struct facts *facts, const struct usage *usage)
{
    *(const char **)context =
        arena_copy(facts->arena, bytes_from(usage->tell_holders(usage->holders, NULL)));
    return false;
}

static void the_requests_own_is_left_out(void **state)
{
    struct scene scene;
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = GPU ": 4"};
    struct pod_text other = {.name = "b", .uid = "u2", .asks = GPU ": 2"};
    struct pod_text grown = pod, again = pod;
    const char *told = "";

    grown.asks = GPU ": 5";
    again.uid = "u3";
    scene_init(&scene, tenants);
    assert_true(scene_create(&scene, &pod) && scene_create(&scene, &other));
    assert_true(ledger_settle(scene.ledger,
                              scene_facts(&scene, scene_review(&scene, "UPDATE", "pods/resize",
                                                               scene_pod(&scene, &grown),
                                                               scene_pod(&scene, &pod))),
                              true, (struct ledger_judge){tell, &told}, NULL) == LEDGER_SETTLED);
    assert_string_equal(told, "pod research/b 2");
    assert_true(ledger_settle(scene.ledger,
                              scene_facts(&scene, scene_review(&scene, "CREATE", "pods",
                                                               scene_pod(&scene, &again), NULL)),
                              true, (struct ledger_judge){tell, &told}, NULL) == LEDGER_SETTLED);
    assert_string_equal(told, "pod research/b 2");
    scene_release(&scene);
}

/* The sums that are kept beside those that are made anew. */
static void the_sums_follow_what_comes_and_goes(void **state)
{
    static const char *const asks[] = {"cpu: 1", GPU ": 1", GPU ": 2", GPU ": 3", GPU ": 8"};
    struct random random = {1};
    struct scene scene;

    scene_init(&scene, "research: {namespaces: ['research*'], gpus: {guaranteed: 64}, "
                       "resources: {nvidia.com/gpu: 99}}\nvision: {namespaces: [vision]}");
    for (int i = 0; i < 1000; i++) {
        unsigned number = random_below(&random, 60), owner = random_below(&random, 8);
        struct pod_text pod = {
            .namespace =
                random_below(&random, 9) ? number % 2 ? "research" : "research-2" : "vision",
            .name = arena_printf(&scene.arena, "p-%u", number),
            .uid = arena_printf(&scene.arena, "u-%u", number),
            .asks = asks[random_below(&random, COUNT(asks))],
            .metadata = owner ? arena_printf(&scene.arena, OWNER("Job", "x-%u"), owner) : NULL,
        };

        if (random_below(&random, 2))
            scene_delete(&scene, &pod);
        else
            load(&scene, pod);
        if (i % 100 == 50)
            scene_label(&scene, "research-2",
                        i % 200 == 50 ? "\"fairgate.dev/tenant\":\"vision\"" : "");
        assert_string_equal(largest(&scene, HOLDERS_MOST, false),
                            largest(&scene, HOLDERS_MOST, true));
    }
    scene_adopt(&scene, tenants);
    scene_release(&scene);
}

static void of_a_resource_that_many_pods_hold_nobody_is_told(void **state)
{
    struct scene scene;

    scene_init(&scene, tenants);
    for (int i = 0; i <= HOLDERS_PODS; i++) {
        if (i == HOLDERS_PODS)
            assert_string_equal(largest(&scene, 1, true), "research/p-0 3");
        load(&scene, (struct pod_text){.name = arena_printf(&scene.arena, "p-%d", i),
                                       .asks = "cpu: 3, " GPU ": 1"});
    }
    assert_string_equal(largest(&scene, 1, true), "");
    assert_string_equal(largest(&scene, 1, false), "research/p-0 1");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_of_one_controller_are_one_holder),
        cmocka_unit_test(of_equal_ones_the_first_by_namespace_and_name_is_told_first),
        cmocka_unit_test(who_holds_nothing_of_it_is_not_told),
        cmocka_unit_test(a_sum_that_does_not_fit_is_the_largest),
        cmocka_unit_test(a_claim_of_its_own_is_a_holder),
        cmocka_unit_test(the_requests_own_is_left_out),
        cmocka_unit_test(the_sums_follow_what_comes_and_goes),
        cmocka_unit_test(of_a_resource_that_many_pods_hold_nobody_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
