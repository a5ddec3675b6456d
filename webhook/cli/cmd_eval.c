/* eval: what would happen to these manifests or reviews? The same answers as the server's. */
#include "cli/commands.h"

#include <limits.h>

#include "cli/explain.h"
#include "cli/inputs.h"
#include "cli/judge.h"
#include "cli/output.h"
#include "cli/policies.h"
#include "cli/yaml_print.h"
#include "kube/response.h"

/* Kinds told by name; objects of further ones are told together. */
enum { MAX_KINDS_TOLD = 64 };

/* How many objects there were of a kind that nothing judges. */
struct unjudged {
    const char *kind; /* "Service", "Ingress.networking.k8s.io" */
    size_t count;
};

/* One run over all inputs. */
struct run {
    const struct command *command;
    struct judge judge;
    struct judge_request request; /* what a manifest's review says */
    struct arena arena;           /* of one input; reset after it */
    const char *file;
    size_t count; /* inputs judged */
    bool is_explained, is_any_denied;
    struct arena *lasting; /* of the whole run */
    struct unjudged *unjudged;
    size_t unjudged_count, unjudged_others;
    const char *policies, *phase, *time, *output;
    struct strings states;
};

static void print_patch(const struct patch *patch)
{
    for (size_t i = 0; patch && i < patch->count; i++)
        printf("  %s %s%s%s\n", patch->items[i].name, patch->items[i].path,
               patch->items[i].value ? " = " : "",
               patch->items[i].value ? patch->items[i].value : "");
}

static const char *name_of(const struct decision *decision, struct arena *arena)
{
    const struct review *review = &decision->review;
    struct bytes name = review->name;

    if (decision->facts_count)
        return facts_subject(decision->facts[0]);
    if (review->kind.len == 0)
        return arena_printf(arena, "review %s", text_quote(arena, review->uid));
    return arena_printf(arena, "%s %s%s%s", text_quote(arena, review->kind),
                        text_quote(arena, review->namespace), review->namespace.len ? "/" : "",
                        text_quote(arena, name));
}

static void print_text(struct run *run, const struct judgement *judgement)
{
    const struct verdict *verdict = &judgement->answer.decision.verdict;
    bool is_changed = verdict->is_allowed && judgement->patch && judgement->patch->count;

    printf("%s: %s: %s\n", run->file, name_of(&judgement->answer.decision, &run->arena),
           !verdict->is_allowed ? "denied"
           : is_changed         ? "allowed, and changed"
                                : "allowed");
    if (!verdict->is_allowed)
        printf("%s\n", verdict->message);
    if (is_changed)
        print_patch(judgement->patch);
    for (size_t i = 0; i < verdict->warnings.count; i++)
        printf("  warning: %s\n", verdict->warnings.items[i]);
    if (run->is_explained)
        explain_print(judgement, &run->arena);
}

/* The response, and why, as one object. */
static void print_explained(struct run *run, const struct judgement *judgement)
{
    struct bytes response = judgement->answer.response;
    json_t *root = json_pack("{s:s, s:s, s:o, s:o}", "input", run->file, "object",
                             name_of(&judgement->answer.decision, &run->arena), "response",
                             json_loadb(response.data, response.len, 0, NULL), "explanation",
                             explain_json(judgement, &run->arena));

    if (!strcmp(run->output, "yaml"))
        puts("---");
    output_print_take(root, run->output, &run->arena);
}

static void print(struct run *run, const struct judgement *judgement)
{
    if (!strcmp(run->output, "text")) {
        print_text(run, judgement);
        return;
    }
    if (run->is_explained) {
        print_explained(run, judgement);
        return;
    }
    if (!strcmp(run->output, "yaml")) {
        struct buf buf;

        buf_init(&buf, &run->arena, 2 * RESPONSE_MAX_BYTES);
        buf_add_text(&buf, "---\n");
        yaml_print(judgement->answer.response, &buf);
        fwrite(buf.data, 1, buf.len, stdout);
        return;
    }
    fwrite(judgement->answer.response.data, 1, judgement->answer.response.len, stdout);
    putchar('\n');
}

