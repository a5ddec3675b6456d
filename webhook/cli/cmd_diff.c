/* diff: what another version of a policy set means: which rules, caps and rights got stricter or
 * looser, and for whom. */
#include "cli/commands.h"

#include "cli/grid.h"
#include "cli/output.h"
#include "cli/policies.h"
#include "policy/changes.h"

/* "16 -> 8", "with p2-batch", "added (deny, images)" */
static const char *tell(const struct change *change, struct arena *arena)
{
    const char *text = change->new ? change->new : change->old;
    bool is_added = change->what == CHANGE_ADDED;

    if (change->what == CHANGE_VALUE)
        return arena_printf(arena, "%s -> %s", change->old, change->new);
    if (change->is_object)
        return arena_printf(arena, "%s (%s)", is_added ? "added" : "removed", text);
    return arena_printf(arena, "%s %s", is_added ? "with" : "without", text);
}

static const char *place(const struct change *change, struct arena *arena)
{
    return change->place ? arena_printf(arena, "%s%s:%u", change->is_old_place ? "old " : "",
                                        change->place->source->name, change->place->line)
                         : "";
}

static bool is_same_object(const struct change *a, const struct change *b)
{
    return !strcmp(a->kind, b->kind) && !strcmp(a->name, b->name);
}

static const char *summarize(const struct changes *changes, struct arena *arena)
{
    size_t counts[3] = {0};

    for (size_t i = 0; i < changes->count; i++)
        counts[changes->items[i].direction]++;
    return changes->count
               ? arena_printf(arena, "%zu change%s: %zu stricter, %zu looser, %zu different",
                              changes->count, changes->count == 1 ? "" : "s", counts[STRICTER],
                              counts[LOOSER], counts[DIFFERENT])
               : "no difference in meaning";
}

static void print_text(const struct changes *changes, struct arena *arena)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        const char *where = place(change, arena);

        if (i == 0 || !is_same_object(change, change - 1))
            printf("%s%s%s\n", change->kind, *change->name ? " " : "", change->name);
        printf("  %s%s%s: %s%s%s%s\n",
               change->field ? text_clean(arena, bytes_from(change->field), 1024) : "",
               change->field ? " " : "", text_clean(arena, bytes_from(tell(change, arena)), 4096),
               direction_names[change->direction], *where ? " (" : "", where, *where ? ")" : "");
    }
    printf("%s\n", summarize(changes, arena));
}

static void print_markdown(const struct changes *changes, struct arena *arena)
{
    static const char *const titles[] = {"", "what", "change", "where"};
    enum { COLUMNS = sizeof(titles) / sizeof(titles[0]) };

    printf("### Policy: %s\n", summarize(changes, arena));
    for (size_t i = 0; i < changes->count;) {
        struct grid grid = {.arena = arena, .columns = COLUMNS};
        const struct change *first = &changes->items[i];

        for (size_t j = 0; j < COLUMNS; j++)
            grid_add(&grid, titles[j]);
        for (; i < changes->count && is_same_object(&changes->items[i], first); i++) {
            const struct change *change = &changes->items[i];

            grid_add(&grid, direction_names[change->direction]);
            grid_add(&grid, change->field ? change->field : "");
            grid_add(&grid, tell(change, arena));
            grid_add(&grid, place(change, arena));
        }
        printf("\n#### %s%s%s\n\n", first->kind, *first->name ? " " : "", first->name);
        grid_print_markdown(&grid, stdout);
    }
}

static json_t *write_json(const struct changes *changes)
{
    static const char *const words[] = {"changed", "added", "removed"};
    json_t *list = json_array();

    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        json_t *item = json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s}", "kind", change->kind,
                                 "name", change->name, "field", change->field, "change",
                                 words[change->what], "old", change->old, "new", change->new,
                                 "direction", direction_names[change->direction]);

        if (change->place) {
            json_object_set_new(item, "set", json_string(change->is_old_place ? "old" : "new"));
            json_object_set_new(item, "file", json_string(change->place->source->name));
            json_object_set_new(item, "line", json_integer(change->place->line));
        }
        json_array_append_new(list, item);
    }
    return json_pack("{s:b, s:o}", "same", changes->count == 0, "changes", list);
}

static int print_changes(const struct changes *changes, const char *format, struct arena *arena)
{
    if (!strcmp(format, "text"))
        print_text(changes, arena);
    else if (!strcmp(format, "markdown"))
        print_markdown(changes, arena);
    else
        output_print_take(write_json(changes), format, arena);
    return changes->count ? EXIT_NO : EXIT_YES;
}

static int diff(const struct command *command, const char *format,
                const struct arguments *arguments)
{
    struct arena *arena = arguments->arena;
    struct policy_set *old = policies_load(command, arguments->operands.items[0], arena);
    struct policy_set *new = policies_load(command, arguments->operands.items[1], arena);
    struct changes changes;
    int status = EXIT_UNUSABLE;

    if (old && new) {
        changes_find(old, new, arena, &changes);
        status = print_changes(&changes, format, arena);
    }
    policy_set_free(old);
    policy_set_free(new);
    return status;
}

int cmd_diff(int argc, char **argv)
{
    const char *format = "text";
    const struct option_row options[] = {output_table_option(&format)};
    const struct command command = {
        .name = "diff",
        .operands = "OLD NEW",
        .operands_min = 2,
        .operands_max = 2,
        .purpose = "Tells what it means to go from the policy set in OLD to that in NEW: what was "
                   "added, removed and changed, from what to what, and whether that is stricter, "
                   "looser or neither for who is judged by it. Places are in NEW; of what is gone, "
                   "in OLD. Other files, another order and other words for the same are no "
                   "difference.",
        .examples = "git worktree add /tmp/main main && fairgate diff /tmp/main/policies policies\n"
                    "fairgate diff -o markdown old new > comment.md\n",
        .exits = "0  the two mean the same\n1  there are differences\n"
                 "2  a set has mistakes, or can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = diff(&command, format, &arguments);
    arena_release(&arena);
    return arguments.status;
}
