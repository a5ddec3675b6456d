#include "certs/issue.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"

enum {
    SERIAL_BITS = 128,
    MOST_COMMON_NAME_BYTES = 64,
    MOST_NAME_BYTES = 253,
    MOST_LABEL_BYTES = 63
};

/* An extension whose value is OpenSSL's own notation; never text from outside. */
struct extension {
    int id;
    const char *value;
};

static const struct extension of_authorities[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static const struct extension of_servers[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static bool fail(struct error *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    error_set(err, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
    ERR_clear_error();
    return false;
}

/* ---- names */

void server_names_add_service(struct server_names *names, const char *const name_and_namespace[2],
                              const char *cluster_domain, struct arena *arena)
{
    const char *name = name_and_namespace[0], *space = name_and_namespace[1];

    strings_add_new(&names->dns, arena, name);
    strings_add_new(&names->dns, arena, arena_printf(arena, "%s.%s", name, space));
    strings_add_new(&names->dns, arena, arena_printf(arena, "%s.%s.svc", name, space));
    strings_add_new(&names->dns, arena,
                    arena_printf(arena, "%s.%s.svc.%s", name, space, cluster_domain));
}

/* Of letters, digits and hyphens, which neither begin nor end it. */
static bool is_label(struct bytes label)
{
    for (size_t i = 0; i < label.len; i++) {
        bool is_at_end = i == 0 || i + 1 == label.len;

        if (!isalnum((unsigned char)label.data[i]) && (label.data[i] != '-' || is_at_end))
            return false;
    }
    return label.len > 0 && label.len <= MOST_LABEL_BYTES;
}

/* The first label may be `*`. */
static bool is_dns_name(const char *name)
{
    struct bytes rest = bytes_from(name);

    if (rest.len > MOST_NAME_BYTES)
        return false;
    if (bytes_has_prefix(rest, BYTES("*.")))
        rest = bytes_tail(rest, 2);
    for (;;) {
        const char *dot = memchr(rest.data, '.', rest.len);
        size_t len = dot ? (size_t)(dot - rest.data) : rest.len;

        if (!is_label((struct bytes){rest.data, len}))
            return false;
        if (!dot)
            return true;
        rest = bytes_tail(rest, len + 1);
    }
}

static bool refuse(const char *what, const char *name, struct error *err)
{
    struct arena arena = {0};

    error_set(err, "expected %s, got \"%s\"", what, text_quote(&arena, bytes_from(name)));
    arena_release(&arena);
    return false;
}

static bool is_address(const char *name)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);

    ASN1_OCTET_STRING_free(address);
    return address;
}

/* INVARIANT: no address is a DNS name: who verifies would look for it among the addresses. */
bool server_names_check(const struct server_names *names, struct error *err)
{
    for (size_t i = 0; i < names->dns.count; i++) {
        if (!is_dns_name(names->dns.items[i]) || is_address(names->dns.items[i]))
            return refuse("a DNS name", names->dns.items[i], err);
    }
    for (size_t i = 0; i < names->addresses.count; i++) {
        if (!is_address(names->addresses.items[i]))
            return refuse("an IP address", names->addresses.items[i], err);
    }
    return true;
}

static void push_name(GENERAL_NAMES *list, int type, ASN1_STRING *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();

    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(list, name);
}

static bool add_server_names(X509 *certificate, const struct server_names *names)
{
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    bool is_added;

    for (size_t i = 0; i < names->dns.count; i++) {
        ASN1_STRING *text = ASN1_IA5STRING_new();

        ASN1_STRING_set(text, names->dns.items[i], -1);
        push_name(list, GEN_DNS, text);
    }
    for (size_t i = 0; i < names->addresses.count; i++)
        push_name(list, GEN_IPADD, a2i_IPADDRESS(names->addresses.items[i]));
    is_added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT);
    GENERAL_NAMES_free(list);
    return is_added;
}

/* ---- certificates */

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *rows,
                           size_t count)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, &context, rows[i].id, rows[i].value);
        bool is_added = one && X509_add_ext(certificate, one, -1);

        X509_EXTENSION_free(one);
        if (!is_added)
            return false;
    }
    return true;
}

static bool set_serial(X509 *certificate, BIGNUM *serial)
{
    return BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
           BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
}

static bool set_common_name(X509 *certificate, const char *name)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0);
}

