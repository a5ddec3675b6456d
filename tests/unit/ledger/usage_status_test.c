/* What people are told of a tenant, worked out by hand. */
#include "ledger/usage_status.h"

#include "ledger/ledger_inner.h"
#include "unit/ledger/live_scene.h"

#define GPU "nvidia.com/gpu"
#define MIG "nvidia.com/mig-1g.5gb"
#define OWNER(kind, name)                                                                          \
    "\"ownerReferences\":[{\"kind\":\"" kind "\",\"name\":\"" name "\",\"controller\":true}]"

static const char tenants[] =
    "research: {namespaces: ['research*'], gpus: {guaranteed: 16, burst: 24}, "
    "priority: {burst: [p2]}, "
    "resources: {cpu: 32, memory: 64Gi}}\nvision: {namespaces: [vision]}";

static const char *status_of(struct scene *scene, size_t tenant)
{
    struct buf out;

    buf_init(&out, &scene->arena, 64 * 1024);
    usage_status_write(&scene->ledger->holdings, scene->tenancy->tenants[tenant], scene->now, &out);
    assert_false(out.is_full);
    return buf_bytes(&out).data;
}

static void see(struct scene *scene, struct pod_text pod)
{
    scene_see(scene, &pod);
}

static void what_is_held_is_told_by_mode_class_namespace_and_holder(void **state)
{
    struct scene scene;

    scene_init_live(&scene, tenants);
    see(&scene, (struct pod_text){.namespace = "research-a",
                                  .name = "a",
                                  .uid = "u1",
                                  .asks = GPU ": 8, cpu: 4",
                                  .metadata = OWNER("Job", "train"),
                                  .spec = "\"priorityClassName\":\"p1\""});
    see(&scene, (struct pod_text){.namespace = "research-a",
                                  .name = "b",
                                  .uid = "u2",
                                  .asks = GPU ": 4",
                                  .metadata = OWNER("Job", "train"),
                                  .spec = "\"priorityClassName\":\"p2\""});
    see(&scene, (struct pod_text){.name = "c", .uid = "u3", .asks = MIG ": 1, memory: 16Gi"});
    see(&scene, (struct pod_text){.name = "d", .uid = "u4", .asks = "cpu: 500m"});
    see(&scene,
        (struct pod_text){.namespace = "vision", .name = "e", .uid = "u5", .asks = GPU ": 2"});
    assert_string_equal(
        status_of(&scene, 0),
        "{\"guaranteed\":\"16\",\"burst\":\"24\",\"used\":\"12 1/7\",\"reserved\":\"0\","
        "\"free\":\"3 6/7\",\"freeBurst\":\"11 6/7\","
        "\"byMode\":{\"whole\":\"12\",\"mig\":\"1/7\"},"
        "\"byPriorityClass\":{\"p1\":\"8\",\"p2\":\"4\",\"(none)\":\"1/7\"},"
        "\"byNamespace\":{\"research-a\":\"12\",\"research\":\"1/7\"},"
        "\"resources\":[{\"name\":\"cpu\",\"max\":\"32\",\"used\":\"4500m\",\"free\":\"27500m\"},"
        "{\"name\":\"memory\",\"max\":\"64Gi\",\"used\":\"16Gi\",\"free\":\"48Gi\"}],"
        "\"holders\":[{\"namespace\":\"research-a\",\"name\":\"Job/train\",\"gpus\":\"12\"},"
        "{\"namespace\":\"research\",\"name\":\"Pod/c\",\"gpus\":\"1/7\"}],\"notSeen\":[]}");
    /* Without caps. */
    assert_string_equal(
        status_of(&scene, 1),
        "{\"used\":\"2\",\"reserved\":\"0\",\"byMode\":{\"whole\":\"2\"},"
        "\"byPriorityClass\":{\"(none)\":\"2\"},\"byNamespace\":{\"vision\":\"2\"},"
        "\"holders\":[{\"namespace\":\"vision\",\"name\":\"Pod/e\",\"gpus\":\"2\"}],"
        "\"notSeen\":[]}");
    scene_release(&scene);
}

static void nothing_is_left_where_more_is_held(void **state)
{
    struct scene scene;

    scene_init_live(&scene, "research: {namespaces: [research], gpus: {guaranteed: 2}}");
    see(&scene, (struct pod_text){.name = "a", .uid = "u1", .asks = GPU ": 3"});
    assert_non_null(
        strstr(status_of(&scene, 0), "\"used\":\"3\",\"reserved\":\"0\",\"free\":\"0\","));
    scene_release(&scene);
}

/* 40 classes of 1 to 40 GPUs: the 32 largest, and 1 + ... + 8 = 36 for the others. */
static void of_many_classes_the_largest_are_told(void **state)
{
    struct scene scene;
    const char *status;

    scene_init_live(&scene, tenants);
    for (int i = 1; i <= 40; i++)
        see(&scene, (struct pod_text){.name = arena_printf(&scene.arena, "p%d", i),
                                      .uid = arena_printf(&scene.arena, "u%d", i),
                                      .asks = arena_printf(&scene.arena, GPU ": %d", i),
                                      .spec = arena_printf(&scene.arena,
                                                           "\"priorityClassName\":\"c%d\"", i)});
    status = status_of(&scene, 0);
    assert_non_null(strstr(status, "\"byPriorityClass\":{\"c40\":\"40\",\"c39\":\"39\","));
    assert_non_null(strstr(status, "\"c9\":\"9\",\"(others)\":\"36\"},"));
    assert_null(strstr(status, "\"c8\""));
    assert_non_null(strstr(status, "\"name\":\"Pod/p31\",\"gpus\":\"31\"}],\"notSeen\""));
    scene_release(&scene);
}

