#include "tenancy/demand.h"

#include "base/buf.h"
#include "kube/quantity.h"

static const char product_label[] = "nvidia.com/gpu.product";

/* Whoever pins more pins none: what it asks for weighs the most then that it can weigh anywhere. */
enum { MAX_PRODUCTS = 64 };

/* The values that a term's In expression leaves for the product; false where it pins none. */
static bool collect_term(struct value term, struct arena *arena, struct strings *products)
{
    struct value expressions = value_member(term, "matchExpressions");

    for (struct value e = value_first(expressions); value_type(e); e = value_next(e)) {
        if (!bytes_is(value_text(value_member(e, "key")), product_label) ||
            !bytes_is(value_text(value_member(e, "operator")), "In"))
            continue;
        for (struct value v = value_first(value_member(e, "values")); value_type(v);
             v = value_next(v)) {
            if (value_type(v) != VALUE_STRING || strings_has(products, value_text(v)))
                continue;
            if (products->count == MAX_PRODUCTS)
                return false;
            strings_add(products, arena, arena_copy(arena, value_text(v)));
        }
        return true;
    }
    return false;
}

static void collect_products(const struct pod *pod, struct arena *arena, struct strings *products)
{
    struct bytes selected = value_text(value_member(pod->node_selector, product_label));

    if (selected.len) {
        strings_add(products, arena, arena_copy(arena, selected));
        return;
    }
    for (struct value term = value_first(pod->node_terms); value_type(term);
         term = value_next(term)) {
        if (collect_term(term, arena, products))
            continue;
        *products = (struct strings){0};
        return;
    }
}

void ask_from_pod(const struct pod *pod, struct arena *arena, struct ask *out)
{
    *out = (struct ask){.requests = pod->requests};
    if (pod->claims.count) {
        struct claimed *claimed = arena_alloc(arena, sizeof(*claimed));

        claimed->refs = pod->claims;
        claimed->is_incomplete = true;
        out->claimed = claimed;
    }
    collect_products(pod, arena, &out->products);
    for (struct value a = value_first(pod->annotations); value_type(a); a = value_next(a)) {
        struct annotation *annotation =
            ARENA_APPEND(arena, out->annotations, out->annotation_count);

        *annotation = (struct annotation){value_name(a), value_text(a)};
    }
}

static bool add(struct demand *demand, const struct accelerator_weight *weight, struct amount units,
                struct error *err)
{
    struct amount gpus;

    if (amount_multiply(weight->gpus, units, &gpus) &&
        amount_add(demand->gpus, gpus, &demand->gpus) &&
        amount_add(demand->by_mode[weight->mode], gpus, &demand->by_mode[weight->mode])) {
        demand->is_accelerated |= !amount_is_zero(gpus);
        return true;
    }
    return error_set_limit(err, "what the pod asks for in GPUs does not fit 64 bits");
}

/* An annotation's number; KAI writes fractions and MiB as decimals. */
static bool read_number(const struct annotation *annotation, struct arena *arena,
                        struct amount *out, struct error *err)
{
    if (quantity_parse(annotation->value, out, err))
        return true;
    return error_wrap(err, "metadata.annotations[\"%s\"]", text_quote(arena, annotation->name));
}

static bool is_whole_number(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.len > 0;
}

/* KAI multiplies the share by a number of devices (gpu_sharing.go), and takes what is no whole
 * number for one device: less than one would weigh less than what the pod gets. */
static bool read_device_count(const struct ask *ask, struct arena *arena, struct amount *out,
                              struct error *err)
{
    *out = amount_of(1);
    for (size_t i = 0; i < ask->annotation_count; i++) {
        const struct annotation *annotation = &ask->annotations[i];

        if (!bytes_is(annotation->name, "gpu-fraction-num-devices"))
            continue;
        if (!read_number(annotation, arena, out, err))
            return false;
        if (is_whole_number(annotation->value)) {
            *out = amount_max(*out, amount_of(1));
            return true;
        }
        return error_set(err, "metadata.annotations[\"%s\"]: expected a whole number, got \"%s\"",
                         text_quote(arena, annotation->name), text_quote(arena, annotation->value));
    }
    return true;
}

