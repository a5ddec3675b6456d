/* certs_options: what several of the `certs` commands are told, and do with it. */
#pragma once

#include "certs/folder.h"
#include "certs/issue.h"
#include "cli/options.h"

/* Whom a server's certificate is for, and how long certificates last. */
struct certs_options {
    const char *service, *namespace, *cluster_domain;
    struct strings dns, addresses;
    int64_t days_ca, days;
    const char *time; /* NULL: now */
};

extern const struct certs_options certs_defaults;

/* Add the options for these; returns how many there are. */
enum { CERTS_OPTION_COUNT = 8 };
size_t certs_add_options(struct certs_options *options, struct option_row *rows);

/* All names, the Service's and the others; checked. */
bool certs_read_names(const struct certs_options *options, struct arena *arena,
                      struct server_names *out, struct error *err) MUST_CHECK;

/* The files of a folder with certificates. */
enum { CERTS_CA, CERTS_CA_KEY, CERTS_SERVER, CERTS_SERVER_KEY, CERTS_FILE_COUNT };
extern const struct folder_file certs_files[CERTS_FILE_COUNT];
