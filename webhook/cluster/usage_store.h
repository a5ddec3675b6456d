/* usage_store: a tenant's TenantUsage at the API server: read, made, replaced. Not for two threads
 * at once but usage_store_stop. */
#pragma once

#include "base/json.h"
#include "cluster/kubeconfig.h"

#define USAGE_GROUP "fairgate.dev"
#define USAGE_VERSION "v1alpha1"
#define USAGE_RESOURCE "tenantusages"
#define USAGE_VERBS "\"get\", \"list\", \"watch\", \"create\", \"update\""
#define USAGE_REMEDY "kubectl apply -f charts/fairgate/api/tenantusages.yaml"

struct usage_store;

enum store_verb { STORE_GET, STORE_PUT, STORE_POST };

struct store_call {
    enum store_verb verb;
    const char *tenant;
    struct bytes body; /* what is written, as JSON: of a PUT with the resourceVersion that it takes
                          the place of */
    int64_t deadline;  /* clock_milliseconds() */
};

enum store_result {
    STORE_DONE,
    STORE_CONFLICT, /* it is not as it was; or, by POST, it is there already */
    STORE_MISSING,  /* there is no such object: the API server says so itself */
    STORE_REFUSED,  /* nothing was written, nor would it be by trying again; err->is_limit: because
                       it is too large */
    STORE_UNKNOWN,  /* no answer, or none that tells: what was to be written may be there, or come
                       yet */
};

struct store_answer {
    struct value object;  /* where it is done: the object as it is now, of that name, with uid and
                             resourceVersion; its spec and status checked for nothing */
    unsigned retry_after; /* milliseconds in which nothing is to be asked; 0: the API server said
                             nothing */
};

/* `kubeconfig` must outlive the store. Never NULL. */
struct usage_store *usage_store_new(const struct kubeconfig *kubeconfig);
void usage_store_free(struct usage_store *store);

/* `err` is set where it isn't done. The object lives in `arena`, as does all of the answer: 16 MiB
 * at most. */
enum store_result usage_store_call(struct usage_store *store, const struct store_call *call,
                                   struct arena *arena, struct store_answer *out,
                                   struct error *err);

/* Wait; false where the store was stopped meanwhile. */
bool usage_store_wait(struct usage_store *store, unsigned milliseconds);

/* For any thread: the call under way, and each later one, ends at once. */
void usage_store_stop(struct usage_store *store);
bool usage_store_is_stopped(const struct usage_store *store);
