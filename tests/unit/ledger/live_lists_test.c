/* The live view: what makes a new one, and what doesn't. */
#include "unit/unit.h"

#include "base/clock.h"
#include "unit/ledger/live_scene.h"

static const char one_tenant[] = "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* Nodes write their status every few seconds: that makes no new view. */
static void what_decisions_do_not_need_changes_nothing(void **state)
{
    static const struct {
        enum live_kind kind;
        const char *before, *after;
    } rows[] = {
        {LIVE_NAMESPACES,
         "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\",\"y\":\"2\"},\"resourceVersion\":"
         "\"1\"},"
         "\"status\":{\"phase\":\"Active\"}}",
         "{\"metadata\":{\"name\":\"a\",\"labels\":{\"y\":\"2\",\"x\":\"1\"},\"annotations\":{"
         "\"z\":\"3\"},"
         "\"managedFields\":[{}],\"resourceVersion\":\"2\"},\"status\":{\"phase\":\"Terminating\"}"
         "}"},
        {LIVE_NODES, "{\"metadata\":{\"name\":\"a\",\"labels\":{}},\"status\":{}}",
         "{\"metadata\":{\"name\":\"a\"},\"status\":{\"conditions\":[{}]}}"},
        {LIVE_CLASSES, "{\"metadata\":{\"name\":\"a\"},\"value\":5}",
         "{\"metadata\":{\"name\":\"a\"},\"value\":5,\"description\":\"new\"}"},
        {LIVE_CLAIMS, "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"devices\":{\"requests\":[{}]}}}",
         "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"}},\"spec\":{\"devices\":{"
         "\"requests\":[{}]}},\"status\":{\"allocation\":{}}}"},
    };
    struct scene scene;
    struct error err;

    (void)state;
    scene_init_live(&scene, one_tenant);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct view *view;

        assert_true(live_event(scene.ledger, rows[i].kind, false,
                               scene_parse(&scene, rows[i].before), &err));
        view = ledger_view(scene.ledger, &scene.reader);
        assert_true(live_event(scene.ledger, rows[i].kind, false,
                               scene_parse(&scene, rows[i].after), &err));
        assert_ptr_equal(ledger_view(scene.ledger, &scene.reader), view);
    }
    scene_release(&scene);
}

/* One that the API server doesn't know is listed as empty again and again. */
static void a_list_that_shows_nothing_new_makes_no_new_view(void **state)
{
    static const char *const namespaces[] = {
        "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"}}}",
        "{\"metadata\":{\"name\":\"b\"}}", NULL};
    static const char *const renamed[] = {
        "{\"metadata\":{\"name\":\"b\"}}",
        "{\"metadata\":{\"name\":\"c\",\"labels\":{\"x\":\"1\"}}}", NULL};
    static const char *const relabelled[] = {
        "{\"metadata\":{\"name\":\"b\",\"labels\":{\"x\":\"2\"}}}",
        "{\"metadata\":{\"name\":\"c\",\"labels\":{\"x\":\"1\"}}}", NULL};
    struct scene scene;
    const struct view *view;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_list(&scene, LIVE_NAMESPACES, namespaces);
    view = ledger_view(scene.ledger, &scene.reader);
    scene_list(&scene, LIVE_NAMESPACES, namespaces);
    scene_list(&scene, LIVE_NODES, NULL);
    scene_list(&scene, LIVE_CLAIMS, NULL);
    assert_ptr_equal(ledger_view(scene.ledger, &scene.reader), view);
    scene_list(&scene, LIVE_NAMESPACES, renamed);
    view = ledger_view(scene.ledger, &scene.reader);
    assert_null(view_find(view, VIEW_NAMESPACES, BYTES("a")));
    assert_non_null(view_find(view, VIEW_NAMESPACES, BYTES("c")));
    scene_list(&scene, LIVE_NAMESPACES, relabelled);
    view = ledger_view(scene.ledger, &scene.reader);
    assert_int_equal(value_count(view_labels(view, VIEW_NAMESPACES, BYTES("b"))), 1);
    scene_release(&scene);
}

