#include "engine/facts.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/field.h"
#include "engine/claims.h"
#include "engine/trace.h"
#include "engine/workload.h"

static bool is_update(const struct review *review)
{
    return review->operation == OPERATION_UPDATE;
}

/* Which question about a pod is it? Any subresource that isn't known here can still change its
 * metadata. */
static enum evaluation classify_pod(const struct review *review)
{
    if (review->operation == OPERATION_DELETE)
        return review->sub_resource.len ? 0 : EVALUATE_POD_DELETE;
    if (review->operation == OPERATION_CREATE)
        return review->sub_resource.len ? 0 : EVALUATE_POD_CREATE;
    if (!is_update(review))
        return 0;
    if (bytes_is(review->sub_resource, "ephemeralcontainers"))
        return EVALUATE_POD_EPHEMERAL;
    if (bytes_is(review->sub_resource, "resize"))
        return EVALUATE_POD_RESIZE;
    return EVALUATE_POD_UPDATE;
}

static enum evaluation classify_claim(const struct review *review, enum evaluation created)
{
    switch (review->operation) {
    case OPERATION_CREATE:
        return review->sub_resource.len ? 0 : created;
    case OPERATION_UPDATE:
        return EVALUATE_CLAIM_UPDATE;
    case OPERATION_DELETE:
        return review->sub_resource.len ? 0 : EVALUATE_CLAIM_DELETE;
    default:
        return 0;
    }
}

static enum evaluation classify(const struct review *review, const struct kind_row *row)
{
    bool is_written = review->operation == OPERATION_CREATE || is_update(review);

    switch (row->kind) {
    case KIND_POD:
        return classify_pod(review);
    case KIND_BINDING:
        return review->operation == OPERATION_CREATE ? EVALUATE_BINDING : 0;
    case KIND_TEMPLATE:
        return is_written && review->sub_resource.len == 0 ? EVALUATE_TEMPLATE : 0;
    case KIND_GROUP:
        return is_written && review->sub_resource.len == 0 ? EVALUATE_GROUP : 0;
    case KIND_NAMESPACE:
        return is_written                              ? EVALUATE_NAMESPACE
               : review->operation == OPERATION_DELETE ? EVALUATE_NAMESPACE_DELETE
                                                       : 0;
    case KIND_PRIORITY_CLASS:
        return review->operation == OPERATION_CONNECT ? 0 : EVALUATE_PRIORITY_CLASS;
    case KIND_CLAIM:
        return classify_claim(review, EVALUATE_CLAIM);
    case KIND_CLAIM_TEMPLATE:
        return classify_claim(review, EVALUATE_CLAIM_TEMPLATE);
    case KIND_OTHER:
        break;
    }
    return 0;
}

/* The object must be what the review says it is: its version and kind decide how it is read. */
static bool check_identity(const struct review *review, struct value object, struct arena *arena,
                           struct error *err)
{
    struct bytes version = {0}, kind = {0}, rest;

    if (!field_text(object, "apiVersion", arena, &version, err) ||
        !field_text(object, "kind", arena, &kind, err))
        return false;
    rest = version;
    if (review->group.len && bytes_has_prefix(version, review->group) &&
        version.len > review->group.len && version.data[review->group.len] == '/')
        rest = bytes_tail(version, review->group.len + 1);
    if (bytes_equal(kind, review->kind) && bytes_equal(rest, review->version) &&
        (rest.len < version.len) == (review->group.len > 0))
        return true;
    return error_set(err, "the review is of kind %s of %s%s%s, but its object of kind %s of %s",
                     text_quote(arena, review->kind), text_quote(arena, review->group),
                     review->group.len ? "/" : "", text_quote(arena, review->version),
                     text_quote(arena, kind), text_quote(arena, version));
}

static bool check_namespace(const struct review *review, struct arena *arena, struct error *err)
{
    struct bytes named = value_text(value_path(review->object, "metadata.namespace"));

    if (named.len == 0 || bytes_equal(named, review->namespace))
        return true;
    return error_set(err, "the review is of namespace \"%s\", but its object of namespace \"%s\"",
                     text_quote(arena, review->namespace), text_quote(arena, named));
}

