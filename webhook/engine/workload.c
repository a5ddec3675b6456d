#include "engine/workload.h"

/* The most specific mark first. Names stand in front of the value, so that a RayCluster and a
 * JobSet of one name are two workloads. */
static const struct mark {
    const char *key, *system;
    bool is_annotation;
} marks[] = {
    {"leaderworkerset.sigs.k8s.io/group-key", "lws", false},
    {"jobset.sigs.k8s.io/jobset-name", "jobset", false},
    {"training.kubeflow.org/job-name", "kubeflow", false},
    {"ray.io/cluster", "ray", false},
    {"volcano.sh/job-name", "volcano", false},
    {"scheduling.k8s.io/group-name", "volcano-group", true},
    {"pod-group-name", "kai", true},
};

enum { MAX_LABEL_BYTES = 63 };

/* k8s.io/apimachinery/pkg/util/validation: IsValidLabelValue. */
static bool is_label_value(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_inside = i > 0 && i + 1 < text.len;

        if (!is_letter && !(is_inside && (c == '-' || c == '_' || c == '.')))
            return false;
    }
    return text.len > 0 && text.len <= MAX_LABEL_BYTES;
}

/* A label value that is not the same for any other mark; of a mark that is too long or none, a hash
 * stands for it. */
static struct bytes join(const char *system, struct bytes mark, struct arena *arena)
{
    bool fits = strlen(system) + 1 + mark.len <= MAX_LABEL_BYTES && is_label_value(mark);

    return bytes_from(fits ? arena_printf(arena, "%s.%.*s", system, BYTES_ARG(mark))
                           : arena_printf(arena, "%s.%016llx", system, bytes_hash(mark)));
}

struct bytes workload_of(const struct pod *pod, struct arena *arena)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        struct bytes mark = value_text(
            value_member(marks[i].is_annotation ? pod->annotations : pod->labels, marks[i].key));

        if (mark.len)
            return join(marks[i].system, mark, arena);
    }
    if (pod->owner_uid.len == 0 || is_label_value(pod->owner_uid))
        return pod->owner_uid;
    return bytes_from(arena_printf(arena, "owner.%016llx", bytes_hash(pod->owner_uid)));
}
