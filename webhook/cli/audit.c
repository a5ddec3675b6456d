#include "cli/audit.h"

#include <stdlib.h>

#include "kube/kinds.h"

void audit_init(struct audit *audit, const struct policy_set *policies, struct ledger *ledger,
                int64_t now, struct arena *arena)
{
    *audit = (struct audit){.arena = arena};
    judge_init(&audit->judge, policies, ledger, now, JUDGE_VALIDATE);
}

void audit_release(struct audit *audit)
{
    judge_release(&audit->judge);
    arena_release(&audit->scratch);
}

/* ---- results */

static void add(struct audit *audit, const struct audit_result *result)
{
    if (audit->count < AUDIT_MAX_RESULTS)
        *ARENA_APPEND(audit->arena, audit->results, audit->count) = *result;
    else
        audit->left_out++;
}

static const char *keep(const struct audit *audit, const char *text)
{
    return arena_copy(audit->arena, bytes_from(text ? text : ""));
}

static const char *keep_clean(const struct audit *audit, struct bytes text)
{
    return text_quote(audit->arena, text);
}

/* ---- what a tenant holds in all */

static bool ends_with(const char *rule, const char *field)
{
    return !strncmp(rule, "tenant/", strlen("tenant/")) &&
           bytes_has_suffix(bytes_from(rule), bytes_from(field));
}

static bool is_of_guarantee(const char *rule)
{
    return ends_with(rule, "/gpus.guaranteed");
}

static bool is_of_total(const char *rule)
{
    return is_of_guarantee(rule) || ends_with(rule, "/gpus.burst") || ends_with(rule, "/resources");
}

/* Of `... tenant "research" would hold 18 of 16 GPUs (14 in use, ...)` what is so of the tenant. */
static const char *tell_total(const char *text, struct arena *arena)
{
    static const char would[] = " would hold ";
    const char *tenant = strstr(text, "tenant \""), *hold = tenant ? strstr(tenant, would) : NULL;
    const char *end = hold ? strstr(hold, " (") : NULL;

    if (!end)
        return arena_copy(arena, bytes_from(text));
    return arena_printf(arena, "%.*s holds %.*s", (int)(hold - tenant), tenant,
                        (int)(end - hold - (long)strlen(would)), hold + strlen(would));
}

static bool is_told(const struct audit *audit, const struct audit_result *total)
{
    for (size_t i = 0; i < audit->total_count; i++) {
        if (!strcmp(audit->totals[i].rule, total->rule) &&
            !strcmp(audit->totals[i].message, total->message))
            return true;
    }
    return false;
}

/* Of whatever of the tenant's it was found. */
static void add_total(struct audit *audit, const struct tenant *tenant,
                      const struct finding *finding)
{
    struct audit_result result = {.namespace = "",
                                  .api_version = "fairgate.dev/v1alpha1",
                                  .kind = "TenantUsage",
                                  .name = tenant->name,
                                  .uid = "",
                                  .rule = keep(audit, finding->rule->name),
                                  .field = "spec",
                                  .message = tell_total(finding->text, audit->arena),
                                  .enforcement = ENFORCE_DENY};

    if (!is_told(audit, &result))
        *ARENA_APPEND(audit->arena, audit->totals, audit->total_count) = result;
}

/* ---- one object */

static bool is_over(struct value object)
{
    struct bytes phase = value_text(value_path(object, "status.phase"));

    return value_type(value_path(object, "metadata.deletionTimestamp")) == VALUE_STRING ||
           bytes_is(phase, "Succeeded") || bytes_is(phase, "Failed");
}

static bool is_controlled(struct value object)
{
    struct value owners = value_path(object, "metadata.ownerReferences");

    for (struct value owner = value_first(owners); value_type(owner); owner = value_next(owner)) {
        if (value_type(value_member(owner, "controller")) == VALUE_TRUE)
            return true;
    }
    return false;
}

/* Of what is made from a template its author has heard; what runs counts all the same. */
static bool is_passed_over(const struct decision *decision)
{
    const struct kind_row *row = kinds_find(&decision->review);
    struct value object = decision->review.object;

    return !row || (!decision->evaluation && decision->findings.count == 0) || is_over(object) ||
           (*decision->review.fault.text &&
            cluster_is_exempt(&decision->policies->tenancy.cluster, decision->review.namespace)) ||
           ((row->kind == KIND_TEMPLATE || row->kind == KIND_GROUP) && is_controlled(object));
}

