/* tls: certificate, key and the clients' authority, which may change while connections are served.
 *
 * One SSL_CTX lasts for good; each handshake takes what is in force then. (h2o keeps a bare pointer
 * to it between accepting a connection and its first byte, so that none may be freed before.) */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct tls;

struct tls_files {
    const char *certificate; /* PEM: the server's, then those that lead to its authority */
    const char *key;         /* PEM, without passphrase */
    const char *client_ca;   /* PEM; NULL: clients need no certificate */
};

/* INVARIANT: before anything else asks something of OpenSSL, which at the end of the process would
 * take away what threads still use that serve connections. */
void tls_init(void);

/* The paths must outlive what is made. `err` names the file. */
struct tls *tls_new(const struct tls_files *files, struct error *err) MUST_CHECK;
void tls_free(struct tls *tls);

/* Changes when one of the files does: see file_fingerprint. */
uint64_t tls_fingerprint(const struct tls_files *files);

/* Read the files again. False: something is wrong with them, they no longer have that fingerprint,
 * or their certificate is not valid now though the one in force is; what was in force goes on. */
bool tls_reload(struct tls *tls, uint64_t fingerprint, struct error *err) MUST_CHECK;

struct ssl_ctx_st *tls_context(struct tls *tls);

/* When the server's certificate ends, in seconds since 1970. */
int64_t tls_expires(struct tls *tls);

const char *tls_library_version(void);
