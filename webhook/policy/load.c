#include "policy/load.h"

#include <limits.h>

#include "base/digest.h"
#include "base/file.h"

enum { MAX_FILE_BYTES = 16 * 1024 * 1024, MAX_NAME_BYTES = 63 };

struct loading {
    struct arena *arena;
    struct loaded *out;
    struct problems *problems;
    bool has_policy;                 /* some document is one, be it with mistakes */
    const struct policy_kind *kinds; /* by enum document_kind */
    struct names {
        struct name {
            enum document_kind kind;
            const char *text;
            const struct node *node;
        } * items;
        size_t count;
    } names;
};

/* What is read of one document: its kind's schema, its name, whether that is a good one. */
struct reading {
    const struct schema *schema;
    const struct node *spec;
    const char *name;
    bool is_kept;
};

static void read_cluster(struct loading *loading, const struct reading *reading)
{
    struct cluster cluster;

    cluster_init_defaults(&cluster, loading->arena);
    schema_read(reading->schema, reading->spec, loading->arena, &cluster, loading->problems);
    cluster.name = reading->name;
    if (reading->is_kept)
        loading->out->cluster = cluster;
}

static void read_ladder(struct loading *loading, const struct reading *reading)
{
    struct ladder ladder;

    ladder_init_defaults(&ladder);
    schema_read(reading->schema, reading->spec, loading->arena, &ladder, loading->problems);
    ladder.name = reading->name;
    if (reading->is_kept)
        loading->out->ladder = ladder;
}

static void read_tenant(struct loading *loading, const struct reading *reading)
{
    struct tenant *tenant = arena_alloc(loading->arena, sizeof(*tenant));

    tenant_init_defaults(tenant);
    loading->out->may_lack_caps |=
        !schema_read(reading->schema, reading->spec, loading->arena, tenant, loading->problems);
    tenant->name = reading->name;
    if (reading->is_kept)
        *ARENA_APPEND(loading->arena, loading->out->tenants, loading->out->tenant_count) = tenant;
}

static void read_policy(struct loading *loading, const struct reading *reading)
{
    struct policy *policy = arena_alloc(loading->arena, sizeof(*policy));

    policy->name = reading->name;
    loading->out->may_lack_rules |=
        !policy_read(reading->schema, reading->spec, loading->arena, policy, loading->problems);
    if (reading->is_kept)
        *ARENA_APPEND(loading->arena, loading->out->policies, loading->out->policy_count) = policy;
}

static void read_exception(struct loading *loading, const struct reading *reading)
{
    struct exception *exception = arena_alloc(loading->arena, sizeof(*exception));
    struct grants *grants = &loading->out->grants;

    schema_read(reading->schema, reading->spec, loading->arena, exception, loading->problems);
    exception->name = reading->name;
    if (reading->is_kept)
        *ARENA_APPEND(loading->arena, grants->exceptions, grants->exception_count) = exception;
}

static void read_reservation(struct loading *loading, const struct reading *reading)
{
    struct reservation_spec *reservation = arena_alloc(loading->arena, sizeof(*reservation));
    struct grants *grants = &loading->out->grants;

    schema_read(reading->schema, reading->spec, loading->arena, reservation, loading->problems);
    reservation->name = reading->name;
    if (reading->is_kept)
        *ARENA_APPEND(loading->arena, grants->reservations, grants->reservation_count) =
            reservation;
}

/* A new kind is a row here. */
static const struct document_row {
    const char *summary;
    const struct schema *schema; /* NULL: made by policy_schema_new */
    void (*read)(struct loading *loading, const struct reading *reading);
    bool is_single;
} kind_rows[] = {
    [KIND_CLUSTER] = {"what counts as a GPU, who administers, what is exempt", &cluster_schema,
                      read_cluster, true},
    [KIND_TENANT] = {"who may hold how much, where, and with which priority", &tenant_schema,
                     read_tenant, false},
    [KIND_LADDER] = {"which priority classes there are, and whose pods may evict whose",
                     &ladder_schema, read_ladder, true},
    [KIND_POLICY] = {"rules that objects are held against, and what pods are filled in", NULL,
                     read_policy, false},
    [KIND_EXCEPTION] = {"rules that don't apply to some tenants for a while, and GPUs "
                        "beyond their caps",
                        &exception_schema, read_exception, false},
    [KIND_RESERVATION] = {"GPUs that a tenant is promised for a while", &reservation_schema,
                          read_reservation, false},
};

