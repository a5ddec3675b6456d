#include "cli/policy_test.h"

#include <limits.h>

#include "base/file.h"
#include "policy/load.h"

enum { MAX_FILE_BYTES = 16 * 1024 * 1024 };

/* 2026-01-01T00:00:00Z: a test never depends on the wall clock. */
static const int64_t default_time = 1767225600;

static const char *const versions[] = {"fairgate.dev/v1alpha1", NULL};
static const char *const kinds[] = {"PolicyTest", NULL};

const char *const request_operations[] = {"CREATE", "UPDATE", "DELETE", NULL};
const char *const patch_operations[] = {"add", "replace", "remove", NULL};

/* An object in place is a Kubernetes object. */
static bool read_manifest(const struct node *node, struct arena *arena, void *out,
                          struct problems *problems)
{
    static const char *const members[] = {"apiVersion", "kind"};
    struct manifest *manifest = out;
    bool is_sound = true;

    if (node->kind != NODE_MAP && node->kind != NODE_STRING) {
        problems_add(problems, node, "\"%s\": expected a file or a manifest, got %s",
                     text_quote(arena, node->key->text), node_describe(node, arena));
        return false;
    }
    if (node->kind == NODE_STRING)
        return schema_read_string(node, arena, &manifest->file, problems);
    manifest->map = node;
    for (int i = 0; i < 2; i++) {
        const struct node *member = node_find(node, members[i]);

        if (member && member->kind == NODE_STRING && member->text.len > 0)
            continue;
        problems_add(problems, member ? member : node_place(node), "\"%s\": a manifest needs %s %s",
                     text_quote(arena, node->key->text), i ? "a" : "an", members[i]);
        is_sound = false;
    }
    return is_sound;
}

/* As read_manifest. */
#define MANIFEST_JSON                                                                              \
    "{\"type\": [\"string\", \"object\"], \"minLength\": 1, \"required\": [\"apiVersion\", "       \
    "\"kind\"], "                                                                                  \
    "\"properties\": {\"apiVersion\": " NAME_JSON ", \"kind\": " NAME_JSON "}}"
#define NAME_JSON "{\"type\": \"string\", \"minLength\": 1}"

static const struct field request_fields[] = {
    {.name = "review",
     .type = FIELD_STRING,
     .offset = offsetof(struct test_request, review),
     .summary = "a file with an AdmissionReview, in place of everything else"},
    {.name = "operation",
     .type = FIELD_ENUM,
     .words = request_operations,
     .offset = offsetof(struct test_request, operation),
     .summary = "what is done to the object",
     .json_default = "\"CREATE\""},
    {.name = "object",
     .type = FIELD_CUSTOM,
     .read = read_manifest,
     .offset = offsetof(struct test_request, object),
     .summary = "the object: a file, or a manifest in place",
     .type_name = "file or manifest",
     .json_schema = MANIFEST_JSON},
    {.name = "oldObject",
     .type = FIELD_CUSTOM,
     .read = read_manifest,
     .offset = offsetof(struct test_request, old_object),
     .summary = "what an UPDATE changes, or a DELETE deletes: a file, or a manifest in place",
     .type_name = "file or manifest",
     .json_schema = MANIFEST_JSON},
    {.name = "namespace",
     .type = FIELD_STRING,
     .offset = offsetof(struct test_request, namespace),
     .summary = "the namespace of an object that names none",
     .json_default = "\"default\""},
    {.name = "user",
     .type = FIELD_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct test_request, user),
     .summary = "who sends it",
     .json_default = "\"\""},
    {.name = "groups",
     .type = FIELD_STRINGS,
     .may_be_empty = true,
     .offset = offsetof(struct test_request, groups),
     .summary = "the user's groups",
     .json_default = "[]"},
    {.name = "subresource",
     .type = FIELD_STRING,
     .offset = offsetof(struct test_request, sub_resource),
     .summary = "resize, ephemeralcontainers, binding, ...; default: none"},
    {.name = "dryRun",
     .type = FIELD_BOOL,
     .offset = offsetof(struct test_request, is_dry_run),
     .summary = "whether it is a dry run",
     .json_default = "false"},
    {0},
};

static bool is_given(const struct manifest *manifest)
{
    return manifest->file || manifest->map;
}

static void refuse_beside_review(const struct test_request *request, struct problems *problems)
{
    for (const struct field *field = request_fields + 1; field->name; field++) {
        const struct node *key = node_find_key(request->node, field->name);

        if (key)
            problems_add(problems, key, "\"%s\" is in the review already", field->name);
    }
}

