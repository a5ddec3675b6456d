/* image_ref: a container image reference, parsed and normalised as
 * github.com/distribution/reference does it (normalize.go, regexp.go): `nginx` is
 * docker.io/library/nginx. */
#pragma once

#include "base/arena.h"

struct image_ref {
    const char *host; /* lower case; with the port where one is given: registry.example.com:5000 */
    const char *path; /* library/nginx */
    const char *name; /* host/path */
    const char *tag;  /* "latest" where neither tag nor digest is given; "" with a digest alone */
    const char *digest; /* "sha256:..." or "" */
};

/* Fails where upstream's parser fails (upper case in the path, white space, 64 hex characters
 * alone, a bad tag or digest, more than 255 bytes of name). Lives in `arena`. */
bool image_ref_parse(struct bytes text, struct arena *arena, struct image_ref *out,
                     struct error *err) MUST_CHECK;

/* A pattern over host and path: the host's part matched in lower case, ports part of it, `*` inside
 * one segment (in the host too: it stops at `/`), `**` across segments. A pattern that starts with
 * "**" may match any host. */
bool image_pattern_matches(const char *pattern, const struct image_ref *ref);

/* What a pattern may be: not empty, characters of references and `*` only, no tag and no digest.
 * With `needs_host`, the part before the first `/` must be a whole host: it has a `.` or `:` or is
 * localhost, and holds no `*`. `err` says what to write instead. */
bool image_pattern_check(struct bytes pattern, bool needs_host, struct error *err) MUST_CHECK;
