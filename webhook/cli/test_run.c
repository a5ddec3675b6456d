#include "cli/test_run.h"

#include <stdlib.h>

#include "base/parallel.h"
#include "cli/test_review.h"
#include "policy/policy.h"

/* One document of cases: what exists for them. */
struct scene {
    const struct policy_test *test;
    struct ledger *ledger;
    struct judge judge; /* to be copied: each case has its own reader */
    struct strings problems;
};

struct case_run {
    const struct scene *scene;
    const struct test_case *test_case;
    struct test_result result;
    const char *problem; /* why it could not be carried out; NULL: it was */
};

struct running {
    struct test_run *run;
    struct scene *scenes;
    size_t scene_count;
    struct case_run *cases;
    size_t case_count;
};

static void prepare_scene(void *context, size_t item, unsigned worker)
{
    struct running *running = context;
    struct scene *scene = &running->scenes[item];
    const struct policy_test *test = scene->test;
    struct arena *arena = &running->run->workers[worker].lasting;
    const struct node *place = node_find_key(test->node, "state");

    scene->ledger = ledger_new();
    for (size_t i = 0; i < test->state.count; i++) {
        struct error err = {0};

        if (ledger_load(scene->ledger, test_file_path(test, test->state.items[i], arena), NULL,
                        &err))
            continue;
        error_wrap(&err, "%s:%u: state", test->file, place->line);
        strings_add(&scene->problems, arena, arena_copy(arena, bytes_from(err.text)));
    }
    judge_init(&scene->judge, running->run->set, scene->ledger, test->time, JUDGE_BOTH);
    scene->judge.traced = 1U << TRACE_MUTATION;
}

static struct strings copy_strings(const struct strings *from, struct arena *arena)
{
    struct strings copy = {0};

    for (size_t i = 0; i < from->count; i++)
        strings_add(&copy, arena, arena_copy(arena, bytes_from(from->items[i])));
    return copy;
}

/* The entries that set something. */
static struct strings list_mutations(const struct judgement *judgement, struct arena *arena)
{
    struct strings names = {0};

    for (int phase = 0; phase < 2; phase++) {
        const struct trace_list *list = &judgement->traces[phase].lists[TRACE_MUTATION];

        for (size_t i = 0; i < list->count; i++) {
            if (list->items[i].node && list->items[i].paths.count)
                strings_add(&names, arena, arena_copy(arena, bytes_from(list->items[i].name)));
        }
    }
    return names;
}

static void record(struct case_run *one, const struct judgement *judgement, struct arena *arena)
{
    const struct verdict *verdict = &judgement->answer.decision.verdict;
    struct test_result *result = &one->result;

    result->is_allowed = verdict->is_allowed;
    result->message = verdict->message ? arena_copy(arena, bytes_from(verdict->message)) : NULL;
    result->rules = copy_strings(&verdict->rules, arena);
    result->warnings = copy_strings(&verdict->warnings, arena);
    result->mutations = list_mutations(judgement, arena);
    result->exceptions = copy_strings(&verdict->exceptions, arena);
    test_compare(&one->test_case->expect, judgement, arena, &result->differences);
}

static void run_case(void *context, size_t item, unsigned number)
{
    struct running *running = context;
    struct test_worker *worker = &running->run->workers[number];
    struct case_run *one = &running->cases[item];
    const struct policy_test *test = one->scene->test;
    struct judge judge = one->scene->judge;
    struct judgement judgement = {0};
    struct error err = {0};
    struct bytes body;
    bool is_built = test_review_build(test, one->test_case, &worker->scratch, &body, &err);

    if (is_built && judge_review(&judge, body, &worker->scratch, &judgement, &err)) {
        record(one, &judgement, &worker->lasting);
    } else {
        if (is_built)
            test_review_refuse(test, one->test_case, &worker->scratch, &err);
        one->problem = arena_copy(&worker->lasting, bytes_from(err.text));
    }
    judge_release(&judge);
    arena_reset(&worker->scratch);
}

static void list_cases(struct running *running)
{
    const struct policy_tests *tests = running->run->tests;
    struct arena *arena = running->run->arena;

    running->scene_count = tests->count;
    running->scenes = arena_alloc(arena, tests->count * sizeof(*running->scenes));
    for (size_t i = 0; i < tests->count; i++) {
        const struct policy_test *test = tests->items[i];
        const struct test_case *cases = test->cases.items;

        running->scenes[i].test = test;
        for (size_t j = 0; j < test->cases.count; j++) {
            struct case_run *one = ARENA_APPEND(arena, running->cases, running->case_count);

            one->scene = &running->scenes[i];
            one->test_case = &cases[j];
            one->result.test = test;
            one->result.test_case = &cases[j];
        }
    }
}

