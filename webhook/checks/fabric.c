/* fabric: accelerator pods run in their tenant's fabric domains, and all pods of a workload in a
 * single one.
 *
 * defaults.c writes into the pod what confines it; here the result is verified, whoever wrote it.
 */
#include "engine/check.h"
#include "kube/node_affinity.h"

/* Where a pod comes to hold accelerators. */
static const unsigned begins = EVALUATE_POD_CREATE | EVALUATE_POD_START;

static const char *node_label(const struct facts *facts)
{
    return facts->tenancy->cluster.fabric.node_label;
}

static const char *domains(const struct facts *facts)
{
    return strings_join(&facts->tenant->fabric.domains, 8, facts->arena);
}

/* The domain of a node that is in view; empty: it has none. */
static struct bytes domain_of(const struct facts *facts, const struct view_object *node)
{
    return value_text(value_member(node->labels, node_label(facts)));
}

/* What the request does with the node, in words. */
static const char *naming(const struct facts *facts)
{
    return facts->evaluation == EVALUATE_BINDING ? "would be bound to" : "names";
}

/* The domain of a node, by its label; empty: it has none. False, and a finding, where the node
 * isn't known. */
static bool find_domain(const struct facts *facts, struct bytes node, const char *field,
                        struct bytes *out, struct findings *findings)
{
    const struct view_object *known = view_find(facts->world->view, VIEW_NODES, node);

    if (known) {
        *out = domain_of(facts, known);
        return true;
    }
    rule_of_cluster(findings, facts, "state");
    findings_add_next(findings, field,
                      "try again when the node is known, or let the scheduler choose",
                      "%s %s the node \"%s\", which is not in view: its fabric domain is not known",
                      facts_subject(facts), naming(facts), text_quote(facts->arena, node));
    return false;
}

static bool is_allowed(const struct facts *facts, struct bytes domain)
{
    const struct strings *allowed = &facts->tenant->fabric.domains;

    return allowed->count == 0 || (domain.len > 0 && strings_has(allowed, domain));
}

static const char *name_domain(const struct facts *facts, struct bytes domain)
{
    return domain.len ? arena_printf(facts->arena, "the fabric domain \"%s\"",
                                     text_quote(facts->arena, domain))
                      : "no fabric domain";
}

static void check_node(const struct facts *facts, struct bytes node, const char *field,
                       struct findings *findings)
{
    struct bytes domain = {0};

    if (!find_domain(facts, node, field, &domain, findings) || is_allowed(facts, domain))
        return;
    rule_of_tenant(findings, facts, "fabric.domains");
    findings_add_next(findings, field,
                      facts->evaluation == EVALUATE_BINDING
                          ? "let the scheduler see the pod's node affinity as fairgate wrote it"
                          : "leave the choice of the node to the scheduler",
                      "%s %s the node \"%s\" in %s, but tenant \"%s\" may run in %s only",
                      facts_subject(facts), naming(facts), text_quote(facts->arena, node),
                      name_domain(facts, domain), facts->tenant->name, domains(facts));
}

/* What an expression asks for of the label: "KEY In (a, b)". */
static const char *expression_text(const struct facts *facts, struct value expression)
{
    struct value list = value_member(expression, "values");
    struct strings values = {0};
    const char *text;

    for (struct value v = value_first(list); value_type(v); v = value_next(v))
        strings_add(&values, facts->arena, text_quote(facts->arena, value_text(v)));
    text = strings_join(&values, 8, facts->arena);
    return arena_printf(facts->arena, "%s %s%s%s%s", node_label(facts),
                        text_quote(facts->arena, value_text(value_member(expression, "operator"))),
                        values.count ? " (" : "", text, values.count ? ")" : "");
}

/* Is it what /mutate adds: In, of the tenant's domains? */
static bool is_confinement(const struct facts *facts, struct value expression)
{
    const struct strings *domains = &facts->tenant->fabric.domains;
    struct value values = value_member(expression, "values");

    if (!bytes_is(value_text(value_member(expression, "operator")), "In") ||
        value_count(values) != domains->count)
        return false;
    for (struct value v = value_first(values); value_type(v); v = value_next(v)) {
        if (!strings_has(domains, value_text(v)))
            return false;
    }
    return true;
}

