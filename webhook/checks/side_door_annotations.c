/* Annotations that inject devices, and marks that only a scheduler writes.
 *
 * Metadata can be changed while a pod waits, so updates are judged, too. There a scheduler's marks
 * are let through where one may have written them: by an administrator, a node, the scheduler
 * itself, or a service account of a namespace that is exempt or no tenant's. */
#include <strings.h>

#include "checks/side_doors.h"

/* What inserts devices, by the domain of its keys: the domain itself, and what ends in it. */
static const char *const domains[] = {"cdi.k8s.io", "nri.io", "noderesource.dev"};

/* The same by the whole key. */
static const char *const keys[] = {"devices.crio.io", "io.kubernetes.cri-o.Devices"};

/* The first and the last part of a key; no last part: all of it. */
static const struct mark {
    const char *start, *end;
} annotation_marks[] =
    {
        {"hami.io/", "-allocated"},
        {"hami.io/", "-to-allocate"},
        {"hami.io/vgpu-mig-allocations", NULL},
        {"hami.io/vgpu-node", NULL},
        {"hami.io/vgpu-time", NULL},
        {"hami.io/bind-phase", NULL},
        {"hami.io/bind-time", NULL},
        {"volcano.sh/vgpu-ids-new", NULL},
        {"volcano.sh/devices-to-allocate", NULL},
        {"volcano.sh/vgpu-node", NULL},
        {"volcano.sh/vgpu-time", NULL},
        {"volcano.sh/bind-phase", NULL},
        {"volcano.sh/bind-time", NULL},
        {"volcano.sh/gpu-index", NULL},
        {"volcano.sh/predicate-time", NULL},
        {"runai/shared-gpu-configmap", NULL},
        {0},
},
  label_marks[] = {
      {"runai-gpu-group", NULL},
      {"runai-gpu-group/", ""},
      {0},
};

/* A map of the metadata, and the marks in it. */
static const struct marks {
    const char *map, *word;
    const struct mark *rows;
} annotation_set = {"metadata.annotations", "annotation", annotation_marks},
  label_set = {"metadata.labels", "label", label_marks};

static bool equal_in_any_case(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

/* Is it one of the domains, or below one? */
static bool injects(struct bytes key)
{
    const char *slash = memchr(key.data, '/', key.len);
    size_t len = slash ? (size_t)(slash - key.data) : key.len;

    for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        struct bytes domain = bytes_from(domains[i]);

        if (len >= domain.len &&
            equal_in_any_case((struct bytes){key.data + len - domain.len, domain.len}, domain) &&
            (len == domain.len || key.data[len - domain.len - 1] == '.'))
            return true;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (equal_in_any_case(key, bytes_from(keys[i])))
            return true;
    }
    return false;
}

static bool is_mark(const struct marks *marks, struct bytes key)
{
    for (const struct mark *mark = marks->rows; mark->start; mark++) {
        if (door_names(key, mark->start, mark->end))
            return true;
    }
    return false;
}

/* "system:serviceaccount:NAMESPACE:NAME" */
static struct bytes namespace_of(struct bytes user)
{
    static const char start[] = "system:serviceaccount:";
    struct bytes rest;
    const char *colon;

    if (!bytes_has_prefix(user, bytes_from(start)))
        return (struct bytes){0};
    rest = bytes_tail(user, sizeof(start) - 1);
    colon = memchr(rest.data, ':', rest.len);
    return (struct bytes){rest.data, colon ? (size_t)(colon - rest.data) : 0};
}

static bool may_be_scheduler(const struct facts *facts)
{
    struct bytes namespace = namespace_of(facts->review->user);
    struct value labels = view_labels(facts->world->names, VIEW_NAMESPACES, namespace);
    struct belonging belonging;

    if (facts_trust_maker(facts) || review_has_group(facts->review, "system:nodes"))
        return true;
    if (namespace.len == 0 || bytes_equal(namespace, facts->namespace))
        return false;
    if (cluster_is_exempt(&facts->tenancy->cluster, namespace))
        return true;
    belonging = tenancy_belonging(facts->tenancy, namespace, labels);
    return !belonging.tenant && !belonging.is_labelled;
}

/* Did a scheduler write the mark, or KAI's own webhook? */
static bool is_written_for_pod(const struct facts *facts, const struct marks *marks,
                               struct value mark)
{
    struct value before;

    if (facts->evaluation == EVALUATE_POD_CREATE)
        return facts->demand.is_annotated && facts_is_placed_by_kai(&facts->pod) &&
               bytes_is(value_name(mark), "runai/shared-gpu-configmap");
    if (!(facts->evaluation & EVALUATE_POD_UPDATE))
        return false;
    before =
        value_member_named(value_path(facts->review->old_object, marks->map), value_name(mark));
    return facts->is_old || value_equal(before, mark) || may_be_scheduler(facts);
}

static void tell(const struct door_search *search, const struct marks *marks, struct value mark,
                 const char *what)
{
    const char *key = text_quote(search->facts->arena, value_name(mark));

    search->findings->value = value_text(mark);
    door_tell(search, facts_key_field(search->facts, marks->map, key), "has the %s \"%s\", %s",
              marks->word, key, what);
}

static void look_at(const struct door_search *search, const struct marks *marks, struct value map)
{
    for (struct value v = value_first(map); value_type(v); v = value_next(v)) {
        if (marks == &annotation_set && injects(value_name(v)))
            tell(search, marks, v, "which puts devices into containers");
        else if (is_mark(marks, value_name(v)) && !is_written_for_pod(search->facts, marks, v))
            tell(search, marks, v, "which only a scheduler writes");
    }
}

void door_look_at_annotations(const struct door_search *search)
{
    look_at(search, &annotation_set, search->facts->pod.annotations);
    look_at(search, &label_set, search->facts->pod.labels);
}
