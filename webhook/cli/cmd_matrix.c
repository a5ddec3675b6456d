/* matrix: who may evict whom, by the ladder's values as Kubernetes derives it: tier by tier, then
 * for the classes that each tenant may use. */
#include "cli/commands.h"

#include "cli/grid.h"
#include "cli/output.h"
#include "cli/policies.h"

/* What is printed, and how. */
struct matrix {
    struct arena *arena;
    const struct tenancy *tenancy;
    const char *format;
};

static bool may_use(const struct tenant *tenant, const struct tier *tier)
{
    return tenant->priority.allowed.count == 0 ||
           strings_has(&tenant->priority.allowed, bytes_from(tier->class_name));
}

/* May pods of the class run above what the tenant is guaranteed? */
static bool may_burst(const struct tenant *tenant, const struct tier *tier)
{
    return tenant->gpus.node && amount_compare(tenant->gpus.burst, tenant->gpus.guaranteed) > 0 &&
           strings_has(&tenant->priority.burst, bytes_from(tier->class_name));
}

static bool is_default(const struct tenant *tenant, const struct tier *tier)
{
    return tenant->priority.default_class &&
           !strcmp(tenant->priority.default_class, tier->class_name);
}

static const struct tier *tier_at(const struct ladder *ladder, size_t i)
{
    return (const struct tier *)ladder->tiers.items + i;
}

/* A victim's class as a cell names it. */
static const char *victim_name(const struct tenant *tenant, const struct tier *tier,
                               struct arena *arena)
{
    return may_burst(tenant, tier) ? arena_printf(arena, "%s (burst)", tier->class_name)
                                   : tier->class_name;
}

/* The classes of `tenant` whose pods those of `above` may evict. */
static struct strings victims_of(const struct matrix *matrix, const struct tier *above,
                                 const struct tenant *tenant, bool is_for_people)
{
    const struct ladder *ladder = &matrix->tenancy->ladder;
    struct strings victims = {0};

    for (size_t i = 0; i < ladder->tiers.count; i++) {
        const struct tier *tier = tier_at(ladder, i);

        if (may_use(tenant, tier) && tier_preempts(above, tier))
            strings_add(&victims, matrix->arena,
                        is_for_people ? victim_name(tenant, tier, matrix->arena)
                                      : tier->class_name);
    }
    return victims;
}

static struct grid tier_grid(const struct matrix *matrix)
{
    const struct ladder *ladder = &matrix->tenancy->ladder;
    struct grid grid = {.arena = matrix->arena, .columns = 4 + ladder->tiers.count};

    grid_add(&grid, "tier");
    grid_add(&grid, "class");
    grid_add(&grid, "value");
    grid_add(&grid, "preemptionPolicy");
    for (size_t i = 0; i < ladder->tiers.count; i++)
        grid_add(&grid, tier_at(ladder, i)->class_name);
    for (size_t i = 0; i < ladder->tiers.count; i++) {
        const struct tier *above = tier_at(ladder, i);

        grid_add(&grid, above->name);
        grid_add(&grid, above->class_name);
        grid_add(&grid, arena_printf(matrix->arena, "%lld", (long long)above->value));
        grid_add(&grid, preemption_policy_names[above->policy]);
        for (size_t j = 0; j < ladder->tiers.count; j++)
            grid_add(&grid, tier_preempts(above, tier_at(ladder, j)) ? "evicts" : "-");
    }
    return grid;
}

static void add_class_row(const struct matrix *matrix, const struct tenant *tenant,
                          const struct tier *tier, struct grid *grid)
{
    const struct tenancy *tenancy = matrix->tenancy;
    struct strings marks = {0};

    if (is_default(tenant, tier))
        strings_add(&marks, matrix->arena, "default");
    if (may_burst(tenant, tier))
        strings_add(&marks, matrix->arena, "burst");
    grid_add(grid, tenant->name);
    grid_add(grid, marks.count ? arena_printf(matrix->arena, "%s (%s)", tier->class_name,
                                              strings_join(&marks, marks.count, matrix->arena))
                               : tier->class_name);
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        struct strings victims = victims_of(matrix, tier, tenancy->tenants[i], true);

        grid_add(grid, victims.count ? strings_join(&victims, victims.count, matrix->arena) : "-");
    }
}

