/* certs check: what is wrong with a chain of certificates. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/instant.h"
#include "certs/check.h"
#include "cli/output.h"

enum { DEFAULT_DAYS = 14, MOST_DAYS = 3650, DAY = 24 * 3600, MOST_FILES = 16 };

/* One call. */
struct check_call {
    const struct command *command;
    struct arena *arena;
    const struct strings *files;
    struct strings roots;
    const char *host, *time, *format;
    int64_t days;
};

/* All files as if they were one. */
static bool read_files(const struct strings *files, struct arena *arena, struct chain *out,
                       struct error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        struct bytes text;

        if (!file_read(files->items[i], CHAIN_MOST_BYTES, arena, &text, err))
            return false;
        if (!chain_read(text, arena, out, err))
            return error_wrap(err, "%s", files->items[i]);
    }
    return out->count > 0 ||
           error_set(err, "%s: expected certificates as PEM, found none", files->items[0]);
}

static json_t *write_certificate(const struct check_call *call, const struct x509_st *certificate)
{
    struct strings names = {0};

    check_names(certificate, call->arena, &names.items, &names.count);
    return json_pack("{s:s, s:o, s:s, s:s}", "name", certificate_name(certificate, call->arena),
                     "names", output_list(&names), "begins",
                     instant_write(certificate_begins(certificate), call->arena), "ends",
                     instant_write(certificate_ends(certificate), call->arena));
}

static json_t *write_json(const struct check_call *call, const struct chain *chain,
                          const struct check_report *report)
{
    json_t *certificates = json_array(), *problems = json_array();

    for (size_t i = 0; i < chain->count; i++)
        json_array_append_new(certificates, write_certificate(call, chain->items[i]));
    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(problems, json_pack("{s:s, s:s}", "problem", report->problems[i].code,
                                                  "message", report->problems[i].text));
    return json_pack("{s:b, s:s, s:s, s:o, s:o}", "sound", report->count == 0, "ends",
                     instant_write(report->ends, call->arena), "endsFirst", report->ends_whose,
                     "certificates", certificates, "problems", problems);
}

static void print_text(const struct check_call *call, const struct chain *chain,
                       const struct check_report *report)
{
    struct strings names = {0};

    check_names(chain->items[0], call->arena, &names.items, &names.count);
    for (size_t i = 0; i < report->count; i++)
        printf("%s\n", report->problems[i].text);
    if (report->count == 0)
        printf("sound, for %s\n", strings_join(&names, names.count, call->arena));
    printf("ends at %s: %s\n", instant_write(report->ends, call->arena), report->ends_whose);
}

static int check(const struct check_call *call)
{
    struct chain chain = {0}, roots = {0};
    struct check_question question = {.chain = &chain,
                                      .roots = call->roots.count ? &roots : NULL,
                                      .host = call->host,
                                      .soon = call->days * DAY};
    struct check_report report;
    struct error err;

    if (!options_read_time(call->time, &question.now, &err) ||
        !read_files(call->files, call->arena, &chain, &err) ||
        (question.roots && !read_files(&call->roots, call->arena, &roots, &err)))
        return options_complain(call->command, "%s", err.text);
    check_chain(&question, call->arena, &report);
    if (!strcmp(call->format, "text"))
        print_text(call, &chain, &report);
    else
        output_print_take(write_json(call, &chain, &report), call->format, call->arena);
    return report.count == 0 ? EXIT_YES : EXIT_NO;
}

static const char purpose[] =
    "Tells everything that is wrong with a server's certificate, those that lead to its authority, "
    "and its private key where one of the FILEs holds it, and when the first of them ends. The "
    "FILEs are read as if they were one: the server's certificate comes first, then each is signed "
    "by the next. It is sound where nothing is wrong.";

int certs_check(int argc, char **argv)
{
    struct arena arena = {0};
    struct arguments arguments = {.arena = &arena};
    struct check_call call = {.arena = &arena,
                              .files = &arguments.operands,
                              .format = "text",
                              .days = DEFAULT_DAYS};
    const struct option_row options[] = {
        {.name = "host",
         .argument = "NAME",
         .help = "A name or an address that it must be for.",
         .text = &call.host},
        {.name = "ca",
         .argument = "FILE",
         .help = "The authorities that it must lead to, as PEM; may be given more than once.",
         .list = &call.roots},
        {.name = "days",
         .argument = "N",
         .help = "What ends sooner is a problem, too; default: 14 days.",
         .number = &call.days,
         .max = MOST_DAYS},
        {.name = "time",
         .argument = "TIME",
         .help = "Judge as of that instant, as in 2026-11-20T00:00:00Z; default: now.",
         .text = &call.time},
        output_option(&call.format),
    };
    const struct command command = {
        .name = "certs check",
        .operands = "FILE...",
        .operands_min = 1,
        .operands_max = MOST_FILES,
        .purpose = purpose,
        .examples =
            "fairgate certs check tls.crt tls.key --ca ca.crt --host fairgate.fairgate.svc\n"
            "fairgate certs check -o json --days 30 tls.crt\n",
        .exits = "0  sound\n1  something is wrong\n2  something can't be read\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(*options),
    };

    call.command = &command;
    if (options_parse(&command, argc, argv, &arguments))
        arguments.status = check(&call);
    arena_release(&arena);
    return arguments.status;
}