/* What a term asks for of the label; what /mutate adds is told only where it stands alone. */
static void add_term(const struct facts *facts, struct value term, struct buf *buf)
{
    struct value expressions = value_member(term, "matchExpressions");
    const char *joint = buf->len ? " or " : "";
    const char *confinement = NULL;

    for (struct value e = value_first(expressions); value_type(e); e = value_next(e)) {
        if (!bytes_is(value_text(value_member(e, "key")), node_label(facts)))
            continue;
        if (is_confinement(facts, e)) {
            confinement = expression_text(facts, e);
            continue;
        }
        buf_printf(buf, "%s%s", joint, expression_text(facts, e));
        joint = " and ";
    }
    if (confinement && strcmp(joint, " and ") != 0)
        buf_printf(buf, "%s%s", joint, confinement);
}

/* What the pod itself asks for of the label, for the message. */
static const char *own_choice(const struct facts *facts)
{
    struct value selected = value_member(facts->pod.node_selector, node_label(facts));
    struct buf buf;

    if (value_is_set(selected))
        return arena_printf(facts->arena, "%s=%s", node_label(facts),
                            text_quote(facts->arena, value_text(selected)));
    buf_init(&buf, facts->arena, 4096);
    for (struct value term = value_first(facts->pod.node_terms); value_type(term);
         term = value_next(term))
        add_term(facts, term, &buf);
    return buf.len ? text_clean(facts->arena, buf_bytes(&buf), 200)
                   : "nodes by terms that match none";
}

static const char hostname_label[] = HOSTNAME_LABEL;

/* Is the node of that name, or hostname, known to be outside? */
static bool is_node_outside(const struct facts *facts, struct bytes name, bool is_hostname)
{
    const struct view_object *node = view_find(facts->world->view, VIEW_NODES, name);

    return node && !is_allowed(facts, domain_of(facts, node)) &&
           (!is_hostname ||
            bytes_equal(value_text(value_member(node->labels, hostname_label)), name));
}

/* Does one of a term's requirements name nodes by `key`, and none but such that are outside?
 * `node`: the first of them. */
static bool names_outside(const struct facts *facts, struct value requirements, const char *key,
                          struct bytes *node)
{
    bool is_hostname = key == hostname_label;

    for (struct value r = value_first(requirements); value_type(r); r = value_next(r)) {
        struct value v = value_first(value_member(r, "values"));

        if (!bytes_is(value_text(value_member(r, "key")), key) ||
            !bytes_is(value_text(value_member(r, "operator")), "In") || !value_type(v))
            continue;
        *node = value_text(v);
        while (value_type(v) && is_node_outside(facts, value_text(v), is_hostname))
            v = value_next(v);
        if (!value_type(v))
            return true;
    }
    return false;
}

/* The node outside that a pod is pinned to, or the first one of several; empty: it may be placed
 * elsewhere, as far as is known. */
static struct bytes find_pin(const struct facts *facts)
{
    struct bytes host = value_text(value_member(facts->pod.node_selector, hostname_label));
    struct bytes node = {0}, first = {0};

    if (is_node_outside(facts, host, true))
        return host;
    for (struct value term = value_first(facts->pod.node_terms); value_type(term);
         term = value_next(term)) {
        if (node_affinity_term_is_empty(term))
            continue;
        if (!names_outside(facts, value_member(term, "matchFields"), "metadata.name", &node) &&
            !names_outside(facts, value_member(term, "matchExpressions"), hostname_label, &node))
            return (struct bytes){0};
        first = first.len ? first : node;
    }
    return first;
}

static void check_pin(const struct facts *facts, const char *field, struct findings *findings)
{
    struct bytes pin = find_pin(facts);
    const struct view_object *node = view_find(facts->world->view, VIEW_NODES, pin);

    if (!node)
        return;
    rule_of_tenant(findings, facts, "fabric.domains");
    findings_add_next(findings, field, "leave the choice of the node to the scheduler",
                      "%s leaves itself no node in the fabric domains of tenant \"%s\" (%s): it "
                      "asks for the node \"%s\" in %s",
                      facts_subject(facts), facts->tenant->name, domains(facts),
                      text_quote(facts->arena, pin), name_domain(facts, domain_of(facts, node)));
}

