#include "base/buf.h"
#include "base/file.h"
#include "kube/review.h"
#include "unit/arena.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEAD "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
#define REQUEST(members) HEAD "\"request\":{\"uid\":\"u-1\"" members "}}"

static const char recorded[] = "tests/reviews/0014-validate-CREATE-pods-research-train-0.json";
static const char recorded_uid[] = "387d5c73-00c6-4cd1-b846-88e86777cfb3";

static bool parse(struct bytes body, struct review *review, struct error *err)
{
    *err = (struct error){0};
    return review_parse(body, &arena, review, err);
}

static void expect_text(struct bytes text, const char *expected)
{
    assert_string_equal(arena_copy(&arena, text), expected);
}

static void reads_a_recorded_review(void **state)
{
    struct bytes body;
    struct review review;
    struct error err = {0};

    assert_true(file_read(recorded, REVIEW_MAX_BYTES, &arena, &body, &err));
    assert_true(parse(body, &review, &err));
    assert_string_equal(review.fault.text, "");
    expect_text(review.uid, recorded_uid);
    expect_text(review.group, "");
    expect_text(review.version, "v1");
    expect_text(review.kind, "Pod");
    expect_text(review.resource_group, "");
    expect_text(review.resource, "pods");
    expect_text(review.sub_resource, "");
    expect_text(review.name, "train-0");
    expect_text(review.namespace, "research");
    expect_text(review.user, "alice");
    assert_true(review_has_group(&review, "tenants"));
    assert_true(review_has_group(&review, "system:authenticated"));
    assert_false(review_has_group(&review, "system:masters"));
    assert_false(review_has_group(&review, "tenant"));
    assert_int_equal(review.operation, OPERATION_CREATE);
    assert_true(review.is_dry_run);
    expect_text(value_text(value_path(review.object, "spec.priorityClassName")), "p0-training");
    assert_int_equal(value_type(review.old_object), VALUE_ABSENT);
}

/* What kube-apiserver leaves out, or sends as null. */
static void absent_and_null_members_are_no_fault(void **state)
{
    static const char *const bodies[] = {
        REQUEST(",\"operation\":\"DELETE\""),
        REQUEST(",\"operation\":\"DELETE\",\"object\":null,\"oldObject\":null,\"options\":null,"
                "\"name\":null,\"namespace\":null,\"userInfo\":null,\"dryRun\":null,"
                "\"kind\":null,\"resource\":null,\"subResource\":null"),
        REQUEST(",\"operation\":\"DELETE\",\"userInfo\":{\"username\":null,\"groups\":null},"
                "\"unknown\":[1,{\"a\":2}]"),
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct review review;
        struct error err;

        assert_true(parse(bytes_from(bodies[i]), &review, &err));
        assert_string_equal(review.fault.text, "");
        expect_text(review.uid, "u-1");
        assert_int_equal(review.operation, OPERATION_DELETE);
        assert_false(review.is_dry_run);
        assert_int_equal(review.user.len, 0);
        assert_int_equal(review.name.len, 0);
        assert_false(value_type(review.object));
        assert_false(review_has_group(&review, ""));
    }
}

static void operations_have_their_names(void **state)
{
    static const struct {
        const char *name;
        enum operation operation;
    } rows[] = {
        {"CREATE", OPERATION_CREATE},
        {"UPDATE", OPERATION_UPDATE},
        {"DELETE", OPERATION_DELETE},
        {"CONNECT", OPERATION_CONNECT},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bytes body = bytes_from(
            arena_printf(&arena, HEAD "\"request\":{\"uid\":\"u\",\"operation\":\"%s\"}}",
                         rows[i].name));
        struct review review;
        struct error err;

        assert_true(parse(body, &review, &err));
        assert_string_equal(review.fault.text, "");
        assert_int_equal(review.operation, rows[i].operation);
        assert_string_equal(operation_name(rows[i].operation), rows[i].name);
    }
}

