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
    if (count_named(root, BYTES("request")) > 1 || count_named(*request, BYTES("uid")) > 1)
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

static bool read_operation(struct value request, struct arena *arena, enum operation *out,
                           struct error *err)
{
    struct bytes text = {0};

    if (!field_text(request, "operation", arena, &text, err))
        return false;
    for (int i = OPERATION_CREATE; i <= OPERATION_CONNECT; i++) {
        if (bytes_is(text, operation_names[i])) {
            *out = (enum operation)i;
            return true;
        }
    }
    return error_set(err,
                     "request.operation: expected CREATE, UPDATE, DELETE or CONNECT, got \"%s\"",
                     text_quote(arena, text));
}

static bool read_user(struct value request, struct arena *arena, struct review *out,
                      struct error *err)
{
    struct value info = {0};

    if (!field_object(request, "userInfo", arena, &info, err) ||
        !field_text(info, "username", arena, &out->user, err) ||
        !field_array(info, "groups", arena, &out->groups, err))
        return false;
    for (struct value group = value_first(out->groups); value_type(group);
         group = value_next(group)) {
        if (value_type(group) != VALUE_STRING)
            return error_set(err, "%s: expected a string, got %s", value_place(group, arena),
                             value_type_name(value_type(group)));
    }
    return true;
}

static bool read_kind(struct value request, struct arena *arena, struct review *out,
                      struct error *err)
{
    struct value kind = {0}, resource = {0};

    return field_object(request, "kind", arena, &kind, err) &&
           field_text(kind, "group", arena, &out->group, err) &&
           field_text(kind, "version", arena, &out->version, err) &&
           field_text(kind, "kind", arena, &out->kind, err) &&
           field_object(request, "resource", arena, &resource, err) &&
           field_text(resource, "group", arena, &out->resource_group, err) &&
           field_text(resource, "resource", arena, &out->resource, err) &&
           field_text(request, "subResource", arena, &out->sub_resource, err);
}

static bool read_request(struct value request, struct arena *arena, struct review *out,
                         struct error *err)
{
    return read_operation(request, arena, &out->operation, err) &&
           read_kind(request, arena, out, err) && read_user(request, arena, out, err) &&
           field_text(request, "name", arena, &out->name, err) &&
           field_text(request, "namespace", arena, &out->namespace, err) &&
           field_bool(request, "dryRun", arena, &out->is_dry_run, err) &&
           field_object(request, "object", arena, &out->object, err) &&
           field_object(request, "oldObject", arena, &out->old_object, err);
}

static bool judge_document(const struct review *review, struct arena *arena, struct error *err)
{
    const struct document *document = &review->document;

    if (document->text.len > REVIEW_MAX_BYTES)
        return error_set_limit(err, "the review has %zu bytes, more than %d", document->text.len,
                               REVIEW_MAX_BYTES);
    if (document_is_sound(document))
        return true;
    if (document->grammar == DOCUMENT_SOUND && document->fault == DOCUMENT_DEPTH)
        return error_set_limit(err, "the review can't be read: %s",
                               document_problem(document, arena));
    return error_set(err, "the review can't be read: %s", document_problem(document, arena));
}

bool review_parse(struct bytes body, struct arena *arena, struct review *out, struct error *err)
{
    /* Of a review that is too large anyway, only what is needed to answer it is kept. */
    unsigned depth = body.len > REVIEW_MAX_BYTES ? 2 : REVIEW_MAX_DEPTH;
    struct value request = {0};

    *out = (struct review){0};
    document_parse(body, depth, arena, &out->document);
    if (!find_uid(out, &request, err)) {
        if (out->document.grammar == DOCUMENT_BROKEN)
            return error_set(err, "not an AdmissionReview: %s",
                             document_problem(&out->document, arena));
        return false;
    }
    if (!judge_document(out, arena, &out->fault))
        return true;
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
