#include "http/audit_line.h"

#include "base/instant.h"
#include "engine/check.h"
#include "http/audit_review.h"
#include "http/metrics.h"
#include "tenancy/grants.h"

enum {
    NAME_MAX_BYTES = 1024,
    MESSAGE_MAX_BYTES = 4096,
    MAX_GROUPS = 64,
    GROUP_MAX_BYTES = 253,
    REVIEW_LOGGED_BYTES = 192 * 1024,
};

static void add_name(struct buf *buf, const char *name)
{
    buf_add(buf, BYTES(",\""));
    buf_add_text(buf, name);
    buf_add(buf, BYTES("\":"));
}

/* Most names and figures are; the rest takes its time. */
static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~' || text.data[i] == '"' || text.data[i] == '\\')
            return false;
    }
    return true;
}

/* Text from outside, as a JSON string. */
static void add_string(struct buf *buf, struct bytes text, size_t max)
{
    if (text.len <= max && is_plain(text)) {
        buf_add_char(buf, '"');
        buf_add(buf, text);
        buf_add_char(buf, '"');
    } else {
        buf_add_json(buf, bytes_from(text_clean(buf->arena, text, max)));
    }
}

static void add_text(struct buf *buf, const char *name, struct bytes value)
{
    add_name(buf, name);
    add_string(buf, value, NAME_MAX_BYTES);
}

static void add_list(struct buf *buf, const char *name, const struct strings *list)
{
    add_name(buf, name);
    buf_add_char(buf, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(buf, ',');
        buf_add_json(buf, bytes_from(list->items[i]));
    }
    buf_add_char(buf, ']');
}

/* What a JSON array of the review has of strings. */
static void add_strings(struct buf *buf, const char *name, struct value array)
{
    size_t left = MAX_GROUPS;

    add_name(buf, name);
    buf_add_char(buf, '[');
    for (struct value v = value_first(array); value_type(v) && left > 0;
         v = value_next(v), left--) {
        if (left < MAX_GROUPS)
            buf_add_char(buf, ',');
        add_string(buf, value_text(v), GROUP_MAX_BYTES);
    }
    buf_add_char(buf, ']');
}

static void add_message(struct buf *buf, const char *message)
{
    size_t len = strcspn(message, "\n");

    add_name(buf, "message");
    buf_add_json(buf, (struct bytes){message, len < MESSAGE_MAX_BYTES ? len : MESSAGE_MAX_BYTES});
}

static void write_time(const struct timespec *when, struct buf *buf)
{
    buf_printf(buf, "{\"time\":\"%.19s.%03ldZ\"", instant_write(when->tv_sec, buf->arena),
               when->tv_nsec / 1000000);
}

static void add_request(const struct review *review, struct buf *buf)
{
    add_text(buf, "uid", review->uid);
    add_text(buf, "operation", bytes_from(operation_name(review->operation)));
    add_text(buf, "group", review->group);
    add_text(buf, "version", review->version);
    add_text(buf, "kind", review->kind);
    add_text(buf, "resource", review->resource);
    if (review->sub_resource.len)
        add_text(buf, "subResource", review->sub_resource);
    add_text(buf, "namespace", review->namespace);
    add_text(buf, "name", review->name);
    add_text(buf, "user", review->user);
    add_strings(buf, "groups", review->groups);
    buf_printf(buf, ",\"dryRun\":%s", review->is_dry_run ? "true" : "false");
}

static void add_rules(const struct decision *decision, struct buf *buf)
{
    const struct strings *rules = &decision->verdict.rules;

    add_list(buf, "rules", rules);
    if (rules->count == 0)
        return;
    add_name(buf, "enforcement");
    for (size_t i = 0; i < rules->count; i++) {
        buf_add_char(buf, i > 0 ? ',' : '{');
        buf_add_json(buf, bytes_from(rules->items[i]));
        buf_printf(buf, ":\"%s\"", decision_enforcement(decision, rules->items[i]));
    }
    buf_add_char(buf, '}');
}

/* One cap and what became, or would have become, of it. */
struct share {
    const char *resource, *cap;
    struct amount before, asked, limit;
};

