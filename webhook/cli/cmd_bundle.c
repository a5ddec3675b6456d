/* bundle: what a tenant needs in the cluster before its first pod, as a Kustomize base; judged, as
 * it would be where an admin applies it. */
#include "cli/commands.h"

#include <stdlib.h>

#include "cli/bundle_write.h"
#include "cli/judge.h"
#include "cli/output.h"
#include "cli/policies.h"

struct call {
    const struct command *command;
    struct arena *arena;
    struct strings operands, labels;
    const char *policies, *group, *format, *folder;
    bool is_forced, is_without_classes;
};

/* ---- what fairgate would say of it */

static void tell(const struct call *call, json_t *object, const struct verdict *verdict)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *name =
        json_string_value(json_object_get(json_object_get(object, "metadata"), "name"));

    if (!verdict->is_allowed)
        options_complain(call->command, "%s %s would be denied:\n%s", kind, name, verdict->message);
    for (size_t i = 0; i < verdict->warnings.count; i++)
        options_complain(call->command, "of %s %s it would be warned: %s", kind, name,
                         verdict->warnings.items[i]);
}

/* Would it be let in? Findings are told on stderr. */
static bool judge_object(struct judge *judge, const struct call *call, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    struct judge_request request =
        judge_admin_request(&judge->policies->tenancy.cluster, call->arena);
    struct judgement judgement = {0};
    struct bytes review;
    struct error err = {0};
    bool is_judged;

    is_judged = judge_build_review(&request, bytes_from(text), call->arena, &review, &err) &&
                judge_review(judge, review, call->arena, &judgement, &err);
    if (is_judged)
        tell(call, object, &judgement.answer.decision.verdict);
    else
        options_complain(call->command, "%s", err.text);
    free(text);
    return is_judged && judgement.answer.decision.verdict.is_allowed;
}

static bool judge_bundle(const struct call *call, const struct policy_set *set,
                         const struct bundle *bundle, int64_t now)
{
    struct ledger *ledger = ledger_new();
    struct judge judge = {0};
    bool is_allowed = true;

    judge_init(&judge, set, ledger, now, JUDGE_BOTH);
    for (int i = 0; i < BUNDLE_FILES; i++) {
        size_t j;
        json_t *object;

        json_array_foreach(bundle->files[i].objects, j, object) is_allowed &=
            judge_object(&judge, call, object);
    }
    judge_release(&judge);
    ledger_free(ledger);
    return is_allowed;
}

/* ---- the call */

static bool is_clean(const char *text, struct arena *arena)
{
    return *text && strcmp(text, text_quote(arena, bytes_from(text))) == 0;
}

/* What is asked for, of this set. */
static bool read_request(const struct call *call, const struct policy_set *set,
                         struct bundle_request *out, struct error *err)
{
    const struct tenancy *tenancy = &set->tenancy;
    struct bytes name = bytes_from(call->operands.count ? call->operands.items[0] : NULL);

    *out = (struct bundle_request){.tenancy = tenancy,
                                   .labels = call->labels,
                                   .has_classes = !call->is_without_classes};
    if (name.data && !(out->tenant = tenancy_find_tenant(tenancy, name)))
        return error_set(err, "the set has no tenant \"%s\"%s", text_quote(call->arena, name),
                         tenancy_suggest(tenancy, name, call->arena));
    if (!name.data && (!tenancy->ladder.node || call->is_without_classes))
        return error_set(err,
                         "without a tenant there is nothing but the ladder's priority "
                         "classes, and %s",
                         tenancy->ladder.node ? "--without-classes leaves them out"
                                              : "the set has no PriorityLadder");
    if (!name.data && (call->group || call->labels.count))
        return error_set(err, "%s is for a tenant, and none is named",
                         call->group ? "--group" : "--label");
    out->group = call->group ? call->group : name.data;
    if (out->group && !is_clean(out->group, call->arena))
        return error_set(err, "--group: \"%s\" is no group's name",
                         text_quote(call->arena, bytes_from(out->group)));
    for (size_t i = 0; i < call->labels.count; i++) {
        if (!bundle_check_label(tenancy, call->labels.items[i], err))
            return false;
    }
    return true;
}