static struct grid tenant_grid(const struct matrix *matrix)
{
    const struct tenancy *tenancy = matrix->tenancy;
    struct grid grid = {.arena = matrix->arena, .columns = 2 + tenancy->tenant_count};

    grid_add(&grid, "tenant");
    grid_add(&grid, "class");
    for (size_t i = 0; i < tenancy->tenant_count; i++)
        grid_add(&grid, tenancy->tenants[i]->name);
    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        for (size_t j = 0; j < tenancy->ladder.tiers.count; j++) {
            const struct tier *tier = tier_at(&tenancy->ladder, j);

            if (may_use(tenancy->tenants[i], tier))
                add_class_row(matrix, tenancy->tenants[i], tier, &grid);
        }
    }
    return grid;
}

/* What the tables don't show: who else can evict, or be evicted. */
static struct strings collect_notes(const struct matrix *matrix)
{
    const struct ladder *ladder = &matrix->tenancy->ladder;
    const struct globs *exempt = &matrix->tenancy->cluster.exempt.namespaces;
    struct strings notes = {0}, names = {0};

    if (matrix->tenancy->tenant_count)
        strings_add(&notes, matrix->arena,
                    "burst: may run above the tenant's guaranteed GPUs; default: what its "
                    "accelerator pods get that name no class.");
    strings_add(&notes, matrix->arena,
                arena_printf(matrix->arena,
                             "A tenant's pods of other classes are below %lld: they evict no pod "
                             "of the ladder, and every tier that evicts may evict them.%s%s",
                             (long long)ladder->lowest,
                             ladder->lowest > 0 ? "" : " Those of no class are at 0.",
                             ladder->is_required ? " An accelerator pod has none of these." : ""));
    for (size_t i = 0; i < exempt->count; i++)
        strings_add(&names, matrix->arena, exempt->items[i].text);
    strings_add(&notes, matrix->arena,
                arena_printf(matrix->arena,
                             "Not judged, so of any priority: pods of no tenant that ask for no "
                             "accelerator%s%s.",
                             names.count ? ", and all pods in " : "",
                             strings_join(&names, names.count, matrix->arena)));
    return notes;
}

static void print_table(const struct grid *grid, const char *title, bool is_markdown)
{
    printf(is_markdown ? "### %s\n\n" : "%s\n\n",
           is_markdown ? grid_escape(title, grid->arena) : title);
    if (is_markdown)
        grid_print_markdown(grid, stdout);
    else
        grid_print_text(grid, stdout);
    putchar('\n');
}

static void print_tables(const struct matrix *matrix)
{
    const struct ladder *ladder = &matrix->tenancy->ladder;
    bool is_markdown = !strcmp(matrix->format, "markdown");
    struct strings notes;
    struct grid grid;

    if (!ladder->node) {
        printf("There is no PriorityLadder here: no priority class is judged, and who may evict "
               "whom is up to the cluster's PriorityClasses.\n");
        return;
    }
    grid = tier_grid(matrix);
    print_table(&grid,
                arena_printf(matrix->arena, "Who may evict whom: priority ladder %s", ladder->name),
                is_markdown);
    if (matrix->tenancy->tenant_count) {
        grid = tenant_grid(matrix);
        print_table(&grid, "Whose pods of which class evict a tenant's pods of which classes",
                    is_markdown);
    }
    notes = collect_notes(matrix);
    for (size_t i = 0; i < notes.count; i++)
        printf("%s%s\n", is_markdown ? "- " : "",
               is_markdown ? grid_escape(notes.items[i], matrix->arena) : notes.items[i]);
}

