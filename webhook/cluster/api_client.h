/* api_client: calls to the API server, one after another, over one connection that is kept.
 *
 * TLS is verified always, redirects aren't followed, no proxy is used whatever the environment
 * says. Nothing in here is for two threads at once but api_client_stop and api_client_is_stopped.
 * The process must ignore or block SIGPIPE. */
#pragma once

#include "base/buf.h"
#include "cluster/kubeconfig.h"

struct api_client;

/* API_APPLY is a PATCH: server-side apply. */
enum api_method { API_GET, API_PUT, API_POST, API_APPLY, API_DELETE };

struct api_request {
    enum api_method method;
    const char *path; /* with its query, escaped: /api/v1/pods?limit=500 */
    /* What PUT, POST and APPLY send: JSON. It is sent twice where the connection ends before an
     * answer began; name a resourceVersion, and the second one is a conflict if the first was
     * taken. */
    struct bytes content;
    unsigned milliseconds;      /* the longest that all of it may take; 0: any time */
    unsigned most_idle_seconds; /* give up where so long hardly anything came; 0: any time */

    /* The body of an answer with status 200 or 201: given piece by piece as it comes, where false
     * ends the call (with err set); or kept whole, where what is larger than `kept` takes ends it;
     * or, both NULL, dropped. */
    bool (*body)(void *context, struct bytes piece, struct error *err);
    void *context;
    struct buf *kept;
};

struct api_answer {
    unsigned status;      /* 0: no answer, or none that is HTTP */
    unsigned retry_after; /* seconds; 0: the server said nothing */
    bool is_refused;      /* the body was not taken */
    int transport;        /* libcurl's code, 0 where the whole answer came: tells problems apart */
    char reason[32];      /* that of the API server's Status: "Conflict"; "": none */
};

/* `kubeconfig` must outlive the client. Never NULL. */
struct api_client *api_client_new(const struct kubeconfig *kubeconfig);
void api_client_free(struct api_client *client);

/* True where the status was 200 or 201 and the body came whole. Otherwise `err` says what went
 * wrong, with the message of the API server's Status. `answer` is set in any case. */
bool api_client_call(struct api_client *client, const struct api_request *request,
                     struct api_answer *answer, struct error *err) MUST_CHECK;

/* Of a call for one object that failed: there is no such object, as the API server says itself, and
 * not somebody on the way, or because it does not know the resource. */
bool api_client_found_none(const struct api_answer *answer, const char *group, const char *resource,
                           const struct error *err);

/* Before what a 403 says: the rule that would grant what is needed of a resource; `verbs` as in
 * API_READS; `remedy`: how to get what the server needs, or "". */
#define API_READS "\"get\", \"list\", \"watch\""
#define API_SERVER_REMEDY " (kubectl apply -f charts/fairgate/access/fairgate.yaml)"
void api_client_name_rule(const char *group, const char *resource, const char *verbs,
                          const char *remedy, struct error *err);

/* Wait; false where the client was stopped meanwhile. */
bool api_client_wait(struct api_client *client, unsigned milliseconds);

/* For any thread: the call under way, and each later one, ends at once. */
void api_client_stop(struct api_client *client);
bool api_client_is_stopped(const struct api_client *client);

/* Text as it may stand in a query. */
void api_client_add_escaped(struct buf *buf, struct bytes text);

/* libcurl's. */
const char *api_client_library_version(void);
