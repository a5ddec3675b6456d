/* test: run the cases beside a policy set, each by itself. */
#include "cli/commands.h"

#include <unistd.h>

#include "cli/output.h"
#include "cli/test_report.h"
#include "cli/test_review.h"
#include "policy/policy.h"

enum { MAX_REPORT_BYTES = 1024 * 1024 * 1024 };

/* One run over all cases of a set. */
struct run {
    const struct command *command;
    const char *directory, *format;
    int64_t min_coverage;
    struct arena *arena;  /* of the whole run */
    struct arena scratch; /* of one case */
    struct policy_set *set;
    struct policy_tests tests;
    struct strings rules; /* of the set's policies */
    bool *fired;          /* one a rule */
    struct test_report report;
    bool is_unusable; /* a case could not be carried out; it was told why */
};

static void complain(struct run *run, const struct error *err)
{
    options_complain(run->command, "%s", err->text);
    run->is_unusable = true;
}

static void list_rules(struct run *run)
{
    for (size_t i = 0; i < run->set->policy_count; i++) {
        const struct policy *policy = run->set->policies[i];
        const struct policy_rule *rules = policy->rules.items;

        for (size_t j = 0; j < policy->rules.count; j++)
            strings_add(&run->rules, run->arena, rules[j].rule.name);
    }
    run->fired = arena_alloc(run->arena, run->rules.count);
}

static void mark_fired(struct run *run, const struct strings *violated)
{
    for (size_t i = 0; i < run->rules.count; i++)
        run->fired[i] |= strings_has(violated, bytes_from(run->rules.items[i]));
}

static struct strings copy_strings(const struct strings *from, struct arena *arena)
{
    struct strings copy = {0};

    for (size_t i = 0; i < from->count; i++)
        strings_add(&copy, arena, arena_copy(arena, bytes_from(from->items[i])));
    return copy;
}

static void record(struct run *run, const struct policy_test *test,
                   const struct test_case *test_case, const struct judgement *judgement)
{
    const struct verdict *verdict = &judgement->answer.decision.verdict;
    struct test_report *report = &run->report;
    struct test_result *result = ARENA_APPEND(run->arena, report->items, report->count);

    *result = (struct test_result){
        .test = test,
        .test_case = test_case,
        .is_allowed = verdict->is_allowed,
        .message = verdict->message ? arena_copy(run->arena, bytes_from(verdict->message)) : NULL,
        .rules = copy_strings(&verdict->rules, run->arena),
        .warnings = copy_strings(&verdict->warnings, run->arena),
    };
    test_compare(&test_case->expect, judgement, run->arena, &result->differences);
    report->failed += result->differences.count > 0;
    mark_fired(run, &verdict->rules);
}

static void run_case(struct run *run, struct judge *judge, const struct policy_test *test,
                     const struct test_case *test_case)
{
    struct judgement judgement = {0};
    struct error err = {0};
    struct bytes body;

    if (!test_review_build(test, test_case, &run->scratch, &body, &err)) {
        complain(run, &err);
    } else if (!judge_review(judge, body, &run->scratch, &judgement, &err)) {
        test_review_refuse(test, test_case, &run->scratch, &err);
        complain(run, &err);
    } else {
        record(run, test, test_case, &judgement);
    }
    arena_reset(&run->scratch);
}

static void load_state(struct run *run, const struct policy_test *test, struct ledger *ledger)
{
    const struct node *place = node_find_key(test->node, "state");

    for (size_t i = 0; i < test->state.count; i++) {
        struct error err = {0};

        if (ledger_load(ledger, test_file_path(test, test->state.items[i], run->arena), &err))
            continue;
        error_wrap(&err, "%s:%u: state", test->file, place->line);
        complain(run, &err);
    }
}

static void run_test(struct run *run, const struct policy_test *test)
{
    const struct test_case *cases = test->cases.items;
    struct ledger *ledger = ledger_new();
    struct judge judge;

    load_state(run, test, ledger);
    judge_init(&judge, run->set, ledger, test->time, JUDGE_BOTH);
    for (size_t i = 0; i < test->cases.count; i++)
        run_case(run, &judge, test, &cases[i]);
    judge_release(&judge);
    ledger_free(ledger);
}

