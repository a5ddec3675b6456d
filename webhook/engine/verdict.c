#include "engine/verdict.h"

#include "engine/message.h"

/* Within what the API server passes on from all webhooks together (4,096 characters). */
enum { MAX_WARNINGS = 16 };

static bool denies(const struct finding *finding)
{
    return finding->rule->enforcement == ENFORCE_DENY && !finding->was_there;
}

static bool warns(const struct finding *finding)
{
    return finding->rule->enforcement == ENFORCE_WARN ||
           (finding->was_there && finding->rule->enforcement == ENFORCE_DENY);
}

/* `untold` counts those that no warning tells of. */
static void add_warning(struct verdict *out, const char *text, struct arena *arena, size_t *untold)
{
    if (strings_has(&out->warnings, bytes_from(text)))
        return;
    if (out->warnings.count < MAX_WARNINGS)
        strings_add(&out->warnings, arena, text);
    else
        (*untold)++;
}

/* Who wrote a template looks for it in the whole manifest: first lines name the path there. So they
 * do where they would be the same. */
static void name_paths(const struct finding **told, size_t count, struct arena *arena)
{
    bool *is_named = arena_alloc(arena, count * sizeof(*is_named));

    for (size_t i = 0; i < count; i++) {
        is_named[i] = told[i]->is_inside;
        for (size_t j = 0; j < count && !is_named[i]; j++)
            is_named[i] = j != i && !strcmp(told[i]->text, told[j]->text) &&
                          strcmp(told[i]->field, told[j]->field) != 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct finding *finding;

        if (!is_named[i])
            continue;
        finding = arena_alloc(arena, sizeof(*finding));
        *finding = *told[i];
        finding->text = arena_printf(arena, "%s (%s)", finding->text, finding->field);
        told[i] = finding;
    }
}

void verdict_conclude(const struct findings *findings, struct arena *arena, struct verdict *out)
{
    const struct finding **denying;
    size_t count = 0, untold = 0;

    *out = (struct verdict){.is_allowed = true, .exceptions = findings->exceptions};
    for (size_t i = 0; i < findings->exception_warnings.count; i++)
        add_warning(out, findings->exception_warnings.items[i], arena, &untold);
    denying = arena_alloc(arena, findings->count * sizeof(*denying));
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];

        strings_add_new(&out->rules, arena, finding->rule->name);
        if (denies(finding))
            denying[count++] = finding;
        else if (warns(finding))
            add_warning(out, message_write_warning(finding, arena), arena, &untold);
    }
    if (untold)
        out->warnings.items[MAX_WARNINGS - 1] = arena_printf(arena, "and %zu more", untold + 1);
    out->is_allowed = count == 0 && findings->dropped == 0;
    if (out->is_allowed)
        return;
    out->cause_count = count < FINDINGS_TOLD ? count : FINDINGS_TOLD;
    name_paths(denying, out->cause_count, arena);
    out->causes = arena_alloc(arena, out->cause_count * sizeof(*out->causes));
    for (size_t i = 0; i < out->cause_count; i++)
        out->causes[i] =
            (struct cause){denying[i]->rule->name, denying[i]->text, denying[i]->field};
    out->message =
        message_write_denial(denying, out->cause_count,
                             count - out->cause_count + findings->dropped, findings->help, arena);
}
