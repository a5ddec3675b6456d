#include <jansson.h>

#include "kube/response.h"
#include "unit/arena.h"

static const struct strings no_warnings;

static const char *write_response(const struct response *response)
{
    struct buf buf;

    buf_init(&buf, &arena, RESPONSE_MAX_BYTES);
    response_write(response, &buf);
    assert_false(buf.is_full);
    assert_null(strchr(buf.data, '\n'));
    return buf.data;
}

/* The `response` member of what is written, once the envelope was looked at. */
static json_t *read_response(const struct response *response)
{
    json_t *root = json_loads(write_response(response), JSON_REJECT_DUPLICATES, NULL);
    json_t *answer = json_object_get(root, "response");

    assert_true(json_is_object(answer));
    assert_int_equal(json_object_size(root), 3);
    assert_string_equal(json_string_value(json_object_get(root, "kind")), "AdmissionReview");
    assert_string_equal(json_string_value(json_object_get(root, "apiVersion")),
                        "admission.k8s.io/v1");
    json_incref(answer);
    json_decref(root);
    return answer;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

static void allowing_takes_no_more_than_uid_and_allowed(void **state)
{
    struct response response = {.uid = BYTES("u-1"),
                                .is_allowed = true,
                                .warnings = &no_warnings,
                                .tenant = ""};

    assert_string_equal(write_response(&response),
                        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                        "\"response\":{\"uid\":\"u-1\",\"allowed\":true}}");
}

static void the_uid_comes_back_as_it_was(void **state)
{
    static const struct bytes uids[] = {
        BYTES("387d5c73-00c6-4cd1-b846-88e86777cfb3"),
        BYTES("a\"b\\c"),
        BYTES("\n\t\x01"),
        BYTES("\xc3\xa9\xf0\x9f\x98\x80"),
    };

    for (size_t i = 0; i < COUNT(uids); i++) {
        struct response response = {.uid = uids[i], .is_allowed = true, .warnings = &no_warnings};
        json_t *answer = read_response(&response);

        assert_true(bytes_is(uids[i], text_of(answer, "uid")));
        json_decref(answer);
    }
}

static void a_denial_has_a_status_that_go_can_read(void **state)
{
    struct response_cause causes[] = {
        {"gpu-baseline/images", "image \"x\" is not allowed", "spec.containers[0].image"},
        {"cluster/limits", "", ""},
    };
    struct response response = {.uid = BYTES("u"),
                                .message = "first\n  rule: a\nsecond",
                                .causes = causes,
                                .cause_count = COUNT(causes),
                                .warnings = &no_warnings};
    json_t *answer = read_response(&response), *status, *list, *code;

    assert_true(json_is_false(json_object_get(answer, "allowed")));
    status = json_object_get(answer, "status");
    code = json_object_get(status, "code");
    assert_true(json_is_integer(code));
    assert_int_equal(json_integer_value(code), 403);
    assert_string_equal(text_of(status, "reason"), "Forbidden");
    assert_string_equal(text_of(status, "status"), "Failure");
    assert_string_equal(text_of(status, "message"), "first\n  rule: a\nsecond");
    list = json_object_get(json_object_get(status, "details"), "causes");
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < COUNT(causes); i++) {
        json_t *cause = json_array_get(list, i);

        assert_int_equal(json_object_size(cause), 3);
        assert_string_equal(text_of(cause, "reason"), causes[i].rule);
        assert_string_equal(text_of(cause, "message"), causes[i].text);
        assert_string_equal(text_of(cause, "field"), causes[i].field);
    }
    json_decref(answer);
}

static void a_denial_without_causes_has_no_details(void **state)
{
    struct response response = {.uid = BYTES("u"), .message = "no", .warnings = &no_warnings};
    json_t *answer = read_response(&response), *status = json_object_get(answer, "status");

    assert_null(json_object_get(status, "details"));
    assert_int_equal(json_integer_value(json_object_get(status, "code")), 403);
    json_decref(answer);
}

/* RFC 4648, the slow way. */
static const char *decode_base64(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strcspn(text, "="), count = 0;
    char *out = arena_alloc(&arena, strlen(text) + 1);
    unsigned bits = 0, held = 0;

    assert_int_equal(strlen(text) % 4, 0);
    assert_int_equal(strspn(text + len, "="), strlen(text) - len);
    assert_in_range(strlen(text) - len, 0, 2);
    for (size_t i = 0; i < len; i++) {
        const char *digit = strchr(digits, text[i]);

        assert_non_null(digit);
        bits = bits << 6 | (unsigned)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[count++] = (char)(bits >> held);
        }
        bits &= (1U << held) - 1;
    }
    assert_int_equal(bits, 0);
    return out;
}

