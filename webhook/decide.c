/* The whole decision, a step after another: read the review, collect facts, run the checks,
 * conclude. */
#include "decide.h"

#include "engine/trace.h"

/* Of one object. Each template is read, patched and judged as a pod of its own: what is bounded in
 * a pod is bounded in all of them together, too. */
enum { MAX_TEMPLATES = 256, MAX_TEMPLATE_PARTS = 8192 };

/* Is a pod, or a template, the same as before in all that rules read? Byte for byte, as the API
 * server writes what is the same: what breaks a rule broke it before. */
static bool is_unchanged(const struct decision *decision, struct value now, struct value before)
{
    static const char *const read[] = {"metadata.labels", "metadata.annotations", "spec"};
    static const unsigned others =
        EVALUATE_NAMESPACE | EVALUATE_PRIORITY_CLASS | EVALUATE_CLAIM_UPDATE;

    if (decision->review.operation != OPERATION_UPDATE || decision->evaluation & others ||
        value_type(before) != VALUE_OBJECT)
        return false;
    if (decision->evaluation == EVALUATE_GROUP)
        return bytes_equal(value_raw(now), value_raw(before));
    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
        if (!bytes_equal(value_raw(value_path(now, read[i])),
                         value_raw(value_path(before, read[i]))))
            return false;
    }
    /* KAI reads a workload's own labels, too. */
    return bytes_equal(value_raw(value_path(decision->review.object, read[0])),
                       value_raw(value_path(decision->review.old_object, read[0])));
}

/* Where a fault says at its beginning which place it is about (`spec.priority: expected ...`): that
 * place, in the object. */
static const char *fault_field(const char **text, struct arena *arena)
{
    static const char envelope[] = "request.object.";
    size_t len;

    if (!strncmp(*text, envelope, strlen(envelope)))
        *text += strlen(envelope);
    len = strcspn(*text, " ");
    if (len < 2 || (*text)[len - 1] != ':' || !(*text)[len])
        return "";
    return arena_copy(arena, (struct bytes){*text, len - 1});
}

/* What can't be understood is denied, to everyone and in both phases, unless an update leaves it as
 * it was. Bounds hold always. */
static void add_fault(struct decision *decision, const struct error *err, bool was_there)
{
    struct findings *findings = &decision->findings;
    const struct facts facts = {.tenancy = decision->world.tenancy};
    size_t count = findings->count, dropped = findings->dropped;
    const char *text = err->text, *field = fault_field(&text, findings->arena);

    rule_of_cluster(findings, &facts, err->is_limit ? "limits" : "request");
    findings_add_next(findings, field,
                      err->is_limit ? "stay within the bound" : "mend what the message names", "%s",
                      text);
    if (was_there && !err->is_limit)
        findings_excuse_since(findings, count, dropped);
}

static struct subject subject_of(const struct decision *decision, struct value object,
                                 const char *prefix)
{
    return (struct subject){.review = &decision->review,
                            .world = &decision->world,
                            .evaluation = decision->evaluation,
                            .object = object,
                            .prefix = prefix};
}

/* What is judged as one: an object, or a pod template. */
struct part {
    struct value now, before; /* before: absent where it is new */
    const char *prefix;       /* "", or a template's path with a final dot */
    bool is_unchanged;
};

/* NULL, and a fault, where the object can't be read. */
static struct facts *collect(struct decision *decision, const struct part *part,
                             struct arena *arena)
{
    struct subject subject = subject_of(decision, part->now, part->prefix);
    struct facts *facts = arena_alloc(arena, sizeof(*facts));
    struct error err = {0};

    if (facts_collect(&subject, arena, facts, &err)) {
        *ARENA_APPEND(arena, decision->facts, decision->facts_count) = facts;
        return facts;
    }
    /* Whatever is there may go. */
    if (decision->review.operation != OPERATION_DELETE)
        add_fault(decision, &err, part->is_unchanged);
    return NULL;
}

/* What is there already; false where it can't be read. */
static bool collect_old(const struct decision *decision, const struct part *part,
                        struct arena *arena, struct facts *out)
{
    struct subject subject = subject_of(decision, part->before, part->prefix);
    struct error ignored;

    subject.is_old = true;
    return facts_collect(&subject, arena, out, &ignored);
}

static bool holds_parts(const struct decision *decision)
{
    return decision->evaluation & (EVALUATE_TEMPLATE | EVALUATE_GROUP);
}

/* What the old object broke already, in the same way, is no reason to refuse a change of something
 * else: controllers must be able to scale, to roll, and to remove finalizers. `count`: how many
 * findings there were before this part. */