static struct bytes exempt_name(const struct review *review, enum evaluation evaluation)
{
    bool is_namespace = evaluation & (EVALUATE_NAMESPACE | EVALUATE_NAMESPACE_DELETE);

    return is_namespace && review->namespace.len == 0 ? review->name : review->namespace;
}

static const char class_label[] = "priorityClassName";

static bool changes_label(const struct review *review, const char *label)
{
    static const char labels[] = "metadata.labels";

    return !value_equal(value_member(value_path(review->object, labels), label),
                        value_member(value_path(review->old_object, labels), label));
}

/* Some of what an object says holds for its pods, which run and wait on, until it is gone: whose
 * they are, and which class they have. */
static bool changes_its_pods(const struct review *review, enum evaluation evaluation,
                             const struct cluster *cluster)
{
    switch (evaluation) {
    case EVALUATE_NAMESPACE:
        return changes_label(review, cluster->tenant_label);
    case EVALUATE_TEMPLATE:
        return changes_label(review, class_label);
    case EVALUATE_GROUP:
        return !value_equal(value_member(review->object, "spec"),
                            value_member(review->old_object, "spec"));
    default:
        return false;
    }
}

/* Could a view read it? */
static bool is_readable(struct value object, enum kind kind, struct arena *arena, struct error *err)
{
    struct pod pod = {0};

    switch (kind) {
    case KIND_POD:
        return pod_parse(object, arena, &pod, err);
    case KIND_NAMESPACE:
    case KIND_CLAIM:
    case KIND_CLAIM_TEMPLATE:
        return pod_parse_metadata(object, arena, &pod, err);
    default:
        return true;
    }
}

/* Whatever is deleted may go, but what can't be read any more would count for nobody until it is
 * gone. */
static bool check_readable(const struct review *review, const struct kind_row *row,
                           struct arena *arena, struct error *err)
{
    struct error ignored;

    return is_readable(review->object, row->kind, arena, err) ||
           !is_readable(review->old_object, row->kind, arena, &ignored);
}

bool facts_classify(const struct review *review, const struct world *world, struct arena *arena,
                    enum evaluation *out, struct error *err)
{
    const struct cluster *cluster = &world->tenancy->cluster;
    const struct kind_row *row = kinds_find(review);
    enum evaluation evaluation = row ? classify(review, row) : 0;
    bool is_deleted = is_update(review) &&
                      value_is_set(value_path(review->old_object, "metadata.deletionTimestamp")) &&
                      !changes_its_pods(review, evaluation, cluster);
    bool is_exempt = cluster_is_exempt(cluster, exempt_name(review, evaluation));
    bool is_delete = review->operation == OPERATION_DELETE;
    /* Whatever else is deleted may go, also where the review doesn't show it. */
    bool is_guarded =
        !is_delete || (evaluation == EVALUATE_PRIORITY_CLASS && world->tenancy->ladder.node);
    struct value object = is_delete ? review->old_object : review->object;

    *out = 0;
    if (evaluation && is_deleted && !is_exempt && !check_readable(review, row, arena, err))
        return false;
    if (!evaluation || is_deleted) {
        trace_let_through(world->trace, is_deleted ? "the object is being deleted"
                                        : row      ? "this request changes nothing that is judged"
                                                   : "nothing judges objects of this kind");
        return true;
    }
    /* Before what is exempt by the namespace that the review names. */
    if (!check_namespace(review, arena, err))
        return !is_guarded;
    if (is_exempt) {
        trace_let_through(world->trace, "the namespace is exempt");
        return true;
    }
    if (!value_is_set(object))
        return !is_guarded ||
               error_set(err, "the review has no %s",
                         is_delete ? "oldObject: it must show what is deleted" : "object");
    if (!check_identity(review, object, arena, err))
        return !is_guarded;
    if (is_update(review) && !value_is_set(review->old_object))
        return error_set(err, "the review of an update has no oldObject");
    *out = evaluation;
    return true;
}