/* What is deleted may be called `object`: there is but one. */
static void finish_delete(struct test_request *request, struct problems *problems)
{
    if (is_given(&request->object) && is_given(&request->old_object)) {
        problems_add(problems, node_find_key(request->node, "object"),
                     "a DELETE has no new object: \"oldObject\" is what is deleted");
        return;
    }
    if (is_given(&request->object))
        request->old_object = request->object;
    request->object = (struct manifest){0};
}

static void finish_request(void *out, struct arena *arena, struct problems *problems)
{
    struct test_request *request = out;
    bool has_object = is_given(&request->object), has_old = is_given(&request->old_object);

    (void)arena;
    if (request->review) {
        refuse_beside_review(request, problems);
        return;
    }
    if (!has_object && !has_old)
        problems_add(problems, node_place(request->node),
                     "one of \"object\" and \"review\" is required here");
    else if (request->operation == REQUEST_DELETE)
        finish_delete(request, problems);
    else if (!has_object)
        problems_add(problems, node_place(request->node), "\"object\" is required here");
    else if (request->operation == REQUEST_UPDATE && !has_old)
        problems_add(problems, node_place(request->node),
                     "\"oldObject\" is required here: what is changed");
    else if (request->operation == REQUEST_CREATE && has_old)
        problems_add(problems, node_find_key(request->node, "oldObject"),
                     "a CREATE has no \"oldObject\"; is \"operation: UPDATE\" meant?");
}

static const struct schema request_schema = {.name = "request",
                                             .fields = request_fields,
                                             .size = sizeof(struct test_request),
                                             .finish = finish_request};

static bool read_value(const struct node *node, struct arena *arena, void *out,
                       struct problems *problems)
{
    (void)arena;
    (void)problems;
    *(const struct node **)out = node;
    return true;
}

static const struct field operation_fields[] = {
    {.name = "op",
     .type = FIELD_ENUM,
     .words = patch_operations,
     .is_required = true,
     .offset = offsetof(struct expected_operation, name),
     .summary = "what is done"},
    {.name = "path",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct expected_operation, path),
     .summary = "a JSON Pointer: /metadata/labels/team",
     .json_schema = "{\"pattern\": \"^/\"}"},
    {.name = "value",
     .type = FIELD_CUSTOM,
     .read = read_value,
     .offset = offsetof(struct expected_operation, value),
     .summary = "what is added, or put in place",
     .type_name = "any",
     .json_schema = "{\"not\": {\"type\": \"null\"}}"},
    {0},
};

static void finish_operation(void *out, struct arena *arena, struct problems *problems)
{
    const struct expected_operation *operation = out;
    const char *name = patch_operations[operation->name];
    bool is_remove = !strcmp(name, "remove");

    (void)arena;
    if (operation->path[0] != '/')
        problems_add(problems, node_find(operation->node, "path"),
                     "\"path\": expected a JSON Pointer such as /spec/schedulerName");
    if (is_remove && operation->value)
        problems_add(problems, node_find_key(operation->node, "value"), "a remove has no value");
    if (!is_remove && !operation->value)
        problems_add(problems, node_place(operation->node), "\"value\" is required here for %s %s",
                     *name == 'a' ? "an" : "a", name);
}

static const struct schema operation_schema = {.name = "patch",
                                               .fields = operation_fields,
                                               .size = sizeof(struct expected_operation),
                                               .finish = finish_operation};

/* Not FIELD_STRINGS: two warnings may contain the same text. */
static bool read_warnings(const struct node *node, struct arena *arena, void *out,
                          struct problems *problems)
{
    struct strings *warnings = out;
    bool is_sound = true;

    if (node->kind != NODE_LIST) {
        problems_add(problems, node, "\"warnings\": expected a list of strings, got %s",
                     node_describe(node, arena));
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        const char *text;

        if (schema_read_string(&node->children[i], arena, &text, problems))
            strings_add(warnings, arena, text);
        else
            is_sound = false;
    }
    return is_sound;
}

static bool read_fields(const struct node *node, struct arena *arena, void *out,
                        struct problems *problems)
{
    if (node->kind != NODE_MAP || node->count == 0) {
        problems_add(problems, node, "\"object\": expected a map of fields, got %s",
                     node->kind == NODE_MAP ? "an empty one" : node_describe(node, arena));
        return false;
    }
    *(const struct node **)out = node;
    return true;
}

