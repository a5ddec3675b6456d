#include "kube/claim.h"

#include "base/buf.h"
#include "base/memory.h"
#include "unit/arena.h"

static bool parse(const char *json, struct device_asks *out, struct error *err)
{
    *out = (struct device_asks){0};
    *err = (struct error){0};
    return device_asks_parse(parse_json(json), &arena, out, err);
}

/* "gpu.nvidia.com 2 | mig 1, net all(32) admin" */
static const char *describe(const struct device_asks *asks)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    for (size_t i = 0; i < asks->count; i++) {
        const struct device_ask *ask = &asks->items[i];
        struct bytes class = device_class(ask);

        buf_printf(&buf, "%s%.*s %s%s%s",
                   i == 0                ? ""
                   : ask->is_alternative ? " | "
                                         : ", ",
                   BYTES_ARG(class), amount_write(ask->count, &arena), ask->is_all ? " all" : "",
                   ask->is_admin ? " admin" : "");
    }
    return buf.len ? buf.data : "";
}

#define DEVICES(requests) "{\"devices\":{\"requests\":[" requests "]}}"

static void requests_of_all_versions_are_read(void **state)
{
    static const struct {
        const char *spec, *expected;
    } rows[] = {
        {"{}", ""},
        {"{\"devices\":null}", ""},
        {DEVICES(""), ""},
        {DEVICES("{\"name\":\"a\",\"exactly\":{\"deviceClassName\":\"x\"}}"), "x 1"},
        {DEVICES("{\"exactly\":{\"deviceClassName\":\"x\",\"count\":0}}"), "x 1"},
        {DEVICES("{\"exactly\":{\"deviceClassName\":\"x\",\"allocationMode\":\"ExactCount\","
                 "\"count\":9223372036854775807}}"),
         "x 9223372036854775807"},
        {DEVICES("{\"exactly\":{\"deviceClassName\":\"x\",\"allocationMode\":\"All\"}},"
                 "{\"exactly\":{\"deviceClassName\":\"y\",\"adminAccess\":true}}"),
         "x 1 all, y 1 admin"},
        {DEVICES("{\"firstAvailable\":[{\"deviceClassName\":\"x\",\"count\":2},"
                 "{\"deviceClassName\":\"y\"}]},{\"exactly\":{\"deviceClassName\":\"z\"}}"),
         "x 2 | y 1, z 1"},
        /* v1beta1 */
        {DEVICES("{\"deviceClassName\":\"x\",\"count\":3}"), "x 3"},
        /* Who writes both gets neither; until then the larger counts. */
        {DEVICES("{\"exactly\":{\"deviceClassName\":\"x\"},"
                 "\"firstAvailable\":[{\"deviceClassName\":\"y\",\"count\":4}]}"),
         "x 1 | y 4"},
        {DEVICES("{}"), " 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct device_asks asks;
        struct error err;

        if (!parse(rows[i].spec, &asks, &err))
            fail_msg("%s: %s", rows[i].spec, err.text);
        assert_string_equal(describe(&asks), rows[i].expected);
    }
}

#define EIGHT(text) text "," text "," text "," text "," text "," text "," text "," text

static void what_is_none_is_refused(void **state)
{
    static const struct {
        const char *spec, *problem;
        bool is_limit;
    } rows[] = {
        {"{\"devices\":[]}", "devices: expected an object, got an array", false},
        {"{\"devices\":{\"requests\":{}}}", "devices.requests: expected an array, got an object",
         false},
        {DEVICES("3"), "devices.requests[0]: expected an object, got a number", false},
        {DEVICES("{\"firstAvailable\":[null]}"),
         "devices.requests[0].firstAvailable[0]: expected an object, got null", false},
        {DEVICES("{\"exactly\":{\"count\":-1}}"),
         "devices.requests[0].exactly.count: is below zero", false},
        {DEVICES("{\"exactly\":{\"count\":\"1\"}}"),
         "devices.requests[0].exactly.count: expected an integer, got a string", false},
        {DEVICES("{\"exactly\":{\"allocationMode\":\"Most\"}}"),
         "devices.requests[0].exactly.allocationMode: expected ExactCount or All, got \"Most\"",
         false},
        {DEVICES("{\"firstAvailable\":[" EIGHT("{}") ",{}]}"),
         "devices.requests[0].firstAvailable: has more than 8 alternatives", true},
        {DEVICES(EIGHT("{}") "," EIGHT("{}") "," EIGHT("{}") "," EIGHT("{}") ",{}"),
         "devices.requests: has more than 32 requests", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct device_asks asks;
        struct error err;

        assert_false(parse(rows[i].spec, &asks, &err));
        assert_string_equal(err.text, rows[i].problem);
        assert_int_equal(err.is_limit, rows[i].is_limit);
    }
}

static void as_many_as_the_bounds_are_read(void **state)
{
    struct device_asks asks;
    struct error err;

    (void)state;
    assert_true(
        parse(DEVICES(EIGHT("{}") "," EIGHT("{}") "," EIGHT("{}") "," EIGHT("{}")), &asks, &err));
    assert_int_equal(asks.count, 32);
    assert_true(parse(DEVICES("{\"firstAvailable\":[" EIGHT("{}") "]}"), &asks, &err));
    assert_int_equal(asks.count, 8);
}

static void a_copy_refers_to_nothing_else(void **state)
{
    struct device_asks asks, copy;
    struct error err;
    char *room, *rest;

    (void)state;
    assert_true(parse(DEVICES("{\"exactly\":{\"deviceClassName\":\"x\",\"count\":2}},"
                              "{\"exactly\":{\"deviceClassName\":\"yy\",\"adminAccess\":true}}"),
                      &asks, &err));
    room = rest = memory_alloc(device_asks_room(&asks));
    device_asks_copy(&asks, &rest, &copy);
    assert_ptr_equal(rest, room + device_asks_room(&asks));
    assert_true(device_asks_equal(&asks, &copy));
    memset((void *)asks.items[0].resource.data, '?', asks.items[0].resource.len);
    assert_false(device_asks_equal(&asks, &copy));
    assert_string_equal(describe(&copy), "x 2, yy 1 admin");
    free(room);
}

static bool parse_refs(const char *json, struct claim_refs *out, struct error *err)
{
    *err = (struct error){0};
    return claim_refs_parse(parse_json(json), &arena, out, err);
}

static void what_was_made_from_a_template_is_found_by_its_entry(void **state)
{
    struct claim_refs refs;
    struct error err;

    (void)state;
    assert_true(parse_refs("[{\"name\":\"a\",\"resourceClaimTemplateName\":\"t\"},"
                           "{\"name\":\"b\",\"resourceClaimName\":\"c\"},"
                           "{\"name\":\"d\",\"resourceClaimTemplateName\":\"t\"}]",
                           &refs, &err));
    claim_refs_find_made(&refs, parse_json("[{\"name\":\"a\",\"resourceClaimName\":\"a-1\"},"
                                           "{\"name\":\"b\",\"resourceClaimName\":\"b-1\"}]"));
    assert_int_equal(refs.count, 3);
    assert_true(bytes_is(refs.items[0].claim, "a-1"));
    assert_true(bytes_is(refs.items[1].claim, "c"));
    assert_int_equal(refs.items[2].claim.len, 0);
    assert_false(parse_refs("[3]", &refs, &err));
    assert_false(parse_refs("[{\"name\":3}]", &refs, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(requests_of_all_versions_are_read, release_arena),
        cmocka_unit_test_teardown(what_is_none_is_refused, release_arena),
        cmocka_unit_test_teardown(as_many_as_the_bounds_are_read, release_arena),
        cmocka_unit_test_teardown(a_copy_refers_to_nothing_else, release_arena),
        cmocka_unit_test_teardown(what_was_made_from_a_template_is_found_by_its_entry,
                                  release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
