#include "policy/meaning.h"

#include "base/instant.h"
#include "kube/quantity.h"

const char *const direction_names[] = {"stricter", "looser", "different"};

/* A row for each field, or for all in it that is neither stricter nor looser. Of two that fit, the
 * longer one holds. */
static const struct meaning meanings[] = {
    {"Cluster.tenantLabel", MEANS_OTHER},
    {"Cluster.untenanted", EARLIER_STRICTER},
    {"Cluster.admins.users", FEWER_STRICTER},
    {"Cluster.admins.groups", FEWER_STRICTER},
    {"Cluster.exempt.namespaces", FEWER_STRICTER},
    {"Cluster.accelerators", MEANS_OTHER}, /* an entry is weighed: see changes.c */
    {"Cluster.accelerators.gpus", MORE_STRICTER},
    {"Cluster.accelerators.per", LESS_STRICTER},
    {"Cluster.fabric.nodeLabel", MEANS_OTHER},
    {"Cluster.fabric.atBind", LATER_STRICTER},
    {"Cluster.fabric.domains", MEANS_OTHER, .unset = "not listed"},
    {"Cluster.capacity", MEANS_OTHER},
    {"Cluster.help", MEANS_OTHER},

    {"PriorityLadder.tiers", MEANS_OTHER},
    {"PriorityLadder.required", LATER_STRICTER},
    {"PriorityLadder.tiers.preempts", MEANS_NOTHING},

    {"Tenant.owner", MEANS_OTHER},
    {"Tenant.namespaces", MEANS_OTHER},
    {"Tenant.gpus.guaranteed", LESS_STRICTER, true, .unset = "no cap"},
    {"Tenant.gpus.burst", LESS_STRICTER, true, .unset = "no cap"},
    {"Tenant.gpus.perPod", LESS_STRICTER, true, .unset = "no cap"},
    {"Tenant.resources", LESS_STRICTER, true, .unset = "no cap"},
    {"Tenant.sharing.modes", FEWER_STRICTER, true, .unset = "all"},
    {"Tenant.sharing.exclusive", LATER_STRICTER},
    {"Tenant.priority.allowed", FEWER_STRICTER, true, .unset = "every class of the ladder"},
    {"Tenant.priority.default", MEANS_OTHER},
    {"Tenant.priority.burst", FEWER_STRICTER},
    {"Tenant.fabric.domains", FEWER_STRICTER, true, .unset = "any"},
    {"Tenant.fabric.span", LATER_STRICTER},

    {"Policy.enforce", MEANS_NOTHING}, /* each rule tells what holds for it */
    {"Policy.match.kinds", MORE_ENTRIES_STRICTER},
    {"Policy.match.operations", MORE_ENTRIES_STRICTER},
    {"Policy.match.tenants", MORE_ENTRIES_STRICTER, true, .unset = "all pods, of no tenant too"},
    {"Policy.match.namespaces", MORE_ENTRIES_STRICTER, true, .unset = "all"},
    {"Policy.match.labels.matchLabels", FEWER_STRICTER},
    {"Policy.match.labels.matchExpressions", FEWER_STRICTER, .are_patterns = true},
    {"Policy.match.accelerators", FIRST_STRICTER},
    {"Policy.match.exclude.users", FEWER_STRICTER},
    {"Policy.match.exclude.groups", FEWER_STRICTER},
    {"Policy.match.exclude.namespaces", FEWER_STRICTER},
    {"Policy.rules", MORE_ENTRIES_STRICTER},
    {"Policy.rules.id", MEANS_NOTHING}, /* another id is another rule */
    {"Policy.rules.message", MEANS_OTHER},
    {"Policy.rules.enforce", EARLIER_STRICTER},
    {"Policy.rules.annotations.required", MORE_ENTRIES_STRICTER},
    {"Policy.rules.annotations.forbidden", MORE_ENTRIES_STRICTER},
    {"Policy.rules.images.allow", FEWER_STRICTER, true, true, "any"},
    {"Policy.rules.images.deny", MORE_ENTRIES_STRICTER, .are_patterns = true},
    {"Policy.rules.images.tags.deny", MORE_ENTRIES_STRICTER},
    {"Policy.rules.images.digest", MORE_ENTRIES_STRICTER},
    {"Policy.rules.labels.required", MORE_ENTRIES_STRICTER},
    {"Policy.rules.labels.forbidden", MORE_ENTRIES_STRICTER},
    {"Policy.rules.namespaceHas", MORE_ENTRIES_STRICTER},
    {"Policy.rules.resources.requireLimits", MORE_ENTRIES_STRICTER},
    {"Policy.rules.resources.requireRequests", MORE_ENTRIES_STRICTER},
    {"Policy.rules.resources.max", LESS_STRICTER, true, .unset = "no maximum"},
    {"Policy.rules.resources.containers", EARLIER_STRICTER},
    {"Policy.rules.scheduler.allow", FEWER_STRICTER},
    {"Policy.rules.sideDoors.deny", MORE_ENTRIES_STRICTER},
    {"Policy.rules.sideDoors.except", MEANS_NOTHING}, /* deny lacks them */
    {"Policy.mutate", MEANS_OTHER},

    {"Exception.tenants", FEWER_STRICTER},
    {"Exception.grant.gpus", LESS_STRICTER},
    {"Exception.rules", FEWER_STRICTER, .are_patterns = true},
    {"Exception.pods.matchLabels", MORE_ENTRIES_STRICTER},
    {"Exception.pods.matchExpressions", MORE_ENTRIES_STRICTER, .are_patterns = true},
    {"Exception.from", MORE_STRICTER, .unset = "ever"},
    {"Exception.until", LESS_STRICTER},
    {"Exception.reason", MEANS_OTHER},
    {"Exception.approvedBy", MEANS_OTHER},
    {"Exception.ticket", MEANS_OTHER},
    {"Reservation.tenant", MEANS_OTHER},
    {"Reservation.gpus", LESS_STRICTER},
    {"Reservation.from", MORE_STRICTER},
    {"Reservation.until", LESS_STRICTER},
    {"Reservation.priority", FEWER_STRICTER, true, .unset = "all"},
};

