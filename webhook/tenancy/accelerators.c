#include "tenancy/accelerators.h"

#include <stdlib.h>

#include "kube/claim.h"
#include "kube/quantity.h"
#include "kube/resource_name.h"

const char *const mode_names[] = {"whole", "mig", "shared", NULL};

static bool read_gpus(const struct node *node, struct arena *arena, void *out,
                      struct problems *problems)
{
    /* `gpus: value` is told from an amount in finish(): the word stays in the node. */
    if (node->kind == NODE_STRING && bytes_is(node->text, "value"))
        return true;
    return schema_read_amount(node, arena, out, problems);
}

static bool read_glob(const struct node *node, struct arena *arena, void *out,
                      struct problems *problems)
{
    struct error err = {0};
    const char *text = NULL;

    if (!schema_read_string(node, arena, &text, problems))
        return false;
    if (glob_parse(bytes_from(text), arena, out, &err))
        return true;
    problems_add(problems, node, "%s", err.text);
    return false;
}

static bool read_per(const struct node *node, struct arena *arena, void *out,
                     struct problems *problems)
{
    struct amount *per = out;

    (void)arena;
    if (!quantity_read_node(node, per, problems))
        return false;
    if (amount_is_zero(*per)) {
        problems_add(problems, node, "\"per\": must be more than 0");
        return false;
    }
    return true;
}

/* As enum accelerator_key. */
static const char *const key_names[] = {"resource", "deviceClass", "annotation", NULL};

static void finish(void *out, struct arena *arena, struct problems *problems)
{
    struct accelerator_row *row = out;
    const struct node *gpus = node_find(row->node, "gpus");
    int given = 0;

    (void)arena;
    for (int i = 0; key_names[i]; i++) {
        if (node_find(row->node, key_names[i])) {
            row->key = (enum accelerator_key)i;
            given++;
        }
    }
    row->is_value = gpus && gpus->kind == NODE_STRING && bytes_is(gpus->text, "value");
    row->has_product = node_find(row->node, "product");
    row->has_per = node_find(row->node, "per");
    if (given != 1)
        return;
    if (row->key == ACCELERATOR_RESOURCE)
        resource_name_check(node_find(row->node, "resource"), problems);
    if (row->is_value && row->key != ACCELERATOR_ANNOTATION)
        problems_add(problems, gpus, "\"gpus\": \"value\" is for annotations only");
    if (row->has_per && !row->is_value)
        problems_add(problems, node_find_key(row->node, "per"),
                     "\"per\" is for annotations with gpus: value only");
    if (row->key == ACCELERATOR_ANNOTATION && !row->name.is_exact)
        problems_add(problems, node_find(row->node, "annotation"),
                     "\"annotation\": expected a name, got a glob");
}

#define GLOB_JSON "{\"type\": \"string\", \"minLength\": 1}"

static const struct field fields[] = {
    {.name = "resource",
     .type = FIELD_CUSTOM,
     .read = read_glob,
     .offset = offsetof(struct accelerator_row, name),
     .summary = "an extended resource's name, or a glob",
     .type_name = "glob",
     .json_schema = GLOB_JSON},
    {.name = "deviceClass",
     .type = FIELD_CUSTOM,
     .read = read_glob,
     .offset = offsetof(struct accelerator_row, name),
     .summary = "a DeviceClass's name, or a glob",
     .type_name = "glob",
     .json_schema = GLOB_JSON},
    {.name = "annotation",
     .type = FIELD_CUSTOM,
     .read = read_glob,
     .offset = offsetof(struct accelerator_row, name),
     .summary = "a pod annotation whose number is an amount",
     .type_name = "string",
     .json_schema = "{\"type\": \"string\", \"pattern\": \"^[^*?]+$\"}"},
    {.name = "mode",
     .type = FIELD_ENUM,
     .words = mode_names,
     .is_required = true,
     .offset = offsetof(struct accelerator_row, mode),
     .summary = "whole: a GPU, or several, for itself; mig: a slice; shared: time-slicing, MPS, "
                "software fractions"},
    {.name = "gpus",
     .type = FIELD_CUSTOM,
     .read = read_gpus,
     .is_required = true,
     .offset = offsetof(struct accelerator_row, gpus),
     .summary = "what one unit weighs, in whole GPUs; `value`: the annotation's number",
     .type_name = "amount or value",
     .json_schema = "{\"type\": [\"number\", \"string\"], \"minimum\": 0, "
                    "\"pattern\": \"^(value|" AMOUNT_PATTERN_JSON ")$\"}"},
    {.name = "product",
     .type = FIELD_CUSTOM,
     .read = read_glob,
     .offset = offsetof(struct accelerator_row, product),
     .summary = "only on nodes whose label nvidia.com/gpu.product matches this glob",
     .type_name = "glob",
     .json_schema = GLOB_JSON},
    {.name = "per",
     .type = FIELD_CUSTOM,
     .read = read_per,
     .offset = offsetof(struct accelerator_row, per),
     .summary = "the annotation's number is MiB of a GPU with so much memory",
     .type_name = "quantity",
     .json_schema = QUANTITY_JSON},
    {0},
};

