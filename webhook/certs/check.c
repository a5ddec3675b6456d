#include "certs/check.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/instant.h"
#include "base/strings.h"

enum { LEAST_RSA_BITS = 2048, LEAST_EC_BITS = 256, MINUTE = 60, HOUR = 3600, DAY = 24 * 3600 };

/* One question being answered. */
struct checking {
    const struct check_question *question;
    struct arena *arena;
    struct check_report *out;
};

PRINTF_LIKE(3, 4)
static void tell(const struct checking *checking, const char *code, const char *format, ...)
{
    struct check_problem *problem =
        ARENA_APPEND(checking->arena, checking->out->problems, checking->out->count);
    struct error text;
    va_list args;

    va_start(args, format);
    vsnprintf(text.text, sizeof(text.text), format, args);
    va_end(args);
    *problem = (struct check_problem){code, arena_copy(checking->arena, bytes_from(text.text))};
}

static const char *name_of(const struct checking *checking, const X509 *certificate)
{
    return certificate_name(certificate, checking->arena);
}

/* ---- of each certificate */

/* "5 days", "3 hours": whole ones of the largest unit that fits. */
static const char *span(const struct checking *checking, int64_t seconds)
{
    int64_t unit = seconds >= 2 * DAY ? DAY : seconds >= 2 * HOUR ? HOUR : MINUTE;
    const char *name = unit == DAY ? "day" : unit == HOUR ? "hour" : "minute";
    int64_t count = seconds / unit;

    return arena_printf(checking->arena, "%lld %s%s", (long long)count, name,
                        count == 1 ? "" : "s");
}

static void check_dates(const struct checking *checking, X509 *certificate)
{
    int64_t begins = certificate_begins(certificate), ends = certificate_ends(certificate);
    int64_t now = checking->question->now;
    const char *name = name_of(checking, certificate);

    if (now > ends)
        tell(checking, "expired", "%s: expired at %s, %s ago", name,
             instant_write(ends, checking->arena), span(checking, now - ends));
    else if (ends - now < checking->question->soon)
        tell(checking, "ends-soon", "%s: ends at %s, in %s", name,
             instant_write(ends, checking->arena), span(checking, ends - now));
    if (now < begins)
        tell(checking, "not-yet-valid", "%s: not valid before %s, in %s", name,
             instant_write(begins, checking->arena), span(checking, begins - now));
}

/* Those that Go's library verifies, and are strong enough. */
static void check_curve(const struct checking *checking, X509 *certificate, const EVP_PKEY *key)
{
    static const char *const known[] = {SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1};
    char name[64] = "";
    int is_spelt_out = 0;

    /* Go takes a curve by its name alone; OpenSSL knows the name of one that is spelt out, too. */
    EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_spelt_out);
    if (!is_spelt_out)
        EVP_PKEY_get_group_name(key, name, sizeof(name), NULL);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (!strcmp(name, known[i]))
            return;
    }
    tell(checking, "weak-key",
         "%s: its key is on %s%s; the API server knows P-256, P-384 and P-521",
         name_of(checking, certificate), *name ? "the curve " : "a curve without a name", name);
}

static void check_key_strength(const struct checking *checking, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int kind = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    bool is_rsa = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS;
    int least = is_rsa ? LEAST_RSA_BITS : LEAST_EC_BITS;

    if (kind == EVP_PKEY_ED25519)
        return;
    if (!is_rsa && kind != EVP_PKEY_EC)
        tell(checking, "weak-key", "%s: its key is neither RSA, ECDSA nor Ed25519",
             name_of(checking, certificate));
    else if (EVP_PKEY_get_bits(key) < least)
        tell(checking, "weak-key", "%s: its %s key has %d bits; at least %d are needed",
             name_of(checking, certificate), is_rsa ? "RSA" : "EC", EVP_PKEY_get_bits(key), least);
    else if (kind == EVP_PKEY_EC)
        check_curve(checking, certificate, key);
}

static bool is_self_signed(X509 *certificate)
{
    return certificate_is_signed_by(certificate, certificate);
}

