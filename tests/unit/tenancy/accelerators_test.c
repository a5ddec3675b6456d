#include "tenancy/cluster.h"
#include "unit/arena.h"

/* The spec of a Cluster; its problems are in `problems`. */
static const struct accelerators *read_cluster(const char *yaml, struct problems *problems)
{
    struct source *source = arena_alloc(&arena, sizeof(*source));
    struct cluster *cluster = arena_alloc(&arena, sizeof(*cluster));
    struct nodes nodes;

    *source = (struct source){"cluster.yaml", bytes_from(yaml)};
    problems->arena = &arena;
    node_parse(source, &arena, &nodes, problems);
    assert_int_equal(nodes.count, 1);
    cluster_init_defaults(cluster, &arena);
    if (!schema_read(&cluster_schema, nodes.items[0], &arena, cluster, problems))
        return NULL;
    accelerators_init(&cluster->accelerators, &cluster->accelerator_rows, &arena);
    return &cluster->accelerators;
}

static const struct accelerators *table(const char *yaml)
{
    struct problems problems = {0};
    const struct accelerators *accelerators = read_cluster(yaml, &problems);

    assert_int_equal(problems.error_count, 0);
    return accelerators;
}

/* "A, B": the products that a pod pins; "": none. */
static struct strings split_products(const char *text)
{
    struct strings products = {0};

    while (*text) {
        size_t len = strcspn(text, ",");

        strings_add(&products, &arena, arena_copy(&arena, (struct bytes){text, len}));
        text += len;
        text += strspn(text, ", ");
    }
    return products;
}

/* "mig 1/7", "whole 1 unbounded", or "nothing". */
static const char *weigh(const struct accelerators *accelerators, struct accelerator_name name,
                         const char *pinned)
{
    struct strings products = split_products(pinned);
    struct accelerator_weight weight;

    if (!accelerators_weigh(accelerators, &name, &products, &weight)) {
        assert_false(weight.is_known);
        return "nothing";
    }
    assert_true(weight.is_known);
    return arena_printf(&arena, "%s %s%s", mode_names[weight.mode],
                        amount_write(weight.gpus, &arena), weight.is_unbounded ? " unbounded" : "");
}

static const char *weigh_resource(const struct accelerators *accelerators, const char *resource,
                                  const char *pinned)
{
    struct accelerator_name name = {.key = ACCELERATOR_RESOURCE, .text = bytes_from(resource)};

    return weigh(accelerators, name, pinned);
}

/* NVIDIA's boards with their profiles, and what each weighs: the larger of its share of the compute
 * slices (sevenths, or quarters) and of the memory slices (eighths, or quarters). */
