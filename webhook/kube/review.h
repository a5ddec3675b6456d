/* review: an AdmissionReview of admission.k8s.io/v1 (k8s.io/api/admission/v1), as kube-apiserver
 * sends it. */
#pragma once

#include "base/json.h"

enum operation {
    OPERATION_UNKNOWN, /* not read: the review has a fault */
    OPERATION_CREATE,
    OPERATION_UPDATE,
    OPERATION_DELETE,
    OPERATION_CONNECT,
};

enum {
    REVIEW_MAX_BYTES = 8 * 1024 * 1024,       /* a larger one is denied */
    REVIEW_MAX_READ_BYTES = 32 * 1024 * 1024, /* a larger one is not read at all */
    REVIEW_MAX_DEPTH = 256,                   /* the review itself is level 1 */
};

struct review {
    struct document document;
    struct bytes uid;
    struct bytes group, version, kind; /* of what is sent, after conversion to the webhook's rule */
    struct bytes resource_group;
    struct bytes resource, sub_resource; /* "pods", "resize"; sub_resource may be empty */
    struct bytes name, namespace;        /* either may be empty */
    struct bytes user;
    struct value groups; /* array of strings, or absent */
    enum operation operation;
    struct bytes operation_text;
    bool is_dry_run;
    struct value kind_object, resource_object, user_info; /* objects, or absent */
    struct value object, old_object;                      /* objects, or absent */

    /* Why the review can't be judged, though its uid is known; empty text: it can. */
    struct error fault;
};

/* False where there is nobody to answer: no JSON up to the uid, not an AdmissionReview of v1, no
 * uid, or more than one `request` or `uid`. Everything else that is wrong ends in out->fault.
 * `body` must outlive the review. */
bool review_parse(struct bytes body, struct arena *arena, struct review *out,
                  struct error *err) MUST_CHECK;

/* "CREATE", ...; "" of an unknown one. */
const char *operation_name(enum operation operation);

/* Is the user in this group? */
bool review_has_group(const struct review *review, const char *group);