static struct device_asks claimed_devices(const struct ask *ask)
{
    return ask->claimed ? ask->claimed->devices : (struct device_asks){0};
}

/* One pod's weighing. */
struct weighing {
    const struct ask *ask;
    const struct accelerators *table;
    struct arena *arena;
    struct demand *out;
};

static bool weigh_number(const struct weighing *weighing, const struct accelerator_name *name,
                         struct error *err)
{
    struct accelerator_weight weight;
    struct amount devices;

    if (!read_device_count(weighing->ask, weighing->arena, &devices, err))
        return false;
    accelerators_weigh(weighing->table, name, &weighing->ask->products, &weight);
    weighing->out->is_annotated |= !amount_is_zero(weight.gpus);
    return add(weighing->out, &weight, devices, err);
}

static bool weigh_annotation(const struct weighing *weighing, const struct annotation *annotation,
                             struct error *err)
{
    struct accelerator_name name = {ACCELERATOR_ANNOTATION, annotation->name, amount_of(1)};
    struct accelerator_weight weight;

    if (!accelerators_weigh(weighing->table, &name, &weighing->ask->products, &weight))
        return true;
    return read_number(annotation, weighing->arena, &name.number, err) &&
           weigh_number(weighing, &name, err);
}

static bool weigh_class(const struct weighing *weighing, const struct device_ask *device,
                        struct accelerator_weight *out)
{
    struct accelerator_name name = {.key = ACCELERATOR_DEVICE_CLASS, .text = device_class(device)};

    return accelerators_weigh(weighing->table, &name, &weighing->ask->products, out);
}

bool demand_weighs_class(const struct device_ask *device, const struct ask *ask,
                         const struct cluster *cluster)
{
    const struct weighing weighing = {.ask = ask, .table = &cluster->accelerators};
    struct accelerator_weight weight;

    return weigh_class(&weighing, device, &weight) && !amount_is_zero(weight.gpus);
}

bool demand_weighs_annotation(const struct annotation *annotation, const struct ask *ask,
                              const struct cluster *cluster)
{
    struct accelerator_name name = {.key = ACCELERATOR_ANNOTATION, .text = annotation->name};
    struct accelerator_weight weight;

    return quantity_parse(annotation->value, &name.number, NULL) &&
           accelerators_weigh(&cluster->accelerators, &name, &ask->products, &weight) &&
           !amount_is_zero(weight.gpus);
}

bool demand_is_kais(struct bytes annotation)
{
    return bytes_is(annotation, "gpu-fraction") || bytes_is(annotation, "gpu-memory");
}

/* What is known by the more specific row counts; of two that are alike the larger. */
static bool is_better(const struct accelerator_weight *weight,
                      const struct accelerator_weight *than)
{
    if (!than->is_known || weight->is_general != than->is_general)
        return !than->is_known || than->is_general;
    return !than->is_unbounded && amount_compare(weight->gpus, than->gpus) > 0;
}

/* A resource by its own name, and by the classes that give themselves that name. */
static bool weigh_name(const struct weighing *weighing, struct bytes resource,
                       struct accelerator_weight *out)
{
    struct accelerator_name name = {.key = ACCELERATOR_RESOURCE, .text = resource};
    struct device_asks devices = claimed_devices(weighing->ask);

    accelerators_weigh(weighing->table, &name, &weighing->ask->products, out);
    for (size_t i = 0; i < devices.count; i++) {
        const struct device_ask *device = &devices.items[i];
        struct accelerator_weight weight;

        if (device->origin == DEVICE_REQUESTED && bytes_equal(device->extended, resource) &&
            weigh_class(weighing, device, &weight) && is_better(&weight, out))
            *out = weight;
    }
    return out->is_known;
}

static bool weigh_resource(const struct weighing *weighing, const struct resource_amount *item,
                           struct error *err)
{
    struct accelerator_weight weight;

