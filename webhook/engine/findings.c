#include "engine/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/exceptions.h"

/* Longer than any message needs; what people and events can read is far less. */
enum { MAX_TEXT_BYTES = 1024 };

bool findings_are_full(const struct findings *findings)
{
    bool denies = findings->rule->enforcement == ENFORCE_DENY;

    return (denies ? findings->denying : findings->count - findings->denying) >= FINDINGS_KEPT;
}

/* What is lifted is neither kept nor counted: it takes no other finding's place. */
static bool is_lifted(struct findings *findings)
{
    const struct facts *facts = findings->excepted;
    const struct exception *exception = facts ? exceptions_find(facts, findings->rule->name) : NULL;

    if (exception)
        exceptions_note(facts, exception, findings);
    return exception;
}

PRINTF_LIKE(4, 0)
static void add(struct findings *findings, const char *field, const char *next, const char *format,
                va_list args)
{
    bool denies = findings->rule->enforcement == ENFORCE_DENY;
    struct bytes value = findings->value;
    char text[MAX_TEXT_BYTES];
    struct finding *finding;
    const char *held_by = findings->held_by;

    findings->value = (struct bytes){0};
    findings->held_by = NULL;
    if (is_lifted(findings))
        return;
    if (findings_are_full(findings)) {
        findings->dropped += denies;
        return;
    }
    findings->denying += denies;
    vsnprintf(text, sizeof(text), format, args);
    finding = ARENA_APPEND(findings->arena, findings->items, findings->count);
    finding->rule = findings->rule;
    finding->field = field;
    finding->next = next;
    finding->value = value;
    finding->held_by = held_by;
    finding->is_inside = findings->is_inside;
    finding->text = text_clean(findings->arena, bytes_from(text), sizeof(text));
}

void findings_add(struct findings *findings, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(findings, field, NULL, format, args);
    va_end(args);
}

void findings_add_next(struct findings *findings, const char *field, const char *next,
                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(findings, field, next, format, args);
    va_end(args);
}

void findings_set_rule(struct findings *findings, const struct node *node,
                       enum enforcement enforcement, const char *format, ...)
{
    struct rule *rule = arena_alloc(findings->arena, sizeof(*rule));
    char name[512];
    va_list args;

    va_start(args, format);
    vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    *rule = (struct rule){.name = arena_copy(findings->arena, bytes_from(name)),
                          .node = node,
                          .enforcement = enforcement};
    findings->rule = rule;
}

void findings_set_enforcement(struct findings *findings, enum enforcement enforcement)
{
    struct rule *rule = arena_alloc(findings->arena, sizeof(*rule));

    *rule = *findings->rule;
    rule->enforcement = enforcement;
    findings->rule = rule;
}

void findings_excuse_since(struct findings *findings, size_t count, size_t dropped)
{
    for (size_t i = count; i < findings->count; i++)
        findings->items[i].was_there = true;
    findings->dropped = dropped;
}

static bool is_same(const struct finding *a, const struct finding *b)
{
    return !strcmp(a->rule->name, b->rule->name) && !strcmp(a->field, b->field) &&
           !strcmp(a->text, b->text) && bytes_equal(a->value, b->value);
}

void findings_excuse(struct findings *findings, size_t count, const struct findings *old)
{
    for (size_t i = count; i < findings->count; i++) {
        for (size_t j = 0; j < old->count && !findings->items[i].was_there; j++)
            findings->items[i].was_there = is_same(&findings->items[i], &old->items[j]);
    }
}