/* As is_name. */
#define NAME_JSON "{\"pattern\": \"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$\", \"maxLength\": 63}"

const struct policy_kind *load_kinds(struct arena *arena)
{
    struct policy_kind *kinds = arena_alloc(arena, (KIND_COUNT + 1) * sizeof(*kinds));

    for (int i = 0; i < KIND_COUNT; i++) {
        const struct document_row *row = &kind_rows[i];

        kinds[i] =
            (struct policy_kind){.name = document_kinds[i],
                                 .summary = row->summary,
                                 .name_schema = NAME_JSON,
                                 .schema = row->schema ? row->schema : policy_schema_new(arena),
                                 .is_single = row->is_single};
    }
    return kinds;
}

/* What findings of our own begin with: a policy's rules must have other names. */
static bool is_reserved(enum document_kind kind, const char *name)
{
    return kind == KIND_POLICY &&
           (!strcmp(name, "tenant") || !strcmp(name, "ladder") || !strcmp(name, "cluster"));
}

/* DNS-1123 subdomains, as Kubernetes names are; a slash would make rules' names ambiguous. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > MAX_NAME_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_inside = i > 0 && i + 1 < len;

        if (!is_letter && !(is_inside && (c == '-' || c == '.')))
            return false;
    }
    return true;
}

static bool take_name(struct loading *loading, enum document_kind kind, const struct node *node)
{
    const char *text = arena_copy(loading->arena, node->text);
    struct name *name;

    if (!is_name(text)) {
        problems_add(loading->problems, node,
                     "\"name\": expected a name of at most %d lower-case letters, digits, '-' and "
                     "'.', got \"%s\"",
                     MAX_NAME_BYTES, text_quote(loading->arena, node->text));
        return false;
    }
    if (is_reserved(kind, text)) {
        problems_add(loading->problems, node,
                     "\"name\": \"%s\" is taken: fairgate's own rules are called %s/...", text,
                     text);
        return false;
    }
    for (size_t i = 0; i < loading->names.count; i++) {
        const struct name *other = &loading->names.items[i];

        if (other->kind != kind)
            continue;
        if (!strcmp(other->text, text)) {
            problems_add(loading->problems, node, "there is a %s \"%s\" already, at %s:%u",
                         document_kinds[kind], text, other->node->source->name, other->node->line);
            return false;
        }
        if (kind_rows[kind].is_single) {
            problems_add(loading->problems, node, "a set has one %s at most: \"%s\" is at %s:%u",
                         document_kinds[kind], other->text, other->node->source->name,
                         other->node->line);
            return false;
        }
    }
    name = ARENA_APPEND(loading->arena, loading->names.items, loading->names.count);
    *name = (struct name){kind, text, node};
    return true;
}

/* A document of that kind, KIND_COUNT: of any, could not be read. */
static void note_lost(struct loading *loading, enum document_kind kind)
{
    loading->out->may_lack_tenants |= kind == KIND_TENANT || kind == KIND_COUNT;
    loading->out->may_lack_caps |= kind == KIND_TENANT || kind == KIND_COUNT;
    loading->out->may_lack_ladder |= kind == KIND_LADDER || kind == KIND_COUNT;
    loading->out->may_lack_rules |= kind == KIND_POLICY || kind == KIND_COUNT;
}

static const char *last_name(const struct loading *loading)
{
    return loading->names.items[loading->names.count - 1].text;
}

/* What can be read of a spec is read even where its name is a mistake, so that all mistakes are
 * told at once; but it is kept only under a good name. */