/* Is the object of a kind that nothing is said about, by anybody's policy? */
static bool is_unjudged(const struct decision *decision)
{
    return decision->verdict.is_allowed && !kinds_find(&decision->review);
}

static void count_unjudged(struct run *run, const struct review *review)
{
    const char *kind = text_quote(&run->arena, review->kind);
    struct unjudged *one;

    if (review->group.len)
        kind = arena_printf(&run->arena, "%s.%s", kind, text_quote(&run->arena, review->group));
    for (size_t i = 0; i < run->unjudged_count; i++) {
        if (!strcmp(run->unjudged[i].kind, kind)) {
            run->unjudged[i].count++;
            return;
        }
    }
    if (run->unjudged_count == MAX_KINDS_TOLD) {
        run->unjudged_others++;
        return;
    }
    one = ARENA_APPEND(run->lasting, run->unjudged, run->unjudged_count);
    *one = (struct unjudged){arena_copy(run->lasting, bytes_from(kind)), 1};
}

static void print_unjudged(const struct run *run)
{
    for (size_t i = 0; i < run->unjudged_count; i++)
        printf("%s%zu %s", i ? ", " : "not judged: ", run->unjudged[i].count,
               run->unjudged[i].kind);
    if (run->unjudged_others)
        printf(", %zu of other kinds", run->unjudged_others);
    if (run->unjudged_count)
        putchar('\n');
}

/* What nothing judges is told shortly, where people read it. */
static void print_or_count(struct run *run, const struct judgement *judgement)
{
    const struct decision *decision = &judgement->answer.decision;

    if (!run->is_explained && !strcmp(run->output, "text") && is_unjudged(decision))
        count_unjudged(run, &decision->review);
    else
        print(run, judgement);
}

static bool judge_one(void *context, struct bytes text, struct error *err)
{
    struct run *run = context;
    struct judge_request *request = &run->request;
    struct judgement judgement = {0};
    bool is_judged;

    request->uid = arena_printf(&run->arena, "00000000-0000-0000-0000-%012zu", ++run->count);
    is_judged = (input_is_review(text, &run->arena) ||
                 judge_build_review(request, text, &run->arena, &text, err)) &&
                judge_review(&run->judge, text, &run->arena, &judgement, err);
    if (is_judged) {
        print_or_count(run, &judgement);
        run->is_any_denied |= !judgement.answer.decision.verdict.is_allowed;
    }
    arena_reset(&run->arena);
    return is_judged;
}

static int judge_files(struct run *run, const struct strings *files)
{
    bool is_all_judged = true;

    for (size_t i = 0; i < files->count; i++) {
        struct error err = {0};

        run->file = strcmp(files->items[i], "-")
                        ? text_clean(run->lasting, bytes_from(files->items[i]), PATH_MAX)
                        : "stdin";
        if (input_read(files->items[i], judge_one, run, &err))
            continue;
        fflush(stdout);
        options_complain(run->command, "%s", err.text);
        is_all_judged = false;
    }
    print_unjudged(run);
    return !is_all_judged ? EXIT_UNUSABLE : run->is_any_denied ? EXIT_NO : EXIT_YES;
}

static bool load_states(struct ledger *ledger, const struct strings *files, struct error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        if (!ledger_load(ledger, files->items[i], NULL, err))
            return false;
    }
    return true;
}

static int eval(struct run *run, const struct strings *operands, struct arena *arena)
{
    struct ledger *ledger = ledger_new();
    struct strings files = {0};
    struct policy_set *set;
    struct error err = {0};
    int status = EXIT_UNUSABLE;
    int64_t now = 0;

    set = policies_load(run->command, run->policies, arena);
    if (set && options_read_time(run->time, &now, &err) &&
        load_states(ledger, &run->states, &err) && inputs_expand(operands, arena, &files, &err)) {
        enum judge_phase phase = !strcmp(run->phase, "mutate")     ? JUDGE_MUTATE
                                 : !strcmp(run->phase, "validate") ? JUDGE_VALIDATE
                                                                   : JUDGE_BOTH;

        judge_init(&run->judge, set, ledger, now, phase);
        run->judge.traced = run->is_explained ? (1U << TRACE_KINDS) - 1 : 0;
        status = judge_files(run, &files);
        judge_release(&run->judge);
    } else if (set) {
        options_complain(run->command, "%s", err.text);
    }
    arena_release(&run->arena);
    ledger_free(ledger);
    policy_set_free(set);
    return status;
}