static const struct field expect_fields[] = {
    {.name = "allowed",
     .type = FIELD_BOOL,
     .offset = offsetof(struct expectation, is_allowed),
     .summary = "whether the request is let in"},
    {.name = "rules",
     .type = FIELD_STRINGS,
     .may_be_empty = true,
     .offset = offsetof(struct expectation, rules),
     .summary = "the rules that are violated, no more and no less; by name or leading part"},
    {.name = "message",
     .type = FIELD_STRING,
     .offset = offsetof(struct expectation, message),
     .summary = "a part of the denial's text"},
    {.name = "warnings",
     .type = FIELD_CUSTOM,
     .read = read_warnings,
     .offset = offsetof(struct expectation, warnings),
     .summary = "a part of each warning's text, as many as there are, in their order",
     .type_name = "[]string",
     .json_schema = "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"minLength\": 1}}"},
    {.name = "patch",
     .type = FIELD_OBJECTS,
     .schema = &operation_schema,
     .may_be_empty = true,
     .offset = offsetof(struct expectation, patch),
     .summary = "the operations of the mutation, all of them, in their order"},
    {.name = "object",
     .type = FIELD_CUSTOM,
     .read = read_fields,
     .offset = offsetof(struct expectation, object),
     .summary = "fields that the mutated object has; null: has not",
     .type_name = "Object",
     .json_schema = "{\"type\": \"object\", \"minProperties\": 1}"},
    {0},
};

static const struct schema expect_schema = {.name = "expect",
                                            .fields = expect_fields,
                                            .size = sizeof(struct expectation)};

static const struct field case_fields[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct test_case, name),
     .summary = "what holds, as a sentence"},
    {.name = "request",
     .type = FIELD_OBJECT,
     .schema = &request_schema,
     .is_required = true,
     .offset = offsetof(struct test_case, request),
     .summary = "what is tried"},
    {.name = "expect",
     .type = FIELD_OBJECT,
     .schema = &expect_schema,
     .is_required = true,
     .offset = offsetof(struct test_case, expect),
     .summary = "what must come of it; what is left out isn't looked at"},
    {0},
};

static const struct schema case_schema = {.name = "cases",
                                          .fields = case_fields,
                                          .size = sizeof(struct test_case)};

static const struct field spec_fields[] = {
    {.name = "time",
     .type = FIELD_INSTANT,
     .offset = offsetof(struct policy_test, time),
     .summary = "when it is: an instant as RFC 3339 writes it",
     .json_default = "\"2026-01-01T00:00:00Z\""},
    {.name = "state",
     .type = FIELD_STRINGS,
     .may_be_empty = true,
     .offset = offsetof(struct policy_test, state),
     .summary = "files with what exists: pods, namespaces, nodes, claims, ...",
     .json_default = "[]"},
    {.name = "cases",
     .type = FIELD_OBJECTS,
     .schema = &case_schema,
     .is_required = true,
     .offset = offsetof(struct policy_test, cases),
     .summary = "the cases, each by itself"},
    {0},
};

static const struct schema spec_schema = {.name = "PolicyTest",
                                          .fields = spec_fields,
                                          .size = sizeof(struct policy_test)};

const struct policy_kind policy_test_kind = {
    .name = "PolicyTest",
    .summary = "requests, and what must come of them; in files whose names end in .test.yaml",
    .schema = &spec_schema,
    .name_schema = "{}",
};

/* `spec` is read by itself, once it is clear that the document is one of ours. */
struct head {
    const struct node *node;
    int version, kind;
    struct metadata metadata;
    const struct node *spec;
};

static const struct field head_fields[] = {
    {.name = "apiVersion",
     .type = FIELD_ENUM,
     .words = versions,
     .is_required = true,
     .offset = offsetof(struct head, version),
     .summary = "fairgate.dev/v1alpha1"},
    {.name = "kind",
     .type = FIELD_ENUM,
     .words = kinds,
     .is_required = true,
     .offset = offsetof(struct head, kind),
     .summary = "PolicyTest"},
    {.name = "metadata",
     .type = FIELD_OBJECT,
     .schema = &metadata_schema,
     .is_required = true,
     .offset = offsetof(struct head, metadata),
     .summary = "the test's name"},
    {.name = "spec",
     .type = FIELD_CUSTOM,
     .read = read_value,
     .is_required = true,
     .offset = offsetof(struct head, spec),
     .summary = "what exists, and what is tried"},
    {0},
};