/* Nobody can be answered: HTTP 400. */
static void some_bodies_are_no_reviews(void **state)
{
    static const struct {
        struct bytes body;
        const char *error;
    } rows[] = {
        {BYTES(""), "not an AdmissionReview"},
        {BYTES(" \n"), "not an AdmissionReview"},
        {BYTES("\0"), "not an AdmissionReview"},
        {BYTES("hello"), "not an AdmissionReview"},
        {BYTES("apiVersion: admission.k8s.io/v1\n"), "not an AdmissionReview"},
        {BYTES("null"), "expected an object, got null"},
        {BYTES("12"), "expected an object, got a number"},
        {BYTES("\"request\""), "expected an object, got a string"},
        {BYTES("[" REQUEST("") "]"), "expected an object, got an array"},
        {BYTES("{}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":null}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":[{\"uid\":\"u\"}]}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":\"uid\"}"), "it has no request.uid"},
        {BYTES(HEAD "\"uid\":\"u\"}"), "it has no request.uid"},
        {BYTES(HEAD "\"Request\":{\"uid\":\"u\"}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"UID\":\"u\"}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"uid\":\"\"}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"uid\":null}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"uid\":7}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"uid\":[\"u\"]}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"object\":{\"uid\":\"u\"}}}"), "it has no request.uid"},
        {BYTES(HEAD "\"request\":{\"uid\":\"\xff\"}}"), "is not UTF-8"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\xc3\"}}"), "is not UTF-8"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\"},\"request\":{\"uid\":\"u\"}}"), "is there twice"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\"},\"\\u0072equest\":{}}"), "is there twice"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\"},\"request\":null}"), "is there twice"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\",\"uid\":\"v\"}}"), "is there twice"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\",\"u\\u0069d\":\"u\"}}"), "is there twice"},
        {BYTES(HEAD "\"request\":{\"uid\":\"u\",\"uid\":\"v\""), "not an AdmissionReview"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct review review;
        struct error err;

        assert_false(parse(rows[i].body, &review, &err));
        if (!strstr(err.text, rows[i].error))
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void other_kinds_and_versions_are_no_reviews(void **state)
{
    static const char *const bodies[] = {
        "{\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\"}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\","
        "\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"v1\",\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"Admission.k8s.io/v1\","
        "\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1 \","
        "\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":1,\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"ConversionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
        "\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":\"admissionreview\",\"apiVersion\":\"admission.k8s.io/v1\","
        "\"request\":{\"uid\":\"u\"}}",
        "{\"kind\":null,\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u\"}}",
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct review review;
        struct error err;

        assert_false(parse(bytes_from(bodies[i]), &review, &err));
        assert_non_null(strstr(err.text, "expected kind AdmissionReview of admission.k8s.io/v1"));
    }
}

static void a_uid_has_at_most_256_bytes(void **state)
{
    for (int len = 255; len <= 257; len++) {
        struct bytes body = bytes_from(
            arena_printf(&arena, HEAD "\"request\":{\"uid\":\"%0*d\",\"operation\":\"CREATE\"}}",
                         len, 0));
        struct review review;
        struct error err;

        assert_int_equal(parse(body, &review, &err), len <= 256);
        if (len <= 256)
            assert_int_equal(review.uid.len, len);
        else
            assert_non_null(strstr(err.text, "longer than 256 bytes"));
    }
}

static const struct {
    struct bytes body;
    const char *fault;
} faulty_reviews[] = {
    {BYTES(REQUEST("")), "request.operation: expected CREATE, UPDATE, DELETE or CONNECT"},
    {BYTES(REQUEST(",\"operation\":null")), "request.operation: expected"},
    {BYTES(REQUEST(",\"operation\":\"\"")), "got \"\""},
    {BYTES(REQUEST(",\"operation\":\"PATCH\"")), "got \"PATCH\""},
    {BYTES(REQUEST(",\"operation\":\"create\"")), "got \"create\""},
    {BYTES(REQUEST(",\"operation\":7")), "request.operation: expected a string, got a number"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"object\":[]")),
     "request.object: expected an object, got an array"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"object\":\"x\"")),
     "request.object: expected an object, got a string"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"oldObject\":false")),
     "request.oldObject: expected an object, got false"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"dryRun\":\"true\"")), "request.dryRun: expected"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"dryRun\":1")), "request.dryRun: expected"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"name\":1")),
     "request.name: expected a string, got a number"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"namespace\":{}")),
     "request.namespace: expected a string, got an object"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"subResource\":[]")),
     "request.subResource: expected a string, got an array"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"kind\":\"Pod\"")),
     "request.kind: expected an object, got a string"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"kind\":{\"kind\":1}")),
     "request.kind.kind: expected a string, got a number"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"kind\":{\"group\":{}}")),
     "request.kind.group: expected a string, got an object"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"kind\":{\"version\":true}")),
     "request.kind.version: expected a string, got true"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"resource\":\"pods\"")),
     "request.resource: expected an object, got a string"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"resource\":{\"resource\":[]}")),
     "request.resource.resource: expected a string, got an array"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"userInfo\":\"alice\"")),
     "request.userInfo: expected an object, got a string"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"userInfo\":{\"username\":1}")),
     "request.userInfo.username: expected a string, got a number"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"userInfo\":{\"groups\":\"a\"}")),
     "request.userInfo.groups: expected an array, got a string"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"userInfo\":{\"groups\":[\"a\",1]}")),
     "request.userInfo.groups[1]: expected a string, got a number"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"userInfo\":{\"groups\":[null]}")),
     "request.userInfo.groups[0]: expected a string, got null"},
    {BYTES(REQUEST(",\"object\":{\"a\":1,\"a\":2},\"operation\":\"CREATE\"")),
     "duplicate key \"a\""},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",\"operation\":\"CREATE\"")),
     "duplicate key \"operation\""},
    {BYTES(REQUEST(",\"object\":{\"a\":\"\xff\"},\"operation\":\"CREATE\"")),
     "the review can't be read"},
    {BYTES(REQUEST(",\"object\":{\"a\":\"\\ud800\"},\"operation\":\"CREATE\"")),
     "the review can't be read"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\"") " x"), "the review can't be read"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\"") REQUEST("")), "the review can't be read"},
    {BYTES(REQUEST(",\"operation\":\"CREATE\",")), "the review can't be read"},
    {BYTES(REQUEST(",\"operation\":CREATE")), "the review can't be read"},
};

