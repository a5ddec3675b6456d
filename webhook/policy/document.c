#include "policy/document.h"

const char document_api_version[] = "fairgate.dev/v1alpha1";

const char *const document_kinds[KIND_COUNT] = {
    [KIND_CLUSTER] = "Cluster", [KIND_TENANT] = "Tenant",       [KIND_LADDER] = "PriorityLadder",
    [KIND_POLICY] = "Policy",   [KIND_EXCEPTION] = "Exception", [KIND_RESERVATION] = "Reservation",
};

static struct strings list_kinds(struct arena *arena)
{
    struct strings names = {0};

    for (int i = 0; i < KIND_COUNT; i++)
        strings_add(&names, arena, document_kinds[i]);
    return names;
}

static const struct field metadata_fields[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .is_required = true,
     .offset = offsetof(struct metadata, name),
     .summary = "the document's name: lower-case letters, digits, '-' and '.'"},
    {.name = "labels",
     .type = FIELD_STRING_MAP,
     .may_be_empty = true,
     .offset = offsetof(struct metadata, labels),
     .summary = "labels, for people and tools"},
    {.name = "annotations",
     .type = FIELD_STRING_MAP,
     .may_be_empty = true,
     .offset = offsetof(struct metadata, annotations),
     .summary = "annotations, for people and tools"},
    {0},
};

const struct schema metadata_schema = {.name = "metadata",
                                       .fields = metadata_fields,
                                       .size = sizeof(struct metadata)};

struct head {
    const struct node *node;
    struct metadata metadata;
};

static bool read_version(const struct node *node, struct arena *arena, void *out,
                         struct problems *problems)
{
    (void)out;
    if (node->kind == NODE_STRING && bytes_is(node->text, document_api_version))
        return true;
    problems_add(problems, node, "\"apiVersion\": expected \"%s\", got %s", document_api_version,
                 node_describe(node, arena));
    return false;
}

static bool find_kind(const struct node *node, enum document_kind *out)
{
    for (int i = 0; node && node->kind == NODE_STRING && i < KIND_COUNT; i++) {
        if (bytes_is(node->text, document_kinds[i])) {
            *out = (enum document_kind)i;
            return true;
        }
    }
    return false;
}

static bool is_test(const struct node *kind)
{
    return kind && kind->kind == NODE_STRING && bytes_is(kind->text, "PolicyTest");
}

/* The kind of ours that is likely to be meant; NULL: none. */
static const char *nearest_kind(const struct node *node, struct arena *arena)
{
    struct strings kinds = list_kinds(arena);

    return node->kind == NODE_STRING ? strings_nearest(kinds.items, kinds.count, node->text) : NULL;
}

static bool read_kind(const struct node *node, struct arena *arena, void *out,
                      struct problems *problems)
{
    const char *nearest = nearest_kind(node, arena);
    struct strings kinds = list_kinds(arena);
    enum document_kind ignored;

    (void)out;
    if (find_kind(node, &ignored))
        return true;
    if (is_test(node))
        problems_add(problems, node,
                     "a PolicyTest is run only from a file whose name ends in .test.yaml");
    else
        problems_add(problems, node, "\"kind\": expected one of %s; got %s%s",
                     strings_join(&kinds, kinds.count, arena), node_describe(node, arena),
                     nearest ? arena_printf(arena, "; did you mean \"%s\"?", nearest) : "");
    return false;
}

static bool read_spec(const struct node *node, struct arena *arena, void *out,
                      struct problems *problems)
{
    (void)out;
    if (node->kind == NODE_MAP)
        return true;
    problems_add(problems, node, "\"spec\": expected a map, got %s", node_describe(node, arena));
    return false;
}

static const struct field head_fields[] = {
    {.name = "apiVersion",
     .type = FIELD_CUSTOM,
     .read = read_version,
     .is_required = true,
     .offset = offsetof(struct head, node),
     .summary = "the version of the language: fairgate.dev/v1alpha1",
     .type_name = "string",
     .json_schema = "{\"type\": \"string\"}"},
    {.name = "kind",
     .type = FIELD_CUSTOM,
     .read = read_kind,
     .is_required = true,
     .offset = offsetof(struct head, node),
     .summary = "what the document is",
     .type_name = "string",
     .json_schema = "{\"type\": \"string\"}"},
    {.name = "metadata",
     .type = FIELD_OBJECT,
     .schema = &metadata_schema,
     .is_required = true,
     .offset = offsetof(struct head, metadata),
     .summary = "the document's name, and what every Kubernetes object may carry"},
    {.name = "spec",
     .type = FIELD_CUSTOM,
     .read = read_spec,
     .is_required = true,
     .offset = offsetof(struct head, node),
     .summary = "what the document says",
     .type_name = "Object",
     .json_schema = "{\"type\": \"object\"}"},
    {0},
};

const struct schema document_schema = {.name = "document",
                                       .fields = head_fields,
                                       .size = sizeof(struct head)};

/* Is the document another API's, such as a Pod that a test uses? One of ours with a wrong
 * apiVersion, or with none, isn't. */
bool document_is_foreign(const struct node *document)
{
    const struct node *version = node_find(document, "apiVersion");
    enum document_kind kind;
    bool is_ours = version && bytes_is(version->text, document_api_version);

    return version && version->kind == NODE_STRING && version->text.len > 0 && !is_ours &&
           node_find(document, "kind") && !find_kind(node_find(document, "kind"), &kind) &&
           !is_test(node_find(document, "kind")) &&
           !bytes_has_prefix(version->text, BYTES("fairgate.dev/"));
}

static bool has_key_like(const struct node *map, const char *name)
{
    if (node_find(map, name))
        return true;
    for (size_t i = 0; i < map->count; i++) {
        if (strings_nearest(&name, 1, map->children[2 * i].text))
            return true;
    }
    return false;
}

/* Is it no object at all? */
static bool refuse_shape(const struct node *document, struct arena *arena,
                         struct problems *problems)
{
    struct strings kinds = list_kinds(arena);

    if (document->kind != NODE_MAP)
        problems_add(problems, document,
                     "expected an object with apiVersion, kind, metadata and spec, got %s",
                     node_describe(document, arena));
    else if (!has_key_like(document, "apiVersion") && !has_key_like(document, "kind"))
        problems_add(problems, document,
                     "this is no object: it has neither apiVersion nor kind; policy has "
                     "apiVersion: %s and as kind one of %s",
                     document_api_version, strings_join(&kinds, kinds.count, arena));
    else
        return false;
    return true;
}

/* Is it of a kind that was hardly meant to be one of ours? Its other fields tell nothing. */
static bool refuse_stranger(const struct node *document, struct arena *arena,
                            struct problems *problems)
{
    const struct node *version = node_find(document, "apiVersion");
    const struct node *kind = node_find(document, "kind");
    enum document_kind ignored;

    if (find_kind(kind, &ignored) || !kind || kind->kind != NODE_STRING || kind->text.len == 0 ||
        nearest_kind(kind, arena))
        return false;
    if (version)
        read_version(version, arena, NULL, problems);
    else
        problems_add(problems, document, "\"apiVersion\" is required here");
    if (version || is_test(kind))
        read_kind(kind, arena, NULL, problems);
    return true;
}

bool document_read(const struct node *document, enum document_kind *kind, struct arena *arena,
                   struct problems *problems)
{
    struct head head = {0};

    if (refuse_shape(document, arena, problems) || refuse_stranger(document, arena, problems))
        return false;
    schema_read(&document_schema, document, arena, &head, problems);
    return find_kind(node_find(document, "kind"), kind);
}
