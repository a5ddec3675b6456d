#include "cli/bundle_quota.h"

#include "kube/quantity.h"
#include "kube/resource_name.h"
#include "kube/selector.h"
#include "tenancy/exception.h"
#include "tenancy/rule_name.h"

/* Of what fairgate never judges: so many that only a mistake reaches them. */
static const struct {
    const char *name, *count;
} counts[] = {
    {"count/configmaps", "2000"},
    {"count/secrets", "2000"},
    {"count/services", "500"},
    {"count/persistentvolumeclaims", "500"},
};

/* What a container asks for that says nothing. */
static const struct {
    const char *name, *request;
} defaults[] = {{"cpu", "10m"}, {"memory", "16Mi"}};

static bool is_accelerator(const struct tenancy *tenancy, struct bytes name)
{
    struct accelerator_name asked = {.key = ACCELERATOR_RESOURCE, .text = name};
    struct accelerator_weight weight;

    return accelerators_weigh(&tenancy->cluster.accelerators, &asked, &(struct strings){0},
                              &weight);
}

/* The cap's key in a quota; NULL: a quota can't have it, or must not. */
static const char *quota_key(const struct tenancy *tenancy, const struct resource_cap *cap,
                             struct arena *arena)
{
    const char *text = cap->name.text;
    struct bytes name = {text, strlen(text)};
    const char *key = arena_printf(arena, "requests.%s", text);
    bool is_extended = strchr(text, '/') && !strstr(text, "kubernetes.io/");

    if (!cap->name.is_exact || !(resource_name_is_standard(name) || is_extended) ||
        !selector_is_key(bytes_from(key)) || is_accelerator(tenancy, name))
        return NULL;
    return key;
}

/* An exception may let the tenant hold more than its caps, and no quota knows when. */
static const char *find_lifting(const struct tenant *tenant, struct arena *arena)
{
    const char *rule = arena_printf(arena, "tenant/%s/resources", tenant->name);

    for (size_t i = 0; i < tenant->exception_count; i++) {
        for (size_t j = 0; j < tenant->exceptions[i]->rules.count; j++) {
            if (rule_name_begins(rule, tenant->exceptions[i]->rules.items[j]))
                return tenant->exceptions[i]->name;
        }
    }
    return NULL;
}

/* As Kubernetes reads it. */
static const char *write(struct amount amount, struct bytes name, struct arena *arena)
{
    const char *text = quantity_write(amount, name, arena);
    struct amount again;

    return quantity_parse(bytes_from(text), &again, NULL) && amount_compare(again, amount) == 0
               ? text
               : quantity_write_decimal(amount, arena);
}

json_t *bundle_quota_hard(const struct tenancy *tenancy, const struct tenant *tenant,
                          struct arena *arena)
{
    size_t cap_count = find_lifting(tenant, arena) ? 0 : tenant->resources.count;
    json_t *hard = json_object();

    for (size_t i = 0; i < cap_count; i++) {
        const struct resource_cap *cap = &tenant->resources.items[i];
        const char *key = quota_key(tenancy, cap, arena);

        if (key)
            json_object_set_new(hard, key,
                                json_string(write(cap->max, bytes_from(cap->name.text), arena)));
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        json_object_set_new(hard, counts[i].name, json_string(counts[i].count));
    return hard;
}

json_t *bundle_quota_defaults(const struct tenant *tenant, struct arena *arena)
{
    json_t *requests = json_object();

    for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
        struct bytes name = bytes_from(defaults[i].name);
        struct amount least;

        if (!quantity_parse(bytes_from(defaults[i].request), &least, NULL))
            continue;
        for (size_t j = 0; j < tenant->resources.count; j++) {
            const struct resource_cap *cap = &tenant->resources.items[j];

            if (glob_matches(&cap->name, name) && amount_compare(cap->max, least) < 0)
                least = cap->max;
        }
        json_object_set_new(requests, defaults[i].name, json_string(write(least, name, arena)));
    }
    return requests;
}

void bundle_quota_note(const struct tenancy *tenancy, const struct tenant *tenant,
                       struct arena *arena, struct strings *notes)
{
    const char *lifting = find_lifting(tenant, arena);
    struct strings others = {0};

    strings_add(notes, arena,
                "The tenant's caps are over all its namespaces, and fairgate's to keep. A quota is "
                "of one namespace:");
    strings_add(notes, arena,
                "it allows each all that the caps allow together, and never refuses what fairgate "
                "lets in.");
    strings_add(notes, arena,
                "Accelerators are not in it. Limits have no default: it would refuse containers "
                "that ask for more.");
    if (lifting)
        strings_add(notes, arena,
                    arena_printf(arena, "No caps are in it while the set has the exception %s.",
                                 lifting));
    for (size_t i = 0; i < tenant->resources.count && !lifting; i++) {
        if (!quota_key(tenancy, &tenant->resources.items[i], arena))
            strings_add(&others, arena,
                        text_quote(arena, bytes_from(tenant->resources.items[i].name.text)));
    }
    if (others.count)
        strings_add(notes, arena,
                    arena_printf(arena, "Capped by fairgate alone: %s.",
                                 strings_join(&others, others.count, arena)));
}
