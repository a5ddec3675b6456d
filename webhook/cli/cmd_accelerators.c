/* accelerators: what counts as a GPU, and how much of one: the table in force, or the rows that
 * hold for some names. */
#include "cli/commands.h"

#include "cli/grid.h"
#include "cli/output.h"
#include "cli/policies.h"

static const char *const key_words[] = {"resource", "deviceClass", "annotation"};

enum { KEY_COUNT = sizeof(key_words) / sizeof(key_words[0]) };

/* A row as it is printed. */
struct line {
    const char *asked; /* the operand; NULL: of the whole table */
    enum accelerator_key key;
    const char *name, *product; /* product NULL: every board */
    enum mode mode;
    const char *gpus, *from, *note;
    bool is_unpinned; /* what a pod that pins no product gets */
};

struct table {
    struct arena *arena;
    const struct accelerators *accelerators;
    struct line *lines;
    size_t count;
    struct strings unknown; /* operands that are no accelerator */
};

static const char *write_gpus(const struct accelerator_row *row, struct arena *arena)
{
    const struct node *per = node_find(row->node, "per");

    if (!row->is_value)
        return amount_write(row->gpus, arena);
    return per ? arena_printf(arena, "value in MiB of %s", text_quote(arena, per->text)) : "value";
}

static struct line line_of_row(const struct accelerator_row *row, struct arena *arena)
{
    return (struct line){.key = row->key,
                         .name = row->name.text,
                         .product = row->has_product ? row->product.text : NULL,
                         .mode = (enum mode)row->mode,
                         .gpus = write_gpus(row, arena),
                         .from =
                             arena_printf(arena, "%s:%u", row->node->source->name, row->node->line),
                         .note = ""};
}

static struct line line_of_builtin(const struct builtin_accelerator *row, struct arena *arena)
{
    return (struct line){.key = row->key,
                         .name = row->is_prefix ? arena_printf(arena, "%s*", row->name) : row->name,
                         .product = row->product,
                         .mode = row->mode,
                         .gpus = row->is_value       ? "value"
                                 : row->is_unbounded ? "all of the node"
                                                     : amount_write(row->gpus, arena),
                         .from = "built-in",
                         .note = row->note};
}

/* Does a row of the set stand before all that the built-in one could weigh? A MIG profile's weighs
 * names with suffixes, too. */
static bool is_replaced(const struct accelerators *accelerators,
                        const struct builtin_accelerator *builtin, struct arena *arena)
{
    bool is_open = builtin->is_prefix || builtin->mode == MODE_MIG;
    const char *text = arena_printf(arena, "%s%s", builtin->name, is_open ? "*" : "");
    struct error err;
    struct glob names;

    if (!glob_parse(bytes_from(text), arena, &names, &err))
        return false;
    for (size_t i = 0; i < accelerators->count; i++) {
        const struct accelerator_row *row = accelerators->rows[i];

        if (row->key == builtin->key && !row->has_product && glob_covers(&row->name, &names))
            return true;
    }
    return false;
}

static void list_all(struct table *table)
{
    for (int key = 0; key < KEY_COUNT; key++) {
        for (size_t i = 0; i < table->accelerators->count; i++) {
            if ((int)table->accelerators->rows[i]->key == key)
                *ARENA_APPEND(table->arena, table->lines, table->count) =
                    line_of_row(table->accelerators->rows[i], table->arena);
        }
        for (size_t i = 0; i < builtin_accelerator_count; i++) {
            const struct builtin_accelerator *builtin = &builtin_accelerators[i];

            if ((int)builtin->key == key &&
                !is_replaced(table->accelerators, builtin, table->arena))
                *ARENA_APPEND(table->arena, table->lines, table->count) =
                    line_of_builtin(builtin, table->arena);
        }
    }
}

/* Why the row holds for the name. */
static const char *explain(const struct accelerator_weight *weight,
                           const struct accelerator_name *name, struct arena *arena)
{
    static const struct accelerators none = {0};
    static const struct strings any = {0};
    struct accelerator_weight builtin;
    const char *why;

    if (weight->builtin && weight->builtin->is_prefix)
        return arena_printf(arena, "no row knows the name: %s", weight->builtin->note);
    if (weight->builtin)
        return arena_printf(arena, "%s: %s",
                            bytes_is(name->text, weight->builtin->name)
                                ? "the exact name"
                                : arena_printf(arena, "weighs as %s", weight->builtin->name),
                            weight->builtin->note);
    why = weight->row->name.is_exact
              ? "the exact name"
              : arena_printf(arena, "the longest glob that matches, %s", weight->row->name.text);
    if (!accelerators_weigh(&none, name, &any, &builtin))
        return why;
    return arena_printf(arena, "%s; goes before the built-in %s, %s", why,
                        amount_write(builtin.gpus, arena), mode_names[builtin.mode]);
}

