#include "cli/explain.h"

#include <stdio.h>

#include "cli/output.h"

enum { MOST_FOUND = 8 };

/* One object that was judged: the request's own, or one of its pod templates. */
struct subject_part {
    const struct judgement *judgement;
    const struct facts *facts;
    struct arena *arena;
};

static const char *const effects[] = {"denies", "warns", "is recorded"}; /* as enum enforcement */

static const struct finding *finding_at(const struct subject_part *part, size_t i)
{
    return &part->judgement->answer.decision.findings.items[i];
}

static bool is_of(const struct trace_entry *entry, const struct subject_part *part)
{
    return !strcmp(entry->prefix, part->facts->prefix);
}

/* Has an entry before it told of the same? What tenancy asks twice is told once. */
static bool is_told(const struct trace_list *list, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (!strcmp(list->items[i].name, list->items[at].name) &&
            !strcmp(list->items[i].prefix, list->items[at].prefix))
            return true;
    }
    return false;
}

/* ---- what was found, of one entry or of the two that tenancy has */

struct found {
    const struct finding **items;
    size_t count, dropped;
    const struct exception *exception; /* that lifted something, or raised a cap; NULL: none */
};

static void add_found(const struct subject_part *part, const struct trace_entry *entry,
                      struct found *found)
{
    for (size_t i = 0; i < entry->count; i++)
        *ARENA_APPEND(part->arena, found->items, found->count) = finding_at(part, entry->first + i);
    found->dropped += entry->dropped;
    if (entry->exception)
        found->exception = entry->exception;
}

static struct found collect_found(const struct subject_part *part, const struct trace_list *list,
                                  size_t at, bool is_tenancy)
{
    struct found found = {0};

    add_found(part, &list->items[at], &found);
    for (size_t i = at + 1; is_tenancy && i < list->count; i++) {
        if (!strcmp(list->items[i].name, list->items[at].name) && is_of(&list->items[i], part))
            add_found(part, &list->items[i], &found);
    }
    return found;
}

/* ---- for people */

static void print_name(const char *word, const char *name, const struct node *node)
{
    printf("    %-12s  %s", word, name);
    if (node)
        printf(" (%s:%u)", node->source->name, node->line);
}

static void print_found(const struct trace_entry *entry, const struct found *found)
{
    size_t more = found->dropped;

    for (size_t i = 0; i < found->count; i++) {
        const struct finding *finding = found->items[i];
        const struct rule *rule = finding->rule;

        if (i >= MOST_FOUND) {
            more++;
            continue;
        }
        print_name("violated", rule->name, rule->node);
        printf(", %s: %s\n", finding->was_there ? "as before" : effects[rule->enforcement],
               finding->text);
    }
    if (more)
        printf("    %-12s  %s: %zu more\n", "violated", entry->name, more);
}

static void print_asked(const struct subject_part *part, enum trace_kind kind)
{
    const struct trace_list *list = &part->judgement->traces[PHASE_VALIDATE].lists[kind];
    bool is_tenancy = kind == TRACE_TENANCY;

    for (size_t i = 0; i < list->count; i++) {
        const struct trace_entry *entry = &list->items[i];
        struct found found;

        if (!is_of(entry, part) || (is_tenancy && is_told(list, i)))
            continue;
        found = collect_found(part, list, i, is_tenancy);
        if (found.count + found.dropped) {
            print_found(entry, &found);
            continue;
        }
        print_name(entry->unmet      ? "not applied"
                   : found.exception ? "excepted"
                                     : "passed",
                   entry->name, entry->node);
        if (found.exception)
            printf(": by exception \"%s\"", found.exception->name);
        printf("%s%s\n", entry->unmet ? ": " : "", entry->unmet ? entry->unmet : "");
    }
}

static void print_mutations(const struct subject_part *part, enum phase phase)
{
    const struct trace_list *list = &part->judgement->traces[phase].lists[TRACE_MUTATION];

    for (size_t i = 0; i < list->count; i++) {
        const struct trace_entry *entry = &list->items[i];

        if (!is_of(entry, part))
            continue;
        if (entry->unmet) {
            print_name("not applied", entry->name, entry->node);
            printf(": %s\n", entry->unmet);
        } else if (entry->paths.count) {
            print_name("sets", entry->name, entry->node);
            printf(": %s\n", strings_join(&entry->paths, entry->paths.count, part->arena));
        } else {
            print_name("sets nothing", entry->name, entry->node);
            putchar('\n');
        }
    }
}

static const char *write_modes(const struct demand *demand, struct arena *arena)
{
    struct strings modes = {0};

    for (int mode = 0; mode < MODE_COUNT; mode++) {
        if (!amount_is_zero(demand->by_mode[mode]))
            strings_add(&modes, arena,
                        arena_printf(arena, "%s %s", amount_write(demand->by_mode[mode], arena),
                                     mode_names[mode]));
    }
    return strings_join(&modes, modes.count, arena);
}