static const struct board {
    const char *const products[5];
    struct profile {
        const char *name, *gpus;
    } profiles[14];
} boards[] = {
    {{"NVIDIA-A30"},
     {{"1g.6gb", "1/4"},
      {"1g.6gb.me", "1/4"},
      {"2g.12gb", "1/2"},
      {"2g.12gb.me", "1/2"},
      {"4g.24gb", "1"}}},
    {{"NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB", "NVIDIA-A800-SXM4-40GB"},
     {{"1g.5gb", "1/7"},
      {"1g.5gb.me", "1/7"},
      {"1g.10gb", "1/4"},
      {"2g.10gb", "2/7"},
      {"3g.20gb", "1/2"},
      {"4g.20gb", "4/7"},
      {"7g.40gb", "1"}}},
    {{"NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-80GB-PCIe", "NVIDIA-A800-80GB-PCIe",
      "NVIDIA-H100-80GB-HBM3", "NVIDIA-H800-80GB-HBM3"},
     {{"1g.10gb", "1/7"},
      {"1g.10gb.me", "1/7"},
      {"1g.20gb", "1/4"},
      {"2g.20gb", "2/7"},
      {"3g.40gb", "1/2"},
      {"4g.40gb", "4/7"},
      {"7g.80gb", "1"}}},
    /* The same board; its name says nothing of its memory. */
    {{"NVIDIA-H100-PCIe", "NVIDIA-H800", "NVIDIA-H800-PCIe"},
     {{"1g.10gb", "1/7"},
      {"1g.10gb.me", "1/7"},
      {"1g.20gb", "1/4"},
      {"2g.20gb", "2/7"},
      {"3g.40gb", "1/2"},
      {"4g.40gb", "4/7"},
      {"7g.80gb", "1"}}},
    {{"NVIDIA-H100-NVL", "NVIDIA-H800-NVL"},
     {{"1g.12gb", "1/7"},
      {"1g.12gb.me", "1/7"},
      {"1g.24gb", "1/4"},
      {"2g.24gb", "2/7"},
      {"3g.47gb", "1/2"},
      {"4g.47gb", "4/7"},
      {"7g.94gb", "1"}}},
    {{"NVIDIA-H100-96GB-HBM3", "NVIDIA-H100-SXM5-96GB", "NVIDIA-GH200-480GB", "NVIDIA-H20"},
     {{"1g.12gb", "1/7"},
      {"1g.12gb.me", "1/7"},
      {"1g.24gb", "1/4"},
      {"2g.24gb", "2/7"},
      {"3g.48gb", "1/2"},
      {"4g.48gb", "4/7"},
      {"7g.96gb", "1"}}},
    {{"NVIDIA-H200", "NVIDIA-H200-NVL"},
     {{"1g.18gb", "1/7"},
      {"1g.18gb.me", "1/7"},
      {"1g.35gb", "1/4"},
      {"2g.35gb", "2/7"},
      {"3g.71gb", "1/2"},
      {"4g.71gb", "4/7"},
      {"7g.141gb", "1"}}},
    {{"NVIDIA-GH200-144G-HBM3e"},
     {{"1g.18gb", "1/7"},
      {"1g.18gb.me", "1/7"},
      {"1g.36gb", "1/4"},
      {"2g.36gb", "2/7"},
      {"3g.72gb", "1/2"},
      {"4g.72gb", "4/7"},
      {"7g.144gb", "1"}}},
    {{"NVIDIA-B200"},
     {{"1g.23gb", "1/7"},
      {"1g.23gb.me", "1/7"},
      {"1g.45gb", "1/4"},
      {"2g.45gb", "2/7"},
      {"3g.90gb", "1/2"},
      {"4g.90gb", "4/7"},
      {"7g.180gb", "1"}}},
    {{"NVIDIA-GB200"},
     {{"1g.23gb", "1/7"},
      {"1g.23gb.me", "1/7"},
      {"1g.47gb", "1/4"},
      {"2g.47gb", "2/7"},
      {"3g.93gb", "1/2"},
      {"3g.95gb", "1/2"},
      {"4g.93gb", "4/7"},
      {"4g.95gb", "4/7"},
      {"7g.186gb", "1"},
      {"7g.189gb", "1"}}},
    {{"NVIDIA-B300-SXM6-AC"},
     {{"1g.34gb", "1/7"},
      {"1g.34gb.me", "1/7"},
      {"1g.67gb", "1/4"},
      {"2g.67gb", "2/7"},
      {"3g.135gb", "1/2"},
      {"4g.135gb", "4/7"},
      {"7g.269gb", "1"}}},
    {{"NVIDIA-GB300"},
     {{"1g.35gb", "1/7"},
      {"1g.35gb.me", "1/7"},
      {"1g.70gb", "1/4"},
      {"2g.70gb", "2/7"},
      {"3g.139gb", "1/2"},
      {"4g.139gb", "4/7"},
      {"7g.278gb", "1"}}},
    {{"NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition"},
     {{"1g.24gb", "1/4"},
      {"1g.24gb.me", "1/4"},
      {"1g.24gb.me.all", "1/4"},
      {"1g.24gb.gfx", "1/4"},
      {"1g.24gb-me", "1/4"},
      {"2g.48gb", "1/2"},
      {"2g.48gb.gfx", "1/2"},
      {"2g.48gb.me.all", "1/2"},
      {"2g.48gb-me", "1/2"},
      {"4g.96gb", "1"},
      {"4g.96gb.gfx", "1"}}},
    /* Two instances at most. */
    {{"NVIDIA-RTX-PRO-5000-Blackwell"},
     {{"1g.12gb", "1/2"}, {"2g.24gb-me", "1/2"}, {"4g.48gb", "1"}, {"4g.48gb.gfx", "1"}}},
    {{"NVIDIA-RTX-PRO-4500-Blackwell"}, {{"1g.16gb", "1/2"}, {"2g.32gb", "1"}}},
};