/* The set and its tests are read in one go, so that all mistakes are told at once. */
static bool load(struct run *run)
{
    struct problems problems = {.arena = run->arena};
    struct error err = {0};

    run->set = policy_set_load(run->directory, &problems, &err);
    if (!run->set || !policy_tests_load(run->directory, run->arena, &run->tests, &problems, &err)) {
        options_complain(run->command, "%s", err.text);
        return false;
    }
    if (problems.error_count == 0)
        return true;
    problems_sort(&problems);
    output_mistakes(run->command, run->directory, &problems);
    return false;
}

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
}

static void print(const struct run *run)
{
    struct buf buf;

    if (!strcmp(run->format, "json") || !strcmp(run->format, "yaml")) {
        output_print_take(test_report_json(&run->report), run->format, run->arena);
        return;
    }
    buf_init(&buf, run->arena, MAX_REPORT_BYTES);
    if (!strcmp(run->format, "junit"))
        test_report_write_junit(&run->report, &buf);
    else
        test_report_write_text(&run->report, wants_colour(), &buf);
    fwrite(buf.data, 1, buf.len, stdout);
}

static int conclude(struct run *run)
{
    struct test_report *report = &run->report;
    size_t fired;

    report->rule_count = run->rules.count;
    for (size_t i = 0; i < run->rules.count; i++) {
        if (!run->fired[i])
            strings_add(&report->unfired, run->arena, run->rules.items[i]);
    }
    print(run);
    fflush(stdout);
    if (report->count == 0) {
        options_complain(run->command, "%s has no cases: write some in files *.test.yaml",
                         run->directory);
        return EXIT_NO;
    }
    fired = report->rule_count - report->unfired.count;
    if (100 * fired >= (size_t)run->min_coverage * report->rule_count)
        return report->failed ? EXIT_NO : EXIT_YES;
    options_complain(run->command, "%u%% of the rules fired, less than --min-coverage %lld",
                     test_report_coverage(report), (long long)run->min_coverage);
    return EXIT_NO;
}

static int test(struct run *run)
{
    int status = EXIT_UNUSABLE;

    run->report.arena = run->arena;
    if (load(run)) {
        list_rules(run);
        for (size_t i = 0; i < run->tests.count; i++)
            run_test(run, run->tests.items[i]);
        if (!run->is_unusable)
            status = conclude(run);
    }
    arena_release(&run->scratch);
    policy_set_free(run->set);
    return status;
}

int cmd_test(int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", "yaml", "junit", NULL};
    struct run run = {.format = "text"};
    const struct option_row options[] = {
        {.name = "min-coverage",
         .argument = "PCT",
         .help = "Fail where less than so many percent of the policies' rules fired in some case.",
         .number = &run.min_coverage,
         .max = 100},
        {.name = "output",
         .letter = 'o',
         .argument = "FORMAT",
         .help = "text (the default), json, yaml, or junit for CI systems.",
         .text = &run.format,
         .choices = formats},
    };
    const struct command command = {
        .name = "test",
        .operands = "DIR",
        .operands_min = 1,
        .operands_max = 1,
        .purpose = "Runs the cases in DIR, every file *.test.yaml below it, on the policy set in "
                   "DIR, and shows what was expected beside what came of it, and the rules that "
                   "no case made fire. Each case stands by itself: the request is mutated, then "
                   "judged, and nothing is written down.",
        .examples = "fairgate test policies\nfairgate test --min-coverage 90 -o junit policies\n",
        .exits = "0  all passed\n1  at least one failed, too few rules fired, or there are no "
                 "cases\n2  the set, a case or a file has mistakes, or can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    run.command = &command;
    run.arena = &arena;
    if (options_parse(&command, argc, argv, &arguments)) {
        run.directory = arguments.operands.items[0];
        arguments.status = test(&run);
    }
    arena_release(&arena);
    return arguments.status;
}
