#include "unit/ledger/scene.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "kube/quantity.h"
#include "ledger/shared.h"

static const struct node *parse(struct scene *scene, const char *yaml)
{
    struct source *source = arena_alloc(&scene->arena, sizeof(*source));
    struct problems problems = {.arena = &scene->arena};
    struct nodes nodes;

    *source = (struct source){"scene.yaml", bytes_from(yaml)};
    node_parse(source, &scene->arena, &nodes, &problems);
    assert(problems.error_count == 0 && nodes.count == 1);
    return nodes.items[0];
}

static void read_spec(struct scene *scene, const struct schema *schema, const struct node *spec,
                      void *out)
{
    struct problems problems = {.arena = &scene->arena};
    struct buf buf;

    if (schema_read(schema, spec, &scene->arena, out, &problems))
        return;
    buf_init(&buf, &scene->arena, 65536);
    problems_write(&problems, &buf);
    fputs(buf.data, stderr);
    abort();
}

/* Exceptions, by name. */
static void read_exceptions(struct scene *scene, const struct node *map, struct grants *grants)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct node *key = &map->children[2 * i];
        struct exception *exception = arena_alloc(&scene->arena, sizeof(*exception));

        read_spec(scene, &exception_schema, key + 1, exception);
        exception->name = arena_copy(&scene->arena, key->text);
        *ARENA_APPEND(&scene->arena, grants->exceptions, grants->exception_count) = exception;
    }
}

static void read_reservations(struct scene *scene, const struct node *map, struct grants *grants)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct node *key = &map->children[2 * i];
        struct reservation_spec *reservation = arena_alloc(&scene->arena, sizeof(*reservation));

        read_spec(scene, &reservation_schema, key + 1, reservation);
        reservation->name = arena_copy(&scene->arena, key->text);
        *ARENA_APPEND(&scene->arena, grants->reservations, grants->reservation_count) = reservation;
    }
}

const struct tenancy *scene_tenancy(struct scene *scene, const char *yaml)
{
    const struct node *root = parse(scene, yaml);
    struct arena *arena = &scene->arena;
    struct tenancy *tenancy = arena_alloc(arena, sizeof(*tenancy));
    struct tenant **tenants = arena_alloc(arena, root->count * sizeof(struct tenant *));
    size_t count = 0;

    cluster_init_defaults(&tenancy->cluster, arena);
    for (size_t i = 0; i < root->count; i++) {
        const struct node *key = &root->children[2 * i], *spec = key + 1;

        if (bytes_is(key->text, "cluster")) {
            read_spec(scene, &cluster_schema, spec, &tenancy->cluster);
            continue;
        }
        if (bytes_is(key->text, "exceptions")) {
            read_exceptions(scene, spec, &tenancy->grants);
            continue;
        }
        if (bytes_is(key->text, "reservations")) {
            read_reservations(scene, spec, &tenancy->grants);
            continue;
        }
        tenants[count] = arena_alloc(arena, sizeof(struct tenant));
        tenant_init_defaults(tenants[count]);
        read_spec(scene, &tenant_schema, spec, tenants[count]);
        tenants[count++]->name = arena_copy(arena, key->text);
    }
    accelerators_init(&tenancy->cluster.accelerators, &tenancy->cluster.accelerator_rows, arena);
    tenancy_init(tenancy, tenants, count, arena);
    grants_init(tenancy, tenants, arena);
    return tenancy;
}

void scene_adopt(struct scene *scene, const char *yaml)
{
    scene->tenancy = scene_tenancy(scene, yaml);
    ledger_adopt(scene->ledger, scene->tenancy);
}

void scene_init(struct scene *scene, const char *yaml)
{
    *scene = (struct scene){.ledger = ledger_new(), .now = 1795000000};
    scene_adopt(scene, yaml);
}

void scene_release(struct scene *scene)
{
    snapshot_reader_release(&scene->reader);
    ledger_free(scene->ledger);
    fake_store_free(scene->store);
    arena_release(&scene->arena);
}

void scene_load(struct scene *scene, const char *text)
{
    char path[] = "/tmp/fairgate-scene-XXXXXX";
    int fd = mkstemp(path);
    struct error err = {0};
    bool is_loaded;

    assert(fd >= 0);
    assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    is_loaded = ledger_load(scene->ledger, path, NULL, &err);
    unlink(path);
    if (is_loaded)
        return;
    fprintf(stderr, "%s\n", err.text);
    abort();
}

