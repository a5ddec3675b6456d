#include "cli/audit_publish.h"

#include "base/strings.h"
#include "cluster/lister.h"

#define REPORT_GROUP "wgpolicyk8s.io"
#define REPORT_API "/apis/" REPORT_GROUP "/v1alpha2"

enum { CALL_MILLISECONDS = 30000, MOST_IDLE_SECONDS = 20, MOST_PATH_BYTES = 1024 };

struct publishing {
    struct api_client *client;
    struct arena *arena;
    struct audit_published *done;
    json_t *kept; /* a member for each namespace that has a report; "": the cluster's */
    struct strings stale;
    size_t failed; /* calls that the API server answered with no */
    struct error first;
    struct error *err;
};

static const char *resource_of(const char *namespace)
{
    return *namespace ? "policyreports" : "clusterpolicyreports";
}

static const char *path_of(const struct publishing *publishing, const char *namespace,
                           const char *query)
{
    struct buf path;

    buf_init(&path, publishing->arena, MOST_PATH_BYTES);
    buf_add_text(&path, REPORT_API);
    if (*namespace) {
        buf_add_text(&path, "/namespaces/");
        api_client_add_escaped(&path, bytes_from(namespace));
    }
    buf_printf(&path, "/%s/fairgate%s", resource_of(namespace), query);
    return path.data;
}

/* What the call lacked, before what the API server says. */
static bool fail(const struct publishing *publishing, const char *resource, const char *verbs,
                 const struct api_answer *answer)
{
    if (answer->status == 403 && strstr(publishing->err->text, " cannot "))
        api_client_name_rule(REPORT_GROUP, resource, verbs, "", publishing->err);
    else if (answer->status == 404)
        error_wrap(publishing->err, "the cluster must have the API " REPORT_GROUP "/v1alpha2");
    return error_wrap(publishing->err, "%s", resource);
}

/* What one namespace is refused, by a quota for example, keeps none of the others from theirs.
 * False: nobody answers. */
static bool pass_over(struct publishing *publishing, const char *namespace,
                      const struct api_answer *answer)
{
    if (answer->status == 0)
        return false;
    if (*namespace)
        error_wrap(publishing->err, "namespace %s", namespace);
    if (publishing->failed++ == 0)
        publishing->first = *publishing->err;
    *publishing->err = (struct error){0};
    return true;
}

/* Nothing can be written into it, and nobody will miss that. */
static bool is_namespace_gone(const struct publishing *publishing, const struct api_answer *answer)
{
    return api_client_found_none(answer, "", "namespaces", publishing->err) ||
           (answer->status == 403 && strstr(publishing->err->text, "is being terminated"));
}

static bool apply(struct publishing *publishing, const json_t *report)
{
    const json_t *metadata = json_object_get(report, "metadata");
    const char *given = json_string_value(json_object_get(metadata, "namespace"));
    const char *namespace = given ? given : "";
    char *text = json_dumps(report, JSON_COMPACT);
    const struct api_request request = {.method = API_APPLY,
                                        .path = path_of(publishing, namespace,
                                                        "?fieldManager=fairgate&force=true"),
                                        .content = bytes_from(text),
                                        .milliseconds = CALL_MILLISECONDS};
    struct api_answer answer;
    bool is_applied = api_client_call(publishing->client, &request, &answer, publishing->err);

    free(text);
    json_object_set_new(publishing->kept, namespace, json_true());
    if (is_applied) {
        publishing->done->written++;
        return true;
    }
    if (!is_namespace_gone(publishing, &answer)) {
        (void)fail(publishing, resource_of(namespace), "\"create\", \"patch\"", &answer);
        return pass_over(publishing, namespace, &answer);
    }
    *publishing->err = (struct error){0};
    return true;
}

static bool note_stale(void *context, struct value object, struct error *err)
{
    struct publishing *publishing = context;
    struct bytes namespace =
        value_text(value_member(value_member(object, "metadata"), "namespace"));
    const char *name = arena_copy(publishing->arena, namespace);

    (void)err;
    if (!json_object_get(publishing->kept, name))
        strings_add(&publishing->stale, publishing->arena, name);
    return true;
}

static bool find_stale(struct publishing *publishing, const char *resource)
{
    struct list_call call = {.path = arena_printf(publishing->arena, REPORT_API "/%s", resource),
                             .query = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dfairgate&"
                                      "fieldSelector=metadata.name%3Dfairgate",
                             .milliseconds = CALL_MILLISECONDS,
                             .most_idle_seconds = MOST_IDLE_SECONDS,
                             .item = note_stale,
                             .context = publishing};
    struct list_result result;
    struct api_answer answer = {0};

    return lister_read(publishing->client, &call, &result, &answer, publishing->err) ||
           fail(publishing, resource, "\"list\"", &answer);
}

static bool remove_stale(struct publishing *publishing, const char *namespace)
{
    const struct api_request request = {.method = API_DELETE,
                                        .path = path_of(publishing, namespace, ""),
                                        .milliseconds = CALL_MILLISECONDS};
    const char *resource = resource_of(namespace);
    struct api_answer answer;

    if (api_client_call(publishing->client, &request, &answer, publishing->err)) {
        publishing->done->removed++;
        return true;
    }
    if (!api_client_found_none(&answer, REPORT_GROUP, resource, publishing->err)) {
        (void)fail(publishing, resource, "\"delete\"", &answer);
        return pass_over(publishing, namespace, &answer);
    }
    *publishing->err = (struct error){0};
    return true;
}

static bool publish(struct publishing *publishing, const json_t *reports)
{
    const json_t *report;
    size_t i;

    json_array_foreach(reports, i, report)
    {
        if (!apply(publishing, report))
            return false;
    }
    if (!find_stale(publishing, "policyreports") || !find_stale(publishing, "clusterpolicyreports"))
        return false;
    for (i = 0; i < publishing->stale.count; i++) {
        if (!remove_stale(publishing, publishing->stale.items[i]))
            return false;
    }
    if (publishing->failed == 0)
        return true;
    *publishing->err = publishing->first;
    return publishing->failed == 1
               ? false
               : error_wrap(publishing->err, "%zu calls failed, the first of them",
                            publishing->failed);
}

bool audit_publish(const struct kubeconfig *kubeconfig, const json_t *reports, struct arena *arena,
                   struct audit_published *out, struct error *err)
{
    struct publishing publishing = {.client = api_client_new(kubeconfig),
                                    .arena = arena,
                                    .done = out,
                                    .kept = json_object(),
                                    .err = err};
    bool is_published;

    *out = (struct audit_published){0};
    is_published = publish(&publishing, reports);
    json_decref(publishing.kept);
    api_client_free(publishing.client);
    return is_published;
}
