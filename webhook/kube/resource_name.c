#include "kube/resource_name.h"

#include "base/node.h"
#include "base/strings.h"
#include "kube/selector.h"

/* k8s.io/kubernetes/pkg/apis/core/helper: standard container resources. */
static const char *const standard[] = {"cpu", "memory", "ephemeral-storage"};

/* As a ResourceQuota calls them; no resource may begin with the first one. */
static const char *const quota_prefixes[] = {"requests.", "limits."};

enum {
    STANDARD_COUNT = sizeof(standard) / sizeof(standard[0]),
    PREFIX_COUNT = sizeof(quota_prefixes) / sizeof(quota_prefixes[0])
};

bool resource_name_is_standard(struct bytes name)
{
    for (size_t i = 0; i < STANDARD_COUNT; i++) {
        if (bytes_is(name, standard[i]))
            return true;
    }
    return bytes_has_prefix(name, BYTES("hugepages-"));
}

/* A domain, a slash, and a name: fit for a label's key, too. */
static bool is_extended(struct bytes name)
{
    return memchr(name.data, '/', name.len) && selector_is_key(name);
}

static bool is_pattern(struct bytes name)
{
    return memchr(name.data, '*', name.len) || memchr(name.data, '?', name.len);
}

/* A letter from "cpu", and yet something else. */
static bool means_gpus(struct bytes name)
{
    return bytes_is(name, "gpu") || bytes_is(name, "gpus") || bytes_is(name, "GPU");
}

/* Without what only a ResourceQuota puts in front. */
static struct bytes strip_prefix(struct bytes name)
{
    for (size_t i = 0; i < PREFIX_COUNT; i++) {
        if (bytes_has_prefix(name, bytes_from(quota_prefixes[i])))
            return bytes_tail(name, strlen(quota_prefixes[i]));
    }
    return name;
}

void resource_name_check(const struct node *name, struct problems *problems)
{
    struct bytes text = name->text, rest = strip_prefix(text);
    const char *nearest;

    if (name->kind != NODE_STRING)
        return;
    if (rest.len == text.len &&
        (text.len == 0 || is_pattern(text) || resource_name_is_standard(text) || is_extended(text)))
        return;
    nearest = rest.len < text.len ? text_quote(problems->arena, rest)
              : means_gpus(text)  ? NULL
                                  : strings_nearest(standard, STANDARD_COUNT, text);
    problems_add(problems, name,
                 "no container asks for \"%s\": expected cpu, memory, ephemeral-storage, "
                 "hugepages-SIZE, or a name with a domain, as nvidia.com/gpu%s%s%s",
                 text_quote(problems->arena, text), nearest ? "; did you mean \"" : "",
                 nearest ? nearest : "", nearest ? "\"?" : "");
}
