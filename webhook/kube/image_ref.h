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

/* Fails where upstream's parser fails: upper case in the path, white space, 64 hex characters
 * alone, a bad tag, a digest of another algorithm than sha256, sha384 and sha512 or of another
 * length, more than 255 bytes of path. Stricter than upstream where it would give a reference
 * without a host (a_b.c/x) and where a host is longer than DNS allows. The host is put in lower
 * case before it is normalised: Docker.io/nginx is docker.io/library/nginx. Lives in `arena`. `err`
 * says what is wrong with it, without the reference: "its tag is none". */
bool image_ref_parse(struct bytes text, struct arena *arena, struct image_ref *out,
                     struct error *err) MUST_CHECK;

/* A pattern over host and path (path_glob_matches over `name`): the host's part matched in lower
 * case, ports part of it, `*` inside one segment (in the host too: it stops at `/`), `**` across
 * segments. A pattern that starts with "**" may match any host. `pattern` has passed
 * image_pattern_check. */
bool image_pattern_matches(const char *pattern, const struct image_ref *ref);

/* Does every reference that `inner` matches also match `outer`? May say no where it is yes in odd
 * cases. */
bool image_pattern_covers(const char *outer, const char *inner);

/* Is there a reference that both could match? May say yes where it is no. */
bool image_pattern_overlaps(const char *a, const char *b);

/* What a pattern may be: not empty, at most 512 bytes, characters of references and `*` only, no
 * tag and no digest, and nothing that could match no reference: upper case in the path, empty
 * parts, docker.io without a library or team, a first part that neither is a host nor has a `*`.
 * With `needs_host`, the part before the first `/` must be a whole host: it has a `.` or `:` or is
 * localhost, and holds no `*`. `err` says what to write instead. */
bool image_pattern_check(struct bytes pattern, bool needs_host, struct error *err) MUST_CHECK;
