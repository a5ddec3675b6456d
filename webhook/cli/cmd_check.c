/* check: is a policy set sound? Every mistake with its place, in one run. */
#include "cli/commands.h"

#include "base/problem_end.h"
#include "cli/contradictions.h"
#include "cli/examples.h"
#include "cli/output.h"
#include "policy/reach.h"

static void print_text(const struct policy_set *set, const struct problems *problems)
{
    output_problems(problems, stdout);
    if (problems->error_count)
        printf("%zu mistake%s, %zu warning%s\n", problems->error_count,
               problems->error_count == 1 ? "" : "s", problems->count - problems->error_count,
               problems->count - problems->error_count == 1 ? "" : "s");
    else
        printf("sound: %zu tenant%s, %zu polic%s, %zu warning%s\n", set->tenancy.tenant_count,
               set->tenancy.tenant_count == 1 ? "" : "s", set->policy_count,
               set->policy_count == 1 ? "y" : "ies", problems->count,
               problems->count == 1 ? "" : "s");
}

static json_t *write_json(const struct policy_set *set, const struct problems *problems)
{
    json_t *list = json_array();
    struct problem_ends ends = {0};

    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        int line = (int)problem->line, end = (int)problem_ends_next(&ends, problem);

        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:i, s:i, s:i, s:s, s:s}", "file",
                                        problem->source->name, "line", line, "column",
                                        (int)problem->column, "endLine", line, "endColumn", end,
                                        "severity", problem->is_warning ? "warning" : "error",
                                        "message", problem->text));
    }
    return json_pack("{s:b, s:s, s:o}", "sound", problems->error_count == 0, "digest", set->digest,
                     "problems", list);
}

/* What is asked for. */
struct asked {
    const struct command *command;
    const char *directory, *format, *time;
    int64_t now;
    bool is_strict;
};

static void make_errors(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        problems->items[i].is_warning = false;
    problems->error_count = problems->count;
}

static int check(const struct asked *asked, struct arena *arena)
{
    struct problems problems = {.arena = arena};
    struct error err = {0};
    struct policy_set *set = policy_set_load(asked->directory, &problems, &err);

    if (!set)
        return options_complain(asked->command, "%s", err.text);
    reach_warn_over(set, asked->now, &problems);
    if (problems.error_count == 0) {
        contradictions_check(set, asked->now, &problems);
        examples_check(set, asked->directory, arena, &problems);
    }
    problems_sort(&problems);
    if (asked->is_strict)
        make_errors(&problems);
    if (!strcmp(asked->format, "text"))
        print_text(set, &problems);
    else
        output_print_take(write_json(set, &problems), asked->format, arena);
    policy_set_free(set);
    return problems.error_count ? EXIT_NO : EXIT_YES;
}

int cmd_check(int argc, char **argv)
{
    struct asked asked = {.format = "text"};
    const struct option_row options[] = {
        {.name = "time",
         .argument = "T",
         .help = "The instant to check for, as 2026-11-21T09:00:00Z; default: now.",
         .text = &asked.time},
        {.name = "strict", .help = "Warnings are mistakes.", .flag = &asked.is_strict},
        output_option(&asked.format),
    };
    const struct command command = {
        .name = "check",
        .operands = "DIR",
        .operands_min = 1,
        .operands_max = 1,
        .purpose =
            "Reads the policy set in DIR, every .yaml and .yml file below it, as strictly as "
            "the server does, and tells every mistake as FILE:LINE:COLUMN with the line and "
            "a caret. What is sound but doubtful is a warning, also a pattern that nothing in the "
            "test "
            "cases beside it matches.",
        .examples = "fairgate check policies\nfairgate check --strict -o json policies\n",
        .exits = "0  the set is sound\n1  it has mistakes\n2  it could not be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};
    struct error err = {0};

    asked.command = &command;
    if (options_parse(&command, argc, argv, &arguments)) {
        asked.directory = arguments.operands.items[0];
        if (!options_read_time(asked.time, &asked.now, &err))
            arguments.status = options_complain(&command, "%s", err.text);
        else
            arguments.status = check(&asked, &arena);
    }
    arena_release(&arena);
    return arguments.status;
}