static void add_finding(struct audit *audit, const struct decision *decision,
                        const struct finding *finding)
{
    const struct review *review = &decision->review;
    const char *group = keep_clean(audit, review->group);
    bool is_of_cluster =
        bytes_equal(review->namespace, review->name) && bytes_is(review->kind, "Namespace");
    struct audit_result result = {
        .namespace = is_of_cluster ? "" : keep_clean(audit, review->namespace),
        .api_version = arena_printf(audit->arena, "%s%s%s", group, *group ? "/" : "",
                                    text_quote(audit->arena, review->version)),
        .kind = keep_clean(audit, review->kind),
        .name = keep_clean(audit, review->name),
        .uid = keep_clean(audit, value_text(value_path(review->object, "metadata.uid"))),
        .rule = keep(audit, finding->rule->name),
        .field = keep(audit, finding->field),
        .message = keep(audit, finding->text),
        .enforcement = finding->rule->enforcement,
    };

    add(audit, &result);
}

/* Templates hold nothing: what would be too much once their pods are there is no matter here. */
static void add_findings(struct audit *audit, const struct decision *decision)
{
    size_t told = 0;

    for (size_t i = 0; i < decision->findings.count; i++) {
        const struct finding *finding = &decision->findings.items[i];

        if (is_of_total(finding->rule->name)) {
            if (decision->tenant && finding->rule->enforcement == ENFORCE_DENY)
                add_total(audit, decision->tenant, finding);
        } else if (told++ < AUDIT_MAX_OF_OBJECT) {
            add_finding(audit, decision, finding);
        } else {
            audit->left_out++;
        }
    }
    audit->left_out += decision->findings.dropped;
}

/* Who made an object isn't known any more: it is judged as an admin's, who may do what is for
 * admins.
 */
bool audit_object(void *context, struct bytes object, struct error *err)
{
    struct audit *audit = context;
    struct judge_request request =
        judge_admin_request(&audit->judge.policies->tenancy.cluster, &audit->scratch);
    struct judgement judgement = {0};
    struct bytes review;
    bool is_judged = judge_build_review(&request, object, &audit->scratch, &review, err) &&
                     judge_review(&audit->judge, review, &audit->scratch, &judgement, err);

    if (is_judged && !is_passed_over(&judgement.answer.decision)) {
        audit->judged++;
        add_findings(audit, &judgement.answer.decision);
    }
    arena_reset(&audit->scratch);
    return is_judged;
}

/* ---- all of them */

/* What the tenant holds with classes that may not burst. */
static struct amount sum_plain(const struct ledger_usage *usage, const struct tenant *tenant)
{
    struct amount sum = usage->gpus;

    for (size_t i = 0; i < usage->class_count; i++) {
        struct amount rest;

        if (strings_has(&tenant->priority.burst, bytes_from(usage->by_class[i].name)) &&
            amount_subtract(sum, usage->by_class[i].gpus, &rest))
            sum = rest;
    }
    return sum;
}

/* The pods of a burst class that came later don't make those wrong that keep to the guarantee. */
static bool is_within(struct audit *audit, const struct ledger_usage *usages, size_t count,
                      struct audit_result *result)
{
    const struct tenancy *tenancy = &audit->judge.policies->tenancy;

    for (size_t i = 0; i < count; i++) {
        const struct tenant *tenant = tenancy->tenants[i];
        struct amount sum;

        if (strcmp(tenant->name, result->name) != 0)
            continue;
        sum = sum_plain(&usages[i], tenant);
        if (amount_compare(sum, usages[i].guaranteed) <= 0)
            return true;
        if (tenant->priority.burst.count)
            result->message =
                arena_printf(audit->arena,
                             "tenant \"%s\" holds %s of %s guaranteed GPUs with classes that may "
                             "not burst",
                             tenant->name, amount_write(sum, audit->arena),
                             amount_write(usages[i].guaranteed, audit->arena));
    }
    return false;
}

static int compare_results(const void *a, const void *b)
{
    const struct audit_result *left = a, *right = b;
    int order = strcmp(left->namespace, right->namespace);

    order = order ? order : strcmp(left->kind, right->kind);
    order = order ? order : strcmp(left->name, right->name);
    order = order ? order : strcmp(left->rule, right->rule);
    order = order ? order : strcmp(left->field, right->field);
    return order ? order : strcmp(left->message, right->message);
}

void audit_finish(struct audit *audit)
{
    struct ledger_usage *usages;
    size_t count;

    ledger_report(audit->judge.ledger, audit->judge.now, audit->arena, &usages, &count);
    for (size_t i = 0; i < audit->total_count; i++) {
        struct audit_result *total = &audit->totals[i];

        if (!is_of_guarantee(total->rule) || !is_within(audit, usages, count, total))
            *ARENA_APPEND(audit->arena, audit->results, audit->count) = *total;
    }
    if (audit->count)
        qsort(audit->results, audit->count, sizeof(*audit->results), compare_results);
}

bool audit_has_failed(const struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        if (audit->results[i].enforcement == ENFORCE_DENY)
            return true;
    }
    return false;
}
