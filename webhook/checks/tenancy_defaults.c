/* tenancy_defaults: what /mutate fills in for tenancy: the default priority class, and what
 * confines an accelerator pod to its tenant's fabric domains. priority.c and fabric.c verify the
 * result. */
#include "checks/checks.h"
#include "engine/exceptions.h"
#include "kube/node_affinity.h"

static const char required_member[] = "requiredDuringSchedulingIgnoredDuringExecution";

/* The Priority admission plugin has run before and filled both members in; it runs again on a
 * changed pod, and refuses what departs from the class. Removed, they are computed anew
 * (plugin/pkg/admission/priority). */
static void set_priority_class(struct mutation *mutation)
{
    static const char *const computed[] = {"priority", "preemptionPolicy"};
    const struct facts *facts = mutation->facts;

    if (!facts->tenant->priority.default_class || facts->priority_class.len)
        return;
    patch_add(mutation->patch, "/spec/priorityClassName",
              text_as_json(facts->arena, bytes_from(facts->tenant->priority.default_class)));
    for (int i = 0; i < 2; i++) {
        if (value_type(value_member(facts->pod.spec, computed[i])))
            patch_remove(mutation->patch,
                         pointer_join(facts->arena, "/spec", bytes_from(computed[i])));
    }
}

/* {"key":LABEL,"operator":"In","values":[...]} */
static const char *write_requirement(const struct facts *facts)
{
    const struct strings *domains = &facts->tenant->fabric.domains;
    struct buf buf;

    buf_init(&buf, facts->arena, 1024 * 1024);
    buf_add_text(&buf, "{\"key\":");
    buf_add_json(&buf, bytes_from(facts->tenancy->cluster.fabric.node_label));
    buf_add_text(&buf, ",\"operator\":\"In\",\"values\":[");
    for (size_t i = 0; i < domains->count; i++) {
        if (i)
            buf_add_char(&buf, ',');
        buf_add_json(&buf, bytes_from(domains->items[i]));
    }
    buf_add_text(&buf, "]}");
    return buf.data;
}

/* Make spec.affinity.GROUP.required..., as far as it is missing, with `content` innermost. True
 * where it had to be made. */
static bool make_affinity(struct mutation *mutation, const char *group, const char *content)
{
    const struct facts *facts = mutation->facts;
    struct arena *arena = facts->arena;
    struct value affinity = value_member(facts->pod.spec, "affinity");
    struct value inner = value_member(affinity, group);
    const char *path = "/spec/affinity";

    if (!value_is_set(affinity) && !strings_has(&mutation->made, bytes_from(path))) {
        patch_add(mutation->patch, path, "{}");
        strings_add(&mutation->made, arena, path);
    }
    path = pointer_join(arena, path, bytes_from(group));
    if (!value_is_set(inner)) {
        patch_add(mutation->patch, path,
                  arena_printf(arena, "{\"%s\":%s}", required_member, content));
        return true;
    }
    if (value_is_set(value_member(inner, required_member)))
        return false;
    patch_add(mutation->patch, pointer_join(arena, path, bytes_from(required_member)), content);
    return true;
}

/* Terms are alternatives: each must ask for the domains. An empty term matches no node and stays
 * so. */
static void confine_terms(struct mutation *mutation, const char *requirement)
{
    const struct facts *facts = mutation->facts;
    struct bytes label = bytes_from(facts->tenancy->cluster.fabric.node_label);
    const char *parent =
        arena_printf(facts->arena, "/spec/affinity/nodeAffinity/%s/nodeSelectorTerms",
                     required_member);
    size_t index = 0;

    for (struct value term = value_first(facts->pod.node_terms); value_type(term);
         term = value_next(term), index++) {
        const char *path = arena_printf(facts->arena, "%s/%zu/matchExpressions", parent, index);

        if (node_affinity_term_is_empty(term) ||
            node_affinity_term_confines(term, label, &facts->tenant->fabric.domains))
            continue;
        if (value_is_set(value_member(term, "matchExpressions")))
            patch_add(mutation->patch, arena_printf(facts->arena, "%s/-", path), requirement);
        else
            patch_add(mutation->patch, path, arena_printf(facts->arena, "[%s]", requirement));
    }
}