/* At most ten, the oldest first; what is seen is none of them. */
static void what_is_reserved_but_not_seen_is_told(void **state)
{
    struct scene scene;
    struct pod_text seen = {.name = "p0", .uid = "u0", .asks = GPU ": 1"};
    struct pod_text other = {.namespace = "vision", .name = "v", .uid = "v", .asks = GPU ": 1"};
    const char *status;

    scene_init_live(&scene, tenants);
    assert_true(scene_create(&scene, &seen) && scene_create(&scene, &other));
    for (int i = 1; i <= 12; i++) {
        struct pod_text pod = {.name = arena_printf(&scene.arena, "p%d", i),
                               .uid = arena_printf(&scene.arena, "u%d", i),
                               .asks = GPU ": 1"};

        assert_true(scene_create(&scene, &pod));
    }
    scene_see(&scene, &seen);
    status = status_of(&scene, 0);
    assert_non_null(strstr(status, "\"reserved\":\"12\","));
    assert_non_null(
        strstr(status,
               "\"notSeen\":[{\"namespace\":\"research\",\"name\":\"Pod/p1\",\"gpus\":\"1\"},"));
    assert_non_null(strstr(status, "\"name\":\"Pod/p10\",\"gpus\":\"1\"}]}"));
    scene_release(&scene);
}

static void pods_of_nodes_that_are_gone_are_told_as_such(void **state)
{
    struct scene scene;
    const char *status;

    scene_init_live(&scene, tenants);
    see(&scene, (struct pod_text){.name = "a", .uid = "u1", .asks = GPU ": 1"});
    for (int i = 0; i < 2; i++)
        see(&scene, (struct pod_text){.name = i ? "b" : "c",
                                      .uid = i ? "u2" : "u3",
                                      .asks = GPU ": 4",
                                      .metadata = "\"deletionTimestamp\":\"2020-01-01T00:00:00Z\"",
                                      .spec = "\"nodeName\":\"n1\""});
    assert_string_equal(scene_gpus(&scene), "1/0");
    status = status_of(&scene, 0);
    assert_non_null(strstr(status, "\"used\":\"1\","));
    assert_non_null(strstr(status, "\"notSeen\":[],\"gone\":{\"pods\":2,\"gpus\":\"8\"}}"));
    assert_null(strstr(status_of(&scene, 1), "gone"));
    scene_release(&scene);
}

/* 16 guaranteed and 24 burst, 6 in use; the grant of 2 1/2 is for all pods, that of 4 for some. */
static void grants_count_as_long_as_they_run(void **state)
{
    static const struct {
        int64_t after;
        const char *guaranteed, *free;
    } rows[] = {
        {-1, "\"guaranteed\":\"16\",\"burst\":\"24\"", "\"free\":\"10\",\"freeBurst\":\"18\""},
        {0, "\"guaranteed\":\"18 1/2\",\"burst\":\"26 1/2\"",
         "\"free\":\"12 1/2\",\"freeBurst\":\"20 1/2\""},
        {3599, "\"guaranteed\":\"18 1/2\",\"burst\":\"26 1/2\"",
         "\"free\":\"12 1/2\",\"freeBurst\":\"20 1/2\""},
        {3600, "\"guaranteed\":\"16\",\"burst\":\"24\"", "\"free\":\"10\",\"freeBurst\":\"18\""},
    };
    struct scene scene;

    scene_init_live(&scene,
                    "research: {namespaces: ['research*'], gpus: {guaranteed: 16, burst: 24}, "
                    "priority: {burst: [p2]}}\n"
                    "exceptions: {all: {tenants: [research], grant: {gpus: 2.5}, "
                    "from: '2026-11-21T09:00:00Z', until: '2026-11-21T10:00:00Z'}, "
                    "some: {tenants: [research], grant: {gpus: 4}, "
                    "pods: {matchLabels: {a: b}}, until: '2030-01-01T00:00:00Z'}}");
    see(&scene, (struct pod_text){.name = "a", .uid = "u1", .asks = GPU ": 6"});
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *status;
        struct ledger_usage *usage;
        size_t count;

        scene.now = 1795251600 + rows[i].after; /* 2026-11-21T09:00:00Z */
        status = status_of(&scene, 0);
        assert_non_null(strstr(status, rows[i].guaranteed));
        assert_non_null(strstr(status, rows[i].free));
        ledger_report(scene.ledger, scene.now, &scene.arena, &usage, &count);
        assert_int_equal(usage[0].exceptions, rows[i].after < 0 || rows[i].after >= 3600 ? 1 : 2);
    }
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_told_by_mode_class_namespace_and_holder),
        cmocka_unit_test(nothing_is_left_where_more_is_held),
        cmocka_unit_test(of_many_classes_the_largest_are_told),
        cmocka_unit_test(what_is_reserved_but_not_seen_is_told),
        cmocka_unit_test(pods_of_nodes_that_are_gone_are_told_as_such),
        cmocka_unit_test(grants_count_as_long_as_they_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