static void check_profile(const char *product, const struct profile *profile)
{
    const struct accelerators *none = table("{}");
    const char *name = arena_printf(&arena, "nvidia.com/mig-%s", profile->name);
    const char *got = weigh_resource(none, name, product);

    if (strcmp(got, arena_printf(&arena, "mig %s", profile->gpus)) != 0)
        fail_msg("%s on %s: expected mig %s, got %s", name, product, profile->gpus, got);
    got = weigh_resource(none, arena_printf(&arena, "%s.shared", name), product);
    if (strcmp(got, arena_printf(&arena, "shared %s", profile->gpus)) != 0)
        fail_msg("%s.shared on %s: expected shared %s, got %s", name, product, profile->gpus, got);
}

static void a_slice_weighs_its_dominant_share_of_the_board_that_is_pinned(void **state)
{
    for (size_t i = 0; i < COUNT(boards); i++) {
        const struct board *board = &boards[i];

        for (size_t j = 0; j < COUNT(board->products) && board->products[j]; j++) {
            for (size_t k = 0; k < COUNT(board->profiles) && board->profiles[k].name; k++)
                check_profile(board->products[j], &board->profiles[k]);
        }
    }
}

/* Of a profile, suffixes left out, over all boards. */
static struct amount largest_share(struct bytes name)
{
    struct amount largest = {0};

    for (size_t i = 0; i < COUNT(boards); i++) {
        for (size_t j = 0; j < COUNT(boards[i].profiles) && boards[i].profiles[j].name; j++) {
            const struct profile *profile = &boards[i].profiles[j];
            struct amount gpus;
            struct error err;

            assert_true(amount_parse(bytes_from(profile->gpus), &gpus, &err));
            if (bytes_has_prefix(bytes_from(profile->name), name))
                largest = amount_max(largest, gpus);
        }
    }
    return largest;
}

static void a_slice_of_no_pinned_board_weighs_its_largest_share(void **state)
{
    /* Those whose name stands for different shares. */
    static const struct {
        const char *profile, *gpus;
    } rows[] = {
        {"1g.10gb", "1/4"}, {"1g.35gb", "1/4"}, {"1g.24gb", "1/4"}, {"1g.12gb", "1/2"},
        {"2g.24gb", "1/2"}, {"4g.48gb", "1"},   {"4g.24gb", "1"},   {"1g.5gb", "1/7"},
        {"3g.20gb", "1/2"}, {"4g.20gb", "4/7"}, {"2g.10gb", "2/7"}, {"7g.40gb", "1"},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        check_profile("", &(struct profile){rows[i].profile, rows[i].gpus});
    for (size_t i = 0; i < COUNT(boards); i++) {
        for (size_t j = 0; j < COUNT(boards[i].profiles) && boards[i].profiles[j].name; j++) {
            const char *name = boards[i].profiles[j].name;
            struct bytes plain = {name, (size_t)(strstr(name, "gb") - name) + 2};
            const char *gpus = amount_write(largest_share(plain), &arena);

            check_profile("", &(struct profile){name, gpus});
            check_profile("NVIDIA-X1000", &(struct profile){name, gpus});
        }
    }
}

struct weight_row {
    const char *resource, *products, *weight;
};

static void check_weights(const struct accelerators *accelerators, const struct weight_row *rows,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = weigh_resource(accelerators, rows[i].resource, rows[i].products);

        if (strcmp(got, rows[i].weight) != 0)
            fail_msg("%s on %s: %s", rows[i].resource, rows[i].products, got);
    }
}