    if (amount_is_zero(item->amount) || !weigh_name(weighing, item->name, &weight))
        return true;
    if (weight.is_unbounded) {
        weighing->out->is_unbounded = weighing->out->is_accelerated = true;
        weighing->out->unbounded_name = item->name;
    }
    return add(weighing->out, &weight, item->amount, err);
}

/* The largest of the alternatives, all together and in each mode. */
static bool raise_by_device(const struct weighing *weighing, const struct device_ask *device,
                            struct demand *most)
{
    struct accelerator_weight weight;
    struct amount gpus;

    if (!weigh_class(weighing, device, &weight) || amount_is_zero(weight.gpus))
        return true;
    weighing->out->is_accelerated = true;
    if (device->origin == DEVICE_SHARED)
        weighing->out->shared_modes |= 1u << weight.mode;
    /* It takes no device away from anybody. */
    if (device->is_admin)
        return true;
    if (!amount_multiply(weight.gpus, device->count, &gpus))
        return false;
    if (device->origin == DEVICE_SHARED) {
        most->shared_gpus = amount_max(most->shared_gpus, gpus);
        return true;
    }
    most->gpus = amount_max(most->gpus, gpus);
    most->by_mode[weight.mode] = amount_max(most->by_mode[weight.mode], gpus);
    return true;
}

static bool add_demand(struct demand *demand, const struct demand *more)
{
    bool is_added = amount_add(demand->gpus, more->gpus, &demand->gpus) &&
                    amount_add(demand->shared_gpus, more->shared_gpus, &demand->shared_gpus);

    for (int mode = 0; mode < MODE_COUNT && is_added; mode++)
        is_added = amount_add(demand->by_mode[mode], more->by_mode[mode], &demand->by_mode[mode]);
    return is_added;
}

static bool weigh_devices(const struct weighing *weighing, struct error *err)
{
    struct device_asks devices = claimed_devices(weighing->ask);
    bool fits = true;

    for (size_t i = 0; i < devices.count && fits;) {
        struct demand most = {0};

        do {
            if (devices.items[i].origin != DEVICE_REQUESTED)
                fits &= raise_by_device(weighing, &devices.items[i], &most);
        } while (++i < devices.count && devices.items[i].is_alternative);
        fits &= add_demand(weighing->out, &most);
    }
    return fits || error_set_limit(err, "what the claims ask for in GPUs does not fit 64 bits");
}

static bool has_ends(struct bytes text, struct bytes prefix, struct bytes suffix)
{
    return text.len > prefix.len + suffix.len && bytes_has_prefix(text, prefix) &&
           bytes_has_suffix(text, suffix);
}

/* KAI with NvFractions (gpu_sharing_nvfractions.go): memory for a container, as a quantity. */
static bool is_container_memory(struct bytes name, const char *suffix)
{
    return has_ends(name, BYTES("nvidia.com/container."), bytes_from(suffix));
}

/* What annotations of that kind sum up to, in MiB; 0: there are none. */
static bool sum_container_memory(const struct weighing *weighing, const char *suffix,
                                 struct amount *out, struct error *err)
{
    const struct ask *ask = weighing->ask;
    struct amount sum = {0}, number;

    for (size_t i = 0; i < ask->annotation_count; i++) {
        if (!is_container_memory(ask->annotations[i].name, suffix))
            continue;
        if (!read_number(&ask->annotations[i], weighing->arena, &number, err))
            return false;
        if (!amount_add(sum, number, &sum))
            return error_set_limit(err, "the sum of the containers' GPU memory does not fit 64 "
                                        "bits");
    }
    return amount_divide(sum, amount_of(1024 * 1024), out) ||
           error_set_limit(err, "the containers' GPU memory is no amount that fits 64 bits");
}

/* The larger of what containers request and of their limits (a limit alone is a request) weighs as
 * gpu-memory does. */
static bool weigh_container_memory(const struct weighing *weighing, struct error *err)
{
    struct accelerator_name name = {ACCELERATOR_ANNOTATION, BYTES("gpu-memory"), {0}};
    struct amount requested, limit;

    if (!sum_container_memory(weighing, ".gpu-memory.request", &requested, err) ||
        !sum_container_memory(weighing, ".gpu-memory.limit", &limit, err))
        return false;
    name.number = amount_max(requested, limit);
    return amount_is_zero(name.number) || weigh_number(weighing, &name, err);
}