/* Nobody looks at the signature that an authority gives itself. */
static void check_signature(const struct checking *checking, X509 *certificate)
{
    int digest = NID_undef;

    if (is_self_signed(certificate) ||
        !X509_get_signature_info(certificate, &digest, NULL, NULL, NULL))
        return;
    if (digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1)
        tell(checking, "weak-signature", "%s: signed with %s, which can be forged",
             name_of(checking, certificate), digest == NID_sha1 ? "SHA-1" : "MD5");
}

static void check_each(const struct checking *checking, X509 *certificate)
{
    check_dates(checking, certificate);
    check_key_strength(checking, certificate);
    check_signature(checking, certificate);
}

static bool is_authority(X509 *certificate)
{
    BASIC_CONSTRAINTS *basic = X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    bool is_one = basic && basic->ca;

    BASIC_CONSTRAINTS_free(basic);
    return is_one;
}

static void check_authority(const struct checking *checking, X509 *certificate)
{
    check_each(checking, certificate);
    if (!is_authority(certificate))
        tell(checking, "no-ca",
             "%s: may not sign others: CA:TRUE is missing in its basic "
             "constraints",
             name_of(checking, certificate));
    else if (!(X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN))
        tell(checking, "no-ca", "%s: may not sign others: its key usage lacks keyCertSign",
             name_of(checking, certificate));
}

/* ---- of the server's own */

static const char *name_text(const GENERAL_NAME *name, struct arena *arena)
{
    char text[INET6_ADDRSTRLEN] = "";
    int type, len;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

    if (type == GEN_DNS)
        return text_quote(arena, (struct bytes){(const char *)ASN1_STRING_get0_data(value),
                                                (size_t)ASN1_STRING_length(value)});
    if (type != GEN_IPADD)
        return NULL;
    len = ASN1_STRING_length(value);
    if (len != 4 && len != 16)
        return NULL;
    inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), text, sizeof(text));
    return arena_copy(arena, bytes_from(text));
}

void check_names(const struct x509_st *certificate, struct arena *arena, const char ***out,
                 size_t *count)
{
    GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct strings names = {0};

    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const char *text = name_text(sk_GENERAL_NAME_value(list, i), arena);

        if (text)
            strings_add(&names, arena, text);
    }
    GENERAL_NAMES_free(list);
    *out = names.items;
    *count = names.count;
}

bool check_is_for(struct x509_st *certificate, const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);

    ASN1_OCTET_STRING_free(address);
    return address ? X509_check_ip_asc(certificate, host, 0) == 1
                   : X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                                     NULL) == 1;
}

static void check_host(const struct checking *checking, X509 *server)
{
    const char *host = checking->question->host, *name = name_of(checking, server);
    struct strings names = {0};

    check_names(server, checking->arena, &names.items, &names.count);
    if (names.count == 0)
        tell(checking, "no-names",
             "%s: has no subject alternative names; the common name is not "
             "looked at",
             name);
    else if (host && !check_is_for(server, host))
        tell(checking, "other-host", "%s: is not for %s but for %s", name,
             text_quote(checking->arena, bytes_from(host)),
             strings_join(&names, 8, checking->arena));
}

static void check_server(const struct checking *checking, X509 *server)
{
    const struct chain *chain = checking->question->chain;
    const char *name = name_of(checking, server);

    check_each(checking, server);
    if (is_authority(server))
        tell(checking, "is-ca", "%s: is a CA; a server's own certificate comes first", name);
    check_host(checking, server);
    /* Without the extension all usages are allowed. */
    if (!(X509_get_extended_key_usage(server) & (XKU_SSL_SERVER | XKU_ANYEKU)))
        tell(checking, "not-for-servers", "%s: its extended key usage lacks serverAuth", name);
    if (chain->key && !certificate_has_key(server, chain->key))
        tell(checking, "other-key", "%s: the private key is another certificate's", name);
}

/* ---- of the chain */

/* Who of these signed it: of one that was renewed with its key, the one that ends last. NULL:
 * nobody. */
static X509 *issuer_among(const struct chain *chain, X509 *certificate)
{
    X509 *found = NULL;

    for (size_t i = 0; i < chain->count; i++) {
        X509 *one = chain->items[i];

        if ((!found || certificate_ends(one) > certificate_ends(found)) &&
            certificate_is_signed_by(certificate, one))
            found = one;
    }
    return found;
}

