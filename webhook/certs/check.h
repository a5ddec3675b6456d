/* check: what is wrong with a server's chain of certificates, in words, all of it. */
#pragma once

#include "certs/chain.h"

struct check_question {
    const struct chain *chain; /* the server's certificate first, at least that one */
    const struct chain *roots; /* what it should lead to; NULL: not asked */
    const char *host;          /* a name or an address that it should be for; NULL: not asked */
    int64_t now;
    int64_t soon; /* seconds: what ends sooner is a problem */
};

struct check_problem {
    const char *code; /* one word, for programs: "expired" */
    const char *text; /* for people; names the certificate */
};

struct check_report {
    struct check_problem *problems; /* in the order of the chain */
    size_t count;
    int64_t ends;           /* the first end of those that the chain is made of */
    const char *ends_whose; /* that one's name */
};

void check_chain(const struct check_question *question, struct arena *arena,
                 struct check_report *out);

/* Is it for that name or address? */
bool check_is_for(struct x509_st *certificate, const char *host);

/* The names and addresses that a certificate is for, each as text. */
void check_names(const struct x509_st *certificate, struct arena *arena, const char ***out,
                 size_t *count);