#define NODE(labels)                                                                               \
    "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"kubernetes.io/hostname\":\"h1\"," labels "}}}"
#define CLIQUE "\"nvidia.com/gpu.clique\":\"c\\u0031\""
#define RACK "\"example.com/rack\":\"r1\""

static const char by_rack[] = "cluster: {fabric: {nodeLabel: example.com/rack}}\n"
                              "research: {namespaces: [research], gpus: {guaranteed: 4}}";

/* Of the node n1: how many labels it has, and two of them. */
static const char *node_labels(struct scene *scene)
{
    const struct view *view = ledger_view(scene->ledger, &scene->reader);
    struct value labels = view_labels(view, VIEW_NODES, BYTES("n1"));

    return arena_printf(&scene->arena, "%zu: clique %.*s, rack %.*s, host %.*s",
                        value_count(labels),
                        BYTES_ARG(value_text(value_member(labels, "nvidia.com/gpu.clique"))),
                        BYTES_ARG(value_text(value_member(labels, "example.com/rack"))),
                        BYTES_ARG(value_text(value_member(labels, "kubernetes.io/hostname"))));
}

static void of_a_node_the_labels_that_decisions_read_are_kept(void **state)
{
    static const char *const nodes[] = {NODE(RACK "," CLIQUE ",\"x\":\"1\""), NULL};
    static const char *const others[] = {NODE(CLIQUE ",\"x\":\"2\",\"y\":\"2\""), NULL};
    static const char bare[] = "{\"metadata\":{\"name\":\"n1\"}}";
    const struct view *view;
    struct scene scene;
    struct error err;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_list(&scene, LIVE_NODES, nodes);
    assert_string_equal(node_labels(&scene), "2: clique c1, rack , host h1");
    view = ledger_view(scene.ledger, &scene.reader);
    scene_list(&scene, LIVE_NODES, others);
    assert_true(live_event(scene.ledger, LIVE_NODES, false,
                           scene_parse(&scene, NODE("\"z\":\"3\"," CLIQUE)), &err));
    assert_ptr_equal(ledger_view(scene.ledger, &scene.reader), view);
    assert_true(live_event(scene.ledger, LIVE_NODES, false, scene_parse(&scene, bare), &err));
    assert_string_equal(node_labels(&scene), "0: clique , rack , host ");
    assert_non_null(view_find(ledger_view(scene.ledger, &scene.reader), VIEW_NODES, BYTES("n1")));
    scene_release(&scene);
}

/* A list that began by the label before doesn't show the new one. */
static void another_label_of_nodes_has_them_listed_anew(void **state)
{
    static const char *const nodes[] = {NODE(RACK "," CLIQUE), NULL};
    struct scene scene;
    struct error err;

    (void)state;
    scene_init_live(&scene, one_tenant);
    scene_list(&scene, LIVE_NODES, nodes);
    scene_adopt(&scene, one_tenant);
    assert_false(live_wants_list(scene.ledger, LIVE_NODES));
    live_list_begin(scene.ledger, LIVE_NODES);
    assert_true(live_list_item(scene.ledger, LIVE_NODES, scene_parse(&scene, nodes[0]), &err));
    scene_adopt(&scene, by_rack);
    assert_true(live_wants_list(scene.ledger, LIVE_NODES));
    assert_false(live_wants_list(scene.ledger, LIVE_NODES));
    assert_false(live_wants_list(scene.ledger, LIVE_PODS));
    live_list_end(scene.ledger, LIVE_NODES);
    live_contact(scene.ledger, LIVE_NODES, clock_milliseconds());
    assert_null(ledger_view(scene.ledger, &scene.reader));
    assert_string_equal(scene_gpus(&scene), "the view of nodes isn't there yet");
    scene_list(&scene, LIVE_NODES, nodes);
    assert_string_equal(node_labels(&scene), "2: clique , rack r1, host h1");
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_release(&scene);
}

enum { QUOTAS = 1 << LIVE_RESOURCE_QUOTAS, RANGES = 1 << LIVE_LIMIT_RANGES };

