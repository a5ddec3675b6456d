/* What is asked for by claims, in a live view whose lists and events come in any order. */
#include "unit/unit.h"

#include "ledger/ledger_inner.h"
#include "unit/ledger/live_scene.h"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 8}}";

#define OBJECT(kind) "\"apiVersion\":\"resource.k8s.io/v1\",\"kind\":\"" kind "\","
#define META(name) "\"metadata\":{\"name\":\"" name "\",\"namespace\":\"research\"}"
#define REQUESTS(count)                                                                            \
    "\"devices\":{\"requests\":[{\"name\":\"r\",\"exactly\":{\"deviceClassName\":"                 \
    "\"gpu.nvidia.com\",\"count\":" #count "}}]}"
#define TEMPLATE(name, count) "{" META(name) ",\"spec\":{\"spec\":{" REQUESTS(count) "}}}"
#define CLASS(name, resource)                                                                      \
    "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"extendedResourceName\":\"" resource "\"}}"
#define FROM(template)                                                                             \
    "\"resourceClaims\":[{\"name\":\"c\",\"resourceClaimTemplateName\":\"" template "\"}]"
#define NAMING(claim) "\"resourceClaims\":[{\"name\":\"c\",\"resourceClaimName\":\"" claim "\"}]"
#define MADE(claim)                                                                                \
    "\"resourceClaimStatuses\":[{\"name\":\"c\",\"resourceClaimName\":\"" claim "\"}]"

#define MADE_FOR(pod, name, count)                                                                 \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"research\",\"uid\":\"" name "\","        \
    "\"annotations\":{\"resource.kubernetes.io/pod-claim-name\":\"c\"},\"ownerReferences\":[{"     \
    "\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"" pod "\",\"uid\":\"" pod                   \
    "\",\"controller\":true}]},\"spec\":{" REQUESTS(count) "}}"

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
    show(&scene, LIVE_CLAIMS, false, MADE_FOR("u1", "a-c-1", 5));
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

static const char *waiting(struct scene *scene, const char *template)
{
    struct outcome outcome =
        scene_settle(scene, scene_review(scene, "CREATE", "resourceclaimtemplates", template, NULL),
                     false);

    assert_true(outcome.is_settled && outcome.has_usage);
    return outcome.usage.waiting ? outcome.usage.waiting : "nobody";
}

/* Else the claim would be made of what nobody judged. */
static void a_template_in_the_place_of_another_meets_the_pods_that_wait(void **state)
{
    static const char smaller[] =
        "{" OBJECT("ResourceClaimTemplate") META("two") ",\"spec\":{\"spec\":{" REQUESTS(1) "}}}";
    static const char same[] =
        "{" OBJECT("ResourceClaimTemplate") META("two") ",\"spec\":{\"spec\":{" REQUESTS(2) "}}}";
    static const char larger[] =
        "{" OBJECT("ResourceClaimTemplate") META("two") ",\"spec\":{\"spec\":{" REQUESTS(8) "}}}";
    static const char other[] =
        "{" OBJECT("ResourceClaimTemplate") META("other") ",\"spec\":{\"spec\":{" REQUESTS(8) "}}}";
    struct pod_text pod = {.name = "a", .uid = "u1", .spec = FROM("two")};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_string_equal(waiting(&scene, larger), "nobody");
    show(&scene, LIVE_CLAIM_TEMPLATES, false, TEMPLATE("two", 2));
    assert_true(scene_create(&scene, &pod));
    show(&scene, LIVE_CLAIM_TEMPLATES, true, TEMPLATE("two", 2));
    assert_string_equal(waiting(&scene, larger), "research/a");
    assert_string_equal(waiting(&scene, smaller), "research/a");
    assert_string_equal(waiting(&scene, same), "nobody");
    assert_string_equal(waiting(&scene, other), "nobody");
    scene_see(&scene, &pod);
    assert_string_equal(waiting(&scene, larger), "research/a");
    pod.status = MADE("a-c-1");
    scene_see(&scene, &pod);
    assert_string_equal(waiting(&scene, larger), "nobody");
    assert_string_equal(scene_gpus(&scene), "2/0");
    show(&scene, LIVE_CLAIMS, false, MADE_FOR("u1", "a-c-1", 3));
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

/* ---- claims of their own */

static const char *claim(struct scene *scene, const char *name, const char *uid, int count)
{
    return arena_printf(&scene->arena,
                        "{\"apiVersion\":\"resource.k8s.io/v1\",\"kind\":\"ResourceClaim\","
                        "\"metadata\":{\"name\":\"%s\",\"namespace\":\"research\",\"uid\":\"%s\","
                        "\"resourceVersion\":\"7\"},\"spec\":{\"devices\":{\"requests\":[{"
                        "\"exactly\":{\"deviceClassName\":\"gpu.nvidia.com\",\"count\":%d}}]}}}",
                        name, uid, count);
}

static bool create_claim(struct scene *scene, const char *text)
{
    struct outcome outcome =
        scene_settle(scene, scene_review(scene, "CREATE", "resourceclaims", text, NULL), true);

    assert_true(outcome.is_settled);
    return outcome.is_allowed;
}

/* Rules 1 and 2. */
static void a_claim_counts_once_reserved_and_seen(void **state)
{
    struct scene scene;
    const char *text;

    (void)state;
    scene_init_live(&scene, one_tenant);
    text = claim(&scene, "a", "u1", 5);
    assert_true(create_claim(&scene, text));
    assert_true(create_claim(&scene, text));
    assert_string_equal(scene_gpus(&scene), "5/5");
    assert_false(create_claim(&scene, claim(&scene, "b", "u2", 4)));
    show(&scene, LIVE_CLAIMS, false, text);
    assert_string_equal(scene_gpus(&scene), "5/0");
    assert_true(TAILQ_EMPTY(&scene.ledger->holdings.reservations));
    scene_release(&scene);
}

/* Rule 4: each list is about its own kind. */
static void only_the_view_of_claims_releases_them(void **state)
{
    struct pod_text pod = {.name = "a", .uid = "p", .asks = "nvidia.com/gpu: 1"};
    struct scene scene;
    const char *first, *both[] = {NULL, NULL, NULL};

    (void)state;
    scene_init_live(&scene, one_tenant);
    first = claim(&scene, "a", "u1", 2);
    assert_true(create_claim(&scene, first));
    both[0] = first;
    both[1] = claim(&scene, "b", "u2", 3);
    scene_list(&scene, LIVE_CLAIMS, both);
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "6/0");
    scene_list(&scene, LIVE_PODS, NULL);
    assert_string_equal(scene_gpus(&scene), "5/0");
    scene_see(&scene, &pod);
    show(&scene, LIVE_CLAIMS, true, first);
    assert_string_equal(scene_gpus(&scene), "4/0");
    scene_list(&scene, LIVE_CLAIMS, NULL);
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene_release(&scene);
}

