/* digest: SHA-256 of texts. Wraps OpenSSL's libcrypto. */
#pragma once

#include "base/arena.h"

struct digest;

struct digest *digest_new(void);
/* The length goes in, too, so that what is one text and what the next can't be confused. */
void digest_add(struct digest *digest, struct bytes text);
/* "sha256:" and 64 hex digits; frees the digest. Lives in `arena`. */
const char *digest_finish_take(struct digest *digest, struct arena *arena);