static void of_several_pinned_boards_the_largest_share_counts(void **state)
{
    static const struct weight_row rows[] = {
        {"nvidia.com/mig-1g.10gb", "NVIDIA-H100-80GB-HBM3, NVIDIA-A100-SXM4-80GB", "mig 1/7"},
        {"nvidia.com/mig-1g.10gb", "NVIDIA-H100-80GB-HBM3, NVIDIA-A100-SXM4-40GB", "mig 1/4"},
        {"nvidia.com/mig-1g.10gb", "NVIDIA-A100-SXM4-40GB, NVIDIA-H100-80GB-HBM3", "mig 1/4"},
        {"nvidia.com/mig-1g.35gb", "NVIDIA-GB300, NVIDIA-H200", "mig 1/4"},
        {"nvidia.com/mig-4g.48gb", "NVIDIA-H20, NVIDIA-GH200-480GB", "mig 4/7"},
        {"nvidia.com/mig-4g.48gb", "NVIDIA-H20, NVIDIA-RTX-PRO-5000-Blackwell", "mig 1"},
        {"nvidia.com/gpu", "NVIDIA-H20, NVIDIA-H200", "whole 1"},
    };

    check_weights(table("{}"), rows, COUNT(rows));
}

static const struct {
    const char *resource, *weight;
} builtin_resources[] = {
    {"nvidia.com/gpu", "whole 1"},
    {"nvidia.com/gpu.shared", "shared 1"},
    {"nvidia.com/gpumem", "shared 0"},
    {"nvidia.com/gpumem-percentage", "shared 0"},
    {"nvidia.com/gpucores", "shared 0"},
    {"nvidia.com/priority", "shared 0"},
    {"volcano.sh/vgpu-number", "shared 1"},
    {"volcano.sh/vgpu-memory", "shared 0"},
    {"volcano.sh/vgpu-memory-percentage", "shared 0"},
    {"volcano.sh/vgpu-cores", "shared 0"},
    {"volcano.sh/gpu-number", "shared 1"},
    {"volcano.sh/gpu-memory", "shared 0"},
    {"amd.com/gpu", "whole 1"},
    {"amd.com/spx_nps1", "whole 1"},
    {"amd.com/cpx_nps4", "whole 1"},
    {"gpu.intel.com/i915", "whole 1"},
    {"gpu.intel.com/xe", "whole 1"},
    {"gpu.intel.com/monitoring", "whole 1 unbounded"},
    {"gpu.intel.com/i915_monitoring", "whole 1 unbounded"},
    {"gpu.intel.com/xe_monitoring", "whole 1 unbounded"},
    {"habana.ai/gaudi", "whole 1"},
    {"google.com/tpu", "whole 1"},
    {"aws.amazon.com/neuron", "whole 1"},
    {"aws.amazon.com/neuroncore", "whole 1"},
    {"aws.amazon.com/neurondevice", "whole 1"},
    /* Under a vendor's prefix, but in no row: a whole GPU a unit. */
    {"nvidia.com/pgpu", "whole 1"},
    {"nvidia.com/GA102GL_A10", "whole 1"},
    {"nvidia.com/mig-1g.99gb", "whole 1"},
    {"nvidia.com/mig-1c.3g.20gb", "whole 1"},
    {"nvidia.com/mig-1g.5gb.you", "whole 1"},
    {"nvidia.com/mig-", "whole 1"},
    {"nvidia.com/", "whole 1"},
    {"nvidia.com/gpu.shared.shared", "whole 1"},
    {"habana.ai/gaudi4", "whole 1"},
    /* An implicit extended resource counts as its class. */
    {"deviceclass.resource.kubernetes.io/gpu.nvidia.com", "whole 1"},
    {"deviceclass.resource.kubernetes.io/mig.nvidia.com", "mig 1"},
    {"deviceclass.resource.kubernetes.io/compute-domain-channel.nvidia.com", "whole 0"},
    {"deviceclass.resource.kubernetes.io/any.example.com", "whole 1"},
    /* No accelerators. */
    {"cpu", "nothing"},
    {"memory", "nothing"},
    {"hugepages-2Mi", "nothing"},
    {"ephemeral-storage", "nothing"},
    {"nvidia.com", "nothing"},
    {"NVIDIA.com/gpu", "nothing"},
    {"example.com/gpu", "nothing"},
    {"x.nvidia.com/gpu", "nothing"},
    {"rdma/hca", "nothing"},
    {"", "nothing"},
};