static void read_document(struct loading *loading, const struct node *document)
{
    const struct node *spec = node_find(document, "spec");
    const struct node *name_node = node_find(node_find(document, "metadata"), "name");
    bool is_kept = false;
    enum document_kind kind;

    if (!document_read(document, &kind, loading->arena, loading->problems)) {
        note_lost(loading, KIND_COUNT);
        return;
    }
    if (name_node && name_node->kind == NODE_STRING && name_node->text.len > 0)
        is_kept = take_name(loading, kind, name_node);
    if (!is_kept || !spec || spec->kind != NODE_MAP)
        note_lost(loading, kind);
    if (spec && spec->kind == NODE_MAP)
        kind_rows[kind].read(loading, &(struct reading){
                                          .schema = loading->kinds[kind].schema,
                                          .spec = spec,
                                          .name = is_kept ? last_name(loading) : "?",
                                          .is_kept = is_kept,
                                      });
}

static bool is_test_file(const char *path)
{
    struct bytes name = {path, strlen(path)};

    return bytes_has_suffix(name, BYTES(".test.yaml")) ||
           bytes_has_suffix(name, BYTES(".test.yml"));
}

/* What kubectl prints of several objects is one document of kind List: none of ours may be passed
 * over in it. */
static void refuse_list(struct loading *loading, const struct node *document)
{
    const struct node *items = node_find(document, "items");

    for (size_t i = 0; items && items->kind == NODE_LIST && i < items->count; i++) {
        const struct node *version = node_find(&items->children[i], "apiVersion");

        if (!version || !bytes_has_prefix(version->text, BYTES("fairgate.dev/")))
            continue;
        problems_add(loading->problems, version,
                     "policy is not read from a List: write each object as a document of its own");
        note_lost(loading, KIND_COUNT);
        return;
    }
}

static bool load_file(struct loading *loading, const char *directory, const char *path,
                      struct digest *digest, struct error *err)
{
    const char *whole = arena_printf(loading->arena, "%s/%s", directory, path);
    struct source *source = arena_alloc(loading->arena, sizeof(*source));
    struct nodes documents = {0};
    bool is_policy = false;

    source->name = text_clean(loading->arena, bytes_from(path), PATH_MAX);
    if (!file_read(whole, MAX_FILE_BYTES, loading->arena, &source->text, err)) {
        if (!err->is_limit)
            return false;
        problems_add_at(loading->problems, source, 0, 0, "larger than 16 MiB");
        note_lost(loading, KIND_COUNT);
        return true;
    }
    node_parse(source, loading->arena, &documents, loading->problems);
    if (documents.is_cut)
        note_lost(loading, KIND_COUNT);
    for (size_t i = 0; i < documents.count; i++) {
        if (document_is_foreign(documents.items[i])) {
            refuse_list(loading, documents.items[i]);
            continue;
        }
        is_policy = true;
        read_document(loading, documents.items[i]);
    }
    loading->has_policy |= is_policy;
    if (is_policy) {
        digest_add(digest, bytes_from(path));
        digest_add(digest, source->text);
    }
    return true;
}

/* A volume that isn't mounted, and the wrong folder, look like a set that says nothing. */
static void warn_of_nothing(struct loading *loading, const char *directory)
{
    struct source *source = arena_alloc(loading->arena, sizeof(*source));

    source->name = text_clean(loading->arena, bytes_from(directory), PATH_MAX);
    problems_warn(loading->problems, &(struct node){.source = source},
                  "there is no policy here, so there are no rules but fairgate's own");
}

static const char *const endings[] = {".yaml", ".yml", NULL};

uint64_t load_fingerprint(const char *directory)
{
    return file_list_fingerprint(directory, endings);
}

bool load_documents(const char *directory, struct arena *arena, struct loaded *out,
                    struct problems *problems, struct error *err)
{
    struct loading loading = {.arena = arena, .out = out, .problems = problems};
    struct digest *digest;
    struct strings paths = {0};
    bool is_read = true;

    if (!file_list(directory, endings, arena, &paths, err))
        return false;
    loading.kinds = load_kinds(arena);
    cluster_init_defaults(&out->cluster, arena);
    ladder_init_defaults(&out->ladder);
    digest = digest_new();
    for (size_t i = 0; i < paths.count && is_read; i++) {
        if (!is_test_file(paths.items[i]))
            is_read = load_file(&loading, directory, paths.items[i], digest, err);
    }
    out->digest = digest_finish_take(digest, arena);
    out->is_empty = is_read && !loading.has_policy;
    if (out->is_empty && problems->error_count == 0)
        warn_of_nothing(&loading, directory);
    return is_read;
}
