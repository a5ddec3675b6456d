/* path_secret: a word that the paths of reviews end with, so that only who knows it may send any.
 * The one before it goes on, until there is another: API servers learn of the new one some time
 * later. It is never written anywhere. */
#pragma once

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct path_secret;

/* `path` must outlive it. */
struct path_secret *path_secret_new(const char *path, struct error *err) MUST_CHECK;
void path_secret_free(struct path_secret *secret);

/* The word in the file, or the one before it? Takes as long for every word that is wrong. */
bool path_secret_matches(struct path_secret *secret, struct bytes word);

/* Read the file anew. False: it can't be used, or its fingerprint (base/file.h) is another, and
 * nothing has changed. */
bool path_secret_reload(struct path_secret *secret, uint64_t fingerprint,
                        struct error *err) MUST_CHECK;
