/* test: run the cases beside a policy set, each by itself. */
#include "cli/commands.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/output.h"
#include "cli/test_review.h"
#include "cli/test_run.h"
#include "policy/load.h"
#include "policy/policy_set.h"

enum { MAX_REPORT_BYTES = 1024 * 1024 * 1024, WATCH_NANOSECONDS = 250 * 1000 * 1000 };

/* What is asked for, and one run of it. */
struct run {
    const struct command *command;
    const char *directory, *format;
    int64_t min_coverage;
    bool is_watching;

    struct arena *arena;
    struct policy_set *set;
    struct policy_tests tests;
    struct test_report report;
    uint64_t folder, files; /* fingerprints of what was read */
};

/* Of the files that the tests name, wherever they are. */
static uint64_t fingerprint_files(const struct run *run, struct arena *arena)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < run->tests.count; i++) {
        const struct policy_test *test = run->tests.items[i];
        const struct test_case *cases = test->cases.items;

        for (size_t j = 0; j < test->state.count; j++)
            sum += file_fingerprint(test_file_path(test, test->state.items[j], arena));
        for (size_t j = 0; j < test->cases.count; j++) {
            const struct test_request *request = &cases[j].request;
            const char *names[] = {request->review, request->object.file, request->old_object.file};

            for (int k = 0; k < 3; k++)
                sum += names[k] ? file_fingerprint(test_file_path(test, names[k], arena)) : 0;
        }
    }
    return sum;
}

static int tell_mistakes(const struct run *run, const struct problems *problems, size_t in_set)
{
    size_t in_cases = problems->error_count - in_set;

    if (in_cases == 0)
        return output_mistakes(run->command, run->directory, problems);
    output_problems(problems, stderr);
    if (in_set == 0)
        return options_complain(run->command, "the test cases in %s have %zu mistake%s",
                                run->directory, in_cases, in_cases == 1 ? "" : "s");
    return options_complain(run->command,
                            "the policy set in %s has %zu mistake%s, and its test cases have %zu",
                            run->directory, in_set, in_set == 1 ? "" : "s", in_cases);
}

/* The set and its tests are read in one go, so that all mistakes are told at once. */
static bool load(struct run *run)
{
    struct problems problems = {.arena = run->arena};
    struct error err = {0};
    size_t in_set;

    run->folder = load_fingerprint(run->directory);
    run->set = policy_set_load(run->directory, &problems, &err);
    in_set = problems.error_count;
    if (!run->set || !policy_tests_load(run->directory, run->arena, &run->tests, &problems, &err)) {
        options_complain(run->command, "%s", err.text);
        return false;
    }
    run->files = fingerprint_files(run, run->arena);
    if (problems.error_count == 0)
        return true;
    problems_sort(&problems);
    tell_mistakes(run, &problems, in_set);
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

static int conclude(const struct run *run)
{
    const struct test_report *report = &run->report;
    size_t fired = coverage_reached(&report->rules);

    print(run);
    fflush(stdout);
    if (report->count == 0) {
        options_complain(run->command, "%s has no cases: write some in files *.test.yaml",
                         run->directory);
        return EXIT_NO;
    }
    if (100 * fired >= (size_t)run->min_coverage * report->rules.count)
        return report->failed ? EXIT_NO : EXIT_YES;
    options_complain(run->command, "%u%% of the rules fired, less than --min-coverage %lld",
                     test_report_coverage(report), (long long)run->min_coverage);
    return EXIT_NO;
}

static int run_cases(struct run *run)
{
    struct test_run running = {.set = run->set, .tests = &run->tests, .arena = run->arena};
    int status = EXIT_UNUSABLE;

    test_run(&running, &run->report);
    for (size_t i = 0; i < running.problems.count; i++)
        options_complain(run->command, "%s", running.problems.items[i]);
    if (running.problems.count == 0)
        status = conclude(run);
    test_run_release(&running);
    return status;
}

static int test(struct run *run)
{
    int status = load(run) ? run_cases(run) : EXIT_UNUSABLE;

    fflush(stdout);
    return status;
}

/* Forget all of a run but what it was asked for. */
static void forget(struct run *run)
{
    policy_set_free(run->set);
    run->set = NULL;
    run->tests = (struct policy_tests){0};
    run->report = (struct test_report){0};
    arena_reset(run->arena);
}

static bool has_changed(const struct run *run)
{
    struct arena scratch = {0};
    bool has = load_fingerprint(run->directory) != run->folder ||
               fingerprint_files(run, &scratch) != run->files;

    arena_release(&scratch);
    return has;
}

/* Again whenever a file changes, until a signal says that it is enough. */
static int watch(struct run *run)
{
    static const struct timespec pause = {.tv_nsec = WATCH_NANOSECONDS};
    int status = EXIT_UNUSABLE, number = -1;
    bool is_first = true;
    sigset_t ending;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, NULL);
    while (number < 0) {
        forget(run);
        status = test(run);
        if (is_first && !run->set)
            return status;
        is_first = false;
        options_complain(run->command, "waiting for a file to change; Ctrl-C ends this");
        do
            number = sigtimedwait(&ending, NULL, &pause);
        while (number < 0 && !has_changed(run));
    }
    options_complain(run->command, "ended");
    return status;
}

static int start(struct run *run)
{
    int status;

    if (run->is_watching && strcmp(run->format, "text") != 0)
        return options_complain(run->command, "--watch is for people: it goes with -o text only");
    status = run->is_watching ? watch(run) : test(run);
    forget(run);
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
        {.name = "watch",
         .help = "Run again whenever a file of the set, or one that a test names, changes, until "
                 "Ctrl-C or "
                 "SIGTERM; then the exit code is the last run's.",
         .flag = &run.is_watching},
    };
    const struct command command = {
        .name = "test",
        .operands = "DIR",
        .operands_min = 1,
        .operands_max = 1,
        .purpose = "Runs the cases in DIR, every file *.test.yaml below it, on the policy set in "
                   "DIR, and shows what was expected beside what came of it, the rules that no "
                   "case made fire, and the mutations that set nothing. Each case stands by "
                   "itself: the request is mutated, then "
                   "judged, and nothing is written down.",
        .examples = "fairgate test policies\nfairgate test --watch policies\n"
                    "fairgate test --min-coverage 90 -o junit policies\n",
        .exits = "0  all passed\n1  at least one failed, too few rules fired, or there are no "
                 "cases\n2  the set, a case or a file has mistakes, or can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arena arena = {0}, lasting = {0};
    struct arguments arguments = {.arena = &arena};

    run.command = &command;
    run.arena = &lasting;
    if (options_parse(&command, argc, argv, &arguments)) {
        run.directory = arguments.operands.items[0];
        arguments.status = start(&run);
    }
    arena_release(&lasting);
    arena_release(&arena);
    return arguments.status;
}