static void resources_of_every_vendor_weigh_what_is_documented(void **state)
{
    const struct accelerators *none = table("{}");

    for (size_t i = 0; i < COUNT(builtin_resources); i++) {
        const char *got = weigh_resource(none, builtin_resources[i].resource, "");

        if (strcmp(got, builtin_resources[i].weight) != 0)
            fail_msg("%s: %s", builtin_resources[i].resource, got);
    }
}

static void device_classes_weigh_what_is_documented(void **state)
{
    static const struct {
        const char *class_name, *weight;
    } rows[] = {
        {"gpu.nvidia.com", "whole 1"},
        {"mig.nvidia.com", "mig 1"},
        {"vfio.gpu.nvidia.com", "whole 1"},
        {"compute-domain-daemon.nvidia.com", "whole 0"},
        {"compute-domain-default-channel.nvidia.com", "whole 0"},
        {"gpu.amd.com", "whole 1"},
        {"gpu.intel.com", "whole 1"},
        {"gpu-vfio.intel.com", "whole 1"},
        {"gaudi.intel.com", "whole 1"},
        {"nics.example.com", "whole 1"},
    };
    const struct accelerators *none = table("{}");

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct accelerator_name name = {.key = ACCELERATOR_DEVICE_CLASS,
                                        .text = bytes_from(rows[i].class_name)};

        assert_string_equal(weigh(none, name, ""), rows[i].weight);
    }
}

