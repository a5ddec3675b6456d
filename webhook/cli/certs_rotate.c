/* certs rotate: the next step of renewing certificates, in a folder or in a cluster. */
#include "cli/commands.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/instant.h"
#include "cli/certs_cluster.h"
#include "cli/certs_options.h"
#include "cli/output.h"

enum {
    SECOND_MS = 1000,
    DEFAULT_SETTLE_MS = 3600 * SECOND_MS,
    MOST_SETTLE_MS = 168 * DEFAULT_SETTLE_MS
};

/* One call. */
struct rotate_call {
    const struct command *command;
    struct arena *arena;
    struct certs_options options;
    struct certs_cluster cluster;
    const char *directory, *kubeconfig, *format;
    bool is_in_cluster, is_new_asked;
    int64_t settle_milliseconds;
};

/* ---- a folder */

static bool read_folder(const struct folder *folder, struct arena *arena,
                        struct rotation_state *state, struct error *err)
{
    struct bytes *const texts[CERTS_FILE_COUNT] = {
        [CERTS_CA] = &state->authority,
        [CERTS_CA_KEY] = &state->authority_key,
        [CERTS_SERVER] = &state->server.certificate,
        [CERTS_SERVER_KEY] = &state->server.key,
    };

    for (size_t i = 0; i < CERTS_FILE_COUNT; i++) {
        if (!folder_read(folder, certs_files[i].name, arena, texts[i], err))
            return false;
    }
    state->bundle = state->authority;
    return true;
}

static bool write_folder(struct folder *folder, const struct rotation_plan *plan, struct error *err)
{
    struct folder_file files[CERTS_FILE_COUNT];

    if (!plan->changes.count)
        return true;
    memcpy(files, certs_files, sizeof(files));
    files[CERTS_CA].text = plan->bundle;
    files[CERTS_CA_KEY].text = plan->authority.key;
    files[CERTS_SERVER].text = plan->server.certificate;
    files[CERTS_SERVER_KEY].text = plan->server.key;
    return folder_replace(folder, files, CERTS_FILE_COUNT, err);
}

static bool rotate_folder(const struct rotate_call *call, const struct rotation_rules *rules,
                          struct rotation_plan *out, struct error *err)
{
    /* To open it would make it. */
    bool is_absent = call->cluster.is_dry && access(call->directory, F_OK) != 0 && errno == ENOENT;
    struct folder *folder = is_absent ? NULL : folder_open(call->directory, err);
    struct rotation_state *state = arena_alloc(call->arena, sizeof(*state));
    bool is_done = (is_absent || (folder && read_folder(folder, call->arena, state, err))) &&
                   rotation_make_plan(state, rules, call->arena, out, err) &&
                   (call->cluster.is_dry || write_folder(folder, out, err));

    folder_close(folder);
    return is_done;
}

/* ---- a cluster */

static bool rotate_cluster(const struct rotate_call *call, const struct rotation_rules *rules,
                           struct certs_rotation *out, struct error *err)
{
    struct certs_cluster cluster = call->cluster;
    struct kubeconfig kubeconfig;

    if (!cluster.server_secret)
        cluster.server_secret = "fairgate-tls";
    if (!cluster.authority_secret)
        cluster.authority_secret = "fairgate-ca";
    if (!cluster.webhooks)
        cluster.webhooks = "fairgate";
    if (!strcmp(cluster.server_secret, cluster.authority_secret))
        return error_set(err, "--secret and --ca-secret name the same one, \"%s\"",
                         cluster.server_secret);
    if (!kubeconfig_find(call->kubeconfig, call->arena, &kubeconfig, err))
        return false;
    signal(SIGPIPE, SIG_IGN);
    cluster.kubeconfig = &kubeconfig;
    cluster.namespace = call->options.namespace;
    return certs_cluster_rotate(&cluster, rules, call->arena, out, err);
}

/* ---- what is told */

static void print_text(const struct rotate_call *call, const struct certs_rotation *rotation)
{
    const struct rotation_plan *plan = &rotation->plan;
    const char *would = call->cluster.is_dry ? "would be done: " : "";

    for (size_t i = 0; i < plan->changes.count; i++)
        printf("%s%s\n", would, plan->changes.items[i]);
    if (!plan->changes.count)
        printf("nothing to do: the certificate is valid until %s, %s until %s\n",
               instant_write(plan->server_ends, call->arena), plan->authority_name,
               instant_write(plan->authority_ends, call->arena));
    if (plan->next)
        printf("next: %s\n", plan->next);
    for (size_t i = 0; i < rotation->missing.count; i++)
        printf("there is no %s\n", rotation->missing.items[i]);
}

static json_t *write_json(const struct rotate_call *call, const struct certs_rotation *rotation)
{
    const struct rotation_plan *plan = &rotation->plan;

    return json_pack("{s:b, s:o, s:s?, s:{s:s, s:s}, s:{s:s}, s:o}", "dryRun", call->cluster.is_dry,
                     "changes", output_list(&plan->changes), "next", plan->next, "ca", "name",
                     plan->authority_name, "ends", instant_write(plan->authority_ends, call->arena),
                     "certificate", "ends", instant_write(plan->server_ends, call->arena),
                     "missing", output_list(&rotation->missing));
}

static bool read_rules(const struct rotate_call *call, struct server_names *names,
                       struct rotation_rules *out, struct error *err)
{
    *out = (struct rotation_rules){
        .names = names,
        .days_ca = call->options.days_ca,
        .days = call->options.days,
        .settle = call->settle_milliseconds / SECOND_MS,
        .is_new_asked = call->is_new_asked,
    };
    return options_read_time(call->options.time, &out->now, err) &&
           certs_read_names(&call->options, call->arena, names, err);
}