const char *facts_subject(const struct facts *facts)
{
    const struct review *review = facts->review;
    struct arena *arena = facts->arena;
    struct bytes kind = bytes_is(review->kind, "Binding") ? BYTES("pod") : review->kind;
    struct bytes name = review->name;
    /* What is deleted with its collection comes without a name. */
    struct value object =
        review->operation == OPERATION_DELETE ? review->old_object : review->object;
    char lower[64];
    size_t len = kind.len < sizeof(lower) - 1 ? kind.len : sizeof(lower) - 1;

    for (size_t i = 0; i < len; i++)
        lower[i] =
            (char)(kind.data[i] >= 'A' && kind.data[i] <= 'Z' ? kind.data[i] | 0x20 : kind.data[i]);
    lower[len] = '\0';
    if (name.len == 0)
        name = value_text(value_path(object, "metadata.name"));
    if (name.len == 0)
        name = bytes_from(
            arena_printf(arena, "%s*",
                         text_quote(arena,
                                    value_text(value_path(object, "metadata.generateName")))));
    if (facts->namespace.len == 0 || facts->evaluation == EVALUATE_NAMESPACE)
        return arena_printf(arena, "%s %s", text_quote(arena, bytes_from(lower)),
                            text_quote(arena, name));
    return arena_printf(arena, "%s %s/%s", text_quote(arena, bytes_from(lower)),
                        text_quote(arena, facts->namespace), text_quote(arena, name));
}

const char *facts_path(const struct facts *facts, const char *path)
{
    static const char spec[] = "spec.";

    if (facts->evaluation == EVALUATE_GROUP && !strncmp(path, spec, strlen(spec)))
        path += strlen(spec);
    return *facts->prefix ? arena_printf(facts->arena, "%s%s", facts->prefix, path) : path;
}

const char *facts_asking(const struct facts *facts)
{
    if (facts->evaluation & EVALUATE_CLAIM)
        return "spec.devices.requests";
    if (facts->evaluation & EVALUATE_CLAIM_TEMPLATE)
        return "spec.spec.devices.requests";
    return facts_path(facts, facts->evaluation == EVALUATE_GROUP ? "spec.resourceClaims"
                                                                 : "spec.containers");
}

const char *facts_field(const struct facts *facts, struct value value)
{
    static const char *const envelopes[] = {"request.object.", "request.oldObject."};
    const char *place = value_place(value, facts->arena);

    for (int i = 0; i < 2; i++) {
        if (!strncmp(place, envelopes[i], strlen(envelopes[i])))
            place += strlen(envelopes[i]);
    }
    if (*facts->prefix && !strncmp(place, facts->prefix, strlen(facts->prefix)))
        return place;
    return facts_path(facts, place);
}

bool facts_is_placed_by_kai(const struct pod *pod)
{
    return bytes_is(pod->scheduler_name, "kai-scheduler");
}

/* The class that a label names: KAI takes it before spec.priorityClassName. */
static struct bytes labelled_class(const struct pod *pod, struct value labels)
{
    return facts_is_placed_by_kai(pod) ? value_text(value_member(labels, class_label))
                                       : (struct bytes){0};
}

struct bytes facts_class_of(const struct pod *pod)
{
    struct bytes label = labelled_class(pod, pod->labels);

    return label.len ? label : pod->priority_class;
}

/* spec.priorityClassName; one that the pod has only because it is the cluster's default, and that
 * the ladder lacks, counts as none. */
static struct bytes spec_class(const struct facts *facts)
{
    const struct ladder *ladder = &facts->tenancy->ladder;
    struct bytes named = facts->pod.priority_class;
    const struct view_object *known = view_find(facts->world->view, VIEW_CLASSES, named);

    if (known && known->is_global_default && ladder->node && !ladder_find(ladder, named))
        return (struct bytes){0};
    return named;
}

static void find_priority_class(struct facts *facts)
{
    struct bytes label = labelled_class(&facts->pod, facts->pod.labels);

    facts->priority_class = label.len ? label : spec_class(facts);
    facts->priority_field = facts_path(facts, label.len ? "metadata.labels.priorityClassName"
                                                        : "spec.priorityClassName");
}

