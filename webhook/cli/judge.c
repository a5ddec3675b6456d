#include "cli/judge.h"

#include "base/json_cut.h"
#include "kube/response.h"

void judge_init(struct judge *judge, const struct policy_set *policies, struct ledger *ledger,
                int64_t now, enum judge_phase phase)
{
    *judge = (struct judge){.policies = policies, .ledger = ledger, .now = now, .phase = phase};
    ledger_adopt(ledger, &policies->tenancy);
}

void judge_release(struct judge *judge)
{
    snapshot_reader_release(&judge->reader);
}

static struct decide_input new_input(struct judge *judge, struct bytes body, enum phase phase)
{
    return (struct decide_input){.body = body,
                                 .phase = phase,
                                 .policies = judge->policies,
                                 .view = ledger_view(judge->ledger, &judge->reader),
                                 .now = judge->now,
                                 .is_trial = true};
}

static bool ask(struct judge *judge, struct decide_input *in, struct arena *arena,
                struct judgement *out, struct error *err)
{
    struct trace *trace = &out->traces[in->phase];
    enum answer_result result;

    *trace = (struct trace){.arena = arena, .kinds = judge->traced};
    in->trace = judge->traced ? trace : NULL;
    result = answer(in, judge->ledger, arena, &out->answer, err);
    if (result == ANSWER_STALE)
        return error_set(err, "the policy set was replaced");
    out->patch = &out->answer.decision.patch;
    out->object = value_raw(out->answer.decision.review.object);
    return result == ANSWER_WRITTEN;
}

/* The review's body with the patched object in place of what it had. */
static bool patch_body(struct bytes body, const struct decision *decision, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    struct bytes raw = value_raw(decision->review.object), object;
    size_t from = (size_t)(raw.data - body.data);
    struct buf buf;

    if (!patch_apply(&decision->patch, decision->review.object, arena, &object, err))
        return false;
    buf_init(&buf, arena, body.len + object.len + 1);
    buf_add(&buf, (struct bytes){body.data, from});
    buf_add(&buf, object);
    buf_add(&buf, bytes_tail(body, from + raw.len));
    *out = buf_bytes(&buf);
    return true;
}

bool judge_review(struct judge *judge, struct bytes body, struct arena *arena,
                  struct judgement *out, struct error *err)
{
    bool is_validated = judge->phase != JUDGE_MUTATE, is_mutated = judge->phase != JUDGE_VALIDATE;
    struct decide_input in = new_input(judge, body, is_mutated ? PHASE_MUTATE : PHASE_VALIDATE);
    struct patch *patch = arena_alloc(arena, sizeof(*patch));
    struct document *patched = arena_alloc(arena, sizeof(*patched));

    if (body.len > REVIEW_MAX_READ_BYTES)
        return error_set(err, "the review has more than %d bytes: the server refuses it (413)",
                         REVIEW_MAX_READ_BYTES);
    if (!ask(judge, &in, arena, out, err))
        return false;
    if (!is_mutated)
        return true;
    *patch = out->answer.decision.patch;
    if (patch->count && !patch_body(body, &out->answer.decision, arena, &in.body, err))
        return false;
    if (is_validated && out->answer.decision.verdict.is_allowed) {
        in.phase = PHASE_VALIDATE;
        in.patch = patch;
        if (!ask(judge, &in, arena, out, err))
            return false;
    } else {
        document_parse(in.body, REVIEW_MAX_DEPTH, arena, patched);
        out->object = value_raw(value_path(document_root(patched), "request.object"));
    }
    out->patch = patch;
    return true;
}

struct judge_request judge_admin_request(const struct cluster *cluster, struct arena *arena)
{
    struct judge_request request = {.uid = "00000000-0000-0000-0000-000000000000",
                                    .operation = "CREATE",
                                    .sub_resource = "",
                                    .user = "",
                                    .namespace = "default"};

    /* A pattern matches itself: `*` is a run of characters, too. */
    if (cluster->admins.users.count)
        request.user = cluster->admins.users.items[0].text;
    else if (cluster->admins.groups.count)
        strings_add(&request.groups, arena, cluster->admins.groups.items[0].text);
    return request;
}

/* "apps/v1" -> group and version. */
static void split_version(struct bytes api_version, struct bytes *group, struct bytes *version)
{
    const char *slash = api_version.len ? memchr(api_version.data, '/', api_version.len) : NULL;
    size_t len = slash ? (size_t)(slash - api_version.data) : 0;

    *group = (struct bytes){api_version.data, len};
    *version = slash ? bytes_tail(api_version, len + 1) : api_version;
}