static void print_part(const struct subject_part *part)
{
    const struct facts *facts = part->facts;
    size_t len = strlen(facts->prefix);

    printf("  why%s%.*s: ", len ? ", of " : "", (int)(len ? len - 1 : 0), facts->prefix);
    if (facts->tenant)
        printf("of tenant %s", facts->tenant->name);
    else
        printf("of no tenant");
    if (facts->demand.is_accelerated)
        printf(", asks for %s GPU%s", amount_write(facts->demand.gpus, part->arena),
               amount_compare(facts->demand.gpus, amount_of(1)) ? "s" : "");
    if (*write_modes(&facts->demand, part->arena))
        printf(" (%s)", write_modes(&facts->demand, part->arena));
    putchar('\n');
    print_mutations(part, PHASE_MUTATE);
    print_mutations(part, PHASE_VALIDATE);
    print_asked(part, TRACE_TENANCY);
    print_asked(part, TRACE_RULE);
}

/* Of both phases the same is let through, for the same reason. */
static const char *find_let_through(const struct judgement *judgement)
{
    const char *why = judgement->traces[PHASE_VALIDATE].let_through;

    return why ? why : judgement->traces[PHASE_MUTATE].let_through;
}

void explain_print(const struct judgement *judgement, struct arena *arena)
{
    const struct decision *decision = &judgement->answer.decision;
    const char *why = find_let_through(judgement);

    if (why)
        printf("  why: no rule was asked: %s\n", why);
    for (size_t i = 0; i < decision->facts_count && !why; i++)
        print_part(&(struct subject_part){judgement, decision->facts[i], arena});
}

/* ---- for programs */

static json_t *write_entry(const struct trace_entry *entry)
{
    json_t *root = json_pack("{s:s, s:b, s:s?}", "rule", entry->name, "applied", !entry->unmet,
                             "reason", entry->unmet);

    if (entry->node) {
        json_object_set_new(root, "file", json_string(entry->node->source->name));
        json_object_set_new(root, "line", json_integer(entry->node->line));
    }
    return root;
}

static json_t *write_found(const struct found *found)
{
    static const char *const words[] = {"deny", "warn", "audit"}; /* as enum enforcement */
    json_t *list = json_array();

    for (size_t i = 0; i < found->count; i++) {
        const struct finding *finding = found->items[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:b}", "rule", finding->rule->name,
                                        "enforce", words[finding->rule->enforcement], "field",
                                        finding->field, "message", finding->text, "wasThere",
                                        finding->was_there));
    }
    return list;
}

static json_t *write_asked(const struct subject_part *part, enum trace_kind kind)
{
    const struct trace_list *list = &part->judgement->traces[PHASE_VALIDATE].lists[kind];
    bool is_tenancy = kind == TRACE_TENANCY;
    json_t *entries = json_array();

    for (size_t i = 0; i < list->count; i++) {
        struct found found;
        json_t *entry;

        if (!is_of(&list->items[i], part) || (is_tenancy && is_told(list, i)))
            continue;
        found = collect_found(part, list, i, is_tenancy);
        entry = write_entry(&list->items[i]);
        json_object_set_new(entry, "violations", write_found(&found));
        json_object_set_new(entry, "exception",
                            found.exception ? json_string(found.exception->name) : json_null());
        json_array_append_new(entries, entry);
    }
    return entries;
}

static void add_mutations(const struct subject_part *part, enum phase phase, json_t *entries)
{
    const struct trace_list *list = &part->judgement->traces[phase].lists[TRACE_MUTATION];

    for (size_t i = 0; i < list->count; i++) {
        json_t *entry = write_entry(&list->items[i]);

        json_object_set_new(entry, "sets", output_list(&list->items[i].paths));
        if (is_of(&list->items[i], part))
            json_array_append_new(entries, entry);
        else
            json_decref(entry);
    }
}

static json_t *write_part(const struct subject_part *part)
{
    const struct facts *facts = part->facts;
    size_t len = strlen(facts->prefix);
    json_t *mutations = json_array();

    add_mutations(part, PHASE_MUTATE, mutations);
    add_mutations(part, PHASE_VALIDATE, mutations);
    return json_pack("{s:s%, s:s?, s:s, s:o, s:o, s:o}", "field", facts->prefix, len ? len - 1 : 0,
                     "tenant", facts->tenant ? facts->tenant->name : NULL, "gpus",
                     amount_write(facts->demand.gpus, part->arena), "mutations", mutations,
                     "tenancy", write_asked(part, TRACE_TENANCY), "rules",
                     write_asked(part, TRACE_RULE));
}

json_t *explain_json(const struct judgement *judgement, struct arena *arena)
{
    const struct decision *decision = &judgement->answer.decision;
    const char *why = find_let_through(judgement);
    json_t *parts = json_array();

    for (size_t i = 0; i < decision->facts_count && !why; i++)
        json_array_append_new(parts, write_part(&(struct subject_part){judgement,
                                                                       decision->facts[i], arena}));
    return json_pack("{s:s?, s:o}", "letThrough", why, "parts", parts);
}