static bool weigh_all(const struct weighing *weighing, bool by_container, struct error *err)
{
    const struct ask *ask = weighing->ask;

    *weighing->out = (struct demand){.is_accelerated = ask->claimed && ask->claimed->is_incomplete};
    for (size_t i = 0; i < ask->requests.count; i++) {
        if (!weigh_resource(weighing, &ask->requests.items[i], err))
            return false;
    }
    for (size_t i = 0; i < ask->annotation_count; i++) {
        if (!(by_container && demand_is_kais(ask->annotations[i].name)) &&
            !weigh_annotation(weighing, &ask->annotations[i], err))
            return false;
    }
    return weigh_devices(weighing, err) && (!by_container || weigh_container_memory(weighing, err));
}

static bool has_container_annotation(const struct ask *ask)
{
    for (size_t i = 0; i < ask->annotation_count; i++) {
        if (bytes_has_prefix(ask->annotations[i].name, BYTES("nvidia.com/container.")))
            return true;
    }
    return false;
}

/* KAI writes the containers' annotations beside the pod's, and takes one kind or the other, by its
 * version: the pod has the larger. */
bool demand_weigh(const struct ask *ask, const struct cluster *cluster, struct arena *arena,
                  struct demand *out, struct error *err)
{
    struct demand by_container;
    const struct weighing first = {ask, &cluster->accelerators, arena, out};
    const struct weighing second = {ask, &cluster->accelerators, arena, &by_container};

    if (ask->claimed && ask->claimed->is_beyond) {
        *out = (struct demand){0};
        return error_set_limit(err,
                               "the claims that the pod names have more than %d requests and "
                               "alternatives",
                               POD_MAX_DEVICE_ASKS);
    }
    if (!weigh_all(&first, false, err))
        return false;
    if (!has_container_annotation(ask))
        return true;
    if (!weigh_all(&second, true, err))
        return false;
    if (amount_compare(by_container.gpus, out->gpus) > 0)
        *out = by_container;
    return true;
}

bool resource_cap_has_class(const struct resource_cap *cap, const struct device_ask *device)
{
    return glob_matches(&cap->name, device->resource) ||
           (device->extended.len && glob_matches(&cap->name, device->extended));
}

/* By its own name, or by the other one of the class that has it. */
static bool cap_has_request(const struct resource_cap *cap, const struct ask *ask,
                            struct bytes resource)
{
    struct device_asks devices = claimed_devices(ask);

    if (glob_matches(&cap->name, resource))
        return true;
    for (size_t i = 0; i < devices.count; i++) {
        const struct device_ask *device = &devices.items[i];

        if (device->origin == DEVICE_REQUESTED && resource_cap_has_class(cap, device) &&
            (bytes_equal(device->extended, resource) || bytes_equal(device->resource, resource)))
            return true;
    }
    return false;
}

static bool add_devices(const struct resource_cap *cap, const struct ask *ask, struct amount *sum)
{
    struct device_asks devices = claimed_devices(ask);
    bool fits = true;

    for (size_t i = 0; i < devices.count && fits;) {
        struct amount most = {0};

        do {
            const struct device_ask *device = &devices.items[i];

            if (device->origin == DEVICE_CLAIMED && !device->is_admin &&
                resource_cap_has_class(cap, device))
                most = amount_max(most, device->count);
        } while (++i < devices.count && devices.items[i].is_alternative);
        fits = amount_add(*sum, most, sum);
    }
    return fits;
}

bool resource_cap_sum(const struct resource_cap *cap, const struct ask *ask, struct amount *out)
{
    struct amount sum = {0};

    for (size_t i = 0; i < ask->requests.count; i++) {
        if (cap_has_request(cap, ask, ask->requests.items[i].name) &&
            !amount_add(sum, ask->requests.items[i].amount, &sum))
            return false;
    }
    if (!add_devices(cap, ask, &sum))
        return false;
    *out = sum;
    return true;
}