static void check_confinement(const struct facts *facts, struct findings *findings)
{
    struct confinement confinement;
    const char *field = facts_path(facts, "spec.affinity.nodeAffinity");

    node_affinity_confine(&facts->pod, bytes_from(node_label(facts)),
                          &facts->tenant->fabric.domains, &confinement);
    if (confinement.may_be_inside && !confinement.may_be_outside) {
        check_pin(facts, field, findings);
        return;
    }
    rule_of_tenant(findings, facts, "fabric.domains");
    if (!confinement.may_be_inside)
        findings_add_next(
            findings, field, "leave the fabric domain out of the pod's node selection",
            "%s leaves itself no node in the fabric domains of tenant \"%s\" (%s): it "
            "asks for %s",
            facts_subject(facts), facts->tenant->name, domains(facts), own_choice(facts));
    else
        findings_add_next(findings, field,
                          arena_printf(facts->arena,
                                       "require %s In (%s) in every node selector term",
                                       node_label(facts), domains(facts)),
                          "%s could land outside the fabric domains of tenant \"%s\" (%s)",
                          facts_subject(facts), facts->tenant->name, domains(facts));
}

/* Is there a required pod affinity term to the pod's own workload, over fabric domains? */
static bool has_workload_term(const struct facts *facts)
{
    for (struct value term = value_first(facts->pod.pod_terms); value_type(term);
         term = value_next(term)) {
        struct value selector = value_member(term, "labelSelector");
        struct value labels = value_member(selector, "matchLabels");

        if (bytes_is(value_text(value_member(term, "topologyKey")), node_label(facts)) &&
            value_count(labels) == 1 &&
            value_count(value_member(selector, "matchExpressions")) == 0 &&
            value_count(value_member(term, "matchLabelKeys")) == 0 &&
            value_count(value_member(term, "mismatchLabelKeys")) == 0 &&
            value_count(value_member(term, "namespaces")) == 0 &&
            !value_is_set(value_member(term, "namespaceSelector")) &&
            bytes_equal(value_text(value_member(labels, WORKLOAD_LABEL)), facts->workload))
            return true;
    }
    return false;
}

static void check_workload(const struct facts *facts, struct findings *findings)
{
    struct bytes label = value_text(value_member(facts->pod.labels, WORKLOAD_LABEL));

    if (!bytes_equal(label, facts->workload)) {
        rule_of_tenant(findings, facts, "fabric.span");
        findings_add_next(findings, facts_key_field(facts, "metadata.labels", WORKLOAD_LABEL),
                          "leave the label out: fairgate sets it",
                          "%s has the label %s=\"%s\", but its workload is \"%s\"",
                          facts_subject(facts), WORKLOAD_LABEL, text_quote(facts->arena, label),
                          text_quote(facts->arena, facts->workload));
    }
    if (facts->workload.len && !has_workload_term(facts)) {
        rule_of_tenant(findings, facts, "fabric.span");
        findings_add_next(
            findings, facts_path(facts, "spec.affinity.podAffinity"),
            "let fairgate's mutating webhook see the pod",
            "%s could land in another fabric domain than its workload \"%s\": it has no "
            "pod affinity to it",
            facts_subject(facts), text_quote(facts->arena, facts->workload));
    }
}

/* The label is fairgate's own: what it was at creation it stays. */
static void check_update(const struct facts *facts, struct findings *findings)
{
    struct value old = value_path(facts->review->old_object, "metadata.labels");
    struct value before = value_member(old, WORKLOAD_LABEL);
    struct value now = value_member(facts->pod.labels, WORKLOAD_LABEL);

    if (value_type(before) == value_type(now) && bytes_equal(value_text(before), value_text(now)))
        return;
    rule_of_tenant(findings, facts, "fabric.span");
    findings_add_next(findings, facts_key_field(facts, "metadata.labels", WORKLOAD_LABEL),
                      "leave the label as it is",
                      "%s would change the label %s from \"%s\" to \"%s\"", facts_subject(facts),
                      WORKLOAD_LABEL, text_quote(facts->arena, value_text(before)),
                      text_quote(facts->arena, value_text(now)));
}