static void excuse_old(struct decision *decision, const struct part *part, size_t count,
                       struct facts *facts)
{
    bool is_judged = holds_parts(decision) && facts_need_usage(facts);
    struct findings old = {.arena = facts->arena};
    struct facts before;

    if (decision->review.operation != OPERATION_UPDATE ||
        (decision->findings.count == count && !is_judged) ||
        !collect_old(decision, part, facts->arena, &before))
        return;
    facts->asks_no_more = is_judged && facts_ask_no_more(facts, &before);
    policy_set_check(decision->policies, &before, &old);
    findings_excuse(&decision->findings, count, &old);
}

/* Whatever the rules say. */
static bool is_let_through(const struct decision *decision, const struct facts *facts)
{
    const char *why = facts->is_mirror ? "a node made the pod for what it runs already"
                      : facts->is_made ? "the cluster made the claim for a pod that was judged"
                      : facts->evaluation & (EVALUATE_POD_DELETE | EVALUATE_CLAIM_DELETE)
                          ? "whatever is there may be deleted"
                          : NULL;

    if (why)
        trace_let_through(decision->world.trace, why);
    return why;
}

static void judge_part(struct decision *decision, const struct part *part, struct arena *arena)
{
    size_t count = decision->findings.count, dropped = decision->findings.dropped;
    struct facts *facts = collect(decision, part, arena);

    if (!facts || is_let_through(decision, facts))
        return;
    policy_set_check(decision->policies, facts, &decision->findings);
    facts->asks_no_more = part->is_unchanged;
    if (part->is_unchanged)
        findings_excuse_since(&decision->findings, count, dropped);
    else if (value_type(part->before))
        excuse_old(decision, part, count, facts);
}

static void validate(struct decision *decision, struct arena *arena)
{
    bool is_delete = decision->review.operation == OPERATION_DELETE;
    struct part part = {.now = is_delete ? decision->review.old_object : decision->review.object,
                        .before = decision->review.old_object,
                        .prefix = ""};

    part.is_unchanged = is_unchanged(decision, part.now, part.before);
    judge_part(decision, &part, arena);
}

static void mutate(struct decision *decision, struct arena *arena)
{
    const struct part part = {.now = decision->review.object, .prefix = ""};
    const struct facts *facts;

    if (decision->evaluation != EVALUATE_POD_CREATE)
        return;
    facts = collect(decision, &part, arena);
    if (facts && !facts->is_mirror)
        policy_set_mutate(decision->policies, facts, &decision->patch);
}

/* A template as one of its pods would be after our own mutation: {"metadata":...,"spec":...},
 * patched. */
static bool build_pod(const struct subject *template, const struct policy_set *policies,
                      struct arena *arena, struct value *out, struct error *err)
{
    struct bytes metadata = value_raw(value_member(template->object, "metadata"));
    struct bytes spec = value_raw(value_member(template->object, "spec"));
    struct document *plain = arena_alloc(arena, sizeof(*plain));
    struct document *patched = arena_alloc(arena, sizeof(*patched));
    struct patch patch = {.arena = arena};
    struct subject subject = *template;
    struct facts facts;
    struct bytes text;
    struct buf buf;

    buf_init(&buf, arena, REVIEW_MAX_BYTES);
    buf_add_text(&buf, "{\"metadata\":");
    buf_add(&buf, metadata.len ? metadata : BYTES("{}"));
    buf_add_text(&buf, ",\"spec\":");
    buf_add(&buf, spec.len ? spec : BYTES("{}"));
    buf_add_char(&buf, '}');
    document_parse(buf_bytes(&buf), REVIEW_MAX_DEPTH, arena, plain);
    subject.object = document_root(plain);
    if (!facts_collect(&subject, arena, &facts, err))
        return false;
    policy_set_mutate(policies, &facts, &patch);
    if (!patch_apply(&patch, document_root(plain), arena, &text, err))
        return false;
    document_parse(text, REVIEW_MAX_DEPTH, arena, patched);
    *out = document_root(patched);
    return true;
}

/* What a group says, as a pod that says no more. */
static void build_member(struct value group, struct arena *arena, struct value *out)
{
    static const char *const said[] = {"priorityClassName", "priority", "preemptionPolicy",
                                       "resourceClaims"};
    struct document *document = arena_alloc(arena, sizeof(*document));
    const char *comma = "";
    struct buf buf;

    buf_init(&buf, arena, REVIEW_MAX_BYTES);
    buf_add_text(&buf, "{\"metadata\":{},\"spec\":{");
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        struct bytes text = value_raw(value_member(group, said[i]));

        if (text.len == 0)
            continue;
        buf_printf(&buf, "%s\"%s\":", comma, said[i]);
        buf_add(&buf, text);
        comma = ",";
    }
    buf_add_text(&buf, "}}");
    document_parse(buf_bytes(&buf), REVIEW_MAX_DEPTH, arena, document);
    *out = document_root(document);
}

