#include "certs/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/buf.h"

static void release_certificate(void *what)
{
    X509_free(what);
}

static void release_key(void *what)
{
    EVP_PKEY_free(what);
}

static bool add_certificate(struct chain *chain, const unsigned char *der, long len,
                            struct arena *arena, struct error *err)
{
    X509 *certificate;

    if (chain->count == CHAIN_MOST_CERTIFICATES)
        return error_set_limit(err, "more than %d certificates", CHAIN_MOST_CERTIFICATES);
    certificate = d2i_X509(NULL, &der, len);
    if (!certificate)
        return error_set(err, "certificate %zu is broken", chain->count + 1);
    arena_on_release(arena, release_certificate, certificate);
    chain->items[chain->count++] = certificate;
    return true;
}

static bool add_key(struct chain *chain, const unsigned char *der, long len, struct arena *arena,
                    struct error *err)
{
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, len);

    if (!key)
        return error_set(err, "the private key is broken");
    arena_on_release(arena, release_key, key);
    if (chain->key)
        return error_set(err, "there is a second private key");
    chain->key = key;
    return true;
}

/* One PEM block. `header` is what older formats say about its encryption. */
struct block {
    char *name, *header;
    unsigned char *data;
    long len;
};

static bool add_block(struct chain *chain, const struct block *block, struct arena *arena,
                      struct error *err)
{
    static const char *const certificates[] = {PEM_STRING_X509, PEM_STRING_X509_OLD,
                                               PEM_STRING_X509_TRUSTED};
    size_t len = strlen(block->name), ending = strlen(PEM_STRING_PKCS8INF);

    for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates); i++) {
        if (!strcmp(block->name, certificates[i]))
            return add_certificate(chain, block->data, block->len, arena, err);
    }
    chain->has_encrypted_key =
        !strcmp(block->name, PEM_STRING_PKCS8) || strstr(block->header, "ENCRYPTED");
    if (chain->has_encrypted_key)
        return error_set(err, "the private key is encrypted, which is not supported");
    if (len >= ending && !strcmp(block->name + len - ending, PEM_STRING_PKCS8INF))
        return add_key(chain, block->data, block->len, arena, err);
    return true;
}

static void release_block(struct block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, (size_t)block->len);
}

bool chain_read(struct bytes pem, struct arena *arena, struct chain *out, struct error *err)
{
    bool is_sound = true, is_at_end;
    struct block block = {0};
    BIO *bio;

    if (pem.len > CHAIN_MOST_BYTES)
        return error_set_limit(err, "more than %d bytes", CHAIN_MOST_BYTES);
    bio = BIO_new_mem_buf(pem.data ? pem.data : "", (int)pem.len);
    ERR_clear_error();
    while (is_sound && PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.len)) {
        is_sound = add_block(out, &block, arena, err);
        release_block(&block);
    }
    is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (is_sound && !is_at_end)
        return error_set(err, "broken PEM after %zu certificate%s", out->count,
                         out->count == 1 ? "" : "s");
    return is_sound;
}

/* What a BIO in memory holds; frees it. */
static struct bytes text_take(BIO *bio, struct arena *arena)
{
    struct bytes text;
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);

    text = arena_copy_bytes(arena, (struct bytes){data, len > 0 ? (size_t)len : 0});
    BIO_free(bio);
    return text;
}

struct bytes chain_write(const struct chain *chain, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());

    for (size_t i = 0; i < chain->count; i++)
        PEM_write_bio_X509(bio, chain->items[i]);
    return text_take(bio, arena);
}

bool chain_has(const struct chain *chain, const struct x509_st *certificate)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (X509_cmp(chain->items[i], certificate) == 0)
            return true;
    }
    return false;
}

bool certificate_is_signed_by(struct x509_st *certificate, struct x509_st *issuer)
{
    bool is_signed =
        X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) == 0 &&
        X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;

    ERR_clear_error();
    return is_signed;
}

/* OpenSSL compares the public halves alone. */
bool certificate_has_key(const struct x509_st *certificate, struct evp_pkey_st *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool has_it = context && X509_check_private_key(certificate, key) == 1 &&
                  EVP_PKEY_pairwise_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return has_it;
}

const char *certificate_name(const struct x509_st *certificate, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct bytes text;

    X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                       (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) |
                           ASN1_STRFLGS_UTF8_CONVERT);
    text = text_take(bio, arena);
    return text.len > 0 ? text_quote(arena, text) : "without a name";
}

static int64_t instant_of(const ASN1_TIME *time)
{
    struct tm parts = {0};

    return ASN1_TIME_to_tm(time, &parts) ? timegm(&parts) : 0;
}

int64_t certificate_begins(const struct x509_st *certificate)
{
    return instant_of(X509_get0_notBefore(certificate));
}

int64_t certificate_ends(const struct x509_st *certificate)
{
    return instant_of(X509_get0_notAfter(certificate));
}
