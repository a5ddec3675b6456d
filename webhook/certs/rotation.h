/* rotation: the next safe step from one certificate to the next, and from one CA to the next.
 *
 * A plan is made of what is stored and nothing else, so that any run may take up what another one
 * left. Whoever carries it out writes in this order: the CA, what those who verify trust, the
 * server's certificate with the bundle. From one CA to the next it takes three runs:
 *
 *   1. a new CA; the bundle has both, the server keeps its certificate
 *   2. once the bundle is published for as long as it takes to be known everywhere (`settle`):
 *      a certificate of the new CA
 *   3. once that is there for as long as it takes to be served everywhere (`settle`): the bundle
 *      without the old CA
 *
 * A certificate of the CA that is trusted already is renewed in one. Where the certificate that is
 * there serves nobody (none, expired, its key another one's) nothing is waited for. */
#pragma once

#include "certs/issue.h"

enum { ROTATION_MOST_TRUSTED = 128 };

/* What is stored, as PEM; empty: it isn't there. What can't be read is made anew. */
struct rotation_state {
    struct bytes authority, authority_key; /* the CA's; others may stand beside its certificate */
    struct pair server;
    struct bytes bundle;                         /* as a plan wrote it */
    struct bytes trusted[ROTATION_MOST_TRUSTED]; /* what each of those who verify has */
    size_t trusted_count;
};

struct rotation_rules {
    const struct server_names *names;
    int64_t now, days_ca, days;
    int64_t settle;    /* seconds */
    bool is_new_asked; /* for a new CA, unless the change to one is under way */
};

struct rotation_plan {
    bool has_new_authority, has_new_server;
    bool has_new_bundle;                       /* or something to be trusted */
    bool is_distrusted[ROTATION_MOST_TRUSTED]; /* which of `trusted` is to be written */
    struct pair authority, server;             /* as they are to be */
    struct bytes bundle;  /* with a line that says since when it has been published */
    struct bytes trusted; /* the certificates alone */

    struct strings changes; /* in words, and why; none: all is as it should be */
    const char *next;       /* what a later run does, and when; NULL: nothing */
    const char *authority_name;
    int64_t authority_ends, server_ends;
};

bool rotation_make_plan(const struct rotation_state *state, const struct rotation_rules *rules,
                        struct arena *arena, struct rotation_plan *out,
                        struct error *err) MUST_CHECK;