/* The uid is known: whatever else is wrong gets an answer. */
static void faults_behind_the_uid_are_answered(void **state)
{
    for (size_t i = 0; i < COUNT(faulty_reviews); i++) {
        struct review review;
        struct error err;

        assert_true(parse(faulty_reviews[i].body, &review, &err));
        expect_text(review.uid, "u-1");
        if (!strstr(review.fault.text, faulty_reviews[i].fault))
            fail_msg("row %zu: \"%s\"", i, review.fault.text);
        assert_false(review.fault.is_limit);
        assert_false(value_type(review.object));
        assert_false(value_type(review.old_object));
    }
}

/* Unless it is cut: who asks for what, too. */
static void of_what_cannot_be_read_it_is_known_who_sent_it(void **state)
{
    static const char *const objects[] = {
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\\ud800\"}",
    };

    for (size_t i = 0; i < COUNT(objects); i++) {
        struct review review;
        struct error err;

        assert_true(parse(
            bytes_from(arena_printf(&arena,
                                    HEAD "\"request\":{\"uid\":\"u-1\",\"operation\":\"CREATE\","
                                         "\"kind\":{\"kind\":\"Pod\"},\"object\":%s,"
                                         "\"userInfo\":{\"username\":\"mallory\"}}}",
                                    objects[i])),
            &review, &err));
        assert_non_null(strstr(review.fault.text, "the review can't be read"));
        expect_text(review.kind, "Pod");
        expect_text(review.user, "mallory");
        assert_false(value_type(review.object));
    }
}

/* Go decodes what stands in an escape, too. */
static void a_uid_may_be_escaped(void **state)
{
    struct review review;
    struct error err;

    assert_true(parse(BYTES(HEAD "\"requ\\u0065st\":{\"\\u0075id\":\"a\\u00e9\\\"\","
                                 "\"operation\":\"CREATE\"}}"),
                      &review, &err));
    assert_string_equal(review.fault.text, "");
    expect_text(review.uid, "a\xc3\xa9\"");
}

/* Cut after each byte: there is no uid before its closing quote, and an answer from there on. */
static void a_review_cut_anywhere_is_answered_once_its_uid_is_known(void **state)
{
    struct bytes body;
    struct review review;
    struct error err = {0};
    struct arena scratch = {0};
    const char *uid;
    size_t known, end;

    assert_true(file_read(recorded, REVIEW_MAX_BYTES, &arena, &body, &err));
    end = body.len;
    while (end > 0 && (body.data[end - 1] == '\n' || body.data[end - 1] == ' '))
        end--;
    uid = memmem(body.data, body.len, recorded_uid, strlen(recorded_uid));
    assert_non_null(uid);
    known = (size_t)(uid - body.data) + strlen(recorded_uid) + 1;
    for (size_t len = 0; len < end; len++) {
        /* A copy of its own, so that a read past the end is seen. */
        struct bytes cut = arena_copy_bytes(&scratch, (struct bytes){body.data, len});

        assert_int_equal(review_parse(cut, &scratch, &review, &err), len >= known);
        if (len >= known) {
            assert_true(bytes_is(review.uid, recorded_uid));
            assert_non_null(strstr(review.fault.text, "the review can't be read"));
            assert_false(review.fault.is_limit);
            assert_false(value_type(review.object));
        }
        arena_reset(&scratch);
    }
    assert_true(parse((struct bytes){body.data, end}, &review, &err));
    assert_string_equal(review.fault.text, "");
    arena_release(&scratch);
}