static void add_share(const struct share *share, bool is_first, struct buf *buf)
{
    struct arena *arena = buf->arena;
    struct amount after;

    buf_printf(buf, "%s{\"resource\":", is_first ? "" : ",");
    buf_add_json(buf, bytes_from(share->resource));
    if (share->cap)
        add_text(buf, "cap", bytes_from(share->cap));
    add_text(buf, "before", bytes_from(amount_write(share->before, arena)));
    add_text(buf, "asked", bytes_from(amount_write(share->asked, arena)));
    if (amount_add(share->before, share->asked, &after))
        add_text(buf, "after", bytes_from(amount_write(after, arena)));
    add_text(buf, "limit", bytes_from(amount_write(share->limit, arena)));
    buf_add_char(buf, '}');
}

/* Only of what is asked for. */
static void add_amounts(const struct decision *decision, struct buf *buf)
{
    const struct weighed *weighed = &decision->weighed;
    const struct facts *facts = weighed->facts;
    bool is_first = true, is_burst;

    if (!facts)
        return;
    is_burst = facts_has_burst_class(facts);
    add_name(buf, "amounts");
    buf_add_char(buf, '[');
    if (facts->tenant->gpus.node && !amount_is_zero(facts->demand.gpus)) {
        const struct share share = {"gpus", is_burst ? "burst" : "guaranteed", weighed->gpus,
                                    facts->demand.gpus,
                                    grants_limit(facts->tenant, is_burst, facts->priority_class,
                                                 facts->world->now)};

        add_share(&share, is_first, buf);
        is_first = false;
    }
    for (size_t i = 0; i < facts->tenant->resources.count; i++) {
        const struct resource_cap *cap = &facts->tenant->resources.items[i];
        struct share share = {cap->name.text, NULL, weighed->resources[i], {0}, cap->max};

        if (!resource_cap_sum(cap, &facts->ask, &share.asked) || amount_is_zero(share.asked))
            continue;
        add_share(&share, is_first, buf);
        is_first = false;
    }
    buf_add_char(buf, ']');
}

static void add_verdict(const struct decision *decision, struct buf *buf)
{
    const struct verdict *verdict = &decision->verdict;

    if (*decision_tenant(decision))
        add_text(buf, "tenant", bytes_from(decision_tenant(decision)));
    buf_printf(buf, ",\"allowed\":%s", verdict->is_allowed ? "true" : "false");
    buf_printf(buf, ",\"mutated\":%s", decision->patch.count > 0 ? "true" : "false");
    add_rules(decision, buf);
    if (verdict->exceptions.count)
        add_list(buf, "exceptions", &verdict->exceptions);
    if (verdict->message)
        add_message(buf, verdict->message);
    add_amounts(decision, buf);
    add_text(buf, "policySet", bytes_from(decision->policies->digest));
}

/* What no rule is about is answered alike whatever is in it, and may be anything. */
static void add_review(const struct decision *decision, struct buf *buf)
{
    struct buf review;

    buf_init(&review, buf->arena, REVIEW_LOGGED_BYTES);
    if (decision->review.fault.text[0]) {
        add_text(buf, "reviewOmitted", BYTES("it can't be read"));
    } else if (decision->evaluation == 0) {
        add_text(buf, "reviewOmitted", BYTES("no rule is about it"));
    } else {
        audit_review_write(document_root(&decision->review.document), &review);
        if (review.is_full) {
            add_text(buf, "reviewOmitted", BYTES("it is larger than 192 KiB"));
        } else {
            add_name(buf, "review");
            buf_add(buf, buf_bytes(&review));
        }
    }
}

void audit_line_write(const struct decision *decision, const struct audit_times *times,
                      bool has_review, struct buf *buf)
{
    write_time(&times->when, buf);
    add_text(buf, "phase", bytes_from(decision->phase == PHASE_MUTATE ? "mutate" : "validate"));
    add_request(&decision->review, buf);
    add_verdict(decision, buf);
    buf_printf(buf, ",\"microseconds\":%llu", (unsigned long long)(times->judging / 1000));
    if (times->waiting)
        buf_printf(buf, ",\"waitedMicroseconds\":%llu",
                   (unsigned long long)(times->waiting / 1000));
    if (has_review)
        add_review(decision, buf);
    buf_add_text(buf, "}\n");
}

void audit_line_write_gap(unsigned long missing, struct buf *buf)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    write_time(&now, buf);
    buf_printf(buf, ",\"missing\":%lu}\n", missing);
}