static const char *const formats[] = {"text", "json", "yaml", NULL};
static const char *const phases[] = {"mutate", "validate", "both", NULL};

enum { OPTION_COUNT = 9 };

/* The options, and where in `run` each goes. */
static void make_options(struct run *run, struct option_row rows[OPTION_COUNT])
{
    const struct option_row made[OPTION_COUNT] = {
        {.name = "policies",
         .argument = "DIR",
         .help = "The policy set.",
         .is_required = true,
         .text = &run->policies},
        {.name = "state",
         .argument = "FILE",
         .help = "What exists, as kubectl get ... -o json or -o yaml prints it; may be given more "
                 "than once. Default: an empty cluster.",
         .list = &run->states},
        {.name = "phase",
         .argument = "PHASE",
         .help = "mutate, validate, or both (the default): the mutation is applied, then the "
                 "result is validated.",
         .text = &run->phase,
         .choices = phases},
        {.name = "time",
         .argument = "T",
         .help = "The instant to judge at, as 2026-11-21T09:00:00Z; default: now.",
         .text = &run->time},
        {.name = "namespace",
         .letter = 'n',
         .argument = "NAME",
         .help = "The namespace of manifests that name none; default: default.",
         .text = &run->request.namespace},
        {.name = "as",
         .argument = "USER",
         .help = "Who a manifest comes from; default: a user without name and groups.",
         .text = &run->request.user},
        {.name = "as-group",
         .argument = "GROUP",
         .help = "A group of that user; may be given more than once.",
         .list = &run->request.groups},
        {.name = "explain",
         .help = "Tell of every rule what it found, or why it does not apply. With -o json a line "
                 "is an "
                 "object with the response and the explanation.",
         .flag = &run->is_explained},
        {.name = "output",
         .letter = 'o',
         .argument = "FORMAT",
         .help = "text (the default); json: one line an input, the AdmissionReview that the "
                 "server would send, byte for byte; yaml: the same to read.",
         .text = &run->output,
         .choices = formats},
    };

    memcpy(rows, made, sizeof(made));
}

int cmd_eval(int argc, char **argv)
{
    struct option_row options[OPTION_COUNT];
    const struct command command = {
        .name = "eval",
        .operands = "FILE...",
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .purpose =
            "Judges AdmissionReviews and manifests as the server would, each by itself: nothing is "
            "written down between them. Reads what kubectl and helm print: YAML documents, JSON "
            "objects one after another, lists; of a folder every .yaml, .yml and .json file below "
            "it; - is standard input. Objects of kinds that nothing judges are told in one line.",
        .examples = "fairgate eval --policies policies pod.yaml\n"
                    "helm template charts/app | fairgate eval --policies policies -n research -\n"
                    "kubectl get pods,namespaces,nodes,priorityclasses,deviceclasses,"
                    "resourceclaims,resourceclaimtemplates -A -o json > state.json\n"
                    "fairgate eval --policies policies --state state.json -o json review.json\n",
        .exits = "0  all are allowed\n1  at least one is denied\n"
                 "2  an input is no manifest and no review, or the policy set has mistakes\n",
        .options = options,
        .option_count = OPTION_COUNT,
    };
    struct run run = {
        .command = &command,
        .phase = "both",
        .output = "text",
        .request = {.operation = "CREATE", .sub_resource = "", .user = "", .namespace = "default"}};
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    run.lasting = &arena;
    make_options(&run, options);
    if (options_parse(&command, argc, argv, &arguments))
        arguments.status =
            *run.request.namespace
                ? eval(&run, &arguments.operands, &arena)
                : options_complain(&command, "--namespace: expected a name, got \"\"");
    arena_release(&arena);
    return arguments.status;
}
