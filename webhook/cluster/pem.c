#include "cluster/pem.h"

#include "base/base64.h"

/* From `mark` on; nothing where there is none. */
static struct bytes find(struct bytes text, const char *mark)
{
    const char *at = text.len ? memmem(text.data, text.len, mark, strlen(mark)) : NULL;

    return at ? bytes_tail(text, (size_t)(at - text.data)) : (struct bytes){0};
}

/* Between two marks is DER: a sequence in base64. */
static bool is_sound(struct bytes body)
{
    struct arena arena = {0};
    struct bytes der;
    bool is_der = base64_decode(body, &arena, &der) && der.len > 2 && der.data[0] == 0x30;

    arena_release(&arena);
    return is_der;
}

bool pem_check_certificates(struct bytes text, struct error *err)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char end[] = "-----END CERTIFICATE-----";
    struct bytes rest = find(text, begin);

    if (rest.len == 0)
        return error_set(err, "expected a PEM certificate (-----BEGIN CERTIFICATE-----)");
    while (rest.len > 0) {
        struct bytes body = bytes_tail(rest, sizeof(begin) - 1), after = find(body, end);

        body.len -= after.len;
        if (after.len == 0 || !is_sound(body))
            return error_set(err, "a broken PEM certificate");
        rest = find(after, begin);
    }
    return true;
}

bool pem_check_key(struct bytes text, struct error *err)
{
    static const char *const kinds[] = {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"};

    if (find(text, "ENCRYPTED").len > 0)
        return error_set(err, "the key is encrypted, which is not supported");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        char begin[64], end[64];
        struct bytes body, after;

        snprintf(begin, sizeof(begin), "-----BEGIN %s-----", kinds[i]);
        snprintf(end, sizeof(end), "-----END %s-----", kinds[i]);
        body = find(text, begin);
        if (body.len == 0)
            continue;
        body = bytes_tail(body, strlen(begin));
        after = find(body, end);
        body.len -= after.len;
        if (after.len > 0 && is_sound(body))
            return true;
        return error_set(err, "a broken PEM key");
    }
    return error_set(err, "expected a PEM key (-----BEGIN PRIVATE KEY-----)");
}
