#include "cli/reference_markdown.h"

#include <stdio.h>

#include "cli/grid.h"

static void print_default(const struct field *field, struct arena *arena)
{
    const char *text = reference_default(field, arena);

    if (field->is_required)
        printf("required");
    else if (text)
        printf("`%s`", text);
}

static void print_row(const struct field *field, struct arena *arena)
{
    const char *bounds = reference_bounds(field, arena);

    printf("| `%s` | %s | ", field->name, reference_type(field));
    print_default(field, arena);
    printf(" | %s", grid_escape(field->summary, arena));
    for (const char *const *word = field->words; word && *word; word++)
        printf("%s`%s`", word == field->words ? " (" : ", ", *word);
    printf("%s", field->words ? ")" : "");
    if (bounds)
        printf(" (%s)", bounds);
    printf(" |\n");
}

static void print_schema(const char *title, const char *summary, const struct schema *schema,
                         struct arena *arena)
{
    const char *choice = reference_choice(schema, arena);

    printf("### %s\n\n%c%s.%s%s%s\n\n| field | type | default | what it is |\n|---|---|---|---|\n",
           title, summary[0] >= 'a' && summary[0] <= 'z' ? summary[0] - 'a' + 'A' : summary[0],
           summary + 1, choice ? " " : "", choice ? choice : "", choice ? "." : "");
    for (const struct field *field = schema->fields; field->name; field++)
        print_row(field, arena);
    putchar('\n');
    for (const struct field *field = schema->fields; field->name; field++) {
        const struct schema *inner = reference_inner(field);

        if (inner)
            print_schema(arena_printf(arena, "%s.%s", title, field->name), field->summary, inner,
                         arena);
    }
}

void reference_print_markdown(const struct reference_place *place, struct arena *arena)
{
    const char *title = place->kind->name;

    if (place->field)
        title = arena_printf(arena, "%s.%s", title, place->path);
    if (place->schema) {
        print_schema(title, place->field ? place->field->summary : place->kind->summary,
                     place->schema, arena);
    } else {
        printf("| field | type | default | what it is |\n|---|---|---|---|\n");
        print_row(place->field, arena);
    }
}

void reference_print_all_markdown(struct arena *arena)
{
    print_schema("Every document", "what each has; the sections below tell of `spec`",
                 &document_schema, arena);
    for (const struct policy_kind *kind = reference_kinds(arena); kind->name; kind++)
        print_schema(kind->name, kind->summary, kind->schema, arena);
}
