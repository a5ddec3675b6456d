#include "engine/exceptions.h"

#include "base/instant.h"
#include "tenancy/rule_name.h"

enum { DAY = 24 * 60 * 60 };

/* Labels of pods select pods and what they are made from, and nothing else of the tenant. */
static bool selects(const struct exception *exception, const struct facts *facts)
{
    static const unsigned pods = EVALUATE_POD_CREATE | EVALUATE_POD_UPDATE |
                                 EVALUATE_POD_EPHEMERAL | EVALUATE_POD_RESIZE | EVALUATE_TEMPLATE;

    return window_holds(&exception->window, facts->world->now) &&
           (!exception->pods.node ||
            (facts->evaluation & pods && selector_matches(&exception->pods, facts->pod.labels)));
}

/* The next one that is for what the facts are about, from `*at` on; NULL: there are no more. */
static const struct exception *next_exception(const struct facts *facts, size_t *at)
{
    const struct tenant *tenant = facts->tenant;

    /* A PriorityClass is nobody's. */
    if (!tenant || facts->evaluation & EVALUATE_PRIORITY_CLASS)
        return NULL;
    while (*at < tenant->exception_count) {
        const struct exception *exception = tenant->exceptions[(*at)++];

        if (exception->window.until <= facts->world->now)
            return NULL;
        if (selects(exception, facts))
            return exception;
    }
    return NULL;
}

static bool lifts(const struct exception *exception, const char *rule)
{
    for (size_t i = 0; i < exception->rules.count; i++) {
        if (rule_name_begins(rule, exception->rules.items[i]))
            return true;
    }
    return false;
}

const struct exception *exceptions_find(const struct facts *facts, const char *rule)
{
    const struct exception *exception;
    size_t at = 0;

    if (!rule_name_is_liftable(rule))
        return NULL;
    do {
        exception = next_exception(facts, &at);
    } while (exception && !lifts(exception, rule));
    return exception;
}

bool exceptions_lift_field(const struct facts *facts, const char *field)
{
    const struct tenant *tenant = facts->tenant;

    return tenant && tenant->exception_count &&
           exceptions_find(facts, arena_printf(facts->arena, "tenant/%s/%s", tenant->name, field));
}

size_t exceptions_find_grants(const struct facts *facts, const struct exception ***out)
{
    const struct exception *exception;
    size_t at = 0, count = 0;

    *out = NULL;
    while ((exception = next_exception(facts, &at))) {
        if (exception->grant.node)
            *ARENA_APPEND(facts->arena, *out, count) = exception;
    }
    return count;
}

void exceptions_note(const struct facts *facts, const struct exception *exception,
                     struct findings *findings)
{
    bool ends_soon = exception->window.until - facts->world->now < DAY;

    findings->noted = exception;
    findings->note_count++;
    if (!strings_add_new(&findings->exceptions, findings->arena, exception->name))
        return;
    strings_add(&findings->exception_warnings, findings->arena,
                arena_printf(findings->arena, "exception \"%s\" applies%s%s", exception->name,
                             ends_soon ? "; it ends at " : "",
                             ends_soon ? instant_write(exception->window.until, findings->arena)
                                       : ""));
}