/* An option that would do nothing; NULL: none. */
static const char *find_misfit(const struct rotate_call *call)
{
    const struct certs_cluster *cluster = &call->cluster;

    if (!call->directory)
        return NULL;
    return cluster->server_secret      ? "--secret"
           : cluster->authority_secret ? "--ca-secret"
           : cluster->webhooks         ? "--webhooks"
           : cluster->expects_webhooks ? "--expect-webhooks"
                                       : NULL;
}

static int rotate(const struct rotate_call *call)
{
    const char *misfit = find_misfit(call);
    struct certs_rotation *rotation = arena_alloc(call->arena, sizeof(*rotation));
    struct rotation_rules rules;
    struct server_names names;
    struct error err;

    if (!call->directory + !call->kubeconfig + !call->is_in_cluster != 2)
        return options_complain(call->command,
                                "expected one of --dir, --kubeconfig and --in-cluster; see --help");
    if (misfit)
        return options_complain(call->command, "%s is for a cluster, and not for --dir", misfit);
    if (!read_rules(call, &names, &rules, &err) ||
        !(call->directory ? rotate_folder(call, &rules, &rotation->plan, &err)
                          : rotate_cluster(call, &rules, rotation, &err)))
        return options_complain(call->command, "%s", err.text);
    if (!strcmp(call->format, "text"))
        print_text(call, rotation);
    else
        output_print_take(write_json(call, rotation), call->format, call->arena);
    return rotation->missing.count > (call->cluster.expects_webhooks ? 0 : 1) ? EXIT_NO : EXIT_YES;
}

static const char purpose[] =
    "Takes the next safe step of renewing what fairgate certs issue makes: what is missing or of "
    "no use is made, what has less than a third of its time left is renewed. Each run does what "
    "can be done now, judged by what is stored, and may be run at any time; the change to a new CA "
    "takes three, at least --settle apart: first both CAs are trusted, then the certificate is of "
    "the new one, then the old one goes. In a cluster the CA lives in one Secret, the certificate "
    "in another, and the caBundle of every webhook of the configurations is kept.";

static size_t add_place_options(struct rotate_call *call, struct option_row *rows)
{
    const struct option_row places[] = {
        {.name = "dir",
         .argument = "DIR",
         .help = "Of the files that fairgate certs issue makes; all change at once.",
         .text = &call->directory},
        {.name = "in-cluster",
         .help = "Of the cluster that this runs in, as its service account.",
         .flag = &call->is_in_cluster},
        {.name = "kubeconfig",
         .argument = "FILE",
         .help = "Of the cluster of this kubeconfig's current context.",
         .text = &call->kubeconfig},
        {.name = "secret",
         .argument = "NAME",
         .help = "The Secret that fairgate serve mounts: tls.crt, tls.key, ca.crt; default: "
                 "fairgate-tls.",
         .text = &call->cluster.server_secret},
        {.name = "ca-secret",
         .argument = "NAME",
         .help = "The Secret of the CA with its key: tls.crt, tls.key; default: fairgate-ca.",
         .text = &call->cluster.authority_secret},
        {.name = "webhooks",
         .argument = "NAME",
         .help = "The ValidatingWebhookConfiguration and the MutatingWebhookConfiguration; "
                 "default: fairgate.",
         .text = &call->cluster.webhooks},
        {.name = "expect-webhooks",
         .help = "Exit with 1, to be run again, unless both of these have webhooks in them.",
         .flag = &call->cluster.expects_webhooks},
    };

    memcpy(rows, places, sizeof(places));
    return sizeof(places) / sizeof(*places);
}

static size_t add_step_options(struct rotate_call *call, struct option_row *rows)
{
    const struct option_row steps[] = {
        {.name = "new-ca",
         .help = "Begin the change to a new CA, unless one is under way.",
         .flag = &call->is_new_asked},
        {.name = "settle",
         .argument = "TIME",
         .help = "How long it takes until everybody knows a new CA, or serves a new certificate; "
                 "default: 1h.",
         .milliseconds = &call->settle_milliseconds,
         .max = MOST_SETTLE_MS},
        {.name = "dry-run", .help = "Only tell what would be done.", .flag = &call->cluster.is_dry},
        output_option(&call->format),
    };

    memcpy(rows, steps, sizeof(steps));
    return sizeof(steps) / sizeof(*steps);
}

int certs_rotate(int argc, char **argv)
{
    struct arena arena = {0};
    struct rotate_call call = {.arena = &arena,
                               .options = certs_defaults,
                               .format = "text",
                               .settle_milliseconds = DEFAULT_SETTLE_MS};
    struct option_row options[CERTS_OPTION_COUNT + 11];
    struct command command = {
        .name = "certs rotate",
        .purpose = purpose,
        .examples = "fairgate certs rotate --dir certs\n"
                    "fairgate certs rotate --in-cluster --namespace fairgate --service fairgate\n"
                    "fairgate certs rotate --kubeconfig admin.conf --new-ca --dry-run\n",
        .exits = "0  done, or nothing to do; what a later run does is told\n"
                 "1  done, but there is neither webhook configuration, or not what is expected\n"
                 "2  could not be carried out; what was in force still is\n",
        .options = options,
    };
    struct arguments arguments = {.arena = &arena};

    command.option_count = add_place_options(&call, options);
    command.option_count += add_step_options(&call, options + command.option_count);
    command.option_count += certs_add_options(&call.options, options + command.option_count);
    call.command = &command;
    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = rotate(&call);
    arena_release(&arena);
    return arguments.status;
}
