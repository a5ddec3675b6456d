#include "cli/certs_options.h"

enum { MOST_DAYS = 3650 };

const struct certs_options certs_defaults = {
    .service = "fairgate",
    .namespace = "fairgate",
    .cluster_domain = "cluster.local",
    .days_ca = 365,
    .days = 90,
};

const struct folder_file certs_files[CERTS_FILE_COUNT] = {
    [CERTS_CA] = {.name = "ca.crt"},
    [CERTS_CA_KEY] = {.name = "ca.key", .is_secret = true},
    [CERTS_SERVER] = {.name = "tls.crt"},
    [CERTS_SERVER_KEY] = {.name = "tls.key", .is_secret = true},
};

static void add_name_options(struct certs_options *options, struct option_row *rows)
{
    const struct option_row names[] = {
        {.name = "service",
         .argument = "NAME",
         .help = "The Service that the API server calls; default: fairgate.",
         .text = &options->service},
        {.name = "namespace",
         .argument = "NAME",
         .help = "Its namespace; default: fairgate.",
         .text = &options->namespace},
        {.name = "cluster-domain",
         .argument = "NAME",
         .help = "What the cluster's own names end in; default: cluster.local.",
         .text = &options->cluster_domain},
        {.name = "dns",
         .argument = "NAME",
         .help = "One more name; may be given more than once.",
         .list = &options->dns},
        {.name = "ip",
         .argument = "ADDRESS",
         .help = "An address; may be given more than once.",
         .list = &options->addresses},
    };

    memcpy(rows, names, sizeof(names));
}

size_t certs_add_options(struct certs_options *options, struct option_row *rows)
{
    const struct option_row times[] = {
        {.name = "days-ca",
         .argument = "N",
         .help = "How long a new CA is valid; default: 365 days.",
         .number = &options->days_ca,
         .min = 1,
         .max = MOST_DAYS},
        {.name = "days",
         .argument = "N",
         .help = "How long a new certificate is valid, within its CA's time; default: 90 days.",
         .number = &options->days,
         .min = 1,
         .max = MOST_DAYS},
        {.name = "time",
         .argument = "TIME",
         .help = "Act as if it were that instant, as in 2026-11-20T00:00:00Z; default: now.",
         .text = &options->time},
    };
    const size_t time_count = sizeof(times) / sizeof(*times);

    add_name_options(options, rows);
    memcpy(rows + CERTS_OPTION_COUNT - time_count, times, sizeof(times));
    return CERTS_OPTION_COUNT;
}

bool certs_read_names(const struct certs_options *options, struct arena *arena,
                      struct server_names *out, struct error *err)
{
    const char *const service[2] = {options->service, options->namespace};

    *out = (struct server_names){0};
    server_names_add_service(out, service, options->cluster_domain, arena);
    for (size_t i = 0; i < options->dns.count; i++)
        strings_add_new(&out->dns, arena, options->dns.items[i]);
    for (size_t i = 0; i < options->addresses.count; i++)
        strings_add_new(&out->addresses, arena, options->addresses.items[i]);
    return server_names_check(out, err);
}