/* KAI looks at the labels of a workload before those of its pods. */
static void find_holder_class(struct facts *facts)
{
    const struct review *review = facts->review;
    struct value holder = facts->is_old ? review->old_object : review->object;

    if (facts->evaluation == EVALUATE_TEMPLATE)
        facts->holder_class = labelled_class(&facts->pod, value_path(holder, "metadata.labels"));
}

/* A pod that the kubelet made for what it runs anyway. A tenant can set the annotation, but not be
 * a node. */
static bool is_mirror_pod(const struct facts *facts)
{
    return facts->evaluation == EVALUATE_POD_CREATE &&
           value_is_set(value_member(facts->pod.annotations, "kubernetes.io/config.mirror")) &&
           review_has_group(facts->review, "system:nodes");
}

static void read_ask(const struct facts *facts, const struct pod *pod, struct ask *out)
{
    ask_from_pod(pod, facts->arena, out);
    claims_resolve(out, facts->namespace, facts->world->view, facts->arena);
}

static bool read_old_demand(struct facts *facts, struct error *err)
{
    struct pod old;

    if (!pod_parse(facts->review->old_object, facts->arena, &old, err))
        return error_wrap(err, "oldObject");
    read_ask(facts, &old, &facts->old_ask);
    if (!demand_weigh(&facts->old_ask, &facts->tenancy->cluster, facts->arena, &facts->old_demand,
                      err))
        return error_wrap(err, "oldObject");
    return true;
}

/* An annotation can ask for GPUs, and annotations can be changed while a pod waits for its node. */
static bool has_grown(struct facts *facts)
{
    struct value before = value_path(facts->review->old_object, "metadata.annotations");
    struct error ignored;

    if (!facts->demand.is_annotated || value_equal(before, facts->pod.annotations))
        return false;
    if (!read_old_demand(facts, &ignored))
        facts->old_demand = (struct demand){0};
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        if (amount_compare(facts->demand.by_mode[mode], facts->old_demand.by_mode[mode]) > 0)
            return true;
    }
    return false;
}

/* A class that a label names can be changed while the pod is there; the spec's can't. */
static void find_old_class(struct facts *facts)
{
    struct value labels = value_path(facts->review->old_object, "metadata.labels");
    struct bytes before = labelled_class(&facts->pod, labels);

    if (bytes_equal(before, labelled_class(&facts->pod, facts->pod.labels)))
        return;
    facts->evaluation |= EVALUATE_POD_CLASS;
    facts->old_priority_class = before.len ? before : spec_class(facts);
}

static bool read_pod(struct facts *facts, struct value object, struct error *err)
{
    const struct cluster *cluster = &facts->tenancy->cluster;

    if (!pod_parse(object, facts->arena, &facts->pod, err))
        return false;
    read_ask(facts, &facts->pod, &facts->ask);
    if (!demand_weigh(&facts->ask, cluster, facts->arena, &facts->demand, err))
        return false;
    find_priority_class(facts);
    find_holder_class(facts);
    if (facts->demand.is_accelerated)
        facts->workload = workload_of(&facts->pod, facts->arena);
    facts->is_mirror = is_mirror_pod(facts);
    if (facts->evaluation == EVALUATE_POD_RESIZE)
        return read_old_demand(facts, err);
    if (facts->evaluation != EVALUATE_POD_UPDATE || facts->is_old)
        return true;
    if (has_grown(facts))
        facts->evaluation |= EVALUATE_POD_RESIZE;
    if (facts->evaluation & EVALUATE_POD_RESIZE && !facts->old_demand.is_accelerated)
        facts->evaluation |= EVALUATE_POD_START;
    find_old_class(facts);
    return true;
}

/* The spec of a claim, or the one that a template holds. */
static bool parse_claim(const struct facts *facts, struct value object, struct device_asks *out,
                        struct error *err)
{
    const struct kind_row *row = kinds_find(facts->review);
    struct value spec = {0};

