/* kubeconfig: where the API server is, by what it is known, and who we are to it.
 *
 * Of a kubeconfig the current context is read. TLS is verified always, so there is no https-less
 * server and no insecure-skip-tls-verify; what would run programs or ask people (exec,
 * auth-provider, passwords), act as somebody else (as, as-groups, ...) or go another way
 * (proxy-url) is refused rather than passed over. Members that mean nothing here are passed over.
 *
 * Where a value is given both as data and as a file, the data counts, as in kubectl; of token and
 * tokenFile the file. Without a CA the system's are trusted. Files are read anew with each
 * connection, and an answer of 401 makes a new one, so that they can be renewed in place. */
#pragma once

#include "base/node.h"

/* PEM text, or the file that holds it. All zero: neither. */
struct kubeconfig_pem {
    struct bytes text; /* text.len > 0: this */
    const char *file;
    const char *place; /* where it was given, for messages: "FILE:LINE:COLUMN: NAME" */
};

/* What it points to lives in the arena that it was read with. NULL: not given. */
struct kubeconfig {
    const char *server; /* https://HOST[:PORT][/PATH], without a slash at the end */
    const char *tls_server_name;
    struct kubeconfig_pem ca, certificate, key;
    const char *token, *token_file;
    const char *token_file_place;
};

/* Read a kubeconfig and look whether its files are there and hold what they should. `err` is one
 * line that names file and problem. */
bool kubeconfig_read(const char *path, struct arena *arena, struct kubeconfig *out,
                     struct error *err) MUST_CHECK;

/* The same without a look at the files that it names. Relative paths become relative to the folder
 * of `source->name`. */
bool kubeconfig_parse(const struct source *source, struct arena *arena, struct kubeconfig *out,
                      struct error *err) MUST_CHECK;

/* What a pod has: KUBERNETES_SERVICE_HOST and _PORT, and the service account's `token` and `ca.crt`
 * in `folder`. */
bool kubeconfig_in_cluster(const char *folder, struct arena *arena, struct kubeconfig *out,
                           struct error *err) MUST_CHECK;

/* What `--kubeconfig PATH` means, or, where `path` is NULL, `--in-cluster`. */
bool kubeconfig_find(const char *path, struct arena *arena, struct kubeconfig *out,
                     struct error *err) MUST_CHECK;

/* The token in a file, without white space around it; it is fit for an HTTP header. */
bool kubeconfig_read_token(const char *path, struct arena *arena, const char **out,
                           struct error *err) MUST_CHECK;
