#include "kube/response.h"

#include "base/base64.h"

static void add_status(struct buf *buf, const struct response *response)
{
    buf_add(buf, BYTES(",\"status\":{\"status\":\"Failure\",\"message\":"));
    buf_add_json(buf, bytes_from(response->message));
    buf_add(buf, BYTES(",\"reason\":\"Forbidden\""));
    for (size_t i = 0; i < response->cause_count; i++) {
        const struct response_cause *cause = &response->causes[i];

        buf_add_text(buf, i ? ",{\"reason\":" : ",\"details\":{\"causes\":[{\"reason\":");
        buf_add_json(buf, bytes_from(cause->rule));
        buf_add(buf, BYTES(",\"message\":"));
        buf_add_json(buf, bytes_from(cause->text));
        buf_add(buf, BYTES(",\"field\":"));
        buf_add_json(buf, bytes_from(cause->field));
        buf_add_char(buf, '}');
    }
    buf_add_text(buf, response->cause_count ? "]},\"code\":403}" : ",\"code\":403}");
}

static void add_patch(struct buf *buf, const struct patch *patch)
{
    struct buf text;

    buf_init(&text, buf->arena, RESPONSE_MAX_BYTES);
    patch_write(patch, &text);
    buf_add(buf, BYTES(",\"patch\":\""));
    base64_add(buf, buf_bytes(&text));
    buf_add(buf, BYTES("\",\"patchType\":\"JSONPatch\""));
}

static void add_warnings(struct buf *buf, const struct strings *warnings)
{
    for (size_t i = 0; i < warnings->count; i++) {
        buf_add_text(buf, i ? "," : ",\"warnings\":[");
        buf_add_json(buf, bytes_from(warnings->items[i]));
    }
    if (warnings->count)
        buf_add_char(buf, ']');
}

static void add_annotations(struct buf *buf, const struct response *response)
{
    const struct {
        const char *key, *value;
    } pairs[] = {
        {"tenant", response->tenant},
        {"rules", response->rules},
        {"exceptions", response->exceptions},
        {"policy-set", response->policy_set},
    };
    bool is_first = true;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!pairs[i].value || !*pairs[i].value)
            continue;
        buf_add_text(buf, is_first ? ",\"auditAnnotations\":{" : ",");
        buf_add_json(buf, bytes_from(pairs[i].key));
        buf_add_char(buf, ':');
        buf_add_json(buf, bytes_from(pairs[i].value));
        is_first = false;
    }
    if (!is_first)
        buf_add_char(buf, '}');
}

void response_write(const struct response *response, struct buf *buf)
{
    buf_add(buf, BYTES("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                       "\"response\":{\"uid\":"));
    buf_add_json(buf, response->uid);
    buf_add_text(buf, response->is_allowed ? ",\"allowed\":true" : ",\"allowed\":false");
    if (!response->is_allowed)
        add_status(buf, response);
    if (response->is_allowed && response->patch && response->patch->count)
        add_patch(buf, response->patch);
    add_warnings(buf, response->warnings);
    add_annotations(buf, response);
    buf_add(buf, BYTES("}}"));
}