static void check(const struct facts *facts, struct findings *findings)
{
    const struct tenant *tenant = facts->tenant;
    bool is_pod = facts->evaluation & (begins | EVALUATE_TEMPLATE);

    if (!tenant || !facts->demand.is_accelerated)
        return;
    if (facts->evaluation & EVALUATE_POD_UPDATE && tenant->fabric.span == SPAN_ONE)
        check_update(facts, findings);
    if (!is_pod)
        return;
    if (tenant->fabric.domains.count && facts->pod.node_name.len)
        check_node(facts, facts->pod.node_name, facts_path(facts, "spec.nodeName"), findings);
    else if (tenant->fabric.domains.count)
        check_confinement(facts, findings);
    /* The pods of a template have an owner that the template doesn't know yet. */
    if (tenant->fabric.span == SPAN_ONE && facts->evaluation & begins)
        check_workload(facts, findings);
}

/* Could the scheduler place the pod in this domain? */
static bool fits_domain(const struct facts *facts, struct bytes domain)
{
    const char *name = arena_copy(facts->arena, domain);
    struct strings only = {.items = &name, .count = 1};
    struct confinement confinement;

    node_affinity_confine(&facts->pod, bytes_from(node_label(facts)), &only, &confinement);
    return confinement.may_be_inside;
}

/* The domain of a node that is in view and has one; else empty. */
static struct bytes known_domain(const struct facts *facts, struct bytes node)
{
    struct value labels = view_labels(facts->world->view, VIEW_NODES, node);

    return value_text(value_member(labels, node_label(facts)));
}

/* `where`: what the pod would do, in words. */
static void add_split(const struct facts *facts, const struct placement *placement,
                      const char *where, const char *field, struct findings *findings)
{
    rule_of_tenant(findings, facts, "fabric.span");
    findings_add_next(findings, field, "let all pods of the workload run in one fabric domain",
                      "%s would run in %s, but its workload already runs in %s (pod %s)",
                      facts_subject(facts), where,
                      name_domain(facts, known_domain(facts, placement->node)), placement->pod);
}

/* The node is chosen already. */
static void judge_split(const struct facts *facts, const struct usage *usage, struct bytes node,
                        const char *field, struct findings *findings)
{
    struct bytes domain = {0};

    if (usage->placement_count == 0 || !find_domain(facts, node, field, &domain, findings))
        return;
    for (size_t i = 0; i < usage->placement_count; i++) {
        struct bytes held = known_domain(facts, usage->placements[i].node);

        if (held.len == 0 || bytes_equal(held, domain))
            continue;
        add_split(facts, &usage->placements[i], name_domain(facts, domain), field, findings);
        return;
    }
}

static void judge_pod(const struct facts *facts, const struct usage *usage,
                      struct findings *findings)
{
    struct bytes node = facts->pod.node_name;

    if (node.len) {
        /* Of one that isn't in view check() tells where the tenant has domains. */
        if (!facts->tenant->fabric.domains.count || view_find(facts->world->view, VIEW_NODES, node))
            judge_split(facts, usage, node, facts_path(facts, "spec.nodeName"), findings);
        return;
    }
    for (size_t i = 0; i < usage->placement_count; i++) {
        struct bytes domain = known_domain(facts, usage->placements[i].node);

        if (domain.len == 0 || fits_domain(facts, domain))
            continue;
        add_split(facts, &usage->placements[i], own_choice(facts),
                  facts_path(facts, "spec.affinity.nodeAffinity"), findings);
        return;
    }
}

/* A binding names the node that the scheduler chose. Every accelerator pod is on record. */
static void judge_binding(const struct facts *facts, const struct usage *usage,
                          struct findings *findings)
{
    struct bytes node = value_text(value_path(facts->review->object, "target.name"));
    size_t before = findings->count;

    if (!usage->is_bound_pod_accelerated)
        return;
    if (facts->tenant->fabric.domains.count)
        check_node(facts, node, "target.name", findings);
    if (findings->count == before && facts->tenant->fabric.span == SPAN_ONE)
        judge_split(facts, usage, node, "target.name", findings);
}

static void judge(const struct facts *facts, const struct usage *usage, struct findings *findings)
{
    if (facts->evaluation == EVALUATE_BINDING)
        judge_binding(facts, usage, findings);
    else if (facts->tenant->fabric.span == SPAN_ONE && facts->evaluation & begins)
        judge_pod(facts, usage, findings);
}

const struct tenancy_check fabric_check = {
    .name = "fabric",
    .summary = "which fabric domains a tenant's accelerator pods may run in",
    .evaluations = EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE | EVALUATE_TEMPLATE | EVALUATE_BINDING,
    .check = check,
    .judge = judge,
};