static json_t *write_ladder(const struct ladder *ladder, struct arena *arena)
{
    json_t *tiers = json_array();

    if (!ladder->node)
        return json_null();
    for (size_t i = 0; i < ladder->tiers.count; i++) {
        const struct tier *tier = tier_at(ladder, i);
        struct strings below = {0};

        for (size_t j = 0; j < ladder->tiers.count; j++) {
            if (tier_preempts(tier, tier_at(ladder, j)))
                strings_add(&below, arena, tier_at(ladder, j)->class_name);
        }
        json_array_append_new(tiers,
                              json_pack("{s:s, s:s, s:I, s:s, s:o}", "name", tier->name, "class",
                                        tier->class_name, "value", (json_int_t)tier->value,
                                        "preemptionPolicy", preemption_policy_names[tier->policy],
                                        "evicts", output_list(&below)));
    }
    return json_pack("{s:s, s:b, s:I, s:o}", "name", ladder->name, "required", ladder->is_required,
                     "lowest", (json_int_t)ladder->lowest, "tiers", tiers);
}

static json_t *write_class(const struct matrix *matrix, const struct tenant *tenant,
                           const struct tier *tier)
{
    const struct tenancy *tenancy = matrix->tenancy;
    json_t *evicts = json_object();

    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        struct strings victims = victims_of(matrix, tier, tenancy->tenants[i], false);

        if (victims.count)
            json_object_set_new(evicts, tenancy->tenants[i]->name, output_list(&victims));
    }
    return json_pack("{s:s, s:b, s:b, s:o}", "class", tier->class_name, "default",
                     is_default(tenant, tier), "burst", may_burst(tenant, tier), "evicts", evicts);
}

static json_t *write_json(const struct matrix *matrix)
{
    const struct tenancy *tenancy = matrix->tenancy;
    json_t *tenants = json_array();

    for (size_t i = 0; i < tenancy->tenant_count; i++) {
        json_t *classes = json_array();

        for (size_t j = 0; j < tenancy->ladder.tiers.count; j++) {
            const struct tier *tier = tier_at(&tenancy->ladder, j);

            if (may_use(tenancy->tenants[i], tier))
                json_array_append_new(classes, write_class(matrix, tenancy->tenants[i], tier));
        }
        json_array_append_new(tenants, json_pack("{s:s, s:o}", "name", tenancy->tenants[i]->name,
                                                 "classes", classes));
    }
    return json_pack("{s:o, s:o}", "ladder", write_ladder(&tenancy->ladder, matrix->arena),
                     "tenants", tenants);
}

static int print_matrix(const struct command *command, const char *policies, const char *format,
                        struct arena *arena)
{
    struct policy_set *set = policies_load(command, policies, arena);
    struct matrix matrix = {.arena = arena, .format = format};

    if (!set)
        return EXIT_UNUSABLE;
    matrix.tenancy = &set->tenancy;
    if (!strcmp(format, "text") || !strcmp(format, "markdown"))
        print_tables(&matrix);
    else
        output_print_take(write_json(&matrix), format, arena);
    policy_set_free(set);
    return EXIT_YES;
}

int cmd_matrix(int argc, char **argv)
{
    const char *format = "text", *policies = NULL;
    const struct option_row options[] = {
        {.name = "policies",
         .argument = "DIR",
         .help = "The policy set.",
         .is_required = true,
         .text = &policies},
        output_table_option(&format),
    };
    const struct command command = {
        .name = "matrix",
        .purpose = "Prints who may evict whom: of the ladder's tiers, then of the classes that "
                   "each tenant may use. It is what Kubernetes makes of the tiers' values and "
                   "preemption policies; a set in which `preempts` says anything else has a "
                   "mistake.",
        .examples = "fairgate matrix --policies policies\n"
                    "fairgate matrix --policies policies -o markdown > who-evicts-whom.md\n",
        .exits = "0  printed\n2  the policy set has mistakes, or can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = print_matrix(&command, policies, format, &arena);
    arena_release(&arena);
    return arguments.status;
}