static void check_order(const struct checking *checking)
{
    const struct chain *chain = checking->question->chain;

    for (size_t i = 0; i + 1 < chain->count; i++) {
        X509 *one = chain->items[i], *next = chain->items[i + 1], *issuer;

        if (certificate_is_signed_by(one, next))
            continue;
        issuer = is_self_signed(one) ? NULL : issuer_among(chain, one);
        if (issuer)
            tell(checking, "order", "%s: %s must come next, which signed it, and not %s",
                 name_of(checking, one), name_of(checking, issuer), name_of(checking, next));
        else
            tell(checking, "order", "%s: comes after %s, but did not sign it",
                 name_of(checking, next), name_of(checking, one));
    }
}

static const char *issuer_name(const struct checking *checking, const X509 *certificate)
{
    char *line = X509_NAME_oneline(X509_get_issuer_name(certificate), NULL, 0);
    const char *text = text_quote(checking->arena, bytes_from(line ? line : "nobody"));

    OPENSSL_free(line);
    return text;
}

static void note_end(const struct checking *checking, X509 *certificate)
{
    int64_t ends = certificate_ends(certificate);

    if (checking->out->ends_whose && ends >= checking->out->ends)
        return;
    checking->out->ends = ends;
    checking->out->ends_whose = name_of(checking, certificate);
}

/* From the server's certificate up, as far as signatures lead. A chain that goes round is as long
 * as it has certificates. */
static void check_path(const struct checking *checking)
{
    const struct check_question *question = checking->question;
    X509 *at = question->chain->items[0], *issuer;

    for (size_t i = 0; i <= question->chain->count; i++) {
        note_end(checking, at);
        if (question->roots && chain_has(question->roots, at))
            return;
        issuer = question->roots ? issuer_among(question->roots, at) : NULL;
        if (issuer) {
            note_end(checking, issuer);
            check_authority(checking, issuer);
            return;
        }
        issuer = is_self_signed(at) ? NULL : issuer_among(question->chain, at);
        if (!issuer)
            break;
        at = issuer;
    }
    if (question->roots && is_self_signed(at))
        tell(checking, "other-ca", "%s: is none of the given CAs, and the chain leads to it",
             name_of(checking, at));
    else if (question->roots)
        tell(checking, "incomplete",
             "%s: who signed it is neither in the chain nor among the given "
             "CAs: %s",
             name_of(checking, at), issuer_name(checking, at));
}

static bool verify(const struct check_question *question, X509_STORE *roots,
                   STACK_OF(X509) * others, const char **problem)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *how;
    bool is_verified;

    X509_STORE_CTX_init(context, roots, question->chain->items[0], others);
    X509_STORE_CTX_set_default(context, "ssl_server");
    how = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(how, question->now);
    X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN);
    is_verified = X509_verify_cert(context) == 1;
    *problem = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return is_verified;
}

/* What nothing here looks for: a path that is too long, names that a CA may not sign. */
static void check_verifies(const struct checking *checking)
{
    const struct check_question *question = checking->question;
    STACK_OF(X509) *others = sk_X509_new_null();
    X509_STORE *roots = X509_STORE_new();
    const char *problem;

    for (size_t i = 1; i < question->chain->count; i++)
        sk_X509_push(others, question->chain->items[i]);
    for (size_t i = 0; i < question->roots->count; i++)
        X509_STORE_add_cert(roots, question->roots->items[i]);
    if (!verify(question, roots, others, &problem))
        tell(checking, "unverified", "%s: does not verify: %s",
             name_of(checking, question->chain->items[0]), problem);
    X509_STORE_free(roots);
    sk_X509_free(others);
}

void check_chain(const struct check_question *question, struct arena *arena,
                 struct check_report *out)
{
    const struct checking checking = {question, arena, out};

    *out = (struct check_report){0};
    check_server(&checking, question->chain->items[0]);
    for (size_t i = 1; i < question->chain->count; i++)
        check_authority(&checking, question->chain->items[i]);
    check_order(&checking);
    check_path(&checking);
    if (question->roots && out->count == 0)
        check_verifies(&checking);
}