static const struct schema head_schema = {.name = "document",
                                          .fields = head_fields,
                                          .size = sizeof(struct head)};

bool expectation_has(const struct expectation *expect, const char *member)
{
    return node_find(expect->node, member);
}

/* Also where a case has other mistakes, so that all are told at once. */
static void refuse_same_names(const struct node *spec, struct arena *arena,
                              struct problems *problems)
{
    const struct node *cases = node_find(spec, "cases");
    const struct node **names;
    size_t count = 0;

    if (!cases || cases->kind != NODE_LIST)
        return;
    names = arena_alloc(arena, cases->count * sizeof(const struct node *));
    for (size_t i = 0; i < cases->count; i++) {
        const struct node *name = node_find(&cases->children[i], "name");

        if (!name || name->kind != NODE_STRING || name->text.len == 0)
            continue;
        for (size_t j = 0; j < count; j++) {
            if (!bytes_equal(names[j]->text, name->text))
                continue;
            problems_add(problems, name, "\"name\": there is a case \"%s\" already, on line %u",
                         text_quote(arena, name->text), names[j]->line);
            break;
        }
        names[count++] = name;
    }
}

static void refuse_same_test(const struct policy_tests *tests, const struct policy_test *test,
                             const struct node *document, struct problems *problems)
{
    const struct node *name = node_find(node_find(document, "metadata"), "name");

    for (size_t i = 0; i < tests->count; i++) {
        if (!strcmp(tests->items[i]->name, test->name)) {
            problems_add(problems, name, "there is a PolicyTest \"%s\" already, in %s", test->name,
                         tests->items[i]->file);
            return;
        }
    }
}

/* Is it meant to be a PolicyTest? Of anything else its fields tell nothing. */
static bool is_ours(const struct node *document)
{
    const struct node *version = node_find(document, "apiVersion");
    const struct node *kind = node_find(document, "kind");

    if (document->kind != NODE_MAP)
        return true;
    if (kind && kind->kind == NODE_STRING && kind->text.len > 0)
        return strings_nearest(kinds, 1, kind->text);
    return !version || bytes_has_prefix(version->text, BYTES("fairgate.dev/"));
}

static void refuse_document(const struct node *document, struct arena *arena,
                            struct problems *problems)
{
    const struct node *kind = node_find(document, "kind");

    problems_add(problems, kind ? kind : document,
                 "a test file holds documents of kind PolicyTest only, got %s",
                 kind ? node_describe(kind, arena) : "another");
}

/* The folder of a file, from where the program runs. */
static const char *folder_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');

    return slash ? arena_copy(arena, (struct bytes){path, (size_t)(slash - path)}) : ".";
}

static void read_document(const char *path, const struct node *document, struct arena *arena,
                          struct policy_tests *out, struct problems *problems)
{
    struct policy_test *test = arena_alloc(arena, sizeof(*test));
    struct head head = {0};

    if (!is_ours(document)) {
        refuse_document(document, arena, problems);
        return;
    }
    *test = (struct policy_test){.file = document->source->name,
                                 .folder = folder_of(path, arena),
                                 .time = default_time};
    schema_read(&head_schema, document, arena, &head, problems);
    if (head.spec) {
        schema_read(&spec_schema, head.spec, arena, test, problems);
        refuse_same_names(head.spec, arena, problems);
    }
    test->name = head.metadata.name;
    if (!test->name)
        return;
    refuse_same_test(out, test, document, problems);
    *ARENA_APPEND(arena, out->items, out->count) = test;
}

bool policy_tests_load(const char *directory, struct arena *arena, struct policy_tests *out,
                       struct problems *problems, struct error *err)
{
    static const char *const endings[] = {".test.yaml", ".test.yml", NULL};
    struct strings files = {0};

    if (!file_list(directory, endings, arena, &files, err))
        return false;
    for (size_t i = 0; i < files.count; i++) {
        const char *path = arena_printf(arena, "%s/%s", directory, files.items[i]);
        struct source *source = arena_alloc(arena, sizeof(*source));
        struct nodes documents = {0};

        source->name = text_clean(arena, bytes_from(files.items[i]), PATH_MAX);
        if (!file_read(path, MAX_FILE_BYTES, arena, &source->text, err))
            return false;
        node_parse(source, arena, &documents, problems);
        for (size_t j = 0; j < documents.count; j++)
            read_document(path, documents.items[j], arena, out, problems);
    }
    return true;
}