    return field_object(object, "spec", facts->arena, &spec, err) &&
           (row->kind == KIND_CLAIM || field_object(spec, "spec", facts->arena, &spec, err)) &&
           device_asks_parse(spec, facts->arena, out, err);
}

/* What asks for something else than before is judged as what is created. */
static void find_change(struct facts *facts, const struct device_asks *asks)
{
    const struct kind_row *row = kinds_find(facts->review);
    struct device_asks before = {0};
    struct error ignored;

    if (parse_claim(facts, facts->review->old_object, &before, &ignored) &&
        device_asks_equal(&before, asks))
        return;
    facts->evaluation |= row->kind == KIND_CLAIM ? EVALUATE_CLAIM : EVALUATE_CLAIM_TEMPLATE;
}

static bool read_claim(struct facts *facts, struct value object, struct error *err)
{
    struct claimed *claimed = arena_alloc(facts->arena, sizeof(*claimed));

    if (!pod_parse_metadata(object, facts->arena, &facts->pod, err) ||
        !parse_claim(facts, object, &claimed->devices, err))
        return false;
    if (facts->evaluation == EVALUATE_CLAIM_UPDATE && !facts->is_old)
        find_change(facts, &claimed->devices);
    facts->ask.claimed = claimed;
    claims_resolve(&facts->ask, facts->namespace, facts->world->view, facts->arena);
    facts->is_made = claim_is_made(&facts->pod) && facts_trust_maker(facts);
    return demand_weigh(&facts->ask, &facts->tenancy->cluster, facts->arena, &facts->demand, err);
}

/* Who makes claims for pods; that of a controller which shares its program's name, too. */
bool facts_trust_maker(const struct facts *facts)
{
    static const char *const makers[] = {
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:serviceaccount:kube-system:resource-claim-controller",
    };

    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (bytes_is(facts->review->user, makers[i]))
            return true;
    }
    return facts->is_admin;
}

static void find_tenant(struct facts *facts)
{
    const struct world *world = facts->world;
    bool is_itself = facts->evaluation == EVALUATE_NAMESPACE;
    struct value labels = is_itself ? facts->pod.labels
                                    : view_labels(world->names, VIEW_NAMESPACES, facts->namespace);

    facts->is_unplaced = world->is_live && !is_itself && facts->namespace.len &&
                         !view_find(world->names, VIEW_NAMESPACES, facts->namespace);
    facts->belonging = tenancy_belonging(facts->tenancy, facts->namespace, labels);
    facts->tenant = facts->belonging.tenant;
}

bool facts_collect(const struct subject *subject, struct arena *arena, struct facts *out,
                   struct error *err)
{
    static const unsigned pods = EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE |
                                 EVALUATE_POD_EPHEMERAL | EVALUATE_POD_RESIZE | EVALUATE_TEMPLATE |
                                 EVALUATE_GROUP;
    static const unsigned claims = EVALUATE_CLAIM | EVALUATE_CLAIM_TEMPLATE | EVALUATE_CLAIM_UPDATE;
    const struct cluster *cluster = &subject->world->tenancy->cluster;
    bool is_read;

    *out = (struct facts){.review = subject->review,
                          .world = subject->world,
                          .tenancy = subject->world->tenancy,
                          .arena = arena,
                          .evaluation = subject->evaluation,
                          .prefix = subject->prefix,
                          .is_old = subject->is_old,
                          .namespace = exempt_name(subject->review, subject->evaluation),
                          .is_admin = cluster_is_admin(cluster, subject->review)};
    if (subject->evaluation & pods)
        is_read = read_pod(out, subject->object, err);
    else if (subject->evaluation & claims)
        is_read = read_claim(out, subject->object, err);
    else
        is_read = pod_parse_metadata(subject->object, arena, &out->pod, err);
    if (!is_read)
        return false;
    if (out->namespace.len == 0 && subject->evaluation == EVALUATE_NAMESPACE)
        out->namespace = out->pod.name;
    find_tenant(out);
    return true;
}
