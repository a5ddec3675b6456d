#include "base/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdint.h>

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    struct digest *digest = malloc(sizeof(*digest));
    bool is_started;

    assert(digest);
    digest->context = EVP_MD_CTX_new();
    is_started = digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL);
    assert(is_started);
    (void)is_started;
    return digest;
}

void digest_add(struct digest *digest, struct bytes text)
{
    uint64_t len = text.len;

    EVP_DigestUpdate(digest->context, &len, sizeof(len));
    EVP_DigestUpdate(digest->context, text.data, text.len);
}

const char *digest_finish_take(struct digest *digest, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char *text;

    EVP_DigestFinal_ex(digest->context, raw, &len);
    text = arena_alloc(arena, sizeof("sha256:") + 2 * (size_t)len);
    memcpy(text, "sha256:", 7);
    for (unsigned i = 0; i < len; i++) {
        text[7 + 2 * i] = digits[raw[i] >> 4];
        text[8 + 2 * i] = digits[raw[i] & 15];
    }
    EVP_MD_CTX_free(digest->context);
    free(digest);
    return text;
}