static void a_patch_is_base64_with_padding(void **state)
{
    for (int len = 0; len < 40; len++) {
        struct patch patch = {.arena = &arena};
        struct response response = {.uid = BYTES("u"),
                                    .is_allowed = true,
                                    .warnings = &no_warnings,
                                    .patch = &patch};
        char value[64] = "\"";
        json_t *answer;

        memset(value + 1, len % 2 ? '~' : '?', (size_t)len);
        value[len + 1] = '"';
        patch_add(&patch, "/a", value);
        answer = read_response(&response);
        assert_string_equal(text_of(answer, "patchType"), "JSONPatch");
        assert_string_equal(decode_base64(text_of(answer, "patch")),
                            arena_printf(&arena, "[{\"op\":\"add\",\"path\":\"/a\",\"value\":%s}]",
                                         value));
        assert_null(json_object_get(answer, "status"));
        json_decref(answer);
    }
}

/* The API server refuses a patchType without a patch, and the other way round. */
static void patch_and_its_type_come_together_or_not_at_all(void **state)
{
    struct patch empty = {.arena = &arena}, full = {.arena = &arena};
    const struct {
        const struct patch *patch;
        bool is_allowed, has_patch;
    } rows[] = {
        {NULL, true, false},  {&empty, true, false},  {&full, true, true},
        {NULL, false, false}, {&empty, false, false}, {&full, false, false},
    };

    patch_remove(&full, "/a");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct response response = {.uid = BYTES("u"),
                                    .is_allowed = rows[i].is_allowed,
                                    .message = "no",
                                    .warnings = &no_warnings,
                                    .patch = rows[i].patch};
        json_t *answer = read_response(&response);

        assert_int_equal(json_object_get(answer, "patch") != NULL, rows[i].has_patch);
        assert_int_equal(json_object_get(answer, "patchType") != NULL, rows[i].has_patch);
        json_decref(answer);
    }
}

static void warnings_go_with_either_answer(void **state)
{
    static const char *texts[] = {"one", "two \"quoted\""};
    static const struct strings warnings = {texts, COUNT(texts)};

    for (int is_allowed = 0; is_allowed < 2; is_allowed++) {
        struct response response = {.uid = BYTES("u"),
                                    .is_allowed = is_allowed,
                                    .message = "no",
                                    .warnings = &warnings};
        json_t *answer = read_response(&response), *list = json_object_get(answer, "warnings");

        assert_int_equal(json_array_size(list), 2);
        assert_string_equal(json_string_value(json_array_get(list, 0)), "one");
        assert_string_equal(json_string_value(json_array_get(list, 1)), "two \"quoted\"");
        json_decref(answer);
    }
}

static void audit_annotations_that_say_nothing_are_left_out(void **state)
{
    static const struct {
        const char *tenant, *rules, *exceptions, *policy_set;
        size_t count;
    } rows[] = {
        {"research", "a/b, c/d", "e", "sha256:0", 4},
        {NULL, "", NULL, "sha256:0", 1},
        {"research", NULL, "", "", 1},
        {"", "a/b", "e", NULL, 2},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const values[] = {rows[i].tenant, rows[i].rules, rows[i].exceptions,
                                      rows[i].policy_set};
        static const char *const keys[] = {"tenant", "rules", "exceptions", "policy-set"};
        struct response response = {.uid = BYTES("u"),
                                    .is_allowed = true,
                                    .warnings = &no_warnings,
                                    .tenant = values[0],
                                    .rules = values[1],
                                    .exceptions = values[2],
                                    .policy_set = values[3]};
        json_t *answer = read_response(&response);
        json_t *annotations = json_object_get(answer, "auditAnnotations");

        assert_int_equal(json_object_size(annotations), rows[i].count);
        for (size_t j = 0; j < COUNT(keys); j++) {
            bool is_there = values[j] && *values[j];

            assert_string_equal(text_of(annotations, keys[j]), is_there ? values[j] : "(none)");
        }
        json_decref(answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(allowing_takes_no_more_than_uid_and_allowed, release_arena),
        cmocka_unit_test_teardown(the_uid_comes_back_as_it_was, release_arena),
        cmocka_unit_test_teardown(a_denial_has_a_status_that_go_can_read, release_arena),
        cmocka_unit_test_teardown(a_denial_without_causes_has_no_details, release_arena),
        cmocka_unit_test_teardown(a_patch_is_base64_with_padding, release_arena),
        cmocka_unit_test_teardown(patch_and_its_type_come_together_or_not_at_all, release_arena),
        cmocka_unit_test_teardown(warnings_go_with_either_answer, release_arena),
        cmocka_unit_test_teardown(audit_annotations_that_say_nothing_are_left_out, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