/* What is judged of a template, or of a group. */
static bool build_part(const struct subject *subject, const struct policy_set *policies,
                       struct arena *arena, struct value *out, struct error *err)
{
    if (subject->evaluation != EVALUATE_GROUP)
        return build_pod(subject, policies, arena, out, err);
    build_member(subject->object, arena, out);
    return true;
}

static void check_template(struct decision *decision, const struct template *template,
                           struct value old, struct arena *arena)
{
    struct part part = {.prefix = arena_printf(arena, "%s.", template->path),
                        .is_unchanged = is_unchanged(decision, template->value, old)};
    struct subject now = subject_of(decision, template->value, part.prefix);
    struct subject before = subject_of(decision, old, part.prefix);
    struct world quiet = decision->world;
    struct error err = {0}, ignored;

    if (!build_part(&now, decision->policies, arena, &part.now, &err)) {
        error_wrap(&err, "%s", template->path);
        add_fault(decision, &err, part.is_unchanged);
        return;
    }
    quiet.trace = NULL;
    before.world = &quiet;
    if (value_type(old) && !part.is_unchanged &&
        !build_part(&before, decision->policies, arena, &part.before, &ignored))
        part.before = (struct value){0};
    judge_part(decision, &part, arena);
}

static struct value find_template(const struct templates *templates, const char *path)
{
    for (size_t i = 0; i < templates->count; i++) {
        if (!strcmp(templates->items[i].path, path))
            return templates->items[i].value;
    }
    return (struct value){0};
}

static bool check_bounds(const struct templates *templates, struct error *err)
{
    size_t parts = 0;

    if (templates->count > MAX_TEMPLATES)
        return error_set_limit(err, "the object has %zu pod templates, more than %d",
                               templates->count, MAX_TEMPLATES);
    for (size_t i = 0; i < templates->count; i++)
        parts += pod_count_parts(value_member(templates->items[i].value, "spec"));
    return parts <= MAX_TEMPLATE_PARTS ||
           error_set_limit(
               err,
               "the object's pod templates have %zu containers, uses of claims, volumes "
               "and node affinity terms, expressions and values together, more than %d",
               parts, MAX_TEMPLATE_PARTS);
}

static void validate_templates(struct decision *decision, struct arena *arena)
{
    const struct kind_row *row = kinds_find(&decision->review);
    struct templates templates, old;
    struct error err = {0};

    kinds_find_templates(row, decision->review.object, arena, &templates);
    if (!check_bounds(&templates, &err)) {
        add_fault(decision, &err, false);
        return;
    }
    kinds_find_templates(row, decision->review.old_object, arena, &old);
    for (size_t i = 0; i < templates.count; i++)
        check_template(decision, &templates.items[i], find_template(&old, templates.items[i].path),
                       arena);
}

/* Of what could not be collected the namespace tells. */
static const struct tenant *find_tenant(const struct decision *decision)
{
    const struct world *world = &decision->world;
    struct bytes namespace = decision->review.namespace;
    struct value labels;

    if (decision->facts_count)
        return decision->facts[0]->tenant;
    if (decision->findings.count == 0 || namespace.len == 0)
        return NULL;
    labels = view_labels(world->names, VIEW_NAMESPACES, namespace);
    return tenancy_belonging(world->tenancy, namespace, labels).tenant;
}

bool decide(const struct decide_input *in, struct arena *arena, struct decision *out,
            struct error *err)
{
    struct error fault = {0};

    *out =
        (struct decision){.policies = in->policies,
                          .phase = in->phase,
                          .world = {&in->policies->tenancy, in->view, in->now,
                                    in->names ? in->names : in->view, in->is_live, in->lacking,
                                    in->trace},
                          .findings = {.arena = arena, .help = in->policies->tenancy.cluster.help},
                          .patch = {.arena = arena}};
    if (!review_parse(in->body, arena, &out->review, err))
        return false; /* no uid, so nobody to answer */
    if (out->review.fault.text[0])
        add_fault(out, &out->review.fault, false);
    else if (!facts_classify(&out->review, &out->world, arena, &out->evaluation, &fault))
        add_fault(out, &fault, false);
    else if (out->evaluation == 0)
        ; /* nothing of ours: allowed, untouched */
    else if (in->phase == PHASE_MUTATE)
        mutate(out, arena);
    else if (holds_parts(out))
        validate_templates(out, arena);
    else
        validate(out, arena);
    out->tenant = find_tenant(out);
    verdict_conclude(&out->findings, arena, &out->verdict);
    return true;
}