static const char *const identity[] = {"resource", "deviceClass", "annotation", "product", NULL};

const struct schema accelerator_schema = {.name = "accelerators",
                                          .fields = fields,
                                          .size = sizeof(struct accelerator_row),
                                          .choice = key_names,
                                          .is_only_one = true,
                                          .identity = identity,
                                          .finish = finish};

/* An exact name before a glob, a longer glob before a shorter one; of the same name, rows for a
 * product before the one for all. */
static int compare_rows(const void *a, const void *b)
{
    const struct accelerator_row *left = *(const struct accelerator_row *const *)a;
    const struct accelerator_row *right = *(const struct accelerator_row *const *)b;
    size_t left_len = strlen(left->name.text), right_len = strlen(right->name.text);
    int order;

    if (left->name.is_exact != right->name.is_exact)
        return left->name.is_exact ? -1 : 1;
    if (left_len != right_len)
        return left_len > right_len ? -1 : 1;
    order = strcmp(left->name.text, right->name.text);
    if (order)
        return order;
    if (left->has_product != right->has_product)
        return left->has_product ? -1 : 1;
    if (!left->has_product)
        return 0;
    left_len = strlen(left->product.text);
    right_len = strlen(right->product.text);
    return left_len != right_len ? (left_len > right_len ? -1 : 1)
                                 : strcmp(left->product.text, right->product.text);
}

void accelerators_init(struct accelerators *accelerators, const struct objects *rows,
                       struct arena *arena)
{
    const struct accelerator_row *items = rows->items;

    accelerators->count = rows->count;
    accelerators->rows = arena_alloc(arena, rows->count * sizeof(*accelerators->rows));
    for (size_t i = 0; i < rows->count; i++)
        accelerators->rows[i] = &items[i];
    if (rows->count)
        qsort(accelerators->rows, rows->count, sizeof(*accelerators->rows), compare_rows);
}

static bool rows_are_alike(const struct accelerator_row *a, const struct accelerator_row *b)
{
    return compare_rows(&a, &b) == 0 && a->key == b->key && a->mode == b->mode &&
           a->is_value == b->is_value && a->has_per == b->has_per &&
           amount_compare(a->gpus, b->gpus) == 0 && amount_compare(a->per, b->per) == 0;
}

bool accelerators_are_alike(const struct accelerators *a, const struct accelerators *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (!rows_are_alike(a->rows[i], b->rows[i]))
            return false;
    }
    return a->count == b->count;
}

/* The larger weight; a bounded one before none, an unbounded one above all. */
static void keep_larger(struct accelerator_weight *kept, struct accelerator_weight weight)
{
    bool is_larger = !kept->is_known || weight.is_unbounded ||
                     (!kept->is_unbounded && amount_compare(weight.gpus, kept->gpus) > 0);

    weight.is_known = true;
    if (is_larger)
        *kept = weight;
}

/* The GPUs that an annotation's number of MiB takes: of `per` bytes each. */
static struct amount divide_memory(struct amount number, struct amount per)
{
    struct amount gpus;

    if (amount_multiply(number, amount_of(1024 * 1024), &gpus) && amount_divide(gpus, per, &gpus))
        return gpus;
    return amount_of(INT64_MAX);
}

static struct amount weigh_row(const struct accelerator_row *row,
                               const struct accelerator_name *name)
{
    if (row->key == ACCELERATOR_ANNOTATION && amount_is_zero(name->number))
        return name->number;
    if (row->has_per)
        return divide_memory(name->number, row->per);
    return row->is_value ? name->number : row->gpus;
}

static struct amount weigh_builtin_row(const struct builtin_accelerator *row,
                                       const struct accelerator_name *name)
{
    if (row->key == ACCELERATOR_ANNOTATION && (row->is_value || amount_is_zero(name->number)))
        return name->number;
    return row->gpus;
}

/* How a name weighs on boards of one product, or (NULL) of any. */
struct search {
    const struct accelerators *accelerators;
    const char *product;
    bool is_by_product; /* a row for a product was passed: others can weigh differently */
    struct accelerator_weights *passed; /* every row that was looked at; NULL: not wanted */
    struct arena *arena;                /* for these */
};

static void weigh_in(struct search *search, struct accelerator_weight weight,
                     struct accelerator_weight *out)
{
    if (search->passed)
        *ARENA_APPEND(search->arena, search->passed->items, search->passed->count) = weight;
    keep_larger(out, weight);
}

/* Rows of the policy set. With a product, the first that applies; without, the largest of those up
 * to and with the first that applies to every product. True where the search is over. */
static bool weigh_by_rows(struct search *search, const struct accelerator_name *name,
                          struct accelerator_weight *out)
{
    const struct accelerators *accelerators = search->accelerators;
    const char *product = search->product;

    for (size_t i = 0; i < accelerators->count; i++) {
        const struct accelerator_row *row = accelerators->rows[i];

        if (row->key != name->key || !glob_matches(&row->name, name->text))
            continue;
        search->is_by_product |= row->has_product;
        if (row->has_product && product && !glob_matches(&row->product, bytes_from(product)))
            continue;
        weigh_in(search,
                 (struct accelerator_weight){.mode = (enum mode)row->mode,
                                             .gpus = weigh_row(row, name),
                                             .row = row},
                 out);
        if (product || !row->has_product)
            return true;
    }
    return false;
}