static const struct meaning other = {"", MEANS_OTHER};

const struct meaning *meaning_find(const char *kind, const char *table, struct arena *arena)
{
    struct bytes path = bytes_from(arena_printf(arena, "%s.%s", kind, table));
    const struct meaning *found = &other;

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        struct bytes field = bytes_from(meanings[i].field);

        if (bytes_has_prefix(path, field) && strlen(found->field) < field.len &&
            (path.len == field.len || path.data[field.len] == '.'))
            found = &meanings[i];
    }
    return found;
}

static bool parse_figure(const char *text, struct amount *out)
{
    struct error err;
    int64_t instant;

    if (instant_parse(bytes_from(text), &instant, &err)) {
        *out = amount_of(instant);
        return true;
    }
    return amount_parse(bytes_from(text), out, &err) || quantity_parse(bytes_from(text), out, &err);
}

/* Of amounts and instants. */
static bool judge_figures(const struct meaning *meaning, const struct schema_change *change,
                          enum direction *out)
{
    const char *old = change->old.text, *new = change->new.text;
    struct amount old_figure, new_figure;
    bool is_more = old ? meaning->is_all_where_empty : !meaning->is_all_where_empty;

    *out = DIFFERENT;
    if (old && new) {
        if (!parse_figure(old, &old_figure) || !parse_figure(new, &new_figure))
            return true;
        if (amount_compare(new_figure, old_figure) == 0)
            return false;
        is_more = amount_compare(new_figure, old_figure) > 0;
    }
    *out = is_more == (meaning->effect == MORE_STRICTER) ? STRICTER : LOOSER;
    return true;
}

/* Where a text stands among the words of a field; booleans are false, true. */
static int find_word(const struct field *field, const char *text)
{
    static const char *const truths[] = {"false", "true", NULL};
    const char *const *words = field->words ? field->words : truths;
    int at = 0;

    while (words[at] && text && strcmp(words[at], text) != 0)
        at++;
    return at;
}

static enum direction judge_words(const struct meaning *meaning, const struct schema_change *change)
{
    int old = find_word(change->field, change->old.text);
    int new = find_word(change->field, change->new.text);

    if (meaning->effect == FIRST_STRICTER && old != 0 && new != 0)
        return DIFFERENT;
    return (new < old) == (meaning->effect != LATER_STRICTER) ? STRICTER : LOOSER;
}

/* Entries that came or went, or all of a list. A value that became another is neither. */
static enum direction judge_entries(const struct meaning *meaning,
                                    const struct schema_change *change)
{
    bool is_fewer = !change->new.text;

    if (change->old.text && change->new.text)
        return DIFFERENT;
    if (!change->is_entry && meaning->is_all_where_empty)
        is_fewer = !is_fewer;
    return is_fewer == (meaning->effect == FEWER_STRICTER) ? STRICTER : LOOSER;
}

bool meaning_judge(const struct meaning *meaning, const struct schema_change *change,
                   enum direction *out)
{
    *out = DIFFERENT;
    switch (meaning->effect) {
    case MEANS_NOTHING:
        return false;
    case MEANS_OTHER:
        return true;
    case LESS_STRICTER:
    case MORE_STRICTER:
        return judge_figures(meaning, change, out);
    case EARLIER_STRICTER:
    case LATER_STRICTER:
    case FIRST_STRICTER:
        *out = judge_words(meaning, change);
        return true;
    default:
        *out = judge_entries(meaning, change);
        return true;
    }
}
