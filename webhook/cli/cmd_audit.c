/* audit: which objects that exist break the rules. */
#include "cli/commands.h"

#include <signal.h>

#include "cli/audit_cluster.h"
#include "cli/audit_publish.h"
#include "cli/audit_report.h"
#include "cli/inputs.h"
#include "cli/output.h"
#include "cli/policies.h"
#include "cluster/kubeconfig.h"
#include "ledger/state_files.h"

struct call {
    const struct command *command;
    struct arena *arena;
    struct strings states;
    const char *policies, *time, *format, *kubeconfig;
    bool is_in_cluster, is_to_write;
    struct kubeconfig cluster;
    struct bytes listed; /* what it has */
};

/* What exists, from one of the places that the options name. */
static bool find_states(struct call *call, struct error *err)
{
    struct kubeconfig *cluster = &call->cluster;

    if ((call->states.count > 0) + (call->kubeconfig != NULL) + call->is_in_cluster != 1)
        return error_set(err, "give one of --state, --kubeconfig and --in-cluster");
    if (call->is_to_write && call->states.count)
        return error_set(err, "--write needs a cluster: --kubeconfig or --in-cluster");
    if (call->states.count)
        return true;
    signal(SIGPIPE, SIG_IGN);
    return (kubeconfig_find(call->kubeconfig, call->arena, cluster, err) &&
            audit_fetch_state(cluster, &call->listed, err)) ||
           error_wrap(err, call->kubeconfig ? "--kubeconfig" : "--in-cluster");
}

struct unread {
    size_t count;
    struct error first;
};

static void note_unread(void *context, const struct error *err)
{
    struct unread *unread = context;

    if (unread->count++ == 0)
        unread->first = *err;
}

static void tell_unread(const struct call *call, const struct unread *unread)
{
    if (unread->count == 1)
        options_complain(call->command, "an object can't be read and doesn't count: %s",
                         unread->first.text);
    else if (unread->count)
        options_complain(call->command,
                         "%zu objects can't be read and don't count, the first of them: %s",
                         unread->count, unread->first.text);
}

static bool judge_cluster(const struct call *call, struct ledger *ledger,
                          const struct state_unread *unread, struct audit *audit, struct error *err)
{
    return ledger_load_text(ledger, call->listed, unread, err) &&
           texts_objects(call->listed, audit_object, audit, err);
}

static bool judge_files(const struct call *call, struct ledger *ledger,
                        const struct state_unread *unread, struct audit *audit, struct error *err)
{
    for (size_t i = 0; i < call->states.count; i++) {
        if (!strcmp(call->states.items[i], "-"))
            return error_set(err, "--state: standard input can't be read twice; name a file");
        if (!ledger_load(ledger, call->states.items[i], unread, err))
            return false;
    }
    for (size_t i = 0; i < call->states.count; i++) {
        if (!input_read(call->states.items[i], audit_object, audit, err))
            return false;
    }
    return true;
}

static bool judge_all(const struct call *call, struct ledger *ledger, struct audit *audit,
                      struct error *err)
{
    struct unread unread = {0};
    const struct state_unread listener = {note_unread, &unread};

    if (!(call->states.count ? judge_files : judge_cluster)(call, ledger, &listener, audit, err))
        return false;
    tell_unread(call, &unread);
    audit_finish(audit);
    return true;
}

static void print_reports(const struct audit *audit)
{
    json_t *reports = audit_write_reports(audit), *report;
    size_t i;

    json_array_foreach(reports, i, report)
    {
        puts("---");
        json_incref(report);
        output_print_take(report, "yaml", audit->arena);
    }
    json_decref(reports);
}

/* Whether the rules are broken is what the reports tell. */
static int write_reports(const struct call *call, const struct audit *audit, struct error *err)
{
    json_t *reports = audit_write_reports(audit);
    struct audit_published published;
    bool is_published = audit_publish(&call->cluster, reports, call->arena, &published, err);

    json_decref(reports);
    if (!is_published) {
        error_wrap(err, "--write");
        return EXIT_UNUSABLE;
    }
    fprintf(stderr, "reports: %zu written, %zu removed\n", published.written, published.removed);
    return EXIT_YES;
}

