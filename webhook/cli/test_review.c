#include "cli/test_review.h"

#include "base/file.h"
#include "base/yaml_json.h"
#include "cli/judge.h"

/* The uid of every case: cases are judged one by one. */
static const char uid[] = "00000000-0000-0000-0000-000000000001";

const char *test_file_path(const struct policy_test *test, const char *name, struct arena *arena)
{
    return name[0] == '/' ? name : arena_printf(arena, "%s/%s", test->folder, name);
}

/* The one object of a file. */
struct taking {
    struct arena *arena;
    struct bytes object;
    size_t count;
};

static bool take_object(void *context, struct bytes json, struct error *err)
{
    struct taking *taking = context;

    if (taking->count++)
        return error_set(err, "expected one object in the file, found more");
    taking->object = arena_copy_bytes(taking->arena, json);
    return true;
}

static bool take_from_file(const char *path,
                           bool (*cut)(struct bytes, object_fn, void *, struct error *),
                           struct bytes text, struct taking *taking, struct error *err)
{
    if (!cut(text, take_object, taking, err))
        return error_wrap(err, "%s", path);
    return taking->count || error_set(err, "%s: expected one object, the file holds none", path);
}

static bool read_file(const struct policy_test *test, const char *name, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    const char *path = test_file_path(test, name, arena);
    struct taking taking = {.arena = arena};
    struct bytes text;

    if (!file_read(path, REVIEW_MAX_READ_BYTES, arena, &text, err) ||
        !take_from_file(path, text_is_json(text) ? texts_objects : yaml_objects, text, &taking,
                        err))
        return false;
    *out = taking.object;
    return true;
}

/* A review as JSON is handed on as it is, so that faults in it are judged as the server does. */
static bool read_review(const struct policy_test *test, const char *name, struct arena *arena,
                        struct bytes *out, struct error *err)
{
    const char *path = test_file_path(test, name, arena);
    struct taking taking = {.arena = arena};

    if (!file_read(path, REVIEW_MAX_READ_BYTES, arena, out, err))
        return false;
    if (text_is_json(*out))
        return true;
    if (!take_from_file(path, yaml_objects, *out, &taking, err))
        return false;
    *out = taking.object;
    return true;
}

/* Empty where there is none. */
static bool read_manifest(const struct policy_test *test, const struct manifest *manifest,
                          struct arena *arena, struct bytes *out, struct error *err)
{
    struct buf buf;

    *out = (struct bytes){0};
    if (manifest->file)
        return read_file(test, manifest->file, arena, out, err);
    if (!manifest->map)
        return true;
    buf_init(&buf, arena, REVIEW_MAX_READ_BYTES);
    node_write_json(manifest->map, &buf);
    *out = buf_bytes(&buf);
    return !buf.is_full ||
           error_set_limit(err, "the manifest has more than %d bytes", REVIEW_MAX_READ_BYTES);
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* The file that the review is made from, for messages; NULL: the manifest is in place. */
static const char *main_file(const struct test_request *request)
{
    if (request->review)
        return request->review;
    return request->object.file || request->object.map ? request->object.file
                                                       : request->old_object.file;
}

static bool name_case(const struct policy_test *test, const struct test_case *test_case,
                      struct arena *arena, struct error *err)
{
    return error_wrap(err, "%s:%u: case \"%s\"", test->file, test_case->request.node->line,
                      text_quote(arena, bytes_from(test_case->name)));
}

bool test_review_refuse(const struct policy_test *test, const struct test_case *test_case,
                        struct arena *arena, struct error *err)
{
    const char *file = main_file(&test_case->request);

    if (file)
        error_wrap(err, "%s", test_file_path(test, file, arena));
    return name_case(test, test_case, arena, err);
}

bool test_review_build(const struct policy_test *test, const struct test_case *test_case,
                       struct arena *arena, struct bytes *out, struct error *err)
{
    const struct test_request *from = &test_case->request;
    struct judge_request request = {.uid = uid,
                                    .operation = request_operations[from->operation],
                                    .user = text_or(from->user, ""),
                                    .groups = from->groups,
                                    .namespace = text_or(from->namespace, "default"),
                                    .sub_resource = text_or(from->sub_resource, ""),
                                    .is_dry_run = from->is_dry_run};
    struct bytes object;

    if (from->review)
        return read_review(test, from->review, arena, out, err) ||
               name_case(test, test_case, arena, err);
    if (!read_manifest(test, &from->object, arena, &object, err) ||
        !read_manifest(test, &from->old_object, arena, &request.old_object, err))
        return name_case(test, test_case, arena, err);
    return judge_build_review(&request, object, arena, out, err) ||
           test_review_refuse(test, test_case, arena, err);
}