/* Rule 5. */
static void a_claim_that_never_came_is_void_by_a_read_after_its_time(void **state)
{
    struct scene scene;
    struct live_due due;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_true(create_claim(&scene, claim(&scene, "a", "u1", 5)));
    assert_true(create_claim(&scene, claim(&scene, "b", "u2", 1)));
    scene_list(&scene, LIVE_CLAIMS, NULL);
    scene_age(&scene, SCENE_MAX_REQUEST + 1000);
    assert_string_equal(scene_gpus(&scene), "6/6");
    assert_true(live_next_due(scene.ledger, 0, &scene.arena, &due));
    assert_true(due.kind == LIVE_CLAIMS && bytes_is(due.name, "a") && bytes_is(due.uid, "u1"));
    scene_resolve(&scene, &due, NULL);
    assert_string_equal(scene_gpus(&scene), "1/1");
    assert_true(live_next_due(scene.ledger, 0, &scene.arena, &due));
    scene_resolve(&scene, &due, claim(&scene, "b", "u2", 1));
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene_release(&scene);
}

static void what_was_made_for_a_pod_does_not_count_again(void **state)
{
    static const char *const made[] = {MADE_FOR("p", "m", 2), NULL};
    struct pod_text pod = {.name = "p", .uid = "p", .spec = FROM("two"), .status = MADE("m")};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_list(&scene, LIVE_CLAIMS, made);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_see(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    show(&scene, LIVE_CLAIMS, false, MADE_FOR("p", "m", 2));
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_release(&scene);
}

/* The devices stay allocated as long as one of them is there. */
static void what_was_made_for_a_pod_counts_with_others_that_name_it(void **state)
{
    struct pod_text pod = {.name = "p", .uid = "p", .spec = FROM("two"), .status = MADE("m")};
    struct pod_text heir = {.name = "h", .uid = "h", .spec = NAMING("m")};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &pod);
    scene_see(&scene, &heir);
    assert_string_equal(scene_gpus(&scene), "0/0");
    show(&scene, LIVE_CLAIMS, false, MADE_FOR("p", "m", 2));
    assert_string_equal(scene_gpus(&scene), "4/0");
    scene_see_gone(&scene, &pod);
    assert_string_equal(scene_gpus(&scene), "2/0");
    show(&scene, LIVE_CLAIMS, true, MADE_FOR("p", "m", 2));
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_see_gone(&scene, &heir);
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* What is no pod's any more counts, and what becomes a pod's counts no more. */
static void a_claim_that_changes_hands_counts_as_it_is(void **state)
{
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    show(&scene, LIVE_CLAIMS, false, MADE_FOR("p", "m", 2));
    show(&scene, LIVE_CLAIMS, false, claim(&scene, "m", "m", 2));
    assert_string_equal(scene_gpus(&scene), "2/0");
    show(&scene, LIVE_CLAIMS, false, MADE_FOR("p", "m", 2));
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

/* A pod and a claim of one name are two things; a claim takes the place of its own name only. */
static void names_of_claims_are_their_own(void **state)
{
    struct pod_text pod = {.name = "a", .uid = "p", .asks = "nvidia.com/gpu: 4"};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_see(&scene, &pod);
    assert_true(create_claim(&scene, claim(&scene, "a", "u1", 4)));
    assert_false(create_claim(&scene, claim(&scene, "b", "u2", 1)));
    assert_true(create_claim(&scene, claim(&scene, "a", "u3", 4)));
    assert_string_equal(scene_gpus(&scene), "12/8");
    scene_release(&scene);
}

/* ---- without a live view */

static void settle(struct scene *scene, const char *operation, const char *resource,
                   const char *text)
{
    bool is_delete = !strcmp(operation, "DELETE");
    struct outcome outcome =
        scene_settle(scene,
                     scene_review(scene, operation, resource, is_delete ? NULL : text,
                                  is_delete ? text : NULL),
                     true);

    assert_true(outcome.is_settled && outcome.is_allowed);
}

static void what_was_let_in_is_there_until_it_is_deleted(void **state)
{
    static const char template[] =
        "{" OBJECT("ResourceClaimTemplate") META("two") ",\"spec\":{\"spec\":{" REQUESTS(2) "}}}";
    struct pod_text pod = {.name = "a", .uid = "p", .spec = FROM("two")};
    struct scene scene;
    const char *text;

    (void)state;
    scene_init(&scene, one_tenant);
    text = claim(&scene, "c", "u1", 3);
    settle(&scene, "CREATE", "resourceclaims", text);
    assert_string_equal(scene_gpus(&scene), "3/0");
    settle(&scene, "CREATE", "resourceclaimtemplates", template);
    assert_true(scene_create(&scene, &pod));
    assert_string_equal(scene_gpus(&scene), "5/0");
    settle(&scene, "DELETE", "resourceclaimtemplates", template);
    assert_null(view_find(ledger_view(scene.ledger, &scene.reader), VIEW_CLAIM_TEMPLATES,
                          BYTES("research/two")));
    assert_string_equal(scene_gpus(&scene), "5/0");
    assert_non_null(
        view_find(ledger_view(scene.ledger, &scene.reader), VIEW_CLAIMS, BYTES("research/c")));
    settle(&scene, "DELETE", "resourceclaims", text);
    assert_null(
        view_find(ledger_view(scene.ledger, &scene.reader), VIEW_CLAIMS, BYTES("research/c")));
    assert_string_equal(scene_gpus(&scene), "2/0");
    scene_release(&scene);
}

static void a_state_file_has_claims_in_any_order(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, one_tenant);
    scene_load(&scene, "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: research}\n"
                       "spec: {resourceClaims: [{name: c, resourceClaimTemplateName: two}]}\n"
                       "---\napiVersion: resource.k8s.io/v1\nkind: ResourceClaim\n"
                       "metadata: {name: a, namespace: research}\n"
                       "spec: {devices: {requests: [{exactly: {deviceClassName: x}}]}}\n");
    assert_string_equal(scene_gpus(&scene), "1/0");
    scene_load(&scene, "apiVersion: resource.k8s.io/v1beta1\nkind: ResourceClaimTemplate\n"
                       "metadata: {name: two, namespace: research}\n"
                       "spec: {spec: {devices: {requests: [{deviceClassName: x, count: 2}]}}}\n");
    assert_string_equal(scene_gpus(&scene), "3/0");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_counts_by_a_template_that_is_seen_after_it),
        cmocka_unit_test(a_pod_goes_on_counting_by_a_template_that_is_gone),
        cmocka_unit_test(a_pod_counts_by_what_was_made_for_it),
        cmocka_unit_test(a_pod_counts_by_a_class_that_is_seen_after_it),
        cmocka_unit_test(a_template_in_the_place_of_another_meets_the_pods_that_wait),
        cmocka_unit_test(a_claim_counts_once_reserved_and_seen),
        cmocka_unit_test(only_the_view_of_claims_releases_them),
        cmocka_unit_test(a_claim_that_never_came_is_void_by_a_read_after_its_time),
        cmocka_unit_test(what_was_made_for_a_pod_does_not_count_again),
        cmocka_unit_test(what_was_made_for_a_pod_counts_with_others_that_name_it),
        cmocka_unit_test(a_claim_that_changes_hands_counts_as_it_is),
        cmocka_unit_test(names_of_claims_are_their_own),
        cmocka_unit_test(what_was_let_in_is_there_until_it_is_deleted),
        cmocka_unit_test(a_state_file_has_claims_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
