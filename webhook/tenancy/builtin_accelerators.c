/* The built-in table of accelerators: device plugin resources, DRA device classes, KAI's
 * annotations.
 *
 * A MIG slice weighs its dominant share: the larger of its share of the board's compute slices and
 * of its memory slices. Profiles and slices: NVIDIA MIG User Guide (supported MIG profiles) and
 * mig-parted's builder tests. One name may be different shares of different boards; then there is a
 * row a board, and a pod that pins no board gets the largest. Suffixes of profiles (.me, .me.all,
 * .gfx, -me, .shared) weigh as the profile does; with .shared it is a share. */
#include "tenancy/accelerators.h"

#define NAMED(text) .name = text, .name_len = sizeof(text) - 1

#define RESOURCE(resource, as, num, den, what)                                                     \
    {                                                                                              \
        .key = ACCELERATOR_RESOURCE, NAMED(resource), .mode = as, .gpus = {num, den}, .note = what \
    }
#define MIG(profile, num, den, boards, what)                                                       \
    {                                                                                              \
        .key = ACCELERATOR_RESOURCE, NAMED("nvidia.com/mig-" profile), .mode = MODE_MIG,           \
        .gpus = {num, den}, .product = boards, .note = what                                        \
    }
#define CLASS(class_name, as, num, den, what)                                                      \
    {                                                                                              \
        .key = ACCELERATOR_DEVICE_CLASS, NAMED(class_name), .mode = as, .gpus = {num, den},        \
        .note = what                                                                               \
    }
#define UNKNOWN(prefix, what)                                                                      \
    {                                                                                              \
        .key = ACCELERATOR_RESOURCE, NAMED(prefix), .is_prefix = true, .mode = MODE_WHOLE,         \
        .gpus = {1, 1}, .note = what                                                               \
    }

