/* issue: a certificate authority of our own, and what it signs for a server. Keys are P-256. */
#pragma once

#include "base/strings.h"
#include "certs/chain.h"

/* A certificate and its private key, both as PEM. A key that is made here is overwritten when its
 * arena is released. */
struct pair {
    struct bytes certificate, key;
};

/* What a server is called; each name once. */
struct server_names {
    struct strings dns, addresses;
};

/* What both kinds of certificates need. */
struct issuing {
    struct arena *arena; /* of what is issued */
    int64_t now;
    int64_t days; /* how long it is valid */
};

/* Certificates begin a little before they are made, since clocks differ. */
enum { ISSUE_BACKDATE_SECONDS = 300, ISSUE_DAY_SECONDS = 24 * 60 * 60 };

/* The names that a Service has in its cluster, shortest first: NAME, NAME.NAMESPACE, ... */
void server_names_add_service(struct server_names *names, const char *const name_and_namespace[2],
                              const char *cluster_domain, struct arena *arena);

/* Are these all such as may stand in a certificate? `err` names the first that is not. */
bool server_names_check(const struct server_names *names, struct error *err) MUST_CHECK;

/* An authority that may sign servers' certificates, and no further authority. */
bool issue_authority(const struct issuing *issuing, struct pair *out, struct error *err) MUST_CHECK;

/* A server's certificate; it ends with its authority at the latest. `names` has been checked. */
bool issue_server(const struct issuing *issuing, const struct server_names *names,
                  const struct pair *authority, struct pair *out, struct error *err) MUST_CHECK;

/* When a certificate that was issued here was made. */
int64_t certificate_made(const struct x509_st *certificate);
