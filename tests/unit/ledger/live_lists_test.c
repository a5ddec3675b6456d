/* The live view: what makes a new one, and what doesn't. */
#include "unit/unit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_decisions_do_not_need_changes_nothing),
        cmocka_unit_test(a_list_that_shows_nothing_new_makes_no_new_view),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