/* A MIG profile without its suffixes, as in nvidia.com/mig-1g.24gb.me.all.shared. */
static struct bytes strip_mig_suffixes(struct bytes name)
{
    static const char *const suffixes[] = {".shared", ".me.all", ".me", ".gfx", "-me"};

    if (!bytes_has_prefix(name, BYTES("nvidia.com/mig-")))
        return name;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        struct bytes suffix = bytes_from(suffixes[i]);

        /* In this order each can stand at the end at most once: the profile, an attribute, .shared.
         */
        if (bytes_has_suffix(name, suffix))
            name.len -= suffix.len;
    }
    return name;
}

static bool is_builtin_name(const struct builtin_accelerator *row, enum accelerator_key key,
                            struct bytes text)
{
    struct bytes name = {row->name, row->name_len};

    if (row->key != key)
        return false;
    return row->is_prefix ? bytes_has_prefix(text, name) : bytes_equal(text, name);
}

static bool is_builtin_product(const struct builtin_accelerator *row, const char *product)
{
    const struct glob glob = {.text = row->product};

    return glob_matches(&glob, bytes_from(product));
}

/* A share of a slice weighs no more than the slice, but is a share all the same. */
static enum mode builtin_mode(const struct builtin_accelerator *row, struct bytes text)
{
    bool is_share = row->mode == MODE_MIG && bytes_has_suffix(text, BYTES(".shared"));

    return is_share ? MODE_SHARED : row->mode;
}

static void weigh_by_builtin(struct search *search, const struct accelerator_name *name,
                             struct accelerator_weight *out)
{
    const char *product = search->product;
    bool is_resource = name->key == ACCELERATOR_RESOURCE;
    struct bytes text = is_resource ? strip_mig_suffixes(name->text) : name->text;

    /* Every row has a vendor's name before a slash; cpu and memory need no look at them. */
    if (is_resource && !memchr(text.data, '/', text.len))
        return;
    for (size_t i = 0; i < builtin_accelerator_count; i++) {
        const struct builtin_accelerator *row = &builtin_accelerators[i];

        if (!is_builtin_name(row, name->key, text))
            continue;
        search->is_by_product |= row->product != NULL;
        if (row->product && product && !is_builtin_product(row, product))
            continue;
        weigh_in(search,
                 (struct accelerator_weight){.mode = builtin_mode(row, name->text),
                                             .gpus = weigh_builtin_row(row, name),
                                             .is_unbounded = row->is_unbounded,
                                             .is_general = row->is_prefix,
                                             .builtin = row},
                 out);
        if (product || !row->product)
            return;
    }
}

/* `out` is empty when this is called. */
static bool weigh_on(struct search *search, const struct accelerator_name *name,
                     struct accelerator_weight *out)
{
    if (!weigh_by_rows(search, name, out))
        weigh_by_builtin(search, name, out);
    return out->is_known;
}

/* An implicit extended resource counts as its device class, unless a row names the resource. */
static struct accelerator_name resolve_implicit(const struct accelerators *accelerators,
                                                const struct accelerator_name *name)
{
    struct bytes prefix = BYTES(CLASS_RESOURCE_PREFIX);
    struct search search = {.accelerators = accelerators};
    struct accelerator_weight ignored = {0};

    if (name->key != ACCELERATOR_RESOURCE || !bytes_has_prefix(name->text, prefix) ||
        weigh_on(&search, name, &ignored))
        return *name;
    return (struct accelerator_name){.key = ACCELERATOR_DEVICE_CLASS,
                                     .text = bytes_tail(name->text, prefix.len)};
}

bool accelerators_weigh(const struct accelerators *accelerators,
                        const struct accelerator_name *name, const struct strings *products,
                        struct accelerator_weight *out)
{
    struct accelerator_name resolved = resolve_implicit(accelerators, name);
    struct search any = {.accelerators = accelerators};

    *out = (struct accelerator_weight){0};
    /* Hardly any name weighs by the product, and a pod can pin many. */
    if (!weigh_on(&any, &resolved, out) || !any.is_by_product || products->count == 0)
        return out->is_known;
    *out = (struct accelerator_weight){0};
    for (size_t i = 0; i < products->count; i++) {
        struct search search = {.accelerators = accelerators, .product = products->items[i]};
        struct accelerator_weight weight = {0};

        if (weigh_on(&search, &resolved, &weight))
            keep_larger(out, weight);
    }
    return out->is_known;
}

void accelerators_list(const struct accelerators *accelerators, const struct accelerator_name *name,
                       struct arena *arena, struct accelerator_name *resolved,
                       struct accelerator_weights *out)
{
    struct search search = {.accelerators = accelerators, .passed = out, .arena = arena};
    struct accelerator_weight ignored = {0};

    *out = (struct accelerator_weights){0};
    *resolved = resolve_implicit(accelerators, name);
    weigh_on(&search, resolved, &ignored);
}
