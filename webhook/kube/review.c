#include "kube/review.h"

#include "base/buf.h"
#include "base/field.h"

/* Longer than any uid that kube-apiserver makes (36), and short enough to be echoed. */
enum { MAX_UID_BYTES = 256 };

static const char *const operation_names[] = {"", "CREATE", "UPDATE", "DELETE", "CONNECT"};

const char *operation_name(enum operation operation)
{
    return operation_names[operation];
}

static size_t count_named(struct value object, struct bytes name)
{
    size_t count = 0;

    for (struct value member = value_first(object); value_type(member); member = value_next(member))
        count += bytes_equal(value_name(member), name);
    return count;
}

/* Find whom to answer. Works on documents that are damaged behind the uid. */
static bool find_uid(struct review *review, struct value *request, struct error *err)
{
    struct value root = document_root(&review->document), uid;

    if (value_type(root) != VALUE_OBJECT)
        return error_set(err, "not an AdmissionReview: expected an object, got %s",
                         value_type_name(value_type(root)));
    *request = value_member(root, "request");
    if (!document_is_sound(&review->document) &&
        (count_named(root, BYTES("request")) > 1 || count_named(*request, BYTES("uid")) > 1))
        return error_set(err, "not an AdmissionReview: request or request.uid is there twice");
    uid = value_member(*request, "uid");
    if (value_type(uid) != VALUE_STRING || value_text(uid).len == 0)
        return error_set(err, "not an AdmissionReview: it has no request.uid");
    if (value_text(uid).len > MAX_UID_BYTES)
        return error_set(err, "not an AdmissionReview: request.uid is longer than %d bytes",
                         MAX_UID_BYTES);
    review->uid = value_text(uid);
    for (size_t at = 0, len; at < review->uid.len; at += len) {
        len = text_character(review->uid, at);
        if (len == 0)
            return error_set(err, "not an AdmissionReview: request.uid is not UTF-8");
    }
    return true;
}

static bool check_version(struct value root, struct arena *arena, struct error *err)
{
    struct bytes kind = value_text(value_member(root, "kind"));
    struct bytes version = value_text(value_member(root, "apiVersion"));

    if (!bytes_is(kind, "AdmissionReview") || !bytes_is(version, "admission.k8s.io/v1"))
        return error_set(err,
                         "expected kind AdmissionReview of admission.k8s.io/v1, got kind \"%s\" of "
                         "\"%s\"",
                         text_quote(arena, kind), text_quote(arena, version));
    return true;
}

/* In the order of the fields of AdmissionRequest. */
static const struct member request_members[] = {
    MEMBER("kind", MEMBER_OBJECT, struct review, kind_object),
    MEMBER("resource", MEMBER_OBJECT, struct review, resource_object),
    MEMBER("subResource", MEMBER_TEXT, struct review, sub_resource),
    MEMBER("name", MEMBER_TEXT, struct review, name),
    MEMBER("namespace", MEMBER_TEXT, struct review, namespace),
    MEMBER("operation", MEMBER_TEXT, struct review, operation_text),
    MEMBER("userInfo", MEMBER_OBJECT, struct review, user_info),
    MEMBER("object", MEMBER_OBJECT, struct review, object),
    MEMBER("oldObject", MEMBER_OBJECT, struct review, old_object),
    MEMBER("dryRun", MEMBER_BOOL, struct review, is_dry_run),
    {{0}},
};

static const struct member kind_members[] = {
    MEMBER("group", MEMBER_TEXT, struct review, group),
    MEMBER("version", MEMBER_TEXT, struct review, version),
    MEMBER("kind", MEMBER_TEXT, struct review, kind),
    {{0}},
};

static const struct member resource_members[] = {
    MEMBER("group", MEMBER_TEXT, struct review, resource_group),
    MEMBER("resource", MEMBER_TEXT, struct review, resource),
    {{0}},
};

static const struct member user_members[] = {
    MEMBER("username", MEMBER_TEXT, struct review, user),
    MEMBER("groups", MEMBER_ARRAY, struct review, groups),
    {{0}},
};

static bool find_operation(struct review *review, struct arena *arena, struct error *err)
{
    for (int i = OPERATION_CREATE; i <= OPERATION_CONNECT; i++) {
        if (bytes_is(review->operation_text, operation_names[i])) {
            review->operation = (enum operation)i;
            return true;
        }
    }
    return error_set(err,
                     "request.operation: expected CREATE, UPDATE, DELETE or CONNECT, got \"%s\"",
                     text_quote(arena, review->operation_text));
}

static bool check_groups(const struct review *review, struct arena *arena, struct error *err)
{
    for (struct value group = value_first(review->groups); value_type(group);
         group = value_next(group)) {
        if (value_type(group) != VALUE_STRING)
            return error_set(err, "%s: expected a string, got %s", value_place(group, arena),
                             value_type_name(value_type(group)));
    }
    return true;
}

static bool read_request(struct value request, struct arena *arena, struct review *out,
                         struct error *err)
{
    return members_read(request, request_members, arena, out, err) &&
           members_read(out->kind_object, kind_members, arena, out, err) &&
           members_read(out->resource_object, resource_members, arena, out, err) &&
           members_read(out->user_info, user_members, arena, out, err) &&
           find_operation(out, arena, err) && check_groups(out, arena, err);
}

static bool is_too_deep(const struct document *document)
{
    return document->grammar == DOCUMENT_SOUND && document->fault == DOCUMENT_DEPTH;
}

static bool judge_document(const struct review *review, struct arena *arena, struct error *err)
{
    const struct document *document = &review->document;

    if (document->text.len > REVIEW_MAX_BYTES)
        return error_set_limit(err, "the review has %zu bytes, more than %d", document->text.len,
                               REVIEW_MAX_BYTES);
    if (document_is_sound(document))
        return true;
    if (is_too_deep(document))
        return error_set_limit(err, "the review can't be read: %s",
                               document_problem(document, arena));
    return error_set(err, "the review can't be read: %s", document_problem(document, arena));
}

bool review_parse(struct bytes body, struct arena *arena, struct review *out, struct error *err)
{
    /* Of a review that is too large anyway, only what tells who asks for what is kept. */
    unsigned depth = body.len > REVIEW_MAX_BYTES ? 3 : REVIEW_MAX_DEPTH;
    struct value request = {0};

    *out = (struct review){0};
    document_parse(body, depth, arena, &out->document);
    if (!find_uid(out, &request, err)) {
        if (out->document.grammar == DOCUMENT_BROKEN)
            return error_set(err, "not an AdmissionReview: %s",
                             document_problem(&out->document, arena));
        return false;
    }
    if (!judge_document(out, arena, &out->fault)) {
        struct error ignored = {0};

        /* Who asks for what is told all the same. */
        if (out->document.grammar == DOCUMENT_SOUND)
            (void)read_request(request, arena, out, &ignored);
        out->object = out->old_object = (struct value){0};
        return true;
    }
    if (!check_version(document_root(&out->document), arena, err))
        return false;
    if (!read_request(request, arena, out, &out->fault))
        out->object = out->old_object = (struct value){0};
    return true;
}

bool review_has_group(const struct review *review, const char *group)
{
    for (struct value item = value_first(review->groups); value_type(item);
         item = value_next(item)) {
        if (bytes_is(value_text(item), group))
            return true;
    }
    return false;
}