/* In the order of the files: of each first its state, then its cases. */
static void list_problems(const struct running *running, struct strings *out)
{
    struct arena *arena = running->run->arena;
    size_t at = 0;

    for (size_t i = 0; i < running->scene_count; i++) {
        const struct scene *scene = &running->scenes[i];

        for (size_t j = 0; j < scene->problems.count; j++)
            strings_add(out, arena, scene->problems.items[j]);
        for (; at < running->case_count && running->cases[at].scene == scene; at++) {
            if (running->cases[at].problem)
                strings_add(out, arena, running->cases[at].problem);
        }
    }
}

/* ---- what the cases reached */

static void add_covered(struct test_report *report, struct coverage *coverage, const char *name,
                        const struct node *node)
{
    *ARENA_APPEND(report->arena, coverage->items, coverage->count) =
        (struct covered){name, node, 0};
}

static void list_covered(const struct policy_set *set, struct test_report *report)
{
    const struct grants *grants = &set->tenancy.grants;

    for (size_t i = 0; i < set->policy_count; i++) {
        const struct policy_rule *rules = set->policies[i]->rules.items;
        const struct policy_mutation *mutations = set->policies[i]->mutations.items;

        for (size_t j = 0; j < set->policies[i]->rules.count; j++)
            add_covered(report, &report->rules, rules[j].rule.name, rules[j].rule.node);
        for (size_t j = 0; j < set->policies[i]->mutations.count; j++)
            add_covered(report, &report->mutations, mutations[j].name, mutations[j].node);
    }
    for (size_t i = 0; i < grants->exception_count; i++)
        add_covered(report, &report->exceptions, grants->exceptions[i]->name,
                    grants->exceptions[i]->node);
}

static int compare_covered(const void *a, const void *b)
{
    const struct covered *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

/* Those of one kind, ordered by name, so that they are found fast. */
static struct covered **order(const struct coverage *coverage, struct arena *arena)
{
    struct covered **ordered = arena_alloc(arena, coverage->count * sizeof(*ordered));

    for (size_t i = 0; i < coverage->count; i++)
        ordered[i] = &coverage->items[i];
    if (coverage->count)
        qsort(ordered, coverage->count, sizeof(*ordered), compare_covered);
    return ordered;
}

static void count(struct covered **ordered, size_t size, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct covered key = {.name = names->items[i]}, *wanted = &key;
        struct covered **found =
            size ? bsearch(&wanted, ordered, size, sizeof(*ordered), compare_covered) : NULL;

        if (found)
            (*found)->cases++;
    }
}

static void count_covered(struct test_report *report)
{
    struct covered **rules = order(&report->rules, report->arena);
    struct covered **mutations = order(&report->mutations, report->arena);
    struct covered **exceptions = order(&report->exceptions, report->arena);

    for (size_t i = 0; i < report->count; i++) {
        count(rules, report->rules.count, &report->items[i].rules);
        count(mutations, report->mutations.count, &report->items[i].mutations);
        count(exceptions, report->exceptions.count, &report->items[i].exceptions);
    }
}

/* ---- */

void test_run(struct test_run *run, struct test_report *report)
{
    struct running running = {.run = run};
    size_t most;

    list_cases(&running);
    most = running.case_count > running.scene_count ? running.case_count : running.scene_count;
    run->worker_count = parallel_workers(most);
    run->workers = arena_alloc(run->arena, run->worker_count * sizeof(*run->workers));
    parallel_run(running.scene_count, prepare_scene, &running);
    parallel_run(running.case_count, run_case, &running);
    list_problems(&running, &run->problems);
    report->arena = run->arena;
    for (size_t i = 0; i < running.case_count; i++) {
        *ARENA_APPEND(report->arena, report->items, report->count) = running.cases[i].result;
        report->failed += running.cases[i].result.differences.count > 0;
    }
    list_covered(run->set, report);
    count_covered(report);
    for (size_t i = 0; i < running.scene_count; i++) {
        judge_release(&running.scenes[i].judge);
        ledger_free(running.scenes[i].ledger);
    }
}

void test_run_release(struct test_run *run)
{
    for (unsigned i = 0; i < run->worker_count; i++) {
        arena_release(&run->workers[i].lasting);
        arena_release(&run->workers[i].scratch);
    }
}