static void annotations_weigh_their_number(void **state)
{
    static const char kai[] = "accelerators:\n"
                              "- {annotation: gpu-memory, mode: shared, gpus: value, per: 80Gi}\n"
                              "- {annotation: half, mode: shared, gpus: 1/2}\n";
    static const struct {
        const char *cluster, *name;
        struct amount number;
        const char *weight;
    } rows[] = {
        {"{}", "gpu-fraction", {1, 2}, "shared 1/2"},
        {"{}", "gpu-fraction", {0, 1}, "shared 0"},
        {"{}", "gpu-fraction", {3, 1}, "shared 3"},
        {"{}", "gpu-memory", {2048, 1}, "shared 1"},
        {"{}", "gpu-memory", {1, 1}, "shared 1"},
        {"{}", "gpu-memory", {0, 1}, "shared 0"},
        {"{}", "gpu-fraction-num-devices", {2, 1}, "nothing"},
        {"{}", "nvidia.com/gpu", {2, 1}, "nothing"},
        {kai, "gpu-fraction", {1, 2}, "shared 1/2"},
        {kai, "gpu-memory", {20480, 1}, "shared 1/4"},
        {kai, "gpu-memory", {81920, 1}, "shared 1"},
        {kai, "gpu-memory", {1, 1}, "shared 1/81920"},
        {kai, "half", {7, 1}, "shared 1/2"},
        {kai, "half", {0, 1}, "shared 0"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct accelerator_name name = {ACCELERATOR_ANNOTATION, bytes_from(rows[i].name),
                                        rows[i].number};

        assert_string_equal(weigh(table(rows[i].cluster), name, ""), rows[i].weight);
    }
}

static const char site[] =
    "accelerators:\n"
    "- {resource: \"nvidia.com/*\", mode: whole, gpus: 2}\n"
    "- {resource: \"nvidia.com/mig-*\", mode: mig, gpus: 1/3}\n"
    "- {resource: \"*/mig-1*\", mode: mig, gpus: 1/2}\n"
    "- {resource: nvidia.com/mig-1g.10gb, mode: mig, gpus: 1/5}\n"
    "- {resource: nvidia.com/mig-1g.10gb, mode: mig, gpus: 1/9, product: \"NVIDIA-A100*\"}\n"
    "- {resource: nvidia.com/mig-1g.10gb, mode: shared, gpus: 1/8, product: "
    "\"NVIDIA-A100-SXM4*\"}\n"
    "- {resource: \"amd.com/*\", mode: shared, gpus: 0.25}\n"
    "- {resource: amd.com/cpx_nps4, mode: shared, gpus: 0}\n"
    "- {resource: gpu.intel.com/xe_monitoring, mode: whole, gpus: 0}\n"
    "- {resource: aws.amazon.com/neuroncore, mode: whole, gpus: 1/8, product: \"none-*\"}\n"
    "- {resource: example.com/dongle, mode: whole, gpus: 3}\n"
    "- {deviceClass: small.mig.example.com, mode: mig, gpus: 1/7}\n"
    "- {deviceClass: \"*.mig.example.com\", mode: mig, gpus: 2/7}\n"
    "- {resource: deviceclass.resource.kubernetes.io/own.example.com, mode: whole, gpus: 5}\n";

static void the_most_specific_row_of_the_set_holds(void **state)
{
    static const struct weight_row rows[] = {
        /* The set goes before the built-in table, a glob of it before an exact name there. */
        {"nvidia.com/gpu", "", "whole 2"},
        {"nvidia.com/mig-2g.10gb", "", "mig 1/3"},
        {"nvidia.com/mig-1g.5gb", "", "mig 1/3"},
        {"example.com/mig-1", "", "mig 1/2"},
        {"nvidia.com/mig-1g.10gb.shared", "", "mig 1/3"},
        /* An exact name before globs; with a product, rows that name it before the one for all. */
        {"nvidia.com/mig-1g.10gb", "NVIDIA-H100-80GB-HBM3", "mig 1/5"},
        {"nvidia.com/mig-1g.10gb", "NVIDIA-A100-80GB-PCIe", "mig 1/9"},
        {"nvidia.com/mig-1g.10gb", "NVIDIA-A100-SXM4-80GB", "shared 1/8"},
        {"nvidia.com/mig-1g.10gb", "NVIDIA-A100-SXM4-80GB, NVIDIA-A100-80GB-PCIe", "shared 1/8"},
        {"nvidia.com/mig-1g.10gb", "NVIDIA-A100-80GB-PCIe, NVIDIA-H200", "mig 1/5"},
        {"nvidia.com/mig-1g.10gb", "", "mig 1/5"},
        {"amd.com/gpu", "", "shared 1/4"},
        {"amd.com/cpx_nps4", "", "shared 0"},
        {"gpu.intel.com/xe_monitoring", "", "whole 0"},
        {"gpu.intel.com/i915_monitoring", "", "whole 1 unbounded"},
        /* Where no row of the set is for every product, the built-in one may apply as well. */
        {"aws.amazon.com/neuroncore", "", "whole 1"},
        {"aws.amazon.com/neuroncore", "none-such", "whole 1/8"},
        {"aws.amazon.com/neuroncore", "trn1", "whole 1"},
        {"example.com/dongle", "", "whole 3"},
        {"example.com/other", "", "nothing"},
        {"small.mig.example.com", "", "nothing"},
        {"deviceclass.resource.kubernetes.io/small.mig.example.com", "", "mig 1/7"},
        {"deviceclass.resource.kubernetes.io/large.mig.example.com", "", "mig 2/7"},
        {"deviceclass.resource.kubernetes.io/own.example.com", "", "whole 5"},
        {"deviceclass.resource.kubernetes.io/else.example.com", "", "whole 1"},
    };

    check_weights(table(site), rows, COUNT(rows));
}

/* The order in which rows are written means nothing. */
static void rows_in_any_order_weigh_the_same(void **state)
{
    const struct accelerators *accelerators =
        table("accelerators:\n"
              "- {resource: a.com/x, mode: mig, gpus: 4, product: \"P*\"}\n"
              "- {resource: a.com/x, mode: mig, gpus: 3}\n"
              "- {resource: \"a.com/?\", mode: mig, gpus: 2}\n"
              "- {resource: \"a.com*\", mode: mig, gpus: 1}\n");
    const struct accelerators *turned =
        table("accelerators:\n"
              "- {resource: \"a.com*\", mode: mig, gpus: 1}\n"
              "- {resource: \"a.com/?\", mode: mig, gpus: 2}\n"
              "- {resource: a.com/x, mode: mig, gpus: 3}\n"
              "- {resource: a.com/x, mode: mig, gpus: 4, product: \"P*\"}\n");
    static const struct weight_row rows[] = {
        {"a.com/x", "", "mig 4"},  {"a.com/x", "P1", "mig 4"}, {"a.com/x", "Q1", "mig 3"},
        {"a.com/xx", "", "mig 1"}, {"a.com", "P1", "mig 1"},   {"b.com/x", "", "nothing"},
    };

    check_weights(accelerators, rows, COUNT(rows));
    check_weights(turned, rows, COUNT(rows));
}

static void odd_rows_are_refused(void **state)
{
    static const struct {
        const char *row, *problem;
    } rows[] = {
        {"{mode: whole, gpus: 1}", "is required here"},
        {"{resource: a/b, deviceClass: c, mode: whole, gpus: 1}", "can't stand beside"},
        {"{resource: a/b, annotation: c, mode: whole, gpus: 1}", "can't stand beside"},
        {"{resource: a/b, gpus: 1}", "\"mode\""},
        {"{resource: a/b, mode: whole}", "\"gpus\""},
        {"{resource: a/b, mode: half, gpus: 1}", "\"mode\""},
        {"{resource: a/b, mode: whole, gpus: 1x}", "1x"},
        {"{resource: a/b, mode: whole, gpus: -1}", "-1"},
        {"{resource: \"\", mode: whole, gpus: 1}", "\"resource\""},
        {"{resource: a/b, mode: whole, gpus: value}", "for annotations only"},
        {"{deviceClass: a, mode: whole, gpus: value}", "for annotations only"},
        {"{resource: a/b, mode: whole, gpus: 1, per: 80Gi}", "\"per\""},
        {"{annotation: a, mode: whole, gpus: 1, per: 80Gi}", "\"per\""},
        {"{annotation: a, mode: whole, gpus: value, per: 0}", "\"per\""},
        {"{annotation: a, mode: whole, gpus: value, per: lots}", "\"per\""},
        {"{annotation: \"gpu-*\", mode: whole, gpus: value}", "got a glob"},
        {"{resource: a/b, mode: whole, gpus: 1, products: x}", "products"},
        {"{resource: a/b, mode: whole, gpus: 1}\n- {resource: a/b, mode: mig, gpus: 2}",
         "has a row already, at line 2"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct problems problems = {0};

        read_cluster(arena_printf(&arena, "accelerators:\n- %s\n", rows[i].row), &problems);
        assert_in_range(problems.count, 1, 2);
        if (!strstr(problems.items[0].text, rows[i].problem))
            fail_msg("%s: %s", rows[i].row, problems.items[0].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_slice_weighs_its_dominant_share_of_the_board_that_is_pinned,
                                  release_arena),
        cmocka_unit_test_teardown(a_slice_of_no_pinned_board_weighs_its_largest_share,
                                  release_arena),
        cmocka_unit_test_teardown(of_several_pinned_boards_the_largest_share_counts, release_arena),
        cmocka_unit_test_teardown(resources_of_every_vendor_weigh_what_is_documented,
                                  release_arena),
        cmocka_unit_test_teardown(device_classes_weigh_what_is_documented, release_arena),
        cmocka_unit_test_teardown(annotations_weigh_their_number, release_arena),
        cmocka_unit_test_teardown(the_most_specific_row_of_the_set_holds, release_arena),
        cmocka_unit_test_teardown(rows_in_any_order_weigh_the_same, release_arena),
        cmocka_unit_test_teardown(odd_rows_are_refused, release_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