static void add_member(struct buf *buf, const char *name, struct bytes text)
{
    buf_printf(buf, ",\"%s\":", name);
    buf_add_json(buf, text);
}

struct identity {
    struct bytes group, version, kind, name, namespace;
    const struct kind_row *row;
};

static bool read_identity(struct bytes text, const struct judge_request *request,
                          struct arena *arena, struct identity *out, struct error *err)
{
    struct document document;
    struct value root;
    struct bytes api_version;

    document_parse(text, REVIEW_MAX_DEPTH, arena, &document);
    root = document_root(&document);
    api_version = value_text(value_member(root, "apiVersion"));
    split_version(api_version, &out->group, &out->version);
    out->kind = value_text(value_member(root, "kind"));
    if (api_version.len == 0 || out->kind.len == 0)
        return error_set(err, "neither a manifest nor an AdmissionReview: it has no %s",
                         api_version.len == 0 ? "apiVersion" : "kind");
    if (!list_refuse(root, err))
        return error_wrap(err, "%s", text_quote(arena, out->kind));
    out->row = kinds_find_manifest(out->group, out->kind);
    out->name = arena_copy_bytes(arena, value_text(value_path(root, "metadata.name")));
    out->namespace = arena_copy_bytes(arena, value_text(value_path(root, "metadata.namespace")));
    out->group = arena_copy_bytes(arena, out->group);
    out->version = arena_copy_bytes(arena, out->version);
    out->kind = arena_copy_bytes(arena, out->kind);
    if (out->row && out->row->kind == KIND_NAMESPACE)
        out->namespace = out->name;
    else if (out->row && out->row->kind == KIND_PRIORITY_CLASS)
        out->namespace = (struct bytes){0};
    else if (out->namespace.len == 0)
        out->namespace = bytes_from(request->namespace);
    return true;
}

static void add_user(struct buf *buf, const struct judge_request *request)
{
    buf_add_text(buf, ",\"userInfo\":{\"username\":");
    buf_add_json(buf, bytes_from(request->user));
    buf_add_text(buf, ",\"groups\":[");
    for (size_t i = 0; i < request->groups.count; i++) {
        if (i)
            buf_add_char(buf, ',');
        buf_add_json(buf, bytes_from(request->groups.items[i]));
    }
    buf_add_text(buf, "]}");
}

static void add_kind(struct buf *buf, const struct identity *identity)
{
    const char *resource = identity->row ? identity->row->resource : "";

    buf_add_text(buf, ",\"kind\":{\"group\":");
    buf_add_json(buf, identity->group);
    add_member(buf, "version", identity->version);
    add_member(buf, "kind", identity->kind);
    buf_add_text(buf, "},\"resource\":{\"group\":");
    buf_add_json(buf, identity->group);
    add_member(buf, "version", identity->version);
    add_member(buf, "resource", bytes_from(resource));
    buf_add_char(buf, '}');
}

bool judge_build_review(const struct judge_request *request, struct bytes object,
                        struct arena *arena, struct bytes *out, struct error *err)
{
    struct identity identity = {0};
    struct buf buf;

    if (!read_identity(object.len ? object : request->old_object, request, arena, &identity, err))
        return false;
    buf_init(&buf, arena, REVIEW_MAX_READ_BYTES);
    buf_add_text(&buf, "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                       "\"request\":{\"uid\":");
    buf_add_json(&buf, bytes_from(request->uid));
    add_kind(&buf, &identity);
    if (*request->sub_resource)
        add_member(&buf, "subResource", bytes_from(request->sub_resource));
    add_member(&buf, "name", identity.name);
    if (identity.namespace.len)
        add_member(&buf, "namespace", identity.namespace);
    add_member(&buf, "operation", bytes_from(request->operation));
    add_user(&buf, request);
    buf_add_text(&buf, ",\"object\":");
    buf_add(&buf, object.len ? object : BYTES("null"));
    buf_add_text(&buf, ",\"oldObject\":");
    buf_add(&buf, request->old_object.len ? request->old_object : BYTES("null"));
    buf_printf(&buf, ",\"dryRun\":%s}}", request->is_dry_run ? "true" : "false");
    *out = buf_bytes(&buf);
    if (buf.is_full)
        return error_set_limit(err, "the manifest has more than %d bytes", REVIEW_MAX_READ_BYTES);
    return true;
}
