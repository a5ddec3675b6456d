#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include "base/file.h"
#include "base/memory.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

/* What one handshake needs; references of its own. */
struct credentials {
    X509 *certificate;
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
    X509_STORE *clients; /* NULL: clients need no certificate */
    STACK_OF(X509_NAME) * client_names;
};

struct tls {
    struct tls_files files;
    SSL_CTX *context;
    pthread_mutex_t lock;
    struct credentials now; /* guarded by lock */
};

static void credentials_release(struct credentials *credentials)
{
    X509_free(credentials->certificate);
    EVP_PKEY_free(credentials->key);
    sk_X509_pop_free(credentials->chain, X509_free);
    X509_STORE_free(credentials->clients);
    sk_X509_NAME_pop_free(credentials->client_names, X509_NAME_free);
    *credentials = (struct credentials){0};
}

static bool fail(struct error *err, const char *path, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    error_set(err, "%s: %s%s%s%s", path, what, reason ? " (" : "", reason ? reason : "",
              reason ? ")" : "");
    ERR_clear_error();
    return false;
}

static int refuse_passphrase(char *text, int size, int is_writing, void *data)
{
    (void)text;
    (void)size;
    (void)is_writing;
    (void)data;
    return -1;
}

/* All certificates of a file; none is a mistake. */
static bool read_certificates(const char *path, struct arena *arena, STACK_OF(X509) * *out,
                              struct error *err)
{
    STACK_OF(X509) *list = NULL;
    struct bytes text;
    X509 *one;
    BIO *bio;

    if (!file_read_now(path, FILE_MAX_BYTES, arena, &text, err))
        return false;
    list = sk_X509_new_null();
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    while ((one = PEM_read_bio_X509(bio, NULL, refuse_passphrase, NULL))) {
        /* Works out what OpenSSL keeps beside a certificate, so that handshakes only read. */
        X509_check_purpose(one, -1, 0);
        sk_X509_push(list, one);
    }
    BIO_free(bio);
    if (sk_X509_num(list) == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        sk_X509_pop_free(list, X509_free);
        return fail(err, path, "expected certificates as PEM");
    }
    ERR_clear_error(); /* the end of the file */
    *out = list;
    return true;
}

static bool read_key(const char *path, struct arena *arena, EVP_PKEY **out, struct error *err)
{
    struct bytes text;
    BIO *bio;

    if (!file_read_now(path, FILE_MAX_BYTES, arena, &text, err))
        return false;
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    *out = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);
    BIO_free(bio);
    OPENSSL_cleanse((char *)text.data, text.len);
    return *out || fail(err, path, "expected a private key as PEM, without passphrase");
}

static bool read_clients(const char *path, struct arena *arena, struct credentials *out,
                         struct error *err)
{
    STACK_OF(X509) * list;

    if (!read_certificates(path, arena, &list, err))
        return false;
    out->clients = X509_STORE_new();
    out->client_names = sk_X509_NAME_new_null();
    for (int i = 0; i < sk_X509_num(list); i++) {
        X509 *one = sk_X509_value(list, i);

        X509_STORE_add_cert(out->clients, one);
        sk_X509_NAME_push(out->client_names, X509_NAME_dup(X509_get_subject_name(one)));
    }
    sk_X509_pop_free(list, X509_free);
    return true;
}

/* Does it belong to the certificate, and its private half to its public one? */
static bool is_key_of(EVP_PKEY *key, const X509 *certificate)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool is_one = context && X509_check_private_key(certificate, key) == 1 &&
                  EVP_PKEY_pairwise_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return is_one;
}

/* OpenSSL looks at strength only when it is to use them. */
static bool is_usable(const struct credentials *credentials)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int is_used = SSL_CTX_use_cert_and_key(context, credentials->certificate, credentials->key,
                                           credentials->chain, 1);

    SSL_CTX_free(context);
    return is_used == 1;
}

static bool read_files(const struct tls_files *files, struct arena *arena, struct credentials *out,
                       struct error *err)
{
    if (!read_certificates(files->certificate, arena, &out->chain, err))
        return false;
    out->certificate = sk_X509_shift(out->chain);
    if (!read_key(files->key, arena, &out->key, err))
        return false;
    if (!is_key_of(out->key, out->certificate))
        return error_set(err, "%s: isn't the key of the certificate in %s", files->key,
                         files->certificate);
    if (!is_usable(out))
        return fail(err, files->certificate, "no handshake can use it");
    return !files->client_ca || read_clients(files->client_ca, arena, out, err);
}