static void add_member(struct buf *buf, const char *name, const char *text)
{
    if (!text)
        return;
    buf_printf(buf, "%s\"%s\":", buf->data[buf->len - 1] == '{' ? "" : ",", name);
    buf_add_json(buf, bytes_from(text));
}

/* "a: 1, b: 2" as members. */
static void add_asks(struct buf *buf, const char *asks)
{
    while (asks && *asks) {
        size_t name = strcspn(asks, ":"), value = strcspn(asks + name + 2, ",");

        buf_add_json(buf, (struct bytes){asks, name});
        buf_add_char(buf, ':');
        buf_add_json(buf, (struct bytes){asks + name + 2, value});
        asks += name + 2 + value;
        if (*asks)
            buf_add_char(buf, ',');
        asks += strspn(asks, ", ");
    }
}

const char *scene_pod(struct scene *scene, const struct pod_text *pod)
{
    struct buf buf;

    buf_init(&buf, &scene->arena, 1 << 20);
    buf_add_text(&buf, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{");
    add_member(&buf, "name", pod->name);
    add_member(&buf, "namespace", pod->namespace ? pod->namespace : "research");
    add_member(&buf, "uid", pod->uid);
    if (pod->metadata)
        buf_printf(&buf, ",%s", pod->metadata);
    buf_add_text(&buf, "},\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"i\","
                       "\"resources\":{\"limits\":{");
    add_asks(&buf, pod->asks);
    buf_add_text(&buf, "}}}]");
    if (pod->spec)
        buf_printf(&buf, ",%s", pod->spec);
    buf_add_text(&buf, "}");
    if (pod->status)
        buf_printf(&buf, ",\"status\":{%s}", pod->status);
    buf_add_text(&buf, "}");
    assert(!buf.is_full);
    return buf.data;
}

static void add_object(struct buf *buf, const char *member, const char *object)
{
    if (object)
        buf_printf(buf, ",\"%s\":%s", member, object);
}

const char *scene_review(struct scene *scene, const char *operation, const char *resource,
                         const char *object, const char *old_object)
{
    static const struct {
        const char *resource, *group, *kind;
    } kinds[] = {{"pods", "", "Pod"},
                 {"pods/resize", "", "Pod"},
                 {"pods/binding", "", "Binding"},
                 {"namespaces", "", "Namespace"},
                 {"replicationcontrollers", "", "ReplicationController"},
                 {"priorityclasses", "scheduling.k8s.io", "PriorityClass"},
                 {"resourceclaims", "resource.k8s.io", "ResourceClaim"},
                 {"resourceclaimtemplates", "resource.k8s.io", "ResourceClaimTemplate"}};
    static atomic_ulong number;
    const char *text = object ? object : old_object;
    struct document document;
    struct bytes name, namespace;
    size_t kind = 0, slash = strcspn(resource, "/");
    struct buf buf;

    while (strcmp(kinds[kind].resource, resource) != 0)
        kind++;
    document_parse(bytes_from(text), 64, &scene->arena, &document);
    assert(document_is_sound(&document));
    name = value_text(value_path(document_root(&document), "metadata.name"));
    namespace = value_text(value_path(document_root(&document), "metadata.namespace"));
    buf_init(&buf, &scene->arena, 1 << 20);
    buf_printf(&buf,
               "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
               "\"request\":{\"uid\":\"review-%lu\",\"kind\":{\"group\":\"%s\",\"version\":\"v1\","
               "\"kind\":\"%s\"},\"resource\":{\"group\":\"%s\",\"version\":\"v1\","
               "\"resource\":\"%.*s\"}",
               atomic_fetch_add(&number, 1), kinds[kind].group, kinds[kind].kind, kinds[kind].group,
               (int)slash, resource);
    add_member(&buf, "subResource", resource[slash] ? resource + slash + 1 : NULL);
    add_member(&buf, "name", name.len ? arena_copy(&scene->arena, name) : NULL);
    add_member(&buf, "namespace", namespace.len ? arena_copy(&scene->arena, namespace) : NULL);
    add_member(&buf, "operation", operation);
    add_object(&buf, "object", object);
    add_object(&buf, "oldObject", old_object);
    buf_add_text(&buf, ",\"userInfo\":{\"username\":\"alice\",\"groups\":[\"system:nodes\"]}}}");
    assert(!buf.is_full);
    return buf.data;
}

static struct value judged_object(const struct review *review, enum evaluation evaluation)
{
    if (evaluation == EVALUATE_TEMPLATE)
        return value_path(review->object, "spec.template");
    return review->operation == OPERATION_DELETE ? review->old_object : review->object;
}

struct facts *scene_facts(struct scene *scene, const char *text)
{
    struct arena *arena = &scene->arena;
    struct review *review = arena_alloc(arena, sizeof(*review));
    struct world *world = arena_alloc(arena, sizeof(*world));
    struct facts *facts = arena_alloc(arena, sizeof(*facts));
    struct subject subject = {.review = review, .world = world, .prefix = ""};
    struct error err = {0};
    bool is_read;

    *world = (struct world){scene->tenancy, scene->view, scene->now};
    if (!world->view)
        world->view = ledger_view(scene->ledger, &scene->reader);
    world->names = world->view;
    is_read = review_parse(bytes_from(text), arena, review, &err) && !review->fault.text[0] &&
              facts_classify(review, world, arena, &subject.evaluation, &err);
    if (is_read && !subject.evaluation)
        return NULL;
    subject.object = judged_object(review, subject.evaluation);
    if (is_read && facts_collect(&subject, arena, facts, &err))
        return facts;
    fprintf(stderr, "%s%s\n%s\n", err.text, review->fault.text, text);
    abort();
}

static bool exceeds(struct amount used, struct amount asked, struct amount limit)
{
    struct amount total;

    return !amount_is_zero(asked) &&
           (!amount_add(used, asked, &total) || amount_compare(total, limit) > 0);
}

static bool exceeds_resource(const struct facts *facts, const struct usage *usage)
{
    const struct resource_caps *caps = &facts->tenant->resources;

    for (size_t i = 0; i < caps->count; i++) {
        for (size_t j = 0; j < facts->ask.requests.count; j++) {
            const struct resource_amount *item = &facts->ask.requests.items[j];

            if (glob_matches(&caps->items[i].name, item->name) &&
                exceeds(usage->resources[i], item->amount, caps->items[i].max))
                return true;
        }
    }
    return false;
}

bool scene_judge(void *context, const struct facts *facts, const struct usage *usage)
{
    struct outcome *outcome = context;

    assert(!outcome->is_called);
    outcome->is_called = true;
    outcome->has_usage = usage;
    outcome->is_allowed = true;
    if (!usage)
        return true;
    outcome->usage = *usage;
    outcome->is_allowed = usage->is_known && !exceeds_resource(facts, usage);
    if (facts->tenant->gpus.node &&
        exceeds(usage->gpus, facts->demand.gpus, facts->tenant->gpus.guaranteed))
        outcome->is_allowed = false;
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        for (int other = 0; other < MODE_COUNT; other++) {
            if (mode != other && usage->holder[other] &&
                !amount_is_zero(facts->demand.by_mode[mode]))
                outcome->is_allowed = false;
        }
    }
    return outcome->is_allowed;
}

static void settle_in(struct scene *scene, const char *review, bool writes, struct shared_txn *txn,
                      struct outcome *outcome)
{
    const struct ledger_judge judge = {scene_judge, outcome};

    *outcome = (struct outcome){.facts = scene_facts(scene, review)};
    if (!outcome->facts) {
        outcome->is_allowed = true;
        return;
    }
    outcome->result = ledger_settle(scene->ledger, outcome->facts, writes, judge, txn);
    outcome->is_settled = outcome->result == LEDGER_SETTLED;
}

struct outcome scene_settle_in(struct scene *scene, const char *review, struct shared_txn *txn)
{
    struct outcome outcome;

    settle_in(scene, review, true, txn, &outcome);
    return outcome;
}

void scene_fetch(struct scene *scene, const char *tenant)
{
    const char *text = fake_store_read(scene->store, tenant, &scene->arena);
    struct document document;

    if (!text) {
        shared_lose(scene->ledger, bytes_from(tenant), BYTES(""));
        return;
    }
    document_parse(bytes_from(text), 64, &scene->arena, &document);
    shared_take(scene->ledger, document_root(&document));
}

static bool finish(struct scene *scene, struct shared_txn *txn)
{
    struct arena *arena = &scene->arena;
    struct shared_body body;
    struct document document;
    const char *text;

    if (!shared_write(txn, arena, &body)) {
        shared_abort(txn);
        return true;
    }
    assert(!body.is_too_large);
    text = fake_store_write(scene->store, body.text, body.is_new, arena);
    if (!text) {
        shared_abort(txn);
        return false;
    }
    document_parse(bytes_from(text), 64, arena, &document);
    return shared_commit(txn, document_root(&document));
}

bool scene_write(struct scene *scene, const char *tenant)
{
    return finish(scene, shared_begin(scene->ledger, tenant, NULL));
}

bool scene_transact(struct scene *scene, const char *const *reviews, struct outcome *outcomes,
                    size_t count)
{
    const char *tenant = scene_facts(scene, reviews[0])->tenant->name;
    struct shared_txn *txn = shared_begin(scene->ledger, tenant, NULL);

    for (size_t i = 0; i < count; i++)
        settle_in(scene, reviews[i], true, txn, &outcomes[i]);
    return finish(scene, txn);
}

struct outcome scene_settle(struct scene *scene, const char *review, bool writes)
{
    struct outcome outcome;

    settle_in(scene, review, writes, NULL, &outcome);
    if (outcome.result != LEDGER_WAITS)
        return outcome;
    while (!scene_transact(scene, &review, &outcome, 1)) {
        assert(outcome.facts);
        scene_fetch(scene, outcome.facts->tenant->name);
    }
    return outcome;
}

static bool settle(struct scene *scene, const char *review)
{
    struct outcome outcome = scene_settle(scene, review, true);

    assert(!outcome.facts || (outcome.is_settled && outcome.is_called));
    return outcome.is_allowed;
}

bool scene_create(struct scene *scene, const struct pod_text *pod)
{
    return settle(scene, scene_review(scene, "CREATE", "pods", scene_pod(scene, pod), NULL));
}

bool scene_resize(struct scene *scene, const struct pod_text *old, const struct pod_text *pod)
{
    return settle(scene, scene_review(scene, "UPDATE", "pods/resize", scene_pod(scene, pod),
                                      scene_pod(scene, old)));
}

bool scene_update(struct scene *scene, const struct pod_text *old, const struct pod_text *pod)
{
    return settle(scene, scene_review(scene, "UPDATE", "pods", scene_pod(scene, pod),
                                      scene_pod(scene, old)));
}

void scene_delete(struct scene *scene, const struct pod_text *pod)
{
    bool is_allowed =
        settle(scene, scene_review(scene, "DELETE", "pods", NULL, scene_pod(scene, pod)));

    assert(is_allowed);
}

const char *scene_binding(struct scene *scene, const char *pod, const char *uid, const char *node)
{
    struct arena *arena = &scene->arena;
    const char *identity = uid ? arena_printf(arena, ",\"uid\":\"%s\"", uid) : "";
    const char *object = arena_printf(
        arena,
        "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{\"name\":\"%s\","
        "\"namespace\":\"research\"%s},\"target\":{\"kind\":\"Node\",\"name\":\"%s\"}}",
        pod, identity, node);

    return scene_review(scene, "CREATE", "pods/binding", object, NULL);
}

void scene_bind(struct scene *scene, const char *pod, const char *node)
{
    settle(scene, scene_binding(scene, pod, NULL, node));
}

void scene_label(struct scene *scene, const char *namespace, const char *labels)
{
    const char *object =
        arena_printf(&scene->arena,
                     "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s\","
                     "\"labels\":{%s}}}",
                     namespace, labels);

    settle(scene, scene_review(scene, "CREATE", "namespaces", object, NULL));
}

const char *scene_usage(struct scene *scene, const char *namespace, const char *asks)
{
    struct pod_text pod = {.namespace = namespace,
                           .name = "a-fresh-pod",
                           .uid = "fresh",
                           .asks = asks};
    struct outcome outcome =
        scene_settle(scene, scene_review(scene, "CREATE", "pods", scene_pod(scene, &pod), NULL),
                     false);
    struct buf buf;

    assert(outcome.is_settled && outcome.is_called);
    if (!outcome.has_usage)
        return "not asked";
    buf_init(&buf, &scene->arena, 4096);
    buf_add_text(&buf, amount_write(outcome.usage.gpus, &scene->arena));
    for (size_t i = 0; i < outcome.facts->tenant->resources.count; i++)
        buf_printf(&buf, " %s=%s", outcome.facts->tenant->resources.items[i].name.text,
                   amount_write(outcome.usage.resources[i], &scene->arena));
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        if (outcome.usage.holder[mode])
            buf_printf(&buf, " %s=%s", mode_names[mode], outcome.usage.holder[mode]);
    }
    return buf.data;
}
