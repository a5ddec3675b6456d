/* certs issue: a CA and a server's certificate, in a folder that has none yet. */
#include "cli/commands.h"

#include "base/instant.h"
#include "cli/certs_options.h"
#include "cli/output.h"

/* One call. */
struct issue_call {
    const struct command *command;
    struct arena *arena;
    struct certs_options options;
    const char *directory, *format;
};

static bool issue_all(const struct issue_call *call, struct folder_file files[CERTS_FILE_COUNT],
                      struct error *err)
{
    struct issuing issuing = {call->arena, 0, call->options.days_ca};
    struct pair authority, server;
    struct server_names names;

    if (!options_read_time(call->options.time, &issuing.now, err) ||
        !certs_read_names(&call->options, call->arena, &names, err) ||
        !issue_authority(&issuing, &authority, err))
        return false;
    issuing.days = call->options.days;
    if (!issue_server(&issuing, &names, &authority, &server, err))
        return false;
    memcpy(files, certs_files, sizeof(certs_files));
    files[CERTS_CA].text = authority.certificate;
    files[CERTS_CA_KEY].text = authority.key;
    files[CERTS_SERVER].text = server.certificate;
    files[CERTS_SERVER_KEY].text = server.key;
    return true;
}

static bool is_free(const struct folder *folder, const char *directory, struct error *err)
{
    for (size_t i = 0; i < CERTS_FILE_COUNT; i++) {
        if (folder_has(folder, certs_files[i].name))
            return error_set(err, "%s/%s is there already; see fairgate certs rotate", directory,
                             certs_files[i].name);
    }
    return true;
}

static bool write_files(const struct issue_call *call, const struct folder_file *files,
                        struct error *err)
{
    struct folder *folder = folder_open(call->directory, err);
    bool is_written = folder && is_free(folder, call->directory, err) &&
                      folder_replace(folder, files, CERTS_FILE_COUNT, err);

    folder_close(folder);
    return is_written;
}

static void print_issued(const struct issue_call *call, const struct folder_file *files)
{
    json_t *root = json_object();

    for (size_t i = 0; i < CERTS_FILE_COUNT; i++) {
        const char *path = arena_printf(call->arena, "%s/%s", call->directory, files[i].name);
        struct chain chain = {0};
        struct error ignored;
        const char *ends;

        if (files[i].is_secret || !chain_read(files[i].text, call->arena, &chain, &ignored))
            continue;
        ends = instant_write(certificate_ends(chain.items[0]), call->arena);
        if (!strcmp(call->format, "text"))
            printf("%s: %s, until %s\n", path, certificate_name(chain.items[0], call->arena), ends);
        json_object_set_new(root, i == CERTS_CA ? "ca" : "certificate",
                            json_pack("{s:s, s:s, s:s}", "file", path, "name",
                                      certificate_name(chain.items[0], call->arena), "ends", ends));
    }
    if (!strcmp(call->format, "text"))
        json_decref(root);
    else
        output_print_take(root, call->format, call->arena);
}

static int issue(const struct issue_call *call)
{
    struct folder_file files[CERTS_FILE_COUNT];
    struct error err;

    if (!issue_all(call, files, &err) || !write_files(call, files, &err))
        return options_complain(call->command, "%s", err.text);
    print_issued(call, files);
    return EXIT_YES;
}

int certs_issue(int argc, char **argv)
{
    struct arena arena = {0};
    struct issue_call call = {.arena = &arena, .options = certs_defaults, .format = "text"};
    struct option_row options[CERTS_OPTION_COUNT + 2] = {
        {.name = "dir",
         .argument = "DIR",
         .help = "Where ca.crt, ca.key, tls.crt and tls.key go; made where it isn't there.",
         .is_required = true,
         .text = &call.directory},
        output_option(&call.format),
    };
    const struct command command = {
        .name = "certs issue",
        .purpose = "Makes a certificate authority and a certificate that it signs for a server: "
                   "for the names of its Service in the cluster, and others that are asked for. "
                   "Keys are P-256, readable by their owner alone. Nothing is overwritten.",
        .examples = "fairgate certs issue --dir certs\n"
                    "fairgate certs issue --dir certs --service hook --namespace gpu --dns "
                    "hook.example.com --ip 192.0.2.7\n",
        .exits = "0  made\n2  something is there already, or can't be written; nothing was made\n",
        .options = options,
        .option_count = 2 + certs_add_options(&call.options, options + 2),
    };
    struct arguments arguments = {.arena = &arena};

    call.command = &command;
    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = issue(&call);
    arena_release(&arena);
    return arguments.status;
}