/* One reading of an operand: as a resource, as a device class, as an annotation. */
static bool list_reading(struct table *table, const char *operand, enum accelerator_key key)
{
    const struct accelerator_name name = {.key = key,
                                          .text = bytes_from(operand),
                                          .number = amount_of(1)};
    static const struct strings any = {0};
    struct accelerator_weights weights;
    struct accelerator_weight unpinned;
    struct accelerator_name resolved;

    accelerators_list(table->accelerators, &name, table->arena, &resolved, &weights);
    /* Every word could be the name of a device class: one is asked for as an implicit resource. */
    if (!accelerators_weigh(table->accelerators, &name, &any, &unpinned) ||
        (key == ACCELERATOR_DEVICE_CLASS && unpinned.is_general))
        return false;
    for (size_t i = 0; i < weights.count; i++) {
        const struct accelerator_weight *weight = &weights.items[i];
        struct line *line = ARENA_APPEND(table->arena, table->lines, table->count);
        const char *why = explain(weight, &resolved, table->arena);

        *line = weight->row ? line_of_row(weight->row, table->arena)
                            : line_of_builtin(weight->builtin, table->arena);
        line->asked = operand;
        line->mode = weight->mode;
        line->is_unpinned = weight->row == unpinned.row && weight->builtin == unpinned.builtin;
        line->note = arena_printf(table->arena, "%s%s%s%s%s",
                                  resolved.key != key ? "counts as device class " : "",
                                  resolved.key != key ? resolved.text.data : "",
                                  resolved.key != key ? "; " : "", why,
                                  line->is_unpinned && weights.count > 1
                                      ? "; the largest, for pods that pin no product"
                                      : "");
    }
    return true;
}

static void list_asked(struct table *table, const struct strings *operands)
{
    for (size_t i = 0; i < operands->count; i++) {
        bool is_known = false;

        for (int key = 0; key < KEY_COUNT; key++)
            is_known |= list_reading(table, operands->items[i], (enum accelerator_key)key);
        if (!is_known)
            strings_add(&table->unknown, table->arena, operands->items[i]);
    }
}

static void print_grid(const struct table *table, bool is_asked, bool is_markdown)
{
    const char *const titles[] = {
        "kind", "name", "mode", "gpus", "product", "from", is_asked ? "why" : "what"};
    struct grid grid = {.arena = table->arena, .columns = sizeof(titles) / sizeof(titles[0])};

    for (size_t i = 0; i < grid.columns; i++)
        grid_add(&grid, titles[i]);
    for (size_t i = 0; i < table->count; i++) {
        const struct line *line = &table->lines[i];

        grid_add(&grid, key_words[line->key]);
        grid_add(&grid, line->asked ? line->asked : line->name);
        grid_add(&grid, mode_names[line->mode]);
        grid_add(&grid, line->gpus);
        grid_add(&grid, line->product ? line->product : "any");
        grid_add(&grid, line->from);
        grid_add(&grid, line->note);
    }
    if (table->count && is_markdown)
        grid_print_markdown(&grid, stdout);
    else if (table->count)
        grid_print_text(&grid, stdout);
}

static json_t *write_json(const struct table *table)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < table->count; i++) {
        const struct line *line = &table->lines[i];
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s}", "kind", key_words[line->key],
                                "name", line->name, "mode", mode_names[line->mode], "gpus",
                                line->gpus, "product", line->product, "from", line->from);

        if (line->asked) {
            json_object_set_new(row, "asked", json_string(line->asked));
            json_object_set_new(row, "unpinned", json_boolean(line->is_unpinned));
        }
        json_object_set_new(row, line->asked ? "why" : "what", json_string(line->note));
        json_array_append_new(rows, row);
    }
    return json_pack("{s:o, s:o}", "rows", rows, "noAccelerators", output_list(&table->unknown));
}

static void print_table(const struct table *table, bool is_asked, const char *format)
{
    bool is_markdown = !strcmp(format, "markdown");

    if (!is_markdown && strcmp(format, "text") != 0) {
        output_print_take(write_json(table), format, table->arena);
        return;
    }
    print_grid(table, is_asked, is_markdown);
    if (is_markdown && table->count && table->unknown.count)
        putchar('\n');
    for (size_t i = 0; i < table->unknown.count; i++) {
        const char *name = text_quote(table->arena, bytes_from(table->unknown.items[i]));

        printf("%s%s is no accelerator: no row knows it, and no vendor's prefix is its\n",
               is_markdown ? "- " : "", is_markdown ? grid_escape(name, table->arena) : name);
    }
}

static int accelerators(const struct command *command, const char *policies, const char *format,
                        const struct arguments *arguments)
{
    struct policy_set *set = policies ? policies_load(command, policies, arguments->arena) : NULL;
    const struct accelerators none = {0};
    struct table table = {.arena = arguments->arena,
                          .accelerators = set ? &set->tenancy.cluster.accelerators : &none};
    bool is_asked = arguments->operands.count > 0;

    if (policies && !set)
        return EXIT_UNUSABLE;
    if (is_asked)
        list_asked(&table, &arguments->operands);
    else
        list_all(&table);
    print_table(&table, is_asked, format);
    policy_set_free(set);
    return table.unknown.count ? EXIT_NO : EXIT_YES;
}

int cmd_accelerators(int argc, char **argv)
{
    const char *format = "text", *policies = NULL;
    const struct option_row options[] = {
        {.name = "policies",
         .argument = "DIR",
         .help = "The policy set; left out: the built-in table alone.",
         .text = &policies},
        output_table_option(&format),
    };
    const struct command command = {
        .name = "accelerators",
        .operands = "[NAME...]",
        .operands_max = SIZE_MAX,
        .purpose = "Prints what counts as a GPU, and how much of one a unit is: the rows of "
                   "Cluster.accelerators, which go before the built-in ones, and the built-in "
                   "ones that they leave something to. With names (of resources, DRA device "
                   "classes or annotations): the rows that hold for these, and why. A device class "
                   "that no row knows is asked for as deviceclass.resource.kubernetes.io/NAME.",
        .examples = "fairgate accelerators --policies policies\n"
                    "fairgate accelerators --policies policies nvidia.com/mig-1g.10gb "
                    "gpu.nvidia.com\n",
        .exits = "0  printed\n1  a name is no accelerator\n"
                 "2  the policy set has mistakes, or can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = accelerators(&command, policies, format, &arguments);
    arena_release(&arena);
    return arguments.status;
}