static bool credentials_read(const struct tls_files *files, struct credentials *out,
                             struct error *err)
{
    struct arena arena = {0};
    bool is_read;

    ERR_clear_error();
    is_read = read_files(files, &arena, out, err);
    arena_release(&arena);
    if (!is_read)
        credentials_release(out);
    return is_read;
}

/* References to what is in force. */
static struct credentials take(struct tls *tls)
{
    struct credentials now;

    pthread_mutex_lock(&tls->lock);
    now = tls->now;
    X509_up_ref(now.certificate);
    EVP_PKEY_up_ref(now.key);
    now.chain = X509_chain_up_ref(now.chain);
    if (now.clients) {
        X509_STORE_up_ref(now.clients);
        now.client_names = SSL_dup_CA_list(now.client_names);
    }
    pthread_mutex_unlock(&tls->lock);
    return now;
}

/* OpenSSL calls it in each handshake, when the client has spoken. */
static int use_credentials(SSL *ssl, void *data)
{
    struct credentials now = take(data);
    int is_used = SSL_use_cert_and_key(ssl, now.certificate, now.key, now.chain, 1);

    if (is_used && now.clients) {
        SSL_set1_verify_cert_store(ssl, now.clients);
        SSL_set_client_CA_list(ssl, now.client_names); /* takes the list */
        now.client_names = NULL;
    }
    credentials_release(&now);
    return is_used;
}

static SSL_CTX *context_new(struct tls *tls)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    /* The API server never resumes a session, so tickets would be made for nobody. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    /* Idle connections, of which there may be thousands, hold no record buffers. */
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
    if (tls->files.client_ca)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_cb(context, use_credentials, tls);
    return context;
}

void tls_init(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

struct tls *tls_new(const struct tls_files *files, struct error *err)
{
    struct credentials credentials = {0};
    struct tls *tls;

    if (!credentials_read(files, &credentials, err))
        return NULL;
    tls = memory_alloc(sizeof(*tls));
    tls->files = *files;
    tls->now = credentials;
    pthread_mutex_init(&tls->lock, NULL);
    tls->context = context_new(tls);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    credentials_release(&tls->now);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

uint64_t tls_fingerprint(const struct tls_files *files)
{
    uint64_t sum = file_fingerprint(files->certificate) + file_fingerprint(files->key);

    return files->client_ca ? sum + file_fingerprint(files->client_ca) : sum;
}

static bool is_valid_now(const X509 *certificate)
{
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* One that nobody would believe doesn't take the place of one that is believed. */
static bool is_worse(struct tls *tls, const struct credentials *credentials)
{
    struct credentials now = take(tls);
    bool is_one = is_valid_now(now.certificate) && !is_valid_now(credentials->certificate);

    credentials_release(&now);
    return is_one;
}

static bool may_replace(struct tls *tls, const struct credentials *credentials,
                        uint64_t fingerprint, struct error *err)
{
    const char *path = tls->files.certificate;

    if (tls_fingerprint(&tls->files) != fingerprint)
        return error_set(err, "%s, or a file beside it, changed while it was read", path);
    return !is_worse(tls, credentials) ||
           error_set(err, "%s: not valid at this time, and the one in force is", path);
}

bool tls_reload(struct tls *tls, uint64_t fingerprint, struct error *err)
{
    struct credentials credentials = {0}, old;

    if (!credentials_read(&tls->files, &credentials, err))
        return false;
    if (!may_replace(tls, &credentials, fingerprint, err)) {
        credentials_release(&credentials);
        return false;
    }
    pthread_mutex_lock(&tls->lock);
    old = tls->now;
    tls->now = credentials;
    pthread_mutex_unlock(&tls->lock);
    credentials_release(&old);
    return true;
}

struct ssl_ctx_st *tls_context(struct tls *tls)
{
    return tls->context;
}

int64_t tls_expires(struct tls *tls)
{
    struct credentials now = take(tls);
    struct tm parts = {0};
    int64_t expires = 0;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(now.certificate), &parts))
        expires = timegm(&parts);
    credentials_release(&now);
    return expires;
}

const char *tls_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