/* All but names, extensions and signature. */
static bool fill(X509 *certificate, const struct issuing *issuing, EVP_PKEY *key)
{
    int64_t ends = issuing->now + issuing->days * ISSUE_DAY_SECONDS;
    BIGNUM *serial = BN_new();
    bool is_set =
        serial && X509_set_version(certificate, X509_VERSION_3) &&
        set_serial(certificate, serial) && X509_set_pubkey(certificate, key) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), issuing->now - ISSUE_BACKDATE_SECONDS) &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), ends);

    BN_free(serial);
    return is_set;
}

static void cleanse(void *key)
{
    const struct bytes *text = key;

    OPENSSL_cleanse((char *)text->data, text->len);
}

/* INVARIANT: no copy of a key is left in memory once the arena is released. */
static struct bytes write_key(EVP_PKEY *key, struct arena *arena)
{
    struct bytes *text = arena_alloc(arena, sizeof(*text));
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data = NULL;
    long len = 0;

    if (PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        len = BIO_get_mem_data(bio, &data);
    *text = arena_copy_bytes(arena, (struct bytes){data, (size_t)len});
    arena_on_release(arena, cleanse, text);
    BIO_free(bio);
    return *text;
}

static void write_pair(X509 *certificate, EVP_PKEY *key, struct arena *arena, struct pair *out)
{
    const struct chain alone = {.items = {certificate}, .count = 1};

    out->certificate = chain_write(&alone, arena);
    out->key = write_key(key, arena);
}

/* So that an authority and the one that takes its place have different names. */
static const char *authority_name(const X509 *certificate, struct arena *arena)
{
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *digits = BN_bn2hex(serial);
    const char *name = arena_printf(arena, "fairgate CA %.8s", digits);

    OPENSSL_free(digits);
    BN_free(serial);
    return name;
}

bool issue_authority(const struct issuing *issuing, struct pair *out, struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool is_made = key && certificate && fill(certificate, issuing, key) &&
                   set_common_name(certificate, authority_name(certificate, issuing->arena)) &&
                   X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) &&
                   add_extensions(certificate, certificate, of_authorities,
                                  sizeof(of_authorities) / sizeof(*of_authorities)) &&
                   X509_sign(certificate, key, EVP_sha256());

    if (is_made)
        write_pair(certificate, key, issuing->arena, out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_made || fail(err, "making a CA");
}

/* The longest of the names that fits; nobody who verifies looks at it. */
static const char *common_name(const struct server_names *names)
{
    const char *best = "fairgate";
    size_t longest = 0;

    for (size_t i = 0; i < names->dns.count; i++) {
        size_t len = strlen(names->dns.items[i]);

        if (len <= MOST_COMMON_NAME_BYTES && len > longest) {
            longest = len;
            best = names->dns.items[i];
        }
    }
    return best;
}

static bool end_with_issuer(X509 *certificate, const X509 *issuer)
{
    return certificate_ends(certificate) <= certificate_ends(issuer) ||
           X509_set1_notAfter(certificate, X509_get0_notAfter(issuer));
}

/* These sign what is not digested before. */
static const EVP_MD *digest_for(const EVP_PKEY *key)
{
    int kind = EVP_PKEY_get_base_id(key);

    return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? NULL : EVP_sha256();
}

static bool sign_server(X509 *certificate, const struct server_names *names,
                        const struct chain *authority)
{
    X509 *issuer = authority->items[0];

    return set_common_name(certificate, common_name(names)) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) &&
           end_with_issuer(certificate, issuer) &&
           add_extensions(certificate, issuer, of_servers,
                          sizeof(of_servers) / sizeof(*of_servers)) &&
           add_server_names(certificate, names) &&
           X509_sign(certificate, authority->key, digest_for(authority->key));
}

bool issue_server(const struct issuing *issuing, const struct server_names *names,
                  const struct pair *authority, struct pair *out, struct error *err)
{
    struct chain issuer = {0};
    X509 *certificate;
    EVP_PKEY *key;
    bool is_made;

    if (!chain_read(authority->certificate, issuing->arena, &issuer, err) ||
        !chain_read(authority->key, issuing->arena, &issuer, err))
        return error_wrap(err, "the CA");
    if (issuer.count != 1 || !issuer.key || !certificate_has_key(issuer.items[0], issuer.key))
        return fail(err, "the CA's certificate and key");
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    is_made = key && certificate && fill(certificate, issuing, key) &&
              sign_server(certificate, names, &issuer);
    if (is_made)
        write_pair(certificate, key, issuing->arena, out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_made || fail(err, "making a certificate");
}

int64_t certificate_made(const struct x509_st *certificate)
{
    return certificate_begins(certificate) + ISSUE_BACKDATE_SECONDS;
}