static int print(const struct call *call, const struct audit *audit)
{
    if (!strcmp(call->format, "text"))
        audit_print_table(audit);
    else if (!strcmp(call->format, "policyreport"))
        print_reports(audit);
    else
        output_print_take(audit_write_json(audit), call->format, call->arena);
    return audit_has_failed(audit) ? EXIT_NO : EXIT_YES;
}

static int run(struct call *call)
{
    struct policy_set *set = policies_load(call->command, call->policies, call->arena);
    struct ledger *ledger = ledger_new();
    struct audit audit;
    struct error err = {0};
    int status = EXIT_UNUSABLE;
    int64_t now = 0;

    if (set && options_read_time(call->time, &now, &err) && find_states(call, &err)) {
        audit_init(&audit, set, ledger, now, call->arena);
        if (judge_all(call, ledger, &audit, &err))
            status = print(call, &audit);
        if (status != EXIT_UNUSABLE && call->is_to_write)
            status = write_reports(call, &audit, &err);
        audit_release(&audit);
    }
    if (*err.text)
        options_complain(call->command, "%s", err.text);
    ledger_free(ledger);
    policy_set_free(set);
    return status;
}

static const char purpose[] =
    "Tells which objects that exist break the rules, as after a new policy or an outage. "
    "Each is judged as it is, as if an admin created it now; a tenant that holds more than "
    "its caps is told once, not with each of its pods. What is being deleted, pods that "
    "have ended, and templates that a controller made are passed over.";

static const char examples[] =
    "kubectl get pods,namespaces,nodes,priorityclasses,deployments,jobs,"
    "resourceclaims -A -o json > state.json\n"
    "fairgate audit --policies policies --state state.json\n"
    "fairgate audit --policies policies --state state.json -o policyreport | "
    "kubectl apply --server-side -f -\n";

int cmd_audit(int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", "yaml", "policyreport", NULL};
    struct arena arena = {0};
    struct call call = {.arena = &arena, .format = "text"};
    const struct option_row options[] = {
        {.name = "policies",
         .argument = "DIR",
         .help = "The policy set.",
         .is_required = true,
         .text = &call.policies},
        {.name = "state",
         .argument = "FILE",
         .help = "What exists, as kubectl get ... -A -o json or -o yaml prints it, all of it "
                 "judged; may be given more than once.",
         .list = &call.states},
        {.name = "kubeconfig",
         .argument = "FILE",
         .help = "Instead: what the cluster of this kubeconfig's current context has now.",
         .text = &call.kubeconfig},
        {.name = "in-cluster",
         .help = "Instead: what the cluster has in which this runs as a pod.",
         .flag = &call.is_in_cluster},
        {.name = "write",
         .help = "Write what is found to the cluster as well, as PolicyReports of wgpolicyk8s.io; "
                 "those of an audit before go where there is nothing to tell any more.",
         .flag = &call.is_to_write},
        {.name = "time",
         .argument = "T",
         .help = "The instant to judge at, as 2026-11-21T09:00:00Z; default: now.",
         .text = &call.time},
        {.name = "output",
         .letter = 'o',
         .argument = "FORMAT",
         .help = "text (the default), json, yaml, or policyreport: objects of wgpolicyk8s.io, as "
                 "YAML.",
         .text = &call.format,
         .choices = formats},
    };
    const struct command command = {
        .name = "audit",
        .purpose = purpose,
        .examples = examples,
        .exits = "0  nothing breaks a rule that denies, or --write has told it\n1  something does\n"
                 "2  the policy set has mistakes, or a file or the cluster can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };
    struct arguments arguments = {.arena = &arena};

    call.command = &command;
    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = run(&call);
    arena_release(&arena);
    return arguments.status;
}
