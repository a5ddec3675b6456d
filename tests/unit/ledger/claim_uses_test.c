/* What happens to a claim or a template is looked up for the pods that name it, and for no other:
 * held against a look at all of them. */
#include "unit/unit.h"

#include "ledger/ledger_inner.h"
#include "unit/ledger/live_scene.h"
#include "unit/random.h"

enum { PODS = 12, EVENTS = 3000 };

static const char tenants[] = "research: {namespaces: [research, science], gpus: {guaranteed: 8}}";
static const char *const namespaces[] = {"research", "science"};
static const char *const names[] = {"a", "b", "c"}; /* of claims and of templates */

static const char *any_name(struct random *random)
{
    return names[random_below(random, 3)];
}

/* Some names come twice, as a claim's and a template's, too. */
static void name_claims(struct scene *scene, struct random *random, struct pod_text *pod)
{
    const char *refs = "", *made = "", *comma = "";

    for (unsigned i = 0, count = random_below(random, 4); i < count; i++, comma = ",") {
        bool is_template = random_below(random, 2);

        refs = arena_printf(&scene->arena, "%s%s{\"name\":\"c%u\",\"%s\":\"%s\"}", refs, comma, i,
                            is_template ? "resourceClaimTemplateName" : "resourceClaimName",
                            any_name(random));
        if (is_template && random_below(random, 2))
            made =
                arena_printf(&scene->arena, "%s%s{\"name\":\"c%u\",\"resourceClaimName\":\"%s\"}",
                             made, *made ? "," : "", i, any_name(random));
    }
    pod->spec = arena_printf(&scene->arena, "\"resourceClaims\":[%s]", refs);
    pod->status = arena_printf(&scene->arena, "\"resourceClaimStatuses\":[%s]", made);
}

static void change_pod(struct scene *scene, struct random *random, bool is_gone)
{
    const char *name = arena_printf(&scene->arena, "p%u", random_below(random, PODS));
    struct pod_text pod = {.namespace = namespaces[random_below(random, 2)],
                           .name = name,
                           .uid = name,
                           .asks = "cpu: 1"};

    name_claims(scene, random, &pod);
    if (is_gone)
        scene_see_gone(scene, &pod);
    else
        scene_see(scene, &pod);
}

static void change_claim(struct scene *scene, struct random *random)
{
    bool is_template = random_below(random, 2);
    const char *text, *name = any_name(random);
    struct error err;

    text = arena_printf(&scene->arena,
                        "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"uid\":\"%s\"},"
                        "\"spec\":{%s\"devices\":{\"requests\":[{\"exactly\":{\"deviceClassName\":"
                        "\"gpu.nvidia.com\",\"count\":%u}}]}}%s}",
                        name, namespaces[random_below(random, 2)], name,
                        is_template ? "\"spec\":{" : "", 1 + random_below(random, 4),
                        is_template ? "}" : "");
    assert_true(live_event(scene->ledger, is_template ? LIVE_CLAIM_TEMPLATES : LIVE_CLAIMS,
                           random_one_in(random, 3), scene_parse(scene, text), &err));
}

/* What a look-up changes goes to the end of the list. */
static bool is_looked_up(struct holdings *holdings)
{
    const struct holding *last = TAILQ_LAST(&holdings->all, holding_list);

    holdings_look_up(holdings);
    return TAILQ_LAST(&holdings->all, holding_list) == last;
}

static void a_claim_s_event_reaches_all_pods_that_name_it(void **state)
{
    struct random random = {20};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, tenants);
    for (int i = 0; i < EVENTS; i++) {
        if (random_below(&random, 2))
            change_claim(&scene, &random);
        else
            change_pod(&scene, &random, random_one_in(&random, 3));
        assert_true(is_looked_up(&scene.ledger->holdings));
    }
    assert_int_not_equal(scene.ledger->holdings.claims.count, 0);
    scene_list(&scene, LIVE_PODS, NULL);
    assert_int_equal(scene.ledger->holdings.claims.count, 0);
    scene_release(&scene);
}

static const char *users(struct scene *scene, const char *namespace, const char *name)
{
    const struct claim_use *use =
        holdings_first_use(&scene->ledger->holdings, bytes_from(namespace), bytes_from(name));
    const char *all = "";

    for (; use; use = TAILQ_NEXT(use, in_claim))
        all = arena_printf(&scene->arena, "%s %.*s", all, (int)holding_name(use->holding).len,
                           holding_name(use->holding).data);
    return all;
}

static void pods_are_found_by_each_name_once(void **state)
{
    static const char both[] = "\"resourceClaims\":[{\"name\":\"x\",\"resourceClaimName\":\"a\"},"
                               "{\"name\":\"y\",\"resourceClaimTemplateName\":\"a\"},"
                               "{\"name\":\"z\",\"resourceClaimTemplateName\":\"b\"}]";
    static const char one[] = "\"resourceClaims\":[{\"name\":\"x\",\"resourceClaimName\":\"a\"}]";
    struct pod_text first = {.name = "one", .uid = "u1", .spec = both};
    struct pod_text second = {.name = "two", .uid = "u2", .spec = one};
    struct pod_text other = {.namespace = "science", .name = "three", .uid = "u3", .spec = one};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, tenants);
    scene_see(&scene, &first);
    scene_see(&scene, &second);
    scene_see(&scene, &other);
    assert_string_equal(users(&scene, "research", "a"), " one two");
    assert_string_equal(users(&scene, "research", "b"), " one");
    assert_string_equal(users(&scene, "science", "a"), " three");
    assert_string_equal(users(&scene, "science", "b"), "");
    scene_see_gone(&scene, &first);
    assert_string_equal(users(&scene, "research", "a"), " two");
    assert_string_equal(users(&scene, "research", "b"), "");
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_s_event_reaches_all_pods_that_name_it),
        cmocka_unit_test(pods_are_found_by_each_name_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
