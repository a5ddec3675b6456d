#include "http/path_secret.h"

#include <openssl/crypto.h>
#include <pthread.h>

#include "base/file.h"
#include "base/memory.h"

enum { LEAST_BYTES = 16, MOST_BYTES = 256, FILE_MAX_BYTES = 4096 };

/* Of the same size whatever it is; what is behind it is 0, so that none begins another. */
struct word {
    char text[MOST_BYTES];
};

struct path_secret {
    const char *path;
    pthread_mutex_t lock;
    struct word now,
        before; /* guarded by lock; `before` is empty at first, which nothing matches */
};

static bool is_fit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool read_word(struct bytes text, struct word *out)
{
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (text.len < LEAST_BYTES || text.len > MOST_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_fit(text.data[i]))
            return false;
    }
    *out = (struct word){0};
    memcpy(out->text, text.data, text.len);
    return true;
}

static bool read_file(const char *path, struct word *out, struct error *err)
{
    struct arena arena = {0};
    struct bytes text;
    bool is_sound = file_read_now(path, FILE_MAX_BYTES, &arena, &text, err);

    if (is_sound) {
        is_sound = read_word(text, out) ||
                   error_set(err, "%s: expected one line of %d to %d letters, digits, - and _",
                             path, LEAST_BYTES, MOST_BYTES);
        OPENSSL_cleanse((char *)text.data, text.len);
    }
    arena_release(&arena);
    return is_sound;
}

struct path_secret *path_secret_new(const char *path, struct error *err)
{
    struct path_secret *secret;
    struct word word;

    if (!read_file(path, &word, err))
        return NULL;
    secret = memory_alloc(sizeof(*secret));
    secret->path = path;
    secret->now = word;
    pthread_mutex_init(&secret->lock, NULL);
    return secret;
}

void path_secret_free(struct path_secret *secret)
{
    if (!secret)
        return;
    pthread_mutex_destroy(&secret->lock);
    OPENSSL_cleanse(secret, sizeof(*secret));
    free(secret);
}

bool path_secret_matches(struct path_secret *secret, struct bytes word)
{
    struct word asked = {0}, now, before;
    bool is_now, is_before;

    if (word.len < LEAST_BYTES || word.len > MOST_BYTES || memchr(word.data, '\0', word.len))
        return false;
    memcpy(asked.text, word.data, word.len);
    pthread_mutex_lock(&secret->lock);
    now = secret->now;
    before = secret->before;
    pthread_mutex_unlock(&secret->lock);
    is_now = CRYPTO_memcmp(asked.text, now.text, MOST_BYTES) == 0;
    is_before = CRYPTO_memcmp(asked.text, before.text, MOST_BYTES) == 0;
    return is_now || is_before;
}

bool path_secret_reload(struct path_secret *secret, uint64_t fingerprint, struct error *err)
{
    struct word word;

    if (!read_file(secret->path, &word, err))
        return false;
    if (file_fingerprint(secret->path) != fingerprint)
        return error_set(err, "%s: changed while it was read", secret->path);
    pthread_mutex_lock(&secret->lock);
    /* A file written anew as it was ends nothing. */
    if (memcmp(word.text, secret->now.text, MOST_BYTES) != 0) {
        secret->before = secret->now;
        secret->now = word;
    }
    pthread_mutex_unlock(&secret->lock);
    return true;
}
