/* explain: the policy language in the terminal, as `kubectl explain` tells of Kubernetes' objects.
 */
#include "cli/commands.h"

#include "checks/checks.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/reference_markdown.h"

static void print_field_name(const struct field *field, const char *path)
{
    printf("%s <%s>%s\n", path, reference_type(field), field->is_required ? " -required-" : "");
}

/* What the table says of a field beside its summary. */
static void print_bounds(const struct field *field, const char *indent, struct arena *arena)
{
    const char *bounds = reference_bounds(field, arena);
    const char *standard = reference_default(field, arena);

    for (const char *const *word = field->words; word && *word; word++)
        printf("%s%s%s", word == field->words ? indent : ", ", word == field->words ? "enum: " : "",
               *word);
    if (field->all)
        printf("; or %s", field->all);
    if (field->words)
        putchar('\n');
    if (bounds)
        printf("%sbounds: %s\n", indent, bounds);
    if (standard)
        printf("%sdefault: %s\n", indent, standard);
}

static void print_meanings(const struct field *field)
{
    printf("\nWORDS:\n");
    for (size_t i = 0; field->words[i]; i++) {
        printf("  %s\n    ", field->words[i]);
        help_print_wrapped(field->meanings[i], 4);
    }
}

static void print_fields(const struct schema *schema, struct arena *arena)
{
    printf("\nFIELDS:\n");
    for (const struct field *field = schema->fields; field->name; field++) {
        printf("%s  ", field == schema->fields ? "" : "\n");
        print_field_name(field, field->name);
        print_bounds(field, "  ", arena);
        printf("    ");
        help_print_wrapped(field->summary, 4);
    }
}

static void print_tree(const struct schema *schema, int indent)
{
    for (const struct field *field = schema->fields; field->name; field++) {
        const struct schema *inner = reference_inner(field);

        printf("%*s", indent, "");
        print_field_name(field, field->name);
        if (inner)
            print_tree(inner, indent + 2);
    }
}

static void print_place(const struct reference_place *place, bool is_recursive, struct arena *arena)
{
    const char *choice = place->schema ? reference_choice(place->schema, arena) : NULL;

    printf("KIND:     %s\nVERSION:  %s\n\n", place->kind->name, document_api_version);
    if (place->field) {
        printf("FIELD: ");
        print_field_name(place->field, place->path);
        print_bounds(place->field, "  ", arena);
        putchar('\n');
    }
    printf("DESCRIPTION:\n    ");
    help_print_wrapped(place->field ? place->field->summary : place->kind->summary, 4);
    if (choice) {
        printf("    ");
        help_print_wrapped(choice, 4);
    }
    if (place->field && place->field->meanings)
        print_meanings(place->field);
    if (place->schema && is_recursive) {
        printf("\nFIELDS:\n");
        print_tree(place->schema, 2);
    } else if (place->schema) {
        print_fields(place->schema, arena);
    }
}

/* A row of the index: a kind, or a check. */
static json_t *index_row(const char *name, const char *summary)
{
    return json_pack("{s:s, s:s}", "name", name, "description", summary);
}

static json_t *index_json(struct arena *arena)
{
    json_t *kinds = json_array(), *checks = json_array(), *always = json_array();

    for (const struct policy_kind *kind = reference_kinds(arena); kind->name; kind++)
        json_array_append_new(kinds, index_row(kind->name, kind->summary));
    for (size_t i = 0; check_kinds[i]; i++)
        json_array_append_new(checks, index_row(check_kinds[i]->name, check_kinds[i]->summary));
    for (size_t i = 0; tenancy_checks[i]; i++)
        json_array_append_new(always,
                              index_row(tenancy_checks[i]->name, tenancy_checks[i]->summary));
    return json_pack("{s:s, s:o, s:o, s:o}", "apiVersion", document_api_version, "kinds", kinds,
                     "checks", checks, "tenancyChecks", always);
}

static void print_index_rows(const char *title, const json_t *rows)
{
    size_t i;
    json_t *row;

    printf("%s:\n", title);
    json_array_foreach(rows, i, row)
        printf("  %-15s %s\n", json_string_value(json_object_get(row, "name")),
               json_string_value(json_object_get(row, "description")));
}

static void print_index(struct arena *arena)
{
    json_t *root = index_json(arena);

    print_index_rows("Kinds", json_object_get(root, "kinds"));
    print_index_rows("\nChecks that the rules of a Policy make", json_object_get(root, "checks"));
    print_index_rows("\nChecks that are always made", json_object_get(root, "tenancyChecks"));
    printf("\n'fairgate explain KIND' and 'fairgate explain KIND.FIELD' tell more, as do\n"
           "'fairgate explain Policy.rules.CHECK'.\n");
    json_decref(root);
}

static void add_paths(struct strings *out, const char *prefix, const struct schema *schema,
                      struct arena *arena)
{
    strings_add(out, arena, prefix);
    for (const struct field *field = schema->fields; field->name; field++) {
        const char *path = arena_printf(arena, "%s.%s", prefix, field->name);

        if (reference_inner(field))
            add_paths(out, path, reference_inner(field), arena);
        else
            strings_add(out, arena, path);
    }
}

/* Every place there is; ends with NULL. */
static const char *const *list_places(struct arena *arena)
{
    struct strings places = {0};

    for (const struct policy_kind *kind = reference_kinds(arena); kind->name; kind++)
        add_paths(&places, kind->name, kind->schema, arena);
    strings_add(&places, arena, NULL);
    return places.items;
}

static int explain(const struct command *command, const char *text, const char *format,
                   bool is_recursive, struct arena *arena)
{
    struct reference_place place;
    struct error err = {0};
    bool is_text = !strcmp(format, "text"), is_markdown = !strcmp(format, "markdown");

    if (text && !reference_find(text, arena, &place, &err))
        return options_complain(command, "%s", err.text);
    if (is_markdown && text)
        reference_print_markdown(&place, arena);
    else if (is_markdown)
        reference_print_all_markdown(arena);
    else if (text && is_text)
        print_place(&place, is_recursive, arena);
    else if (text)
        output_print_take(reference_json(&place, is_recursive, arena), format, arena);
    else if (is_text)
        print_index(arena);
    else
        output_print_take(index_json(arena), format, arena);
    return EXIT_YES;
}

int cmd_explain(int argc, char **argv)
{
    const char *format = "text";
    bool is_recursive = false;
    struct arena arena = {0};
    const struct option_row options[] = {
        {.name = "recursive",
         .help = "Also the fields of fields, as a tree without descriptions.",
         .flag = &is_recursive},
        output_table_option(&format),
    };
    const struct command command = {
        .name = "explain",
        .operands = "[KIND[.PATH]]",
        .operands_max = 1,
        .operand_words = list_places(&arena),
        .purpose = "Tells what the policy language has: a kind's fields, or what a field is, with "
                   "its type, whether it is required, and its default, as kubectl explain does. "
                   "Without an argument: the kinds and the checks; as markdown, everything.",
        .examples = "fairgate explain\nfairgate explain Tenant.gpus\n"
                    "fairgate explain Policy.rules.images\n"
                    "fairgate explain --recursive PolicyTest\n",
        .exits = "0  told\n2  there is no such kind or field\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments)) {
        const char *text = arguments.operands.count ? arguments.operands.items[0] : NULL;

        arguments.status = explain(&command, text, format, is_recursive, &arena);
    }
    arena_release(&arena);
    return arguments.status;
}