const struct builtin_accelerator builtin_accelerators[] = {
    RESOURCE("nvidia.com/gpu", MODE_WHOLE, 1, 1, "a GPU"),
    RESOURCE("nvidia.com/gpu.shared", MODE_SHARED, 1, 1, "a share whose size is not known"),
    RESOURCE("nvidia.com/gpumem", MODE_SHARED, 0, 1, "HAMi: memory of the devices asked for"),
    RESOURCE("nvidia.com/gpumem-percentage", MODE_SHARED, 0, 1, "HAMi: memory, in percent"),
    RESOURCE("nvidia.com/gpucores", MODE_SHARED, 0, 1, "HAMi: cores, in percent"),
    RESOURCE("nvidia.com/priority", MODE_SHARED, 0, 1, "HAMi: priority of a task"),

    MIG("1g.5gb", 1, 7, NULL, "A100 40GB"),
    MIG("1g.6gb", 1, 4, NULL, "A30"),
    MIG("1g.10gb", 1, 4, "*A100*40GB*", "A100 40GB, twice the memory"),
    MIG("1g.10gb", 1, 4, "*A800*40GB*", "A800 40GB, twice the memory"),
    MIG("1g.10gb", 1, 7, "*A100*80GB*", "A100 80GB"),
    MIG("1g.10gb", 1, 7, "*A800*80GB*", "A800 80GB"),
    MIG("1g.10gb", 1, 7, "*H100*", "H100 80GB"),
    MIG("1g.10gb", 1, 7, "*H800*", "H800 80GB"),
    MIG("1g.10gb", 1, 4, NULL, "any other board"),
    MIG("1g.12gb", 1, 7, "*H100*", "H100 94GB and 96GB"),
    MIG("1g.12gb", 1, 7, "*H800*", "H800 94GB"),
    MIG("1g.12gb", 1, 7, "*GH200*", "GH200 96GB"),
    MIG("1g.12gb", 1, 7, "*H20", "H20"),
    MIG("1g.12gb", 1, 2, NULL, "RTX PRO 5000 holds two instances at most"),
    MIG("1g.16gb", 1, 2, NULL, "RTX PRO 4500 holds two instances at most"),
    MIG("1g.18gb", 1, 7, NULL, "H200 141GB, GH200 144GB"),
    MIG("1g.20gb", 1, 4, NULL, "80GB boards, twice the memory"),
    MIG("1g.23gb", 1, 7, NULL, "B200, GB200"),
    MIG("1g.24gb", 1, 4, NULL, "94GB and 96GB boards, twice the memory; RTX PRO 6000"),
    MIG("1g.34gb", 1, 7, NULL, "B300"),
    MIG("1g.35gb", 1, 4, "*H200*141GB*", "H200, twice the memory"),
    MIG("1g.35gb", 1, 7, "*GB300*", "GB300"),
    MIG("1g.35gb", 1, 4, NULL, "any other board"),
    MIG("1g.36gb", 1, 4, NULL, "GH200 144GB, twice the memory"),
    MIG("1g.45gb", 1, 4, NULL, "B200, twice the memory"),
    MIG("1g.47gb", 1, 4, NULL, "GB200, twice the memory"),
    MIG("1g.67gb", 1, 4, NULL, "B300, twice the memory"),
    MIG("1g.70gb", 1, 4, NULL, "GB300, twice the memory"),

    MIG("2g.10gb", 2, 7, NULL, "A100 40GB"),
    MIG("2g.12gb", 1, 2, NULL, "A30"),
    MIG("2g.20gb", 2, 7, NULL, "80GB boards"),
    MIG("2g.24gb", 2, 7, "*H100*", "H100 94GB and 96GB"),
    MIG("2g.24gb", 2, 7, "*H800*", "H800 94GB"),
    MIG("2g.24gb", 2, 7, "*GH200*", "GH200 96GB"),
    MIG("2g.24gb", 2, 7, "*H20", "H20"),
    MIG("2g.24gb", 1, 2, NULL, "RTX PRO 5000"),
    MIG("2g.32gb", 1, 1, NULL, "RTX PRO 4500: its share is not known"),
    MIG("2g.35gb", 2, 7, NULL, "H200"),
    MIG("2g.36gb", 2, 7, NULL, "GH200 144GB"),
    MIG("2g.45gb", 2, 7, NULL, "B200"),
    MIG("2g.47gb", 2, 7, NULL, "GB200"),
    MIG("2g.48gb", 1, 2, NULL, "RTX PRO 6000"),
    MIG("2g.67gb", 2, 7, NULL, "B300"),
    MIG("2g.70gb", 2, 7, NULL, "GB300"),

    MIG("3g.20gb", 1, 2, NULL, "A100 40GB: half of the memory"),
    MIG("3g.40gb", 1, 2, NULL, "80GB boards: half of the memory"),
    MIG("3g.47gb", 1, 2, NULL, "94GB boards: half of the memory"),
    MIG("3g.48gb", 1, 2, NULL, "96GB boards: half of the memory"),
    MIG("3g.71gb", 1, 2, NULL, "H200: half of the memory"),
    MIG("3g.72gb", 1, 2, NULL, "GH200 144GB: half of the memory"),
    MIG("3g.90gb", 1, 2, NULL, "B200: half of the memory"),
    MIG("3g.93gb", 1, 2, NULL, "GB200: half of the memory"),
    MIG("3g.95gb", 1, 2, NULL, "GB200: half of the memory"),
    MIG("3g.135gb", 1, 2, NULL, "B300: half of the memory"),
    MIG("3g.139gb", 1, 2, NULL, "GB300: half of the memory"),

    MIG("4g.20gb", 4, 7, NULL, "A100 40GB"),
    MIG("4g.24gb", 1, 1, NULL, "A30: the whole board"),
    MIG("4g.40gb", 4, 7, NULL, "80GB boards"),
    MIG("4g.47gb", 4, 7, NULL, "94GB boards"),
    MIG("4g.48gb", 4, 7, "*H100*", "H100 96GB"),
    MIG("4g.48gb", 4, 7, "*GH200*", "GH200 96GB"),
    MIG("4g.48gb", 4, 7, "*H20", "H20"),
    MIG("4g.48gb", 1, 1, NULL, "RTX PRO 5000: the whole board"),
    MIG("4g.71gb", 4, 7, NULL, "H200"),
    MIG("4g.72gb", 4, 7, NULL, "GH200 144GB"),
    MIG("4g.90gb", 4, 7, NULL, "B200"),
    MIG("4g.93gb", 4, 7, NULL, "GB200"),
    MIG("4g.95gb", 4, 7, NULL, "GB200"),
    MIG("4g.96gb", 1, 1, NULL, "RTX PRO 6000: the whole board"),
    MIG("4g.135gb", 4, 7, NULL, "B300"),
    MIG("4g.139gb", 4, 7, NULL, "GB300"),

    MIG("7g.40gb", 1, 1, NULL, "A100 40GB: the whole board"),
    MIG("7g.80gb", 1, 1, NULL, "80GB boards: the whole board"),
    MIG("7g.94gb", 1, 1, NULL, "94GB boards: the whole board"),
    MIG("7g.96gb", 1, 1, NULL, "96GB boards: the whole board"),
    MIG("7g.141gb", 1, 1, NULL, "H200: the whole board"),
    MIG("7g.144gb", 1, 1, NULL, "GH200 144GB: the whole board"),
    MIG("7g.180gb", 1, 1, NULL, "B200: the whole board"),
    MIG("7g.186gb", 1, 1, NULL, "GB200: the whole board"),
    MIG("7g.189gb", 1, 1, NULL, "GB200: the whole board"),
    MIG("7g.269gb", 1, 1, NULL, "B300: the whole board"),
    MIG("7g.278gb", 1, 1, NULL, "GB300: the whole board"),

    RESOURCE("amd.com/gpu", MODE_WHOLE, 1, 1, "a GPU, or a partition of one"),
    RESOURCE("gpu.intel.com/i915", MODE_WHOLE, 1, 1, "a GPU"),
    RESOURCE("gpu.intel.com/xe", MODE_WHOLE, 1, 1, "a GPU"),
    {.key = ACCELERATOR_RESOURCE,
     NAMED("gpu.intel.com/monitoring"),
     .mode = MODE_WHOLE,
     .gpus = {1, 1},
     .is_unbounded = true,
     .note = "shows every GPU of the node"},
    {.key = ACCELERATOR_RESOURCE,
     NAMED("gpu.intel.com/i915_monitoring"),
     .mode = MODE_WHOLE,
     .gpus = {1, 1},
     .is_unbounded = true,
     .note = "shows every GPU of the node"},
    {.key = ACCELERATOR_RESOURCE,
     NAMED("gpu.intel.com/xe_monitoring"),
     .mode = MODE_WHOLE,
     .gpus = {1, 1},
     .is_unbounded = true,
     .note = "shows every GPU of the node"},
    RESOURCE("habana.ai/gaudi", MODE_WHOLE, 1, 1, "a Gaudi accelerator"),
    RESOURCE("google.com/tpu", MODE_WHOLE, 1, 1, "a TPU chip"),
    RESOURCE("aws.amazon.com/neuron", MODE_WHOLE, 1, 1, "a Neuron device"),
    RESOURCE("aws.amazon.com/neurondevice", MODE_WHOLE, 1, 1, "a Neuron device"),
    RESOURCE("aws.amazon.com/neuroncore", MODE_WHOLE, 1, 1, "a core: cores a device are not known"),
    RESOURCE("volcano.sh/vgpu-number", MODE_SHARED, 1, 1, "Volcano: devices"),
    RESOURCE("volcano.sh/vgpu-memory", MODE_SHARED, 0, 1, "Volcano: memory of the devices"),
    RESOURCE("volcano.sh/vgpu-memory-percentage", MODE_SHARED, 0, 1, "Volcano: memory, in percent"),
    RESOURCE("volcano.sh/vgpu-cores", MODE_SHARED, 0, 1, "Volcano: cores, in percent"),
    RESOURCE("volcano.sh/gpu-number", MODE_SHARED, 1, 1, "Volcano: devices"),
    RESOURCE("volcano.sh/gpu-memory", MODE_SHARED, 0, 1, "Volcano: memory of the devices"),

    UNKNOWN("nvidia.com/", "any other NVIDIA resource"),
    UNKNOWN("amd.com/", "any other AMD resource, such as a partition"),
    UNKNOWN("gpu.intel.com/", "any other Intel GPU resource"),
    UNKNOWN("habana.ai/", "any other Gaudi resource"),
    UNKNOWN("google.com/", "any other Google resource"),
    UNKNOWN("aws.amazon.com/", "any other Neuron resource"),
    UNKNOWN("volcano.sh/", "any other Volcano resource"),

    CLASS("gpu.nvidia.com", MODE_WHOLE, 1, 1, "a GPU"),
    CLASS("mig.nvidia.com", MODE_MIG, 1, 1, "a MIG device: its profile is not known"),
    CLASS("vfio.gpu.nvidia.com", MODE_WHOLE, 1, 1, "a GPU, passed through"),
    CLASS("compute-domain-daemon.nvidia.com", MODE_WHOLE, 0, 1, "a compute domain's daemon"),
    CLASS("compute-domain-default-channel.nvidia.com", MODE_WHOLE, 0, 1, "an IMEX channel"),
    CLASS("compute-domain-channel.nvidia.com", MODE_WHOLE, 0, 1, "an IMEX channel"),
    CLASS("gpu.amd.com", MODE_WHOLE, 1, 1, "a GPU"),
    CLASS("gpu.intel.com", MODE_WHOLE, 1, 1, "a GPU"),
    CLASS("gpu-vfio.intel.com", MODE_WHOLE, 1, 1, "a GPU, passed through"),
    CLASS("gaudi.intel.com", MODE_WHOLE, 1, 1, "a Gaudi accelerator"),
    {.key = ACCELERATOR_DEVICE_CLASS,
     NAMED(""),
     .is_prefix = true,
     .mode = MODE_WHOLE,
     .gpus = {1, 1},
     .note = "any other device class"},

    {.key = ACCELERATOR_ANNOTATION,
     NAMED("gpu-fraction"),
     .mode = MODE_SHARED,
     .is_value = true,
     .note = "KAI: that fraction of each device"},
    {.key = ACCELERATOR_ANNOTATION,
     NAMED("gpu-memory"),
     .mode = MODE_SHARED,
     .gpus = {1, 1},
     .note = "KAI: memory of a GPU whose size is not known"},
};

const size_t builtin_accelerator_count =
    sizeof(builtin_accelerators) / sizeof(builtin_accelerators[0]);
