/* chain: certificates and their private key, as PEM holds them. Wraps OpenSSL, as all of certs/
 * does: no files but in folder.c, no sockets, nothing is printed. */
#pragma once

#include <stdint.h>

#include "base/arena.h"

enum { CHAIN_MOST_BYTES = 1024 * 1024, CHAIN_MOST_CERTIFICATES = 64 };

struct x509_st;     /* OpenSSL's X509 */
struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* A zeroed one is empty. What is in it lives in the arena that it was read with. */
struct chain {
    struct x509_st *items[CHAIN_MOST_CERTIFICATES];
    size_t count;
    struct evp_pkey_st *key; /* NULL: none */
    bool has_encrypted_key;
};

/* Add all certificates of a text, and its private key, to `out`; other PEM blocks, and what stands
 * between blocks, are passed over. False where a block is broken or encrypted, there are too many,
 * or a second key comes; `out` is then good for nothing. */
bool chain_read(struct bytes pem, struct arena *arena, struct chain *out,
                struct error *err) MUST_CHECK;

/* Only the certificates, as PEM. */
struct bytes chain_write(const struct chain *chain, struct arena *arena);

/* Is a certificate of these the very same? */
bool chain_has(const struct chain *chain, const struct x509_st *certificate);

/* Was `certificate` signed by `issuer`: its name and its signature? */
bool certificate_is_signed_by(struct x509_st *certificate, struct x509_st *issuer);

/* Does the key belong to it, and do the key's halves belong together? */
bool certificate_has_key(const struct x509_st *certificate, struct evp_pkey_st *key);

/* Its subject in one line: "CN=fairgate CA". */
const char *certificate_name(const struct x509_st *certificate, struct arena *arena);

/* When it begins and ends, in seconds since 1970. */
int64_t certificate_begins(const struct x509_st *certificate);
int64_t certificate_ends(const struct x509_st *certificate);