static bool write_bundle(const struct call *call, const struct bundle *bundle, struct error *err)
{
    if (call->folder)
        return bundle_write_folder(bundle, call->folder, call->is_forced, err);
    if (!strcmp(call->format, "json"))
        bundle_print_json(bundle);
    else
        bundle_print_yaml(bundle);
    return true;
}

static int make_and_judge(const struct call *call, const struct policy_set *set)
{
    struct bundle_request request;
    struct bundle bundle = {0};
    struct error err = {0};
    int64_t now = 0;
    int status = EXIT_UNUSABLE;

    if (!read_request(call, set, &request, &err) || !options_read_time(NULL, &now, &err))
        return options_complain(call->command, "%s", err.text);
    bundle_make(&request, call->arena, &bundle);
    if (write_bundle(call, &bundle, &err))
        status = judge_bundle(call, set, &bundle, now) ? EXIT_YES : EXIT_NO;
    else
        options_complain(call->command, "%s", err.text);
    bundle_release(&bundle);
    return status;
}

static int make(const struct call *call)
{
    struct policy_set *set;
    int status;

    if (call->folder && !strcmp(call->format, "json"))
        return options_complain(call->command, "--out writes YAML; leave out -o json");
    if (call->is_forced && !call->folder)
        return options_complain(call->command, "--force is for --out");
    set = policies_load(call->command, call->policies, call->arena);
    if (!set)
        return EXIT_UNUSABLE;
    status = make_and_judge(call, set);
    policy_set_free(set);
    return status;
}

static const char *const formats[] = {"yaml", "json", NULL};

enum { OPTION_COUNT = 7 };

static void make_options(struct call *call, struct option_row rows[OPTION_COUNT])
{
    const struct option_row made[OPTION_COUNT] = {
        {.name = "policies",
         .argument = "DIR",
         .help = "The policy set.",
         .is_required = true,
         .text = &call->policies},
        {.name = "group",
         .argument = "NAME",
         .help = "The group of the tenant's people, as the API server knows it; default: the "
                 "tenant's name.",
         .text = &call->group},
        {.name = "label",
         .argument = "KEY=VALUE",
         .help = "A label of the tenant's namespaces beside its own, such as policies require; "
                 "may be given more than once.",
         .list = &call->labels},
        {.name = "without-classes",
         .help = "Leave the priority classes out: they are every tenant's, and something else "
                 "brings them.",
         .flag = &call->is_without_classes},
        {.name = "out",
         .argument = "DIR",
         .help = "Write a folder with a kustomization.yaml; it is made, and must be empty.",
         .text = &call->folder},
        {.name = "force",
         .help = "Write a bundle's files anew in a folder that isn't empty; others in it stay.",
         .flag = &call->is_forced},
        {.name = "output",
         .letter = 'o',
         .argument = "FORMAT",
         .help = "yaml (the default): documents one after another; json: a List.",
         .text = &call->format,
         .choices = formats},
    };

    memcpy(rows, made, sizeof(made));
}

int cmd_bundle(int argc, char **argv)
{
    struct option_row options[OPTION_COUNT];
    const struct command command = {
        .name = "bundle",
        .operands = "[TENANT]",
        .operands_max = 1,
        .purpose =
            "Makes what a tenant needs in the cluster before its first pod, as a Kustomize base: "
            "its namespaces with their labels, rights for its group, network policies that deny "
            "all but DNS, quotas and limit ranges that agree with its caps, and the ladder's "
            "priority classes. Without a tenant: the priority classes alone. Whatever fairgate "
            "would say of it under this set, where an admin applies it, is told on stderr. The "
            "same set gives the same bytes.",
        .examples =
            "fairgate bundle --policies policies research | kubectl apply --server-side -f -\n"
            "fairgate bundle --policies policies --group ml@example.com --out "
            "tenants/research research\n"
            "kubectl apply --server-side -k tenants/research\n",
        .exits = "0  made\n1  made, but fairgate would deny some of it under this set\n"
                 "2  there is no such tenant, the policy set has mistakes, or a file can't be "
                 "written\n",
        .options = options,
        .option_count = OPTION_COUNT,
    };
    struct call call = {.command = &command, .format = "yaml"};
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};

    call.arena = &arena;
    make_options(&call, options);
    if (options_parse(&command, argc, argv, &arguments)) {
        call.operands = arguments.operands;
        arguments.status = make(&call);
    }
    arena_release(&arena);
    return arguments.status;
}