static void confine_domains(struct mutation *mutation)
{
    const struct facts *facts = mutation->facts;
    const char *requirement;

    if (facts->tenant->fabric.domains.count == 0 || facts->pod.node_name.len ||
        exceptions_lift_field(facts, "fabric.domains"))
        return;
    requirement = write_requirement(facts);
    if (!make_affinity(mutation, "nodeAffinity",
                       arena_printf(facts->arena,
                                    "{\"nodeSelectorTerms\":[{\"matchExpressions\":[%s]}]}",
                                    requirement)))
        confine_terms(mutation, requirement);
}

/* {"labelSelector":{"matchLabels":{WORKLOAD_LABEL:...}},"topologyKey":LABEL} */
static const char *write_workload_term(const struct facts *facts)
{
    return arena_printf(facts->arena,
                        "{\"labelSelector\":{\"matchLabels\":{\"" WORKLOAD_LABEL
                        "\":%s}},\"topologyKey\":%s}",
                        text_as_json(facts->arena, facts->workload),
                        text_as_json(facts->arena,
                                     bytes_from(facts->tenancy->cluster.fabric.node_label)));
}

static bool is_workload_term(struct value term)
{
    struct value selector = value_member(term, "labelSelector");
    struct value expressions = value_member(selector, "matchExpressions");

    if (value_type(value_path(selector, "matchLabels")) == VALUE_OBJECT &&
        value_type(value_member(value_member(selector, "matchLabels"), WORKLOAD_LABEL)))
        return true;
    for (struct value e = value_first(expressions); value_type(e); e = value_next(e)) {
        if (bytes_is(value_text(value_member(e, "key")), WORKLOAD_LABEL))
            return true;
    }
    return false;
}

/* Replace the terms that a copied pod brought; add ours where there is none. */
static void join_terms(struct mutation *mutation, const char *term_text)
{
    const struct facts *facts = mutation->facts;
    const char *parent =
        arena_printf(facts->arena, "/spec/affinity/podAffinity/%s", required_member);
    struct arena scratch = {0};
    struct document wanted;
    bool is_there = false;
    size_t index = 0;

    document_parse(bytes_from(term_text), 16, &scratch, &wanted);
    for (struct value term = value_first(facts->pod.pod_terms); value_type(term);
         term = value_next(term), index++) {
        const char *path = pointer_join_index(facts->arena, parent, index);

        if (!is_workload_term(term))
            continue;
        is_there = true;
        if (!value_equal(term, document_root(&wanted)))
            patch_replace(mutation->patch, path, term_text);
    }
    if (!is_there)
        patch_add(mutation->patch, arena_printf(facts->arena, "%s/-", parent), term_text);
    arena_release(&scratch);
}

/* A copied pod would wait for pods that it has nothing to do with. */
static void leave_workload(struct mutation *mutation, const char *label_path)
{
    const struct facts *facts = mutation->facts;
    const char *parent =
        arena_printf(facts->arena, "/spec/affinity/podAffinity/%s", required_member);
    size_t index = 0;

    if (value_type(value_member(facts->pod.labels, WORKLOAD_LABEL)))
        patch_remove(mutation->patch, label_path);
    for (struct value term = value_first(facts->pod.pod_terms); value_type(term);
         term = value_next(term)) {
        if (is_workload_term(term))
            patch_remove(mutation->patch, pointer_join_index(facts->arena, parent, index));
        else
            index++;
    }
}

static void join_workload(struct mutation *mutation)
{
    const struct facts *facts = mutation->facts;
    struct value label = value_member(facts->pod.labels, WORKLOAD_LABEL);
    const char *path = pointer_join(facts->arena, "/metadata/labels", BYTES(WORKLOAD_LABEL));
    const char *term;

    if (facts->workload.len == 0) {
        leave_workload(mutation, path);
        return;
    }
    if (!value_type(label))
        mutation_set(mutation, "/metadata/labels", facts->pod.labels, BYTES(WORKLOAD_LABEL),
                     text_as_json(facts->arena, facts->workload));
    else if (!bytes_equal(value_text(label), facts->workload))
        patch_replace(mutation->patch, path, text_as_json(facts->arena, facts->workload));
    if (exceptions_lift_field(facts, "fabric.span"))
        return;
    term = write_workload_term(facts);
    if (!make_affinity(mutation, "podAffinity", arena_printf(facts->arena, "[%s]", term)))
        join_terms(mutation, term);
}

void tenancy_apply(struct mutation *mutation)
{
    const struct facts *facts = mutation->facts;

    if (!facts->tenant || !facts->demand.is_accelerated)
        return;
    set_priority_class(mutation);
    confine_domains(mutation);
    if (facts->tenant->fabric.span == SPAN_ONE)
        join_workload(mutation);
}