static void adopt_asking(struct scene *scene, unsigned asked)
{
    struct tenancy *tenancy = arena_alloc(&scene->arena, sizeof(*tenancy));

    *tenancy = *scene_tenancy(scene, one_tenant);
    tenancy->asked = asked;
    scene->tenancy = tenancy;
    ledger_adopt(scene->ledger, tenancy);
}

static bool has_quota(struct scene *scene, const char *namespace)
{
    return view_has_any(ledger_names(scene->ledger, &scene->reader), VIEW_RESOURCE_QUOTAS,
                        bytes_from(namespace));
}

/* What caps need doesn't wait for it. */
static void what_rules_ask_for_is_lacking_until_it_is_listed(void **state)
{
    static const char quota[] = "{\"metadata\":{\"name\":\"q\",\"namespace\":\"a\"}}";
    static const char *const quotas[] = {quota, NULL};
    struct scene scene;
    struct error err;

    (void)state;
    scene_init_live(&scene, one_tenant);
    assert_false(live_is_asked(scene.ledger, LIVE_RESOURCE_QUOTAS));
    assert_true(live_is_asked(scene.ledger, LIVE_NODES));
    assert_true(live_is_asked(scene.ledger, LIVE_PODS));
    assert_int_equal(live_lacking(scene.ledger), 0);
    adopt_asking(&scene, QUOTAS | RANGES);
    assert_true(live_is_asked(scene.ledger, LIVE_RESOURCE_QUOTAS));
    assert_false(live_is_asked(scene.ledger, LIVE_NETWORK_POLICIES));
    assert_true(live_wants_list(scene.ledger, LIVE_RESOURCE_QUOTAS));
    assert_int_equal(live_lacking(scene.ledger), QUOTAS | RANGES);
    assert_non_null(ledger_view(scene.ledger, &scene.reader));
    assert_string_equal(scene_gpus(&scene), "0/0");
    scene_list(&scene, LIVE_RESOURCE_QUOTAS, quotas);
    assert_int_equal(live_lacking(scene.ledger), RANGES);
    assert_true(has_quota(&scene, "a"));
    scene_list(&scene, LIVE_LIMIT_RANGES, NULL);
    assert_int_equal(live_lacking(scene.ledger), 0);
    assert_true(
        live_event(scene.ledger, LIVE_RESOURCE_QUOTAS, true, scene_parse(&scene, quota), &err));
    assert_false(has_quota(&scene, "a"));
    scene_release(&scene);
}

static void what_no_rule_asks_for_any_more_is_forgotten(void **state)
{
    static const char *const quotas[] = {"{\"metadata\":{\"name\":\"q\",\"namespace\":\"a\"}}",
                                         NULL};
    struct scene scene;

    (void)state;
    scene_init_live(&scene, one_tenant);
    adopt_asking(&scene, QUOTAS);
    scene_list(&scene, LIVE_RESOURCE_QUOTAS, quotas);
    adopt_asking(&scene, QUOTAS); /* it goes on */
    assert_int_equal(live_lacking(scene.ledger), 0);
    assert_true(has_quota(&scene, "a"));
    adopt_asking(&scene, 0);
    assert_false(live_is_asked(scene.ledger, LIVE_RESOURCE_QUOTAS));
    assert_int_equal(live_lacking(scene.ledger), 0);
    assert_false(has_quota(&scene, "a"));
    adopt_asking(&scene, QUOTAS);
    assert_int_equal(live_lacking(scene.ledger), QUOTAS);
    assert_true(live_wants_list(scene.ledger, LIVE_RESOURCE_QUOTAS));
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_decisions_do_not_need_changes_nothing),
        cmocka_unit_test(a_list_that_shows_nothing_new_makes_no_new_view),
        cmocka_unit_test(of_a_node_the_labels_that_decisions_read_are_kept),
        cmocka_unit_test(what_rules_ask_for_is_lacking_until_it_is_listed),
        cmocka_unit_test(what_no_rule_asks_for_any_more_is_forgotten),
        cmocka_unit_test(another_label_of_nodes_has_them_listed_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
