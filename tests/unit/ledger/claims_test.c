/* What is asked for by claims, in a live view whose lists and events come in any order. */
#include "unit/unit.h"

#include "ledger/ledger_inner.h"
#include "unit/ledger/live_scene.h"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 8}}";

#define META(name) "\"metadata\":{\"name\":\"" name "\",\"namespace\":\"research\"}"
#define REQUESTS(count)                                                                            \
    "\"devices\":{\"requests\":[{\"name\":\"r\",\"exactly\":{\"deviceClassName\":"                 \
    "\"gpu.nvidia.com\",\"count\":" #count "}}]}"
#define TEMPLATE(name, count) "{" META(name) ",\"spec\":{\"spec\":{" REQUESTS(count) "}}}"
#define CLAIM(name, count) "{" META(name) ",\"spec\":{" REQUESTS(count) "}}"
#define CLASS(name, resource)                                                                      \
    "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"extendedResourceName\":\"" resource "\"}}"
#define FROM(template)                                                                             \
    "\"resourceClaims\":[{\"name\":\"c\",\"resourceClaimTemplateName\":\"" template "\"}]"
#define MADE(claim)                                                                                \
    "\"resourceClaimStatuses\":[{\"name\":\"c\",\"resourceClaimName\":\"" claim "\"}]"

static void show(struct scene *scene, enum live_kind kind, bool is_gone, const char *text)
{
    struct error err;

    assert_true(live_event(scene->ledger, kind, is_gone, scene_parse(scene, text), &err));
}

static void a_pod_counts_by_a_template_that_is_seen_after_it(void **state)
{
    static const char *const templates[] = {TEMPLATE("two", 2), NULL};
    struct pod_text first = {.name = "a", .uid = "u1", .spec = FROM("two")};
    struct pod_text second = {.name = "b", .uid = "u2", .spec = FROM("three")};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &first);
    scene_see(&scene, &second);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_list(&scene, LIVE_CLAIM_TEMPLATES, templates);
    assert_string_equal(scene_gpus(&scene), "2/0");
    show(&scene, LIVE_CLAIM_TEMPLATES, false, TEMPLATE("three", 3));
    assert_string_equal(scene_gpus(&scene), "5/0");
    scene_release(&scene);
}

static void a_pod_goes_on_counting_by_a_template_that_is_gone(void **state)
{
    struct pod_text pod = {.name = "a", .uid = "u1", .spec = FROM("two")};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    show(&scene, LIVE_CLAIM_TEMPLATES, false, TEMPLATE("two", 2));
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_gpus(&scene), "2/2");
    show(&scene, LIVE_CLAIM_TEMPLATES, true, TEMPLATE("two", 2));
    assert_string_equal(scene_gpus(&scene), "2/2");
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_list(&scene, LIVE_CLAIM_TEMPLATES, NULL);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_see_gone(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* A template that was made anew, with more in it, before the claim was. */
static void a_pod_counts_by_what_was_made_for_it(void **state)
{
    struct pod_text pod = {.name = "a", .uid = "u1", .spec = FROM("two")};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    show(&scene, LIVE_CLAIM_TEMPLATES, false, TEMPLATE("two", 2));
    assert_true(scene_create(&scene, &pod));
    pod.status = MADE("a-c-1");
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    show(&scene, LIVE_CLAIMS, false, CLAIM("a-c-1", 5));
    assert_string_equal(scene_gpus(&scene), "5/0");
    scene_release(&scene);
}

static void a_pod_counts_by_a_class_that_is_seen_after_it(void **state)
{
    static const char *const classes[] = {CLASS("gpu.nvidia.com", "example.com/gpu"), NULL};
    struct pod_text pod = {.name = "a", .uid = "u1", .asks = "example.com/gpu: 3"};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_list(&scene, LIVE_DEVICE_CLASSES, classes);
    assert_string_equal(scene_gpus(&scene), "3/0");
    show(&scene, LIVE_DEVICE_CLASSES, false, CLASS("gpu.nvidia.com", "example.com/other"));
    assert_string_equal(scene_gpus(&scene), "0/0");
    show(&scene, LIVE_DEVICE_CLASSES, false, CLASS("gpu.nvidia.com", "example.com/gpu"));
    assert_string_equal(scene_gpus(&scene), "3/0");
    show(&scene, LIVE_DEVICE_CLASSES, true, CLASS("gpu.nvidia.com", "example.com/gpu"));
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_counts_by_a_template_that_is_seen_after_it),
        cmocka_unit_test(a_pod_goes_on_counting_by_a_template_that_is_gone),
        cmocka_unit_test(a_pod_counts_by_what_was_made_for_it),
        cmocka_unit_test(a_pod_counts_by_a_class_that_is_seen_after_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
