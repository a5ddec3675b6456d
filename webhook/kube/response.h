/* response: an AdmissionReview that answers (k8s.io/api/admission/v1, AdmissionResponse). */
#pragma once

#include "base/buf.h"
#include "base/strings.h"
#include "kube/patch.h"

struct response {
    struct bytes uid;
    bool is_allowed;
    const char *message; /* of a denial */
    struct response_cause {
        const char *rule, *text, *field;
    } * causes;
    size_t cause_count;
    const struct patch *patch; /* NULL or empty: none */
    const struct strings *warnings;
    const char *tenant, *rules, *exceptions,
        *policy_set; /* audit annotations; NULL or "": left out */
};

/* Larger than any response: messages, warnings and patches are bounded long before. */
enum { RESPONSE_MAX_BYTES = 16 * 1024 * 1024 };

/* One line of JSON without a newline. */
void response_write(const struct response *response, struct buf *buf);