/* A review with an annotation that makes it `len` bytes long. */
static struct bytes review_of_size(size_t len)
{
    static const char head[] = HEAD "\"request\":{\"uid\":\"u-1\",\"operation\":\"CREATE\","
                                    "\"object\":{\"metadata\":{\"annotations\":{\"a\":\"";
    static const char tail[] = "\"}}}}}";
    char *text = arena_alloc_raw(&arena, len);

    memset(text, 'x', len);
    memcpy(text, head, strlen(head));
    memcpy(text + len - strlen(tail), tail, strlen(tail));
    return (struct bytes){text, len};
}

static void a_review_has_at_most_8_mib(void **state)
{
    static const size_t most = 8 * 1024 * 1024;
    struct review review;
    struct error err;

    assert_true(parse(review_of_size(most), &review, &err));
    assert_string_equal(review.fault.text, "");
    assert_int_equal(value_type(review.object), VALUE_OBJECT);
    assert_true(parse(review_of_size(most + 1), &review, &err));
    expect_text(review.uid, "u-1");
    assert_string_equal(review.fault.text, "the review has 8388609 bytes, more than 8388608");
    assert_true(review.fault.is_limit);
    assert_false(value_type(review.object));
    assert_true(parse(review_of_size(4 * most), &review, &err));
    assert_true(review.fault.is_limit);
}

/* Over the bound only who asks for what is looked for; what stands before it may be anything. */
static void the_uid_of_a_large_review_is_found_behind_its_object(void **state)
{
    struct bytes large = review_of_size(9 * 1024 * 1024);
    struct review review;
    struct error err;
    struct buf buf;

    buf_init(&buf, &arena, 20 * 1024 * 1024);
    buf_printf(&buf, HEAD "\"request\":{\"object\":");
    buf_add(&buf, large);
    buf_add_text(&buf, ",\"uid\":\"u-2\"}}");
    assert_true(parse(buf_bytes(&buf), &review, &err));
    expect_text(review.uid, "u-2");
    assert_true(review.fault.is_limit);
    /* Cut short, it is a large review all the same. */
    assert_true(parse((struct bytes){large.data, large.len - 9}, &review, &err));
    expect_text(review.uid, "u-1");
    assert_true(review.fault.is_limit);
}

/* The review is level 1, request 2, object 3. */
static struct bytes review_of_depth(int depth)
{
    struct buf buf;

    buf_init(&buf, &arena, 65536);
    buf_add_text(&buf, HEAD "\"request\":{\"uid\":\"u-1\",\"operation\":\"CREATE\","
                            "\"userInfo\":{\"username\":\"mallory\"},\"object\":");
    for (int i = 2; i < depth; i++)
        buf_add_text(&buf, "{\"a\":");
    buf_add_char(&buf, '0');
    for (int i = 2; i < depth; i++)
        buf_add_char(&buf, '}');
    buf_add_text(&buf, "}}");
    return buf_bytes(&buf);
}

static void a_review_has_at_most_256_levels(void **state)
{
    struct review review;
    struct error err;

    assert_true(parse(review_of_depth(256), &review, &err));
    assert_string_equal(review.fault.text, "");
    assert_true(parse(review_of_depth(257), &review, &err));
    expect_text(review.uid, "u-1");
    assert_non_null(strstr(review.fault.text, "the review can't be read"));
    assert_non_null(strstr(review.fault.text, "256"));
    assert_true(review.fault.is_limit);
    expect_text(review.user, "mallory");
    assert_false(value_type(review.object));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_a_recorded_review, release_arena),
        cmocka_unit_test_teardown(absent_and_null_members_are_no_fault, release_arena),
        cmocka_unit_test_teardown(operations_have_their_names, release_arena),
        cmocka_unit_test_teardown(some_bodies_are_no_reviews, release_arena),
        cmocka_unit_test_teardown(other_kinds_and_versions_are_no_reviews, release_arena),
        cmocka_unit_test_teardown(a_uid_has_at_most_256_bytes, release_arena),
        cmocka_unit_test_teardown(faults_behind_the_uid_are_answered, release_arena),
        cmocka_unit_test_teardown(of_what_cannot_be_read_it_is_known_who_sent_it, release_arena),
        cmocka_unit_test_teardown(a_uid_may_be_escaped, release_arena),
        cmocka_unit_test_teardown(a_review_cut_anywhere_is_answered_once_its_uid_is_known,
                                  release_arena),
        cmocka_unit_test_teardown(a_review_has_at_most_8_mib, release_arena),
        cmocka_unit_test_teardown(the_uid_of_a_large_review_is_found_behind_its_object,
                                  release_arena),
        cmocka_unit_test_teardown(a_review_has_at_most_256_levels, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
